"""What confirmed sales teach: the masses of portions, and how popular they are.

A plate weighed alone (or by a settled difference) teaches its portion's mass exactly:
`PortionMass` adds it up in whole numbers. A tray of several plates gives one equation
(three with four cells) for all of them. Those equations are joined as information:

    L = L0 + sum A' R^-1 A,  e = e0 + sum A' R^-1 y,  means = L^-1 e

with A the levers of each serving, y the net total and moments, R the covariance of
the portions' spread, the plates' places and the scale, and (L0, e0) from the menu's
own masses. Sums do not know an order, so that a sale is taken back by leaving it out.
The newest `most` sales teach. Masses in float grams inside, integer mg outside.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.domain.evidence import Reason
from models.domain.serving import PortionMass
from models.domain.units import CERTAIN, Mass
from models.recognition.portion_evidence import Menu, Offer, Policy
from models.recognition.portion_posterior import Scale, equations
from models.recognition.portion_readings import MG, predictive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.domain.evidence import Charge
    from models.domain.serving import Portion
    from models.recognition.portion_evidence import TraySeen

    Floats = NDArray[np.float64]

MOST_SALES: Final = 2_000
SURE_ENOUGH: Final = 0.9 * CERTAIN
"""Posterior (ppm) from which an unasked plate teaches: errors must not breed."""

Key = tuple[str, "Portion"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one confirmed sale teaches.

    `sold` are the servings it names for sure. `alone` are net masses of plates weighed
    by themselves. `shared` (one serving a row of the equations) and `equations` hold a
    weighing in common, tares taken off; `None` where it can't teach.
    """

    sold: tuple[Key, ...]
    alone: tuple[tuple[Key, Mass], ...] = ()
    shared: Scale | None = None


def lesson(tray: TraySeen, charge: Charge, tares: Mapping[str, Mass]) -> Lesson:
    """Draw from a confirmed sale what it teaches.

    `tares` by vessel kind; a plate's vessel is its tag or its likeliest kind. A plate
    teaches if a person told it or its posterior is high; a tray teaches masses only if
    all of its plates do and nothing disturbed the weighing.
    """
    keys: list[Key | None] = []
    for seen, verdict in zip(tray.plates, charge.plates, strict=True):
        sure = seen.told is not None or verdict.dish_ppm >= SURE_ENOUGH
        named = verdict.served if sure else None
        keys.append((named.dish, named.portion) if named else None)
    sold = tuple(key for key in keys if key is not None)
    tare = [_tare(plate.tag, plate.vessels, tares) for plate in tray.plates]
    alone = tuple(
        (key, plate.mass - off)
        for key, plate, off in zip(keys, tray.plates, tare, strict=True)
        if key is not None and plate.mass is not None
    )
    if len(sold) < len(keys) or Reason.MASS_DISAGREES in charge.reasons:
        return Lesson(sold, alone)
    scale = equations(tray, Policy())
    if scale is None or alone:
        return Lesson(sold, alone)
    if len(sold) == 1 and tray.weighing is not None:
        return Lesson(sold, ((sold[0], tray.weighing.total - tare[0]),))
    grams = np.array([mass.mg / MG for mass in tare])
    net = replace(scale, observed=scale.observed - grams @ scale.levers)
    return Lesson(sold, (), net)


def _tare(
    tag: str | None, vessels: Mapping[str, float], tares: Mapping[str, Mass]
) -> Mass:
    kind = tag or max(vessels, key=lambda code: vessels[code], default=None)
    return tares[kind] if kind is not None else Mass(0)


class PortionMemory:
    """Learned masses and popularity of a site, on top of its menus."""

    def __init__(self, most: int = MOST_SALES) -> None:
        self._most = most
        self._lessons: dict[str, Lesson] = {}
        self._refused: set[str] = set()

    def __len__(self) -> int:
        return len(self._lessons)

    def learn(self, sale_id: str, taught: Lesson) -> bool:
        """Let a confirmed sale teach; tell whether it did (not twice, not refused)."""
        if sale_id in self._lessons or sale_id in self._refused:
            return False
        self._lessons[sale_id] = taught
        while len(self._lessons) > self._most:
            del self._lessons[next(iter(self._lessons))]
        return True

    def unlearn(self, sale_id: str) -> bool:
        """Take back what a sale taught, for good; tell whether it had taught."""
        self._refused.add(sale_id)
        return self._lessons.pop(sale_id, None) is not None

    def menu(self, menu: Menu) -> Menu:
        """Give `menu` with what was learned added to its masses and sales."""
        lessons = self._lessons.values()
        sold = Counter(key for each in lessons for key in each.sold)
        offers = [
            replace(
                offer,
                sold=offer.sold + sold[_key(offer)],
                serving=replace(offer.serving, mass=self._weighed(offer)),
            )
            for offer in menu.offers
        ]
        return replace(menu, offers=tuple(self._solved(offers)))

    def _weighed(self, offer: Offer) -> PortionMass | None:
        mass = offer.serving.mass
        for each in self._lessons.values():
            for key, net in each.alone:
                if key == _key(offer):
                    mass = _first(net) if mass is None else mass.taught(net)
        return mass

    def _solved(self, offers: Sequence[Offer]) -> list[Offer]:
        """Solve the shared weighings for the means of the servings they name."""
        row = {_key(offer): number for number, offer in enumerate(offers)}
        shared = [
            (each.shared, [row[key] for key in each.sold])
            for each in self._lessons.values()
            if each.shared is not None and all(key in row for key in each.sold)
        ]
        if not shared:
            return list(offers)
        touched = sorted({number for _, rows in shared for number in rows})
        place = {number: i for i, number in enumerate(touched)}
        masses = [predictive(offers[number].serving.mass) for number in touched]
        mean = np.array([pair[0] for pair in masses])
        spread = np.array([pair[1] for pair in masses])
        counts = np.array([_count(offers[number]) for number in touched])
        information = np.diag(counts / spread)
        evidence = information @ mean
        for scale, rows in shared:
            at = [place[number] for number in rows]
            design = np.zeros((len(scale.observed), len(touched)))
            np.add.at(design.T, at, scale.levers)
            noise = scale.covariance(spread[None, at], mean[None, at])[0]
            weighted = np.linalg.solve(noise, design).T
            information += weighted @ design
            evidence += weighted @ scale.observed
        covariance = np.linalg.inv(information)
        means = covariance @ evidence
        worth = spread / np.diag(covariance)
        learned = list(offers)
        for number, i in place.items():
            offer = offers[number]
            mass = _pseudo(means[i], offer.serving.mass, spread[i], worth[i])
            learned[number] = replace(offer, serving=replace(offer.serving, mass=mass))
        return learned


def _key(offer: Offer) -> Key:
    return offer.serving.dish, offer.serving.portion


def _first(net: Mass) -> PortionMass:
    return PortionMass(1, net.mg, net.mg**2)


def _count(offer: Offer) -> float:
    """Weighings a serving's mean already rests on; a guess counts as one."""
    mass = offer.serving.mass
    return float(mass.count) if mass is not None else 1.0


def _pseudo(
    mean_g: float, before: PortionMass | None, spread_g2: float, worth: float
) -> PortionMass:
    """Express a learned mean as that many weighings, spread as before."""
    mean = Mass(max(1, round(mean_g * MG)))
    variance = float(before.variance_mg2) if before is not None else spread_g2 * MG**2
    return PortionMass.from_recipe(
        mean, Mass(round(max(variance, 0.0) ** 0.5)), max(1, round(worth))
    )
