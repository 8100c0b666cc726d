"""Which dish of today's menu lies on a plate, from a handful of photos per dish.

`DishEye` turns plate crops into `Features`; `DishGallery` holds what the kitchen
enrolled and what confirmed sales taught, and ranks one plate against today's menu.
A dish is its prototype: the mean of its photos. Before comparing, what all dishes of
the menu share is taken off (most of their mean), and so is what changes when a plate
is merely turned (the main directions in which poses of one photo differ). The score
is the cosine then, plus a share of the cosine of the colours.

Probabilities are calibrated and include "not on the menu".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from models.domain.errors import DomainError
from models.domain.evidence import Ambiguous, Answer, Candidate, Match, Reason, Unknown
from models.domain.units import Ppm
from models.recognition.dishes_eye import (
    EMBEDDING_WIDTH,
    MODEL_ID,
    DishEye,
    Features,
    Vector,
    check_model,
    unit,
)
from models.recognition.weights import scalars

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "MODEL_ID",
    "MOST_LEARNED",
    "MOST_PHOTOS",
    "DishEye",
    "DishGallery",
    "Features",
    "GalleryRow",
    "Ranking",
]

MOST_PHOTOS: Final = 5
MOST_LEARNED: Final = 24
_POSED_PHOTOS: Final = 60
_TURNS: Final = 40
_OPTIONS: Final = 3
_NOISE: Final = 1e-6


class PhotoCount(DomainError):
    """A dish is enrolled from one to five photos."""

    code = "photo_count"
    chinese = "菜品“{dish}”需要 1 到 {most} 张照片，收到 {count} 张"
    english = "the dish “{dish}” takes 1 to {most} photos, {count} given"


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

    @property
    def best(self) -> tuple[str, float]:
        """The likeliest dish and its probability."""
        return next(iter(self.probabilities.items()))


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
    """The photos of one dish; `prototype` is kept until they change."""

    enrolled: list[Features] = field(default_factory=list)
    learned: dict[tuple[str, int], Features] = field(default_factory=dict)
    _prototype: tuple[Vector, Vector] | None = None

    @property
    def is_seen(self) -> bool:
        """Whether there is a photo left to compare with."""
        return bool(self.enrolled or self.learned)

    def enrol(self, photos: Sequence[Features]) -> None:
        self.enrolled, self._prototype = list(photos), None

    def learn(self, sale_id: str, plate: int, features: Features) -> None:
        self.learned[sale_id, plate] = features
        if len(self.learned) > MOST_LEARNED:
            del self.learned[next(iter(self.learned))]
        self._prototype = None

    def unlearn(self, keys: Iterable[tuple[str, int]]) -> int:
        """Drop what these plates taught; return how many there were."""
        stale = [key for key in keys if key in self.learned]
        for key in stale:
            del self.learned[key]
            self._prototype = None
        return len(stale)

    def prototype(self) -> tuple[Vector, Vector]:
        """Give the mean look and the mean colours of all photos."""
        if self._prototype is None:
            photos = [*self.enrolled, *self.learned.values()]
            looks = np.mean([photo.embedding for photo in photos], axis=0)
            colours = np.mean([photo.colour for photo in photos], axis=0)
            self._prototype = unit(looks), unit(colours)
        return self._prototype


@dataclass(frozen=True, slots=True, eq=False)
class _Turning:
    """What turning a plate changes: unit directions, and the share to take off each."""

    directions: Vector
    shares: Vector

    @classmethod
    def of(cls, posed: Sequence[Vector], floor: float) -> Self:
        """Find the main directions in which poses differ from their photo's mean.

        `floor` is the spread left alone, as a share of the mean spread along them.
        """
        if not posed:
            return cls(
                np.zeros((0, EMBEDDING_WIDTH), np.float32), np.zeros(0, np.float32)
            )
        apart = np.concatenate([poses - poses.mean(axis=0) for poses in posed])
        spreads, mixes = np.linalg.eigh(apart @ apart.T / len(apart))
        wide = spreads > _NOISE * spreads.max(initial=_NOISE)
        wide[:-_TURNS] = False
        spread = spreads[wide]
        directions = unit(np.asarray(mixes[:, wide].T @ apart, np.float32))
        left = floor * spread.mean() if len(spread) else 0.0
        shares = 1 - np.sqrt(left / (spread + left))
        return cls(directions, np.asarray(shares, np.float32))

    def removed(self, looks: Vector) -> Vector:
        """Take the turning off unit vectors (rows or one) and scale back to one."""
        along = looks @ self.directions.T * self.shares
        return unit(np.asarray(looks - along @ self.directions, np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class _Menu:
    """A menu made ready to compare with: one row of looks and colours per dish."""

    dishes: tuple[str, ...]
    mean: Vector
    turning: _Turning
    looks: Vector
    colours: Vector

    def scores(self, features: Features, colour_share: float) -> Vector:
        """Score one plate against every dish."""
        look = self.turning.removed(unit(features.embedding - self.mean))
        colours = self.colours @ features.colour
        return np.asarray(self.looks @ look + colour_share * colours, np.float32)


class DishGallery:
    """The dishes of a site: enrolled photos and what confirmed sales taught."""

    def __init__(self) -> None:
        self._dishes: dict[str, _Dish] = defaultdict(_Dish)
        self._refused: set[str] = set()
        self._scalars = scalars("dishes")
        self._turning: _Turning | None = None
        self._menu: _Menu | None = None

    def __contains__(self, dish: str) -> bool:
        return dish in self._dishes and self._dishes[dish].is_seen

    @property
    def dishes(self) -> tuple[str, ...]:
        """The dishes with a photo."""
        return tuple(dish for dish, entry in self._dishes.items() if entry.is_seen)

    def enrol(self, dish: str, photos: Sequence[Features]) -> None:
        """Enrol a dish from one to five photos, in place of its earlier photos.

        What sales taught stays. Raises `PhotoCount` or `OtherModel`.
        """
        if not 1 <= len(photos) <= MOST_PHOTOS:
            raise PhotoCount(dish=dish, most=MOST_PHOTOS, count=len(photos))
        for photo in photos:
            check_model(photo.model_id)
        self._dishes[dish].enrol(photos)
        self._turning = self._menu = None

    def remove(self, dish: str) -> None:
        """Forget a dish with all that was learned of it."""
        self._dishes.pop(dish, None)
        self._turning = self._menu = None

    def learn(
        self, dish: str, features: Features, sale_id: str, plate: int = 0
    ) -> bool:
        """Let a confirmed sale teach what `dish` looks like; tell whether it did.

        Keeps the newest `MOST_LEARNED` per dish. Told again, a plate teaches the last
        told dish only. A sale once unlearned, or a dish that is not enrolled, teaches
        nothing.
        """
        check_model(features.model_id)
        if sale_id in self._refused or dish not in self:
            return False
        for other in self._dishes.values():
            other.unlearn([(sale_id, plate)])
        self._dishes[dish].learn(sale_id, plate, features)
        self._menu = None
        return True

    def unlearn(self, sale_id: str) -> int:
        """Take back what a sale taught, for good; return how many plates it was."""
        self._refused.add(sale_id)
        count = 0
        for entry in self._dishes.values():
            count += entry.unlearn([key for key in entry.learned if key[0] == sale_id])
        self._menu = None
        return count

    def rank(self, features: Features, menu: Collection[str]) -> Ranking:
        """Compare one plate with today's menu.

        Raises `MenuEmpty`, `MenuNotEnrolled` or `OtherModel`.
        """
        check_model(features.model_id)
        if not menu:
            raise MenuEmpty
        seen = [dish for dish in dict.fromkeys(menu) if dish in self]
        if not seen:
            raise MenuNotEnrolled
        unseen = tuple(dish for dish in menu if dish not in self)
        scores = self._ready(tuple(seen)).scores(features, self._scalars["colour"])
        known, unknown = self._probabilities(scores)
        order = np.argsort(-known, kind="stable")
        probabilities = {seen[place]: float(known[place]) for place in order}
        answer = self._answer(probabilities, unknown)
        return Ranking(probabilities, unknown, unseen, answer)

    def _ready(self, dishes: tuple[str, ...]) -> _Menu:
        """Make a menu ready, or take the one made last if nothing changed since."""
        if self._menu is None or self._menu.dishes != dishes:
            prototypes = [self._dishes[dish].prototype() for dish in dishes]
            looks = np.stack([look for look, _ in prototypes])
            mean = np.float32(self._scalars["shared"]) * looks.mean(axis=0)
            turning = self._turned()
            looks = turning.removed(unit(looks - mean))
            colours = np.stack([colour for _, colour in prototypes])
            self._menu = _Menu(dishes, mean, turning, looks, colours)
        return self._menu

    def _turned(self) -> _Turning:
        """Learn what turning changes from the enrolled photos, evenly drawn."""
        if self._turning is None:
            photos = [p for entry in self._dishes.values() for p in entry.enrolled]
            posed = [photo.poses for photo in photos if len(photo.poses) > 1]
            step = -(-len(posed) // _POSED_PHOTOS) or 1
            left = self._scalars["turning_left"]
            self._turning = _Turning.of(posed[::step], left)
        return self._turning

    def _probabilities(self, scores: Vector) -> tuple[NDArray[np.float64], float]:
        """Turn scores into probabilities: first "on the menu", then which dish."""
        best = float(scores.max())
        distance = (best - self._scalars["unknown"]) / self._scalars["unknown_width"]
        on_menu = 1 / (1 + np.exp(-distance))
        powers = np.exp(
            (scores.astype(np.float64) - best) / self._scalars["temperature"]
        )
        return on_menu * powers / powers.sum(), float(1 - on_menu)

    def _answer(self, probabilities: dict[str, float], unknown: float) -> Answer[str]:
        best, probability = next(iter(probabilities.items()))
        if unknown >= self._scalars["unknown_from"]:
            return Unknown(Reason.NOT_ON_MENU)
        if probability >= self._scalars["match_from"]:
            return Match(best, ppm(probability))
        candidates = tuple(
            Candidate(dish, ppm(share))
            for dish, share in list(probabilities.items())[:_OPTIONS]
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


def ppm(probability: float) -> Ppm:
    """Round a probability as it leaves recognition."""
    return Ppm(round(probability * 1_000_000))
