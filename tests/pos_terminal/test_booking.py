"""From a charged tray to the sale: lines, masses, questions and totals."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from models.domain.evidence import Candidate, Charge, Question, Reason, Served
from models.domain.people import DinerGroup
from models.domain.pricing import BadOrder, Reach
from models.domain.sale import MassSource
from models.domain.serving import Portion
from models.domain.tariffs import ByWeight, Flat, MassNeeded, PerPortion, Plan
from models.domain.units import Mass, Money, Ppm
from models.recognition.portion_evidence import PlateSeen, TraySeen, Weighing
from models.recognition.portions import Settler
from models.tables.sales import Evidence
from pos_terminal.booking import Booking, TotalDiffers, evidence_of, sale_of
from pos_terminal.flows.checkout import TapAnswer
from tests.makers import NOON
from tests.pos_terminal.local_canteen import (
    DAY,
    LUNCH,
    a_dish,
    catalogue,
    charged,
    committing,
    on_sale,
    set_policy,
    tray_of,
)
from tests.pos_terminal.test_catalogue import price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domain.sale import Sale
    from pos_terminal.catalogue import Catalogue
    from pos_terminal.store import Store

FISH = Served("鱼", Portion.WHOLE, Money(600))
HALF_FISH = Served("鱼", Portion.HALF, Money(300))
SHRIMP = Served("虾", Portion.WHOLE, Money(900))
BOTH = (Portion.WHOLE, Portion.HALF)


@pytest.fixture
def menu(local: Store) -> Catalogue:
    fish = a_dish("鱼", portions=BOTH)
    return on_sale(local, fish, a_dish("虾", PerPortion(Money(900)), vessel="B"))


def booked(
    store: Store,
    charge: Charge,
    seen: TraySeen,
    answers: Sequence[TapAnswer] = (),
    jpeg: bytes | None = b"a tray",
) -> Sale:
    """Make the sale of a charged tray, as the till does."""
    booking = Booking(
        catalogue(store), store.till, committing(charge, answers), seen, NOON
    )
    evidence = evidence_of(booking, jpeg)
    return store.commit(
        DAY, lambda number: sale_of(booking, number, evidence), evidence
    )


def settled(store: Store, seen: TraySeen) -> tuple[Charge, Sale]:
    """Let the settler charge a tray at today's prices, and book it."""
    offers = catalogue(store).offers()
    verdict = Settler(offers).settle(seen).verdict
    assert isinstance(verdict, Charge), verdict
    return verdict, booked(store, verdict, seen)


def test_every_plate_with_food_becomes_a_line(local: Store, menu: Catalogue) -> None:
    seen = tray_of("鱼", "虾", "虾")
    sale = booked(local, charged(FISH, None, SHRIMP), seen)
    assert [(line.item, line.paid) for line in sale.lines] == [
        ("鱼", Money(600)),
        ("虾", Money(900)),
    ]
    assert (sale.total, sale.sitting, sale.till.number) == (Money(1_500), LUNCH, 1)
    first = sale.lines[0]
    assert (first.plan, first.dish_version, first.vessel) == (Plan.DISH, "1", "P")
    assert (first.posterior, first.served_at) == (998_000, NOON)
    assert first.price_version == menu.prices.versions[0].id


def test_a_tray_with_nothing_to_pay_makes_no_sale(
    local: Store, menu: Catalogue
) -> None:
    assert menu.menu == ("鱼", "虾")
    with pytest.raises(ValueError, match="it has a line"):
        booked(local, charged(None), tray_of("鱼"))
    assert [fact for fact in local.facts() if fact.kind == "sale"] == []


def test_prices_are_those_of_the_payers_group(local: Store, menu: Catalogue) -> None:
    workers = Reach(group=DinerGroup.CONTRACT_WORKER)
    price(local, Plan.DISH, "鱼", PerPortion(Money(660)), workers)
    dearer = replace(FISH, price=Money(660))
    commit = committing(charged(dearer), group=DinerGroup.CONTRACT_WORKER)
    booking = Booking(catalogue(local), local.till, commit, tray_of("鱼"), NOON)
    sale = sale_of(booking, 1, evidence_of(booking, None))
    assert sale.total == Money(660)
    assert sale.tray is None
    assert menu.names["鱼"] == "鱼"


