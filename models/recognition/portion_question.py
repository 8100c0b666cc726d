"""Which one question gains most: the plate, and at most three things it may be.

For every plate the kept combinations are grouped by what stands on it. If a person
said which group is true, the tray's price would be as sure as the best price within
that group. The plate asked about is the one after whose answer the price most
probably passes the policy; a tap on a picture is cheap, "none of these" opens a search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.domain.evidence import MOST_OPTIONS, Candidate, Question, Reason, Served
from models.domain.units import CERTAIN, Money, Ppm
from models.recognition.portion_readings import EMPTY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.recognition.portion_evidence import Policy, TraySeen
    from models.recognition.portion_posterior import Posterior
    from models.recognition.portion_readings import MenuTable

_SEARCH_COST: Final = 1.0
"""What "none of these" costs, against a tray left unsettled by the answer."""
_TIE: Final = 0.1
"""Weight of "surer, though not sure enough" beside "sure enough"."""


@dataclass(frozen=True, slots=True)
class PlateGroups:
    """What one plate may be: G (serving, fen) with posterior shares, best first.

    `member` (N,) tells the group of each combination.
    """

    serving: NDArray[np.int64]
    fen: NDArray[np.int64]
    share: NDArray[np.float64]
    member: NDArray[np.int64]

    def served(self, table: MenuTable) -> tuple[Served | None, ...]:
        """Name the groups; `None` for an empty plate or a dish not on the menu."""
        offers = table.menu.offers
        return tuple(
            None
            if serving in (EMPTY, table.unknown)
            else Served(
                offers[serving].serving.dish,
                offers[serving].serving.portion,
                Money(int(fen)),
            )
            for serving, fen in zip(self.serving, self.fen, strict=True)
        )


def ppm(share: float) -> Ppm:
    """Turn a probability into whole ppm, never above what it is."""
    return Ppm(min(int(share * CERTAIN), CERTAIN))


def groups(posterior: Posterior, plate: int) -> PlateGroups:
    """Group the combinations by what stands on `plate`."""
    serving, fen = posterior.serving[:, plate], posterior.fens[:, plate]
    span = int(fen.max()) + 2
    keys, member = np.unique((serving + 1) * span + fen + 1, return_inverse=True)
    share = np.bincount(member, posterior.weight).astype(np.float64)
    order = np.argsort(-share, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    row, rest = np.divmod(keys[order], span)
    return PlateGroups(row - 1, rest - 1, share[order], rank[member])


def best_question(
    tray: TraySeen,
    table: MenuTable,
    posterior: Posterior,
    plates: Sequence[PlateGroups],
    policy: Policy,
) -> Question | None:
    """Choose the plate to ask about; `None` when a person has told of every plate."""
    _, column = np.unique(posterior.total, return_inverse=True)
    best: tuple[float, int, PlateGroups] | None = None
    for number, plate in enumerate(tray.plates):
        seen_empty = plate.state is Reason.EMPTY_PLATE and not plate.dishes
        if plate.told is not None or seen_empty:
            continue
        found = plates[number]
        gain = _gain(found, column, posterior, table, policy)
        if best is None or gain > best[0]:
            best = gain, number, found
    if best is None:
        return None
    _, number, found = best
    named = zip(found.served(table), found.share, strict=True)
    options = [Candidate(s, ppm(float(p))) for s, p in named if s is not None]
    reason = _reason(tray, table, found, number)
    return Question(number, tuple(options[:MOST_OPTIONS]), reason)


def _gain(
    found: PlateGroups,
    column: NDArray[np.int64],
    posterior: Posterior,
    table: MenuTable,
    policy: Policy,
) -> float:
    """Probability that the answer settles the price, less the cost of searching."""
    count = int(column.max()) + 1
    joint = np.bincount(
        found.member * count + column,
        posterior.weight,
        minlength=len(found.share) * count,
    ).reshape(len(found.share), count)
    top = joint.max(axis=1)
    settled = found.share[top >= policy.charge * found.share].sum()
    known = np.flatnonzero(found.serving != table.unknown)[:MOST_OPTIONS]
    missed = 1 - found.share[known].sum()
    return float(settled + _TIE * top.sum() - _SEARCH_COST * missed)


def _reason(
    tray: TraySeen, table: MenuTable, found: PlateGroups, number: int
) -> Reason:
    state = tray.plates[number].state
    if state is not None:
        return state
    unknown = found.share[found.serving == table.unknown].sum()
    return Reason.NOT_ON_MENU if unknown > 1 / 2 else Reason.TWO_TOO_CLOSE
