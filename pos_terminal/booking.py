"""From a charged tray and its payer to the sale and its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

from models.domain.errors import DomainError
from models.domain.quote import quote
from models.domain.sale import (
    Asked,
    KnownMass,
    MassSource,
    Recognised,
    Sale,
    SaleLine,
    Till,
)
from models.domain.serving import Portion
from models.domain.units import NO_MASS, Mass
from pos_terminal.store import TrayEvidence

if TYPE_CHECKING:
    from datetime import datetime

    from models.domain.evidence import PlateVerdict
    from models.domain.quote import Ordered
    from models.domain.units import Money
    from models.recognition.portion_evidence import TraySeen, Weighing
    from models.sync.messages import JsonObject
    from models.tables.site import Till as TillRow
    from pos_terminal.catalogue import Catalogue
    from pos_terminal.flows.checkout import Commit, TapAnswer


class TotalDiffers(DomainError):
    """What would be booked is not what the diner saw."""

    code = "total_differs"
    chinese = (
        "屏幕显示 {shown}，记账为 {booked}，未扣款；请重新放盘，仍不符请联系管理员"
    )
    english = (
        "the screen said {shown}, booked would be {booked}: nothing charged; retry"
    )


@dataclass(frozen=True, slots=True)
class Booking:
    """All that a sale is made of."""

    catalogue: Catalogue
    till: TillRow
    commit: Commit
    seen: TraySeen
    now: datetime


def sale_of(booking: Booking, number: int, evidence: TrayEvidence) -> Sale:
    """Make the sale: today's prices for the payer's group, line by line.

    Raises what `quote` raises for a thing that cannot be priced, and `TotalDiffers`
    when the list prices are not those that were charged.
    """
    catalogue, payer = booking.catalogue, booking.commit.payer
    charge = booking.commit.charge
    plates = [plate for plate in charge.plates if plate.served]
    quoted = quote(
        catalogue.prices,
        [_ordered(booking, plate, vessel_of(booking, plate)) for plate in plates],
        catalogue.context(payer.group),
    )
    if quoted.listed != charge.total:
        raise TotalDiffers(shown=charge.total, booked=quoted.listed)
    lines = tuple(
        SaleLine.of(quoted, line, _recognised(booking, plate))
        for line, plate in zip(quoted.lines, plates, strict=True)
    )
    till = booking.till
    return Sale(
        id=uuid7(),
        till=Till(till.site_id, catalogue.hall, till.terminal_id, number),
        sitting=catalogue.sitting,
        made_at=booking.now,
        payer=payer,
        lines=lines,
        total=quoted.total,
        tray=sha256(evidence.picture).hexdigest() if evidence.picture else None,
    )


def vessel_of(booking: Booking, plate: PlateVerdict) -> str | None:
    """Name the vessel a plate is: its tag, or the likeliest by sight that costs so.

    The scale may have settled what the eye left open; then the price tells.
    """
    seen = booking.seen.plates[plate.plate]
    likeliest = sorted(seen.vessels, key=lambda code: -seen.vessels[code])
    if seen.tag is not None or not likeliest:
        return seen.tag
    if plate.served is None:
        return likeliest[0]
    charged = plate.served.price
    return next(
        (code for code in likeliest if _listed(booking, plate, code) == charged),
        likeliest[0],
    )


def _listed(booking: Booking, plate: PlateVerdict, vessel: str) -> Money | None:
    """Price a plate as if it were this vessel; `None` if that has no price."""
    catalogue = booking.catalogue
    context = catalogue.context(booking.commit.payer.group)
    try:
        ordered = _ordered(booking, plate, vessel)
        return quote(catalogue.prices, [ordered], context).listed
    except DomainError:
        return None


def _ordered(booking: Booking, plate: PlateVerdict, vessel: str | None) -> Ordered:
    """Say what a plate is priced as: its vessel or its dish, by the site's setting."""
    pricing = booking.catalogue.settings.plate_pricing
    dish = plate.served.dish if plate.served else None
    portion = plate.served.portion if plate.served else Portion.WHOLE
    ordered = pricing.order(dish, portion, vessel)
    return replace(ordered, mass=_weighed(booking, plate, vessel))