@pytest.mark.parametrize(
    ("seen", "source"),
    [
        (tray_of("鱼"), MassSource.LEARNED),
        (tray_of("鱼", grams=500), MassSource.MEASURED),
        (tray_of("鱼", "虾", grams=900), MassSource.INFERRED),
    ],
)
def test_a_line_says_how_its_mass_is_known(
    local: Store, menu: Catalogue, seen: TraySeen, source: MassSource
) -> None:
    served = (FISH, SHRIMP)[: len(seen.plates)]
    sale = booked(local, charged(*served), seen)
    [mass, *_] = [line.mass for line in sale.lines]
    assert mass is not None
    assert (mass.source, mass.mass) == (source, Mass(200_000))
    assert mass.variance_mg2 == 9_000_000
    assert "鱼" in menu.names


def test_a_plate_weighed_by_itself_is_measured_among_others(
    local: Store, menu: Catalogue
) -> None:
    seen = tray_of("鱼", "虾", grams=900)
    apart = replace(seen.plates[1], mass=Mass(400_000))
    sale = booked(local, charged(FISH, SHRIMP), seen.with_plate(1, apart))
    sources = [line.mass.source for line in sale.lines if line.mass]
    assert sources == [MassSource.INFERRED, MassSource.MEASURED]
    assert "虾" in menu.names


def test_a_plate_beside_a_telephone_is_not_measured(
    local: Store, menu: Catalogue
) -> None:
    seen = replace(tray_of("鱼", grams=700), disturbed=(Reason.FOREIGN_OBJECT,))
    [line] = booked(local, charged(FISH), seen).lines
    assert line.mass is not None
    assert line.mass.source is MassSource.INFERRED
    assert "鱼" in menu.names


@pytest.mark.parametrize(("taken", "chosen"), [(FISH, 0), (HALF_FISH, 1), (None, None)])
def test_the_question_and_the_answer_are_kept_with_the_line(
    local: Store, menu: Catalogue, taken: Served | None, chosen: int | None
) -> None:
    options = (Candidate(FISH, Ppm(600_000)), Candidate(HALF_FISH, Ppm(300_000)))
    question = Question(1, options, Reason.TWO_TOO_CLOSE)
    seen = tray_of("虾", "鱼")
    answers = [TapAnswer(question, taken)]
    sale = booked(local, charged(SHRIMP, taken or FISH), seen, answers)
    assert sale.lines[0].asked is None
    asked = sale.lines[1].asked
    assert asked is not None
    assert (asked.chosen, asked.reason) == (chosen, Reason.TWO_TOO_CLOSE)
    assert asked.options == (("鱼", Portion.WHOLE), ("鱼", Portion.HALF))
    assert "鱼" in menu.names


def test_evidence_says_why_and_is_kept_as_long_as_the_site_wants(
    local: Store, menu: Catalogue
) -> None:
    set_policy(local, evidence_days=30)
    sale = booked(local, charged(FISH), tray_of("鱼", grams=500))
    with local.reading() as session:
        [row] = session.scalars(select(Evidence))
    posterior = json.loads(row.posterior)
    assert (row.mass, posterior["total_ppm"]) == (Mass(500_000), 997_000)
    assert posterior["plates"][0]["dish"] == "鱼"
    assert (row.keep_until - DAY).days == 30
    assert row.picture_hash == sha256(b"a tray").digest()
    assert sale.tray == sha256(b"a tray").hexdigest()
    assert (local.pictures / f"{sale.tray}.jpg").read_bytes() == b"a tray"
    assert "鱼" in menu.names


def test_a_line_names_the_tag_or_the_likeliest_vessel_by_sight(
    local: Store, menu: Catalogue
) -> None:
    likely = PlateSeen({}, vessels={"P": 0.3, "B": 0.7})
    tagged = replace(likely, tag="P")
    unknown = PlateSeen({})
    seen = TraySeen((likely, tagged, unknown))
    sale = booked(local, charged(FISH, FISH, FISH), seen)
    assert [line.vessel for line in sale.lines] == ["B", "P", None]
    assert "鱼" in menu.names


