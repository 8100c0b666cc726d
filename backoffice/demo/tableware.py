"""Plates, bowls, tray, counter and the light on them.

Lengths are millimetres until a picture is made of them. A vessel is a relief like the
food on it; `light_up` turns a relief into a lit picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from backoffice.demo.food import Relief, overlap
from backoffice.demo.pieces import soft_noise
from models.domain.serving import VesselShape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backoffice.demo.pieces import Floats
    from models.domain.serving import VesselKind

WIDTH, HEIGHT = 1280, 960
VIEW_MM: Final = (560.0, 420.0)
"""What the camera sees of the counter, left to right and top to bottom."""
PX_PER_MM: Final = WIDTH / VIEW_MM[0]
TRAY_MM: Final = (510.0, 380.0)
_WHITE: Final = np.array([236, 240, 242], np.float32)
_WELL: Final = {VesselShape.PLATE: 0.7, VesselShape.BOWL: 0.86}


@dataclass(frozen=True, slots=True)
class Light:
    """Where the light comes from (unit vector, z up), its strength and colour."""

    direction: tuple[float, float, float]
    strength: float
    tint: tuple[float, float, float]


def some_light(rng: np.random.Generator) -> Light:
    """Draw ceiling light as it varies over a day: direction, strength, warmth."""
    angle, slant = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.6)
    warm = rng.normal(0, 0.025)
    direction = (slant * np.cos(angle), slant * np.sin(angle), np.sqrt(1 - slant**2))
    return Light(
        (float(direction[0]), float(direction[1]), float(direction[2])),
        float(rng.uniform(0.86, 1.04)),
        (1 - float(warm), 1.0, 1 + float(warm)),
    )


def lab_to_bgr(lab: tuple[int, int, int]) -> Floats:
    """Turn CIELAB integers into blue, green, red 0..255."""
    pixel = np.array([[lab]], np.float32)
    found = cv2.cvtColor(pixel, cv2.COLOR_LAB2BGR)[0, 0] * 255
    return np.asarray(found, np.float32)


def well_px(kind: VesselKind) -> float:
    """Radius in pixels of the part of the vessel that holds food."""
    return _WELL[kind.shape] * kind.size_mm / 2 * PX_PER_MM


def _smooth(value: Floats, low: float, high: float) -> Floats:
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def vessel(kind: VesselKind, rng: np.random.Generator) -> tuple[Relief, Floats]:
    """Draw an empty vessel: its relief, and its cover 0..1."""
    radius = kind.size_mm / 2 * PX_PER_MM
    side = 2 * int(radius + 8)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    r = np.hypot(x - side / 2, y - side / 2)
    share = np.asarray(r / radius, np.float32)
    if kind.shape is VesselShape.BOWL:
        height = 22 * np.clip(share, 0, 0.93) ** 2.4 + 2 * _smooth(share, 0.9, 0.95)
    else:
        height = 7 * _smooth(share, 0.64, 0.78) + 4 * _smooth(share, 0.76, 1.0)
    height = height - 3 * _smooth(share, 0.965, 1.0)
    rim_from = 0.88 if kind.shape is VesselShape.BOWL else 0.79
    rim = _smooth(share, rim_from - 0.012, rim_from + 0.012)[..., None]
    paint = lab_to_bgr(kind.colour) if kind.colour else _WHITE
    colour = _WHITE + (paint - _WHITE) * rim
    colour = colour * (1 + 0.006 * soft_noise(rng, (side, side), 30)[..., None])
    gloss = np.full((side, side), 0.5, np.float32)
    cover = np.clip(radius - r + 0.5, 0, 1).astype(np.float32)
    relief = Relief(colour.astype(np.float32), np.asarray(height, np.float32), gloss)
    return relief, cover


def light_up(relief: Relief, light: Light) -> Floats:
    """Light a relief: diffuse light, shade in hollows, and highlights by gloss."""
    height = cv2.GaussianBlur(relief.height, (0, 0), 0.8) * PX_PER_MM
    slope_y, slope_x = np.gradient(height)
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    lx, ly, lz = light.direction
    facing = (-slope_x * lx - slope_y * ly + lz) / length
    diffuse = (0.5 + 0.62 * np.clip(facing, 0, 1)) / (0.5 + 0.62 * lz)
    around = cv2.GaussianBlur(relief.height, (0, 0), 3.5 * PX_PER_MM)
    hollow = np.clip(1 - 0.06 * np.clip(around - relief.height, 0, 8), 0.55, 1)
    half = np.array([lx, ly, lz + 1]) / np.sqrt(2 + 2 * lz)
    mirror = (-slope_x * half[0] - slope_y * half[1] + half[2]) / length
    shine = relief.gloss * np.clip(mirror, 0, 1) ** 45
    lit = relief.colour * (diffuse * hollow)[..., None]
    lit = lit + 80 * shine[..., None]
    return np.asarray(lit, np.float32)


@cache
def _stone(seed: int) -> Floats:
    rng = np.random.default_rng([seed, 7])
    size = (HEIGHT, WIDTH)
    base = np.full((HEIGHT, WIDTH, 3), (150, 156, 160), np.float32)
    veins = soft_noise(rng, size, 90) * 3 + soft_noise(rng, size, 14)
    speckle = rng.standard_normal(size, dtype=np.float32) * 7
    speckle = cv2.GaussianBlur(speckle, (0, 0), 0.9) * 1.6
    return np.asarray(base + (veins + speckle)[..., None], np.float32)


def counter(seed: int) -> Floats:
    """Draw the bare counter of a till: speckled grey stone, the same for a seed."""
    return _stone(seed).copy()


def rounded(size: tuple[int, int], inset: float, corner: float) -> Floats:
    """Distance in pixels inside a rounded rectangle (negative outside)."""
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32)
    half_x, half_y = size[0] / 2 - inset - corner, size[1] / 2 - inset - corner
    away_x = np.abs(x - size[0] / 2) - half_x
    away_y = np.abs(y - size[1] / 2) - half_y
    outside = np.hypot(np.maximum(away_x, 0), np.maximum(away_y, 0))
    within = np.minimum(np.maximum(away_x, away_y), 0)
    return np.asarray(corner - outside - within, np.float32)


def tray_board(scene: Floats, centre: tuple[float, float], light: Light) -> None:
    """Lay the serving tray (dark brown, raised lip) on the counter, in place."""
    size = (int(TRAY_MM[0] * PX_PER_MM), int(TRAY_MM[1] * PX_PER_MM))
    depth = rounded(size, 2, 26 * PX_PER_MM) / PX_PER_MM
    lip = np.exp(-(((depth - 5) / 3.0) ** 2)) * 6
    grain = soft_noise(np.random.default_rng(3), size[::-1], 3)
    colour = np.full((size[1], size[0], 3), (46, 62, 84), np.float32)
    colour = colour * (1 + 0.025 * grain[..., None])
    gloss = np.full((size[1], size[0]), 0.18, np.float32)
    lit = light_up(Relief(colour, lip.astype(np.float32), gloss), light)
    cover = np.clip(depth * PX_PER_MM + 0.5, 0, 1)
    paste(scene, lit, cover.astype(np.float32), centre, light, 9.0)


def _shade(
    scene: Floats,
    cover: Floats,
    corner: tuple[int, int],
    light: Light,
    height_mm: float,
) -> None:
    """Darken the scene where the object's soft shadow falls."""
    reach = height_mm * PX_PER_MM * 0.9
    shift = (-light.direction[0] * reach, -light.direction[1] * reach)
    margin = int(4 * reach) + 4
    wide = cv2.copyMakeBorder(
        cover, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0.0
    )
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    cast = cv2.warpAffine(wide, move, (wide.shape[1], wide.shape[0]))
    cast = cv2.GaussianBlur(cast, (0, 0), max(1.5, reach * 0.5))
    _multiply(scene, 1 - 0.5 * cast, (corner[0] - margin, corner[1] - margin))


