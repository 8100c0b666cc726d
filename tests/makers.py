"""Rows and messages for tests, complete unless told otherwise."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from uuid_utils.compat import uuid7

from models.domain.facts import sale_body, void_body
from models.domain.mealtimes import Meal, Sitting
from models.domain.people import Channel, DinerGroup, Purpose
from models.domain.sale import (
    Identified,
    KnownMass,
    MassSource,
    Payer,
    Sale,
    SaleLine,
    Till,
    Void,
)
from models.domain.serving import Portion
from models.domain.tariffs import Plan
from models.domain.units import NO_MONEY, Mass, Money, Ppm
from models.sync.messages import GENESIS, Fact
from models.tables.dishes import DishVersion, OfficeDish, OfficePriceVersion
from models.tables.people import ConsentEvent, ConsentRecord
from models.tables.sales import Answer, OfficeFact, Received, TillFact
from models.tables.site import Audit, Site

if TYPE_CHECKING:
    from uuid import UUID

SITE = "yinchuan"
DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def a_line(fen: int = 600, mass_mg: int = 182_000) -> SaleLine:
    """A half portion of one dish at its listed price."""
    return SaleLine(
        plan=Plan.DISH,
        item="tomato_eggs",
        dish="tomato_eggs",
        dish_version="1",
        price_version="p1",
        hall="h1",
        meal=Meal.LUNCH,
        portion=Portion.HALF,
        vessel="small_plate",
        count=1,
        mass=KnownMass(Mass(mass_mg), MassSource.INFERRED, 144_000_000),
        posterior=Ppm(998_000),
        asked=None,
        served_at=NOON,
        listed=Money(fen),
        discount=NO_MONEY,
        rounding=NO_MONEY,
        paid=Money(fen),
    )


def a_sale(*lines: SaleLine, number: int = 1) -> Sale:
    """A sale of `lines` (one, when none is given) to a diner known by card."""
    lines = lines or (a_line(),)
    return Sale(
        id=uuid7(),
        till=Till(SITE, "h1", "t1", number),
        sitting=Sitting(DAY, Meal.LUNCH),
        made_at=NOON,
        payer=Payer("d1", DinerGroup.STAFF, Identified.CARD),
        lines=lines,
        total=sum((line.paid for line in lines), NO_MONEY),
    )


def a_fact(sale: Sale, seq: int = 1, prev_hash: bytes = GENESIS) -> Fact:
    """The fact of a sale."""
    return Fact(
        kind="sale",
        schema=1,
        id=sale.id,
        site_id=sale.till.site,
        terminal_id=sale.till.terminal,
        business_day=sale.sitting.business_day,
        seq=seq,
        prev_hash=prev_hash,
        body=sale_body(sale),
    )


def a_void(sale: Sale, number: int = 2) -> Void:
    """The reversal of a sale by the attendant."""
    return Void(
        id=uuid7(),
        target=sale.id,
        target_day=sale.sitting.business_day,
        till=Till(SITE, "h1", "t1", number),
        sitting=sale.sitting,
        made_at=NOON,
        amount=-sale.total,
        actor="attendant",
        reason="点错了",
    )


def void_columns(void: Void) -> dict[str, Any]:
    return {
        "site_id": void.till.site,
        "business_day": void.sitting.business_day,
        "id": void.id,
        "target_day": void.target_day,
        "target_id": void.target,
        "terminal_id": void.till.terminal,
        "number": void.till.number,
        "hall": void.till.hall,
        "meal": void.sitting.meal,
        "made_at": void.made_at,
        "amount": void.amount,
        "actor": void.actor,
        "reason": void.reason,
    }


def a_void_fact(void: Void, seq: int, prev_hash: bytes = GENESIS) -> Fact:
    """The fact of a reversal."""
    return Fact(
        kind="void",
        schema=1,
        id=void.id,
        site_id=void.till.site,
        terminal_id=void.till.terminal,
        business_day=void.sitting.business_day,
        seq=seq,
        prev_hash=prev_hash,
        body=void_body(void),
    )


def a_till_fact_row(fact: Fact) -> TillFact:
    return TillFact(
        site_id=fact.site_id,
        business_day=fact.business_day,
        id=fact.id,
        terminal_id=fact.terminal_id,
        seq=fact.seq,
        prev_hash=fact.prev_hash,
        hash=fact.hash(),
        kind=fact.kind,
        schema=fact.schema,
        canonical=fact.canonical(),
        made_at=NOON,
    )


def an_office_fact_row(fact: Fact) -> OfficeFact:
    return OfficeFact(
        site_id=fact.site_id,
        business_day=fact.business_day,
        id=fact.id,
        terminal_id=fact.terminal_id,
        seq=fact.seq,
        prev_hash=fact.prev_hash,
        hash=fact.hash(),
        kind=fact.kind,
        schema=fact.schema,
        canonical=fact.canonical(),
        received_at=NOON,
    )


def a_received_row(fact: Fact) -> Received:
    return Received(
        site_id=fact.site_id,
        id=fact.id,
        hash=fact.hash(),
        answer=Answer.ACCEPTED,
        business_day=fact.business_day,
    )


def a_site_row() -> Site:
    return Site(site_id=SITE, name="银川市行政中心")


def a_dish_row(code: str = "tomato_eggs") -> OfficeDish:
    return OfficeDish(site_id=SITE, code=code, name="西红柿炒鸡蛋", initials="xhscjd")


def a_dish_version_row() -> DishVersion:
    return DishVersion(
        site_id=SITE,
        dish="tomato_eggs",
        version="1",
        name="西红柿炒鸡蛋",
        changed_at=NOON,
        changed_by="chef",
    )


def a_price_row(approved_by: str | None = "accountant") -> OfficePriceVersion:
    return OfficePriceVersion(
        site_id=SITE,
        id="p1",
        plan=Plan.DISH,
        item="tomato_eggs",
        price=Money(1_200),
        starts_day=DAY,
        starts_meal=Meal.LUNCH,
        proposed_by="manager",
        approved_by=approved_by,
    )


def a_consent_row(consent: UUID | None = None) -> ConsentRecord:
    return ConsentRecord(
        site_id=SITE,
        business_day=DAY,
        id=uuid7(),
        consent=str(consent or uuid7()),
        event=ConsentEvent.GIVEN,
        diner="d1",
        purpose=Purpose.FACE_PAYMENT,
        notice_version=1,
        notice_hash=bytes(32),
        channel=Channel.OFFICE,
        at=NOON,
        actor="clerk",
    )


def an_audit_row() -> Audit:
    return Audit(
        site_id=SITE,
        business_day=DAY,
        id=uuid7(),
        at=NOON,
        actor="clerk",
        action="enrol_face",
        subject_kind="diner",
        subject_id="d1",
        detail="{}",
    )
