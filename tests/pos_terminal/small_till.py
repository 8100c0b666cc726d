"""A till of six drawn dishes, calibrated and enrolled: for tests of the whole till."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import cv2

from backoffice.demo.drawing import (
    PLATFORM_MM,
    Setting,
    draw_tray,
    empty_counter,
    enrolment_photo,
    vessel_alone,
)
from models.domain.serving import Portion, VesselShape
from models.domain.tariffs import PerPortion
from pos_terminal import setup
from pos_terminal.app import open_counter
from pos_terminal.calibration import calibrate_folder, place_cells
from pos_terminal.config import Settings
from pos_terminal.store import Store
from tests.demo_till import HALL, LUNCH, NOON, WEIGHTS, the_canteen
from tests.pos_terminal.local_canteen import DINNER, TWO_PERSONS, set_policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backoffice.demo.canteen import Dish
    from backoffice.demo.drawing import DrawnTray
    from models.domain.serving import Serving, VesselKind
    from models.recognition.runtime import Picture
    from pos_terminal.app import Counter

DISHES: Final = 6


@cache
def setting() -> Setting:
    return Setting(the_canteen(), HALL, LUNCH)


@cache
def dishes() -> tuple[Dish, ...]:
    """Six dishes of today's lunch that are sold in whole and half portions."""
    here = setting()
    found = here.canteen.on_menu(HALL, LUNCH)
    return tuple(dish for dish in found if len(servings(dish)) > 1)[:DISHES]


def servings(dish: Dish) -> tuple[Serving, ...]:
    """The whole and the half of a dish, as the canteen's data have them."""
    both = (Portion.WHOLE, Portion.HALF)
    return tuple(
        one for one in setting().canteen.servings_of(dish.code) if one.portion in both
    )


def vessels() -> list[VesselKind]:
    kinds = setting().canteen.vessels
    return [
        kind
        for kind in kinds
        if kind.code.startswith(HALL) and kind.shape is not VesselShape.BOX
    ]


def write(path: Path, picture: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


def tray(*numbers: int, seed: int = 7, portion: Portion = Portion.WHOLE) -> DrawnTray:
    """Draw a tray of some of the six dishes."""
    wanted = [
        one
        for number in numbers
        for one in servings(dishes()[number])
        if one.portion is portion
    ]
    return draw_tray(setting(), wanted, seed)


def set_up(folder: Path, photos: int = 1) -> Settings:
    """Enter dishes, vessels and menu, calibrate, enrol: a till ready for lunch."""
    settings = Settings(db=folder / "till.db", weights=WEIGHTS, threads=1)
    with Store(settings.db) as store:
        setup.open_site(store, "城东食堂", NOON)
        setup.add_vessels(store, vessels(), LUNCH)
        new = [
            setup.NewDish(
                dish.name,
                PerPortion(dish.row.price),
                tuple(replace(one, dish=dish.name) for one in servings(dish)),
            )
            for dish in dishes()
        ]
        setup.add_dishes(store, new, TWO_PERSONS, LUNCH, DINNER)
        setup.publish_menu(store, LUNCH, [dish.name for dish in dishes()])
        set_policy(store, charge_above_ppm=980_000)
        _calibrate(store, folder)
    with open_counter(settings, NOON, faces=False) as counter:
        _enrol(counter, photos)
    return settings


def _calibrate(store: Store, folder: Path) -> None:
    write(folder / "counter.jpg", empty_counter())
    for kind in vessels():
        write(folder / "vessels" / f"{kind.code}.jpg", vessel_alone(kind, 1))
    calibrate_folder(store, folder, LUNCH, NOON)
    cells = [(round(x * 1000), round(y * 1000)) for x, y in PLATFORM_MM]
    place_cells(store, cells, LUNCH, NOON)


def _enrol(counter: Counter, photos: int) -> None:
    for dish in dishes():
        drawn = [enrolment_photo(setting(), dish, seed) for seed in range(photos)]
        seen = {sha256(photo.tobytes()).digest(): photo for photo in drawn}
        eye = counter.senses.eye
        setup.enrol_dish(counter.store, eye, dish.name, seen, LUNCH)


@contextmanager
def in_service(settings: Settings, *, faces: bool = False) -> Iterator[Counter]:
    with open_counter(settings, NOON, faces=faces) as counter:
        yield counter
