"""Which price holds: the worked choices, freezing, approval, ties."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.errors import InvalidData
from models.domain.mealtimes import Meal, Sitting
from models.domain.people import DinerGroup
from models.domain.pricing import (
    Context,
    PriceFrozen,
    PriceList,
    PriceMissing,
    PriceTie,
    PriceVersion,
    Reach,
)
from models.domain.serving import Portion
from models.domain.tariffs import (
    BadTariff,
    ByWeight,
    Flat,
    MassNeeded,
    NotApproved,
    PerPortion,
    Plan,
    PortionNotSold,
    PricePolicy,
)
from models.domain.units import Mass, Money, PriceRounding
from tests.models.domain.made import START, TODAY, context, version
from tests.models.domain.worked import grams, money, sitting, table

TEN = PerPortion(Money(1000))
halls = st.none() | st.sampled_from(["H1", "H2"])
meals = st.none() | st.sampled_from(Meal)
groups = st.none() | st.sampled_from(DinerGroup)
reaches = st.builds(Reach, halls, meals, groups)
starts = st.builds(
    Sitting,
    st.integers(0, 3).map(lambda days: TODAY.business_day + timedelta(days=days)),
    st.sampled_from(Meal),
)
contexts = st.builds(
    Context, st.sampled_from(["H1", "H2"]), starts, st.sampled_from(DinerGroup)
)
tariffs = st.none() | st.integers(0, 5_000).map(lambda fen: PerPortion(Money(fen)))
versions = st.lists(
    st.tuples(reaches, starts, tariffs), unique_by=lambda one: one[:2], max_size=12
).map(
    lambda rows: [
        version(f"P{number}", "菜", tariff, reach, start)
        for number, (reach, start, tariff) in enumerate(rows)
    ]
)


def _on_file(row: dict[str, str]) -> PriceVersion:
    reach = Reach(
        row["hall"] or None,
        Meal(row["meal"]) if row["meal"] else None,
        DinerGroup(row["group"]) if row["group"] else None,
    )
    ended = row["whole"] == "ended"
    tariff = None if ended else PerPortion(money(row["whole"]))
    return version(row["id"], "菜", tariff, reach, sitting(row["starts"]))


README_LIST = PriceList(map(_on_file, table("Prices of one dish on file")))


@pytest.mark.parametrize("row", table("### Price chosen"), ids=str)
def test_the_price_that_holds_is_that_of_the_table(row: dict[str, str]) -> None:
    where = Context(row["hall"], sitting(row["sitting"]), DinerGroup(row["group"]))
    choice = README_LIST.choose(Plan.DISH, "菜", where)
    if row["version"] == "none":
        assert choice is None
    else:
        assert choice is not None
        assert choice.version.id == row["version"]
        assert README_LIST.price_of("菜", Portion.WHOLE, where) == money(row["price"])


@pytest.mark.parametrize("row", table("### Half price"), ids=lambda r: r["whole"])
@pytest.mark.parametrize("rule", PriceRounding)
def test_half_prices_are_those_of_the_table(
    row: dict[str, str], rule: PriceRounding
) -> None:
    whole = money(row["whole"])
    assert Fraction(whole.fen, 2) == Fraction(row["exact half"]) * 100
    assert PerPortion(whole).price(Portion.HALF, rule) == money(row[rule.value])


@pytest.mark.parametrize("row", table("### Small and double"), ids=str)
def test_small_and_double_portions_are_those_of_the_table(row: dict[str, str]) -> None:
    text = row["small is"]
    small = Fraction(text) if "/" in text else money(text) if text else None
    rules = PricePolicy(portion=PriceRounding(row["rule"]))
    prices = PriceList(
        [version("P1", "菜", PerPortion(money(row["whole"]), small))], [rules]
    )
    assert prices.price_of("菜", Portion.DOUBLE, context()) == money(
        row["double price"]
    )
    if row["small price"] == "not sold":
        with pytest.raises(PortionNotSold):
            prices.price_of("菜", Portion.SMALL, context())
    else:
        got = prices.price_of("菜", Portion.SMALL, context())
        assert got == money(row["small price"])


@pytest.mark.parametrize("row", table("### By weight"), ids=str)
def test_amounts_by_weight_are_those_of_the_table(row: dict[str, str]) -> None:
    tariff = ByWeight(money(row["price"]), grams(row["per"]))
    rules = PricePolicy(weight=PriceRounding(row["rule"]))
    prices = PriceList([version("P1", "菜", tariff)], [rules])
    got = prices.price_of("菜", Portion.WHOLE, context(), grams(row["mass"]))
    assert got == money(row["amount"])


@given(versions, contexts, st.data())
@settings(max_examples=50)
def test_the_order_of_entry_does_not_matter(
    rows: list[PriceVersion], where: Context, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    one, other = PriceList(rows), PriceList(shuffled)
    assert one.choose(Plan.DISH, "菜", where) == other.choose(Plan.DISH, "菜", where)


@given(versions, contexts)
@settings(max_examples=50)
def test_the_price_chosen_is_in_force_and_most_specific(
    rows: list[PriceVersion], where: Context
) -> None:
    choice = PriceList(rows).choose(Plan.DISH, "菜", where)
    fits = [v for v in rows if v.reach.covers(where) and v.starts <= where.sitting]
    latest = [
        v
        for v in fits
        if not any(o.reach == v.reach and o.starts > v.starts for o in fits)
    ]
    standing = [v for v in latest if v.tariff is not None]
    if choice is None:
        assert standing == []
    else:
        assert choice.version in standing
        ranks = [v.reach.rank for v in standing]
        assert ranks.count(choice.version.reach.rank) == 1
        assert max(ranks) == choice.version.reach.rank
        assert {choice.version, *choice.passed_over} == set(standing)


@given(versions, versions, starts, contexts)
@settings(max_examples=50)
def test_a_change_never_touches_the_running_meal_or_an_earlier_one(
    rows: list[PriceVersion],
    changes: list[PriceVersion],
    running: Sitting,
    where: Context,
) -> None:
    before = PriceList(rows)
    taken = {(v.reach, v.starts) for v in rows}
    later = [
        v for v in changes if v.starts > running and (v.reach, v.starts) not in taken
    ]
    after = before.amended(running, later)
    if where.sitting <= running:
        assert after.choose(Plan.DISH, "菜", where) == before.choose(
            Plan.DISH, "菜", where
        )


def test_a_change_to_the_running_meal_is_refused_with_all_its_rows() -> None:
    prices = PriceList([version("P1", "菜", TEN)])
    running = version("P2", "菜", TEN, starts=TODAY)
    past = version("P3", "汤", TEN, starts=START)
    dinner = version("P4", "菜", TEN, starts=Sitting(TODAY.business_day, Meal.DINNER))
    with pytest.raises(InvalidData) as refused:
        prices.amended(TODAY, [running, dinner, past])
    assert [problem.row for problem in refused.value.problems] == [1, 3]
    assert all(isinstance(p.error, PriceFrozen) for p in refused.value.problems)


def test_rules_are_frozen_for_the_running_meal_as_well() -> None:
    prices = PriceList([version("P1", "菜", PerPortion(Money(1050)))])
    tonight = Sitting(TODAY.business_day, Meal.DINNER)
    rules = PricePolicy(
        portion=PriceRounding.JIAO_DOWN,
        starts=tonight,
        proposed_by="manager",
        approved_by="clerk",
    )
    changed = prices.amended(TODAY, policies=[rules])
    evening = Context("H1", tonight, DinerGroup.STAFF)
    assert changed.price_of("菜", Portion.HALF, context()) == Money(530)
    assert changed.price_of("菜", Portion.HALF, evening) == Money(520)
    with pytest.raises(InvalidData):
        prices.amended(tonight, policies=[rules])


def test_a_price_needs_a_second_person() -> None:
    proposed = PriceVersion("P1", Plan.DISH, "菜", TEN, START, "manager")
    with pytest.raises(InvalidData):
        PriceList([proposed])
    with pytest.raises(NotApproved):
        proposed.approved("manager")
    approved = PriceList([proposed.approved("clerk")])
    assert approved.price_of("菜", Portion.WHOLE, context()) == Money(1000)


def test_rules_need_a_second_person() -> None:
    with pytest.raises(InvalidData):
        PriceList([], [PricePolicy(starts=TODAY, proposed_by="a", approved_by="a")])
    with pytest.raises(InvalidData):
        PriceList([], [PricePolicy(), PricePolicy()])


def test_two_equal_prices_are_refused_at_entry() -> None:
    by_weight = ByWeight(Money(298), Mass(100_000))
    rows = [version("P1", "菜", TEN), version("P2", "菜", by_weight)]
    with pytest.raises(InvalidData) as refused:
        PriceList(rows)
    [problem] = refused.value.problems
    assert isinstance(problem.error, PriceTie)
    assert problem.row == 2
    assert "P1、P2" in problem.error.message()


@pytest.mark.parametrize(
    ("plan", "tariff"),
    [
        (Plan.DISH, Flat(Money(100))),
        (Plan.VESSEL, TEN),
        (Plan.WEIGHT, TEN),
        (Plan.PLAIN, Flat(Money(100))),
        (Plan.INCLUDED, None),
        (Plan.DISH, PerPortion(Money(-1))),
        (Plan.DISH, PerPortion(Money(100), Money(101))),
        (Plan.DISH, PerPortion(Money(100), Money(-1))),
        (Plan.DISH, PerPortion(Money(100), Fraction(0))),
        (Plan.DISH, PerPortion(Money(100), Fraction(3, 2))),
        (Plan.WEIGHT, ByWeight(Money(100), Mass(0))),
        (Plan.BUFFET, Flat(Money(-100))),
    ],
)
def test_amounts_that_cannot_be_a_price_are_refused(
    plan: Plan, tariff: PerPortion | ByWeight | Flat | None
) -> None:
    bad = PriceVersion("P1", plan, "菜", tariff, START, "manager", "clerk")
    with pytest.raises(InvalidData) as refused:
        PriceList([bad])
    assert isinstance(refused.value.problems[0].error, BadTariff)


@pytest.mark.parametrize(
    ("plan", "tariff"),
    [
        (Plan.DISH, PerPortion(Money(0), Money(0))),
        (Plan.DISH, PerPortion(Money(100), Fraction(1))),
        (Plan.WEIGHT, ByWeight(Money(0), Mass(1))),
        (Plan.BUFFET, Flat(Money(0))),
        (Plan.SET_MEAL, None),
    ],
)
def test_a_price_may_be_nothing_or_end(
    plan: Plan, tariff: PerPortion | ByWeight | Flat | None
) -> None:
    free = PriceVersion("P1", plan, "汤", tariff, START, "manager", "clerk")
    assert PriceList([free]).versions == (free,)


def test_every_dish_without_a_price_is_named_at_once() -> None:
    prices = PriceList([version("P1", "米饭", TEN)])
    dishes = ["红烧肉", "米饭", "凉拌黄瓜"]
    assert prices.missing(dishes, context()) == ("红烧肉", "凉拌黄瓜")
    with pytest.raises(PriceMissing) as missing:
        prices.require(dishes, context())
    assert missing.value.items == ("红烧肉", "凉拌黄瓜")
    assert "红烧肉、凉拌黄瓜" in missing.value.message()
    prices.require(["米饭"], context())


@pytest.mark.parametrize("mass", [None, Mass(0), Mass(-1)])
def test_sold_by_weight_needs_a_weight(mass: Mass | None) -> None:
    prices = PriceList([version("P1", "菜", ByWeight(Money(298), Mass(100_000)))])
    with pytest.raises(MassNeeded):
        prices.price_of("菜", Portion.WHOLE, context(), mass)


@given(
    st.integers(0, 10_000),
    st.integers(1, 10**6),
    st.tuples(st.integers(1, 10**7), st.integers(1, 10**7)),
    st.sampled_from(PriceRounding),
)
def test_more_of_it_never_costs_less(
    fen: int, per: int, masses: tuple[int, int], rule: PriceRounding
) -> None:
    tariff = ByWeight(Money(fen), Mass(per))
    less, more = sorted(masses)
    assert tariff.amount(Mass(less), rule) <= tariff.amount(Mass(more), rule)


@given(
    st.integers(0, 10**6),
    st.fractions(Fraction(1, 100), 1),
    st.sampled_from(PriceRounding),
)
def test_a_larger_portion_never_costs_less(
    fen: int, share: Fraction, rule: PriceRounding
) -> None:
    tariff = PerPortion(Money(fen), share)
    prices = {portion: tariff.price(portion, rule) for portion in Portion}
    half, small, whole, double = (
        prices[portion] or Money(0)
        for portion in (Portion.HALF, Portion.SMALL, Portion.WHOLE, Portion.DOUBLE)
    )
    assert max(half, small) <= whole <= double


def test_a_price_is_explained_in_chinese() -> None:
    where = Context("H2", sitting("2026-11-23 dinner"), DinerGroup.STAFF)
    first, *over, last = README_LIST.explain("菜", Portion.HALF, where)
    assert first == "价目 P6：任何人员·H2·晚餐，自 2026-11-01 早餐 起"
    assert over == [
        "优先于价目 P3：任何人员·H2·任何餐次",
        "优先于价目 P2：任何人员·任何餐厅·晚餐",
        "优先于价目 P5：任何人员·任何餐厅·任何餐次",
    ]
    assert last == "整份 ￥9.50，半份 ￥4.80，四舍五入到角"


def test_a_price_by_weight_is_explained_with_its_pair() -> None:
    prices = PriceList([version("P1", "菜", ByWeight(Money(298), Mass(100_000)))])
    *_, last = prices.explain("菜", Portion.WHOLE, context())
    assert last == "称重：每 100 g ￥2.98，四舍五入到分"
    with pytest.raises(PriceMissing):
        prices.explain("汤", Portion.WHOLE, context())
