#!/usr/bin/env python3
"""The product's own program on a board with paird, in Python's standard library alone.

It gets jobs through the broker, prints them and reports the pages. A job is acknowledged only after its report is on
paird's queue, so none is lost; one may come twice.
"""
import base64
import http.client
import json
import socket
import sys
import time
import urllib.parse


class Paird(http.client.HTTPConnection):
    """HTTP over paird's Unix socket."""

    def __init__(self, path):
        super().__init__("paird", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call(path, method, target, body=b""):
    """Makes one call; an answer that says busy is asked for again."""
    while True:
        paird = Paird(path)
        paird.request(method, target, body)
        answer = paird.getresponse()
        text = answer.read()
        paird.close()
        if answer.status == 503 and answer.getheader("Retry-After"):
            time.sleep(float(answer.getheader("Retry-After")))
            continue
        if answer.status >= 300:
            raise OSError(f"{method} {target}: {text.decode()}")
        return text


def jobs(path):
    """The messages below <mqtt.topic>/in/jobs/, until the stream ends, as it does when paird restarts."""
    paird = Paird(path)
    paird.request("GET", "/v1/messages?topic=" + urllib.parse.quote("jobs/#", safe=""))
    answer = paird.getresponse()
    if answer.status != 200:
        raise OSError(answer.read().decode())
    for line in answer:  # a heartbeat comes every 15 s, so the time limit finds a dead connection
        if line.startswith(b"data: "):
            yield json.loads(line[len("data: "):])


def work(path):
    for job in jobs(path):
        name = job["topic"].removeprefix("jobs/")
        try:
            pages = json.loads(base64.b64decode(job["payload"]))["pages"]
        except (ValueError, KeyError, TypeError) as error:
            print("job", name, "is no order, dropped:", error, flush=True)
        else:
            print("printing", name, pages, "pages", flush=True)  # the paper would move here
            report = json.dumps({"job": name, "pages": pages}).encode()
            call(path, "POST", "/v1/publish?topic=printed", report)
        call(path, "POST", f"/v1/messages/{job['seq']}/ack")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: printer.py SOCKET")
    while True:
        try:
            work(sys.argv[1])
        except (OSError, http.client.HTTPException) as error:
            print("waiting for paird:", error, flush=True)
        time.sleep(1)


if __name__ == "__main__":
    main()