def _weighed(booking: Booking, plate: PlateVerdict, vessel: str | None) -> Mass | None:
    """Net mass of a plate the scale saw by itself; no vessel known, as settled."""
    seen = booking.seen
    gross = seen.plates[plate.plate].mass
    if gross is None and seen.weighing and len(seen.plates) == 1 and not seen.disturbed:
        gross = seen.weighing.total
    tares = {kind.code: kind.tare for kind in booking.catalogue.vessels}
    if gross is None or vessel not in tares:
        return plate.mass if gross else None
    return max(NO_MASS, gross - tares[vessel])


def _recognised(booking: Booking, plate: PlateVerdict) -> Recognised:
    asked = [one for one in booking.commit.answers if one.question.plate == plate.plate]
    dish = plate.served.dish if plate.served else None
    vessel = vessel_of(booking, plate)
    return Recognised(
        served_at=booking.now,
        dish=dish,
        dish_version=booking.catalogue.versions.get(dish) if dish else None,
        vessel=vessel,
        mass=_mass(booking, plate, vessel),
        posterior=plate.price_ppm,
        asked=_asked(asked[-1]) if asked else None,
    )


def _asked(answer: TapAnswer) -> Asked:
    options = [option.what for option in answer.question.options]
    chosen = options.index(answer.served) if answer.served in options else None
    return Asked.of(answer.question, chosen)


def _mass(
    booking: Booking, plate: PlateVerdict, vessel: str | None
) -> KnownMass | None:
    weighed = _weighed(booking, plate, vessel)
    if weighed is not None:
        return KnownMass(weighed, MassSource.MEASURED, plate.mass_variance_mg2 or 0)
    if plate.mass is None or plate.mass_variance_mg2 is None:
        return None
    source = MassSource.INFERRED if booking.seen.weighing else MassSource.LEARNED
    return KnownMass(plate.mass, source, plate.mass_variance_mg2)


def evidence_of(booking: Booking, jpeg: bytes | None) -> TrayEvidence:
    """Say why the tray was charged as it was, and all it can teach (`memory.py`)."""
    seen = booking.seen
    plates: list[JsonObject] = [
        {
            "dish": plate.served.dish if plate.served else None,
            "portion": plate.served.portion.value if plate.served else None,
            "price_ppm": plate.price_ppm,
            "dish_ppm": plate.dish_ppm,
            "told": looked.told is not None,
            "vessel": vessel_of(booking, plate),
            "place_um": _micrometres(looked.place_mm),
            "state": plate.reason.value if plate.reason else None,
        }
        for plate, looked in zip(booking.commit.charge.plates, seen.plates, strict=True)
    ]
    return TrayEvidence(
        picture=jpeg,
        mass=seen.weighing.total if seen.weighing else None,
        posterior={
            "total_ppm": booking.commit.charge.ppm,
            "plates": plates,
            "weighing": _weighing(seen.weighing) if seen.weighing else None,
            "reasons": [reason.value for reason in booking.commit.charge.reasons],
        },
        question=_question(booking.commit.answers),
        keep_days=booking.catalogue.settings.evidence_days,
    )


def _weighing(weighing: Weighing) -> JsonObject:
    return {
        "total_mg": weighing.total.mg,
        "noise_mg": weighing.noise.mg,
        "cells": [
            [round(cell.x_mm * 1000), round(cell.y_mm * 1000), cell.mass.mg]
            for cell in weighing.cells
        ],
    }


def _micrometres(place_mm: tuple[float, float] | None) -> list[int] | None:
    return None if place_mm is None else [round(each * 1000) for each in place_mm]


def _question(answers: tuple[TapAnswer, ...]) -> JsonObject | None:
    if not answers:
        return None
    return {
        "asked": [
            {
                "plate": answer.question.plate,
                "reason": answer.question.reason.value,
                "options": [
                    [option.what.dish, option.what.portion.value, option.ppm]
                    for option in answer.question.options
                ],
                "taken": [answer.served.dish, answer.served.portion.value]
                if answer.served
                else None,
            }
            for answer in answers
        ]
    }
