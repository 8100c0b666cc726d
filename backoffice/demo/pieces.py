"""Pieces of food seen from above: an outline, a height and a two-colour pattern.

A piece is a small patch: how much of each pixel it covers, how high it stands there
(mm) and how much of the material's second colour shows (skin, fat, stem). Everything
random comes from the caller's generator, so a seed gives the same pieces again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from backoffice.demo.dishes import Cut

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float32]

_FINE: Final = 2
"""Pieces are drawn this many times larger and shrunk, for smooth edges."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How pieces of one cut look: size and height in mm, and how they are made.

    `roundness` is the part of the half width over which a piece rises to its full
    height: 1 is a ball, 0.2 a cube with softened edges.
    """

    length: tuple[float, float]
    width: tuple[float, float]
    height: float
    roundness: float
    outline: str


SHAPES: Final = {
    Cut.SHRED: Shape((30, 48), (2.8, 4.0), 3.0, 1.0, "ribbon"),
    Cut.DICE: Shape((11, 15), (10, 14), 8.0, 0.4, "block"),
    Cut.SLICE: Shape((26, 38), (17, 25), 3.0, 0.35, "blob"),
    Cut.CHUNK: Shape((22, 32), (18, 25), 12.0, 0.6, "block"),
    Cut.LEAF: Shape((45, 75), (13, 22), 4.0, 0.7, "leaf"),
    Cut.MINCE: Shape((3, 6), (3, 5), 2.2, 0.8, "blob"),
    Cut.STRIP: Shape((36, 52), (9, 12), 6.0, 0.6, "ribbon"),
    Cut.NOODLE: Shape((80, 130), (2.8, 3.6), 3.0, 1.0, "noodle"),
    Cut.BALL: Shape((42, 50), (42, 50), 20.0, 1.0, "round"),
    Cut.SEGMENT: Shape((22, 38), (6, 9), 5.5, 0.9, "ribbon"),
    Cut.FLORET: Shape((28, 38), (24, 34), 12.0, 0.8, "floret"),
    Cut.FLUFF: Shape((20, 38), (16, 28), 7.0, 0.8, "blob"),
    Cut.BEAN: Shape((10, 14), (7, 9), 5.5, 1.0, "round"),
    Cut.FLATBREAD: Shape((84, 100), (82, 98), 6.0, 0.2, "round"),
    Cut.GRAIN: Shape((6.5, 8.5), (2.6, 3.2), 2.4, 1.0, "round"),
    Cut.BUN: Shape((66, 76), (62, 74), 28.0, 0.9, "round"),
    Cut.EGG: Shape((50, 56), (39, 43), 24.0, 1.0, "round"),
    Cut.RIB: Shape((50, 68), (18, 26), 11.0, 0.7, "rib"),
}

_SMOOTH: Final = frozenset({Cut.BUN, Cut.EGG, Cut.GRAIN, Cut.NOODLE, Cut.FLATBREAD})
"""Cuts whose surface has hardly any bumps."""

SECOND: Final[dict[str, tuple[tuple[int, int, int], str]]] = {
    "五花肉": ((226, 190, 150), "stripes"),
    "猪蹄": ((176, 96, 52), "stripes"),
    "黄瓜": ((62, 110, 44), "rim"),
    "西葫芦": ((104, 148, 70), "rim"),
    "茄子": ((178, 140, 98), "stripes"),
    "莲藕": ((120, 92, 66), "holes"),
    "番茄": ((236, 120, 70), "core"),
    "油菜": ((206, 224, 170), "stem"),
    "小白菜": ((222, 232, 196), "stem"),
    "油麦菜": ((176, 206, 130), "stem"),
    "生菜": ((212, 224, 150), "stem"),
    "菠菜": ((120, 160, 80), "stem"),
    "茼蒿": ((110, 156, 84), "stem"),
    "包菜": ((238, 240, 214), "stem"),
    "白菜": ((246, 246, 232), "core"),
    "荷兰豆": ((130, 186, 90), "core"),
    "香菇": ((226, 206, 168), "rim"),
    "冬瓜": ((160, 190, 120), "rim"),
    "羊肉": ((200, 170, 130), "stripes"),
    "羊排": ((222, 202, 168), "end"),
    "猪排骨": ((222, 202, 168), "end"),
    "鸡翅": ((210, 140, 70), "core"),
    "鸡肉": ((228, 190, 130), "core"),
    "带鱼": ((226, 214, 186), "stripes"),
    "鲤鱼": ((236, 220, 190), "core"),
    "鲈鱼": ((120, 116, 108), "rim"),
    "牛腩": ((176, 126, 84), "stripes"),
    "皮蛋": ((110, 96, 60), "core"),
    "玉米": ((250, 216, 90), "rows"),
    "红薯": ((130, 52, 60), "rim"),
    "花卷": ((210, 190, 140), "stripes"),
    "包子": ((222, 206, 170), "pleats"),
    "豆沙包": ((230, 208, 168), "rim"),
    "馕": ((166, 104, 48), "spots"),
    "葱油饼": ((150, 96, 40), "spots"),
    "油香": ((150, 84, 34), "rim"),
    "糖油饼": ((122, 62, 26), "spots"),
    "千层饼": ((190, 130, 60), "rows"),
    "馒头": ((232, 222, 196), "rim"),
    "荞麦馍": ((124, 98, 76), "spots"),
    "蛋白": ((196, 140, 70), "edge"),
    "豆腐": ((218, 180, 110), "rim"),
    "油条": ((228, 180, 96), "stripes"),
    "发糕": ((206, 150, 60), "spots"),
    "木耳": ((92, 74, 62), "edge"),
    "卤蛋皮": ((92, 52, 26), "spots"),
}
"""Second colour of a material and where on the piece it shows."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One patch: cover 0..1, height in mm, share of the second colour 0..1."""

    cover: Floats
    height: Floats
    second: Floats


