"""Trays are charged when sure, asked about once when not, and never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.domain.evidence import Ask, Charge, Reason, Refuse, Served
from models.domain.serving import Portion
from models.domain.units import Mass, Money
from models.recognition.portion_evidence import (
    ByWeight,
    EmptyMenu,
    ImpossibleMass,
    Menu,
    PlateSeen,
    Policy,
    PricesMissing,
    TraySeen,
    UnknownVessel,
    Weighing,
)
from models.recognition.portions import Settlement, settle
from tests.models.recognition.portion_cases import (
    DISH,
    GRAM,
    LUNCH,
    PLATE,
    SURE_DISH,
    grams,
    offer,
    on_cells,
    seen,
    weighed,
)

POLICY = Policy(charge=0.98)


def charged(settlement: Settlement) -> Charge:
    assert isinstance(settlement.verdict, Charge), settlement
    return settlement.verdict


def asked(settlement: Settlement) -> Ask:
    assert isinstance(settlement.verdict, Ask), settlement
    return settlement.verdict


def refused(settlement: Settlement) -> Refuse:
    assert isinstance(settlement.verdict, Refuse), settlement
    return settlement.verdict


def test_a_clear_tray_is_charged_without_a_question() -> None:
    tray = weighed((seen("红烧肉", 0.999), seen("鱼香肉丝", 0.999)), 980)
    verdict = charged(settle(tray, LUNCH, POLICY))
    assert verdict.total == Money.from_yuan("22")
    assert [plate.served and plate.served.dish for plate in verdict.plates] == [
        "红烧肉",
        "鱼香肉丝",
    ]


def test_a_half_portion_is_known_by_its_vessel_and_mass() -> None:
    tray = weighed((seen("红烧肉", 0.999, vessels=SURE_DISH),), 290)
    verdict = charged(settle(tray, LUNCH, POLICY))
    assert verdict.plates[0].served == Served("红烧肉", Portion.HALF, Money(600))


def test_the_mass_settles_what_the_picture_leaves_open() -> None:
    menu = Menu((offer("豆腐", 4, 100), offer("牛肉", 15, 260)), (PLATE,))
    plate = PlateSeen({"豆腐": 0.5, "牛肉": 0.5})
    alone = asked(settle(TraySeen((plate,)), menu, POLICY))
    assert alone.question.reason is Reason.TWO_TOO_CLOSE
    heavy = charged(settle(weighed((plate,), 560), menu, POLICY))
    assert heavy.total == Money.from_yuan("15")


def test_four_cells_tell_which_plate_is_the_heavy_one() -> None:
    menu = Menu(
        (
            offer("豆腐", 4, 100),
            offer("牛肉", 15, 260),
            offer("鱼", 9, 260),
            offer("瓜", 7, 100),
        ),
        (PLATE,),
    )
    left = PlateSeen({"豆腐": 0.5, "牛肉": 0.5}, place_mm=(80, 150))
    right = PlateSeen({"鱼": 0.5, "瓜": 0.5}, place_mm=(320, 150))
    scale = on_cells([(400, 80, 150), (560, 320, 150)])
    tray = TraySeen((left, right), scale)
    assert charged(settle(tray, menu, POLICY)).total == Money.from_yuan("13")
    blind = replace(tray, weighing=Weighing(scale.total, GRAM))
    asked(settle(blind, menu, POLICY))


def test_dishes_of_one_price_need_no_question() -> None:
    menu = Menu((offer("白菜", 4, 150), offer("菠菜", 4, 150)), (PLATE,))
    tray = TraySeen((PlateSeen({"白菜": 0.5, "菠菜": 0.5}),))
    verdict = charged(settle(tray, menu, POLICY))
    assert verdict.total == Money.from_yuan("4")
    assert verdict.plates[0].price_ppm > 999_000
    assert verdict.plates[0].dish_ppm < 600_000


def test_the_question_is_about_the_doubtful_plate_and_an_answer_settles_it() -> None:
    plates = (seen("红烧肉", 0.9999), seen("鱼香肉丝", 0.55))
    tray = TraySeen(plates)
    question = asked(settle(tray, LUNCH, POLICY)).question
    assert question.plate == 1
    assert {option.what.dish for option in question.options} >= {"鱼香肉丝", "青菜"}
    pick = next(o.what for o in question.options if o.what.dish == "青菜")
    told = tray.with_plate(1, plates[1].with_answer(pick))
    assert charged(settle(told, LUNCH, POLICY)).total == Money.from_yuan("16")


def test_none_of_these_is_an_answer_too() -> None:
    tray = TraySeen((seen("红烧肉", 0.6),))
    question = asked(settle(tray, LUNCH, POLICY)).question
    out = tuple(option.what for option in question.options)
    rest = tray.with_plate(0, tray.plates[0].without(out))
    again = asked(settle(rest, LUNCH, POLICY)).question
    assert not {option.what for option in again.options} & set(out)


def test_told_wins_over_what_the_picture_excludes() -> None:
    plate = PlateSeen({"红烧肉": 1.0}, vessels=SURE_DISH)
    told = plate.with_answer(Served("青菜", Portion.WHOLE, Money(400)))
    assert charged(settle(TraySeen((told,)), LUNCH, POLICY)).total == Money(400)


def test_a_phone_on_the_tray_voids_the_mass_but_not_the_picture() -> None:
    plates = (seen("红烧肉", 0.9999), seen("鱼香肉丝", 0.9999))
    result = settle(weighed(plates, 980 + 400), LUNCH, POLICY)
    verdict = charged(result)
    assert verdict.total == Money.from_yuan("22")
    assert verdict.reasons == (Reason.MASS_DISAGREES,)
    assert result.void > 900_000
    honest = charged(settle(weighed(plates, 980), LUNCH, POLICY))
    assert honest.reasons == ()


def test_a_foreign_thing_seen_voids_the_mass_from_the_start() -> None:
    plates = (seen("红烧肉", 0.9999),)
    tray = replace(weighed(plates, 480), disturbed=(Reason.FOREIGN_OBJECT,))
    other = replace(weighed(plates, 900), disturbed=(Reason.FOREIGN_OBJECT,))
    first, second = (settle(each, LUNCH, POLICY) for each in (tray, other))
    assert first.prices == second.prices
    assert Reason.FOREIGN_OBJECT in charged(first).reasons


def test_an_empty_plate_costs_nothing_and_weighs_its_tare() -> None:
    empty = replace(seen("红烧肉"), state=Reason.EMPTY_PLATE)
    tray = weighed((seen("鱼香肉丝", 0.9999), empty), 800)
    verdict = charged(settle(tray, LUNCH, POLICY))
    assert verdict.total == Money.from_yuan("10")
    assert verdict.plates[1].served is None
    assert verdict.plates[1].reason is Reason.EMPTY_PLATE


def test_the_scale_contradicts_a_plate_that_only_looks_empty() -> None:
    bun = replace(seen("青菜", 0.99, other="红烧肉"), state=Reason.EMPTY_PLATE)
    tray = weighed((seen("鱼香肉丝", 0.9999), bun), 800 + 150)
    settled = settle(tray, LUNCH, POLICY)
    assert settled.plates[1][0].what == Served("青菜", Portion.WHOLE, Money(400))


def test_a_site_priced_by_vessel_keeps_the_price_of_a_proven_dish() -> None:
    prices = {"plate": Money(500), "dish": Money(300)}
    by_vessel = replace(LUNCH, vessel_prices=prices, proven=frozenset({"红烧肉"}))
    pork, greens = seen("红烧肉", 0.9999), seen("青菜", 0.9999, other="鱼香肉丝")
    assert charged(settle(TraySeen((greens,)), by_vessel, POLICY)).total == Money(500)
    assert charged(settle(TraySeen((pork,)), by_vessel, POLICY)).total == Money(1200)


@pytest.mark.parametrize(
    "state",
    [
        Reason.CUT_BY_FRAME,
        Reason.HAND_IN_PICTURE,
        Reason.GLARE,
        Reason.TWO_DISHES_ON_PLATE,
    ],
)
def test_a_plate_that_cannot_be_read_is_refused_until_told(state: Reason) -> None:
    plate = replace(seen("红烧肉", 0.9999), state=state)
    assert refused(settle(TraySeen((plate,)), LUNCH, POLICY)).reasons == (state,)
    told = plate.with_answer(Served("红烧肉", Portion.WHOLE, Money(1200)))
    assert charged(settle(TraySeen((told,)), LUNCH, POLICY)).total.fen == 1200


def test_a_lidded_box_is_asked_about_whatever_the_picture_says() -> None:
    plate = replace(seen("红烧肉", 0.9999), state=Reason.LIDDED)
    question = asked(settle(TraySeen((plate,)), LUNCH, POLICY)).question
    assert question.reason is Reason.LIDDED


def test_a_dish_not_on_the_menu_is_asked_about_and_never_charged() -> None:
    policy = replace(POLICY, unknown_weight=1.0)
    plate = replace(seen("红烧肉", 0.9999), unknown=0.9)
    question = asked(settle(TraySeen((plate,)), LUNCH, policy)).question
    assert question.reason is Reason.NOT_ON_MENU


def test_no_plate_is_refused() -> None:
    assert refused(settle(TraySeen(()), LUNCH)).reasons == (Reason.NO_PLATE,)


def test_a_site_can_price_by_vessel_whatever_lies_in_it() -> None:
    prices = {"plate": Money(1000), "dish": Money(500)}
    menu = Menu((replace(offer("红烧肉", 0, 180), price=None),), (PLATE, DISH), prices)
    plate = PlateSeen({"红烧肉": 0.3}, unknown=0.7, vessels={"plate": 1.0, "dish": 0.0})
    verdict = charged(settle(TraySeen((plate,)), menu, POLICY))
    assert verdict.total == Money.from_yuan("10")


def test_a_tagged_plate_settles_the_vessel() -> None:
    prices = {"plate": Money(1000), "dish": Money(500)}
    menu = Menu((offer("红烧肉", 12, 180),), (PLATE, DISH), prices)
    plate = PlateSeen({"红烧肉": 1.0}, vessels=SURE_DISH, tag="plate")
    verdict = charged(settle(TraySeen((plate,)), menu, POLICY))
    assert verdict.total == Money.from_yuan("10")


BY_WEIGHT = replace(
    offer("自助菜", 1, 200), price=ByWeight(Money.from_yuan("2"), Mass.from_g("100"))
)


def test_a_dish_by_weight_costs_what_it_weighs_alone() -> None:
    menu = Menu((BY_WEIGHT,), (PLATE,))
    verdict = charged(settle(weighed((PlateSeen({"自助菜": 1.0}),), 530), menu, POLICY))
    assert verdict.total == Money.from_yuan("4.60")


def test_a_dish_by_weight_among_others_needs_its_own_settled_mass() -> None:
    menu = Menu((BY_WEIGHT, offer("鱼", 9, 260)), (PLATE,))
    plates = (PlateSeen({"自助菜": 1.0}), PlateSeen({"鱼": 1.0}))
    refusal = refused(settle(weighed(plates, 1060), menu, POLICY))
    assert refusal.reasons == (Reason.WEIGH_ALONE,)
    own = (replace(plates[0], mass=grams(500)), plates[1])
    verdict = charged(settle(weighed(own, 1060), menu, POLICY))
    assert verdict.total == Money.from_yuan("13")


def test_all_dishes_without_a_price_are_named_at_once() -> None:
    menu = Menu(tuple(replace(o, price=None) for o in LUNCH.offers), (PLATE, DISH))
    with pytest.raises(PricesMissing) as error:
        settle(TraySeen((seen("红烧肉"),)), menu)
    assert all(o.serving.dish in error.value.message() for o in LUNCH.offers)


def test_an_empty_menu_is_an_error() -> None:
    with pytest.raises(EmptyMenu):
        settle(TraySeen((seen("红烧肉"),)), Menu(()))


@pytest.mark.parametrize("mass", [0, -5, 100, 40_000])
def test_a_mass_no_tray_can_have_is_an_error(mass: int) -> None:
    with pytest.raises(ImpossibleMass):
        settle(weighed((seen("红烧肉"), seen("青菜")), mass), LUNCH)


def test_a_vessel_nobody_described_is_an_error() -> None:
    with pytest.raises(UnknownVessel):
        settle(TraySeen((seen("红烧肉", vessels={"bucket": 1.0}),)), LUNCH)
    with pytest.raises(UnknownVessel):
        settle(TraySeen((seen("红烧肉"),)), Menu((offer("红烧肉", 12, 180),)))


def test_the_plates_of_a_charge_share_the_mass_on_the_scale() -> None:
    plates = (seen("红烧肉", 0.9999), seen("鱼香肉丝", 0.9999))
    verdict = charged(settle(weighed(plates, 1_000), LUNCH, POLICY))
    masses = [plate.mass.mg for plate in verdict.plates if plate.mass is not None]
    assert sum(masses) == pytest.approx(400_000, abs=500)
    assert all(plate.mass_variance_mg2 for plate in verdict.plates)


def test_the_policy_named_in_the_register_is_the_one_without_arguments() -> None:
    assert Policy.shipped() == Policy()
