#!/usr/bin/python3
"""A device as a tutorial would have it: luma.oled, qrcode, requests and paho. The panel is luma's own dummy: no wires.

It prints "code" once the code is drawn and publishes with QoS 1 each 30 s. Its settings are variables of the environment.
"""
import os
import ssl
import time

import paho.mqtt.client as mqtt
import qrcode
import requests
from luma.core.device import dummy
from luma.core.render import canvas
from luma.oled.device import ssd1306  # noqa: F401  what a board would use in place of dummy
from PIL import Image

issuer, ca, client = os.environ["ISSUER"], os.environ["CA"], os.environ["CLIENT"]
name, host, port = os.environ["DEVICE"], os.environ["HOST"], int(os.environ["PORT"])

panel = dummy(width=128, height=64, mode="1")
web = requests.Session()
web.verify, web.trust_env = ca, False  # the environment of a workplace may name other authorities
meta = web.get(issuer + "/.well-known/openid-configuration", timeout=20).json()
begun = web.post(meta["device_authorization_endpoint"], timeout=20, data={
    "client_id": client, "scope": os.environ["SCOPE"], "device_id": name}).json()

code = qrcode.QRCode(box_size=2, border=1)
code.add_data(begun["verification_uri_complete"])
code.make(fit=True)
picture = code.make_image().convert("1").resize((64, 64), Image.NEAREST)
with canvas(panel) as draw:
    draw.bitmap((0, 0), picture, fill="white")
    draw.text((68, 20), begun["user_code"], fill="white")
print("code", flush=True)

while True:
    time.sleep(begun["interval"])
    answer = web.post(meta["token_endpoint"], timeout=20, data={
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": begun["device_code"], "client_id": client}).json()
    if "access_token" in answer:
        break
    if answer["error"] not in ("authorization_pending", "slow_down"):
        raise SystemExit(answer["error"])

broker = mqtt.Client(client_id=name)
broker.tls_set(ca_certs=ca, cert_reqs=ssl.CERT_REQUIRED)
broker.username_pw_set(name, answer["access_token"])
broker.connect(host, port, keepalive=30)
broker.loop_start()
while True:
    broker.publish("paird/" + name + "/telemetry", "x" * 200, qos=1).wait_for_publish()
    time.sleep(30)
