"""The sale and its reversal: what the constructors refuse."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given

from models.domain.evidence import Candidate, Question, Reason, Served
from models.domain.mealtimes import Meal, Sitting
from models.domain.people import DinerGroup
from models.domain.quote import Ordered, quote
from models.domain.sale import (
    Asked,
    Identified,
    KnownMass,
    MassSource,
    Payer,
    Recognised,
    Sale,
    SaleLine,
    SecondFactor,
    Till,
    Void,
)
from models.domain.serving import Portion
from models.domain.tariffs import Plan
from models.domain.units import CERTAIN, NO_MONEY, Mass, Money, Ppm
from tests.models.domain.made import (
    NOON,
    SALE_ID,
    TODAY,
    VOID_ID,
    context,
    readme_prices,
    sale_of,
    sales,
)

NAIVE = datetime(2026, 11, 23, 12, 0)  # noqa: DTZ001 - refused below


def _sale() -> Sale:
    tray = [
        Ordered(Plan.DISH, "红烧肉", Portion.HALF),
        Ordered(Plan.DISH, "凉拌黄瓜", mass=Mass(123_000)),
    ]
    return sale_of(quote(readme_prices(), tray, context()))


def _void(**changes: Any) -> Void:  # noqa: ANN401 - any field, any value
    sale = _sale()
    fields = {
        "id": VOID_ID,
        "target": sale.id,
        "target_day": sale.sitting.business_day,
        "till": replace(sale.till, number=8),
        "sitting": sale.sitting,
        "made_at": NOON,
        "amount": -sale.total,
        "actor": "p1",
        "reason": "多收一份",
    }
    return Void(**{**fields, **changes})


@given(sales())
def test_a_sale_is_the_sum_of_its_lines(sale: Sale) -> None:
    assert sale.total == sum((line.paid for line in sale.lines), NO_MONEY)
    rounding = sum((line.rounding for line in sale.lines), NO_MONEY)
    assert sale.total == sale.listed - sale.discount + rounding


def test_a_line_keeps_what_was_seen_and_what_it_cost() -> None:
    asked = Asked(Reason.TWO_TOO_CLOSE, (("d1", Portion.HALF),), 0)
    mass = KnownMass(Mass(95_000), MassSource.INFERRED, 4_000_000)
    seen = Recognised(NOON, "d1", "d1v3", "small", mass, Ppm(991_000), asked)
    tray = [Ordered(Plan.DISH, "红烧肉", Portion.HALF)]
    quoted = quote(readme_prices(), tray, context())
    line = SaleLine.of(quoted, quoted.lines[0], seen)
    assert (line.dish, line.dish_version, line.vessel) == ("d1", "d1v3", "small")
    assert (line.price_version, line.hall, line.meal) == ("P1", "H1", Meal.LUNCH)
    assert (line.mass, line.posterior, line.asked) == (mass, Ppm(991_000), asked)
    assert (line.listed, line.paid) == (Money(780), Money(700))


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ({"count": 0}, "count"),
        ({"paid": Money(1)}, "adds up"),
        ({"listed": Money(-1), "discount": Money(0), "paid": Money(-3)}, "negative"),
        ({"posterior": Ppm(1_000_001)}, "probability"),
        ({"posterior": Ppm(-1)}, "probability"),
        ({"price_version": None}, "version"),
        ({"plan": Plan.INCLUDED}, "included"),
        ({"plan": Plan.WEIGHT}, "measured"),
        ({"served_at": NAIVE}, "time zone"),
    ],
)
def test_a_line_that_cannot_be_is_a_broken_promise(
    change: dict[str, Any], promise: str
) -> None:
    line = _sale().lines[0]
    with pytest.raises(ValueError, match=promise):
        replace(line, **change)


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ({"total": Money(1)}, "add up"),
        ({"lines": (), "total": NO_MONEY}, "has a line"),
        ({"id": uuid4()}, "UUIDv7"),
        ({"payer": None}, "somebody pays"),
        ({"tray": "photo.jpg"}, "SHA-256"),
        ({"sitting": Sitting(TODAY.business_day, Meal.DINNER)}, "one hall and meal"),
        ({"till": Till("S1", "H2", "A1", 7)}, "one hall and meal"),
        ({"made_at": NAIVE}, "time zone"),
    ],
)
def test_a_sale_that_cannot_be_is_a_broken_promise(
    change: dict[str, Any], promise: str
) -> None:
    with pytest.raises(ValueError, match=promise):
        replace(_sale(), **change)


def test_included_dishes_need_what_includes_them() -> None:
    tray = [Ordered(Plan.BUFFET, "自助餐"), Ordered(Plan.INCLUDED, "红烧肉")]
    sale = sale_of(quote(readme_prices(), tray, context()))
    assert sale.total == Money(2500)
    with pytest.raises(ValueError, match="included"):
        replace(sale, lines=sale.lines[1:], total=NO_MONEY)


def test_one_person_pays_one_buffet_a_meal() -> None:
    tray = [Ordered(Plan.BUFFET, "自助餐")]
    first = sale_of(quote(readme_prices(), tray, context()))
    again = replace(first, id=VOID_ID)
    colleague = Payer("乙", DinerGroup.STAFF, Identified.CARD)
    dinner = Sitting(TODAY.business_day, Meal.DINNER)
    evening = replace(first.lines[0], meal=Meal.DINNER)
    assert again.repeats_buffet(first)
    assert not first.repeats_buffet(first)
    assert not replace(again, payer=colleague).repeats_buffet(first)
    assert not replace(again, sitting=dinner, lines=(evening,)).repeats_buffet(first)
    assert not replace(_sale(), id=VOID_ID).repeats_buffet(first)


def test_a_training_sale_needs_no_payer() -> None:
    assert replace(_sale(), payer=None, training=True).payer is None


def test_sale_numbers_count_from_one() -> None:
    with pytest.raises(ValueError, match="number"):
        Till("S1", "H1", "A1", 0)


@pytest.mark.parametrize(("mg", "variance"), [(-1, 0), (0, -1)])
def test_a_mass_or_variance_below_zero_is_a_broken_promise(
    mg: int, variance: int
) -> None:
    with pytest.raises(ValueError, match="variance"):
        KnownMass(Mass(mg), MassSource.LEARNED, variance)


def test_the_question_asked_is_kept_with_its_answer() -> None:
    options = tuple(
        Candidate(Served(dish, Portion.WHOLE, Money(800)), Ppm(400_000))
        for dish in ("d1", "d2")
    )
    asked = Asked.of(Question(0, options, Reason.TWO_TOO_CLOSE), 1)
    assert asked.options[1] == ("d2", Portion.WHOLE)
    with pytest.raises(ValueError, match="option 2"):
        replace(asked, chosen=2)
    assert replace(asked, chosen=None).chosen is None


def test_a_void_takes_back_exactly_one_sale() -> None:
    assert _void().reverses(_sale())
    other = UUID(int=SALE_ID.int + 10)
    assert not _void(target=other).reverses(_sale())
    assert not _void(amount=Money(-1)).reverses(_sale())
    assert not _void(training=True).reverses(_sale())
    assert _void(amount=NO_MONEY).amount == NO_MONEY  # of a free meal


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ({"id": uuid4()}, "UUIDv7"),
        ({"target": VOID_ID}, "another fact"),
        ({"amount": Money(1)}, "takes money back"),
        ({"reason": " "}, "who and why"),
        ({"actor": ""}, "who and why"),
        ({"made_at": NAIVE}, "time zone"),
    ],
)
def test_a_void_that_cannot_be_is_a_broken_promise(
    change: dict[str, Any], promise: str
) -> None:
    with pytest.raises(ValueError, match=promise):
        _void(**change)


def test_what_the_receipt_names_has_a_chinese_name() -> None:
    assert [one.chinese for one in Identified] == ["刷脸", "刷卡", "扫码", "人工"]
    assert len({one.chinese for one in SecondFactor}) == len(SecondFactor)


def test_a_posterior_is_certain_where_nothing_was_recognised() -> None:
    assert Recognised(NOON).posterior == CERTAIN
