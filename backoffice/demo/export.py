"""Drawn pictures as folders that `canteen eval` and a new till can read.

DIR/trays/*.jpg plates.json truth.json     for `canteen eval trays | vessels`
DIR/special/*.jpg truth.json               one difficulty each
DIR/dishes/<dish>/<group>__<k>.jpg         for enrolment, `canteen eval dishes | bills`
DIR/enrol/<dish>/<k>.jpg                   what the kitchen would photograph
DIR/vessels/<kind>.jpg, DIR/counter.jpg    what calibration asks for
DIR/faces/<diner>/<k>.jpg                  frames of the demo payers, if unpacked
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import cv2
import numpy as np

from backoffice.demo.canteen import HALLS
from backoffice.demo.drawing import (
    Setting,
    as_json,
    draw_some_tray,
    empty_counter,
    enrolment_photo,
    vessel_alone,
)
from backoffice.demo.payers import face_frame, portrait_path
from backoffice.demo.things import Special, draw_special
from models.domain.mealtimes import Meal, Sitting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backoffice.demo.canteen import Canteen, Dish
    from backoffice.demo.drawing import DrawnTray, Picture

_QUALITY: Final = 92
_SPECIAL_FROM: Final = 20_000
_FRAMES: Final = 4
_STAMP: Final = "drawn.json"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a folder was drawn with; the same stamp means the same pictures."""

    trays: int
    photos: int
    seed: int
    portraits: int
    code: str

    @classmethod
    def of(cls, trays: int, photos: int, seed: int, weights: Path) -> Self:
        """Stamp these settings, the portraits that are there, and the drawing code."""
        code = sha256()
        for source in sorted(Path(__file__).parent.glob("*.py")):
            code.update(source.read_bytes())
        portraits = len(list((weights / "portraits").glob("*.*")))
        return cls(trays, photos, seed, portraits, code.hexdigest())

    def is_on(self, folder: Path) -> bool:
        """Tell whether the folder was drawn to the end with this stamp."""
        path = folder / _STAMP
        return path.exists() and json.loads(path.read_text("utf-8")) == asdict(self)

    def put_on(self, folder: Path) -> None:
        """Mark the folder as drawn to the end."""
        _write_json(folder / _STAMP, asdict(self))


def write_picture(path: Path, picture: Picture) -> None:
    """Write a JPEG, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise OSError(f"cannot encode {path}")
    path.write_bytes(data.tobytes())


def write_trays(
    canteen: Canteen, folder: Path, count: int, seed: int
) -> Iterator[Path]:
    """Draw `count` lunch trays, halls in turn, with boxes, kinds and truth."""
    lunch = Sitting(canteen.first_day, Meal.LUNCH)
    drawn: dict[str, DrawnTray] = {}
    for number in range(count):
        hall = HALLS[number % len(HALLS)]
        name = f"{hall}-tray{number:03d}.jpg"
        drawn[name] = draw_some_tray(Setting(canteen, hall, lunch), seed + number)
        write_picture(folder / name, drawn[name].picture)
        yield folder / name
    _write_truth(folder, drawn)


def write_specials(canteen: Canteen, folder: Path, seed: int) -> Iterator[Path]:
    """Draw one tray for each difficulty in each hall."""
    lunch = Sitting(canteen.first_day, Meal.LUNCH)
    drawn: dict[str, DrawnTray] = {}
    for hall in HALLS:
        for number, special in enumerate(Special):
            name = f"{hall}-{special.value}.jpg"
            setting = Setting(canteen, hall, lunch)
            drawn[name] = draw_special(
                setting, special, _SPECIAL_FROM + seed * len(Special) + number
            )
            write_picture(folder / name, drawn[name].picture)
            yield folder / name
    _write_truth(folder, drawn)


def _write_truth(folder: Path, drawn: dict[str, DrawnTray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    plates = {
        name: [[*plate.box, plate.vessel] for plate in tray.truth.plates]
        for name, tray in drawn.items()
    }
    truth = {name: as_json(tray) for name, tray in drawn.items()}
    _write_json(folder / "plates.json", plates)
    _write_json(folder / "truth.json", truth)


def _write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON
    text = json.dumps(value, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def write_dishes(
    canteen: Canteen, folder: Path, photos: int, seed: int
) -> Iterator[Path]:
    """Draw kitchen photos of the first day's lunch dishes, from no tray's seed.

    Each photo is a group (a meal) of its own.
    """
    for setting, dish in _lunch_dishes(canteen):
        for number in range(photos):
            path = folder / f"{dish.code}-{dish.name}" / f"{dish.code}m{number}__0.jpg"
            write_picture(path, enrolment_photo(setting, dish, seed + number))
            yield path


def _lunch_dishes(canteen: Canteen) -> Iterator[tuple[Setting, Dish]]:
    lunch = Sitting(canteen.first_day, Meal.LUNCH)
    for hall in HALLS:
        setting = Setting(canteen, hall, lunch)
        for dish in canteen.on_menu(hall, lunch):
            yield setting, dish


def write_calibration(canteen: Canteen, folder: Path) -> Iterator[Path]:
    """Draw the empty counter, and every round vessel alone on it."""
    write_picture(folder / "counter.jpg", empty_counter())
    yield folder / "counter.jpg"
    for number, kind in enumerate(canteen.vessels):
        if not kind.code.endswith("BOX"):
            path = folder / "vessels" / f"{kind.code}.jpg"
            write_picture(path, vessel_alone(kind, number))
            yield path


def write_faces(canteen: Canteen, folder: Path, weights: Path) -> Iterator[Path]:
    """Compose frames of the demo payers; nothing where portraits are not unpacked."""
    for diner in canteen.diners:
        if diner.portrait is None:
            continue
        source = portrait_path(weights, diner.portrait)
        portrait = cv2.imread(str(source)) if source.exists() else None
        if portrait is None:
            continue
        for number in range(_FRAMES):
            path = folder / diner.id / f"{number}.jpg"
            frame = face_frame(np.asarray(portrait, np.uint8), diner.portrait, number)
            write_picture(path, frame)
            yield path
