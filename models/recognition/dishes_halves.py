"""Two half dishes on one plate (双拼): found by cutting the plate in two.

The colours say along which line the two sides of a plate differ most; the sides are
then seen like plates of their own. Only a plate whose answer is in doubt is cut, so
that the usual tray costs nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from models.domain.evidence import Ambiguous, Candidate, Match, Reason
from models.recognition.dishes import ppm
from models.recognition.weights import scalars

if TYPE_CHECKING:
    from collections.abc import Collection

    from models.recognition.dishes import DishGallery, Ranking
    from models.recognition.dishes_eye import DishEye
    from models.recognition.runtime import Picture

_SIDE: Final = 224
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


def two_halves(
    eye: DishEye,
    gallery: DishGallery,
    crop: Picture,
    menu: Collection[str],
    whole: Ranking,
) -> Halves | None:
    """Judge whether two dishes share the plate `whole` was ranked from.

    Both sides must be surer of two different dishes than `halves_from`, and surer
    than the whole plate was. Returns `None` for a plate of one dish.
    """
    if isinstance(whole.answer, Match):
        return None
    sides = eye.features(_cut(crop))
    first, second = (gallery.rank(side, menu) for side in sides)
    (dish, sure), (other, other_sure) = first.best, second.best
    least = max(scalars("dishes")["halves_from"], whole.best[1])
    if dish == other or min(sure, other_sure) < least:
        return None
    options = (Candidate(dish, ppm(sure)), Candidate(other, ppm(other_sure)))
    return Halves(first, second, Ambiguous(options, Reason.TWO_DISHES_ON_PLATE))


def _cut(crop: Picture) -> tuple[Picture, Picture]:
    """Turn the plate so that its sides differ most left from right, and cut it."""
    small = cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    square = np.asarray(small, np.uint8)
    turns = [_turned(square, 180 * step / _ANGLES) for step in range(_ANGLES)]
    best = max(turns, key=_contrast)
    edge, low = round(_SIDE * _MARGIN), round(_SIDE * (1 - _MARGIN))
    return best[edge:low, edge : _SIDE // 2], best[edge:low, _SIDE // 2 : low]


def _turned(square: Picture, degrees: float) -> Picture:
    middle = (_SIDE / 2 - 0.5, _SIDE / 2 - 0.5)
    turn = cv2.getRotationMatrix2D(middle, degrees, 1)
    mode = cv2.BORDER_REFLECT_101
    turned = cv2.warpAffine(square, turn, (_SIDE, _SIDE), borderMode=mode)
    return np.asarray(turned, np.uint8)


def _contrast(square: Picture) -> float:
    """Give the distance of the mean CIELAB colours of the food left and right."""
    lab = cv2.cvtColor(square, cv2.COLOR_BGR2LAB).astype(np.float32)
    edge, low = round(_SIDE * 2 * _MARGIN), round(_SIDE * (1 - 2 * _MARGIN))
    left = lab[edge:low, edge : _SIDE // 2].mean(axis=(0, 1))
    right = lab[edge:low, _SIDE // 2 : low].mean(axis=(0, 1))
    return float(np.linalg.norm(left - right))
