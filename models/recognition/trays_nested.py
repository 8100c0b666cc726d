"""Bowls that stand on plates: whether a circle holds two vessels or one.

The well of a plate and a round heap of food are also circles inside a circle. A bowl
differs by an unbroken rim of one colour that is not the colour around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from models.recognition.trays_circles import TURN

if TYPE_CHECKING:
    from models.recognition.trays_circles import Rings
    from models.recognition.trays_view import Floats

_SHARE: Final = (0.35, 0.85)
"""Radius of a bowl as a share of its saucer's."""
_SUPPORT: Final = 0.8
_JUST_INSIDE: Final = (0.95, 0.92)
_JUST_OUTSIDE: Final = (1.07, 1.11)
_EVEN: Final = 11.0
"""CIELAB distance within which four fifths of a rim are of one colour."""
_APART: Final = 14.0
"""CIELAB distance between a bowl's rim and the plate around it."""


def bowls_on_plates(rings: Rings, chosen: list[int], lab: Floats) -> dict[int, int]:
    """Map the row of each bowl found on a chosen plate to the plate's row."""
    found: dict[int, int] = {}
    for below in chosen:
        x, y, radius = rings.shape[below, :3]
        off = np.hypot(rings.shape[:, 0] - x, rings.shape[:, 1] - y)
        share = rings.shape[:, 2] / radius
        fits = (share > _SHARE[0]) & (share < _SHARE[1]) & (off / radius + share < 1)
        fits &= (rings.support > _SUPPORT) & rings.seen.all(1)
        rows = np.nonzero(fits)[0]
        for row in map(int, rows[np.argsort(-rings.shape[rows, 2])]):
            if _is_bowl(rings.shape[row], lab):
                found[row] = below
                break
    return found


def _is_bowl(shape: Floats, lab: Floats) -> bool:
    """Whether the rim inside this circle is one colour, unlike what surrounds it."""
    reach = np.array([*_JUST_INSIDE, *_JUST_OUTSIDE], np.float32) * shape[2]
    x = (shape[0] + reach * np.cos(TURN[:, None])).astype(np.float32)
    y = (shape[1] + reach * np.sin(TURN[:, None])).astype(np.float32)
    colour = cv2.remap(lab, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    bands = [colour[:, :2].mean(1), colour[:, 2:].mean(1)]
    middles = [np.median(band, axis=0) for band in bands]
    even = all(
        np.percentile(np.linalg.norm(band - middle, axis=1), 80) < _EVEN
        for band, middle in zip(bands, middles, strict=True)
    )
    return bool(even and np.linalg.norm(middles[0] - middles[1]) > _APART)
