"""Trays drawn by code, with the truth beside each picture.

START HERE for the demo pictures. A tray is a counter, a tray board and one to seven
vessels at true scale, each with a helping of a dish (`food.py`), lit by one lamp
(`tableware.py`). Every figure that comes from these pictures is `"drawn": true`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from backoffice.demo.food import Helping, heap
from backoffice.demo.tableware import (
    PX_PER_MM,
    VIEW_MM,
    Light,
    counter,
    developed,
    light_up,
    paste,
    some_light,
    tray_board,
    vessel,
    well_px,
)
from models.domain.people import DinerGroup
from models.domain.pricing import Context
from models.domain.serving import VesselShape
from models.domain.units import NO_MASS, NO_MONEY, Mass, Money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backoffice.demo.canteen import Canteen, Dish
    from backoffice.demo.pieces import Floats
    from models.domain.evidence import Reason
    from models.domain.mealtimes import Sitting
    from models.domain.serving import Portion, Serving, VesselKind

Picture = NDArray[np.uint8]

PLATFORM_MM: Final = ((40.0, 30.0), (520.0, 30.0), (40.0, 390.0), (520.0, 390.0))
"""Where the four load cells stand, in millimetres from the view's top left corner."""
_ROOM_MM: Final = (34.0, 24.0, 526.0, 396.0)
"""Part of the view in which plates are put: left, top, right, bottom."""
_COUNTER: Final = 1
_GAP_MM: Final = 4.0
_TOUCH_MM: Final = 0.5
_NOT_WHOLE: Final = 0.25
_ATTEMPTS: Final = 60
_TALL_MM: Final = {VesselShape.PLATE: 15.0, VesselShape.BOWL: 32.0}


@dataclass(frozen=True, slots=True)
class Content:
    """What lies in a vessel: a dish in a portion, its net mass and its price."""

    dish: str
    portion: Portion
    net: Mass
    price: Money


