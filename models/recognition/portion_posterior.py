"""The joint posterior of dish, portion and vessel over all plates of a tray.

A combination has one reading per plate (`portion_readings.py`). Its weight is the
product of the readings' weights, times the odds of repeated dishes, times the density
of the weighing: a Student t around the sum of the portions' masses (and, with four
cells, of their moments), whose means and covariances add up over the plates. A share
`foreign` of the trays carries something else, and their weighing says nothing: so
unexplained mass voids the weighing by itself, and never the picture.

Only the best combinations are kept. What is cut off is bounded from above: prior
weight times the highest density it could still reach. Weights are divided by what was
kept *plus* that bound, so every sum of weights is a lower bound of the true posterior,
and `lost` bounds what any sum may miss.

Arrays: P plates, N combinations, d = 1 (total) or 3 (total and both moments, g mm).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.domain.evidence import Reason
from models.recognition.portion_readings import (
    EMPTY,
    FOREIGN_SPAN_G,
    MG,
    UNPRICED,
    UNWEIGHED_G,
    MenuTable,
    Readings,
    log_t,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.recognition.portion_evidence import Policy, TraySeen, Weighing

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_FOREIGN_SPAN_MM: Final = 300.0
"""How far from the middle of the platform a foreign thing may lie, evenly."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The weighing as d equations over the plates.

    `levers` (P, d) turns a plate's gross mass into its share of each equation;
    `wobble` (d, d) is what a plate's uncertain place adds per g^2.
    """

    observed: Floats
    noise: Floats
    levers: Floats
    wobble: Floats
    foreign_density: float

    def covariance(self, variance: Floats, gross: Floats) -> Floats:
        """Covariance (N, d, d) of the equations for masses (N, P)."""
        outer = self.levers[:, :, None] * self.levers[:, None, :]
        spread = np.tensordot(variance, outer, axes=1)
        place = (gross**2).sum(axis=1)[:, None, None] * self.wobble
        result: Floats = spread + place + self.noise
        return result

    def shared(self, variance: Floats, gross: Floats) -> tuple[Floats, Floats]:
        """Share what the scale says among the plates: shift and variance (P,).

        The conditional mean and variance of jointly normal masses.
        """
        gain = np.linalg.solve(
            self.covariance(variance[None], gross[None])[0],
            (variance[:, None] * self.levers).T,
        ).T
        shift = gain @ (self.observed - gross @ self.levers)
        rest = variance - variance * (gain * self.levers).sum(axis=1)
        return shift, rest


@dataclass(frozen=True, slots=True)
class Posterior:
    """Kept combinations: (N, P) servings, kinds and prices; (N,) weights and totals.

    `lost` bounds the share of combinations not kept, `void` is the share of the
    posterior in which the weighing says nothing. `weight.sum() + lost == 1`.
    `gross` and `variance` (N, P) are the plates' masses before the weighing.
    """

    serving: Ints
    kind: Ints
    fens: Ints
    weight: Floats
    total: Ints
    gross: Floats
    variance: Floats
    scale: Scale | None
    lost: float
    void: float

    def prices(self) -> tuple[Ints, Floats]:
        """Give possible totals with lower bounds of their posterior, best first."""
        fen, inverse = np.unique(self.total, return_inverse=True)
        share = np.bincount(inverse, self.weight).astype(np.float64)
        order = np.argsort(-share, kind="stable")
        order = order[fen[order] != UNPRICED]
        return fen[order], share[order]

    def masses(self, row: int) -> tuple[Floats, Floats]:
        """Gross masses and variances (P,) of combination `row`, given the weighing."""
        gross, variance = self.gross[row], self.variance[row]
        if self.scale is None or self.void > 1 / 2:
            return gross, variance
        shift, rest = self.scale.shared(variance, gross)
        return gross + shift, rest


def combine(
    tray: TraySeen, plates: list[Readings], table: MenuTable, policy: Policy
) -> Posterior:
    """Join the plates' readings with the weighing; P >= 1."""
    scale = _scale(tray, policy)
    order = sorted(range(len(plates)), key=lambda i: len(plates[i].weight))
    chosen, prior, lost = _search(plates, order, scale, policy)
    rows = {i: chosen[:, n] for n, i in enumerate(order)}

    def gather(field: str) -> NDArray[np.generic]:
        columns = [getattr(p, field)[rows[i]] for i, p in enumerate(plates)]
        return np.stack(columns, axis=1)

    serving = gather("serving").astype(np.int64)
    gross = gather("gross").astype(np.float64)
    fens = gather("fen").astype(np.int64)
    prior = prior * _repeats(serving, table, policy)
    variance = gather("variance").astype(np.float64)
    known, void = _densities(scale, gross, variance, policy)
    joint = prior * (known + void)
    norm = joint.sum() + lost
    return Posterior(
        serving=serving,
        kind=gather("kind").astype(np.int64),
        fens=fens,
        weight=joint / norm,
        total=np.where((fens == UNPRICED).any(axis=1), UNPRICED, fens.sum(axis=1)),
        gross=gross,
        variance=variance,
        scale=scale,
        lost=float(lost / norm),
        void=float((prior * void).sum() / norm),
    )


