"""What each plate may be: a menu as arrays, and the likeliest readings of one plate.

A *reading* of a plate is a serving in a vessel kind. Its weight is picture score x
popularity x fit of the vessel, and the density of the plate's own mass if it has one.

Arrays: S servings (and one row for a dish not on the menu), K vessel kinds, H readings.
Masses here are float grams.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import lgamma, log, pi
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from models.domain.evidence import Reason
from models.domain.serving import Portion
from models.domain.units import Mass
from models.recognition.portion_evidence import (
    UNSEEN,
    ByWeight,
    EmptyMenu,
    PricesMissing,
    UnknownVessel,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.domain.serving import PortionMass
    from models.recognition.portion_evidence import Menu, PlateSeen, Policy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

UNPRICED: Final = -1
"""Price of a reading nobody can price: unknown dish, or by weight without a mass."""

MG: Final = 1_000.0
UNWEIGHED_G: Final = (170.0, 80.0)
"""Mean and spread of a portion nobody weighed, and of an unknown dish."""
_SPREAD_PRIOR: Final = (2.0, 0.12)
"""Weighings that the usual relative spread of portions is worth, and that spread."""
_PORTION_ODDS: Final = {
    Portion.WHOLE: 3.0,
    Portion.SMALL: 1.0,
    Portion.HALF: 1.0,
    Portion.DOUBLE: 0.3,
}
_POPULARITY_PRIOR: Final = 5.0
"""Sales a dish is credited with before any, so that no dish becomes impossible."""
_NOTHING: Final = 1e-15
"""Readings less likely are not made; the bound counts them as cut off."""
_GROUP_G: Final = 40.0
_GROUP_RATIO: Final = 2.0
_GROUP_SPREADS: Final = 64
"""Readings within 40 g and a factor 2 in variance share a group; 64 classes."""
FOREIGN_SPAN_G: Final = 1_000.0
"""What does not belong on a tray weighs anything up to this, evenly."""


@dataclass(frozen=True, slots=True)
class MenuTable:
    """A menu as arrays over servings (last row: a dish not on the menu) and kinds."""

    menu: Menu
    dishes: tuple[str, ...]
    dish: Ints
    prior: Floats
    mean: Floats
    variance: Floats
    tare: Floats
    fit: Floats
    fen: Ints

    @property
    def unknown(self) -> int:
        """Row of the dish that is not on the menu."""
        return len(self.menu.offers)


def predictive(mass: PortionMass | None) -> tuple[float, float]:
    """Mean and variance (g, g^2) of the next portion, few weighings allowed for."""
    if mass is None or mass.count <= 0:
        return UNWEIGHED_G[0], UNWEIGHED_G[1] ** 2
    mean = float(mass.mean_mg) / MG
    worth, relative = _SPREAD_PRIOR
    seen = mass.count * float(mass.variance_mg2) / MG**2
    spread = (seen + worth * (relative * mean) ** 2) / (mass.count + worth)
    return mean, spread * (1 + 1 / mass.count)


def compile_menu(menu: Menu, policy: Policy) -> MenuTable:
    """Turn a menu into arrays once; raise what is wrong with it, all at once.

    Raises `EmptyMenu`, `PricesMissing` (naming every dish), `UnknownVessel`.
    """
    _check(menu)
    dishes = tuple(sorted({offer.serving.dish for offer in menu.offers}))
    row = {name: number for number, name in enumerate(dishes)}
    masses = [predictive(offer.serving.mass) for offer in menu.offers]
    masses.append(predictive(None))
    return MenuTable(
        menu=menu,
        dishes=dishes,
        dish=np.array([row[o.serving.dish] for o in menu.offers] + [len(dishes)]),
        prior=_popularity(menu, row),
        mean=np.array([mean for mean, _ in masses]),
        variance=np.array([variance for _, variance in masses]),
        tare=np.array([kind.tare.mg / MG for kind in menu.vessels] or [0.0]),
        fit=_fits(menu, policy),
        fen=_prices(menu),
    )


def _check(menu: Menu) -> None:
    if not menu.offers:
        raise EmptyMenu
    kinds = {kind.code for kind in menu.vessels}
    for offer in menu.offers:
        if offer.serving.vessel is not None and offer.serving.vessel not in kinds:
            raise UnknownVessel(vessel=offer.serving.vessel)
    unpriced = {o.serving.dish for o in menu.offers if o.price is None}
    if kinds and kinds <= set(menu.vessel_prices):
        unpriced &= menu.proven
    if unpriced:
        raise PricesMissing(dishes="、".join(sorted(unpriced)))


def _popularity(menu: Menu, row: dict[str, int]) -> Floats:
    """Prior of each serving; the mean over dishes is one, that of the unknown too."""
    sold = np.array([offer.sold for offer in menu.offers], dtype=np.float64)
    odds = np.array([_PORTION_ODDS[o.serving.portion] for o in menu.offers])
    dish = np.array([row[offer.serving.dish] for offer in menu.offers])
    by_dish = np.bincount(dish, odds)[dish]
    raw = sold + _POPULARITY_PRIOR * odds / by_dish
    return np.append(raw * len(row) / raw.sum(), 1.0)


def _fits(menu: Menu, policy: Policy) -> Floats:
    """Probability of each vessel kind given the serving; rows add up to one."""
    count = max(len(menu.vessels), 1)
    column = {kind.code: number for number, kind in enumerate(menu.vessels)}
    fit = np.full((len(menu.offers) + 1, count), 1.0 / count)
    for number, offer in enumerate(menu.offers):
        if offer.serving.vessel is not None and count > 1:
            fit[number] = policy.swapped / (count - 1)
            fit[number, column[offer.serving.vessel]] = 1 - policy.swapped
    return fit


def _prices(menu: Menu) -> Ints:
    """Fen by serving and kind; `UNPRICED` where only a person or a mass can tell."""
    fen = np.full(
        (len(menu.offers) + 1, max(len(menu.vessels), 1)), UNPRICED, dtype=np.int64
    )
    for number, offer in enumerate(menu.offers):
        if offer.price is not None and not isinstance(offer.price, ByWeight):
            fen[number] = offer.price.fen
    proven = np.array([o.serving.dish in menu.proven for o in menu.offers] + [False])
    for number, kind in enumerate(menu.vessels):
        if kind.code in menu.vessel_prices:
            fen[~proven, number] = menu.vessel_prices[kind.code].fen
    return fen


@dataclass(frozen=True, slots=True)
class Readings:
    """What one plate may be: its likeliest readings one by one, the others in groups.

    A group stands for many unlikely readings of about the same mass: `serving` is
    `GROUP`, `gross` its middle and `variance` its largest. `reach` is how far the
    masses of a group lie from its middle, `evenness` its smallest variance over the
    largest (0 and 1 for a single reading). Weights add up to one.
    """

    serving: Ints
    kind: Ints
    weight: Floats
    fen: Ints
    gross: Floats
    variance: Floats
    reach: Floats
    evenness: Floats


EMPTY: Final = -1
"""Serving of a plate with nothing on it."""
GROUP: Final = -2
"""Serving of a group of unlikely readings, of which only the sum is kept."""


def plate_readings(
    plate: PlateSeen, table: MenuTable, policy: Policy, alone: Mass | None
) -> Readings:
    """Weigh every (serving, kind) by picture, popularity and vessel.

    `alone` is the gross mass a by-weight price may use: the plate's own settled mass,
    or the total when nothing else is on the platform.
    """
    vessels = _vessels(plate, table)
    if plate.state is Reason.EMPTY_PLATE and plate.told is None:
        empty = _empty(vessels, table)
        if not plate.dishes:
            return _either(empty, empty, 1.0)
        full = plate_readings(replace(plate, state=None), table, policy, alone)
        return _either(empty, full, policy.empty)
    weight = _picture(plate, table, policy)[:, None] * table.fit * vessels[None, :]
    if plate.mass is not None:
        weight = weight * _own_mass(plate.mass, table, policy)
    if plate.told is not None:
        at_price = np.where(table.fen == plate.told.price.fen, weight, 0.0)
        weight = at_price if at_price.any() else weight
    if weight.sum() <= 0:  # nothing explains the plate: say so, and let a person tell
        weight[table.unknown] = vessels
    return _readings(weight / weight.sum(), plate, table, policy, alone)


def _readings(
    weight: Floats,
    plate: PlateSeen,
    table: MenuTable,
    policy: Policy,
    alone: Mass | None,
) -> Readings:
    """Keep the likeliest of all weights (servings, kinds) apart, group the others."""
    flat = weight.ravel()
    made = np.flatnonzero(flat > _NOTHING)
    ahead = min(policy.readings, len(made))
    parted = made[np.argpartition(-flat[made], ahead - 1)]
    best = parted[:ahead][np.argsort(-flat[parted[:ahead]], kind="stable")]
    every = np.concatenate([best, parted[ahead:]])
    serving, kind = np.divmod(every, len(table.tare))
    gross = table.mean[serving] + table.tare[kind]
    variance = table.variance[serving]
    if plate.mass is not None:
        gross = np.full(len(every), plate.mass.mg / MG)
        variance = np.ones(len(every))
    groups = _grouped(flat[every][ahead:], gross[ahead:], variance[ahead:])
    count = len(groups.weight)
    fen = _weighed_prices(table, serving[:ahead], kind[:ahead], alone)
    return Readings(
        serving=np.append(serving[:ahead], np.full(count, GROUP)),
        kind=np.append(kind[:ahead], np.zeros(count, dtype=np.int64)),
        fen=np.append(fen, np.full(count, UNPRICED)),
        weight=np.append(flat[best], groups.weight),
        gross=np.append(gross[:ahead], groups.gross),
        variance=np.append(variance[:ahead], groups.variance),
        reach=np.append(np.zeros(ahead), groups.reach),
        evenness=np.append(np.ones(ahead), groups.evenness),
    )


class _Groups(NamedTuple):
    """Columns of `Readings` for groups."""

    weight: Floats
    gross: Floats
    variance: Floats
    reach: Floats
    evenness: Floats


def _grouped(weight: Floats, gross: Floats, variance: Floats) -> _Groups:
    """Sum readings of like mass and spread, heaviest group first."""
    key = np.floor(gross / _GROUP_G) * _GROUP_SPREADS + np.clip(
        np.floor(np.log(variance) / log(_GROUP_RATIO)), 0, _GROUP_SPREADS - 1
    )
    _, member = np.unique(key, return_inverse=True)
    total = np.bincount(member, weight).astype(np.float64)
    light, heavy = _bounds(gross, member, len(total))
    least, most = _bounds(variance, member, len(total))
    columns = (total, (light + heavy) / 2, most, (heavy - light) / 2, least / most)
    order = np.argsort(-total, kind="stable")
    return _Groups(*(column[order] for column in columns))


def _bounds(values: Floats, member: Ints, count: int) -> tuple[Floats, Floats]:
    low, high = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(low, member, values)
    np.maximum.at(high, member, values)
    return low, high


def _vessels(plate: PlateSeen, table: MenuTable) -> Floats:
    kinds = table.menu.vessels
    column = {kind.code: number for number, kind in enumerate(kinds)}
    for code in (*plate.vessels, *([plate.tag] if plate.tag else [])):
        if code not in column:
            raise UnknownVessel(vessel=code)
    if plate.tag is not None:
        return np.array([float(kind.code == plate.tag) for kind in kinds])
    if not kinds or not plate.vessels:
        return np.full(max(len(kinds), 1), 1.0)
    return np.array([plate.vessels.get(k.code, 0.0) for k in kinds], dtype=np.float64)


def _empty(vessels: Floats, table: MenuTable) -> Readings:
    count = len(vessels)
    return Readings(
        serving=np.full(count, EMPTY),
        kind=np.arange(count),
        weight=vessels / vessels.sum(),
        fen=np.zeros(count, dtype=np.int64),
        gross=table.tare.copy(),
        variance=np.ones(count),
        reach=np.zeros(count),
        evenness=np.ones(count),
    )


def _either(one: Readings, other: Readings, share: float) -> Readings:
    """Mix two accounts of a plate, the first with probability `share`, best first."""
    weight = np.concatenate([one.weight * share, other.weight * (1 - share)])
    order = np.argsort(-weight, kind="stable")[: np.count_nonzero(weight > _NOTHING)]
    joined = {
        field.name: np.concatenate(
            [getattr(one, field.name), getattr(other, field.name)]
        )[order]
        for field in fields(Readings)
    }
    return Readings(**{**joined, "weight": weight[order]})


def _picture(plate: PlateSeen, table: MenuTable, policy: Policy) -> Floats:
    """Prior weight of each serving: flattened picture scores times popularity."""
    if plate.told is not None:
        told = [
            (offer.serving.dish, offer.serving.portion)
            == (plate.told.dish, plate.told.portion)
            for offer in table.menu.offers
        ]
        return np.array([*told, False], dtype=np.float64)
    count = len(table.dishes)
    scores = np.array([plate.dishes.get(name, 0.0) for name in table.dishes])
    if plate.state in UNSEEN or scores.sum() <= 0:
        scores = np.ones(count)
    scores = np.clip(scores / scores.sum(), 1e-12, 1.0) ** policy.temper
    scores = (1 - policy.floor) * scores / scores.sum() + policy.floor / count
    odds = policy.unknown_weight * plate.unknown / max(1e-6, 1 - plate.unknown)
    weight = np.append(scores, odds)[table.dish] * table.prior
    for number, offer in enumerate(table.menu.offers):
        if (offer.serving.dish, offer.serving.portion) in plate.ruled_out:
            weight[number] = 0.0
    return weight


def _own_mass(mass: Mass, table: MenuTable, policy: Policy) -> Floats:
    """Density of the plate's own mass for every serving and kind."""
    gap = mass.mg / MG - table.mean[:, None] - table.tare[None, :]
    variance = table.variance[:, None] + 1.0
    square = gap**2 / variance
    known = np.exp(log_t(square, np.log(variance), 1, policy.tail))
    result: Floats = (1 - policy.foreign) * known + policy.foreign / FOREIGN_SPAN_G
    return result


def _weighed_prices(
    table: MenuTable, serving: Ints, kind: Ints, alone: Mass | None
) -> Ints:
    fen = table.fen[serving, kind]
    if alone is None:
        return fen
    for number, row in enumerate(serving):
        if row == table.unknown or fen[number] != UNPRICED:
            continue
        price = table.menu.offers[row].price
        if isinstance(price, ByWeight):
            tare = Mass(round(table.tare[kind[number]] * MG))
            fen[number] = price.of(alone - tare).fen
    return fen


def log_t(square: Floats, log_det: Floats, d: int, tail: float) -> Floats:
    """Log density of a d-variate Student t with the given covariance.

    `square` is the squared Mahalanobis distance, `log_det` that of the covariance;
    the scale of the t is the covariance times (tail - 2) / tail.
    """
    shrink = (tail - 2) / tail
    constant = lgamma((tail + d) / 2) - lgamma(tail / 2) - d / 2 * log(tail * pi)
    bend = (tail + d) / 2 * np.log1p(square / shrink / tail)
    result: Floats = constant - 0.5 * (log_det + d * log(shrink)) - bend
    return result
