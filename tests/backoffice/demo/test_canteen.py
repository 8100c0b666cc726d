"""The demo canteen has the reference site's shape, always the same for a seed."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from backoffice.demo.canteen import DAYS, FIRST_DAY, HALLS, Canteen, make_canteen
from backoffice.demo.dishes import Kind
from models.domain.mealtimes import Meal, Sitting
from models.domain.people import DinerGroup
from models.domain.pricing import Context
from models.domain.serving import Portion, VesselShape

MEALS = (Meal.BREAKFAST, Meal.LUNCH, Meal.DINNER)


@pytest.fixture(scope="module")
def canteen() -> Canteen:
    return make_canteen(seed=1)


def test_it_has_exactly_the_counts_of_the_reference_site(canteen: Canteen) -> None:
    assert len(canteen.halls) == 2
    assert len(canteen.organisations) == 87
    assert len(canteen.diners) == 3_741
    assert len(canteen.dishes) == 150


def test_the_same_seed_gives_the_same_canteen() -> None:
    assert make_canteen(seed=5) == make_canteen(seed=5)


def test_another_seed_gives_other_people_and_menus() -> None:
    one, other = make_canteen(seed=1), make_canteen(seed=2)
    assert one.diners != other.diners
    assert one.menus != other.menus


def test_every_figure_is_marked_as_an_estimate(canteen: Canteen) -> None:
    assert canteen.source == "estimate"


def test_names_codes_cards_and_phones_are_unique(canteen: Canteen) -> None:
    assert len({unit.name for unit in canteen.organisations}) == 87
    assert len({dish.name for dish in canteen.dishes}) == 150
    assert len({diner.card for diner in canteen.diners}) == 3_741
    assert len({diner.phone for diner in canteen.diners}) == 3_741


def test_no_phone_number_can_belong_to_a_stranger(canteen: Canteen) -> None:
    assert all(diner.phone.reveal().startswith("154") for diner in canteen.diners)


def test_every_diner_belongs_to_a_known_organisation(canteen: Canteen) -> None:
    known = {unit.code for unit in canteen.organisations}
    assert {diner.organisation for diner in canteen.diners} == known


def test_exactly_two_diners_pay_with_a_portrait(canteen: Canteen) -> None:
    portraits = [diner.portrait for diner in canteen.diners if diner.portrait]
    assert portraits == ["grace_hopper.jpg", "astronaut.png"]


def test_no_dish_of_the_halal_hall_contains_pork(canteen: Canteen) -> None:
    halal = {hall.code for hall in canteen.halls if hall.is_halal}
    dishes = [dish for dish in canteen.dishes if dish.hall in halal]
    assert len(dishes) == 70
    assert not any(dish.row.has_pork for dish in dishes)
    names = [m.material for d in dishes for m in d.row.ingredients]
    assert not any("猪" in m.name or m.kind is Kind.PORK for m in names)


def test_halls_share_no_vessel(canteen: Canteen) -> None:
    hall_of = {dish.code: dish.hall for dish in canteen.dishes}
    for serving in canteen.servings:
        assert serving.vessel
        assert serving.vessel.startswith(hall_of[serving.dish])


def test_bowls_and_plates_of_a_hall_differ_in_size(canteen: Canteen) -> None:
    for hall in HALLS:
        kinds = [
            kind
            for kind in canteen.vessels
            if kind.code.startswith(hall) and kind.shape is not VesselShape.BOX
        ]
        assert len(kinds) == 5
        assert len({(kind.shape, kind.size_mm) for kind in kinds}) == 5


def test_a_half_weighs_55_to_70_per_cent_of_a_whole(canteen: Canteen) -> None:
    halves = 0
    for dish in canteen.dishes:
        mass = {one.portion: one.mass for one in canteen.servings_of(dish.code)}
        whole, half = mass[Portion.WHOLE], mass.get(Portion.HALF)
        if whole and half:
            halves += 1
            share = half.mean_mg / whole.mean_mg
            assert Fraction(54, 100) < share < Fraction(71, 100)
    assert halves > 50


def test_a_meal_offers_20_to_30_dishes_of_its_own_hall(canteen: Canteen) -> None:
    assert len({entry.sitting.business_day for entry in canteen.menus}) == DAYS
    for hall in HALLS:
        for day in {entry.sitting.business_day for entry in canteen.menus}:
            for meal in MEALS:
                menu = canteen.on_menu(hall, Sitting(day, meal))
                assert 20 <= len(menu) <= 30
                assert {dish.hall for dish in menu} == {hall}


@pytest.mark.parametrize("group", list(DinerGroup))
def test_every_portion_on_a_menu_has_a_price_of_whole_jiao(
    canteen: Canteen, group: DinerGroup
) -> None:
    by_dish = {dish.code: canteen.servings_of(dish.code) for dish in canteen.dishes}
    for entry in canteen.menus:
        if entry.sitting.business_day != FIRST_DAY:
            continue
        context = Context(entry.hall, entry.sitting, group)
        assert by_dish[entry.dish]
        for serving in by_dish[entry.dish]:
            price = canteen.price(serving, context)
            assert price.fen > 0
            assert price.fen % 10 == 0


def test_outsiders_pay_more_than_staff_and_half_costs_half(canteen: Canteen) -> None:
    dish = next(d for d in canteen.dishes if d.name == "红烧肉")
    whole, _, half = canteen.servings_of(dish.code)
    lunch = Sitting(FIRST_DAY, Meal.LUNCH)
    staff = Context("H1", lunch, DinerGroup.STAFF)
    outside = Context("H1", lunch, DinerGroup.OUTSIDE)
    assert str(canteen.price(whole, staff)) == "￥14.00"
    assert str(canteen.price(half, staff)) == "￥7.00"
    assert str(canteen.price(whole, outside)) == "￥21.00"


def test_menus_begin_on_the_day_asked_for() -> None:
    canteen = make_canteen(first_day=date(2027, 1, 4))
    assert min(e.sitting.business_day for e in canteen.menus) == date(2027, 1, 4)
    monday = Sitting(date(2027, 1, 4), Meal.BREAKFAST)
    assert all(version.starts < monday for version in canteen.prices)