@dataclass(frozen=True, slots=True)
class PlateTruth:
    """One vessel: kind, box in pixels (may stick out of the picture), contents.

    `contents` is empty for an empty plate and has two entries for two halves on one
    plate; `place_mm` is its centre in the view; `state` is what a recogniser should
    say instead of a dish, if anything.
    """

    vessel: str
    box: tuple[int, int, int, int]
    place_mm: tuple[float, float]
    tare: Mass
    contents: tuple[Content, ...]
    state: Reason | None = None

    @property
    def gross(self) -> Mass:
        """What stands on the scale: tare and contents."""
        return sum((content.net for content in self.contents), self.tare)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something on the tray that is no plate: what it is, its mass and place."""

    reason: Reason
    mass: Mass
    place_mm: tuple[float, float]


@dataclass(frozen=True, slots=True)
class TrayTruth:
    """What a drawn tray really holds. The scale is tared with the empty board on."""

    hall: str
    seed: int
    plates: tuple[PlateTruth, ...]
    things: tuple[Thing, ...] = ()

    @property
    def total(self) -> Money:
        """What the diner owes."""
        return sum(
            (one.price for plate in self.plates for one in plate.contents), NO_MONEY
        )

    @property
    def gross(self) -> Mass:
        """Everything on the scale."""
        return sum(
            (
                *(plate.gross for plate in self.plates),
                *(thing.mass for thing in self.things),
            ),
            NO_MASS,
        )

    @property
    def cells(self) -> tuple[Mass, ...]:
        """What each of the four cells carries, in `PLATFORM_MM`'s order; they add up.

        A mass between the cells is shared by the lever rule along both sides.
        """
        loads = np.zeros(4)
        (left, top), _, _, (right, bottom) = PLATFORM_MM
        for mass, (x, y) in self._masses():
            across, down = (x - left) / (right - left), (y - top) / (bottom - top)
            share = np.outer((1 - down, down), (1 - across, across)).ravel()
            loads += mass.mg * share
        first = [Mass(round(float(load))) for load in loads[:3]]
        return (*first, self.gross - sum(first, NO_MASS))

    def _masses(self) -> list[tuple[Mass, tuple[float, float]]]:
        plates = [(plate.gross, plate.place_mm) for plate in self.plates]
        return plates + [(thing.mass, thing.place_mm) for thing in self.things]


@dataclass(frozen=True, slots=True)
class DrawnTray:
    """A picture of a tray (BGR, 1280x960) and what it holds."""

    picture: Picture
    truth: TrayTruth


@dataclass(frozen=True, slots=True)
class Setting:
    """Whose canteen, which hall and meal: decides dishes, vessels and prices."""

    canteen: Canteen
    hall: str
    sitting: Sitting

    @property
    def context(self) -> Context:
        """Prices shown are those for staff."""
        return Context(self.hall, self.sitting, DinerGroup.STAFF)

    def content(self, serving: Serving, rng: np.random.Generator) -> Content:
        """Serve a portion: its mass varies as portions do."""
        mass = serving.mass
        mean = float(mass.mean_mg) if mass else 150_000.0
        spread = float(mass.variance_mg2) ** 0.5 if mass else 20_000.0
        net = Mass(round(max(0.5 * mean, float(rng.normal(mean, spread)))))
        price = self.canteen.price(serving, self.context)
        return Content(serving.dish, serving.portion, net, price)

    def some_servings(self, count: int, rng: np.random.Generator) -> list[Serving]:
        """Pick different dishes of the menu by popularity; a quarter are not whole."""
        menu = self.canteen.on_menu(self.hall, self.sitting)
        weights = np.array([dish.popularity for dish in menu], np.float64)
        picked = rng.choice(len(menu), count, replace=False, p=weights / weights.sum())
        return [self._portion(menu[int(index)], rng) for index in picked]

    def _portion(self, dish: Dish, rng: np.random.Generator) -> Serving:
        whole, *smaller = self.canteen.servings_of(dish.code)
        if smaller and rng.random() < _NOT_WHOLE:
            return smaller[int(rng.integers(len(smaller)))]
        return whole


class Scene:
    """A counter with a tray being filled; `photograph` makes the picture.

    All randomness comes from the seed, so the same calls give the same picture.
    """

    def __init__(self, seed: int, *, board: bool = True) -> None:
        self.rng = np.random.default_rng([seed, 1])
        self.light = some_light(self.rng)
        self.picture = counter(_COUNTER)
        centre = (VIEW_MM[0] / 2, VIEW_MM[1] / 2)
        shift = self.rng.normal(0, 3, 2)
        place = (centre[0] + float(shift[0]), centre[1] + float(shift[1]))
        if board:
            tray_board(self.picture, _px(place), self.light)

    def put(
        self,
        kind: VesselKind,
        place_mm: tuple[float, float],
        helpings: Sequence[tuple[Dish, Content]] = (),
    ) -> PlateTruth:
        """Put a vessel with nothing, one helping, or two halves side by side."""
        lit, cover = _filled(kind, helpings, self.light, self.rng)
        at = _px(place_mm)
        paste(self.picture, lit, cover, at, self.light, _TALL_MM[kind.shape])
        reach = kind.size_mm / 2 * PX_PER_MM
        box = (
            round(at[0] - reach),
            round(at[1] - reach),
            round(at[0] + reach),
            round(at[1] + reach),
        )
        contents = tuple(content for _, content in helpings)
        return PlateTruth(kind.code, box, place_mm, kind.tare, contents)

    def photograph(self) -> Picture:
        """Take the picture."""
        return developed(self.picture, self.light, self.rng)


def _px(place_mm: tuple[float, float]) -> tuple[float, float]:
    return place_mm[0] * PX_PER_MM, place_mm[1] * PX_PER_MM


def _filled(
    kind: VesselKind,
    helpings: Sequence[tuple[Dish, Content]],
    light: Light,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Draw a vessel with what is in it: the lit picture and its cover."""
    relief, cover = vessel(kind, rng)
    centre = (relief.side / 2, relief.side / 2)
    start = float(rng.uniform(0, 2 * np.pi))
    for number, (dish, content) in enumerate(helpings):
        side = start + np.pi * number if len(helpings) > 1 else None
        helping = Helping(dish.row, content.net.mg / 1_000, well_px(kind), centre, side)
        heap(relief, helping, PX_PER_MM, rng)
    return light_up(relief, light), cover


