"""From a charged tray and its payer to the sale and its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

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
from pos_terminal.store import TrayEvidence

if TYPE_CHECKING:
    from datetime import datetime

    from models.domain.evidence import PlateVerdict, Served
    from models.domain.quote import Ordered
    from models.recognition.portion_evidence import PlateSeen, TraySeen, Weighing
    from models.sync.messages import JsonObject
    from models.tables.site import Till as TillRow
    from pos_terminal.catalogue import Catalogue
    from pos_terminal.flows.checkout import Commit, TapAnswer


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

    Raises what `quote` raises for a thing that cannot be priced.
    """
    catalogue, payer = booking.catalogue, booking.commit.payer
    plates = [
        (plate, plate.served) for plate in booking.commit.charge.plates if plate.served
    ]
    quoted = quote(
        catalogue.prices,
        [_ordered(booking, plate, served) for plate, served in plates],
        catalogue.context(payer.group),
    )
    lines = tuple(
        SaleLine.of(quoted, line, _recognised(booking, plate, served))
        for line, (plate, served) in zip(quoted.lines, plates, strict=True)
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


def _ordered(booking: Booking, plate: PlateVerdict, served: Served) -> Ordered:
    """Say what a plate is priced as: its vessel or its dish, by the site's setting."""
    vessel = vessel_of(booking.seen.plates[plate.plate])
    pricing = booking.catalogue.settings.plate_pricing
    ordered = pricing.order(served.dish, served.portion, vessel)
    mass = plate.mass if _weighed_alone(booking, plate.plate) else None
    return replace(ordered, mass=mass)


def _recognised(booking: Booking, plate: PlateVerdict, served: Served) -> Recognised:
    asked = [one for one in booking.commit.answers if one.question.plate == plate.plate]
    return Recognised(
        served_at=booking.now,
        dish=served.dish,
        dish_version=booking.catalogue.versions.get(served.dish),
        vessel=vessel_of(booking.seen.plates[plate.plate]),
        mass=_mass(booking, plate),
        posterior=plate.price_ppm,
        asked=_asked(asked[-1]) if asked else None,
    )


def _asked(answer: TapAnswer) -> Asked:
    options = [option.what for option in answer.question.options]
    chosen = options.index(answer.served) if answer.served in options else None
    return Asked.of(answer.question, chosen)


def _mass(booking: Booking, plate: PlateVerdict) -> KnownMass | None:
    if plate.mass is None or plate.mass_variance_mg2 is None:
        return None
    if booking.seen.weighing is None:
        source = MassSource.LEARNED
    elif _weighed_alone(booking, plate.plate):
        source = MassSource.MEASURED
    else:
        source = MassSource.INFERRED
    return KnownMass(plate.mass, source, plate.mass_variance_mg2)


def _weighed_alone(booking: Booking, number: int) -> bool:
    seen = booking.seen
    alone = len(seen.plates) == 1 and seen.weighing is not None
    return alone or seen.plates[number].mass is not None


def vessel_of(plate: PlateSeen) -> str | None:
    """Name the kind of vessel a plate is: its tag, or the likeliest by sight."""
    kinds = plate.vessels
    return plate.tag or max(kinds, key=lambda code: kinds[code], default=None)


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
            "vessel": vessel_of(looked),
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
