"""What is found on drawn trays, and what each oddity is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.domain.evidence import Reason
from models.domain.serving import VesselKind, VesselShape
from models.domain.units import NO_MASS
from models.recognition.evaluation.trays import clipped, matched
from models.recognition.trays import find_plates
from models.recognition.trays_calibration import COMMON_LAYOUTS, Calibration
from models.recognition.trays_circles import reduced
from models.recognition.trays_view import NotATrayPicture, ThingKind, crop
from tests.models.recognition import drawn_trays as draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.recognition.trays_view import TrayView

SEEDS = range(5)
UM_PER_PIXEL = 400
KINDS = (
    VesselKind("large", "大盘", VesselShape.PLATE, 120, NO_MASS),
    VesselKind("middle", "中盘", VesselShape.PLATE, 98, NO_MASS),
    VesselKind("small", "小碗", VesselShape.BOWL, 78, NO_MASS),
    VesselKind("box", "餐盒", VesselShape.BOX, 180, NO_MASS),
)


def calibrated(seed: int) -> Calibration:
    """The till on whose counter `seed` is drawn, pictured in other light."""
    empty = draw.counter(np.random.default_rng(seed))
    empty.random = np.random.default_rng(seed + 1000)
    picture, _ = draw.photographed(empty, tilt=0)
    return Calibration(1280, 960, UM_PER_PIXEL, KINDS, counter=reduced(picture))


def found_on(seeds: range, *, known: bool) -> tuple[int, int, int]:
    """Plates drawn, reported and rightly reported."""
    true = found = right = 0
    for seed in seeds:
        cut = seed % 3 == 0
        picture, boxes = draw.random_tray(seed, cut=cut, tilt=0 if known else 1)
        view = find_plates(picture, calibrated(seed) if known else None)
        seen = [clipped(plate.box, picture) for plate in view.plates]
        right += len(matched(seen, [clipped(box, picture) for box in boxes]))
        found += len(seen)
        true += len(boxes)
    return true, found, right


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    "seeds", [range(100, 110), pytest.param(range(50), marks=pytest.mark.slow)], ids=len
)
def test_the_plates_of_drawn_trays_are_found(seeds: range, known: bool) -> None:
    true, found, right = found_on(seeds, known=known)
    assert true > 2 * len(seeds)
    assert right / true >= 0.87
    assert right / found >= 0.87


def share(answers: Callable[[TrayView], bool], views: list[TrayView]) -> float:
    """Share of pictures that are answered as they should."""
    return sum(map(answers, views)) / len(views)


def views_of(
    add: Callable[[draw.Drawn], object], *, known: bool, trayed: bool = True
) -> list[TrayView]:
    """Look at two plates and whatever `add` lays beside or over them, often."""
    views = []
    for seed in SEEDS:
        drawn = draw.two_plates(seed, trayed=trayed)
        add(drawn)
        picture, _ = draw.photographed(drawn, tilt=0 if known else 1)
        views.append(find_plates(picture, calibrated(seed) if known else None))
    return views


def says(reason: Reason) -> Callable[[TrayView], bool]:
    """Whether one plate or the whole picture is answered with `reason`."""
    return lambda view: (
        reason in view.reasons or any(reason in plate.reasons for plate in view.plates)
    )


def is_plain(view: TrayView) -> bool:
    """Two plates and nothing odd."""
    odd = view.reasons or view.things or any(plate.reasons for plate in view.plates)
    return len(view.plates) == 2 and not odd


def nothing(drawn: draw.Drawn) -> None:
    """Add nothing."""


def napkin_and_cutlery(drawn: draw.Drawn) -> None:
    draw.napkin(drawn, draw.FREE, 190)
    draw.cutlery(drawn)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("trayed", [False, True])
def test_plates_of_food_raise_no_question(known: bool, trayed: bool) -> None:
    assert share(is_plain, views_of(nothing, known=known, trayed=trayed)) >= 0.8


@pytest.mark.parametrize("known", [False, True])
def test_napkins_and_cutlery_are_no_foreign_objects(known: bool) -> None:
    foreign = says(Reason.FOREIGN_OBJECT)
    assert share(foreign, views_of(napkin_and_cutlery, known=known)) <= 0.2


@pytest.mark.parametrize("seed", range(4))
def test_a_tray_without_a_plate_says_so(seed: int) -> None:
    drawn = draw.counter(np.random.default_rng(seed))
    draw.tray(drawn)
    picture, _ = draw.photographed(drawn)
    view = find_plates(picture)
    assert view.plates == ()
    assert Reason.NO_PLATE in view.reasons


@pytest.mark.parametrize("known", [False, True])
def test_a_plate_that_leaves_the_picture_is_found_and_told(known: bool) -> None:
    def cut(drawn: draw.Drawn) -> None:
        draw.plate(drawn, (draw.FREE[0], 45), 122)

    views = views_of(cut, known=known)
    assert share(says(Reason.CUT_BY_FRAME), views) >= 0.8
    assert share(lambda view: sum(p.is_cut for p in view.plates) == 1, views) >= 0.8


@pytest.mark.parametrize("known", [False, True])
def test_a_hand_over_a_plate_is_told(known: bool) -> None:
    def reach(drawn: draw.Drawn) -> None:
        x, y = draw.PLACES[1]
        draw.hand(drawn, (x + 10, y + 30))

    assert share(says(Reason.HAND_IN_PICTURE), views_of(reach, known=known)) >= 0.6


def test_a_hand_beside_the_plates_is_told_by_the_empty_counter() -> None:
    views = views_of(lambda drawn: draw.hand(drawn, (850, 520)), known=True)
    assert share(says(Reason.HAND_IN_PICTURE), views) >= 0.6


@pytest.mark.parametrize("seed", SEEDS)
def test_glare_over_food_is_told(seed: int) -> None:
    picture, _ = draw.photographed(draw.two_plates(seed), tilt=0)
    shining = draw.Drawn(picture.copy(), np.random.default_rng(seed))
    draw.glare(shining, draw.PLACES[0], 48)
    before, after = find_plates(picture), find_plates(shining.picture)
    assert not says(Reason.GLARE)(before)
    assert sum(Reason.GLARE in plate.reasons for plate in after.plates) == 1


@pytest.mark.parametrize("known", [False, True])
def test_an_empty_plate_is_told_from_the_full_ones(known: bool) -> None:
    def bare(drawn: draw.Drawn) -> None:
        draw.plate(drawn, draw.FREE, 122, food=False)

    def one_empty(view: TrayView) -> bool:
        empty = [p for p in view.plates if Reason.EMPTY_PLATE in p.reasons]
        return len(view.plates) == 3 and len(empty) == 1 and empty[0].centre[0] > 640

    assert share(one_empty, views_of(bare, known=known)) >= 0.8


def test_a_closed_box_is_told_and_an_open_one_is_a_vessel() -> None:
    def closed(drawn: draw.Drawn) -> None:
        draw.box(drawn, draw.FREE, (450, 330), lid=True)

    def opened(drawn: draw.Drawn) -> None:
        draw.box(drawn, draw.FREE, (450, 330), lid=False)

    assert share(says(Reason.LIDDED), views_of(closed, known=True)) >= 0.6
    views = views_of(opened, known=True)
    assert share(says(Reason.LIDDED), views) == 0
    seen = share(lambda v: any(p.kind == "box" for p in v.plates), views)
    assert seen + share(says(Reason.FOREIGN_OBJECT), views) >= 0.8


def test_a_bowl_on_a_saucer_is_charged_once() -> None:
    def served(drawn: draw.Drawn) -> None:
        x, y = draw.FREE
        draw.plate(drawn, (x, y), 150, (235, 238, 240), food=False)
        draw.bowl(drawn, (x + 5, y - 6), 98, (120, 90, 60))

    def nested(view: TrayView) -> bool:
        saucers = [p for p in view.plates if p.reasons == (Reason.UNDER_A_BOWL,)]
        if len(view.plates) != 4 or len(saucers) != 1:
            return False
        bowl = view.plates[saucers[0].under or 0]
        return bowl.radius < saucers[0].radius and bowl.under is None

    for known in (False, True):
        assert share(nested, views_of(served, known=known)) >= 0.6


@pytest.mark.parametrize("known", [False, True])
def test_a_phone_on_the_tray_is_told(known: bool) -> None:
    def lay(drawn: draw.Drawn) -> None:
        draw.phone(drawn, draw.FREE, 375 if known else 260)

    def is_phone(view: TrayView) -> bool:
        phones = [one for one in view.things if one.kind is ThingKind.PHONE]
        return bool(phones) and Reason.FOREIGN_OBJECT in view.reasons

    assert share(is_phone, views_of(lay, known=known)) >= 0.6


def test_keys_on_the_tray_are_told_by_the_empty_counter() -> None:
    views = views_of(lambda drawn: draw.keys(drawn, draw.FREE, 130), known=True)
    assert share(says(Reason.FOREIGN_OBJECT), views) >= 0.8
    named = share(lambda v: any(t.kind is ThingKind.KEYS for t in v.things), views)
    assert named >= 0.6


@pytest.mark.parametrize("layout", COMMON_LAYOUTS, ids=lambda one: one.code)
def test_a_compartment_tray_gives_its_compartments(layout: object) -> None:
    right = 0
    for seed in SEEDS:
        drawn = draw.counter(np.random.default_rng(seed))
        parts = layout.compartments  # type: ignore[attr-defined]  # a layout
        outer = (150, 120, 1130, 870)
        draw.compartment_tray(drawn, parts, outer, steel=seed % 2 == 0)
        picture, boxes = draw.photographed(drawn, tilt=0)
        view = find_plates(picture)
        seen = [clipped(plate.box, picture) for plate in view.plates]
        pairs = matched(seen, [clipped(box, picture) for box in boxes])
        right += len(pairs) == len(boxes) == len(seen)
        for plate in view.plates:
            assert min(crop(picture, plate).shape[:2]) > 100
    assert right >= 4


def test_a_blank_picture_has_no_plate() -> None:
    view = find_plates(np.full((480, 640, 3), 128, np.uint8))
    assert view.reasons == (Reason.NO_PLATE,)


@pytest.mark.parametrize("shape", [(0, 0, 3), (480, 640), (480, 640, 4), (9, 9, 3)])
def test_what_is_no_colour_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(NotATrayPicture):
        find_plates(np.zeros(shape, np.uint8))


def test_a_crop_is_a_square_around_the_plate_even_beyond_the_frame() -> None:
    picture, _ = draw.random_tray(3, cut=True)
    for plate in find_plates(picture).plates:
        square = crop(picture, plate, masked=True)
        assert square.shape == (round(2 * plate.radius), round(2 * plate.radius), 3)
        assert (square[0, 0] == 127).all()


def test_a_turned_picture_has_the_same_plates() -> None:
    picture, boxes = draw.random_tray(4)
    for quarter in range(4):
        turned = np.ascontiguousarray(np.rot90(picture, quarter))
        assert len(find_plates(turned).plates) == len(boxes)
