"""When a face decides alone. Diners stand on axes, so a probe's cosines are chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.evidence import Ambiguous, Match, Reason, Unknown
from models.recognition.faces import Face, Seen
from models.recognition.faces_identity import Policy, Prior, confirm, identify
from models.recognition.gallery import (
    DIMENSIONS,
    Gallery,
    OtherModel,
    Ranked,
    Template,
)

MODEL = "drawn-1"
POLICY = Policy.shipped()
FACE = Face(200, 100, 150, 180, np.zeros((5, 2)), 0.95)


def gallery(people: int = 40) -> Gallery:
    made = Gallery(MODEL)
    for number in range(people):
        axis = np.eye(1, DIMENSIONS, number, dtype=np.float32)
        made.add(Template(f"d{number}", MODEL, "consent", axis))
    return made


def probe(*cosines: float, rest: float = 0.05) -> Seen:
    """A face with these cosines to d0, d1 ... and `rest` to the others up to d39."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[:40] = rest
    vector[: len(cosines)] = cosines
    vector[-1] = np.sqrt(1 - (vector**2).sum())
    return Seen(vector, MODEL, FACE)


EVERYBODY = gallery()


def ranked(seen: Seen) -> Ranked:
    return EVERYBODY.nearest(seen.vector, MODEL, 21)


def test_a_near_face_far_from_all_others_is_a_match() -> None:
    answer = identify([probe(0.7)], gallery(), POLICY)
    assert isinstance(answer, Match)
    assert answer.what == "d0"
    assert 999_000 <= answer.ppm < 1_000_000


def test_a_face_like_nobody_is_not_enrolled() -> None:
    assert identify([probe(0.4)], gallery(), POLICY) == Unknown(Reason.NOT_ENROLLED)


def test_an_empty_gallery_knows_nobody() -> None:
    answer = identify([probe(0.7)], gallery(0), POLICY)
    assert answer == Unknown(Reason.NOT_ENROLLED)


@pytest.mark.parametrize("cosines", [(0.47,), (0.66, 0.58), (0.6, 0.59)])
def test_a_doubtful_face_asks_for_a_second_factor(cosines: tuple[float, ...]) -> None:
    answer = identify([probe(*cosines)], gallery(), POLICY)
    assert isinstance(answer, Ambiguous)
    assert answer.reason is Reason.SECOND_FACTOR
    assert answer.candidates[0].what == "d0"
    assert sum(candidate.ppm for candidate in answer.candidates) <= 1_000_000


def test_the_bar_rises_where_everybody_looks_alike() -> None:
    score = 0.56
    assert isinstance(identify([probe(score)], gallery(), POLICY), Match)
    alike = Gallery(MODEL)
    for number in range(40):
        lean = np.zeros((1, DIMENSIONS), np.float32)
        lean[0, [number, 100]] = np.sqrt([0.6, 0.4])
        alike.add(Template(f"d{number}", MODEL, "consent", lean))
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[100] = 0.45 / np.sqrt(0.4)  # 0.45 to everybody, 0.56 to d0
    vector[0] = (score - 0.45) / np.sqrt(0.6)
    vector[-1] = np.sqrt(1 - (vector**2).sum())
    answer = identify([Seen(vector, MODEL, FACE)], alike, POLICY)
    assert isinstance(answer, Ambiguous)
    assert answer.candidates[0].what == "d0"


def test_frames_that_agree_are_fused_into_a_surer_face() -> None:
    one, other = probe(0.47).vector, probe(0.47).vector.copy()
    one[-2] = one[-1] = one[-1] / np.sqrt(2)
    other[-3] = other[-1] = other[-1] / np.sqrt(2)
    frames = [Seen(one, MODEL, FACE), Seen(other, MODEL, FACE)]
    assert not isinstance(identify(frames[:1], gallery(), POLICY), Match)
    assert isinstance(identify(frames, gallery(), POLICY), Match)


def test_frames_of_two_people_are_not_fused_into_one() -> None:
    one, other = probe(0.7), probe(0.0, 0.7)
    other.vector[[-2, -1]] = other.vector[[-1, -2]]
    answer = identify([one, other], gallery(), POLICY)
    assert answer == Unknown(Reason.TWO_FACES)


def test_a_known_guest_of_this_hall_is_preferred_within_bounds() -> None:
    close = probe(0.56, 0.50)
    usual = Prior(usual={"d1": 1.0})
    before = POLICY.posterior(ranked(close))
    after = POLICY.posterior(ranked(close), usual)
    assert after[1] > before[1]
    assert after[0] > after[1]


@given(st.floats(0.0, 0.479), st.floats(-100, 100), st.floats(-100, 100))
def test_no_prior_accepts_below_the_floor(
    cosine: float, first: float, second: float
) -> None:
    prior = Prior(usual={"d0": first, "d1": second}, paid=frozenset({"d1"}))
    answer = identify([probe(cosine)], EVERYBODY, POLICY, prior)
    assert not isinstance(answer, Match)


@given(st.floats(0.3, 0.9), st.floats(0.0, 0.25), st.sets(st.integers(0, 39)))
def test_having_paid_never_lowers_the_best_face(
    first: float, second: float, paid: set[int]
) -> None:
    prior = Prior(paid=frozenset(f"d{number}" for number in paid))
    found = ranked(probe(first, min(second, first)))
    assert POLICY.posterior(found, prior)[0] >= POLICY.posterior(found)[0]


@given(st.lists(st.floats(0.0, 0.3), min_size=1, max_size=8))
def test_posteriors_are_probabilities_in_order_of_the_cosines(
    cosines: list[float],
) -> None:
    chances = POLICY.posterior(ranked(probe(*cosines, rest=0.0)))
    assert 0.0 <= sum(chances) <= 1.0
    assert list(chances) == sorted(chances, reverse=True)


def test_a_small_gallery_does_not_lower_the_bar() -> None:
    few, many = gallery(2), gallery(40)
    for score in (0.5, 0.52, 0.54, 0.56):
        small = identify([probe(score, rest=0.0)], few, POLICY)
        large = identify([probe(score, rest=0.0)], many, POLICY)
        assert isinstance(small, Match) == isinstance(large, Match)


def test_a_second_factor_is_confirmed_one_to_one() -> None:
    assert isinstance(confirm([probe(0.48)], gallery(), POLICY, ["d0"]), Match)
    answer = confirm([probe(0.46)], gallery(), POLICY, ["d0"])
    assert answer == Unknown(Reason.NOT_ENROLLED)


def test_a_second_factor_of_somebody_else_is_refused() -> None:
    answer = confirm([probe(0.8)], gallery(), POLICY, ["d7", "nobody"])
    assert answer == Unknown(Reason.NOT_ENROLLED)


def test_last_digits_shared_by_two_alike_stay_open() -> None:
    answer = confirm([probe(0.55, 0.5)], gallery(), POLICY, ["d0", "d1"])
    assert isinstance(answer, Ambiguous)
    apart = confirm([probe(0.6, 0.3)], gallery(), POLICY, ["d1", "d0"])
    assert isinstance(apart, Match)
    assert apart.what == "d0"


def test_faces_of_another_model_are_never_compared() -> None:
    other = replace(probe(0.7), model_id="drawn-2")
    with pytest.raises(OtherModel):
        identify([other], gallery(), POLICY)
    with pytest.raises(OtherModel):
        identify([probe(0.7), other], gallery(), POLICY)