def test_what_the_screen_did_not_say_is_not_booked(
    local: Store, menu: Catalogue
) -> None:
    cheaper = replace(FISH, price=Money(500))
    with pytest.raises(TotalDiffers) as refused:
        booked(local, charged(cheaper), tray_of("鱼"))
    assert "￥5.00" in refused.value.message()
    assert "￥6.00" in refused.value.message()
    assert [fact for fact in local.facts() if fact.kind == "sale"] == []
    assert "鱼" in menu.names


@pytest.mark.parametrize("grams", [301, 417, 555, 1_234])
def test_a_dish_by_weight_costs_on_the_receipt_what_the_screen_said(
    local: Store, grams: int
) -> None:
    on_sale(local, a_dish("牛肉", ByWeight(Money(298), Mass(100_000))))
    charge, sale = settled(local, tray_of("牛肉", grams=grams))
    net = grams - 300
    assert sale.total == charge.total
    assert sale.total == Money(round(298 * net / 100 + 1e-9))
    assert (sale.lines[0].plan, sale.lines[0].weighed) == (Plan.WEIGHT, True)


def test_a_dish_by_weight_that_was_not_weighed_cannot_be_booked(local: Store) -> None:
    on_sale(local, a_dish("牛肉", ByWeight(Money(298), Mass(100_000))), a_dish("鱼"))
    beef = Served("牛肉", Portion.WHOLE, Money(596))
    with pytest.raises(MassNeeded):
        booked(local, charged(beef, FISH), tray_of("牛肉", "鱼", grams=900))


def by_vessel(store: Store, *proven: str) -> None:
    """A canteen that prices plates at 8.00 and bowls at 2.00, but for proven dishes."""
    set_policy(store, price_by="vessel", proven_dishes=proven)
    for vessel, fen in (("P", 800), ("B", 200)):
        price(store, Plan.VESSEL, vessel, Flat(Money(fen)), Reach())


def test_a_site_by_vessel_charges_the_vessel_and_keeps_the_dish(
    local: Store, menu: Catalogue
) -> None:
    by_vessel(local)
    charge, sale = settled(local, tray_of("鱼"))
    [line] = sale.lines
    assert (line.plan, line.item, line.dish) == (Plan.VESSEL, "P", "鱼")
    assert charge.total == sale.total == Money(800)
    assert "鱼" in menu.names


def test_a_proven_dish_of_a_site_by_vessel_costs_what_the_dish_costs(
    local: Store, menu: Catalogue
) -> None:
    by_vessel(local, "鱼")
    charge, sale = settled(local, tray_of("鱼", grams=500))
    assert (sale.lines[0].plan, sale.total) == (Plan.DISH, Money(600))
    assert charge.total == sale.total
    assert "鱼" in menu.names


def test_the_vessel_that_was_charged_stands_on_the_receipt(
    local: Store, menu: Catalogue
) -> None:
    by_vessel(local)
    unsure = PlateSeen({"虾": 1.0}, vessels={"P": 0.5001, "B": 0.4999})
    weighing = Weighing(Mass(400_000), Mass(1_000))
    charge, sale = settled(local, TraySeen((unsure,), weighing))
    assert charge.total == sale.total == Money(200)
    assert sale.lines[0].vessel == "B"
    assert "虾" in menu.names


def test_a_site_by_vessel_cannot_price_a_plate_of_no_known_vessel(
    local: Store, menu: Catalogue
) -> None:
    by_vessel(local)
    seen = TraySeen((PlateSeen({"鱼": 1.0}),))
    with pytest.raises(BadOrder):
        booked(local, charged(FISH), seen)
    assert "鱼" in menu.names


def test_rounding_the_tray_stands_on_the_receipt(local: Store) -> None:
    on_sale(local, a_dish("鱼", PerPortion(Money(605))))
    set_policy(local, total_rounding="jiao_down")
    _, sale = settled(local, tray_of("鱼", grams=500))
    assert (sale.total, sale.lines[0].rounding) == (Money(600), Money(-5))
