"""Confirmed sales teach masses and popularity, and can be taken back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.evidence import Charge, PlateVerdict, Reason, Served
from models.domain.serving import Portion, PortionMass
from models.domain.units import CERTAIN, Mass, Money, Ppm
from models.recognition.portion_evidence import (
    Menu,
    PlateSeen,
    TraySeen,
    Weighing,
)
from models.recognition.portion_memory import Lesson, PortionMemory, lesson
from tests.models.recognition.portion_cases import (
    GRAM,
    PLATE,
    grams,
    offer,
    on_cells,
)

MENU = Menu((offer("a", 4, 150), offer("b", 6, 150), offer("c", 8, 150)), (PLATE,))
TARES = {"plate": PLATE.tare}
PLACES = ((80.0, 80.0), (320.0, 90.0), (200.0, 220.0))


def plate(dish: str, place: tuple[float, float] = PLACES[0]) -> PlateSeen:
    return PlateSeen({dish: 1.0}, vessels={"plate": 1.0}, place_mm=place)


def sold(*dishes: str, ppm: int = CERTAIN, reasons: tuple[Reason, ...] = ()) -> Charge:
    served = [Served(dish, Portion.WHOLE, Money(100)) for dish in dishes]
    return Charge(
        tuple(
            PlateVerdict(number, one, Ppm(ppm), Ppm(ppm))
            for number, one in enumerate(served)
        ),
        Money(100 * len(dishes)),
        Ppm(ppm),
        reasons,
    )


def taught(*dishes: str, net_g: float) -> Lesson:
    gross = grams(net_g) + PLATE.tare * len(dishes)
    tray = TraySeen(tuple(plate(dish) for dish in dishes), Weighing(gross, GRAM))
    return lesson(tray, sold(*dishes), TARES)


def mean_g(memory: PortionMemory, dish: str) -> float:
    [mass] = [
        o.serving.mass for o in memory.menu(MENU).offers if o.serving.dish == dish
    ]
    assert mass is not None
    return float(mass.mean_mg) / 1_000


def test_a_plate_weighed_alone_teaches_its_mass_exactly() -> None:
    memory = PortionMemory()
    memory.learn("sale", taught("a", net_g=200))
    [first, *_] = memory.menu(MENU).offers
    before = MENU.offers[0].serving.mass
    assert isinstance(before, PortionMass)
    assert first.serving.mass == before.taught(Mass.from_g("200"))


def test_trays_of_several_plates_teach_every_mass_in_the_end() -> None:
    rng = np.random.default_rng(1)
    true = {"a": 120.0, "b": 150.0, "c": 210.0}
    memory = PortionMemory()
    for number in range(120):
        pair = [str(dish) for dish in rng.choice(list(true), 2, replace=False)]
        net = sum(true[dish] * rng.normal(1, 0.1) for dish in pair)
        memory.learn(f"sale-{number}", taught(*pair, net_g=float(net)))
    for dish, mass in true.items():
        assert mean_g(memory, dish) == pytest.approx(mass, rel=0.06)


def test_four_cells_teach_from_a_tray_that_is_always_the_same() -> None:
    memory = PortionMemory()
    loads = [
        (net + 300, x, y)
        for net, (x, y) in zip((100.0, 150.0, 220.0), PLACES, strict=True)
    ]
    tray = TraySeen(
        tuple(plate(dish, at) for dish, at in zip("abc", PLACES, strict=True)),
        on_cells(loads),
    )
    for number in range(40):
        memory.learn(f"sale-{number}", lesson(tray, sold(*"abc"), TARES))
    for dish, net in zip("abc", (100, 150, 220), strict=True):
        assert mean_g(memory, dish) == pytest.approx(net, rel=0.06)


sales = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=3), st.floats(60, 600)
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=30)
@given(sales, st.integers(0, 7), st.randoms())
def test_a_sale_is_taken_back_without_trace_whatever_the_order(
    drawn: list[tuple[list[str], float]], which: int, random: object
) -> None:
    lessons = {
        f"sale-{n}": taught(*dishes, net_g=net) for n, (dishes, net) in enumerate(drawn)
    }
    out = f"sale-{which % len(drawn)}"
    memory, without = PortionMemory(), PortionMemory()
    for sale, each in lessons.items():
        memory.learn(sale, each)
    for sale, each in reversed(lessons.items()):
        if sale != out:
            without.learn(sale, each)
    assert memory.unlearn(out)
    assert not memory.learn(out, lessons[out])
    for dish in "abc":
        assert mean_g(memory, dish) == pytest.approx(mean_g(without, dish), abs=2e-3)
    assert [o.sold for o in memory.menu(MENU).offers] == [
        o.sold for o in without.menu(MENU).offers
    ]


def test_a_sale_teaches_once_and_the_oldest_is_forgotten() -> None:
    memory = PortionMemory(most=2)
    assert memory.learn("one", taught("a", net_g=200))
    assert not memory.learn("one", taught("a", net_g=200))
    memory.learn("two", taught("b", net_g=200))
    memory.learn("three", taught("b", net_g=200))
    assert len(memory) == 2
    assert [o.sold for o in memory.menu(MENU).offers] == [0, 2, 0]


def test_an_unsure_plate_teaches_nothing_unless_it_was_told() -> None:
    tray = TraySeen((plate("a"),), Weighing(grams(450), GRAM))
    assert lesson(tray, sold("a", ppm=500_000), TARES).sold == ()
    told = plate("a").with_answer(Served("a", Portion.WHOLE, Money(100)))
    again = TraySeen((told,), tray.weighing)
    assert lesson(again, sold("a", ppm=500_000), TARES).sold == (("a", Portion.WHOLE),)


def test_a_tray_with_unexplained_mass_teaches_no_mass() -> None:
    tray = TraySeen((plate("a"), plate("b")), Weighing(grams(1_500), GRAM))
    charge = sold("a", "b", reasons=(Reason.MASS_DISAGREES,))
    found = lesson(tray, charge, TARES)
    assert (found.alone, found.shared) == ((), None)
    assert len(found.sold) == 2
