"""Which dish of today's menu lies on a plate, from a handful of photos per dish.

`DishEye` turns plate crops into `Features`; `DishGallery` holds what the kitchen
enrolled and what confirmed sales taught, and ranks one plate against today's menu.
A dish is its prototype: the mean of its photos, each seen in nine poses. The score of
a plate is the cosine of the network's embedding plus a share of the cosine of the
colours, both weighted to the middle of the plate, where the food is.

Probabilities are calibrated and include "not on the menu".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.domain.errors import DomainError
from models.domain.evidence import Ambiguous, Answer, Candidate, Match, Reason, Unknown
from models.domain.units import Ppm
from models.recognition.runtime import network
from models.recognition.weights import scalars

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from models.recognition.runtime import Picture

Vector = NDArray[np.float32]

MODEL_ID: Final = "dishes-lite0-centre-lab-1"
"""Names the features; features of two models are never compared."""

MOST_PHOTOS: Final = 5
MOST_LEARNED: Final = 24
_SIDE: Final = 224
_COLOUR_SIDE: Final = 64
_COLOUR_BINS: Final = (8, 16, 16)
_COLOUR_RANGES: Final = (0, 256, 64, 192, 64, 192)
_CENTRE: Final = 0.35


class PhotoCount(DomainError):
    """A dish is enrolled from one to five photos."""

    code = "photo_count"
    chinese = "菜品“{dish}”需要 1 到 {most} 张照片，收到 {count} 张"
    english = "the dish “{dish}” takes 1 to {most} photos, {count} given"


class PlateTooSmall(DomainError):
    """A crop of so few pixels shows no dish."""

    code = "plate_too_small"
    chinese = "盘子图像太小（{width}×{height}），请把相机靠近或提高分辨率"
    english = (
        "the plate's picture is too small ({width}x{height}); "
        "move the camera closer or raise its resolution"
    )


class MenuEmpty(DomainError):
    """Today's menu lists no dish."""

    code = "menu_empty"
    chinese = "今日菜单为空，请先在后台或用 canteen menu 设置菜单"
    english = "today's menu is empty; set it in the office or with `canteen menu`"


class MenuNotEnrolled(DomainError):
    """No dish of today's menu has a photo."""

    code = "menu_not_enrolled"
    chinese = "今日菜单的菜品都没有照片，请先拍照录入（canteen enrol-dish）"
    english = "no dish on today's menu has a photo; enrol one (`canteen enrol-dish`)"