def _multiply(scene: Floats, factor: Floats, corner: tuple[int, int]) -> None:
    here, there = overlap(scene.shape, factor.shape, corner)
    scene[here] *= factor[there][..., None]


def paste(
    scene: Floats,
    lit: Floats,
    cover: Floats,
    centre: tuple[float, float],
    light: Light,
    height_mm: float,
) -> None:
    """Put a lit object on the scene with its shadow; what sticks out is cut off."""
    rows, columns = cover.shape
    corner = (round(centre[0] - columns / 2), round(centre[1] - rows / 2))
    _shade(scene, cover, corner, light, height_mm)
    here, there = overlap(scene.shape, cover.shape, corner)
    scene[here] += (lit[there] - scene[here]) * cover[there][..., None]


def developed(
    scene: Floats, light: Light, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Make a photograph of the scene: uneven light, its colour, lens and noise."""
    y, x = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32)
    x, y = x / scene.shape[1] - 0.5, y / scene.shape[0] - 0.5
    uneven = 1 + 0.1 * (x * light.direction[0] + y * light.direction[1])
    uneven = uneven - 0.16 * (x * x + y * y)
    photo = scene * (uneven * light.strength)[..., None]
    photo = photo * np.array(light.tint, np.float32)
    photo = cv2.GaussianBlur(photo, (0, 0), 0.6)
    photo = photo + 2.0 * rng.standard_normal(photo.shape, dtype=np.float32)
    return np.asarray(np.clip(photo, 0, 255), np.uint8)
