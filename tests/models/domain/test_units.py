"""Money, mass and rounding: the worked numbers and the laws of arithmetic."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.domain.errors import NotANumber
from models.domain.units import (
    NO_MASS,
    NO_MONEY,
    Mass,
    Money,
    PriceRounding,
    allocate,
    round_half_up,
)

fens = st.integers(-(10**9), 10**9)
moneys = fens.map(Money)
masses = fens.map(Mass)
fractions = st.fractions(min_value=-(10**6), max_value=10**6)
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=12)


@given(moneys, moneys, moneys)
def test_money_is_a_commutative_group(a: Money, b: Money, c: Money) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + NO_MONEY == a
    assert a + -a == a - a == NO_MONEY
    assert a - b == a + -b


@given(masses, masses, masses)
def test_mass_is_a_commutative_group(a: Mass, b: Mass, c: Mass) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + NO_MASS == a
    assert a + -a == a - a == NO_MASS


@given(moneys, moneys, st.integers(-50, 50))
def test_counting_distributes_over_adding(a: Money, b: Money, count: int) -> None:
    assert (a + b) * count == a * count + b * count


@given(moneys)
def test_money_is_read_back_as_it_is_printed(amount: Money) -> None:
    assert Money.from_yuan(str(amount)) == amount


@given(masses)
def test_mass_is_read_back_as_it_is_printed(mass: Mass) -> None:
    assert Mass.from_g(str(mass).removesuffix(" g")) == mass


@pytest.mark.parametrize(
    "text",
    ["13.5", " 13.50 ", "￥13.50", "\u00a513.5", "+13.50", "13。50", "１３．５０"],  # noqa: RUF001 - typed on a Chinese keyboard
)
def test_the_usual_ways_to_write_a_price_are_read(text: str) -> None:
    assert Money.from_yuan(text) == Money(1350)


@pytest.mark.parametrize(
    "text", ["", "abc", "13.505", "1e3", "1,350", "￥￥1", "--1", ".5", "nan", "½"]
)
def test_what_is_no_exact_amount_is_refused_with_its_unit(text: str) -> None:
    with pytest.raises(NotANumber) as refused:
        Money.from_yuan(text)
    assert "元" in refused.value.message()


def test_kilograms_and_grams_agree() -> None:
    assert Mass.from_kg("0.123456") == Mass.from_g("123.456") == Mass(123_456)


def test_money_and_mass_do_not_mix() -> None:
    with pytest.raises(AttributeError):
        Money(1) + Mass(1)  # type: ignore[operator]  # the very mistake


@given(fractions)
def test_rounding_is_within_half_and_symmetric(value: Fraction) -> None:
    rounded = round_half_up(value)
    assert abs(rounded - value) <= Fraction(1, 2)
    assert round_half_up(-value) == -rounded


@given(st.integers(-(10**6), 10**6))
def test_a_half_goes_away_from_zero(odd: int) -> None:
    value = Fraction(2 * odd + 1, 2)
    assert abs(round_half_up(value)) > abs(value)


@given(fractions, fractions, st.sampled_from(PriceRounding))
def test_every_rounding_rule_keeps_order(
    a: Fraction, b: Fraction, rule: PriceRounding
) -> None:
    low, high = sorted((a, b))
    assert rule.apply(low) <= rule.apply(high)


@given(fractions, st.sampled_from(PriceRounding))
def test_rounding_twice_changes_nothing(value: Fraction, rule: PriceRounding) -> None:
    once = rule.apply(value)
    assert rule.apply(Fraction(once.fen)) == once


@given(st.integers(0, 10**7), st.sampled_from(PriceRounding))
def test_two_halves_come_within_the_rule_of_the_whole(
    fen: int, rule: PriceRounding
) -> None:
    difference = rule.apply(Fraction(fen, 2)).fen * 2 - fen
    least, most = {
        PriceRounding.FEN: (0, 1),
        PriceRounding.JIAO_UP: (0, 19),
        PriceRounding.JIAO_HALF_UP: (-10, 10),
        PriceRounding.JIAO_DOWN: (-19, 0),
    }[rule]
    assert least <= difference <= most


def test_every_rule_has_a_chinese_name() -> None:
    assert len({rule.chinese for rule in PriceRounding}) == len(PriceRounding)


@given(moneys, weights)
def test_shares_add_up_and_stay_within_a_fen(amount: Money, parts: list[int]) -> None:
    shares = allocate(amount, parts)
    assert sum(shares, NO_MONEY) == amount
    whole = sum(parts) or len(parts)
    for share, part in zip(shares, parts, strict=True):
        exact = Fraction(amount.fen * (part if any(parts) else 1), whole)
        assert abs(share.fen - exact) < 1


@given(weights, st.data())
def test_no_share_goes_beyond_its_weight(parts: list[int], data: st.DataObject) -> None:
    assume(any(parts))
    amount = data.draw(st.integers(0, sum(parts)))
    shares = allocate(Money(amount), parts)
    assert all(0 <= s.fen <= part for s, part in zip(shares, parts, strict=True))


@given(moneys, weights)
def test_taking_back_mirrors_giving(amount: Money, parts: list[int]) -> None:
    assert allocate(-amount, parts) == tuple(-s for s in allocate(amount, parts))


@pytest.mark.parametrize(
    ("fen", "parts", "shares"),
    [
        (1, [1, 1], [1, 0]),
        (3, [0, 0], [2, 1]),
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (10, [700, 0, 300], [7, 0, 3]),
        (5, [2, 3, 6], [1, 1, 3]),
    ],
)
def test_the_largest_remainder_gets_the_fen(
    fen: int, parts: list[int], shares: list[int]
) -> None:
    assert [share.fen for share in allocate(Money(fen), parts)] == shares


def test_nothing_can_be_shared_out_among_nobody() -> None:
    with pytest.raises(ValueError, match="among"):
        allocate(Money(1), [])
