"""`canteen eval bills`: how many trays settle right, asked or wrong.

Every tray is real query photos of one kitchen; masses, vessels, scale and prices are
simulated by `bills_world.py`. A tray is `right` (no question, exact price), `asked`
(one question, then exact), `again` (more questions, then exact; none is hoped for) or
`wrong` (final price differs, asked or not).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np

from models.domain.evidence import Ask, Charge, Served
from models.domain.units import CERTAIN, Money
from models.recognition.dishes import DishEye, DishGallery
from models.recognition.evaluation.bills_world import Lunch, Setting, photos_of
from models.recognition.evaluation.lines import line, say, unserved
from models.recognition.portions import Settlement, Settler
from models.recognition.runtime import read_picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.recognition.dishes import Features
    from models.recognition.evaluation.bills_world import Photo, TruePlate
    from models.recognition.portion_evidence import TraySeen

_TAP: Final = 1
_SEARCH: Final = 3
_MOST_QUESTIONS: Final = 12
_LUNCH_TRAYS: Final = 150
_TAUGHT_LUNCHES: Final = 20
_ENOUGH: Final = 3_000
_BINS: Final = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
_GOALS: Final = {
    "total": {"wrong": 0.001, "right": 0.75, "taps": 0.3},
    "corner": {"wrong": 0.001, "right": 0.85, "taps": 0.3},
    "none": {"wrong": 0.001},
}


@dataclass(slots=True)
class PhotoBook:
    """Features of photos, each seen once and only when first asked for."""

    eye: DishEye
    seen: dict[Path, Features] = field(default_factory=dict)
    enrolled: dict[Path, Features] = field(default_factory=dict)

    def look(self, photo: Photo) -> Features:
        """See a photo as a plate on a tray."""
        if photo.path not in self.seen:
            [self.seen[photo.path]] = self.eye.features([read_picture(photo.path)])
        return self.seen[photo.path]

    def enrol(self, photo: Photo) -> Features:
        """See a photo as an enrolment."""
        if photo.path not in self.enrolled:
            self.enrolled[photo.path] = self.eye.enrolment(read_picture(photo.path))
        return self.enrolled[photo.path]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one tray went: the first settlement, and what it took to finish."""

    kind: str
    taps: int
    sure: float
    sure_right: bool
    plates: tuple[tuple[float, bool], ...]
    ms: float = 0.0


def judge(settler: Settler, tray: TraySeen, truth: Sequence[TruePlate]) -> Outcome:
    """Settle a tray, answering every question truly, and say how it went."""
    first = settler.settle(tray)
    fen = sum(plate.fen for plate in truth)
    settlement, taps, questions = first, 0, 0
    while isinstance(settlement.verdict, Ask) and questions < _MOST_QUESTIONS:
        question = settlement.verdict.question
        plate = truth[question.plate]
        served = Served(plate.dish.name, plate.portion, Money(plate.fen))
        offered = any(option.what == served for option in question.options)
        taps += _TAP if offered else _TAP + _SEARCH
        told = tray.plates[question.plate].with_answer(served)
        tray = tray.with_plate(question.plate, told)
        settlement = settler.settle(tray)
        questions += 1
    return Outcome(
        _kind(settlement, fen, questions),
        taps,
        *_best(first, fen),
        _plates(first, truth),
    )


def _kind(settlement: Settlement, fen: int, questions: int) -> str:
    verdict = settlement.verdict
    if not isinstance(verdict, Charge):
        return "stuck"
    if verdict.total.fen != fen:
        return "wrong"
    return ("right", "asked")[questions] if questions <= 1 else "again"


def _best(first: Settlement, fen: int) -> tuple[float, bool]:
    if not first.prices:
        return 0.0, False
    best = first.prices[0]
    return best.ppm / CERTAIN, best.what.fen == fen


def _plates(
    first: Settlement, truth: Sequence[TruePlate]
) -> tuple[tuple[float, bool], ...]:
    """Posterior of each plate's likeliest (dish, portion), and whether it is true."""
    pairs = []
    for candidates, plate in zip(first.plates, truth, strict=True):
        if candidates and candidates[0].what is not None:
            best = candidates[0]
            hit = (best.what.dish, best.what.portion) == (
                plate.dish.name,
                plate.portion,
            )
            pairs.append((best.ppm / CERTAIN, hit))
    return tuple(pairs)


class Service:
    """Serves one lunch: gallery, settler, and what confirmed trays teach them."""

    def __init__(self, lunch: Lunch, book: PhotoBook, *, teach: bool) -> None:
        self._lunch, self._book, self._teach = lunch, book, teach
        self._menu = [dish.name for dish in lunch.dishes]
        self._gallery = DishGallery()
        for name, photos in lunch.enrolled.items():
            self._gallery.enrol(name, [book.enrol(photo) for photo in photos])
        self._settler = Settler(lunch.menu())

    def trays(self, most: int) -> Iterator[Outcome]:
        """Serve up to `most` trays, or till the photos run out when teaching."""
        for _ in range(most):
            truth = self._lunch.tray(use_up=self._teach)
            if truth is None:
                return
            rankings = [
                self._gallery.rank(self._book.look(plate.photo), self._menu)
                for plate in truth
            ]
            yield judge(self._settler, self._lunch.seen(truth, rankings), truth)


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares of the kinds of outcome, and taps per tray."""
    counts = Counter(outcome.kind for outcome in outcomes)
    kinds = ("right", "asked", "again", "wrong", "stuck")
    shares = {kind: counts[kind] / max(1, len(outcomes)) for kind in kinds}
    taps = float(np.mean([outcome.taps for outcome in outcomes])) if outcomes else 0.0
    return {**shares, "taps": taps}


def reliability(pairs: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Table of what was predicted against what was true, and its mean gap (ece)."""
    table, gap = [], 0.0
    for low, high in zip(_BINS[:-1], _BINS[1:], strict=True):
        top = high == _BINS[-1]
        found = [p for p in pairs if low <= p[0] < high or (top and p[0] == high)]
        if not found:
            continue
        said = float(np.mean([p for p, _ in found]))
        true = float(np.mean([hit for _, hit in found]))
        gap += len(found) / len(pairs) * abs(said - true)
        row = {"from": low, "to": high, "n": len(found)}
        table.append({**row, "predicted": round(said, 4), "right": round(true, 4)})
    return {"ece": gap, "table": table}
