"""The posterior against enumeration by hand: exact where it can be, bounded else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import product
from math import gamma, pi, prod
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.units import Mass
from models.recognition.portion_evidence import (
    Cell,
    Menu,
    PlateSeen,
    Policy,
    TraySeen,
    Weighing,
)
from models.recognition.portions import Settler
from tests.models.recognition.portion_cases import DISH, PLATE, on_cells, two_sizes

if TYPE_CHECKING:
    from models.recognition.portion_posterior import Posterior

NAMES = ("a", "b", "c")
MENU = Menu(
    tuple(
        one
        for name, yuan, mass in zip(NAMES, (4, 8, 8), (120, 160, 210), strict=True)
        for one in two_sizes(name, yuan, mass)
    ),
    (PLATE, DISH),
)
KINDS = (PLATE, DISH)
FENS = (400, 200, 800, 400, 800, 400)
EVERYTHING = Policy(combinations=10**6, readings=10**3, unknown_weight=0.1)
shares = st.floats(0.01, 1.0)


@st.composite
def plates(draw: st.DrawFn) -> PlateSeen:
    scores = [draw(shares) for _ in NAMES]
    vessel = draw(shares)
    return PlateSeen(
        {name: score / sum(scores) for name, score in zip(NAMES, scores, strict=True)},
        unknown=draw(st.floats(0.0, 0.5)),
        vessels={"plate": vessel, "dish": 1 - vessel},
        place_mm=(draw(st.floats(50, 350)), draw(st.floats(50, 250))),
    )


@st.composite
def trays(draw: st.DrawFn) -> TraySeen:
    seen = tuple(draw(st.lists(plates(), min_size=1, max_size=3)))
    gross = [draw(st.floats(250, 560)) for _ in seen]
    places = [plate.place_mm or (0, 0) for plate in seen]
    cells = on_cells([(g, x, y) for g, (x, y) in zip(gross, places, strict=True)])
    total = Weighing(cells.total, Mass(2_000))
    return TraySeen(seen, draw(st.sampled_from([None, total, cells])))


def by_hand(tray: TraySeen, policy: Policy) -> dict[int | None, float]:
    """Enumerate every combination; the total of an unknown dish is `None`."""
    table = Settler(MENU, policy).table
    rows = [*range(len(MENU.offers)), None]
    prices: dict[int | None, float] = defaultdict(float)
    choices = list(product(rows, range(len(KINDS))))
    weights = [prior_by_hand(plate, choices, policy) for plate in tray.plates]
    for picks in product(range(len(choices)), repeat=len(tray.plates)):
        chosen = [choices[pick] for pick in picks]
        weight = prod(w[pick] for w, pick in zip(weights, picks, strict=True))
        dishes = [MENU.offers[r].serving.dish for r, _ in chosen if r is not None]
        weight *= policy.repeat ** (len(dishes) - len(set(dishes)))
        index = [table.unknown if r is None else r for r, _ in chosen]
        tares = [KINDS[kind].tare.mg / 1e3 for _, kind in chosen]
        masses = [table.mean[i] + tare for i, tare in zip(index, tares, strict=True)]
        spread = [table.variance[i] for i in index]
        weight *= density_by_hand(tray, masses, spread, policy)
        fens = [FENS[r] for r, _ in chosen if r is not None]
        prices[sum(fens) if len(fens) == len(chosen) else None] += weight
    norm = sum(prices.values())
    return {fen: weight / norm for fen, weight in prices.items()}


def prior_by_hand(
    plate: PlateSeen, choices: list[tuple[int | None, int]], policy: Policy
) -> list[float]:
    powers = {name: plate.dishes[name] ** policy.temper for name in NAMES}
    flat = policy.floor / len(NAMES)
    weights = []
    for row, kind in choices:
        seen = plate.vessels[KINDS[kind].code]
        if row is None:
            odds = policy.unknown_weight * plate.unknown / (1 - plate.unknown)
            weights.append(odds * seen / len(KINDS))
            continue
        serving = MENU.offers[row].serving
        score = powers[serving.dish] / sum(powers.values())
        popular = 0.75 if serving.vessel == "plate" else 0.25
        fits = serving.vessel == KINDS[kind].code
        fit = 1 - policy.swapped if fits else policy.swapped
        weights.append(((1 - policy.floor) * score + flat) * popular * fit * seen)
    return weights


def density_by_hand(
    tray: TraySeen, masses: list[float], spread: list[float], policy: Policy
) -> float:
    if tray.weighing is None:
        return 1.0
    arms = [np.ones(1)] * len(masses)
    observed = np.array([tray.weighing.total.mg / 1e3])
    noise = np.array([[4.0]])
    error, foreign = np.zeros((1, 1)), 1e-3
    if tray.weighing.cells:
        middle = np.array([200, 150])
        arms = [np.array([1, *(np.array(p.place_mm) - middle)]) for p in tray.plates]
        spots = [
            (np.array([1, c.x_mm - 200, c.y_mm - 150]), c.mass.mg / 1e3)
            for c in tray.weighing.cells
        ]
        observed = sum((arm * mass for arm, mass in spots), np.zeros(3))
        noise = sum((np.outer(arm, arm) for arm, _ in spots), np.zeros((3, 3)))
        error = np.diag([0, 1, 1]) * policy.place_error_mm**2
        foreign = 1e-3 / (300 * 170) ** 2
    for arm, mass, variance in zip(arms, masses, spread, strict=True):
        noise = noise + variance * np.outer(arm, arm) + mass**2 * error
        observed = observed - mass * arm
    return (1 - policy.foreign) * student(observed, noise, policy.tail) + (
        policy.foreign * foreign
    )


def student(gap: np.ndarray, covariance: np.ndarray, tail: float) -> float:
    """Density of a Student t with `covariance`, as textbooks write it."""
    d = len(gap)
    scale = covariance * (tail - 2) / tail
    square = gap @ np.linalg.inv(scale) @ gap
    top = gamma((tail + d) / 2) / gamma(tail / 2)
    below = np.sqrt((tail * pi) ** d * np.linalg.det(scale))
    return float(top / below * (1 + square / tail) ** (-(tail + d) / 2))


def shares_of(posterior: Posterior) -> dict[int, float]:
    fen, share = posterior.prices()
    return dict(zip(fen.tolist(), share.tolist(), strict=True))


@settings(max_examples=25)
@given(trays())
def test_it_equals_enumeration_by_hand(tray: TraySeen) -> None:
    posterior = Settler(MENU, EVERYTHING).posterior(tray)
    hand = by_hand(tray, EVERYTHING)
    assert posterior.lost < 1e-7  # rounding of 1 - sum, times peak over Z
    for fen, share in shares_of(posterior).items():
        assert share == pytest.approx(hand[fen], rel=1e-6, abs=1e-12)


@settings(max_examples=50)
@given(trays(), st.integers(1, 60), st.integers(1, 8))
def test_what_pruning_loses_stays_within_the_stated_bound(
    tray: TraySeen, most: int, readings: int
) -> None:
    whole = shares_of(Settler(MENU, EVERYTHING).posterior(tray))
    pruned = replace(EVERYTHING, combinations=most, readings=readings)
    posterior = Settler(MENU, pruned).posterior(tray)
    kept = shares_of(posterior)
    for fen, true in whole.items():
        assert kept.get(fen, 0.0) <= true + 1e-9
        assert true <= kept.get(fen, 0.0) + posterior.lost + 1e-9


@settings(max_examples=50)
@given(trays(), st.integers(1, 60))
def test_weights_and_what_is_lost_add_up_to_one(tray: TraySeen, most: int) -> None:
    policy = replace(EVERYTHING, combinations=most, readings=4)
    posterior = Settler(MENU, policy).posterior(tray)
    assert posterior.weight.sum() + posterior.lost == pytest.approx(1)
    assert posterior.weight.min() >= 0


@settings(max_examples=50)
@given(trays())
def test_the_order_of_the_plates_does_not_matter(tray: TraySeen) -> None:
    turned = replace(tray, plates=tray.plates[::-1])
    settler = Settler(MENU, EVERYTHING)
    here, there = (shares_of(settler.posterior(t)) for t in (tray, turned))
    assert here.keys() == there.keys()
    for fen, share in here.items():
        assert there[fen] == pytest.approx(share, abs=1e-9)


@settings(max_examples=50)
@given(trays())
def test_the_platform_may_be_measured_from_anywhere(tray: TraySeen) -> None:
    if tray.weighing is None or not tray.weighing.cells:
        return
    cells = tuple(
        Cell(c.x_mm + 1_000, c.y_mm - 500, c.mass) for c in tray.weighing.cells
    )
    moved = TraySeen(
        tuple(
            replace(p, place_mm=(p.place_mm[0] + 1_000, p.place_mm[1] - 500))
            for p in tray.plates
            if p.place_mm is not None
        ),
        Weighing.from_cells(cells, tray.weighing.noise),
    )
    settler = Settler(MENU, EVERYTHING)
    here, there = (shares_of(settler.posterior(t)) for t in (tray, moved))
    for fen, share in here.items():
        assert there[fen] == pytest.approx(share, abs=1e-6)


@settings(max_examples=50)
@given(trays())
def test_one_more_witness_never_hurts_on_average(tray: TraySeen) -> None:
    """The expected posterior of the best price cannot fall by learning a plate."""
    settler = Settler(MENU, EVERYTHING)
    posterior = settler.posterior(tray)
    before = posterior.weight[posterior.total == posterior.prices()[0][0]].sum()
    after = 0.0
    for row in np.unique(posterior.serving[:, 0]):
        within = posterior.serving[:, 0] == row
        totals = np.unique(posterior.total[within])
        after += max(
            posterior.weight[within & (posterior.total == t)].sum() for t in totals
        )
    assert after >= before - 1e-9


def test_repeats_are_unlikely_but_not_forbidden() -> None:
    plate = PlateSeen({"a": 0.5, "b": 0.5}, vessels={"plate": 1.0, "dish": 0.0})
    policy = replace(EVERYTHING, repeat=0.1, floor=0.0, swapped=0.0)
    shares = shares_of(Settler(MENU, policy).posterior(TraySeen((plate, plate))))
    assert shares[1200] == pytest.approx(10 * (shares[800] + shares[1600]), rel=0.01)
