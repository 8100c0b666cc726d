"""What is on offer at this till now: dishes, prices, vessels and the site's settings.

Read once when a meal begins and after every change; settling then touches no table.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import select

from models.domain.mealtimes import Meal, Timetable, sitting_at
from models.domain.people import DinerGroup
from models.domain.pricing import Context, PriceList
from models.domain.quote import PlatePricing
from models.domain.tariffs import ByWeight, Flat, PerPortion, Plan, PricePolicy
from models.domain.units import CERTAIN, NO_MASS, Mass, PriceRounding
from models.recognition import portion_evidence as portions
from models.recognition.trays_calibration import Calibration, CalibrationRecord
from models.tables.dishes import (
    TillDish,
    TillMenuItem,
    TillPriceVersion,
    TillServing,
    TillVesselKind,
)
from models.tables.site import (
    CalibrationKind,
    TillCalibration,
    TillHall,
    TillMealTime,
    TillPolicy,
)
from models.tables.values import price_version, serving, timetable, vessel_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from models.domain.mealtimes import Sitting
    from models.domain.serving import Serving, VesselKind
    from models.domain.units import Money
    from models.tables.site import Till

ALL_DAY: Final = Timetable.of(
    "04:00", {Meal.BREAKFAST: "06:00", Meal.LUNCH: "10:30", Meal.DINNER: "16:00"}
)
"""Meal times of a hall that has set none."""


BY_DISH: Final = PlatePricing()


@dataclass(frozen=True, slots=True)
class Settings:
    """The site's settings as the till needs them; absent rows take these defaults."""

    portion_rounding: PriceRounding = PriceRounding.JIAO_HALF_UP
    weight_rounding: PriceRounding = PriceRounding.FEN
    total_rounding: PriceRounding = PriceRounding.FEN
    plate_pricing: PlatePricing = BY_DISH
    charge_above_ppm: int | None = None
    evidence_days: int = 90
    tray_tare: Mass = NO_MASS
    site_name: str | None = None

    @classmethod
    def of(cls, rows: Mapping[str, str]) -> Self:
        """Read policy rows: name -> JSON; names that are not the till's are passed."""
        value = {name: json.loads(text) for name, text in rows.items()}
        rounding = {
            name: PriceRounding(value[name])
            for name in ("portion_rounding", "weight_rounding", "total_rounding")
            if name in value
        }
        return cls(
            **rounding,
            plate_pricing=PlatePricing(
                value.get("price_by") == Plan.VESSEL,
                frozenset(value.get("proven_dishes", ())),
            ),
            charge_above_ppm=value.get("charge_above_ppm"),
            evidence_days=value.get("evidence_days", 90),
            tray_tare=Mass(value.get("tray_tare_mg", 0)),
            site_name=value.get("site_name"),
        )

    @property
    def pricing(self) -> PricePolicy:
        """The rounding rules of prices."""
        return PricePolicy(
            self.portion_rounding, self.weight_rounding, self.total_rounding
        )


