"""Sales and voids as bodies of facts: plain data to hash, store, send and read back.

A body holds integers, strings, lists and dicts only; what is absent has no key; keys
name their unit. Reading a body back passes every constructor's invariants and must
write the very same body again, so that damage is refused, never repaired.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from models.domain.errors import DomainError
from models.domain.evidence import Reason
from models.domain.mealtimes import Meal, Sitting, in_utc
from models.domain.people import DinerGroup
from models.domain.sale import (
    Asked,
    Identified,
    KnownMass,
    MassSource,
    Payer,
    Sale,
    SaleLine,
    SecondFactor,
    Till,
    Void,
)
from models.domain.serving import Portion
from models.domain.tariffs import Plan
from models.domain.units import Mass, Money, Ppm

T = TypeVar("T")
Plain: TypeAlias = "int | str | list[Plain] | dict[str, Plain]"
Body: TypeAlias = dict[str, Plain]
Read: TypeAlias = Mapping[str, Any]


class BrokenBody(DomainError):
    """A fact's body that is not what a till writes."""

    code = "broken_body"
    chinese = "{kind}记录已损坏或被改动（{why}），请联系技术人员，不要手工修改"
    english = "the {kind} record is damaged or altered ({why}); call the technician"


def _present(items: Mapping[str, Plain | None]) -> Body:
    return {key: value for key, value in items.items() if value is not None}


def instant_text(instant: datetime) -> str:
    """Write an instant: UTC, microseconds, so that equal instants are equal text."""
    return in_utc(instant).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _instant(text: str) -> datetime:
    return in_utc(datetime.fromisoformat(text))


def sale_body(sale: Sale) -> Body:
    """Write a sale."""
    return _present(
        {
            **_till_body(sale.till, sale.sitting),
            "id": str(sale.id),
            "made_at": instant_text(sale.made_at),
            "payer": _payer_body(sale.payer) if sale.payer else None,
            "lines": [_line_body(line) for line in sale.lines],
            "total_fen": sale.total.fen,
            "tray_sha256": sale.tray,
            "training": int(sale.training),
        }
    )


def read_sale(body: Read) -> Sale:
    """Read a sale back; raises `BrokenBody`."""
    try:
        till, sitting = _read_till(body)
        sale = Sale(
            id=UUID(body["id"]),
            till=till,
            sitting=sitting,
            made_at=_instant(body["made_at"]),
            payer=_read_payer(body["payer"]) if "payer" in body else None,
            lines=tuple(_read_line(line) for line in body["lines"]),
            total=Money(body["total_fen"]),
            tray=body.get("tray_sha256"),
            training=bool(body["training"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BrokenBody(kind="sale", why=repr(error)) from error
    return _same(sale, sale_body(sale), body, "sale")


def void_body(void: Void) -> Body:
    """Write a reversal."""
    return {
        **_till_body(void.till, void.sitting),
        "id": str(void.id),
        "target": str(void.target),
        "target_day": void.target_day.isoformat(),
        "made_at": instant_text(void.made_at),
        "amount_fen": void.amount.fen,
        "actor": void.actor,
        "reason": void.reason,
        "training": int(void.training),
    }


def read_void(body: Read) -> Void:
    """Read a reversal back; raises `BrokenBody`."""
    try:
        till, sitting = _read_till(body)
        void = Void(
            id=UUID(body["id"]),
            target=UUID(body["target"]),
            target_day=date.fromisoformat(body["target_day"]),
            till=till,
            sitting=sitting,
            made_at=_instant(body["made_at"]),
            amount=Money(body["amount_fen"]),
            actor=body["actor"],
            reason=body["reason"],
            training=bool(body["training"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BrokenBody(kind="void", why=repr(error)) from error
    return _same(void, void_body(void), body, "void")


def _same(fact: T, written: Body, body: Read, kind: str) -> T:
    """Give `fact` if writing it again gives `body`: same keys, values and types."""
    if json.dumps(written, sort_keys=True) != json.dumps(dict(body), sort_keys=True):
        raise BrokenBody(kind=kind, why="it would be written otherwise")
    return fact


def _till_body(till: Till, sitting: Sitting) -> dict[str, Plain]:
    return {
        "site": till.site,
        "hall": till.hall,
        "terminal": till.terminal,
        "number": till.number,
        "business_day": sitting.business_day.isoformat(),
        "meal": sitting.meal.value,
    }


def _read_till(body: Read) -> tuple[Till, Sitting]:
    till = Till(body["site"], body["hall"], body["terminal"], body["number"])
    day = date.fromisoformat(body["business_day"])
    return till, Sitting(day, Meal(body["meal"]))


def _payer_body(payer: Payer) -> Body:
    return _present(
        {
            "diner": payer.diner,
            "group": payer.group.value,
            "identified": payer.identified.value,
            "second": payer.second.value if payer.second else None,
        }
    )


def _read_payer(body: Read) -> Payer:
    return Payer(
        body["diner"],
        DinerGroup(body["group"]),
        Identified(body["identified"]),
        SecondFactor(body["second"]) if "second" in body else None,
    )


def _line_body(line: SaleLine) -> Body:
    return _present(
        {
            "plan": line.plan.value,
            "item": line.item,
            "dish": line.dish,
            "dish_version": line.dish_version,
            "price_version": line.price_version,
            "hall": line.hall,
            "meal": line.meal.value,
            "portion": line.portion.value,
            "vessel": line.vessel,
            "count": line.count,
            "mass": _mass_body(line.mass) if line.mass else None,
            "posterior_ppm": line.posterior,
            "asked": _asked_body(line.asked) if line.asked else None,
            "served_at": instant_text(line.served_at),
            "listed_fen": line.listed.fen,
            "discount_fen": line.discount.fen,
            "rounding_fen": line.rounding.fen,
            "paid_fen": line.paid.fen,
        }
    )


def _read_line(body: Read) -> SaleLine:
    return SaleLine(
        plan=Plan(body["plan"]),
        item=body["item"],
        dish=body.get("dish"),
        dish_version=body.get("dish_version"),
        price_version=body.get("price_version"),
        hall=body["hall"],
        meal=Meal(body["meal"]),
        portion=Portion(body["portion"]),
        vessel=body.get("vessel"),
        count=body["count"],
        mass=_read_mass(body["mass"]) if "mass" in body else None,
        posterior=Ppm(body["posterior_ppm"]),
        asked=_read_asked(body["asked"]) if "asked" in body else None,
        served_at=_instant(body["served_at"]),
        listed=Money(body["listed_fen"]),
        discount=Money(body["discount_fen"]),
        rounding=Money(body["rounding_fen"]),
        paid=Money(body["paid_fen"]),
    )


def _mass_body(known: KnownMass) -> Body:
    return {
        "mass_mg": known.mass.mg,
        "source": known.source.value,
        "variance_mg2": known.variance_mg2,
    }


def _read_mass(body: Read) -> KnownMass:
    mass, source = Mass(body["mass_mg"]), MassSource(body["source"])
    return KnownMass(mass, source, body["variance_mg2"])


def _asked_body(asked: Asked) -> Body:
    return _present(
        {
            "reason": asked.reason.value,
            "options": [[dish, portion.value] for dish, portion in asked.options],
            "chosen": asked.chosen,
        }
    )


def _read_asked(body: Read) -> Asked:
    options = tuple((dish, Portion(portion)) for dish, portion in body["options"])
    return Asked(Reason(body["reason"]), options, body.get("chosen"))
