"""The simulated canteen keeps its promises, and its figures add up."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pytest
from click.testing import CliRunner

from models.recognition.dishes import Ranking
from models.recognition.evaluation.bills import (
    Outcome,
    bills,
    figures,
    judge,
    reliability,
)
from models.recognition.evaluation.bills_world import (
    Lunch,
    Photo,
    Setting,
    TruePlate,
    photos_of,
)
from models.recognition.portions import Settler
from tests.models.recognition.drawn_dishes import DISHES, draw

if TYPE_CHECKING:
    from models.recognition.portion_evidence import TraySeen

SETTING = Setting(
    plates=3, vessels=4, vessel_accuracy=0.99, scale="total", stress=False
)


def kitchen(dishes: int = 6, groups: int = 8) -> dict[str, list[Photo]]:
    """Name photos that nobody opens; group 0 is one picture of all dishes."""
    return {
        f"dish-{d}": [
            Photo(f"dish-{d}", f"g{'' if g == 0 else d}{g}", Path(f"{d}-{g}.jpg"))
            for g in range(groups)
        ]
        for d in range(dishes)
    }


def lunch(setting: Setting = SETTING, seed: int = 1) -> Lunch:
    return Lunch(kitchen(), 6, 2, setting, seed)


def drawn(served: Lunch, *, use_up: bool = False) -> list[TruePlate]:
    tray = served.tray(use_up=use_up)
    assert tray is not None
    return tray


def certain(served: Lunch, truth: list[TruePlate]) -> TraySeen:
    """Show every plate as what it is."""
    names = [dish.name for dish in served.dishes]
    rankings = [
        Ranking({n: float(n == plate.dish.name) for n in names}, 0.0, (), None)  # type: ignore[arg-type] # settling reads no answer
        for plate in truth
    ]
    return served.seen(truth, rankings)


def test_photos_are_read_from_folders_by_group(tmp_path: Path) -> None:
    for name in ("meal__0.jpg", "meal__1.jpg", "day__two__0.jpg"):
        (tmp_path / "rice").mkdir(exist_ok=True)
        (tmp_path / "rice" / name).touch()
    names = [photo.name for photo in photos_of(tmp_path)["rice"]]
    assert names == ["day__two", "meal", "meal"]


def test_no_picture_is_enrolled_and_asked() -> None:
    for seed in range(20):
        served = lunch(seed=seed)
        enrolled = {p.name for photos in served.enrolled.values() for p in photos}
        asked = {plate.photo.name for _ in range(30) for plate in drawn(served)}
        assert not enrolled & asked


def test_a_tray_has_no_dish_twice_and_prices_that_halve() -> None:
    served = lunch()
    for _ in range(50):
        tray = drawn(served)
        assert len({plate.dish.name for plate in tray}) == 3
        assert all(
            plate.fen * (2 if plate.half else 1) == plate.dish.fen for plate in tray
        )


def test_a_taught_lunch_asks_no_photo_twice_and_ends() -> None:
    served = lunch()
    asked: Counter[Path] = Counter()
    while tray := served.tray(use_up=True):
        asked.update(plate.photo.path for plate in tray)
    assert max(asked.values()) == 1
    assert sum(asked.values()) >= 30


@pytest.mark.parametrize("scale", ["total", "corner"])
def test_the_weighing_is_of_the_true_masses(scale: str) -> None:
    setting = Setting(3, 4, 0.99, scale, stress=False)
    served = lunch(setting)
    for _ in range(20):
        truth = drawn(served)
        weighing = certain(served, truth).weighing
        assert weighing is not None
        gross = sum(plate.gross_g for plate in truth)
        assert weighing.total.mg / 1_000 == pytest.approx(gross, abs=9)


def test_vessels_are_read_right_as_often_as_said() -> None:
    served = lunch(Setting(3, 4, 0.8, "none", stress=False))
    right = total = 0
    for _ in range(400):
        truth = drawn(served)
        for plate, seen in zip(truth, certain(served, truth).plates, strict=True):
            read = max(seen.vessels, key=lambda kind: seen.vessels[kind])
            right += read == f"kind-{plate.dish.vessel + 4 * plate.half}"
            total += 1
    assert right / total == pytest.approx(0.8, abs=0.05)


def test_clear_pictures_settle_right() -> None:
    served = lunch()
    settler = Settler(served.menu())
    truths = [drawn(served) for _ in range(20)]
    outcomes = [judge(settler, certain(served, t), t)[0] for t in truths]
    assert figures(outcomes)["right"] > 0.9
    assert figures(outcomes)["wrong"] == 0


def test_shares_of_outcomes_add_up_to_one() -> None:
    kinds = ["right", "asked", "again", "wrong", "stuck", "right"]
    outcomes = [Outcome(kind, 1, (0.5, True), ()) for kind in kinds]
    found = figures(outcomes)
    assert found["right"] == pytest.approx(2 / 6)
    assert sum(found[kind] for kind in set(kinds)) == pytest.approx(1)
    assert found["taps"] == 1


def test_a_perfect_forecast_has_no_gap() -> None:
    pairs = [(1.0, True)] * 8 + [(0.75, True)] * 3 + [(0.75, False)]
    found = reliability(pairs)
    assert found["ece"] == pytest.approx(0)
    assert [row["n"] for row in found["table"]] == [4, 8]


@pytest.fixture
def drawn_folder(tmp_path: Path) -> Path:
    for number, dish in enumerate(DISHES):
        for seed in range(4):
            path = tmp_path / f"dish{number}" / f"{number}-{seed}__0.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(cv2.imencode(".jpg", draw(dish, seed))[1].tobytes())
    return tmp_path


@pytest.mark.weights
@pytest.mark.slow
def test_the_command_prints_the_one_format(drawn_folder: Path) -> None:
    options = ["--menu", "all", "--plates", "2", "--trays", "20", "--scale", "corner"]
    runs = [
        CliRunner().invoke(bills, [str(drawn_folder), *options, *more])
        for more in ([], ["--teach"], ["--menu", "40"])
    ]
    assert [run.exit_code for run in runs] == [0, 0, 0], runs[0].output
    rows = [json.loads(text) for run in runs for text in run.stdout.splitlines()]
    name = f"bills.{len(DISHES)}.corner"
    assert [row["name"] for row in rows] == [
        name,
        f"{name}.reliability",
        f"{name}.reliability_plates",
        f"{name}.first_third",
        f"{name}.last_third",
        "bills.40.corner",
    ]
    assert all(row["assumed"] for row in rows[:-1])
    assert rows[-1]["reason"] == f"{len(DISHES)} dishes"
    assert rows[-1]["ok"] is None
