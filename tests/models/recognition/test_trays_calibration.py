"""Calibrating a till and telling kinds of vessels by size and rim colour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.serving import VesselKind, VesselShape
from models.domain.units import NO_MASS
from models.recognition.trays import find_plates, show
from models.recognition.trays_calibration import (
    Calibration,
    CompartmentLayout,
    NotOneVessel,
    OtherCamera,
    SizesDisagree,
    calibrate,
    kind_probabilities,
)
from tests.models.recognition import drawn_trays as draw

WHITE = VesselKind("white", "白盘", VesselShape.PLATE, 120, NO_MASS, (93, 0, 2))
BLUE = VesselKind("blue", "蓝盘", VesselShape.PLATE, 120, NO_MASS, (60, -5, -35))
BOWL = VesselKind("bowl", "小碗", VesselShape.BOWL, 78, NO_MASS, (93, 0, 2))
KINDS = (WHITE, BLUE, BOWL)
COLOURS = {"white": (236, 240, 240), "blue": (190, 140, 80), "bowl": (236, 240, 240)}


def one_plate(kind: VesselKind, seed: int) -> draw.Picture:
    """One empty vessel of a kind at 0.4 mm a pixel, alone on a grey counter."""
    drawn = draw.counter(np.random.default_rng(seed), (120, 125, 128))
    radius = kind.size_mm / 2 / 0.4
    at = (float(drawn.random.uniform(300, 900)), float(drawn.random.uniform(300, 650)))
    draw.plate(drawn, at, radius, COLOURS[kind.code], food=False)
    return draw.photographed(drawn, tilt=0)[0]


def wizard() -> Calibration:
    """Calibrate as an installer would: an empty counter, two pictures of each kind."""
    counter = draw.counter(np.random.default_rng(0), (120, 125, 128))
    empty, _ = draw.photographed(counter, tilt=0)
    shown = [
        show(one_plate(kind, 10 * n + again), replace(kind, colour=None))
        for n, kind in enumerate(KINDS)
        for again in range(2)
    ]
    return calibrate(empty, shown)


def test_the_scale_and_the_rim_colours_are_measured() -> None:
    calibration = wizard()
    assert calibration.um_per_pixel == pytest.approx(400, rel=0.04)
    measured = {kind.code: kind.colour for kind in calibration.kinds}
    assert measured["blue"] is not None
    assert measured["white"] is not None
    assert measured["blue"][2] < -15 < measured["white"][2]


def test_a_calibrated_till_tells_the_kinds_apart() -> None:
    calibration = wizard()
    for seed, kind in enumerate(KINDS * 3):
        [plate] = find_plates(one_plate(kind, 50 + seed), calibration).plates
        assert plate.kind == kind.code
        assert plate.kinds[kind.code] > 0.7
        assert plate.shape is kind.shape
        assert plate.radius_mm == pytest.approx(kind.size_mm / 2, rel=0.05)


def test_a_size_that_contradicts_the_others_is_named() -> None:
    wrong = replace(BLUE, size_mm=150, name="蓝盘")
    shown = [show(one_plate(kind, 3), kind) for kind in (WHITE, BOWL)]
    shown.append(show(one_plate(BLUE, 4), wrong))
    with pytest.raises(SizesDisagree) as told:
        calibrate(one_plate(WHITE, 5), shown)
    assert told.value.data["kind"] == "蓝盘"


def test_a_calibration_picture_must_show_exactly_one_vessel() -> None:
    empty, _ = draw.photographed(draw.counter(np.random.default_rng(1)), tilt=0)
    with pytest.raises(NotOneVessel):
        show(empty, WHITE)
    two, _ = draw.photographed(draw.two_plates(1), tilt=0)
    with pytest.raises(NotOneVessel):
        show(two, WHITE)


def test_a_calibration_survives_being_stored() -> None:
    calibration = wizard()
    layout = CompartmentLayout("one", (300, 200), ((0, 0, 1000, 1000),))
    again = Calibration.from_record(
        calibration.to_record(), calibration.kinds, [layout]
    )
    assert again.um_per_pixel == calibration.um_per_pixel
    assert again.kinds == calibration.kinds
    assert again.layouts == (layout,)
    assert again.counter is not None
    assert calibration.counter is not None
    assert np.array_equal(again.counter, calibration.counter)


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(OtherCamera):
        find_plates(np.zeros((960, 960, 3), np.uint8), wizard())


@given(
    size=st.floats(60, 400),
    colour=st.tuples(*[st.integers(-100, 100)] * 3),
    shape=st.sampled_from(VesselShape),
)
def test_kind_probabilities_never_pass_one(
    size: float, colour: tuple[int, int, int], shape: VesselShape
) -> None:
    told = kind_probabilities(size, colour, shape, KINDS)
    assert all(0 <= share <= 1 for share in told.values())
    assert sum(told.values()) <= 1 + 1e-9


@given(off=st.floats(-0.2, 0.2), more=st.floats(0.001, 0.2))
def test_a_kind_is_less_likely_the_more_its_size_is_off(
    off: float, more: float
) -> None:
    farther = off + more if off >= 0 else off - more
    near, far = (
        kind_probabilities(120 * (1 + by), (93, 0, 2), VesselShape.PLATE, [WHITE])
        for by in (off, farther)
    )
    assert near["white"] >= far["white"]
