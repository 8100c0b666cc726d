"""Plates of food drawn by code: each dish has its pieces, its colours and its sauce."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from models.recognition.runtime import Picture

SIDE = 240
_LOOKS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int], int, float]] = {
    "番茄炒蛋": ((40, 60, 200), (70, 200, 240), 16, 1.3),
    "清炒油麦菜": ((50, 140, 60), (90, 190, 120), 12, 4.0),
    "麻婆豆腐": ((30, 50, 150), (215, 225, 235), 11, 1.0),
    "红烧肉": ((30, 45, 90), (60, 80, 140), 20, 1.2),
    "米饭": ((235, 240, 242), (250, 250, 250), 4, 2.2),
}
DISHES = tuple(_LOOKS)


def draw(dish: str, seed: int) -> Picture:
    """Draw a plate of one dish from above, BGR; the seed places the pieces."""
    return _plate([(dish, 0.0, 360.0)], seed)


def draw_halves(first: str, second: str, degrees: float, seed: int) -> Picture:
    """Draw two half dishes side by side, parted along a line at `degrees`."""
    halves = [(first, degrees, degrees + 180), (second, degrees + 180, degrees + 360)]
    return _plate(halves, seed)


def _plate(helpings: list[tuple[str, float, float]], seed: int) -> Picture:
    picture = np.full((SIDE, SIDE, 3), (120, 125, 130), np.uint8)
    middle = (SIDE // 2, SIDE // 2)
    cv2.circle(picture, middle, SIDE // 2 - 3, (238, 240, 240), -1, cv2.LINE_AA)
    cv2.circle(picture, middle, SIDE // 2 - 22, (226, 228, 230), 2, cv2.LINE_AA)
    for dish, start, end in helpings:
        _helping(picture, dish, np.radians([start, end]), seed)
    noise = np.random.default_rng(seed).normal(0, 3, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _helping(
    picture: Picture, dish: str, between: np.ndarray[tuple[int], np.dtype], seed: int
) -> None:
    sauce, pieces, size, stretch = _LOOKS[dish]
    chance = np.random.default_rng([seed, DISHES.index(dish)])
    radius = SIDE // 2 - 34
    for count, colour in ((260, sauce), (150, pieces)):
        for _ in range(count):
            angle = chance.uniform(*between)
            away = radius * np.sqrt(chance.uniform(0.02, 1))
            place = (
                int(SIDE / 2 + away * np.cos(angle)),
                int(SIDE / 2 + away * np.sin(angle)),
            )
            shade = np.clip(np.array(colour) + chance.normal(0, 12, 3), 0, 255)
            axes = (max(2, int(size * stretch / 2)), max(2, size // 2))
            tilt = chance.uniform(0, 180)
            tone = tuple(float(part) for part in shade)
            cv2.ellipse(picture, place, axes, tilt, 0, 360, tone, -1, cv2.LINE_AA)