@dataclass(frozen=True)
class Catalogue:
    """What one till offers at one sitting."""

    site: str
    hall: str
    hall_name: str
    sitting: Sitting
    names: Mapping[str, str]
    versions: Mapping[str, str]
    menu: tuple[str, ...]
    prices: PriceList
    servings: Mapping[str, tuple[Serving, ...]]
    vessels: tuple[VesselKind, ...]
    tares: Mapping[str, Mass]
    settings: Settings
    calibration: Calibration | None
    platform_mm: tuple[tuple[float, float], ...]

    @classmethod
    def read(cls, session: Session, till: Till, now: datetime) -> Self:
        """Read everything that holds at `now` in the till's hall."""
        settings = Settings.of(
            {row.name: row.value for row in session.scalars(select(TillPolicy))}
        )
        hall = session.get(TillHall, (till.site_id, till.hall))
        sitting = sitting_at(now, hall_timetable(session, till))
        dishes = list(session.scalars(select(TillDish)))
        measured = _measured(session, till.terminal_id)
        menu = _menu(session, till.hall, sitting)
        servings = _servings(session)
        kinds = tuple(map(vessel_kind, session.scalars(select(TillVesselKind))))
        vessels = _vessels(kinds, menu, servings)
        return cls(
            site=till.site_id,
            hall=till.hall,
            hall_name=hall.name if hall else till.hall,
            sitting=sitting,
            names={dish.code: dish.name for dish in dishes},
            versions={dish.code: dish.version for dish in dishes},
            menu=menu,
            prices=PriceList(
                map(price_version, session.scalars(select(TillPriceVersion))),
                (settings.pricing,),
            ),
            servings=servings,
            vessels=vessels,
            tares={kind.code: kind.tare for kind in kinds},
            settings=settings,
            calibration=_calibration(measured, vessels),
            platform_mm=_platform(measured),
        )

    def context(self, group: DinerGroup = DinerGroup.STAFF) -> Context:
        """Where and when things are priced, for a group of diners."""
        return Context(self.hall, self.sitting, group)

    def offers(self, group: DinerGroup = DinerGroup.STAFF) -> portions.Menu:
        """Give today's menu with its prices for a group, as settling needs it.

        A dish without a price is in it with `None`, so that settling names it.
        """
        context = self.context(group)
        offers = [
            self._offer(each, context)
            for dish in self.menu
            for each in self.servings.get(dish, ())
        ]
        return portions.Menu(
            tuple(offer for offer in offers if offer is not None),
            self.vessels,
            self._vessel_prices(context),
            self.settings.plate_pricing.proven,
        )

    @property
    def site_name(self) -> str:
        """What receipts are headed with."""
        return self.settings.site_name or self.site

    @cached_property
    def item_names(self) -> dict[str, str]:
        """Names of all that can stand on a receipt."""
        return {**self.names, **{kind.code: kind.name for kind in self.vessels}}

    def _offer(self, each: Serving, context: Context) -> portions.Offer | None:
        """Offer a serving at its price; `None` for a portion that is not sold."""
        choice = self.prices.choose(Plan.DISH, each.dish, context)
        match choice.version.tariff if choice else None:
            case ByWeight(price, per):
                rounding = self.settings.weight_rounding
                price_of = portions.ByWeight(price, per, rounding)
                return portions.Offer(each, price_of)
            case PerPortion() as tariff:
                found = tariff.price(each.portion, self.settings.portion_rounding)
                return None if found is None else portions.Offer(each, found)
            case _:
                return portions.Offer(each, None)

    def _vessel_prices(self, context: Context) -> dict[str, Money]:
        if not self.settings.plate_pricing.by_vessel:
            return {}
        found = {}
        for kind in self.vessels:
            choice = self.prices.choose(Plan.VESSEL, kind.code, context)
            if choice is not None and isinstance(choice.version.tariff, Flat):
                found[kind.code] = choice.version.tariff.price
        return found

    @cached_property
    def policy(self) -> portions.Policy:
        """The policy of settling, with the site's own threshold if it set one."""
        shipped = portions.Policy.shipped()
        if self.settings.charge_above_ppm is None:
            return shipped
        return replace(shipped, charge=self.settings.charge_above_ppm / CERTAIN)


def hall_timetable(session: Session, till: Till) -> Timetable:
    """Read when the meals of the till's hall begin."""
    hall = session.get(TillHall, (till.site_id, till.hall))
    times = list(session.scalars(select(TillMealTime).filter_by(hall=till.hall)))
    return timetable(hall, times) if hall and times else ALL_DAY


def _menu(session: Session, hall: str, sitting: Sitting) -> tuple[str, ...]:
    here = select(TillMenuItem.dish).filter_by(
        business_day=sitting.business_day, hall=hall, meal=sitting.meal
    )
    return tuple(session.scalars(here.order_by(TillMenuItem.place)))


def _servings(session: Session) -> dict[str, tuple[Serving, ...]]:
    found: dict[str, list[Serving]] = defaultdict(list)
    for row in session.scalars(select(TillServing)):
        found[row.dish].append(serving(row))
    return {dish: tuple(each) for dish, each in found.items()}


def _vessels(
    kinds: Sequence[VesselKind],
    menu: Sequence[str],
    servings: Mapping[str, Sequence[Serving]],
) -> tuple[VesselKind, ...]:
    """Pick the vessels that may stand here: all but those of other dishes alone.

    The halls never share vessels, so a hall's menu tells whose may come.
    """
    everyone = {each.vessel for of_dish in servings.values() for each in of_dish}
    here = {each.vessel for dish in menu for each in servings.get(dish, ())}
    elsewhere = set() if None in here else everyone - here
    return tuple(kind for kind in kinds if kind.code not in elsewhere)


def _measured(session: Session, terminal: str) -> dict[CalibrationKind, Any]:
    """Read what was measured on this till when it was set up."""
    rows = session.scalars(select(TillCalibration).filter_by(terminal_id=terminal))
    return {row.kind: json.loads(row.value) for row in rows}


def _calibration(
    measured: Mapping[CalibrationKind, Any], vessels: tuple[VesselKind, ...]
) -> Calibration | None:
    camera = measured.get(CalibrationKind.CAMERA)
    if camera is None:
        return None
    counter = measured.get(CalibrationKind.EMPTY_COUNTER, {}).get("png", "")
    record = CalibrationRecord(
        width=camera["width"],
        height=camera["height"],
        um_per_pixel=camera["um_per_pixel"],
        counter=base64.b64decode(counter),
    )
    return Calibration.from_record(record, vessels)


def _platform(
    measured: Mapping[CalibrationKind, Any],
) -> tuple[tuple[float, float], ...]:
    """Places of the load cells in the picture's millimetres; empty: one scale."""
    cells = measured.get(CalibrationKind.PLATFORM, {}).get("cells_um", [])
    return tuple((x / 1000, y / 1000) for x, y in cells)
