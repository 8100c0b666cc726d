"""Portions and what they weigh: learning is exact and can be undone."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.serving import Portion, PortionMass
from models.domain.units import Mass
from tests.models.domain.worked import grams, table

masses = st.integers(1, 2_000_000).map(Mass)
learned = st.builds(PortionMass.from_recipe, masses, masses, worth=st.integers(1, 10))


@pytest.mark.parametrize("row", table("### Learning"), ids=str)
def test_learning_gives_the_numbers_of_the_table(row: dict[str, str]) -> None:
    mass = PortionMass.from_recipe(
        grams(row["recipe mean"]), grams(row["recipe spread"])
    )
    for weighed in filter(None, row["weighed"].split(",")):
        mass = mass.taught(grams(weighed))
    assert mass.count == int(row["n"])
    assert mass.mean_mg == Fraction(row["mean in g"]) * 1_000
    assert mass.variance_mg2 == Fraction(row["variance in g2"]) * 1_000_000


@given(masses, masses, st.integers(1, 10))
def test_a_recipe_is_its_mean_and_spread(mean: Mass, spread: Mass, worth: int) -> None:
    mass = PortionMass.from_recipe(mean, spread, worth)
    assert mass.mean_mg == mean.mg
    assert mass.variance_mg2 == spread.mg**2


@given(learned, st.lists(masses, max_size=8), st.data())
def test_taking_back_in_any_order_undoes_teaching(
    start: PortionMass, weighed: list[Mass], data: st.DataObject
) -> None:
    mass = start
    for one in weighed:
        mass = mass.taught(one)
    for one in data.draw(st.permutations(weighed)):
        mass = mass.untaught(one)
    assert mass == start


@given(learned, st.lists(masses, min_size=1, max_size=8), st.data())
def test_the_order_of_teaching_does_not_matter(
    start: PortionMass, weighed: list[Mass], data: st.DataObject
) -> None:
    one, other = start, start
    for mass in weighed:
        one = one.taught(mass)
    for mass in data.draw(st.permutations(weighed)):
        other = other.taught(mass)
    assert one == other


@given(learned, st.lists(masses, max_size=8))
def test_a_variance_is_never_negative(start: PortionMass, weighed: list[Mass]) -> None:
    mass = start
    for one in weighed:
        mass = mass.taught(one)
    assert mass.variance_mg2 >= 0


def test_every_portion_has_a_chinese_name() -> None:
    assert [portion.chinese for portion in Portion] == ["整份", "小份", "半份", "双份"]
