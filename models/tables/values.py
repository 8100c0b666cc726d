"""Domain values in rows and back: prices, vessels, servings, timetables, sales.

The columns of a value are the same on both sides, so one pair of functions serves the
office's rows and the till's: `..._columns(value)` gives the keyword arguments of either
row class, the other function reads either.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from models.domain.mealtimes import Sitting, Timetable
from models.domain.pricing import PriceVersion, Reach
from models.domain.serving import PortionMass, Serving, VesselKind
from models.domain.tariffs import ByWeight, Flat, PerPortion, Plan
from models.domain.units import Money
from models.tables.dishes import ANY_VESSEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from models.domain.sale import Asked, Sale
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


def sale_columns(sale: Sale) -> Columns:
    """Lay a sale out in columns, without its lines."""
    payer = sale.payer
    return {
        "site_id": sale.till.site,
        "business_day": sale.sitting.business_day,
        "id": sale.id,
        "terminal_id": sale.till.terminal,
        "number": sale.till.number,
        "hall": sale.till.hall,
        "meal": sale.sitting.meal,
        "made_at": sale.made_at,
        "diner": payer.diner if payer else None,
        "diner_group": payer.group if payer else None,
        "identified": payer.identified if payer else None,
        "second_factor": payer.second if payer else None,
        "total": sale.total,
        "tray_hash": bytes.fromhex(sale.tray) if sale.tray else None,
        "is_training": sale.training,
    }


def line_columns(sale: Sale) -> Iterator[Columns]:
    """Lay the lines of a sale out in columns, numbered from 1."""
    for number, line in enumerate(sale.lines, start=1):
        known = line.mass
        yield {
            "site_id": sale.till.site,
            "business_day": sale.sitting.business_day,
            "sale_id": sale.id,
            "line": number,
            "plan": line.plan,
            "item": line.item,
            "dish": line.dish,
            "dish_version": line.dish_version,
            "price_version": line.price_version,
            "hall": line.hall,
            "meal": line.meal,
            "portion": line.portion,
            "vessel": line.vessel,
            "count": line.count,
            "mass": known.mass if known else None,
            "mass_source": known.source if known else None,
            "mass_variance": known.variance_mg2 if known else None,
            "posterior": line.posterior,
            "asked": _asked_text(line.asked) if line.asked else None,
            "served_at": line.served_at,
            "listed": line.listed,
            "discount": line.discount,
            "rounding": line.rounding,
            "paid": line.paid,
        }


def _asked_text(asked: Asked) -> str:
    """Write the question of a line as JSON."""
    options = [[dish, portion.value] for dish, portion in asked.options]
    asked_as = {"reason": asked.reason.value, "options": options}
    return json.dumps({**asked_as, "chosen": asked.chosen}, ensure_ascii=False)
