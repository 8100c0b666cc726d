"""Plates are found on drawn trays, and drawings without plates stay without."""

from __future__ import annotations

import numpy as np
import pytest

from models.domain.evidence import Reason
from models.recognition.evaluation.trays import clipped, matched
from models.recognition.trays import find_plates
from models.recognition.trays_view import NotATrayPicture, crop
from tests.models.recognition.drawn_trays import (
    counter,
    photographed,
    random_tray,
    tray,
)


def test_fifty_drawn_trays_have_their_plates_found() -> None:
    found = true = right = 0
    for seed in range(50):
        picture, boxes = random_tray(seed, cut=seed % 3 == 0)
        seen = [clipped(p.box, picture) for p in find_plates(picture).plates]
        right += len(matched(seen, [clipped(box, picture) for box in boxes]))
        found += len(seen)
        true += len(boxes)
    assert right / true >= 0.97
    assert right / found >= 0.97


@pytest.mark.parametrize("seed", range(4))
def test_a_tray_without_a_plate_says_so(seed: int) -> None:
    drawn = counter(np.random.default_rng(seed))
    tray(drawn)
    picture, _ = photographed(drawn)
    view = find_plates(picture)
    assert view.plates == ()
    assert Reason.NO_PLATE in view.reasons


@pytest.mark.parametrize("shape", [(0, 0, 3), (480, 640), (480, 640, 4), (9, 9, 3)])
def test_what_is_no_colour_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(NotATrayPicture):
        find_plates(np.zeros(shape, np.uint8))


def test_a_crop_is_a_square_around_the_plate_even_beyond_the_frame() -> None:
    picture, _ = random_tray(3, cut=True)
    for plate in find_plates(picture).plates:
        square = crop(picture, plate, masked=True)
        assert square.shape == (round(2 * plate.radius), round(2 * plate.radius), 3)
        assert (square[0, 0] == 127).all()
