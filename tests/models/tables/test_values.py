"""Domain values survive their rows."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from models.domain.mealtimes import Meal, Sitting, Timetable
from models.domain.people import DinerGroup
from models.domain.pricing import PriceVersion, Reach
from models.domain.serving import (
    Portion,
    PortionMass,
    Serving,
    VesselKind,
    VesselShape,
)
from models.domain.tariffs import ByWeight, Flat, PerPortion, Plan, Tariff
from models.domain.units import Mass, Money
from models.tables.dishes import (
    ANY_VESSEL,
    TillPriceVersion,
    TillServing,
    TillVesselKind,
)
from models.tables.site import HallKind, TillHall, TillMealTime
from models.tables.values import (
    price_columns,
    price_version,
    serving,
    serving_columns,
    timetable,
    vessel_columns,
    vessel_kind,
)

SITE = "yinchuan"


def a_price(plan: Plan, tariff: Tariff | None, reach: Reach) -> PriceVersion:
    starts = Sitting(date(2026, 11, 24), Meal.LUNCH)
    return PriceVersion("p-1", plan, "d001", tariff, starts, "李明", "王芳", reach)


@pytest.mark.parametrize(
    ("plan", "tariff"),
    [
        (Plan.DISH, PerPortion(Money(600))),
        (Plan.DISH, PerPortion(Money(600), Money(400))),
        (Plan.DISH, PerPortion(Money(600), Fraction(3, 4))),
        (Plan.WEIGHT, ByWeight(Money(298), Mass.from_g("100"))),
        (Plan.VESSEL, Flat(Money(500))),
        (Plan.BUFFET, Flat(Money(1500))),
        (Plan.DISH, None),
    ],
)
@pytest.mark.parametrize(
    "reach", [Reach(), Reach("H1", Meal.LUNCH, DinerGroup.OUTSIDE)]
)
def test_a_price_survives_its_row(
    plan: Plan, tariff: Tariff | None, reach: Reach
) -> None:
    price = a_price(plan, tariff, reach)
    row = TillPriceVersion(site_id=SITE, **price_columns(price))
    assert price_version(row) == price


@pytest.mark.parametrize("colour", [None, (92, -3, 14)])
def test_a_vessel_survives_its_row(colour: tuple[int, int, int] | None) -> None:
    plate = VesselKind("P", "七寸盘", VesselShape.PLATE, 178, Mass(320_000), colour)
    assert vessel_kind(TillVesselKind(site_id=SITE, **vessel_columns(plate))) == plate


@pytest.mark.parametrize("mass", [None, PortionMass(4, 720_000, 130_000_000_000)])
@pytest.mark.parametrize("vessel", [None, "P"])
def test_a_serving_survives_its_row(
    mass: PortionMass | None, vessel: str | None
) -> None:
    half = Serving("d001", Portion.HALF, vessel, mass)
    row = TillServing(site_id=SITE, **serving_columns(half))
    assert (row.vessel == ANY_VESSEL) == (vessel is None)
    assert serving(row) == half


def test_a_timetable_is_read_in_the_order_of_the_day() -> None:
    hall = TillHall(
        site_id=SITE, code="H1", name="一餐厅", kind=HallKind.HAN, day_starts=240
    )
    times = {Meal.DINNER: 1050, Meal.BREAKFAST: 420, Meal.LUNCH: 690}
    lines = [
        TillMealTime(site_id=SITE, hall="H1", meal=meal, begins=at)
        for meal, at in times.items()
    ]
    written = {Meal.BREAKFAST: "07:00", Meal.LUNCH: "11:30", Meal.DINNER: "17:30"}
    assert timetable(hall, lines) == Timetable.of("04:00", written)
