"""Bowls that stand on plates: whether a circle holds two vessels or one.

The well of a plate and a round heap of food are also circles inside a circle. A bowl
differs by an unbroken rim and wall, each of one colour, unlike the plate's.
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
_INSIDE: Final = (1.05, 1.0, 0.95, 0.92, 0.89, 0.86, 0.82, 0.78)
_OUTSIDE: Final = (1.17, 1.22)
"""Where colours are read, as shares of the radius; the circle found may be the rim's
outer edge or the wall's."""
_EVEN: Final = 11.0
"""CIELAB distance within which four fifths of a rim are of one colour."""
_APART: Final = 11.0
"""CIELAB distance between a bowl and the plate around it."""
_STEP: Final = 7.0
"""CIELAB distance between a bowl's rim and its wall."""


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
    """Whether an even rim and, inside it, an even wall differ from what is around.

    A painted ring of the plate has the plate's colour again on its inner side; a
    pancake has no second edge.
    """
    reach = np.array([*_INSIDE, *_OUTSIDE], np.float32) * shape[2]
    x = (shape[0] + reach * np.cos(TURN[:, None])).astype(np.float32)
    y = (shape[1] + reach * np.sin(TURN[:, None])).astype(np.float32)
    colour = cv2.remap(lab, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    middle = np.median(colour, axis=0)
    off = np.linalg.norm(colour - middle, axis=2)
    even = np.percentile(off, 80, axis=0) < _EVEN
    if not even[len(_INSIDE) :].all():
        return False
    around = middle[len(_INSIDE) :].mean(0)
    bands = middle[: len(_INSIDE)][even[: len(_INSIDE)]]
    bands = bands[np.linalg.norm(bands - around, axis=1) > _APART]
    steps = np.linalg.norm(bands[:, None] - bands[None], axis=2)
    return bool(len(bands) and steps.max() > _STEP)
