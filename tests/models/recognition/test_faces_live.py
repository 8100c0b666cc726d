"""The turn challenge: a head that turns where it was asked lives; a photo does not."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recognition.faces import Face
from models.recognition.faces_live import Living, Turn, TurnJudge

RIGHT = TurnJudge(Turn.RIGHT)


@pytest.mark.parametrize(
    ("yaws", "living"),
    [
        ([], Living.WAIT),
        ([0, 4, 9], Living.WAIT),
        ([0, 8, 15, 21], Living.YES),
        ([0, -8, -15, -21], Living.NO),
        ([18, 21], Living.NO),
        ([0, 25], Living.NO),
        ([2.0] * 40, Living.NO),
    ],
)
def test_a_sequence_of_yaws_is_judged(yaws: list[float], living: Living) -> None:
    assert RIGHT.judge_turn(yaws) is living


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=60))
def test_a_flat_photo_is_never_living(yaws: list[float]) -> None:
    assert RIGHT.judge_turn(yaws) is not Living.YES


@given(st.lists(st.floats(-60, 60), max_size=30))
def test_left_is_the_mirror_of_right(yaws: list[float]) -> None:
    mirrored = [-yaw for yaw in yaws]
    assert TurnJudge(Turn.LEFT).judge_turn(mirrored) is RIGHT.judge_turn(yaws)


def test_both_sides_are_drawn() -> None:
    random = Random(1)
    assert {TurnJudge.drawn(random).asked for _ in range(20)} == set(Turn)


def test_faces_are_judged_by_their_yaw() -> None:
    still = Face(
        0, 0, 90, 110, np.array([(0, 0), (35, 0), (17, 20), (3, 40), (32, 40)]), 0.9
    )
    assert RIGHT.judge([still] * 3) is Living.WAIT
    assert RIGHT.judge([still] * 40) is Living.NO
