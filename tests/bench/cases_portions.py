"""A drawn case for the bench `portions`: seven plates, 150 dishes in four portions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.domain.serving import (
    Portion,
    PortionMass,
    Serving,
    VesselKind,
    VesselShape,
)
from models.domain.units import Mass, Money
from models.recognition.portion_evidence import (
    Cell,
    Menu,
    Offer,
    PlateSeen,
    TraySeen,
    Weighing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DISHES = 150
PLATES = 7
KINDS = 8
SIZES = (
    (Portion.WHOLE, 1.0),
    (Portion.SMALL, 0.75),
    (Portion.HALF, 0.5),
    (Portion.DOUBLE, 2.0),
)
SIDES_MM = (450.0, 350.0)


def menu(seed: int = 1) -> Menu:
    """150 dishes, four portions each in a vessel kind of its own."""
    rng = np.random.default_rng(seed)
    kinds = tuple(
        VesselKind(
            f"kind-{k}", f"kind-{k}", VesselShape.PLATE, 200, Mass(180_000 + 20_000 * k)
        )
        for k in range(KINDS)
    )
    offers = []
    for dish in range(DISHES):
        mean, first = float(rng.uniform(110, 230)), int(rng.integers(KINDS))
        fen = int(rng.choice([400, 600, 800, 1000, 1200, 1500, 1800]))
        for step, (portion, share) in enumerate(SIZES):
            mass = PortionMass.from_recipe(
                Mass(round(mean * share * 1_000)), Mass(round(mean * share * 100))
            )
            vessel = kinds[(first + step) % KINDS].code
            serving = Serving(f"dish-{dish}", portion, vessel, mass)
            offers.append(Offer(serving, Money(round(fen * share))))
    return Menu(tuple(offers), kinds)


def trays(
    lunch: Menu, count: int, *, corners: bool, seed: int = 1
) -> Iterator[TraySeen]:
    """Draw trays whose pictures are mostly clear, on one scale or on four cells."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        served = [lunch.offers[i] for i in rng.integers(len(lunch.offers), size=PLATES)]
        places = rng.uniform(60, [side - 60 for side in SIDES_MM], (PLATES, 2))
        loads = [_gross(offer, lunch, rng) for offer in served]
        plates = tuple(
            _seen(offer, (float(x), float(y)), rng)
            for offer, (x, y) in zip(served, places, strict=True)
        )
        total = Weighing(Mass(round(sum(loads) * 1_000)), Mass(1_000))
        cells = Weighing.from_cells(_cells(loads, places), Mass(1_000))
        yield TraySeen(plates, cells if corners else total)


def _gross(offer: Offer, lunch: Menu, rng: np.random.Generator) -> float:
    [kind] = [k for k in lunch.vessels if k.code == offer.serving.vessel]
    mean = float(offer.serving.mass.mean_mg) if offer.serving.mass else 0.0
    return (mean * float(rng.normal(1.0, 0.1)) + kind.tare.mg) / 1_000


def _seen(
    offer: Offer, place: tuple[float, float], rng: np.random.Generator
) -> PlateSeen:
    doubt = float(rng.beta(0.5, 12))
    others = rng.dirichlet(np.full(DISHES, 0.05)) * doubt
    dishes = {f"dish-{d}": float(share) for d, share in enumerate(others)}
    dishes[offer.serving.dish] += 1 - doubt
    vessels = {f"kind-{k}": 0.01 / (KINDS - 1) for k in range(KINDS)}
    vessels[offer.serving.vessel or ""] = 0.99
    return PlateSeen(dishes, unknown=0.01, vessels=vessels, place_mm=place)


def _cells(loads: list[float], places: np.ndarray) -> tuple[Cell, ...]:
    width, depth = SIDES_MM
    return tuple(
        Cell(
            x,
            y,
            Mass(
                round(
                    sum(
                        load
                        * (1 - abs(x - at[0]) / width)
                        * (1 - abs(y - at[1]) / depth)
                        for load, at in zip(loads, places, strict=True)
                    )
                    * 1_000
                )
            ),
        )
        for x, y in ((0.0, 0.0), (width, 0.0), (0.0, depth), (width, depth))
    )
