"""Every fault of a picture has its own answer; a good picture gives a stable vector.

Pictures are drawn, or made by code from the two public-domain portraits.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.evidence import Reason, Unknown
from models.recognition.faces import (
    FaceReader,
    Gate,
    Points,
    Seen,
    SFace,
    fused,
    yaw_deg,
)
from models.recognition.gallery import OtherModel
from models.recognition.runtime import Picture, read_picture

WEIGHTS = Path(os.environ.get("CANTEEN_WEIGHTS", Path(__file__).parents[3] / "weights"))
HEAD = np.array(
    [(-35.2, 0, 0), (35.2, 0, 0), (0, 40.2, 29), (-29, 81.4, 0), (29, 81.4, 0)]
)


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return FaceReader(SFace(WEIGHTS))


@pytest.fixture(scope="module")
def hopper() -> Picture:
    return read_picture(WEIGHTS / "portraits" / "grace_hopper.jpg")


@pytest.fixture(scope="module")
def astronaut() -> Picture:
    return read_picture(WEIGHTS / "portraits" / "astronaut.png")


def placed(*portraits: tuple[Picture, float, int, int]) -> Picture:
    """A grey 640 x 480 frame with portraits scaled and put at left, top."""
    frame = np.full((480, 640, 3), 128, np.uint8)
    for portrait, scale, left, top in portraits:
        shift = np.array([[scale, 0.0, left], [0.0, scale, top]])
        cv2.warpAffine(
            portrait, shift, (640, 480), frame, borderMode=cv2.BORDER_TRANSPARENT
        )
    return frame


def seen_in(answer: Seen | Unknown) -> Seen:
    assert isinstance(answer, Seen)
    return answer


@pytest.mark.weights
def test_a_good_picture_is_seen(reader: FaceReader, hopper: Picture) -> None:
    seen = seen_in(reader.look(placed((hopper, 0.7, 100, 30))))
    assert np.linalg.norm(seen.vector) == pytest.approx(1.0, abs=1e-5)
    assert seen.model_id == reader.engine.model_id
    assert abs(seen.face.yaw_deg) < 10


@pytest.mark.weights
def test_size_and_place_hardly_move_the_vector(
    reader: FaceReader, hopper: Picture, astronaut: Picture
) -> None:
    near = seen_in(reader.look(placed((hopper, 0.8, 100, 0)))).vector
    far = seen_in(reader.look(placed((hopper, 0.45, 300, 150)))).vector
    other = seen_in(reader.look(placed((astronaut, 0.9, 0, 0)))).vector
    assert near @ far > 0.9
    assert near @ other < 0.3


@pytest.mark.weights
def test_a_large_photo_is_searched_too(reader: FaceReader, hopper: Picture) -> None:
    large = cv2.resize(hopper, None, fx=5, fy=5).astype(np.uint8)
    seen = seen_in(reader.look(large))
    assert seen.vector @ seen_in(reader.look(hopper)).vector > 0.95
    assert seen.face.width > 500


@pytest.mark.weights
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_empty_counter_shows_no_face(reader: FaceReader, grey: int) -> None:
    blank = np.full((480, 640, 3), grey, np.uint8)
    assert reader.look(blank) == Unknown(Reason.NO_FACE)


@pytest.mark.weights
def test_a_plate_is_no_face(reader: FaceReader) -> None:
    frame = np.full((480, 640, 3), 90, np.uint8)
    cv2.circle(frame, (320, 240), 150, (240, 240, 240), -1)
    cv2.circle(frame, (270, 200), 30, (40, 60, 160), -1)
    cv2.circle(frame, (370, 200), 30, (40, 60, 160), -1)
    cv2.ellipse(frame, (320, 300), (70, 25), 0, 0, 360, (30, 140, 60), -1)
    assert reader.look(frame) == Unknown(Reason.NO_FACE)


@pytest.mark.weights
def test_two_people_at_the_counter_are_told_apart_from_a_queue(
    reader: FaceReader, hopper: Picture, astronaut: Picture
) -> None:
    both = placed((hopper, 0.5, 0, 100), (astronaut, 0.9, 250, 0))
    assert reader.look(both) == Unknown(Reason.TWO_FACES)
    queue = placed((astronaut, 0.4, 420, 0), (hopper, 0.8, 0, 0))
    assert seen_in(reader.look(queue)).face.left < 320


@pytest.mark.weights
@pytest.mark.parametrize(("left", "top"), [(-170, 30), (-20, -110), (390, 30)])
def test_a_face_over_the_edge_is_cut_off(
    reader: FaceReader, hopper: Picture, left: int, top: int
) -> None:
    frame = placed((hopper, 0.8, left, top))
    assert reader.look(frame) == Unknown(Reason.FACE_CUT_OFF)


@pytest.mark.weights
def test_a_face_far_away_is_too_small(reader: FaceReader, hopper: Picture) -> None:
    frame = placed((hopper, 0.25, 250, 150))
    assert reader.look(frame) == Unknown(Reason.FACE_TOO_SMALL)


@pytest.mark.weights
def test_a_moving_face_is_blurred(reader: FaceReader, hopper: Picture) -> None:
    blurred = cv2.blur(placed((hopper, 0.7, 100, 30)), (13, 13)).astype(np.uint8)
    assert reader.look(blurred) == Unknown(Reason.FACE_BLURRED)


@pytest.mark.weights
@pytest.mark.parametrize(("gain", "offset"), [(0.1, 0), (0.25, 190)])
def test_a_face_in_bad_light_is_told_so(
    reader: FaceReader, hopper: Picture, gain: float, offset: float
) -> None:
    lit = placed((hopper, 0.7, 100, 30)) * gain + offset
    answer = reader.look(lit.clip(0, 255).astype(np.uint8))
    assert answer == Unknown(Reason.FACE_BADLY_LIT)


@pytest.mark.weights
def test_a_turned_face_is_told_to_look_here(
    reader: FaceReader, hopper: Picture
) -> None:
    strict = Gate(**{**_fields(reader.gate), "yaw_deg": 0.5})
    frame = placed((hopper, 0.7, 100, 30))
    face = reader.engine.detect(frame)[0]
    face.points[2, 0] += 6
    assert strict.judge(frame, [face]) == Unknown(Reason.FACE_TURNED)


def _fields(gate: Gate) -> dict[str, float]:
    return {name: getattr(gate, name) for name in Gate.__slots__}


@pytest.mark.weights
def test_a_tilted_head_is_the_same_face(reader: FaceReader, hopper: Picture) -> None:
    frame = placed((hopper, 0.7, 150, 30))
    turn = cv2.getRotationMatrix2D((320, 240), 20, 1.0)
    tilted = cv2.warpAffine(frame, turn, (640, 480)).astype(np.uint8)
    straight = seen_in(reader.look(frame)).vector
    assert seen_in(reader.look(tilted)).vector @ straight > 0.85


@pytest.mark.weights
def test_frames_of_two_models_are_never_fused(
    reader: FaceReader, hopper: Picture
) -> None:
    seen = seen_in(reader.look(hopper))
    assert fused([seen, seen]) == pytest.approx(seen.vector, abs=1e-6)
    with pytest.raises(OtherModel):
        fused([seen, Seen(seen.vector, "drawn-2", seen.face)])


def turned(yaw: float, tilt: float, scale: float) -> Points:
    """The five points of a head turned by `yaw`, seen from afar, picture tilted."""
    angle, lean = np.radians(yaw), np.radians(tilt)
    x = HEAD[:, 0] * np.cos(angle) + HEAD[:, 2] * np.sin(angle)
    flat = np.column_stack([x, HEAD[:, 1]]) * scale
    turn = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
    return np.asarray(flat @ turn.T + (200, 150))


@given(st.floats(-45, 45), st.floats(-30, 30), st.floats(0.3, 3))
def test_yaw_is_read_back_from_the_five_points(
    yaw: float, tilt: float, scale: float
) -> None:
    assert yaw_deg(turned(yaw, tilt, scale)) == pytest.approx(yaw, abs=4)


@given(st.floats(-45, 45))
def test_a_flat_photo_never_reads_as_a_turned_head(yaw: float) -> None:
    flat = turned(0, 0, 1) * (np.cos(np.radians(yaw)), 1.0)
    assert abs(yaw_deg(flat)) < 5


def test_points_in_one_place_read_as_turned_away() -> None:
    assert yaw_deg(np.zeros((5, 2))) == pytest.approx(90)
