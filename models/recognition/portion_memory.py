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
from models.domain.units import CERTAIN, NO_MASS, Mass
from models.recognition.portion_evidence import Policy
from models.recognition.portion_posterior import equations
from models.recognition.portion_readings import MG, predictive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.domain.evidence import Charge, PlateVerdict
    from models.domain.serving import Portion
    from models.recognition.portion_evidence import Menu, Offer, PlateSeen, TraySeen
    from models.recognition.portion_posterior import Scale

    Floats = NDArray[np.float64]
    Key = tuple[str, Portion]

MOST_SALES: Final = 2_000
SURE_ENOUGH: Final = 0.9 * CERTAIN
"""Posterior (ppm) from which an unasked plate teaches: errors must not breed."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one confirmed sale teaches.

    `named` is each plate's serving, `None` where it is not sure. `alone` are net masses
    of plates weighed by themselves. `shared` is a weighing in common, one serving to a
    row of its levers, tares taken off; `None` where it can't teach.
    """

    named: tuple[Key | None, ...]
    alone: tuple[tuple[Key, Mass], ...] = ()
    shared: Scale | None = None

    @property
    def sold(self) -> tuple[Key, ...]:
        """The servings that are sure."""
        return tuple(key for key in self.named if key is not None)


def lesson(tray: TraySeen, charge: Charge, tares: Mapping[str, Mass]) -> Lesson:
    """Draw from a confirmed sale what it teaches.

    `tares` by vessel kind; a plate's vessel is its tag or its likeliest kind. A plate
    teaches if a person told it or its posterior is high; a tray teaches masses only if
    all of its plates do and nothing disturbed the weighing.
    """
    named = tuple(
        _named(seen, verdict)
        for seen, verdict in zip(tray.plates, charge.plates, strict=True)
    )
    tare = [_tare(plate, tares) for plate in tray.plates]
    alone = tuple(
        (key, plate.mass - off)
        for key, plate, off in zip(named, tray.plates, tare, strict=True)
        if key is not None and plate.mass is not None
    )
    scale = equations(tray, Policy())
    disturbed = tray.disturbed or Reason.MASS_DISAGREES in charge.reasons
    if scale is None or alone or disturbed or None in named:
        return Lesson(named, alone)
    if named[0] is not None and len(named) == 1 and tray.weighing is not None:
        return Lesson(named, ((named[0], tray.weighing.total - tare[0]),))
    grams = np.array([mass.mg / MG for mass in tare])
    net = replace(scale, observed=scale.observed - grams @ scale.levers)
    return Lesson(named, (), net)


def _named(seen: PlateSeen, verdict: PlateVerdict) -> Key | None:
    sure = seen.told is not None or verdict.dish_ppm >= SURE_ENOUGH
    if verdict.served is None or not sure:
        return None
    return verdict.served.dish, verdict.served.portion


def _tare(plate: PlateSeen, tares: Mapping[str, Mass]) -> Mass:
    """Give the tare of the tag or the likeliest kind; no vessel known, no tare."""
    likeliest = sorted(plate.vessels, key=lambda code: -plate.vessels[code])
    kinds = [plate.tag] if plate.tag is not None else likeliest[:1]
    return tares[kinds[0]] if kinds else NO_MASS


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
        touched = sorted({number for _, rows in shared for number in rows})
        place = {number: at for at, number in enumerate(touched)}
        means, worth = _solve(
            [offers[number] for number in touched],
            [(scale, [place[number] for number in rows]) for scale, rows in shared],
        )
        learned = list(offers)
        for number, mean, weighings in zip(touched, means, worth, strict=True):
            learned[number] = _with_mean(offers[number], mean, weighings)
        return learned


def _solve(
    offers: Sequence[Offer], shared: Sequence[tuple[Scale, list[int]]]
) -> tuple[Floats, Floats]:
    """Means (g) of the offers, and how many weighings alone each would be worth."""
    masses = np.array([predictive(offer.serving.mass) for offer in offers])
    mean, spread = masses.reshape(-1, 2).T
    counts = np.array([_count(offer) for offer in offers])
    information = np.diag(counts / spread)
    evidence = information @ mean
    for scale, rows in shared:
        design = np.zeros((len(offers), len(scale.observed)))
        np.add.at(design, rows, scale.levers)
        noise = scale.covariance(spread[None, rows], mean[None, rows])[0]
        weighted = np.linalg.solve(noise, design.T).T
        information += weighted @ design.T
        evidence += weighted @ scale.observed
    covariance = np.linalg.inv(information)
    return covariance @ evidence, spread / np.diag(covariance)


def _key(offer: Offer) -> Key:
    return offer.serving.dish, offer.serving.portion


def _first(net: Mass) -> PortionMass:
    return PortionMass(1, net.mg, net.mg**2)


def _count(offer: Offer) -> float:
    """Weighings a serving's mean already rests on; a guess counts as one."""
    mass = offer.serving.mass
    return float(mass.count) if mass is not None else 1.0


def _with_mean(offer: Offer, mean_g: float, worth: float) -> Offer:
    """Put a learned mean in, as that many weighings with the spread known before."""
    before = offer.serving.mass
    _, guess = predictive(before)
    variance = before.variance_mg2 if before is not None else guess * MG**2
    mass = PortionMass.from_recipe(
        Mass(max(1, round(mean_g * MG))),
        Mass(round(float(variance) ** 0.5)),
        max(1, round(worth)),
    )
    return replace(offer, serving=replace(offer.serving, mass=mass))
