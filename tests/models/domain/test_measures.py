"""Units of a material: the worked numbers, chains and contradictions."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.errors import DomainError, MissingConversion
from models.domain.measures import (
    BadConversion,
    ContradictoryConversion,
    Conversion,
    Measures,
)
from models.domain.units import Mass
from tests.models.domain.worked import table

positive = st.fractions(min_value=Fraction(1, 10**4), max_value=10**4)
amounts = st.fractions(min_value=-(10**6), max_value=10**6)
_REFUSALS: dict[str, type[DomainError]] = {
    "missing": MissingConversion,
    "contradictory": ContradictoryConversion,
}


def _known(text: str) -> list[Conversion]:
    return [
        Conversion.of(*found) for found in re.findall(r"(\w+) = ([\d.]+) (\w+)", text)
    ]


@pytest.mark.parametrize("row", table("### Conversions"), ids=str)
def test_conversions_are_those_of_the_table(row: dict[str, str]) -> None:
    amount, source = row["from"].split()
    known = _known(row["material knows"])
    if refusal := _REFUSALS.get(row["result"]):
        with pytest.raises(refusal):
            Measures(known).convert(Fraction(amount), source, row["to"])
    else:
        got = Measures(known).convert(Fraction(amount), source, row["to"])
        assert got == Fraction(row["result"])


def test_a_missing_conversion_names_both_units() -> None:
    with pytest.raises(MissingConversion) as missing:
        Measures().convert(Fraction(1), "箱", "kg")
    assert "“箱”" in missing.value.message()
    assert "“kg”" in missing.value.message()


def test_a_contradiction_names_both_numbers() -> None:
    own = [Conversion.of("袋", 25, "kg"), Conversion.of("袋", 40, "斤")]
    with pytest.raises(ContradictoryConversion) as refused:
        Measures(own)
    assert "40" in refused.value.message()
    assert "50" in refused.value.message()


def test_the_shortest_chain_is_taken() -> None:
    own = [
        Conversion.of("箱", 12, "瓶"),
        Conversion.of("瓶", 500, "ml"),
        Conversion.of("箱", 6, "L"),
    ]
    chain = Measures(own).chain("箱", "L")
    assert chain == (Conversion.of("箱", 6, "L"),)


@pytest.mark.parametrize("factor", [0, -25])
def test_a_factor_must_be_above_zero(factor: int) -> None:
    with pytest.raises(BadConversion):
        Conversion.of("袋", factor, "kg")


@given(positive, positive, amounts)
def test_converting_there_and_back_loses_nothing(
    bag: Fraction, box: Fraction, amount: Fraction
) -> None:
    own = [Conversion("袋", bag, "kg"), Conversion("箱", box, "袋")]
    measures = Measures(own)
    there = measures.convert(amount, "箱", "斤")
    assert measures.convert(there, "斤", "箱") == amount


@given(positive, positive, st.permutations(range(3)))
def test_the_order_of_recording_does_not_matter(
    bag: Fraction, box: Fraction, order: list[int]
) -> None:
    own = [
        Conversion("袋", bag, "kg"),
        Conversion("箱", box, "袋"),
        Conversion("箱", bag * box * 2, "斤"),
    ]
    shuffled = Measures([own[index] for index in order])
    assert shuffled.convert(Fraction(1), "箱", "g") == bag * box * 1000


@given(positive, positive)
def test_recording_a_fact_backwards_is_the_same_fact(
    bag: Fraction, amount: Fraction
) -> None:
    fact = Conversion("袋", bag, "kg")
    forwards, backwards = Measures([fact]), Measures([fact.inverse()])
    assert forwards.convert(amount, "袋", "g") == backwards.convert(amount, "袋", "g")


def test_a_mass_is_rounded_once_to_the_milligram() -> None:
    egg = Measures([Conversion.of("个", "55", "g")])
    assert egg.mass(Fraction(1, 3), "个") == Mass(18_333)
    assert egg.mass(Fraction(2, 3), "个") == Mass(36_667)
