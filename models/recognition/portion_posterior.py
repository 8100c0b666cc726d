"""The joint posterior of dish, portion and vessel over all plates of a tray.

A combination has one reading per plate (`portion_readings.py`). Its weight is the
product of the readings' weights, times the odds of repeated dishes, times the density
of the weighing: a Student t around the sum of the portions' masses (and, with four
cells, of their moments), whose means and covariances add up over the plates. A share
`foreign` of the trays carries something else, and their weighing says nothing: so
unexplained mass voids the weighing by itself, and never the picture.

Only the best readings are combined one by one. The others are grouped by mass, and
combinations with groups count by an upper bound of their density; what is not even
enumerated counts with the highest density there is. Weights are divided by what was
kept *plus* these bounds: every sum of weights is a lower bound of the true posterior,
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
    GROUP,
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

_HALVINGS: Final = 24
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


@dataclass(frozen=True, slots=True)
class Masses:
    """Gross masses (N, P) of combinations; `reach` and `evenness` as in `Readings`."""

    gross: Floats
    variance: Floats
    reach: Floats
    evenness: Floats

    def least_evenness(self) -> Floats:
        """Bound how much smaller a member's covariance is than the group's (N,)."""
        lightest = np.clip(self.gross - self.reach, 0.0, None)
        heaviest = np.maximum(self.gross + self.reach, 1e-9)
        place = (lightest / heaviest) ** 2
        least: Floats = np.minimum(self.evenness, place).min(axis=1)
        return np.clip(least, 1e-9, 1.0)


def combine(
    tray: TraySeen, plates: list[Readings], table: MenuTable, policy: Policy
) -> Posterior:
    """Join the plates' readings with the weighing; P >= 1."""
    scale = equations(tray, policy)
    chosen, prior = _search(plates, policy.combinations)
    cut = max(0.0, 1.0 - float(prior.sum())) * _ceiling(scale, plates, policy)

    def gather(field: str) -> NDArray[np.float64]:
        columns = [getattr(p, field)[chosen[:, i]] for i, p in enumerate(plates)]
        return np.stack(columns, axis=1)

    serving = gather("serving").astype(np.int64)
    masses = Masses(*(gather(n) for n in ("gross", "variance", "reach", "evenness")))
    whole = (serving != GROUP).all(axis=1)
    known, void = _densities(scale, masses, policy)
    grouped = float((prior * (known + void))[~whole].sum())
    serving, chosen, prior = serving[whole], chosen[whole], prior[whole]
    prior = prior * _repeats(serving, table, policy)
    joint = prior * (known + void)[whole]
    norm = joint.sum() + grouped + cut
    fens = gather("fen").astype(np.int64)
    return Posterior(
        serving=serving,
        kind=gather("kind").astype(np.int64),
        fens=fens,
        weight=joint / norm,
        total=np.where((fens == UNPRICED).any(axis=1), UNPRICED, fens.sum(axis=1)),
        gross=masses.gross[whole],
        variance=masses.variance[whole],
        scale=scale,
        lost=float((grouped + cut) / norm),
        void=float((prior * void[whole]).sum() / norm),
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
    scale: Scale | None, masses: Masses, policy: Policy
) -> tuple[Floats, Floats]:
    """Density (N,) of the weighing with and (constant) without foreign mass.

    For a combination with groups it is an upper bound over their members: any member
    is nearer than the middle by at most reach / spread (triangle inequality in the
    metric of the largest covariance C, where l' C^-1 l <= 1 / variance), and its
    determinant is at least evenness^d times that of C.
    """
    count = len(masses.gross)
    if scale is None:
        return np.ones(count), np.zeros(count)
    d = len(scale.observed)
    square, log_det = _distance(scale, masses)
    nearer = (masses.reach / np.sqrt(masses.variance)).sum(axis=1)
    square = np.clip(np.sqrt(square) - nearer, 0.0, None) ** 2
    log_det = log_det + d * np.log(masses.least_evenness())
    known = np.exp(log_t(square, log_det, d, policy.tail))
    void = np.full(count, policy.foreign * scale.foreign_density)
    return (1 - policy.foreign) * known, void


def _distance(scale: Scale, masses: Masses) -> tuple[Floats, Floats]:
    """Squared Mahalanobis distances and log determinants (N,), d = 1 or 3.

    Eliminates one equation after the other, on whole columns at once: a batched
    solver takes ten times as long for so small matrices.
    """
    covariance = scale.covariance(masses.variance, masses.gross + masses.reach)
    gap = scale.observed - masses.gross @ scale.levers
    size = range(gap.shape[1])
    cov = [[covariance[:, i, j] for j in size] for i in size]
    rest = [gap[:, i] for i in size]
    square, log_det = np.zeros(len(gap)), np.zeros(len(gap))
    for k, row in enumerate(cov):
        pivot = row[k]
        square += rest[k] ** 2 / pivot
        log_det += np.log(pivot)
        for i in range(k + 1, len(cov)):
            factor = cov[i][k] / pivot
            rest[i] = rest[i] - factor * rest[k]
            for j in range(k + 1, len(cov)):
                cov[i][j] = cov[i][j] - factor * row[j]
    return square, log_det


def equations(tray: TraySeen, policy: Policy) -> Scale | None:
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


def _ceiling(scale: Scale | None, plates: list[Readings], policy: Policy) -> float:
    """Bound the density of the weighing over all combinations from above.

    Every plate adds to the covariance, so its determinant is least where all plates
    are lightest and least spread; the density is highest there, at distance zero.
    """
    if scale is None:
        return 1.0
    variance = np.array([[(p.variance * p.evenness).min() for p in plates]])
    gross = np.array([[max(0.0, (p.gross - p.reach).min()) for p in plates]])
    log_det = np.linalg.slogdet(scale.covariance(variance, gross))[1]
    peak = np.exp(log_t(np.zeros(1), log_det, len(scale.observed), policy.tail))[0]
    return float((1 - policy.foreign) * peak + policy.foreign * scale.foreign_density)


def _search(plates: list[Readings], most: int) -> tuple[Ints, Floats]:
    """Find the likeliest combinations before the weighing, at most about `most`.

    Plate by plate, products above a threshold are made, never the whole outer product.
    Returns the readings chosen (N, P) and their prior weights.
    """
    chosen = np.zeros((1, 0), dtype=np.int64)
    weight = np.ones(1)
    for plate in plates:
        order = np.argsort(-weight)
        chosen, weight = chosen[order], weight[order]
        counts = _counts(weight, plate.weight, most)
        reading = np.repeat(np.arange(len(counts)), counts)
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        partial = np.arange(len(reading)) - starts
        chosen = np.column_stack([chosen[partial], reading])
        weight = weight[partial] * plate.weight[reading]
    return chosen, weight


def _counts(partial: Floats, readings: Floats, most: int) -> Ints:
    """How many of the sorted `partial` weights each reading is joined with.

    Halves a threshold on the logarithm of the product until about `most` are left.
    """
    ascending = -np.log(partial)
    room = -np.log(readings)
    low, high = 0.0, float(ascending[-1] + room[-1])
    counts = np.full(len(readings), len(partial), dtype=np.int64)
    if counts.sum() <= most:
        return counts
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        counts = np.searchsorted(ascending, middle - room, side="right")
        low, high = (middle, high) if counts.sum() <= most else (low, middle)
    counts = np.searchsorted(ascending, low - room, side="right")
    return counts if counts.any() else np.array([1] + [0] * (len(readings) - 1))
