"""Two half dishes on one plate, on drawn plates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.domain.evidence import Reason
from models.recognition.dishes import DishEye, DishGallery
from models.recognition.dishes_halves import shared_plates
from models.recognition.weights import folder
from tests.models.recognition.drawn_dishes import DISHES, draw, draw_halves

if TYPE_CHECKING:
    from models.recognition.dishes_halves import Halves
    from models.recognition.runtime import Picture

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def eye() -> DishEye:
    return DishEye(folder(), threads=1)


@pytest.fixture(scope="module")
def gallery(eye: DishEye) -> DishGallery:
    gallery = DishGallery()
    for dish in DISHES:
        gallery.enrol(dish, [eye.enrolment(draw(dish, seed)) for seed in (1,)])
    return gallery


def judged(eye: DishEye, gallery: DishGallery, crop: Picture) -> Halves | None:
    [features] = eye.features([crop])
    whole = gallery.rank(features, DISHES)
    [found] = shared_plates(eye, gallery, [crop], [whole], DISHES)
    return found


@pytest.mark.parametrize(
    ("first", "second", "degrees"),
    [
        ("番茄炒蛋", "清炒油麦菜", 90),
        ("米饭", "红烧肉", 0),
        ("清炒油麦菜", "麻婆豆腐", 40),
    ],
)
def test_both_dishes_of_a_shared_plate_are_offered(
    eye: DishEye, gallery: DishGallery, first: str, second: str, degrees: float
) -> None:
    crop = draw_halves(first, second, degrees, seed=7)
    found = judged(eye, gallery, crop)
    assert found is not None
    assert found.answer.reason is Reason.TWO_DISHES_ON_PLATE
    assert {candidate.what for candidate in found.answer.candidates} == {first, second}


@pytest.mark.parametrize("dish", DISHES)
def test_a_plate_of_one_dish_is_not_parted(
    eye: DishEye, gallery: DishGallery, dish: str
) -> None:
    crop = draw(dish, seed=8)
    assert judged(eye, gallery, crop) is None


def test_an_empty_plate_is_not_parted(eye: DishEye, gallery: DishGallery) -> None:
    crop = np.full((200, 200, 3), 230, np.uint8)
    assert judged(eye, gallery, crop) is None
