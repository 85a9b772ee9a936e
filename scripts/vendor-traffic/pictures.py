"""The pictures that are drawn, and what the drivers use of PIL and numpy."""

import sys
import types

WHITE, BLACK, RED = range(3)


def ink(x, y, w, h, second):
    """Is the ink of a pixel of the picture, or of the second one; hal/bustest/traffic.go has the same."""
    if x == 0 and y == 0 or 3 <= x < w // 2 and 2 <= y < h // 4 or w * 3 // 4 <= x < w - 5 and h // 2 <= y < h - 3:
        return BLACK
    if 5 <= x < w // 4 and h * 5 // 8 <= y < h - 1:
        return RED
    if second and w // 4 <= x < w // 2 and h * 3 // 8 <= y < h // 2:
        return BLACK
    return WHITE


class Image:
    """A PIL image: a list of rows."""

    def __init__(self, mode, size, rows=None):
        self.mode, self.size = mode, size
        self.rows = rows or [[0] * size[0] for _ in range(size[1])]

    def convert(self, mode):
        return self

    def resize(self, size):
        assert size == self.size
        return self

    def rotate(self, degrees, expand):
        assert degrees == 90 and expand
        w, h = self.size
        return Image(self.mode, (h, w), [[self.rows[y][w - 1 - x] for y in range(h)] for x in range(w)])

    def paste(self, image, box):
        for y, row in enumerate(image.rows):
            for x, value in enumerate(row):
                if box[0] + x < self.size[0] and box[1] + y < self.size[1]:
                    self.rows[box[1] + y][box[0] + x] = value

    def load(self):
        return self

    def __getitem__(self, at):
        return self.rows[at[1]][at[0]]

    def getdata(self):
        return [value for row in self.rows for value in row]

    def tobytes(self, form):
        return packed(self.rows)


def packed(rows):
    """Is a bit a pixel, the first in the highest bit, each row in whole bytes."""
    found = bytearray()
    for row in rows:
        bits = [1 if value else 0 for value in row] + [0] * (-len(row) % 8)
        found += bytes(int("".join(map(str, bits[i:i + 8])), 2) for i in range(0, len(bits), 8))
    return bytes(found)


class Array:
    """A numpy array of one or two dimensions."""

    def __init__(self, values):
        self.values = values

    def __getitem__(self, at):
        return Array(self.values[at]) if isinstance(at, slice) else self.values[at]

    def __eq__(self, value):
        return Array([[v == value for v in row] for row in self.values])

    def __lshift__(self, n):
        return Array([v << n for v in self.values])

    def __and__(self, n):
        return Array([v & n for v in self.values])

    def __or__(self, other):
        return Array([a | b for a, b in zip(self.values, other.values)])

    def flatten(self):
        return Array([v for row in self.values for v in row])

    def reshape(self, shape):
        flat = self.flatten().values
        assert len(flat) == shape[0] * shape[1]
        return Array([flat[i:i + shape[1]] for i in range(0, len(flat), shape[1])])

    def astype(self, kind):
        return self

    def tolist(self):
        return list(self.values)


def rot90(a, times):
    """Turns against the clock."""
    for _ in range(times % 4):
        a = Array([list(column) for column in zip(*a.values)][::-1])
    return a


def packbits(a):
    flat = a.flatten().values
    return Array([int("".join(map(str, (flat[i:i + 8] + [0] * 8)[:8])), 2) for i in range(0, len(flat), 8)])


class Any:
    """Stands for what is imported and never used."""

    def __getattr__(self, name):
        return Any()

    def __call__(self, *arguments, **options):
        return Any()

    def __mro_entries__(self, bases):
        return ()


def module(name, **members):
    m = sys.modules[name] = types.ModuleType(name)
    m.__dict__.update(members)
    m.__getattr__ = lambda attribute: Any()
    return m


def install():
    pil = module("PIL")
    pil.Image = module("PIL.Image", Image=Image, new=lambda mode, size, color=0: Image(mode, size))
    for name in ("ImageDraw", "ImageFont", "ImageChops"):
        setattr(pil, name, module("PIL." + name))
    module("numpy", zeros=lambda shape, dtype: Array([[0] * shape[1] for _ in range(shape[0])]),
           array=lambda values, dtype=None: Array(values.rows if isinstance(values, Image) else values),
           where=lambda a, yes, no: Array([[yes if v else no for v in row] for row in a.values]),
           vstack=lambda parts: Array([row for a in parts for row in a.values]), rot90=rot90, packbits=packbits)
