"""What the drivers use of spidev, gpiozero, gpiod, gpiodevice, smbus2 and adafruit_bus_device, on the recording bus."""

import contextlib
import subprocess
import sys
import types

import wire


class SpiDev:
    def open(self, bus, device):
        pass

    def close(self):
        pass

    def writebytes(self, values):
        wire.spi(values)

    writebytes2 = xfer = xfer3 = writebytes


class LED:
    """An output of gpiozero."""

    def __init__(self, pin):
        self.pin = pin

    def on(self):
        wire.put(self.pin, 1)

    def off(self):
        wire.put(self.pin, 0)


class Button:
    """An input of gpiozero: BUSY."""

    def __init__(self, pin, pull_up):
        self.pin = pin

    @property
    def value(self):
        return wire.read()


class Lines:
    """The lines of a gpiod chip."""

    def set_value(self, pin, level):
        wire.put(pin, level)

    def get_value(self, pin):
        return wire.read()

    def wait_edge_events(self, timeout):
        wire.read()
        return True

    def read_edge_events(self):
        return []


class SMBus:
    """An I2C bus. eeprom is what an Inky has at 50h; without it there is no answer."""

    eeprom = None

    def __init__(self, port):
        pass

    def close(self):
        pass

    def write_i2c_block_data(self, address, register, values):
        if address == 0x50:
            if SMBus.eeprom is None:
                raise IOError("no answer")
            return
        wire.i2c(address, [register] + list(values))

    def read_i2c_block_data(self, address, register, count):
        return SMBus.eeprom

    def i2c_rdwr(self, message):
        wire.i2c(*message)


class I2CDevice:
    """A device of Adafruit's bus library."""

    def __init__(self, bus, address):
        self.address = address

    def __enter__(self):
        pass

    def __exit__(self, *error):
        pass

    def write(self, values):
        wire.i2c(self.address, values)


class Popen:
    """The program that Waveshare's epdconfig starts to find out on which board it is."""

    def __init__(self, *arguments, **options):
        pass

    def communicate(self):
        return "Raspberry", None


def module(name, **members):
    m = sys.modules[name] = types.ModuleType(name)
    m.__dict__.update(members)
    return m


def install():
    module("spidev", SpiDev=SpiDev)
    module("gpiozero", LED=LED, Button=Button)
    module("smbus2", SMBus=SMBus, i2c_msg=types.SimpleNamespace(write=lambda address, values: (address, values)))
    module("gpiodevice")
    module("gpiod")
    module("gpiod.line", Value=types.SimpleNamespace(ACTIVE=1, INACTIVE=0), Bias=None, Direction=None, Edge=types.SimpleNamespace(RISING=1))
    module("cbor2")
    i2c = module("adafruit_bus_device.i2c_device", I2CDevice=I2CDevice)
    spi = module("adafruit_bus_device.spi_device")
    module("adafruit_bus_device", i2c_device=i2c, spi_device=spi)
    module("micropython", const=lambda value: value)
    module("busio", I2C=None, SPI=None)  # named in annotations
    module("digitalio", DigitalInOut=None)


@contextlib.contextmanager
def raspberry():
    """Makes epdconfig, if it is imported meanwhile, believe that it is on a Raspberry Pi."""
    real, subprocess.Popen = subprocess.Popen, Popen
    yield
    subprocess.Popen = real