def places(
    sizes_mm: Sequence[int], rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Find room for plates on the board: thrown at random, then pushed apart.

    Raises `ValueError` if they do not fit.
    """
    radii = np.array(sizes_mm) / 2
    low = np.stack([_ROOM_MM[0] + radii, _ROOM_MM[1] + radii], 1)
    high = np.stack([_ROOM_MM[2] - radii, _ROOM_MM[3] - radii], 1)
    need = radii[:, None] + radii[None, :] + _GAP_MM
    np.fill_diagonal(need, 0)
    for _ in range(_ATTEMPTS):
        at = rng.uniform(low, high)
        for _ in range(120):
            apart = at[:, None] - at[None, :]
            distance = np.hypot(apart[..., 0], apart[..., 1]) + np.eye(len(at)) + 1e-6
            overlap = np.clip(need - distance, 0, None)
            if overlap.max() < _TOUCH_MM:
                return [(float(x), float(y)) for x, y in at]
            push = (apart / distance[..., None] * overlap[..., None]).sum(1)
            at = np.clip(at + 0.5 * push + rng.normal(0, 0.5, at.shape), low, high)
    raise ValueError(f"no room for plates of {list(sizes_mm)} mm")


def draw_tray(setting: Setting, servings: Sequence[Serving], seed: int) -> DrawnTray:
    """Draw a tray that holds these servings, each in its own vessel."""
    scene = Scene(seed)
    kinds = [setting.canteen.vessel(one.vessel or "") for one in servings]
    spots = places([kind.size_mm for kind in kinds], scene.rng)
    plates = tuple(
        scene.put(
            kind,
            spot,
            [
                (
                    setting.canteen.dish(serving.dish),
                    setting.content(serving, scene.rng),
                )
            ],
        )
        for serving, kind, spot in zip(servings, kinds, spots, strict=True)
    )
    return DrawnTray(scene.photograph(), TrayTruth(setting.hall, seed, plates))


def draw_some_tray(setting: Setting, seed: int, plates: int | None = None) -> DrawnTray:
    """Draw a random tray of the menu with 1 to 7 plates, as many as find room."""
    rng = np.random.default_rng([seed, 2])
    count = plates or int(rng.choice([1, 2, 3, 4, 5, 6, 7], p=_PLATE_ODDS))
    while True:
        servings = setting.some_servings(count, rng)
        sizes = [setting.canteen.vessel(one.vessel or "").size_mm for one in servings]
        if sum(size * size for size in sizes) < _FULL_MM2:
            try:
                return draw_tray(setting, servings, seed)
            except ValueError:
                continue


_PLATE_ODDS: Final = (0.06, 0.14, 0.26, 0.26, 0.16, 0.08, 0.04)
_FULL_MM2: Final = 140_000
"""Squared plate sizes that a board takes without being crammed."""


def empty_counter(seed: int = 0) -> Picture:
    """Photograph the bare counter without tray: the reference picture of a till."""
    rng = np.random.default_rng([seed, 4])
    return developed(counter(_COUNTER), replace(some_light(rng), strength=0.96), rng)


def vessel_alone(kind: VesselKind, seed: int) -> Picture:
    """Photograph an empty vessel alone in the middle of the counter."""
    scene = Scene(seed, board=False)
    scene.put(kind, (VIEW_MM[0] / 2, VIEW_MM[1] / 2))
    return scene.photograph()


def enrolment_photo(setting: Setting, dish: Dish, seed: int) -> Picture:
    """Draw a kitchen photo of one whole portion, from other seeds than the trays."""
    rng = np.random.default_rng([seed, 3, int(dish.code[1:])])
    light = some_light(rng)
    serving = setting.canteen.servings_of(dish.code)[0]
    kind = setting.canteen.vessel(serving.vessel or "")
    content = setting.content(serving, rng)
    lit, cover = _filled(kind, [(dish, content)], light, rng)
    side = cover.shape[0] + 24
    scene = np.full((side, side, 3), (58, 66, 76), np.float32)
    paste(scene, lit, cover, (side / 2, side / 2), light, _TALL_MM[kind.shape])
    return developed(scene, light, rng)


def as_json(drawn: DrawnTray) -> dict[str, Any]:
    """Write the truth as JSON values: integers, and `drawn` to say what it is."""
    truth = drawn.truth
    return {
        "drawn": True,
        "source": "estimate",
        "hall": truth.hall,
        "seed": truth.seed,
        "total_fen": truth.total.fen,
        "gross_mg": truth.gross.mg,
        "cells": [
            {"x_mm": round(x), "y_mm": round(y), "mg": mass.mg}
            for (x, y), mass in zip(PLATFORM_MM, truth.cells, strict=True)
        ],
        "things": [
            {"reason": thing.reason.value, "mg": thing.mass.mg}
            for thing in truth.things
        ],
        "plates": [_plate_json(plate) for plate in truth.plates],
    }


def _plate_json(plate: PlateTruth) -> dict[str, Any]:
    return {
        "vessel": plate.vessel,
        "box": list(plate.box),
        "tare_mg": plate.tare.mg,
        "state": plate.state.value if plate.state else None,
        "contents": [
            {
                "dish": one.dish,
                "portion": one.portion.value,
                "net_mg": one.net.mg,
                "price_fen": one.price.fen,
            }
            for one in plate.contents
        ],
    }
