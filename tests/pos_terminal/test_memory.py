"""What confirmed sales teach: kept, bounded, taken back, and the same after a start."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import func, select

from models.domain.evidence import Charge, Served
from models.domain.serving import Portion
from models.domain.tariffs import PerPortion
from models.domain.units import CERTAIN, Money
from models.recognition.dishes import MODEL_ID, MOST_LEARNED
from models.recognition.portion_evidence import Cell, TraySeen, Weighing
from models.recognition.portion_memory import PortionMemory, lesson
from models.tables.dishes import Taught, TillDishFeature
from models.tables.sales import TillVoid
from pos_terminal import memory
from pos_terminal.store import Store
from tests.makers import a_till_fact_row, a_void, a_void_fact, void_columns
from tests.pos_terminal.local_canteen import (
    BOWL,
    DAY,
    PLATE,
    a_dish,
    catalogue,
    charged,
    look,
    on_sale,
    opened,
    tray_of,
)
from tests.pos_terminal.test_booking import FISH, SHRIMP, booked

if TYPE_CHECKING:
    from pathlib import Path

    from models.domain.sale import Sale
    from models.recognition.dishes import DishGallery, Features

TARES = {kind.code: kind.tare for kind in (PLATE, BOWL)}
DISHES = {"鱼": 0, "虾": 1}


@pytest.fixture
def till(local: Store) -> Store:
    """A till with two dishes of one photo each."""
    on_sale(local, a_dish("鱼"), a_dish("虾", PerPortion(Money(900)), vessel="B"))
    site = local.till.site_id
    rows = [
        memory.feature_row(site, dish, look(number), bytes([number]) * 32)
        for dish, number in DISHES.items()
    ]
    local.change("dish_enrolled", rows, day=DAY)
    return local


def gallery(store: Store) -> DishGallery:
    with store.reading() as session:
        return memory.read_gallery(session)


def learned(store: Store) -> PortionMemory:
    with store.reading() as session:
        return memory.read_portions(session, TARES)


def kept(store: Store) -> tuple[int, int]:
    """Learned features and lessons in the tables."""
    features = select(func.count()).select_from(TillDishFeature)
    with store.reading() as session:
        return (
            session.scalar(features.filter_by(is_learned=True)) or 0,
            session.scalar(select(func.count()).select_from(Taught)) or 0,
        )


def taught_by(
    store: Store,
    known: DishGallery,
    charge: Charge,
    seen: TraySeen,
    looks: list[Features | None],
) -> tuple[Sale, int]:
    sale = booked(store, charge, seen)
    return sale, memory.learn(store, known, sale, seen, looks, charge)


def fish(store: Store, known: DishGallery, photo: int = 1) -> Sale:
    """Sell one fish that looks like photo number `photo`."""
    looks: list[Features | None] = [look(0, photo)]
    seen = tray_of("鱼", grams=510)
    sale, count = taught_by(store, known, charged(FISH), seen, looks)
    assert count == 1
    return sale


def alike(one: DishGallery, other: DishGallery) -> bool:
    """Whether two galleries rank new plates alike."""
    for dish in range(2):
        plate = look(dish, 99)
        ranks = [each.rank(plate, list(DISHES)) for each in (one, other)]
        first, second = (rank.probabilities for rank in ranks)
        if list(first) != list(second) or not np.allclose(
            list(first.values()), list(second.values()), atol=2e-3
        ):
            return False
    return True


def voided(store: Store, sale: Sale) -> None:
    """Reverse a sale, as a fact with its row."""
    void = replace(a_void(sale, number=99), target=sale.id)
    with store.writing() as session:
        last = store.facts()[-1]
        fact = a_void_fact(void, last.seq + 1, last.hash())
        session.add(a_till_fact_row(fact))
        session.flush()
        session.add(TillVoid(**void_columns(void)))


def test_a_confirmed_plate_teaches_how_its_dish_looks(till: Store) -> None:
    known = gallery(till)
    sale = fish(till, known)
    assert kept(till) == (1, 1)
    with till.reading() as session:
        [row] = session.scalars(
            select(TillDishFeature).filter_by(is_learned=True, model_id=MODEL_ID)
        )
        assert (row.dish, row.sale_id) == ("鱼", sale.id)
        assert session.scalar(select(Taught.feature_id)) == row.id


def test_only_sure_or_told_plates_of_known_dishes_teach(till: Store) -> None:
    known = gallery(till)
    doubtful = charged(FISH, SHRIMP, dish_ppm=CERTAIN // 2)
    seen = tray_of("鱼", "虾")
    looks: list[Features | None] = [look(0, 1), look(1, 1)]
    assert taught_by(till, known, doubtful, seen, looks)[1] == 0
    told = seen.with_plate(1, seen.plates[1].with_answer(SHRIMP))
    assert taught_by(till, known, doubtful, told, looks)[1] == 1
    assert taught_by(till, known, charged(FISH, None), seen, [None, None])[1] == 0
    with till.reading() as session:
        assert list(session.scalars(select(Taught.dish))) == ["虾"]


def test_a_dish_without_an_enrolled_photo_learns_nothing(till: Store) -> None:
    crab = a_dish("蟹")
    on_sale(till, crab)
    served = Served("蟹", Portion.WHOLE, Money(600))
    looks: list[Features | None] = [look(5)]
    _, count = taught_by(till, gallery(till), charged(served), tray_of("蟹"), looks)
    assert (count, kept(till)) == (0, (0, 0))


def test_what_is_learned_of_a_dish_is_bounded_and_the_newest_stays(
    till: Store,
) -> None:
    known = gallery(till)
    sales = [fish(till, known, photo) for photo in range(MOST_LEARNED + 3)]
    features, _ = kept(till)
    assert features == MOST_LEARNED
    with till.reading() as session:
        left = set(session.scalars(select(TillDishFeature.sale_id)))
    assert left - {None} == {sale.id for sale in sales[3:]}
    assert alike(known, gallery(till))


def test_after_a_restart_the_looks_are_those_of_before(till: Store) -> None:
    known = gallery(till)
    for photo in range(1, 6):
        fish(till, known, photo)
    assert alike(known, gallery(till))


def test_what_a_sale_taught_is_taken_back_by_its_id(till: Store) -> None:
    known, never = gallery(till), gallery(till)
    sale = fish(till, known, 7)
    assert memory.unlearn(till, known, sale.id) == 1
    assert kept(till) == (0, 0)
    assert alike(known, never)
    assert alike(gallery(till), never)
    assert memory.unlearn(till, known, sale.id) == 0


def test_masses_and_popularity_are_the_same_after_a_restart(till: Store) -> None:
    """A tray weighed on four cells, a plate alone, a told one: all replay."""
    now = PortionMemory()
    cells = Weighing.from_cells(
        tuple(
            Cell(x, y, PLATE.tare)
            for x, y in ((0, 0), (400.5, 0), (0, 300), (400, 300))
        ),
        TARES["B"],
    )
    places = ((100.125, 80.0), (300.0, 200.0))
    both = tray_of("鱼", "鱼")
    placed = tuple(
        replace(plate, place_mm=place)
        for plate, place in zip(both.plates, places, strict=True)
    )
    told = tray_of("鱼", "虾", grams=1_000)
    for seen, charge in (
        (tray_of("鱼", grams=510), charged(FISH)),
        (TraySeen(placed, cells), charged(FISH, FISH)),
        (
            told.with_plate(0, told.plates[0].with_answer(FISH)),
            charged(FISH, SHRIMP, dish_ppm=CERTAIN // 2),
        ),
        (tray_of("虾"), charged(SHRIMP)),
    ):
        sale = booked(till, charge, seen)
        now.learn(str(sale.id), lesson(seen, charge, TARES))
    menu = catalogue(till).offers()
    again = learned(till)
    assert len(again) == len(now)
    for before, after in zip(
        now.menu(menu).offers, again.menu(menu).offers, strict=True
    ):
        assert before.sold == after.sold
        assert before.serving.mass == after.serving.mass
    assert now.menu(menu) != menu


def test_a_voided_sale_teaches_nothing_after_a_restart(till: Store) -> None:
    known, never = gallery(till), gallery(till)
    sale = fish(till, known)
    assert len(learned(till)) == 1
    voided(till, sale)
    assert len(learned(till)) == 0
    assert alike(gallery(till), never)


def test_what_is_learned_outlives_the_program(database: Path) -> None:
    with Store(database) as store:
        opened(store)
        on_sale(store, a_dish("鱼"))
        booked(store, charged(FISH), tray_of("鱼", grams=510))
    with Store(database) as again:
        assert len(learned(again)) == 1
