"""Domain values in rows and back: prices, vessels, servings, timetables.

The columns of a value are the same on both sides, so one pair of functions serves the
office's rows and the till's: `..._columns(value)` gives the keyword arguments of either
row class, the other function reads either.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from models.domain.mealtimes import Sitting, Timetable
from models.domain.pricing import PriceVersion, Reach
from models.domain.serving import PortionMass, Serving, VesselKind
from models.domain.tariffs import ByWeight, Flat, PerPortion, Plan
from models.domain.units import Money
from models.tables.dishes import ANY_VESSEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.domain.tariffs import Tariff
    from models.tables.dishes import (
        PriceVersionColumns,
        ServingColumns,
        VesselKindColumns,
    )
    from models.tables.site import HallColumns, MealTimeColumns

Columns = dict[str, Any]
"""Keyword arguments of a row class."""


def price_columns(version: PriceVersion) -> Columns:
    """Lay a price version out in columns."""
    return {
        "id": version.id,
        "plan": version.plan,
        "item": version.item,
        **_tariff_columns(version.tariff),
        "hall": version.reach.hall,
        "meal": version.reach.meal,
        "diner_group": version.reach.group,
        "starts_day": version.starts.business_day,
        "starts_meal": version.starts.meal,
        "proposed_by": version.proposed_by,
        "approved_by": version.approved_by,
    }


def _tariff_columns(tariff: Tariff | None) -> Columns:
    match tariff:
        case None:
            return {}
        case Flat(price):
            return {"price": price}
        case ByWeight(price, quantity):
            return {"price": price, "quantity": quantity}
        case PerPortion(whole, Money() as small):
            return {"price": whole, "small_price": small}
        case PerPortion(whole, Fraction() as share):
            over, under = share.as_integer_ratio()
            return {"price": whole, "small_over": over, "small_under": under}
        case PerPortion(whole):
            return {"price": whole}


def price_version(row: PriceVersionColumns) -> PriceVersion:
    """Read a price version."""
    return PriceVersion(
        id=row.id,
        plan=row.plan,
        item=row.item,
        tariff=_tariff(row),
        starts=Sitting(row.starts_day, row.starts_meal),
        proposed_by=row.proposed_by,
        approved_by=row.approved_by,
        reach=Reach(row.hall, row.meal, row.diner_group),
    )


def _tariff(row: PriceVersionColumns) -> Tariff | None:
    if row.price is None:
        return None
    if row.quantity is not None:
        return ByWeight(row.price, row.quantity)
    if row.plan is not Plan.DISH:
        return Flat(row.price)
    if row.small_over is not None and row.small_under is not None:
        return PerPortion(row.price, Fraction(row.small_over, row.small_under))
    return PerPortion(row.price, row.small_price)


def vessel_columns(kind: VesselKind) -> Columns:
    """Lay a vessel kind out in columns."""
    lightness, a, b = kind.colour or (None, None, None)
    return {
        "code": kind.code,
        "name": kind.name,
        "shape": kind.shape,
        "size_mm": kind.size_mm,
        "tare": kind.tare,
        "colour_l": lightness,
        "colour_a": a,
        "colour_b": b,
    }


def vessel_kind(row: VesselKindColumns) -> VesselKind:
    """Read a vessel kind; a colour measured in part counts as none."""
    colour = None
    if None not in (row.colour_l, row.colour_a, row.colour_b):
        colour = (row.colour_l or 0, row.colour_a or 0, row.colour_b or 0)
    return VesselKind(row.code, row.name, row.shape, row.size_mm, row.tare, colour)


def serving_columns(serving: Serving) -> Columns:
    """Lay a serving out in columns."""
    columns: Columns = {
        "dish": serving.dish,
        "portion": serving.portion,
        "vessel": serving.vessel or ANY_VESSEL,
    }
    if serving.mass is not None:
        columns["mass_count"] = serving.mass.count
        columns["mass_total_mg"] = serving.mass.total_mg
        columns["mass_squares_mg2"] = serving.mass.squares_mg2
    return columns


def serving(row: ServingColumns) -> Serving:
    """Read a serving."""
    sums = (row.mass_count, row.mass_total_mg, row.mass_squares_mg2)
    known = [value for value in sums if value is not None]
    mass = PortionMass(*known) if len(known) == len(sums) else None
    vessel = None if row.vessel == ANY_VESSEL else row.vessel
    return Serving(row.dish, row.portion, vessel, mass)


def timetable(hall: HallColumns, meals: Iterable[MealTimeColumns]) -> Timetable:
    """Read the timetable of a hall from its own lines."""
    begins = sorted((line.meal.place, line.meal, line.begins) for line in meals)
    return Timetable(hall.day_starts, tuple((meal, at) for _, meal, at in begins))
