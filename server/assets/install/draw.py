#!/usr/bin/env python3
"""Draws the pictures of the installed program from ../favicon.svg: PNG of sixteen colours, a kilobyte or two each.

Chrome asks for 192 and 512 pixels; the maskable one fills its square, since the launcher of the phone cuts it to a shape
of its own and promises to leave only the inner four fifths. Run it after the favicon was changed; needs Python alone.
"""
import math
import re
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
SVG = (HERE / "../favicon.svg").read_text()
SIDE = float(re.search(r'viewBox="0 0 (\d+)', SVG)[1])
CORNER = float(re.search(r'rx="([\d.]+)"', SVG)[1])
STROKE = float(re.search(r'stroke-width="([\d.]+)"', SVG)[1])
GROUND = bytes.fromhex(re.search(r'fill="#(\w{6})"', SVG)[1])
MARK = bytes.fromhex(re.search(r'stroke="#(\w{6})"', SVG)[1])
PATH = re.search(r' d="([^"]+)"', SVG)[1]
SHADES = 8  # from the ground to the mark, and as many from nothing to the ground


def strokes():
    """The path as lists of points; knows the commands that the favicon has: M, m, c and z."""
    lines, at = [], (0.0, 0.0)
    for command, text in re.findall(r"([Mmcz])([^Mmcz]*)", PATH):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+", text)]
        pairs = list(zip(numbers[::2], numbers[1::2]))
        if command in "Mm":
            start = at if command == "m" else (0.0, 0.0)
            at = (start[0] + pairs[0][0], start[1] + pairs[0][1])
            lines.append([at])
        elif command == "z":
            at = lines[-1][0]
            lines[-1].append(at)
        for curve in zip(*[iter(pairs)] * 3) if command == "c" else ():
            a, b, c, d = at, *((at[0] + x, at[1] + y) for x, y in curve)
            for step in range(1, 17):
                t = step / 16
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                lines[-1].append(tuple(sum(w * p[axis] for w, p in zip(weights, (a, b, c, d))) for axis in (0, 1)))
            at = d
    return [(one, two) for line in lines for one, two in zip(line, line[1:])]


def distance(x, y, segment):
    (ax, ay), (bx, by) = segment
    dx, dy = bx - ax, by - ay
    along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy or 1)
    along = min(max(along, 0), 1)
    return math.hypot(x - ax - along * dx, y - ay - along * dy)


def drawn(pixels, fills, shrink):
    """The indices of the colours, row by row."""
    unit = SIDE / pixels  # of the picture in one pixel
    middle = SIDE / 2
    nearest = [[math.inf] * pixels for _ in range(pixels)]
    for segment in strokes():
        segment = [tuple(middle + (value - middle) * shrink for value in point) for point in segment]
        reach = STROKE * shrink / 2 + unit
        columns, rows = (
            range(max(int((min(p[axis] for p in segment) - reach) / unit), 0), min(int((max(p[axis] for p in segment) + reach) / unit) + 1, pixels))
            for axis in (0, 1)
        )
        for row in rows:
            for column in columns:
                away = distance((column + 0.5) * unit, (row + 0.5) * unit, segment)
                nearest[row][column] = min(nearest[row][column], away)
    for row in range(pixels):
        line = []
        for column in range(pixels):
            ink = min(max(0.5 + (STROKE * shrink / 2 - nearest[row][column]) / unit, 0), 1)
            out = [max(abs((place + 0.5) * unit - middle) - middle + CORNER, 0) for place in (column, row)]
            ground = 1 if fills else min(max(0.5 + (CORNER - math.hypot(*out)) / unit, 0), 1)
            line.append(SHADES + round(ink * (SHADES - 1)) if ground == 1 else round(ground * (SHADES - 1)))
        yield line


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def write(name, pixels, fills=False, shrink=1.0):
    mixed = [bytes(round(g + (m - g) * shade / (SHADES - 1)) for g, m in zip(GROUND, MARK)) for shade in range(SHADES)]
    palette = GROUND * SHADES + b"".join(mixed)
    seen = bytes(round(255 * shade / (SHADES - 1)) for shade in range(SHADES))
    rows = b"".join(
        b"\0" + bytes(left << 4 | right for left, right in zip(line[::2], line[1::2])) for line in drawn(pixels, fills, shrink)
    )
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", pixels, pixels, 4, 3, 0, 0, 0))
    png += chunk(b"PLTE", palette) + (b"" if fills else chunk(b"tRNS", seen))
    png += chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    (HERE / name).write_bytes(png)
    print(f"{name}: {len(png)} bytes")


write("icon-192.png", 192)
write("icon-512.png", 512)
write("maskable-512.png", 512, fills=True, shrink=0.86)
