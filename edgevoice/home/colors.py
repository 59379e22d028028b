"""Colours by the names people say, which are the CSS names."""

from __future__ import annotations

import colorsys

import webcolors

Rgb = tuple[int, int, int]


def rgb(name: str) -> Rgb | None:
    """Red, green, blue (0-255) of a colour's name, `light blue` or `lightblue`; None where there is no such name."""
    try:
        found = webcolors.name_to_rgb(name.replace(" ", "").replace("_", ""))
    except ValueError:
        return None
    return found.red, found.green, found.blue


def to_hs(color: Rgb) -> tuple[float, float]:
    """Hue 0-360 and saturation 0-100."""
    hue, saturation, _ = colorsys.rgb_to_hsv(*(channel / 255 for channel in color))
    return round(hue * 360, 2), round(saturation * 100, 2)


def from_hs(hue: float, saturation: float) -> Rgb:
    red, green, blue = colorsys.hsv_to_rgb((hue % 360) / 360, max(0.0, min(saturation, 100.0)) / 100, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def to_xy(color: Rgb) -> tuple[float, float]:
    """CIE 1931 chromaticity, sRGB primaries, white point D65."""
    red, green, blue = (_linear(channel / 255) for channel in color)
    x = 0.4124 * red + 0.3576 * green + 0.1805 * blue
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = 0.0193 * red + 0.1192 * green + 0.9505 * blue
    total = x + y + z
    return (round(x / total, 4), round(y / total, 4)) if total else (0.3127, 0.3290)


def from_xy(x: float, y: float) -> Rgb:
    """The brightest sRGB colour of this chromaticity."""
    if y <= 0:
        return 255, 255, 255
    big_x, big_z = x / y, (1 - x - y) / y
    linear = (
        3.2406 * big_x - 1.5372 - 0.4986 * big_z,
        -0.9689 * big_x + 1.8758 + 0.0415 * big_z,
        0.0557 * big_x - 0.2040 + 1.0570 * big_z,
    )
    top = max(*linear, 1e-6)
    red, green, blue = (round(_gamma(max(channel, 0.0) / top) * 255) for channel in linear)
    return red, green, blue


def alike(one: Rgb, other: Rgb) -> bool:
    """True where a lamp that was told one may report the other: rounding through hue or chromaticity is forgiven."""
    first, second = (tuple(channel * 255 / max(*color, 1) for channel in color) for color in (one, other))
    return all(abs(a - b) <= 40 for a, b in zip(first, second, strict=True))


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _gamma(value: float) -> float:
    return value * 12.92 if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)
