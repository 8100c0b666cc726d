"""Scores that fare well on the menu's own photos are trusted more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recognition.dishes import Features
from models.recognition.dishes_eye import EMBEDDING_WIDTH, MODEL_ID, unit
from models.recognition.portion_calibration import fitted, left_out
from models.recognition.portion_evidence import Policy

POLICY = Policy()
LIKELY = {"a": 0.7, "b": 0.2, "c": 0.1}


def photo(seed: int, near: int = 0) -> Features:
    """Draw features near those of dish number `near`."""
    middle = np.random.default_rng(near).normal(size=EMBEDDING_WIDTH)
    noise = np.random.default_rng(100 + seed).normal(size=(6, EMBEDDING_WIDTH))
    poses = unit((middle + 0.3 * noise).astype(np.float32))
    colour = unit(np.ones(8 * 16 * 16, np.float32))
    return Features(MODEL_ID, unit(poses.mean(axis=0)), colour, poses)


def test_rankings_that_are_always_right_sharpen() -> None:
    assert fitted(POLICY, [(LIKELY, "a")] * 40).temper > 1.3


def test_rankings_that_are_often_wrong_flatten() -> None:
    mixed = [(LIKELY, "a"), (LIKELY, "b"), (LIKELY, "c")] * 12
    assert fitted(POLICY, mixed).temper < 0.8


def test_without_photos_the_policy_stays() -> None:
    assert fitted(POLICY, []).temper == pytest.approx(POLICY.temper, rel=0.01)


@given(st.lists(st.sampled_from("abc"), max_size=20))
def test_the_order_of_photos_does_not_matter(truths: list[str]) -> None:
    ranked = [(LIKELY, truth) for truth in truths]
    there, back = fitted(POLICY, ranked), fitted(POLICY, ranked[::-1])
    assert there.temper == pytest.approx(back.temper)


def test_every_photo_is_left_out_once_where_another_stays() -> None:
    enrolled = {
        "a": [photo(1), photo(2)],
        "b": [photo(3, 1), photo(4, 1)],
        "c": [photo(5, 2)],
    }
    ranked = left_out(enrolled)
    assert [truth for _, truth in ranked] == ["a", "a", "b", "b"]
    assert all(
        max(shares, key=lambda d: shares[d]) == truth for shares, truth in ranked
    )
