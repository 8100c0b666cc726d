"""Two half dishes on one plate (双拼): found by cutting the plate in two.

The colours say along which line the two sides of a plate differ most. If they differ
much, the sides are seen like plates of their own; most plates do not, and cost only
the comparison of colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from models.domain.evidence import Ambiguous, Candidate, Reason
from models.recognition.dishes import ppm
from models.recognition.weights import scalars

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from models.recognition.dishes import DishGallery, Ranking
    from models.recognition.dishes_eye import DishEye
    from models.recognition.runtime import Picture

MOST_DOUBTED: Final = 1
"""Plates of one tray whose sides are looked at."""
CERTAIN: Final = 0.995
"""Of 30 drawn shared plates the surest looked like a single dish at .993."""

_SIDE: Final = 224
_GLANCE: Final = 48
_ANGLES: Final = 8
_MARGIN: Final = 0.12


@dataclass(frozen=True, slots=True)
class Halves:
    """The two sides of a plate as dishes of their own, and how sure that is.

    `answer` offers both dishes under the reason `TWO_DISHES_ON_PLATE`.
    """

    first: Ranking
    second: Ranking
    answer: Ambiguous[str]


def shared_plates(
    eye: DishEye,
    gallery: DishGallery,
    crops: Sequence[Picture],
    whole: Sequence[Ranking],
    menu: Collection[str],
) -> list[Halves | None]:
    """Judge for each plate of a tray whether two dishes share it; mostly `None`.

    Both sides must show two different dishes of the menu, each at least as likely as
    `halves_from`. A likely dish is judged all the same, for the larger half often
    hides the smaller; only a plate that `whole` is certain of is left out. The
    `MOST_DOUBTED` plates whose sides differ most are looked at, in one run, so that a
    tray's time is bounded.
    """
    limits = scalars("dishes")
    parted = [_parted(crop) for crop in crops]
    doubted = [
        number
        for number, (_, contrast) in enumerate(parted)
        if contrast >= limits["halves_contrast"] and whole[number].best[1] < CERTAIN
    ]
    doubted = sorted(doubted, key=lambda number: -parted[number][1])[:MOST_DOUBTED]
    sides = [side for n in doubted for side in _sides(crops[n], parted[n][0])]
    ranked = [gallery.rank(side, menu) for side in eye.features(sides)]
    found: list[Halves | None] = [None] * len(crops)
    for place, number in enumerate(doubted):
        first, second = ranked[2 * place : 2 * place + 2]
        found[number] = _halves(first, second, limits["halves_from"])
    return found


def _halves(first: Ranking, second: Ranking, least: float) -> Halves | None:
    (dish, sure), (other, other_sure) = first.best, second.best
    if dish == other or min(sure, other_sure) < least:
        return None
    options = (Candidate(dish, ppm(sure)), Candidate(other, ppm(other_sure)))
    return Halves(first, second, Ambiguous(options, Reason.TWO_DISHES_ON_PLATE))


def _parted(crop: Picture) -> tuple[float, float]:
    """Find the turn (degrees) at which the sides differ most, and how much."""
    small = _square(crop, _GLANCE)
    angles = [180 * step / _ANGLES for step in range(_ANGLES)]
    contrasts = [_contrast(_turned(small, angle)) for angle in angles]
    best = int(np.argmax(contrasts))
    return angles[best], contrasts[best]


def _sides(crop: Picture, degrees: float) -> tuple[Picture, Picture]:
    turned = _turned(_square(crop, _SIDE), degrees)
    edge, low = round(_SIDE * _MARGIN), round(_SIDE * (1 - _MARGIN))
    return turned[edge:low, edge : _SIDE // 2], turned[edge:low, _SIDE // 2 : low]


def _square(crop: Picture, side: int) -> Picture:
    square = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(square, np.uint8)


def _turned(square: Picture, degrees: float) -> Picture:
    side = len(square)
    turn = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), degrees, 1)
    mode = cv2.BORDER_REFLECT_101
    turned = cv2.warpAffine(square, turn, (side, side), borderMode=mode)
    return np.asarray(turned, np.uint8)


def _contrast(square: Picture) -> float:
    """Give the distance of the mean CIELAB colours of the food left and right."""
    lab = cv2.cvtColor(square, cv2.COLOR_BGR2LAB).astype(np.float32)
    side = len(square)
    edge, low = round(side * 2 * _MARGIN), round(side * (1 - 2 * _MARGIN))
    left = lab[edge:low, edge : side // 2].mean(axis=(0, 1))
    right = lab[edge:low, side // 2 : low].mean(axis=(0, 1))
    return float(np.linalg.norm(left - right))
