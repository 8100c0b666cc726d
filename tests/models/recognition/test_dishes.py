"""The gallery of dishes: its laws on made-up features, its eyes on drawn plates."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.evidence import Ambiguous, Match, Reason, Unknown
from models.recognition.dishes import (
    MODEL_ID,
    MOST_LEARNED,
    DishEye,
    DishGallery,
    Features,
    GalleryRow,
    MenuEmpty,
    MenuNotEnrolled,
    PhotoCount,
)
from models.recognition.dishes_eye import (
    EMBEDDING_WIDTH,
    OtherModel,
    PlateTooSmall,
    unit,
)
from models.recognition.weights import folder
from tests.models.recognition.drawn_dishes import DISHES, draw

if TYPE_CHECKING:
    from models.recognition.dishes import Ranking

COLOURS = 8 * 16 * 16
MENU = ("宫保鸡丁", "番茄炒蛋", "麻婆豆腐", "清炒油麦菜")


def look(dish: int, photo: int = 0, spread: float = 0.3) -> Features:
    """Make features: photos of one dish lie near each other, dishes far apart."""
    place = np.random.default_rng([dish]).normal(size=EMBEDDING_WIDTH + COLOURS)
    away = np.random.default_rng([dish, photo, 1]).normal(size=place.shape)
    values = (place + spread * away).astype(np.float32)
    embedding, colour = unit(values[:EMBEDDING_WIDTH]), unit(values[EMBEDDING_WIDTH:])
    wobble = np.random.default_rng([dish, photo, 2]).normal(size=(6, EMBEDDING_WIDTH))
    poses = unit(embedding + 0.01 * wobble.astype(np.float32))
    return Features(MODEL_ID, embedding, colour, poses)


def plate(dish: int, photo: int = 0, spread: float = 0.3) -> Features:
    """Make the features of a plate at the till, which has no poses."""
    seen = look(dish, photo, spread)
    return Features(MODEL_ID, seen.embedding, seen.colour, seen.poses[:0])


def gallery_of(*dishes: str) -> DishGallery:
    gallery = DishGallery()
    for number, dish in enumerate(dishes or MENU):
        gallery.enrol(dish, [look(number, 0), look(number, 1)])
    return gallery


def same(one: Ranking, other: Ranking) -> bool:
    return (
        one.answer == other.answer
        and one.probabilities.keys() == other.probabilities.keys()
        and np.allclose(
            list(one.probabilities.values()), list(other.probabilities.values())
        )
    )


def test_a_known_dish_is_matched() -> None:
    ranking = gallery_of().rank(plate(2, 7), MENU)
    assert isinstance(ranking.answer, Match)
    assert ranking.answer.what == "麻婆豆腐"
    assert next(iter(ranking.probabilities)) == "麻婆豆腐"


def test_a_dish_of_no_menu_is_unknown() -> None:
    assert gallery_of().rank(plate(99), MENU).answer == Unknown(Reason.NOT_ON_MENU)


def test_an_enrolled_dish_that_is_not_on_todays_menu_is_unknown() -> None:
    answer = gallery_of().rank(plate(0, 7), MENU[1:]).answer
    assert answer == Unknown(Reason.NOT_ON_MENU)


def test_two_dishes_too_close_are_left_to_a_person() -> None:
    gallery = gallery_of()
    gallery.enrol("番茄炒蛋（小）", [look(1, 0), look(1, 1)])
    answer = gallery.rank(plate(1, 5), gallery.dishes).answer
    assert isinstance(answer, Ambiguous)
    assert answer.reason is Reason.TWO_TOO_CLOSE
    best_two = {candidate.what for candidate in answer.candidates[:2]}
    assert best_two == {"番茄炒蛋", "番茄炒蛋（小）"}


@given(dish=st.integers(0, 9), spread=st.floats(0, 4))
@settings(max_examples=10, deadline=None)
def test_probabilities_and_unknown_sum_to_one(dish: int, spread: float) -> None:
    ranking = gallery_of().rank(plate(dish, 3, spread), MENU)
    shares = list(ranking.probabilities.values())
    assert sum(shares) + ranking.unknown == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    assert min(*shares, ranking.unknown) >= 0


def test_dishes_without_a_photo_are_named_as_unseen() -> None:
    ranking = gallery_of().rank(plate(0), [*MENU, "新菜"])
    assert ranking.unseen == ("新菜",)
    assert "新菜" not in ranking.probabilities


def test_an_empty_menu_is_refused() -> None:
    with pytest.raises(MenuEmpty):
        gallery_of().rank(plate(0), [])


def test_a_menu_without_photos_is_refused() -> None:
    with pytest.raises(MenuNotEnrolled):
        gallery_of().rank(plate(0), ["新菜"])


@pytest.mark.parametrize("count", [0, 6])
def test_a_dish_takes_one_to_five_photos(count: int) -> None:
    with pytest.raises(PhotoCount):
        DishGallery().enrol("宫保鸡丁", [look(0)] * count)


def test_a_removed_dish_is_known_no_more() -> None:
    gallery = gallery_of()
    gallery.remove("宫保鸡丁")
    assert "宫保鸡丁" not in gallery
    assert gallery.rank(plate(0, 4), MENU).unseen == ("宫保鸡丁",)


def test_enrolling_again_replaces_the_photos() -> None:
    gallery = gallery_of()
    gallery.enrol("宫保鸡丁", [look(50)])
    best, _ = gallery.rank(plate(50, 3), MENU).best
    assert best == "宫保鸡丁"
    assert len([row for row in gallery.to_rows()[0] if row.dish == "宫保鸡丁"]) == 1


def test_photos_without_poses_can_be_enrolled() -> None:
    gallery = DishGallery()
    for number, dish in enumerate(MENU):
        gallery.enrol(dish, [plate(number, 0)])
    assert gallery.rank(plate(1, 5), MENU).best[0] == MENU[1]


def test_confirmed_sales_make_a_dish_surer() -> None:
    gallery = gallery_of()
    gallery.enrol("宫保鸡丁", [look(0, 200, spread=2)])
    asked = plate(0, 100, spread=2)
    _, before = gallery.rank(asked, MENU).best
    for sale in range(10):
        gallery.learn("宫保鸡丁", plate(0, sale, spread=2), f"sale-{sale}")
    best, after = gallery.rank(asked, MENU).best
    assert best == "宫保鸡丁"
    assert after > before


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12))
@settings(max_examples=8, deadline=None)
def test_unlearning_every_sale_restores_the_gallery(
    lessons: list[tuple[int, int]],
) -> None:
    gallery = gallery_of()
    before = [gallery.rank(plate(dish, 9), MENU) for dish in range(5)]
    for number, (dish, plate_number) in enumerate(lessons):
        seen = plate(dish, number, spread=1.0)
        gallery.learn(MENU[dish], seen, f"sale-{number}", plate_number)
    for number in range(len(lessons)):
        assert gallery.unlearn(f"sale-{number}") == 1
    after = [gallery.rank(plate(dish, 9), MENU) for dish in range(5)]
    assert all(same(one, other) for one, other in zip(before, after, strict=True))


def test_a_sale_taken_back_never_teaches_again() -> None:
    gallery = gallery_of()
    assert gallery.learn("宫保鸡丁", plate(1), "sale-1")
    assert gallery.unlearn("sale-1") == 1
    assert not gallery.learn("宫保鸡丁", plate(1), "sale-1")
    assert gallery.unlearn("sale-1") == 0


def test_a_corrected_plate_teaches_the_corrected_dish_only() -> None:
    gallery = gallery_of()
    gallery.learn("宫保鸡丁", plate(1, 3), "sale-1", plate=2)
    gallery.learn("番茄炒蛋", plate(1, 3), "sale-1", plate=2)
    learned = [row.dish for row in gallery.to_rows()[0] if row.sale_id]
    assert learned == ["番茄炒蛋"]


def test_learning_is_bounded_and_forgets_the_oldest_first() -> None:
    gallery = gallery_of()
    for sale in range(MOST_LEARNED + 3):
        gallery.learn("宫保鸡丁", plate(0, sale), f"sale-{sale}")
    learned = [row.sale_id for row in gallery.to_rows()[0] if row.sale_id]
    assert learned == [f"sale-{sale}" for sale in range(3, MOST_LEARNED + 3)]


def test_a_dish_that_is_not_enrolled_learns_nothing() -> None:
    assert not gallery_of().learn("新菜", plate(0), "sale-1")


def test_rows_bring_the_same_gallery_back() -> None:
    gallery = gallery_of()
    gallery.learn("宫保鸡丁", plate(0, 5), "sale-1", plate=3)
    gallery.unlearn("sale-0")
    rows, refused = gallery.to_rows()
    restored = DishGallery.from_rows(rows, refused)
    for dish in range(6):
        one, other = (g.rank(plate(dish, 8), MENU) for g in (gallery, restored))
        assert one.best[0] == other.best[0]
        assert one.best[1] == pytest.approx(other.best[1], abs=2e-3)
    assert not restored.learn("宫保鸡丁", plate(0), "sale-0")
    assert restored.unlearn("sale-1") == 1


def test_a_dish_that_loses_its_last_photo_is_unseen() -> None:
    row = GalleryRow("宫保鸡丁", MODEL_ID, plate(0).to_bytes(), "sale-1")
    gallery = DishGallery.from_rows([row])
    assert gallery.rank(plate(0, 2), MENU).best[0] == "宫保鸡丁"
    gallery.unlearn("sale-1")
    assert gallery.dishes == ()
    with pytest.raises(MenuNotEnrolled):
        gallery.rank(plate(0, 2), MENU)


def test_features_of_another_model_are_refused() -> None:
    strange = Features("another", *vars_of(plate(0)))
    gallery = gallery_of()
    with pytest.raises(OtherModel):
        gallery.rank(strange, MENU)
    with pytest.raises(OtherModel):
        gallery.enrol("新菜", [strange])
    with pytest.raises(OtherModel):
        gallery.learn("宫保鸡丁", strange, "sale-1")
    with pytest.raises(OtherModel):
        DishGallery.from_rows([GalleryRow("宫保鸡丁", "another", strange.to_bytes())])


def vars_of(features: Features) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return features.embedding, features.colour, features.poses


@pytest.fixture(scope="module")
def eye() -> DishEye:
    return DishEye(folder(), threads=1)


@pytest.mark.weights
def test_drawn_dishes_are_known_any_way_round(eye: DishEye) -> None:
    gallery = DishGallery()
    for dish in DISHES:
        gallery.enrol(dish, [eye.enrolment(draw(dish, seed=1))])
    crops = [
        np.ascontiguousarray(np.rot90(draw(dish, seed=2), turn))
        for turn, dish in enumerate(DISHES)
    ]
    ranked = [gallery.rank(seen, DISHES) for seen in eye.features(crops)]
    assert [ranking.best[0] for ranking in ranked] == list(DISHES)


@pytest.mark.weights
def test_a_batch_sees_what_each_plate_alone_shows(eye: DishEye) -> None:
    crops = [draw(dish, seed=3) for dish in DISHES[:2]]
    together = eye.features(crops)
    for crop, seen in zip(crops, together, strict=True):
        [alone] = eye.features([crop])
        assert np.allclose(alone.embedding, seen.embedding, atol=1e-4)
        assert np.array_equal(alone.colour, seen.colour)


@pytest.mark.weights
def test_a_tray_without_plates_has_no_features(eye: DishEye) -> None:
    assert eye.features([]) == []


@pytest.mark.weights
def test_a_crop_of_a_few_pixels_is_refused(eye: DishEye) -> None:
    with pytest.raises(PlateTooSmall):
        eye.features([np.zeros((200, 9, 3), np.uint8)])


@pytest.mark.weights
def test_features_survive_a_table(eye: DishEye) -> None:
    seen = eye.enrolment(draw(DISHES[0], seed=4))
    back = Features.from_bytes(MODEL_ID, seen.to_bytes())
    assert back.poses.shape == seen.poses.shape
    assert np.allclose(back.embedding, seen.embedding, atol=1e-3)
    assert np.allclose(back.colour, seen.colour, atol=1e-3)


@pytest.mark.weights
def test_five_photos_are_enrolled_without_long_work(eye: DishEye) -> None:
    start = time.process_time()
    photos = [eye.enrolment(draw(DISHES[0], seed)) for seed in range(5)]
    DishGallery().enrol(DISHES[0], photos)
    assert time.process_time() - start < 5
