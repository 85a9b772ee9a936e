"""The bus that records. Commands, data, levels of the pins and waits become lines of text."""

import time

_events = []  # (kind, value), or ("command", number, bytearray)
_pins = {}  # role: number
_state = {"dc": 0, "busy": False, "idle": 0}


def begin(idle):
    """Forgets what was recorded. idle is the level of BUSY while the controller does nothing."""
    _events.clear()
    _pins.clear()
    _state.update(dc=0, busy=False, idle=idle)


def operation(name):
    _events.append(("operation", name))


def role(name, number):
    """Says which pin has which role."""
    _pins[number] = name


def put(number, level):
    """Is a pin that was set."""
    name = _pins.get(number)
    if name == "dc":
        _state["dc"] = level
    elif name in ("reset", "power"):
        _events.append((name, int(level)))
        _state["busy"] = True


def read():
    """Is a look at BUSY: busy at the first look after a command, idle from then on."""
    if _state["busy"]:
        _state["busy"] = False
        _events.append(("busy", ""))
        return 1 - _state["idle"]
    return _state["idle"]


def spi(values):
    """Takes bytes by the level of D/C."""
    write([v & 0xff for v in values], _state["dc"])  # as spidev takes what is beyond a byte


def write(values, data):
    _state["busy"] = True
    if not data:
        _events.extend(("command", v, bytearray()) for v in values)
    elif _events and _events[-1][0] == "command":
        _events[-1][2].extend(values)
    else:
        raise ValueError("data without a command")


def i2c(address, values):
    """Takes a transaction: a control byte, then commands or data. Commands one after the other are one stream."""
    kind = "data" if values[0] == 0x40 else "stream"
    if kind == "stream" and _events and _events[-1][0] == kind:
        _events[-1][2].extend(values[1:])
    else:
        _events.append((kind, "", bytearray(values[1:])))


def sleep(seconds):
    """Is time.sleep: recorded, not slept. The pauses between two looks at BUSY are left out."""
    if _events and _events[-1][0] == "busy":
        return
    _events.append(("sleep", "%d" % round(seconds * 1000)))


time.sleep = sleep

SHORT = 200  # bytes that fit one line


def lines():
    """Returns what was recorded."""
    found = []
    if _pins:
        found.append("pins " + " ".join("%s=%d" % (name, number) for number, name in sorted(_pins.items(), key=lambda p: p[1])))
    for kind, value, *data in _events:
        if kind == "operation":
            found.append("\noperation " + value)
        elif kind in ("command", "stream", "data"):
            found.extend(transfer(kind, value, data[0]))
        else:
            found.append(("%s %s" % (kind, value)).strip())
    return found


def transfer(kind, value, data):
    """Is a command with its data: on one line if it is short, else by runs of equal bytes, rows that repeat counted."""
    head = kind if value == "" else "%s %02x" % (kind, value)
    if len(data) <= SHORT:
        return [(head + " " + data.hex(" ")).strip()]
    width = row_width(data)
    rows = [runs(data[i:i + width]) for i in range(0, len(data), width)]
    found, count = [head], 0
    for i, row in enumerate(rows):
        count += 1
        if i + 1 == len(rows) or rows[i + 1] != row:
            found.append("\t%dx %s" % (count, row))
            count = 0
    return found


def row_width(data):
    """Is the width at which the most rows repeat the one above."""
    def repeats(width):
        return sum(data[i:i + width] == data[i + width:i + 2 * width] for i in range(0, len(data) - width, width)) * width

    return max((w for w in range(8, 513) if len(data) % w == 0), key=lambda w: (repeats(w), w))


def runs(row):
    found, i = [], 0
    while i < len(row):
        n = 1
        while i + n < len(row) and row[i + n] == row[i]:
            n += 1
        found.append("%02x" % row[i] if n == 1 else "%02x*%d" % (row[i], n))
        i += n
    return " ".join(found)