def soft_noise(rng: np.random.Generator, size: tuple[int, ...], sigma: float) -> Floats:
    """Smooth noise of mean 0 and spread about 1, `sigma` pixels from hill to hill."""
    coarse = (int(size[0] / sigma) + 3, int(size[1] / sigma) + 3)
    noise = rng.standard_normal(coarse, dtype=np.float32)
    wide = cv2.resize(noise, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide, np.float32)


def _canvas(length: float, width: float) -> tuple[NDArray[np.uint8], float, float]:
    side = int(np.hypot(length, width)) + 6
    return np.zeros((side, side), np.uint8), side / 2, side / 2


def _fill(mask: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_8, 4)


def _turned(
    points: NDArray[np.float64], angle: float, centre: tuple[float, float]
) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    turned: NDArray[np.float64] = points @ np.array([[c, s], [-s, c]])
    return np.asarray(turned + np.array(centre), np.float64)


def _round_outline(
    rng: np.random.Generator, length: float, width: float, wobble: float
) -> NDArray[np.float64]:
    """Draw an ellipse whose radius wobbles by a few low harmonics."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = 1 + sum(
        rng.normal(0, wobble / k) * np.cos(k * t + rng.uniform(0, 6.3))
        for k in range(2, 6)
    )
    points = [length / 2 * radius * np.cos(t), width / 2 * radius * np.sin(t)]
    return np.asarray(np.stack(points, 1), np.float64)


def _block_outline(
    rng: np.random.Generator, length: float, width: float
) -> NDArray[np.float64]:
    """Draw an irregular four- to six-sided block."""
    corners = rng.integers(4, 7)
    t = np.sort(rng.uniform(-0.25, 0.25, corners)) + np.arange(corners) * (
        2 * np.pi / corners
    )
    r = rng.uniform(0.88, 1.12, corners)
    return np.stack([length / 1.8 * r * np.cos(t), width / 1.8 * r * np.sin(t)], 1)


def _ribbon_outline(
    rng: np.random.Generator, length: float, width: float, bend: float
) -> NDArray[np.float64]:
    """Draw a band of even width along a bent line, its ends cut slightly askew."""
    t = np.linspace(-0.5, 0.5, 20)
    curve = bend * length * (t**2 * 2 + rng.normal(0, 0.35) * t**3 * 4)
    half = width / 2 * (1 + rng.normal(0, 0.06, 20))
    upper = np.stack([t * length, curve - half], 1)
    lower = np.stack([t * length + rng.normal(0, width / 8), curve + half], 1)
    return np.concatenate([upper, lower[::-1]])


def _leaf_outline(
    rng: np.random.Generator, length: float, width: float
) -> NDArray[np.float64]:
    """Draw a stalk that widens into a wavy blade."""
    t = np.linspace(0, 1, 28)
    blade = np.clip(np.sin(np.pi * np.clip((t - 0.25) / 0.8, 0, 1)), 0, 1) ** 0.7
    half = width / 2 * (0.28 + 0.72 * blade) * (1 + rng.normal(0, 0.09, 28))
    curve = rng.normal(0, 0.16) * length * (t - 0.5) ** 2 * 2
    x = (t - 0.5) * length
    return np.concatenate(
        [np.stack([x, curve - half], 1), np.stack([x, curve + half], 1)[::-1]]
    )


def _noodle(rng: np.random.Generator, length: float, width: float) -> NDArray[np.uint8]:
    """Draw a long strand wandering with a slowly turning direction."""
    steps = 40
    heading = rng.uniform(0, 6.3) + np.cumsum(rng.normal(rng.normal(0, 0.07), 0.06, 40))
    walk = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    walk = (walk - walk.mean(0)) * (length / steps)
    half = int(np.abs(walk).max() + width) + 3
    mask = np.zeros((2 * half, 2 * half), np.uint8)
    path = np.round((walk + half) * 16).astype(np.int32)
    thick = max(2, round(width))
    cv2.polylines(mask, [path], isClosed=False, color=255, thickness=thick, shift=4)
    return mask


def _floret(rng: np.random.Generator, length: float, width: float) -> NDArray[np.uint8]:
    """Draw a crown of many small buds."""
    mask, cx, cy = _canvas(length * 1.3, width * 1.3)
    for angle, reach in zip(
        rng.uniform(0, 6.3, 26), np.sqrt(rng.uniform(0, 1, 26)), strict=True
    ):
        x = int(cx + reach * length * 0.4 * np.cos(angle))
        y = int(cy + reach * width * 0.4 * np.sin(angle))
        cv2.circle(mask, (x, y), max(2, int(width * rng.uniform(0.1, 0.17))), 255, -1)
    return mask


def _outline(
    rng: np.random.Generator, shape: Shape, length: float, width: float
) -> NDArray[np.float64]:
    match shape.outline:
        case "block":
            return _block_outline(rng, length, width)
        case "ribbon":
            return _ribbon_outline(rng, length, width, rng.normal(0, 0.16))
        case "rib":
            return _ribbon_outline(rng, length, width, rng.normal(0, 0.08))
        case "leaf":
            return _leaf_outline(rng, length, width)
        case "blob":
            return _round_outline(rng, length, width, 0.16)
        case _:
            return _round_outline(rng, length, width, 0.02)


def _pattern(
    rng: np.random.Generator, name: str, rise: Floats, along: Floats, across: Floats
) -> Floats:
    """Where the second colour shows, from the rise 0..1 and the piece's own axes."""
    phase = rng.uniform(0, 6.3)
    if name == "spots":
        blotch = soft_noise(rng, rise.shape, 6)
        return np.asarray(np.clip(blotch / (blotch.std() + 1e-6) - 0.4, 0, 1))
    return np.asarray(_PATTERNS[name](rise, along, across, phase), np.float32)


