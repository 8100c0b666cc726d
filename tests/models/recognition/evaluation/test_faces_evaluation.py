"""`canteen eval faces`: every probe ends in one place, bounds are the textbook's."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from models.recognition.evaluation.faces import faces, upper_bound
from models.recognition.runtime import read_picture

WEIGHTS = Path(os.environ.get("CANTEEN_WEIGHTS", Path(__file__).parents[4] / "weights"))


def test_no_event_is_bounded_by_the_rule_of_three() -> None:
    assert upper_bound(0, 180) == pytest.approx(1 - 0.05 ** (1 / 180), abs=1e-9)
    assert upper_bound(0, 3000) == pytest.approx(3 / 3000, rel=0.01)


def test_bounds_of_clopper_and_pearson() -> None:
    assert upper_bound(1, 10) == pytest.approx(0.3942, abs=1e-4)
    assert upper_bound(10, 10) == 1.0


@given(st.integers(0, 50), st.integers(1, 300))
def test_the_bound_lies_above_the_share(events: int, more: int) -> None:
    trials = events + more
    assert events / trials < upper_bound(events, trials) <= 1.0


def _folder(root: Path) -> Path:
    """Four photos of one portrait enrolled, the other portrait a stranger."""
    hopper = read_picture(WEIGHTS / "portraits" / "grace_hopper.jpg")
    astronaut = read_picture(WEIGHTS / "portraits" / "astronaut.png")
    for number, gain in enumerate((1.0, 0.9, 0.8, 0.7), start=1):
        path = root / "enrolled" / "hopper" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), (hopper * gain).astype(np.uint8))
    path = root / "strangers" / "astronaut" / "1.jpg"
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), astronaut)
    return root


@pytest.mark.weights
@pytest.mark.parametrize("gate", ["off", "on"])
def test_a_small_folder_is_evaluated(tmp_path: Path, gate: str) -> None:
    arguments = [str(_folder(tmp_path)), "--enrol", "3", "--gate", gate]
    ran = CliRunner().invoke(faces, arguments, env={"CANTEEN_WEIGHTS": str(WEIGHTS)})
    told = json.loads(ran.stdout)
    assert told["name"] == f"faces.gate_{gate}"
    assert (told["n"], told["people"], told["strangers"]) == (1, 1, 1)
    assert (told["auto_accept"], told["rank1"], told["false_accept"]) == (1.0, 1.0, 0.0)
    ends = ("auto_accept", "second_factor", "rejected", "gated", "wrong_person")
    assert sum(told[end] for end in ends) == pytest.approx(1.0)
    assert told["ok"] is True


@pytest.mark.weights
def test_a_folder_without_probes_says_so(tmp_path: Path) -> None:
    arguments = [str(_folder(tmp_path)), "--enrol", "4"]
    ran = CliRunner().invoke(faces, arguments, env={"CANTEEN_WEIGHTS": str(WEIGHTS)})
    told = json.loads(ran.stdout)
    assert told["ok"] is None
    assert "4 photos" in told["reason"]
