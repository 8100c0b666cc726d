"""A canteen set up by hand: two persons for a price, nothing half done, facts kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from models.domain.errors import InvalidData
from models.domain.people import Assurance, ConsentIncomplete, DinerGroup
from models.domain.pricing import PriceFrozen, PriceTie
from models.domain.serving import Portion
from models.domain.tariffs import NotApproved, PerPortion
from models.domain.units import Money
from models.recognition.dishes import DishEye, PhotoCount
from models.recognition.gallery import FaceKey, FaceKeyMissing, Template
from models.tables.dishes import TillDishFeature, TillServing
from models.tables.people import TillDiner, TillFaceTemplate
from pos_terminal import setup
from pos_terminal.catalogue import Catalogue
from pos_terminal.masters import OWN
from pos_terminal.memory import feature_row
from pos_terminal.payers import Payers
from tests.demo_till import WEIGHTS
from tests.makers import NOON
from tests.pos_terminal.local_canteen import (
    BREAKFAST,
    DAY,
    DINNER,
    LUNCH,
    PLATE,
    TWO_PERSONS,
    a_dish,
    catalogue,
    look,
    on_sale,
)

if TYPE_CHECKING:
    from models.domain.mealtimes import Sitting
    from pos_terminal.store import Store

KEY = FaceKey.from_environment({"CANTEEN_FACE_KEY": FaceKey.generate()})


def price(store: Store, dish: str, now: datetime = NOON) -> Money:
    with store.reading() as session:
        found = Catalogue.read(session, store.till, now)
    return found.prices.price_of(dish, Portion.WHOLE, found.context())


def kinds(store: Store) -> list[str]:
    return [fact.kind for fact in store.facts()]


def a_template(store: Store, diner: str) -> TillFaceTemplate:
    singles = np.eye(1, 128, dtype=np.float32)
    sealed = KEY.seal(Template(diner, "drawn-1", "consent-1", singles))
    return TillFaceTemplate(
        site_id=store.till.site_id,
        revision=OWN,
        id=uuid7(),
        diner=diner,
        model_id=sealed.model_id,
        consent=sealed.consent_id,
        key_id=sealed.key_id,
        nonce=sealed.nonce,
        sealed=sealed.sealed,
        made_at=datetime.now(UTC),
    )


def test_a_site_is_named_and_named_again(local: Store) -> None:
    assert catalogue(local).site_name == "城东食堂"
    setup.open_site(local, "城西食堂", NOON)
    assert catalogue(local).site_name == "城西食堂"


def test_a_first_price_holds_from_the_meal_under_way(local: Store) -> None:
    setup.add_dishes(local, [a_dish("鱼", vessel=None)], TWO_PERSONS, LUNCH, DINNER)
    assert price(local, "鱼") == Money(600)


def test_a_changed_price_leaves_the_meal_under_way_alone(local: Store) -> None:
    on_sale(local, a_dish("鱼"))
    dearer = a_dish("鱼", PerPortion(Money(750)))
    setup.add_dishes(local, [dearer], TWO_PERSONS, LUNCH, DINNER)
    assert price(local, "鱼") == Money(600)
    assert price(local, "鱼", NOON + timedelta(hours=6)) == Money(750)


@pytest.mark.parametrize("starts", [BREAKFAST, LUNCH])
def test_a_change_that_would_touch_a_begun_meal_is_refused_whole(
    local: Store, starts: Sitting
) -> None:
    on_sale(local, a_dish("鱼"))
    before = local.facts()
    changed = [a_dish("鱼", PerPortion(Money(750))), a_dish("虾")]
    with pytest.raises(InvalidData) as refused:
        setup.add_dishes(local, changed, TWO_PERSONS, LUNCH, starts)
    assert [type(p.error) for p in refused.value.problems] == [PriceFrozen]
    assert local.facts() == before
    assert setup.all_dishes(local) == ["鱼"]


def test_one_person_alone_sets_no_price_and_every_dish_is_told(local: Store) -> None:
    before = local.facts()
    alone = setup.Actors("李主任", "李主任")
    with pytest.raises(InvalidData) as refused:
        setup.add_dishes(local, [a_dish("鱼"), a_dish("虾")], alone, LUNCH, DINNER)
    assert [type(p.error) for p in refused.value.problems] == [NotApproved] * 2
    assert local.facts() == before
    assert setup.all_dishes(local) == []


def test_the_fact_of_a_price_names_both_persons(local: Store) -> None:
    on_sale(local, a_dish("鱼"))
    [fact] = [fact for fact in local.facts() if fact.kind == "dishes_priced"]
    assert (fact.body["by"], fact.body["approved_by"]) == ("李主任", "王会计")
    assert "600" in fact.canonical().decode()


def test_two_changes_for_one_meal_are_a_tie_and_the_first_stands(local: Store) -> None:
    on_sale(local, a_dish("鱼"))
    change = [a_dish("鱼", PerPortion(Money(750)))]
    setup.add_dishes(local, change, TWO_PERSONS, LUNCH, DINNER)
    with pytest.raises(InvalidData) as refused:
        setup.add_dishes(local, change, TWO_PERSONS, LUNCH, DINNER)
    assert {type(p.error) for p in refused.value.problems} == {PriceTie}
    assert price(local, "鱼", NOON + timedelta(hours=6)) == Money(750)


def test_portions_no_longer_in_the_table_are_no_longer_sold(local: Store) -> None:
    on_sale(local, a_dish("鱼", portions=(Portion.WHOLE, Portion.HALF)), a_dish("虾"))
    again = a_dish("鱼", vessel="B")
    setup.add_dishes(local, [again], TWO_PERSONS, LUNCH, DINNER)
    with local.reading() as session:
        rows = select(TillServing.dish, TillServing.portion, TillServing.vessel)
        assert {tuple(row) for row in session.execute(rows)} == {
            ("鱼", Portion.WHOLE, "B"),
            ("虾", Portion.WHOLE, "P"),
        }


def test_vessels_are_known_by_their_codes(local: Store) -> None:
    assert setup.vessel_codes(local) == frozenset()
    setup.add_vessels(local, [PLATE], LUNCH)
    assert setup.vessel_codes(local) == {"P"}


def test_a_menu_replaces_the_one_before_and_keeps_its_order(local: Store) -> None:
    on_sale(local, a_dish("鱼"), a_dish("虾"), a_dish("饭"))
    setup.publish_menu(local, LUNCH, ["饭", "鱼"])
    assert catalogue(local).menu == ("饭", "鱼")
    setup.publish_menu(local, DINNER, ["虾"])
    assert catalogue(local).menu == ("饭", "鱼")


def test_dishes_that_are_not_there_are_all_named(local: Store) -> None:
    on_sale(local, a_dish("鱼"))
    with pytest.raises(setup.DishUnknown, match="虾、蟹"):
        setup.dish_codes(local, ["虾", "鱼", "蟹"])
    assert setup.dish_codes(local, ["鱼"]) == ["鱼"]


def test_a_dish_is_found_by_the_first_letters_of_its_pinyin() -> None:
    assert setup.initials("宫保鸡丁") == "gbjd"


@pytest.mark.slow
@pytest.mark.weights
def test_a_dish_is_enrolled_in_place_of_its_earlier_photos(local: Store) -> None:
    on_sale(local, a_dish("鱼"))
    eye = DishEye(WEIGHTS, 1)
    rng = np.random.default_rng(1)
    photos = {
        sha256(bytes([n])).digest(): rng.integers(0, 255, (64, 64, 3), np.uint8)
        for n in range(3)
    }
    setup.enrol_dish(local, eye, "鱼", photos, LUNCH)
    setup.enrol_dish(local, eye, "鱼", dict(list(photos.items())[:1]), LUNCH)
    with local.reading() as session:
        [row] = session.scalars(select(TillDishFeature))
        assert row.photo_hash == next(iter(photos))
    before = local.facts()
    for count in (0, 6):
        many = {bytes([n]): photos[row.photo_hash] for n in range(count)}
        with pytest.raises(PhotoCount):
            setup.enrol_dish(local, eye, "鱼", many, LUNCH)
    assert local.facts() == before


def test_a_forgotten_dish_leaves_no_photo_and_no_others_are_touched(
    local: Store,
) -> None:
    site = local.till.site_id
    rows = [
        feature_row(site, dish, look(0), bytes([number]) * 32)
        for number, dish in enumerate(["鱼", "鱼", "虾"])
    ]
    local.change("dish_enrolled", rows, day=DAY)
    assert setup.forget_dish(local, "鱼", LUNCH) == 2
    with local.reading() as session:
        assert set(session.scalars(select(TillDishFeature.dish))) == {"虾"}
    assert setup.forget_dish(local, "鱼", LUNCH) == 0


def test_without_the_sites_key_no_face_is_taken(local: Store) -> None:
    number = setup.add_diner(local, "柯林斯", DinerGroup.STAFF, LUNCH)
    payers = Payers(local, None, None)
    every = frozenset(Assurance)
    with pytest.raises(FaceKeyMissing):
        setup.enrol_face(local, payers, number, [], every, LUNCH)


def test_withdrawal_deletes_the_template_and_leaves_its_proof(local: Store) -> None:
    number = setup.add_diner(local, "柯林斯", DinerGroup.STAFF, LUNCH)
    row = a_template(local, number)
    sealed = row.sealed
    local.change("face_enrolled", [row], day=DAY)
    payers = Payers(local, None, None)
    proof = setup.withdraw_face(local, payers, number, LUNCH)
    with local.reading() as session:
        assert session.scalar(select(TillFaceTemplate)) is None
    last = local.facts()[-1]
    assert (last.kind, last.body["proof"]) == ("consent_withdrawn", proof)
    assert len(last.body["deleted"]) == 1  # type: ignore[arg-type]  # it is a list
    assert sealed not in b"".join(fact.canonical() for fact in local.facts())
    with pytest.raises(setup.NoTemplate):
        setup.withdraw_face(local, payers, number, LUNCH)


def test_facts_never_hold_what_is_personal(local: Store) -> None:
    number = setup.add_diner(local, "司马相如", DinerGroup.STAFF, LUNCH)
    local.change("face_enrolled", [a_template(local, number)], day=DAY)
    setup.withdraw_face(local, Payers(local, None, None), number, LUNCH)
    with local.reading() as session:
        assert session.scalar(select(TillDiner.name)) == "司马相如"
    chain = b"".join(fact.canonical() for fact in local.facts())
    journal = local.journal.path.read_bytes()
    for kept in (chain, journal):
        assert "司马相如".encode() not in kept
        assert kept.isascii() or "城东食堂".encode() in kept
    assert kinds(local)[-3:] == [
        "diner_registered",
        "face_enrolled",
        "consent_withdrawn",
    ]


def test_a_small_portion_may_be_a_share_of_the_whole(local: Store) -> None:
    shared = PerPortion(Money(600), Fraction(7, 10))
    dish = a_dish("鱼", shared, (Portion.WHOLE, Portion.SMALL), None)
    setup.add_dishes(local, [dish], TWO_PERSONS, LUNCH, DINNER)
    found = catalogue(local)
    small = found.prices.price_of("鱼", Portion.SMALL, found.context())
    assert small == Money(420)


@pytest.mark.weights
def test_consent_is_asked_for_before_any_picture_is_looked_at(local: Store) -> None:
    from models.recognition.faces import FaceReader, SFace  # noqa: PLC0415 - heavy

    payers = Payers(local, FaceReader(SFace(WEIGHTS)), KEY)
    number = setup.add_diner(local, "柯林斯", DinerGroup.STAFF, LUNCH)
    before = local.facts()
    some = frozenset({Assurance.SEPARATE, Assurance.INFORMED})
    with pytest.raises(ConsentIncomplete, match="confirm: 自愿"):
        setup.enrol_face(local, payers, number, [], some, LUNCH)
    blank = np.full((480, 640, 3), 128, np.uint8)
    every = frozenset(Assurance)
    result = setup.enrol_face(local, payers, number, [blank], every, LUNCH)
    assert result.template is None
    assert result.verdicts[0] is not None
    assert local.facts() == before
