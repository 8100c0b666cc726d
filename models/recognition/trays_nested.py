"""Bowls that stand on plates: whether a circle holds two vessels or one.

The well of a plate and a round heap of food are also circles inside a circle. A bowl
differs by an unbroken rim and wall, each of one colour, unlike the plate's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from models.recognition.trays_circles import TURN, fit

if TYPE_CHECKING:
    from models.recognition.trays_circles import Gradient, Rings
    from models.recognition.trays_view import Floats

_SHARE: Final = (0.35, 0.85)
"""Radius of a bowl as a share of its saucer's."""
_SUPPORT: Final = 0.75
_TRIED: Final = 2
_GROWN: Final = (1.0, 1.07, 1.14, 1.21)
_INSIDE: Final = (1.05, 1.0, 0.95, 0.92, 0.89, 0.86, 0.82, 0.78)
_OUTSIDE: Final = (1.12, 1.2, 1.3)
"""Where colours are read, as shares of the radius; the circle found may be the rim's
outer edge or the wall's."""
_EVEN: Final = 11.0
"""CIELAB distance within which four fifths of a rim are of one colour."""
_EVEN_AROUND: Final = 16.0
"""The same for the plate around, where the bowl throws its shadow."""
_APART: Final = 11.0
"""CIELAB distance between a bowl and the plate around it."""
_STEP: Final = 7.0
"""CIELAB distance between a bowl's rim and its wall."""


def bowls_on_plates(
    edges: Gradient, rings: Rings, chosen: list[int], lab: Floats
) -> dict[int, Rings]:
    """Map the row of a chosen plate to the bowl found on it, as one fitted ring.

    The best circles inside a plate are often a bowl's wall or soup, so each is tried
    again a little larger, and the largest that shows a bowl is taken.
    """
    origin: list[int] = []
    grown: list[Floats] = []
    for below in chosen:
        for row in _inner_rows(rings, below):
            for factor in _GROWN:
                shape = rings.shape[row].copy()
                shape[2] *= factor
                origin.append(below)
                grown.append(shape)
    if not grown:
        return {}
    fitted = fit(edges, np.array(grown, np.float32))
    found: dict[int, Rings] = {}
    for number in np.argsort(fitted.shape[:, 2]):
        below = origin[number]
        one = fitted.take([int(number)])
        if _stands_on(one, rings.shape[below]) and _is_bowl(one.shape[0], lab):
            found[below] = one
    return found


def _inner_rows(rings: Rings, below: int) -> list[int]:
    """Choose the best seen circles inside a plate, at most `_TRIED`."""
    x, y, radius = rings.shape[below, :3]
    off = np.hypot(rings.shape[:, 0] - x, rings.shape[:, 1] - y)
    share = rings.shape[:, 2] / radius
    fits = (share > _SHARE[0]) & (share < _SHARE[1]) & (off / radius + share < 1)
    fits &= (rings.support > _SUPPORT) & rings.seen.all(1)
    rows = np.nonzero(fits)[0]
    return [int(row) for row in rows[np.argsort(-rings.support[rows])][:_TRIED]]


def _stands_on(bowl: Rings, plate: Floats) -> bool:
    x, y, radius = bowl.shape[0, :3]
    share = float(radius / plate[2])
    off = float(np.hypot(x - plate[0], y - plate[1]) / plate[2])
    return (
        _SHARE[0] < share < _SHARE[1]
        and off + share < 1
        and bool(bowl.seen.all())
        and float(bowl.support[0]) > _SUPPORT
    )


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
    uneven = np.percentile(off, 80, axis=0)
    outside = len(_INSIDE) + int(np.argmin(uneven[len(_INSIDE) :]))
    if uneven[outside] > _EVEN_AROUND:
        return False
    bands = middle[: len(_INSIDE)][uneven[: len(_INSIDE)] < _EVEN]
    bands = bands[np.linalg.norm(bands - middle[outside], axis=1) > _APART]
    if not len(bands):
        return False
    steps = np.linalg.norm(bands[:, None] - bands[None], axis=2)
    return bool(steps.max() > _STEP)
