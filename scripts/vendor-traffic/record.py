#!/usr/bin/env python3
"""Records what the vendors' own drivers of panels put on the wire. Run by hand by a maintainer; Go tests read what it writes.

    record.py --waveshare DIR --inky DIR --luma-oled DIR --luma-core DIR --adafruit-ssd1306 DIR --adafruit-framebuf DIR OUT

Each DIR is a clone (bare or not) of a repository below. The drivers run unchanged, as they are in HEAD of the clone, on a bus
that records: see wire.py. What they import besides, the libraries for pictures and pins, is replaced by the little that they use
of it (pictures.py, pins.py). panels.py says which driver draws what
for which panel. OUT gets a file for each panel; its form is in hal/bustest/traffic.go.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import panels
import pictures
import pins
import wire

REPOSITORIES = {
    "waveshare": ("waveshareteam/e-Paper", "RaspberryPi_JetsonNano/python/lib", "RaspberryPi_JetsonNano/python/lib/waveshare_epd"),
    "inky": ("pimoroni/inky", "", "inky"),
    "luma-oled": ("rm-hull/luma.oled", "", "luma"),
    "luma-core": ("rm-hull/luma.core", "", "luma"),
    "adafruit-ssd1306": ("adafruit/Adafruit_CircuitPython_SSD1306", "", "adafruit_ssd1306.py"),
    "adafruit-framebuf": ("adafruit/Adafruit_CircuitPython_framebuf", "", "adafruit_framebuf.py"),
}


def git(directory, *arguments):
    return subprocess.run(["git", "-C", directory, *arguments], check=True, stdout=subprocess.PIPE).stdout


def extract(clone, path, into):
    """Writes a Python file, or those of a folder, as the clone's HEAD has them."""
    for name in git(clone, "ls-tree", "-r", "--name-only", "HEAD", path).decode().split("\n"):
        if name.endswith(".py"):
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(git(clone, "show", "HEAD:" + name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in REPOSITORIES:
        parser.add_argument("--" + name, required=True)
    parser.add_argument("out", type=pathlib.Path)
    clones = vars(parser.parse_args())
    out = clones.pop("out")
    pins.install()
    pictures.install()
    heads = {}
    with tempfile.TemporaryDirectory() as directory:
        for name, (repository, path, folder) in REPOSITORIES.items():
            clone = clones[name.replace("-", "_")]
            into = pathlib.Path(directory) / name
            extract(clone, folder, into)
            sys.path.insert(0, str(into / path))
            heads[name] = (repository, git(clone, "rev-parse", "HEAD").decode().strip())
        out.mkdir(parents=True, exist_ok=True)
        for panel in panels.PANELS:
            record(panel, heads[panel.source], out)


def record(panel, head, out):
    wire.begin(panel.idle)
    file = panel.draw(panel)
    with open(out / (panel.name + ".txt"), "w") as f:
        f.write("# Written by scripts/vendor-traffic/record.py: do not edit.\n")
        f.write("repository %s\ncommit %s\nfile %s\n" % (*head, file))
        f.write("size %dx%d\n" % panel.size)
        f.write("\n".join(wire.lines()) + "\n")


if __name__ == "__main__":
    main()