def _repeats(serving: Ints, table: MenuTable, policy: Policy) -> Floats:
    """Odds factor (<= 1) of dishes that stand more than once on the tray."""
    known = (serving != EMPTY) & (serving != table.unknown)
    dish = np.where(known, table.dish[serving], -1 - np.arange(serving.shape[1]))
    dish.sort(axis=1)
    repeats = (np.diff(dish, axis=1) == 0).sum(axis=1)
    result: Floats = policy.repeat**repeats
    return result


def _densities(
    scale: Scale | None, gross: Floats, variance: Floats, policy: Policy
) -> tuple[Floats, Floats]:
    """Density (N,) of the weighing with and (constant) without foreign mass."""
    if scale is None:
        return np.ones(len(gross)), np.zeros(len(gross))
    covariance = scale.covariance(variance, gross)
    gap = scale.observed - gross @ scale.levers
    solved = np.linalg.solve(covariance, gap[:, :, None])[:, :, 0]
    square = (gap * solved).sum(axis=1)
    log_det = np.linalg.slogdet(covariance)[1]
    known = np.exp(log_t(square, log_det, len(scale.observed), policy.tail))
    void = np.full(len(gross), policy.foreign * scale.foreign_density)
    return (1 - policy.foreign) * known, void


def _scale(tray: TraySeen, policy: Policy) -> Scale | None:
    """Set up the equations; `None` without a weighing or with a disturbed one."""
    if tray.weighing is None or {
        Reason.FOREIGN_OBJECT,
        Reason.HAND_IN_PICTURE,
    } & set(tray.disturbed):
        return None
    places = [plate.place_mm for plate in tray.plates]
    if not tray.weighing.cells or None in places:
        sigma2 = (tray.weighing.noise.mg / MG) ** 2 * max(len(tray.weighing.cells), 1)
        return Scale(
            observed=np.array([tray.weighing.total.mg / MG]),
            noise=np.array([[sigma2]]),
            levers=np.ones((len(places), 1)),
            wobble=np.zeros((1, 1)),
            foreign_density=1.0 / FOREIGN_SPAN_G,
        )
    return _corners(tray.weighing, [place for place in places if place], policy)


