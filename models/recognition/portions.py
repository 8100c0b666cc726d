"""Settle a tray: charge it, ask the one question that gains most, or refuse.

START HERE for portions. What the witnesses say stands in `portion_evidence.py`, what
one plate may be in `portion_readings.py`, the joint posterior and its stated bound in
`portion_posterior.py`, the question in `portion_question.py`, learning from confirmed
sales in `portion_memory.py`.

What counts is the posterior of the tray's *price*: dishes that cost the same need no
question. By-vessel sites and by-weight dishes only price a reading differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.domain.evidence import (
    Ask,
    Candidate,
    Charge,
    PlateVerdict,
    Reason,
    Refuse,
    Served,
)
from models.domain.units import NO_MASS, Mass, Money, Ppm
from models.recognition.portion_evidence import (
    BLOCKING,
    ByWeight,
    ImpossibleMass,
    Policy,
)
from models.recognition.portion_posterior import Posterior, combine
from models.recognition.portion_question import best_question, groups, ppm
from models.recognition.portion_readings import (
    EMPTY,
    MG,
    UNPRICED,
    compile_menu,
    plate_readings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.domain.evidence import Verdict
    from models.recognition.portion_evidence import Menu, TraySeen
    from models.recognition.portion_question import PlateGroups

CAPACITY: Final = Mass(30_000_000)
"""No tray weighs more; a platform that says so is wrong."""
_TOLERANCE: Final = Mass(10_000)
"""How much lighter than its lightest vessels a tray may seem (chipped, worn)."""
_LIKELY: Final = 0.5
_SHOWN: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Settlement:
    """A verdict with what it rests on.

    `prices`: totals by lower bound of their posterior, best first. `plates`: what each
    plate may be (`None`: empty, or not on the menu). `lost` bounds the posterior that
    pruning may hide, `void` is the probability that the weighing says nothing.
    """

    verdict: Verdict
    prices: tuple[Candidate[Money], ...]
    plates: tuple[tuple[Candidate[Served | None], ...], ...]
    lost: Ppm
    void: Ppm


class Settler:
    """Settles trays against one menu, compiled once."""

    def __init__(self, menu: Menu, policy: Policy | None = None) -> None:
        """Raise `EmptyMenu`, `PricesMissing` or `UnknownVessel` for a bad menu."""
        self.policy = policy or Policy.shipped()
        self.table = compile_menu(menu, self.policy)

    def settle(self, tray: TraySeen) -> Settlement:
        """Weigh all witnesses and decide.

        Raises `ImpossibleMass` for a weight these plates cannot have, `UnknownVessel`
        for a vessel kind the menu does not describe.
        """
        if not tray.plates:
            return Settlement(Refuse((), (Reason.NO_PLATE,)), (), (), Ppm(0), Ppm(0))
        self._check(tray)
        posterior = self.posterior(tray)
        found = [groups(posterior, number) for number in range(len(tray.plates))]
        fen, share = posterior.prices()
        return Settlement(
            verdict=self._decide(tray, posterior, found),
            prices=tuple(
                Candidate(Money(int(price)), ppm(float(p)))
                for price, p in zip(fen, share, strict=True)
                if p >= _SHOWN
            ),
            plates=tuple(self._candidates(plate) for plate in found),
            lost=ppm(posterior.lost),
            void=ppm(posterior.void),
        )

    def posterior(self, tray: TraySeen) -> Posterior:
        """Join all witnesses of a tray with at least one plate."""
        alone = _alone(tray)
        readings = [
            plate_readings(plate, self.table, self.policy, plate.mass or alone)
            for plate in tray.plates
        ]
        return combine(tray, readings, self.table, self.policy)

    def _check(self, tray: TraySeen) -> None:
        if tray.weighing is None:
            return
        lightest = min((kind.tare for kind in self.table.menu.vessels), default=NO_MASS)
        least = max(NO_MASS, lightest * len(tray.plates) - _TOLERANCE)
        if not least < tray.weighing.total <= CAPACITY:
            raise ImpossibleMass(mass=str(tray.weighing.total), plates=len(tray.plates))

    def _decide(
        self, tray: TraySeen, posterior: Posterior, found: Sequence[PlateGroups]
    ) -> Verdict:
        best = int(np.argmax(posterior.weight))
        plates = self._verdicts(tray, posterior, best)
        blocked = [
            plate.state
            for plate in tray.plates
            if plate.state in BLOCKING and plate.told is None
        ]
        if blocked:
            return Refuse(plates, tuple(dict.fromkeys(filter(None, blocked))))
        if self._unweighed(posterior):
            return Refuse(plates, (Reason.WEIGH_ALONE,))
        remarks = _remarks(tray, posterior)
        charge = self._charge(tray, posterior, remarks)
        if charge is not None:
            return charge
        question = best_question(tray, self.table, posterior, found, self.policy)
        if question is None:
            return Refuse(plates, remarks or (Reason.TWO_TOO_CLOSE,))
        return Ask(plates, question, remarks)

    def _charge(
        self, tray: TraySeen, posterior: Posterior, remarks: tuple[Reason, ...]
    ) -> Charge | None:
        """Charge the likeliest total if it passes the policy and can be itemised.

        Where a vessel has a price, a dish not on the menu has one too, but no name:
        the likeliest combination of named dishes at that total stands on the receipt.
        """
        fen, share = posterior.prices()
        if not len(fen) or share[0] < self.policy.charge:
            return None
        named = (posterior.serving != self.table.unknown).all(axis=1)
        weight = np.where(named & (posterior.total == fen[0]), posterior.weight, 0.0)
        best = int(np.argmax(weight))
        if weight[best] <= 0:
            return None
        plates = self._verdicts(tray, posterior, best)
        return Charge(plates, Money(int(fen[0])), ppm(float(share[0])), remarks)

    def _unweighed(self, posterior: Posterior) -> bool:
        """Tell whether a by-weight dish probably stands there without its own mass."""
        offers = self.table.menu.offers
        by_weight = [isinstance(offer.price, ByWeight) for offer in offers]
        open_price = posterior.fens == UNPRICED
        unweighed = open_price & np.array([*by_weight, False])[posterior.serving]
        return float(posterior.weight[unweighed.any(axis=1)].sum()) > _LIKELY

    def _candidates(self, plate: PlateGroups) -> tuple[Candidate[Served | None], ...]:
        named = zip(plate.served(self.table), plate.share, strict=True)
        return tuple(Candidate(s, ppm(float(p))) for s, p in named if p >= _SHOWN)

    def _verdicts(
        self, tray: TraySeen, posterior: Posterior, row: int
    ) -> tuple[PlateVerdict, ...]:
        """Say what combination `row` puts on each plate, and how sure that is."""
        gross, variance = posterior.masses(row)
        net = gross - self.table.tare[posterior.kind[row]]
        dishes = self._dishes(posterior)
        return tuple(
            PlateVerdict(
                plate=number,
                served=self._served(posterior, row, number),
                price_ppm=ppm(_share(posterior, posterior.fens, row, number)),
                dish_ppm=ppm(_share(posterior, dishes, row, number)),
                mass=Mass(max(0, round(net[number] * MG))),
                reason=self._reason(plate.state, posterior, row, number),
                mass_variance_mg2=round(variance[number] * MG**2),
            )
            for number, plate in enumerate(tray.plates)
        )

    def _dishes(self, posterior: Posterior) -> NDArray[np.int64]:
        empty = posterior.serving == EMPTY
        return np.where(empty, EMPTY, self.table.dish[posterior.serving])

    def _served(self, posterior: Posterior, row: int, number: int) -> Served | None:
        serving = int(posterior.serving[row, number])
        if serving in (EMPTY, self.table.unknown):
            return None
        offer = self.table.menu.offers[serving].serving
        price = Money(max(0, int(posterior.fens[row, number])))
        return Served(offer.dish, offer.portion, price)

    def _reason(
        self, state: Reason | None, posterior: Posterior, row: int, number: int
    ) -> Reason | None:
        if state is None and posterior.serving[row, number] == self.table.unknown:
            return Reason.NOT_ON_MENU
        return state


def settle(tray: TraySeen, menu: Menu, policy: Policy | None = None) -> Settlement:
    """Settle one tray; use `Settler` where one menu serves many trays."""
    return Settler(menu, policy).settle(tray)


def _share(posterior: Posterior, of: NDArray[np.int64], row: int, number: int) -> float:
    """Posterior of what combination `row` says of a plate, in the array `of`."""
    return float(posterior.weight[of[:, number] == of[row, number]].sum())


def _alone(tray: TraySeen) -> Mass | None:
    """Gross mass of the only plate there is."""
    if len(tray.plates) == 1 and tray.weighing is not None and not tray.disturbed:
        return tray.weighing.total
    return None


def _remarks(tray: TraySeen, posterior: Posterior) -> tuple[Reason, ...]:
    """Give what disturbs the tray, and mass that nothing on it explains."""
    if posterior.void > _LIKELY:
        return (*tray.disturbed, Reason.MASS_DISAGREES)
    return tray.disturbed