class OtherModel(DomainError):
    """Features made by another network; they mean nothing to this one."""

    code = "dish_other_model"
    chinese = "菜品特征来自旧模型 {found}（当前 {expected}），请重新录入菜品照片"
    english = (
        "dish features come from the model {found}, this is {expected}; "
        "enrol the dishes again"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """How one plate looks: two unit vectors, and the model that made them."""

    model_id: str
    embedding: Vector
    colour: Vector

    def to_bytes(self) -> bytes:
        """Pack for a table: float16, embedding first."""
        both = np.concatenate([self.embedding, self.colour])
        return both.astype("<f2").tobytes()

    @classmethod
    def from_bytes(cls, model_id: str, packed: bytes) -> Self:
        """Unpack what `to_bytes` packed; raises `OtherModel` for a strange model."""
        _check_model(model_id)
        both = np.frombuffer(packed, "<f2").astype(np.float32)
        colours = int(np.prod(_COLOUR_BINS))
        return cls(model_id, _unit(both[:-colours]), _unit(both[-colours:]))


def _check_model(model_id: str) -> None:
    if model_id != MODEL_ID:
        raise OtherModel(found=model_id, expected=MODEL_ID)


def _unit(vectors: Vector) -> Vector:
    """Scale to length one along the last axis; a zero vector stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


class DishEye:
    """Turns plate crops into features. One network run serves a whole tray."""

    def __init__(self, weights: Path, threads: int = 2) -> None:
        self._network = network(weights, "dishes.onnx", threads)
        self._middle = _middle(_COLOUR_SIDE).ravel()

    def features(self, crops: Sequence[Picture]) -> list[Features]:
        """See the plates of one tray (BGR crops of any size), in one batch."""
        squares = [_square(crop) for crop in crops]
        return [
            Features(MODEL_ID, embedding, self._colour(square))
            for square, embedding in zip(squares, self._embed(squares), strict=True)
        ]

    def enrolment(self, photo: Picture) -> Features:
        """See one photo in nine poses, since a plate may stand any way round."""
        square = _square(photo)
        poses = self._embed(_poses(square))
        return Features(MODEL_ID, _unit(poses.mean(axis=0)), self._colour(square))

    def _embed(self, squares: Sequence[Picture]) -> Vector:
        if not squares:
            return np.empty((0, 0), np.float32)
        batch = cv2.dnn.blobFromImages(squares, 1 / 128, mean=(127,) * 3, swapRB=True)
        [embedding] = self._network.run(["embedding"], {"crops": batch})
        return _unit(np.asarray(embedding, np.float32))

    def _colour(self, square: Picture) -> Vector:
        """Histogram of CIELAB, weighted to the middle, smoothed over neighbours."""
        small = cv2.resize(
            square, (_COLOUR_SIDE, _COLOUR_SIDE), interpolation=cv2.INTER_AREA
        )
        lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(np.float32)
        low, high = np.array(_COLOUR_RANGES, np.float32).reshape(3, 2).T
        bins = np.array(_COLOUR_BINS, np.float32)
        place = np.clip((lab - low) / (high - low) * bins, 0, bins - 1).astype(np.int64)
        index = np.ravel_multi_index(tuple(place.T), _COLOUR_BINS)
        counts = np.bincount(index, self._middle, int(bins.prod()))
        smooth = _smoothed(counts.astype(np.float64).reshape(_COLOUR_BINS))
        return _unit(np.sqrt(smooth).ravel().astype(np.float32))


def _square(crop: Picture) -> Picture:
    height, width = crop.shape[:2]
    if min(height, width) < _COLOUR_SIDE // 4:
        raise PlateTooSmall(width=width, height=height)
    square = cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(square, np.uint8)


def _poses(square: Picture) -> list[Picture]:
    """Give four quarter turns, each also mirrored, and one eighth turn."""
    middle = (_SIDE / 2 - 0.5, _SIDE / 2 - 0.5)
    eighth = cv2.warpAffine(
        square,
        cv2.getRotationMatrix2D(middle, 45, 1),
        (_SIDE, _SIDE),
        borderMode=cv2.BORDER_REFLECT_101,
    )
    turns = [
        np.ascontiguousarray(np.rot90(side, turn))
        for side in (square, square[:, ::-1])
        for turn in range(4)
    ]
    return [*turns, np.asarray(eighth, np.uint8)]


def _middle(side: int) -> NDArray[np.float64]:
    """Weights of the pixels of a square, falling off from its middle."""
    place = np.linspace(-1, 1, side)
    return np.exp(-(place[:, None] ** 2 + place**2) / (2 * _CENTRE**2))


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spread each bin over its neighbours (1/4, 1/2, 1/4 along every axis)."""
    for axis in range(counts.ndim):
        padded = np.pad(counts, [(int(a == axis),) * 2 for a in range(counts.ndim)])
        turned = np.moveaxis(padded, axis, 0)
        mixed = turned[1:-1] / 2 + turned[:-2] / 4 + turned[2:] / 4
        counts = np.moveaxis(mixed, 0, axis)
    return counts


@dataclass(frozen=True, slots=True)
class Ranking:
    """One plate against today's menu: probabilities that sum to one, best first.

    `unknown` is the probability that the plate is not on the menu; `unseen` are the
    dishes of the menu that have no photo and so can't be recognised.
    """

    probabilities: dict[str, float]
    unknown: float
    unseen: tuple[str, ...]
    answer: Answer[str]


@dataclass(frozen=True, slots=True)
class GalleryRow:
    """One photo of the gallery as a table holds it.

    `sale_id` is `None` for an enrolled photo; `plate` tells the plates of a sale apart.
    """

    dish: str
    model_id: str
    features: bytes
    sale_id: str | None = None
    plate: int = 0


@dataclass(slots=True)
class _Dish:
    enrolled: list[Features] = field(default_factory=list)
    learned: dict[tuple[str, int], Features] = field(default_factory=dict)
    prototype: tuple[Vector, Vector] | None = None


class DishGallery:
    """The dishes of a site: enrolled photos and what confirmed sales taught."""

    def __init__(self) -> None:
        self._dishes: dict[str, _Dish] = defaultdict(_Dish)
        self._refused: set[str] = set()
        self._scalars = scalars("dishes")

    def __contains__(self, dish: str) -> bool:
        return dish in self._dishes

    @property
    def dishes(self) -> tuple[str, ...]:
        """The enrolled dishes."""
        return tuple(self._dishes)

    def enrol(self, dish: str, photos: Sequence[Features]) -> None:
        """Enrol a dish from one to five photos, in place of its earlier photos.

        What sales taught stays. Raises `PhotoCount` or `OtherModel`.
        """
        if not 1 <= len(photos) <= MOST_PHOTOS:
            raise PhotoCount(dish=dish, most=MOST_PHOTOS, count=len(photos))
        for photo in photos:
            _check_model(photo.model_id)
        entry = self._dishes[dish]
        entry.enrolled, entry.prototype = list(photos), None

    def remove(self, dish: str) -> None:
        """Forget a dish with all that was learned of it."""
        self._dishes.pop(dish, None)

    def learn(
        self, dish: str, features: Features, sale_id: str, plate: int = 0
    ) -> bool:
        """Let a confirmed sale teach what `dish` looks like; tell whether it did.

        Keeps the newest `MOST_LEARNED` per dish. A sale once unlearned, or a dish
        that is not enrolled, teaches nothing.
        """
        _check_model(features.model_id)
        if sale_id in self._refused or dish not in self._dishes:
            return False
        entry = self._dishes[dish]
        entry.learned[sale_id, plate] = features
        if len(entry.learned) > MOST_LEARNED:
            del entry.learned[next(iter(entry.learned))]
        entry.prototype = None
        return True

    def unlearn(self, sale_id: str) -> int:
        """Take back what a sale taught, for good; return how many plates it was."""
        self._refused.add(sale_id)
        count = 0
        for entry in self._dishes.values():
            stale = [key for key in entry.learned if key[0] == sale_id]
            for key in stale:
                del entry.learned[key]
                entry.prototype = None
            count += len(stale)
        return count

    def rank(self, features: Features, menu: Collection[str]) -> Ranking:
        """Compare one plate with today's menu.

        Raises `MenuEmpty`, `MenuNotEnrolled` or `OtherModel`.
        """
        _check_model(features.model_id)
        if not menu:
            raise MenuEmpty
        seen = [dish for dish in dict.fromkeys(menu) if dish in self._dishes]
        if not seen:
            raise MenuNotEnrolled
        unseen = tuple(dish for dish in menu if dish not in self._dishes)
        known, unknown = self._probabilities(self._scores(features, seen))
        order = np.argsort(-known, kind="stable")
        probabilities = {seen[place]: float(known[place]) for place in order}
        answer = self._answer(probabilities, unknown)
        return Ranking(probabilities, unknown, unseen, answer)

    def _scores(self, features: Features, dishes: Sequence[str]) -> Vector:
        prototypes = [self._prototype(self._dishes[dish]) for dish in dishes]
        looks = np.stack([look for look, _ in prototypes]) @ features.embedding
        colours = np.stack([colour for _, colour in prototypes]) @ features.colour
        return np.asarray(looks + self._scalars["colour"] * colours, np.float32)

    @staticmethod
    def _prototype(entry: _Dish) -> tuple[Vector, Vector]:
        if entry.prototype is None:
            photos = [*entry.enrolled, *entry.learned.values()]
            entry.prototype = (
                _unit(np.mean([photo.embedding for photo in photos], axis=0)),
                _unit(np.mean([photo.colour for photo in photos], axis=0)),
            )
        return entry.prototype

    def _probabilities(self, scores: Vector) -> tuple[NDArray[np.float64], float]:
        """Turn scores into probabilities: softmax with one place for "unknown"."""
        places = np.append(scores, self._scalars["unknown"]).astype(np.float64)
        powers = np.exp((places - places.max()) / self._scalars["temperature"])
        shares = powers / powers.sum()
        return shares[:-1], float(shares[-1])

    def _answer(self, probabilities: dict[str, float], unknown: float) -> Answer[str]:
        [(best, probability), *_] = probabilities.items()
        if unknown >= self._scalars["unknown_from"]:
            return Unknown(Reason.NOT_ON_MENU)
        if probability >= self._scalars["match_from"]:
            return Match(best, _ppm(probability))
        candidates = tuple(
            Candidate(dish, _ppm(share))
            for dish, share in list(probabilities.items())[:3]
        )
        return Ambiguous(candidates, Reason.TWO_TOO_CLOSE)

    def to_rows(self) -> tuple[list[GalleryRow], frozenset[str]]:
        """Give the gallery as rows, oldest first, and the sales that may not teach."""
        rows = []
        for dish, entry in self._dishes.items():
            rows += [
                GalleryRow(dish, photo.model_id, photo.to_bytes())
                for photo in entry.enrolled
            ]
            rows += [
                GalleryRow(dish, photo.model_id, photo.to_bytes(), sale_id, plate)
                for (sale_id, plate), photo in entry.learned.items()
            ]
        return rows, frozenset(self._refused)

    @classmethod
    def from_rows(
        cls, rows: Iterable[GalleryRow], refused: Collection[str] = ()
    ) -> Self:
        """Build from what `to_rows` gave; raises `OtherModel`."""
        gallery = cls()
        gallery._refused.update(refused)
        for row in rows:
            features = Features.from_bytes(row.model_id, row.features)
            entry = gallery._dishes[row.dish]
            if row.sale_id is None:
                entry.enrolled.append(features)
            else:
                entry.learned[row.sale_id, row.plate] = features
        return gallery


def _ppm(probability: float) -> Ppm:
    return Ppm(round(probability * 1_000_000))
