"""Drawn trays: the truth adds up, seeds matter, and plates are where it says."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.demo.canteen import FIRST_DAY, make_canteen
from backoffice.demo.drawing import (
    PLATFORM_MM,
    DrawnTray,
    Picture,
    PlateTruth,
    Setting,
    TrayTruth,
    as_json,
    draw_some_tray,
    empty_counter,
    enrolment_photo,
    places,
)
from backoffice.demo.things import Special, draw_special
from models.domain.evidence import Reason
from models.domain.mealtimes import Meal, Sitting
from models.domain.units import NO_MASS, NO_MONEY, Mass
from models.recognition.trays import find_plates

if TYPE_CHECKING:
    from numpy.typing import NDArray


@cache
def setting(hall: str = "H1") -> Setting:
    return Setting(make_canteen(), hall, Sitting(FIRST_DAY, Meal.LUNCH))


@cache
def tray() -> DrawnTray:
    return draw_some_tray(setting(), seed=3, plates=4)


@cache
def special(kind: Special) -> DrawnTray:
    return draw_special(setting(), kind, seed=11)


def test_a_picture_is_a_camera_frame() -> None:
    assert tray().picture.shape == (960, 1280, 3)
    assert tray().picture.dtype == np.uint8


def test_a_seed_draws_one_picture_and_another_seed_another() -> None:
    once, again, other = (draw_some_tray(setting(), n, plates=1) for n in (5, 5, 6))
    assert np.array_equal(once.picture, again.picture)
    assert once.truth == again.truth
    assert once.truth != other.truth
    assert not np.array_equal(once.picture, other.picture)


def test_two_servings_of_a_dish_differ_but_two_dishes_differ_more() -> None:
    rice, pork = (
        next(d for d in setting().canteen.dishes if d.name == name)
        for name in ("白米饭", "红烧肉")
    )
    first = enrolment_photo(setting(), rice, seed=1)
    second = enrolment_photo(setting(), rice, seed=2)
    other = enrolment_photo(setting(), pork, seed=1)
    assert not np.array_equal(first, second)
    middle = [_middle_colour(photo) for photo in (first, second, other)]
    assert np.abs(middle[0] - middle[1]).max() < np.abs(middle[0] - middle[2]).max()


def _middle_colour(photo: Picture) -> NDArray[np.float64]:
    side = photo.shape[0]
    middle = photo[side // 3 : -side // 3, side // 3 : -side // 3]
    return np.asarray(middle.mean((0, 1)), np.float64)


def test_the_truth_adds_up() -> None:
    truth = tray().truth
    assert len(truth.plates) == 4
    contents = [one for plate in truth.plates for one in plate.contents]
    assert truth.total == sum((one.price for one in contents), NO_MONEY)
    nets = sum((one.net for one in contents), NO_MASS)
    tares = sum((plate.tare for plate in truth.plates), NO_MASS)
    assert truth.gross == nets + tares


@given(
    st.lists(
        st.tuples(st.integers(1, 2_000_000), st.floats(60, 500), st.floats(40, 380)),
        min_size=1,
        max_size=7,
    )
)
def test_the_four_cells_carry_the_whole_mass_and_its_centre(
    loads: list[tuple[int, float, float]],
) -> None:
    plates = tuple(
        PlateTruth("H1-P152", (0, 0, 1, 1), (x, y), Mass(mg), ()) for mg, x, y in loads
    )
    truth = TrayTruth("H1", 0, plates)
    assert sum(truth.cells, NO_MASS) == truth.gross
    moment = sum(
        cell.mg * x for cell, (x, _) in zip(truth.cells, PLATFORM_MM, strict=True)
    )
    assert moment == pytest.approx(sum(mg * x for mg, x, _ in loads), abs=2_000)


@given(
    st.lists(st.sampled_from([115, 127, 152, 178]), min_size=1, max_size=5),
    st.integers(0, 1_000),
)
def test_plates_never_overlap(sizes: list[int], seed: int) -> None:
    spots = places(sizes, np.random.default_rng(seed))
    for i, (x, y) in enumerate(spots):
        for j in range(i):
            apart = np.hypot(x - spots[j][0], y - spots[j][1])
            assert apart > (sizes[i] + sizes[j]) / 2


def test_too_many_plates_are_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        places([178] * 9, np.random.default_rng(1))


def test_the_plate_finder_finds_drawn_plates_where_the_truth_says() -> None:
    found = [plate.box for plate in find_plates(tray().picture).plates]
    assert len(found) == 4
    for plate in tray().truth.plates:
        assert max(_overlap(plate.box, box) for box in found) > 0.5


def _overlap(one: tuple[int, ...], other: tuple[float, ...]) -> float:
    """Intersection over union of two boxes."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0.0, wide) * max(0.0, high)
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (one, other)]
    return both / (sum(areas) - both)


def test_the_empty_counter_has_no_plates() -> None:
    assert find_plates(empty_counter()).plates == ()


def test_json_says_that_it_is_drawn_and_holds_no_float() -> None:
    written = as_json(tray())
    assert written["drawn"] is True
    assert written["source"] == "estimate"
    assert written["total_fen"] == tray().truth.total.fen
    assert not _floats(written)


def _floats(value: object) -> bool:
    match value:
        case dict():
            return any(map(_floats, value.values()))
        case list():
            return any(map(_floats, value))
        case _:
            return isinstance(value, float)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Special.TWO_HALVES, Reason.TWO_DISHES_ON_PLATE),
        (Special.UNKNOWN_DISH, Reason.NOT_ON_MENU),
        *(
            pytest.param(kind, reason, marks=pytest.mark.slow)
            for kind, reason in (
                (Special.BOWL_IN_PLATE, Reason.EMPTY_PLATE),
                (Special.EMPTY_PLATE, Reason.EMPTY_PLATE),
                (Special.CUT_BY_FRAME, Reason.CUT_BY_FRAME),
                (Special.HAND, Reason.HAND_IN_PICTURE),
                (Special.GLARE, Reason.GLARE),
                (Special.LIDDED_BOX, Reason.LIDDED),
            )
        ),
    ],
)
def test_a_special_tray_says_what_should_be_answered(
    kind: Special, reason: Reason
) -> None:
    states = [plate.state for plate in special(kind).truth.plates]
    assert states.count(reason) == 1


@pytest.mark.parametrize(
    "kind", [Special.PHONE, pytest.param(Special.KEYS, marks=pytest.mark.slow)]
)
def test_foreign_objects_weigh_on_the_scale(kind: Special) -> None:
    truth = special(kind).truth
    [thing] = truth.things
    assert thing.reason is Reason.FOREIGN_OBJECT
    plates = sum((plate.gross for plate in truth.plates), NO_MASS)
    assert truth.gross == plates + thing.mass


def test_two_halves_share_a_plate() -> None:
    first = special(Special.TWO_HALVES).truth.plates[0]
    assert len({one.dish for one in first.contents}) == 2


def test_the_unknown_dish_is_not_on_the_menu() -> None:
    menu = {dish.code for dish in setting().canteen.on_menu("H1", setting().sitting)}
    known, unknown = special(Special.UNKNOWN_DISH).truth.plates
    assert known.contents[0].dish in menu
    assert unknown.contents[0].dish not in menu
