"""The evaluation of dishes: its figures by hand, its rules on a drawn folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from models.recognition.dishes import DishEye
from models.recognition.evaluation.dishes import (
    Episode,
    Folder,
    Photo,
    accepted,
    auroc,
    dishes,
    reliability,
)
from models.recognition.weights import folder
from tests.models.recognition.drawn_dishes import DISHES, draw

if TYPE_CHECKING:
    from pathlib import Path


def test_accepted_is_the_largest_share_at_95_percent() -> None:
    sure = np.linspace(1, 0, 40)
    right = np.arange(40) < 30
    assert accepted(sure, right) == 31 / 40  # 30 of 31 is .968, 30 of 32 is .9375


def test_accepted_never_cuts_between_equal_scores() -> None:
    sure = np.array([0.9, 0.9, 0.5])
    assert accepted(sure, np.array([True, False, False])) == 0.0


def test_auroc_counts_ties_as_half() -> None:
    known = np.array([0.9, 0.5])
    assert auroc(known, np.array([0.1, 0.5])) == pytest.approx(3.5 / 4)


def test_reliability_is_zero_when_what_is_said_comes_true() -> None:
    said = np.array([0.75] * 4)
    error, table = reliability(said, np.array([True, True, True, False]))
    assert error == pytest.approx(0)
    assert sum(table["counts"]) == 4


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Draw five dishes; the first two share a name, the last has a single group."""
    for number, dish in enumerate(DISHES):
        groups = ["shared" if number < 2 else "a", "b", "c"]
        for seed, group in enumerate(groups if number < 4 else ["only"]):
            name = group if group == "shared" else f"{number}{group}"
            path = tmp_path / f"dish{number}" / f"{name}__0.jpg"
            path.parent.mkdir(exist_ok=True)
            picture = draw(dish, seed + 10)
            path.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    return tmp_path


@pytest.mark.weights
def test_no_group_is_on_both_sides(drawn: Path) -> None:
    photos = Folder.read(drawn, DishEye(folder(), 1))
    for seed in range(12):
        chance = np.random.default_rng(seed)
        episode = Episode.draw(photos, ways=5, shots=2, chance=chance)
        enrolled = [p.group for many in episode.enrolled.values() for p in many]
        assert len(enrolled) == len(set(enrolled))
        assert not {photo.group for photo in episode.queries} & set(enrolled)
        assert "4only" in enrolled
        assert all(isinstance(photo, Photo) for photo in episode.queries)


@pytest.mark.weights
@pytest.mark.slow
def test_the_command_prints_the_one_format_and_repeats_itself(drawn: Path) -> None:
    options = ["--ways", "all,9", "--shots", "1", "--episodes", "2", "--unknown", "2"]
    runs = [
        CliRunner().invoke(dishes, [str(drawn), *options, "--teach"]) for _ in range(2)
    ]
    assert runs[0].exit_code == 0, runs[0].output
    first, second = (
        {row["name"]: row for row in map(json.loads, run.stdout.splitlines())}
        for run in runs
    )
    assert set(first["dishes.5way.1shot"]) >= {
        "n",
        "top1",
        "top3",
        "accepted_at_95",
        "match",
        "match_wrong",
        "ok",
        "assumed",
    }
    assert first["dishes.9way.1shot"]["reason"] == "5 dishes"
    assert first["dishes.unknown2.1shot"]["goal"] == {"auroc": 0.95}
    assert "dishes.5way.1shot.taught.last_third" in first
    assert "ratio" in first["dishes.six_plates"]
    for name in first.keys() - {"dishes.six_plates"}:
        assert first[name] == second[name]


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(dishes, [str(tmp_path)])
    assert result.exit_code != 0
