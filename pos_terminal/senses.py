"""What the till sees: from one picture and one weighing to evidence for settling."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from models.domain.evidence import Reason
from models.recognition.dishes import DishEye
from models.recognition.dishes_halves import shared_plates
from models.recognition.portion_evidence import PlateSeen, TraySeen
from models.recognition.runtime import read_picture
from models.recognition.trays import find_plates
from models.recognition.trays_view import crop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from models.recognition.dishes import DishGallery, Features, Ranking
    from models.recognition.dishes_halves import Halves
    from models.recognition.portion_evidence import Weighing
    from models.recognition.runtime import Picture
    from models.recognition.trays_calibration import Calibration
    from models.recognition.trays_view import Plate, TrayView


_GREY_SIDE: Final = 224
_GREY: Final = 128
_EVIDENCE_SIDE: Final = 1280
_EVIDENCE_QUALITY: Final = 85


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds of each stage of a settlement, in order."""

    spent_ms: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage; a stage entered again adds up."""
        start = time.perf_counter()
        yield
        spent = round((time.perf_counter() - start) * 1000)
        self.spent_ms[name] = self.spent_ms.get(name, 0) + spent


def evidence_jpeg(picture: Picture) -> bytes:
    """Write a tray picture as it is kept: small, and without the camera's own data."""
    shrink = min(1.0, _EVIDENCE_SIDE / max(picture.shape[:2]))
    small = cv2.resize(
        picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA
    )
    quality = [cv2.IMWRITE_JPEG_QUALITY, _EVIDENCE_QUALITY]
    return cv2.imencode(".jpg", small, quality)[1].tobytes()


@dataclass(frozen=True, slots=True)
class Tray:
    """What stands on the counter: its picture (as JPEG for evidence) and its mass."""

    picture: Picture
    jpeg: bytes | None
    weighing: Weighing | None


class Look(NamedTuple):
    """How one plate looks: features, ranking, and its sides if two dishes share it."""

    features: Features
    ranking: Ranking
    halves: Halves | None


@dataclass(frozen=True, slots=True)
class Sight:
    """One tray as seen: what settling needs, and what a person may want to look at.

    `looks` is `None` for saucers under a bowl.
    """

    view: TrayView
    looks: tuple[Look | None, ...]
    tray: TraySeen


class Senses:
    """The networks of a till, loaded once."""

    def __init__(self, weights: Path, threads: int) -> None:
        self._eye = DishEye(weights, threads)

    @property
    def eye(self) -> DishEye:
        """What turns crops into features, for enrolling."""
        return self._eye

    def dish_photo(self, path: Path) -> Picture:
        """Read a photo of one dish; where one plate stands in it, the plate alone."""
        picture = read_picture(path)
        plates = find_plates(picture).plates
        return crop(picture, plates[0]) if len(plates) == 1 else picture

    def warm_up(self, gallery: DishGallery, menu: Sequence[str]) -> None:
        """Do the work of the first diner before the first diner comes."""
        grey: Picture = np.full((_GREY_SIDE, _GREY_SIDE, 3), _GREY, np.uint8)
        [features] = self._eye.features([grey])
        if any(dish in gallery for dish in menu):
            gallery.rank(features, menu)

    def look(
        self,
        tray: Tray,
        calibration: Calibration | None,
        menu: Sequence[str],
        gallery: DishGallery,
        watch: Stopwatch,
    ) -> Sight:
        """See a tray: find its plates and rank each against today's menu.

        Raises what the recognisers raise: an unusable picture, an empty menu, a menu
        without photos.
        """
        with watch.stage("plates"):
            view = find_plates(tray.picture, calibration)
        full = [n for n, plate in enumerate(view.plates) if plate.under is None]
        with watch.stage("dishes"):
            crops = [crop(tray.picture, view.plates[number]) for number in full]
            found = self._eye.features(crops)
            ranked = [gallery.rank(features, menu) for features in found]
            parted = shared_plates(self._eye, gallery, crops, ranked, menu)
        seen = map(Look, found, ranked, parted)
        looks = dict(zip(full, seen, strict=True))
        plates = tuple(
            _plate_seen(plate, looks.get(number))
            for number, plate in enumerate(view.plates)
        )
        return Sight(
            view,
            tuple(looks.get(number) for number in range(len(view.plates))),
            TraySeen(plates, tray.weighing, _disturbances(view)),
        )


def _plate_seen(plate: Plate, look: Look | None) -> PlateSeen:
    shared = look is not None and look.halves is not None
    state = Reason.TWO_DISHES_ON_PLATE if shared else plate.reason
    return PlateSeen(
        dishes=look.ranking.probabilities if look else {},
        unknown=look.ranking.unknown if look else 0.0,
        vessels=plate.kinds,
        place_mm=plate.centre_mm,
        state=plate.reason or state,
    )


def _disturbances(view: TrayView) -> tuple[Reason, ...]:
    things = (Reason.FOREIGN_OBJECT,) if view.things else ()
    return tuple(dict.fromkeys((*view.reasons, *things)))
