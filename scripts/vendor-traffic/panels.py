"""Which driver draws what for which panel."""

import importlib
import struct
from dataclasses import dataclass
from typing import Callable

import pictures
import pins
import wire
from pictures import BLACK, RED, WHITE


@dataclass
class Panel:
    name: str  # as in hal's table
    size: tuple  # landscape, or as the OLED is
    source: str  # the repository
    draw: Callable  # draws with the driver; returns the driver's file
    module: str
    idle: int = 0  # the level of BUSY
    options: tuple = ()


def picture(panel, colours, second=False, mode="1"):
    """Is the picture of a panel, in the values that the driver has for white, black and red."""
    w, h = panel.size
    return pictures.Image(mode, (w, h), [[colours[pictures.ink(x, y, w, h, second)] for x in range(w)] for y in range(h)])


# Waveshare


def waveshare(panel):
    with pins.raspberry():
        driver = importlib.import_module("waveshare_epd." + panel.module)
    epd = driver.EPD()
    config = driver.epdconfig
    for role, pin in (("dc", config.DC_PIN), ("reset", config.RST_PIN), ("busy", config.BUSY_PIN), ("power", config.PWR_PIN)):
        wire.role(role, pin)
    init, base, again, part = panel.options
    first, second = (epd.getbuffer(picture(panel, (255, 0, 0), n)) for n in (False, True))
    wire.operation("init")
    epd.init(*init)
    wire.operation("full")
    getattr(epd, base)(first)
    wire.operation("partial")
    if again is not None:
        epd.init(*again)
    getattr(epd, part)(second)
    if hasattr(epd, "init_fast"):
        wire.operation("fast")
        epd.init_fast()
        epd.display_fast(first)
    wire.operation("sleep")
    epd.sleep()
    return "RaspberryPi_JetsonNano/python/lib/waveshare_epd/%s.py" % panel.module


def waveshare_panel(name, size, module, *options):
    return Panel(name, size, "waveshare", waveshare, module, 0, options)


# Pimoroni

ROLES = (("dc", "dc_pin"), ("reset", "reset_pin"), ("busy", "busy_pin"))


def inky(panel):
    colour, variant, colours = panel.options
    w, h = panel.size
    pins.SMBus.eeprom = struct.pack("<HHBBB22p", w, h, ["", "black", "red", "yellow"].index(colour), 12, variant, b"") if variant else None
    driver = importlib.import_module("inky." + panel.module)
    options = {"resolution": panel.size}
    if colour:
        options["colour"] = colour
    display = driver.Inky(**options, gpio=pins.Lines(), spi_bus=pins.SpiDev())
    for role, pin in ROLES:
        wire.role(role, getattr(display, pin))
    wire.operation("full")
    display.set_border(colours[WHITE])
    image = picture(panel, colours, mode="P")
    if "ssd16" in panel.module:
        display.set_image(image)
    else:
        for y, row in enumerate(image.rows):
            for x, value in enumerate(row):
                display.set_pixel(x, y, value)
    display.show()
    return "inky/%s.py" % panel.module


def inky_panel(name, size, module, colour, variant=0):
    return Panel(name, size, "inky", inky, module, 0, (colour, variant, (0, 1, 1 if colour == "black" else 2)))


def colour_panel(name, size, module, red):
    """Is an Inky of which white is 1 and black 0; its BUSY is high when it is idle."""
    return Panel(name, size, "inky", inky, module, 1, ("", 0, (1, 0, red)))


# luma


def luma(panel):
    serial = importlib.import_module("luma.core.interface.serial").i2c(port=1)
    wire.operation("init")
    device = getattr(importlib.import_module("luma.oled.device"), panel.module)(serial, width=panel.size[0], height=panel.size[1])
    device.persist = True
    wire.operation("full")
    device.display(picture(panel, (0, 1, 1)))
    return "luma/oled/device/__init__.py"


def luma_panel(chip, width, height):
    return Panel("%s-%dx%d" % (chip, width, height), (width, height), "luma-oled", luma, chip)


# Adafruit


def adafruit(panel):
    wire.operation("init")
    device = importlib.import_module(panel.module).SSD1306_I2C(*panel.size, None)
    wire.operation("full")
    for y, row in enumerate(picture(panel, (0, 1, 1)).rows):
        for x, value in enumerate(row):
            device.pixel(x, y, value)
    device.show()
    return panel.module + ".py"


PANELS = [
    waveshare_panel("waveshare1in54v2", (200, 200), "epd1in54_V2", (False,), "displayPartBaseImage", (True,), "displayPart"),
    waveshare_panel("waveshare2in13v2", (250, 122), "epd2in13_V2", (0,), "displayPartBaseImage", (1,), "displayPartial"),
    waveshare_panel("waveshare2in13v3", (250, 122), "epd2in13_V3", (), "displayPartBaseImage", None, "displayPartial"),
    waveshare_panel("waveshare2in13v4", (250, 122), "epd2in13_V4", (), "displayPartBaseImage", None, "displayPartial"),
    waveshare_panel("waveshare2in9v2", (296, 128), "epd2in9_V2", (), "display_Base", None, "display_Partial"),
    inky_panel("inkyphat", (212, 104), "inky", "red"),
    inky_panel("inkyphatredht", (212, 104), "inky", "red", 1),
    inky_panel("inkyphatblack", (212, 104), "inky", "black"),
    inky_panel("inkyphatyellow", (212, 104), "inky", "yellow"),
    inky_panel("inkyphat1608", (250, 122), "inky_ssd1608", "black"),
    inky_panel("inkyphat1608red", (250, 122), "inky_ssd1608", "red"),
    inky_panel("inkyphat1608yellow", (250, 122), "inky_ssd1608", "yellow"),
    inky_panel("inkywhat", (400, 300), "inky", "red"),
    inky_panel("inkywhatblack", (400, 300), "inky", "black"),
    inky_panel("inkywhatyellow", (400, 300), "inky", "yellow"),
    inky_panel("inkywhat1683", (400, 300), "inky_ssd1683", "black"),
    inky_panel("inkywhat1683red", (400, 300), "inky_ssd1683", "red"),
    inky_panel("inkywhat1683yellow", (400, 300), "inky_ssd1683", "yellow"),
    colour_panel("inkyphat79661", (250, 122), "inky_jd79661", 3),
    colour_panel("inkywhat79668", (400, 300), "inky_jd79668", 3),
    colour_panel("inkyimpression4", (640, 400), "inky_uc8159", 4),
    colour_panel("inkyimpression57", (600, 448), "inky_uc8159", 4),
    colour_panel("inkyimpression73", (800, 480), "inky_ac073tc1a", 4),
    colour_panel("inkyimpression4spectra", (600, 400), "inky_e640", 3),
    colour_panel("inkyimpression73spectra", (800, 480), "inky_e673", 3),
    luma_panel("ssd1306", 128, 64),
    luma_panel("ssd1306", 128, 32),
    luma_panel("ssd1306", 96, 16),
    luma_panel("ssd1306", 64, 48),
    Panel("ssd1306-72x40", (72, 40), "adafruit-ssd1306", adafruit, "adafruit_ssd1306"),
    luma_panel("ssd1309", 128, 64),
    luma_panel("sh1106", 128, 64),
    luma_panel("sh1107", 128, 128),
    luma_panel("sh1107", 64, 128),
]
