"""A tray, step by step: the worked trays and purses, and that nothing is lost."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.people import DinerGroup
from models.domain.pricing import BadOrder, Context, PriceList, PriceMissing
from models.domain.quote import (
    Ordered,
    PlatePricing,
    Purse,
    PurseKind,
    StepKind,
    quote,
    split_purses,
)
from models.domain.serving import Portion
from models.domain.tariffs import Discount, Level, MassNeeded, Plan, PricePolicy
from models.domain.units import NO_MONEY, Mass, Money, Ppm
from tests.models.domain.made import (
    TEN_PERCENT,
    context,
    contexts,
    policies,
    readme_prices,
    trays,
)
from tests.models.domain.worked import grams, money, table

_LINE = re.compile(
    r"(?:(?P<plan>vessel|buffet|set_meal|plain|included) )?(?P<item>\S+)"
    r"(?: (?P<portion>half))?(?: x(?P<count>\d))?(?: (?P<mass>\d+ g))?"
    r"(?: (?P<amount>[\d.]+))?"
)


def _ordered(text: str) -> Ordered:
    found = _LINE.fullmatch(text.strip())
    assert found, text
    return Ordered(
        Plan(found["plan"] or "dish"),
        found["item"],
        Portion(found["portion"] or "whole"),
        int(found["count"] or 1),
        grams(found["mass"]) if found["mass"] else None,
        money(found["amount"]) if found["amount"] else None,
    )


@pytest.mark.parametrize("row", table("### Trays"), ids=lambda row: row["tray"])
def test_trays_cost_what_the_table_says(row: dict[str, str]) -> None:
    tray = [_ordered(text) for text in row["tray"].split(",")]
    got = quote(readme_prices(), tray, context(DinerGroup(row["group"])))
    assert got.listed == money(row["listed"])
    assert got.discount == money(row["discount"])
    assert got.rounding == money(row["rounding"])
    assert got.total == money(row["total"])


@given(trays, policies, contexts)
@settings(max_examples=50)
def test_lines_add_up_to_the_tray_and_steps_to_the_lines(
    tray: tuple[Ordered, ...], rules: PricePolicy, where: Context
) -> None:
    got = quote(PriceList(readme_prices().versions, [rules]), tray, where)
    assert [line.ordered for line in got.lines] == list(tray)
    assert got.total == sum((line.due for line in got.lines), NO_MONEY)
    assert got.total == got.listed - got.discount + got.rounding
    for line in got.lines:
        assert line.due == sum((step.amount for step in line.steps), NO_MONEY)
        assert line.due == line.listed - line.discount + line.rounding
        assert line.listed == line.unit * line.ordered.count
        assert min(line.listed, line.discount, line.due) >= NO_MONEY
        order = [list(StepKind).index(step.kind) for step in line.steps]
        assert order == sorted(order)


@given(trays, policies, contexts, st.data())
@settings(max_examples=50)
def test_the_order_on_the_tray_does_not_change_the_total(
    tray: tuple[Ordered, ...], rules: PricePolicy, where: Context, data: st.DataObject
) -> None:
    prices = PriceList(readme_prices().versions, [rules])
    shuffled = data.draw(st.permutations(tray))
    assert quote(prices, tray, where).total == quote(prices, shuffled, where).total


@given(trays, contexts)
def test_without_discounts_a_tray_costs_its_list_prices(
    tray: tuple[Ordered, ...], where: Context
) -> None:
    got = quote(PriceList(readme_prices().versions), tray, where)
    assert got.total == got.listed
    alone = [quote(PriceList(readme_prices().versions), [o], where) for o in tray]
    assert got.total == sum((one.total for one in alone), NO_MONEY)


def test_every_step_of_a_line_is_kept() -> None:
    tray = [Ordered(Plan.DISH, "红烧肉", Portion.HALF, 2)]
    [line] = quote(readme_prices(), tray, context(DinerGroup.CONTRACT_WORKER)).lines
    assert [(step.kind, step.amount.fen, step.source) for step in line.steps] == [
        (StepKind.LIST, 1550, "P1"),
        (StepKind.PORTION, -770, None),
        (StepKind.COUNT, 780, None),
        (StepKind.LINE_DISCOUNT, -156, "D1"),
        (StepKind.TRAY_DISCOUNT, -70, "D2"),
        (StepKind.ROUNDING, -4, None),
    ]


def test_a_dish_sold_by_weight_becomes_a_line_by_weight() -> None:
    tray = [Ordered(Plan.DISH, "凉拌黄瓜", mass=Mass(123_000))]
    [line] = quote(readme_prices(), tray, context()).lines
    assert (line.plan, line.version) == (Plan.WEIGHT, "P4")


def test_everything_without_a_price_is_named() -> None:
    tray = [
        Ordered(Plan.DISH, "鱼"),
        Ordered(Plan.DISH, "米饭"),
        Ordered(Plan.VESSEL, "红盘"),
    ]
    with pytest.raises(PriceMissing) as missing:
        quote(readme_prices(), tray, context())
    assert missing.value.items == ("鱼", "红盘")


@pytest.mark.parametrize(
    "bad",
    [
        Ordered(Plan.DISH, "米饭", count=0),
        Ordered(Plan.DISH, "米饭", amount=Money(1)),
        Ordered(Plan.PLAIN, "水"),
        Ordered(Plan.PLAIN, "水", amount=Money(-1)),
        Ordered(Plan.INCLUDED, "米饭"),
        Ordered(Plan.DISH, "凉拌黄瓜", count=2, mass=Mass(1)),
    ],
)
def test_a_line_that_cannot_be_priced_says_why(bad: Ordered) -> None:
    with pytest.raises(BadOrder) as refused:
        quote(readme_prices(), [bad], context())
    assert bad.item in refused.value.message()


def test_a_dish_by_weight_that_was_not_weighed_is_refused() -> None:
    with pytest.raises(MassNeeded):
        quote(readme_prices(), [Ordered(Plan.DISH, "凉拌黄瓜")], context())


def test_an_empty_tray_costs_nothing() -> None:
    assert quote(readme_prices(), [], context()).total == NO_MONEY


@pytest.mark.parametrize("off", [Ppm(-1), Ppm(1_000_001), Money(-1)])
def test_a_discount_takes_off_something_between_nothing_and_all(
    off: Ppm | Money,
) -> None:
    with pytest.raises(ValueError, match="takes off"):
        Discount("D", Level.TRAY, off)


def test_a_fixed_discount_never_takes_more_than_is_left() -> None:
    assert Discount("D", Level.TRAY, Money(500)).taken_from(Money(300)) == Money(300)


@pytest.mark.parametrize(("order", "total"), [((0, 1), 810), ((1, 0), 800)])
def test_discounts_are_taken_in_the_order_of_the_rules(
    order: tuple[int, int], total: int
) -> None:
    both = (
        Discount("yuan", Level.TRAY, Money(100)),
        Discount("tenth", Level.TRAY, TEN_PERCENT),
    )
    rules = PricePolicy(discounts=tuple(both[index] for index in order))
    prices = PriceList(readme_prices().versions, [rules])
    tray = [Ordered(Plan.PLAIN, "水", amount=Money(1000))]
    assert quote(prices, tray, context()).total == Money(total)


@pytest.mark.parametrize("row", table("### Purses"), ids=str)
def test_purses_pay_what_the_table_says(row: dict[str, str]) -> None:
    meals = frozenset(Plan) - {Plan.PLAIN}
    cap = money(row["cap"]) if row["cap"] else None
    split = split_purses(
        [(Plan.DISH, money(row["meals"])), (Plan.PLAIN, money(row["plain"]))],
        [
            Purse(PurseKind.SUBSIDY, money(row["subsidy balance"]), cap, meals),
            Purse(PurseKind.GIFT, money(row["gift balance"])),
            Purse(PurseKind.CASH, money(row["cash balance"])),
        ],
    )
    paid = {share.kind.value: share.amount for share in split.shares}
    assert paid == {kind: money(row[f"{kind} pays"]) for kind in paid}
    assert split.short == money(row["short"])


amounts = st.lists(
    st.tuples(st.sampled_from(Plan), st.integers(0, 5_000).map(Money)), max_size=6
)
purses = st.lists(
    st.builds(
        Purse,
        st.sampled_from(PurseKind),
        st.integers(-5_000, 20_000).map(Money),
        st.none() | st.integers(-100, 3_000).map(Money),
        st.none() | st.frozensets(st.sampled_from(Plan)),
    ),
    max_size=4,
)


@given(amounts, purses)
def test_purses_pay_the_total_and_never_past_their_limits(
    owed: list[tuple[Plan, Money]], held: list[Purse]
) -> None:
    split = split_purses(owed, held)
    total = sum((amount for _, amount in owed), NO_MONEY)
    paid = sum((share.amount for share in split.shares), NO_MONEY)
    assert paid + split.short == total
    assert split.short >= NO_MONEY
    for purse, share in zip(held, split.shares, strict=True):
        allowed = sum((m for plan, m in owed if purse.buys(plan)), NO_MONEY)
        limits = [purse.balance, allowed, *([] if purse.cap is None else [purse.cap])]
        assert NO_MONEY <= share.amount <= max(NO_MONEY, min(limits))


def test_purse_names_are_those_of_the_receipt() -> None:
    assert [kind.chinese for kind in PurseKind] == ["补贴", "赠款", "现金"]


def test_a_site_that_prices_by_dish_orders_dishes() -> None:
    by_dish = PlatePricing()
    assert by_dish.order("米饭", Portion.HALF, "蓝盘") == Ordered(
        Plan.DISH, "米饭", Portion.HALF
    )
    with pytest.raises(BadOrder):
        by_dish.order(None, Portion.WHOLE, "蓝盘")


def test_a_site_that_prices_by_vessel_takes_dishes_over_one_by_one() -> None:
    site = PlatePricing(by_vessel=True, proven=frozenset({"米饭"}))
    assert site.order("鱼", Portion.HALF, "蓝盘").plan is Plan.VESSEL
    assert site.order(None, Portion.WHOLE, "蓝盘").item == "蓝盘"
    assert site.order("米饭", Portion.WHOLE, "蓝盘").plan is Plan.DISH
    with pytest.raises(BadOrder, match="鱼"):
        site.order("鱼", Portion.WHOLE, None)