_PATTERNS: Final[dict[str, Callable[[Floats, Floats, Floats, float], Any]]] = {
    "rim": lambda rise, _x, _y, _p: np.clip((0.45 - rise) * 4, 0, 1),
    "edge": lambda rise, _x, _y, _p: np.clip((0.2 - rise) * 6, 0, 1),
    "core": lambda rise, _x, _y, _p: np.clip((rise - 0.55) * 2, 0, 0.7),
    "stripes": lambda _r, _x, y, p: np.clip(np.sin(y * 7 + p) * 2 - 0.3, 0, 1),
    "rows": lambda _r, x, y, _p: np.clip(np.sin(y * 16) * np.sin(x * 20) * 2, 0, 1),
    "stem": lambda _r, x, y, _p: np.clip(0.25 - x * 1.6 - np.abs(y) * 1.2, 0, 1),
    "end": lambda _r, x, _y, _p: np.clip((x - 0.72) * 9, 0, 1),
    "holes": lambda _r, x, y, p: np.clip(
        (np.cos(x * 9 + p) * np.cos(y * 9 + p) - 0.45) * 6, 0, 1
    ),
    "pleats": lambda rise, x, y, p: (
        np.clip(np.sin(np.arctan2(y, x) * 14 + p), 0, 1)
        * np.clip(rise * 1.2 - 0.2, 0, 1)
    ),
}
"""How a second colour lies on a piece: rise 0..1, along x, across y, a phase p."""


def _relief(mask: NDArray[np.uint8], shape: Shape, width: float) -> Floats:
    """Rise 0..1 from the outline inwards, rounded like a dome near the edge."""
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    reach = max(1.0, shape.roundness * width / 2)
    depth = np.clip(inside / reach, 0, 1)
    return np.asarray(np.sqrt(np.clip(1 - (1 - depth) ** 2, 0, 1)), np.float32)


def make_piece(
    rng: np.random.Generator, cut: Cut, material: str, px_per_mm: float
) -> Piece:
    """Draw one piece of `cut`, turned at random, at the picture's scale."""
    shape, scale = SHAPES[cut], px_per_mm * _FINE
    length = float(rng.uniform(*shape.length)) * scale
    width = min(length, float(rng.uniform(*shape.width)) * scale)
    angle = float(rng.uniform(0, 2 * np.pi))
    if shape.outline == "noodle":
        mask = _noodle(rng, length, width)
    elif shape.outline == "floret":
        mask = _floret(rng, length, width)
    else:
        mask, cx, cy = _canvas(length * 1.25, width * 1.5)
        _fill(mask, _turned(_outline(rng, shape, length, width), angle, (cx, cy)))
    rise = _relief(mask, shape, width)
    side_y, side_x = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    x, y = side_x - mask.shape[1] / 2, side_y - mask.shape[0] / 2
    along = (x * np.cos(angle) + y * np.sin(angle)) / (length / 2)
    across = (y * np.cos(angle) - x * np.sin(angle)) / (width / 2)
    pattern = SECOND.get(material, ((0, 0, 0), "core"))[1]
    second = _pattern(rng, pattern, rise, along, across)
    bumps = soft_noise(rng, mask.shape, 2 * scale) * (0.1 if cut in _SMOOTH else 0.35)
    height = rise * (shape.height + bumps)
    size = (max(1, mask.shape[1] // _FINE), max(1, mask.shape[0] // _FINE))
    cover, tall, shown = (
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
        for plane in (mask.astype(np.float32) / 255, height, second)
    )
    return Piece(cover, tall, shown)