def _corners(
    weighing: Weighing, places: list[tuple[float, float]], policy: Policy
) -> Scale:
    """Total and moments about the middle of the cells."""
    spots = np.array([[cell.x_mm, cell.y_mm] for cell in weighing.cells])
    middle = spots.mean(axis=0)
    arms = np.column_stack([np.ones(len(spots)), spots - middle])
    masses = np.array([cell.mass.mg / MG for cell in weighing.cells])
    sigma2 = (weighing.noise.mg / MG) ** 2
    return Scale(
        observed=arms.T @ masses,
        noise=sigma2 * (arms.T @ arms),
        levers=np.column_stack([np.ones(len(places)), np.array(places) - middle]),
        wobble=np.diag([0.0, 1.0, 1.0]) * policy.place_error_mm**2,
        foreign_density=1.0 / FOREIGN_SPAN_G / (_FOREIGN_SPAN_MM * UNWEIGHED_G[0]) ** 2,
    )


class _Ceiling:
    """Upper bound of the density that any completion of partial sums may reach.

    The distance from the observed value is at least the gap left by the lightest or
    heaviest completion over the largest variance; the covariance is at least that of
    the lightest, least spread readings, for every plate adds to it.
    """

    def __init__(
        self, scale: Scale | None, plates: list[Readings], policy: Policy
    ) -> None:
        self._scale, self._policy = scale, policy
        if scale is None:
            return
        least, most = (
            scale.covariance(
                np.array([[pick(p.variance) for p in plates]]),
                np.array([[pick(p.gross) for p in plates]]),
            )[0]
            for pick in (np.min, np.max)
        )
        self._widest = np.diag(most)
        self._log_det = float(np.linalg.slogdet(least)[1])

    def of(self, sums: Floats, low: Floats, high: Floats) -> Floats:
        """Bound for sums (n, d) when the rest adds between `low` and `high` (d,)."""
        if self._scale is None:
            return np.ones(len(sums))
        gap = np.maximum(
            self._scale.observed - sums - high, sums + low - self._scale.observed
        )
        square = (np.clip(gap, 0.0, None) ** 2 / self._widest).max(axis=1)
        log_det = np.full(len(sums), self._log_det)
        known = np.exp(log_t(square, log_det, sums.shape[1], self._policy.tail))
        foreign = self._policy.foreign
        result: Floats = (1 - foreign) * known + foreign * self._scale.foreign_density
        return result


def _search(
    plates: list[Readings], order: list[int], scale: Scale | None, policy: Policy
) -> tuple[Ints, Floats, float]:
    """Best-first beam over the plates in `order`.

    Returns the readings chosen (N, P, in `order`), their prior weights and the upper
    bound of all joint weight that was cut off.
    """
    d = 1 if scale is None else len(scale.observed)
    ceiling = _Ceiling(scale, plates, policy)
    moments = [
        p.gross[:, None] * (np.ones(1) if scale is None else scale.levers[i])
        for i, p in enumerate(plates)
    ]
    whole = float(np.prod([1 - plate.lost for plate in plates]))
    top = ceiling.of(np.zeros((1, d)), np.full(d, -np.inf), np.full(d, np.inf))
    lost = (1 - whole) * float(top[0])
    chosen = np.zeros((1, 0), dtype=np.int64)
    weight, sums = np.ones(1), np.zeros((1, d))
    for step, i in enumerate(order):
        rest = order[step + 1 :]
        count = len(plates[i].weight)
        weight = (weight[:, None] * plates[i].weight[None, :]).ravel()
        sums = (sums[:, None, :] + moments[i][None, :, :]).reshape(-1, d)
        keep = np.arange(len(weight))
        if len(weight) > policy.combinations:
            low = sum((moments[j].min(axis=0) for j in rest), np.zeros(d))
            high = sum((moments[j].max(axis=0) for j in rest), np.zeros(d))
            score = weight * ceiling.of(sums, low, high)
            parted = np.argpartition(-score, policy.combinations)
            keep = parted[: policy.combinations]
            later = float(np.prod([1 - plates[j].lost for j in rest]))
            lost += float(score[parted[policy.combinations :]].sum()) * later
        chosen = np.column_stack([chosen[keep // count], keep % count])
        weight, sums = weight[keep], sums[keep]
    return chosen, weight, lost
