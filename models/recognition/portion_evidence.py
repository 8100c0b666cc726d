"""What the four witnesses say about a tray, and what is on offer.

Inputs of `portions.py`. Probabilities are floats 0..1 inside recognition; masses are
`Mass`, places on the platform millimetres from its corner. Shares and odds of `Policy`
are listed with what they stand for, so that a site can fit them to its own trays.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Self

from models.domain.errors import DomainError
from models.domain.evidence import Reason
from models.domain.units import NO_MASS, Mass, Money, PriceRounding
from models.recognition.weights import scalars

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.domain.evidence import Served
    from models.domain.serving import Portion, Serving, VesselKind


class EmptyMenu(DomainError):
    """Nothing is on offer, so nothing can be priced."""

    code = "empty_menu"
    chinese = "今日菜单为空，请先发布菜单再结算"
    english = "today's menu is empty; publish a menu before settling"


class PricesMissing(DomainError):
    """Dishes on offer without a price; all of them are named."""

    code = "prices_missing"
    chinese = "这些菜没有价格：{dishes}，请补上价格"
    english = "no price for: {dishes}; enter their prices"


class UnknownVessel(DomainError):
    """A serving or a plate names a vessel kind the site has not described."""

    code = "unknown_vessel"
    chinese = "没有登记餐具“{vessel}”，请在餐具资料中补上"
    english = "vessel kind “{vessel}” is not described; add it to the vessels"


class ImpossibleMass(DomainError):
    """A weight no tray with these plates can have."""

    code = "impossible_mass"
    chinese = "称得 {mass}，{plates} 个盘子不可能是这个重量，请清空秤面、归零后重放"
    english = "{mass} is no weight of {plates} plates; clear the scale, zero it, retry"


@dataclass(frozen=True, slots=True)
class ByWeight:
    """A price per quantity; the mass is the plate's own settled net mass."""

    price: Money
    per: Mass
    rounding: PriceRounding = PriceRounding.FEN

    def of(self, net: Mass) -> Money:
        """Price `net`, rounded once; less than nothing costs nothing."""
        return self.rounding.apply(
            Fraction(self.price.fen * max(net.mg, 0), self.per.mg)
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """A serving at its price; `sold` counts the confirmed sales that make it popular.

    A price of `None` is refused unless the site prices every vessel.
    """

    serving: Serving
    price: Money | ByWeight | None
    sold: int = 0


@dataclass(frozen=True, slots=True)
class Menu:
    """All that may stand on a tray: offers, vessel kinds, and prices by vessel.

    A vessel named in `vessel_prices` costs that much whatever it holds, unless that is
    one of the `proven` dishes, which keep their own price.
    """

    offers: tuple[Offer, ...]
    vessels: tuple[VesselKind, ...] = ()
    vessel_prices: Mapping[str, Money] = field(default_factory=dict)
    proven: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PlateSeen:
    """One plate as the witnesses see it.

    `dishes` are picture probabilities by dish, `unknown` that of a dish not on the
    menu; `vessels` probabilities by kind (empty: not measured). `place_mm` is the
    centre on the platform. `mass` is the plate's own gross mass where it settled by
    itself (difference of two settled readings). `tag` is the vessel kind read by RFID.
    `told` is what a person answered, at the price they saw; `ruled_out` what they said
    it is not.
    """

    dishes: Mapping[str, float]
    unknown: float = 0.0
    vessels: Mapping[str, float] = field(default_factory=dict)
    place_mm: tuple[float, float] | None = None
    mass: Mass | None = None
    state: Reason | None = None
    tag: str | None = None
    told: Served | None = None
    ruled_out: frozenset[tuple[str, Portion]] = frozenset()

    def with_answer(self, served: Served) -> PlateSeen:
        """Take a person's pick as certain."""
        return replace(self, told=served)

    def without(self, options: tuple[Served, ...]) -> PlateSeen:
        """Take "none of these" as certain."""
        out = frozenset((served.dish, served.portion) for served in options)
        return replace(self, ruled_out=self.ruled_out | out)


@dataclass(frozen=True, slots=True)
class Cell:
    """One load cell of a four-cell platform: where it stands, what it carries."""

    x_mm: float
    y_mm: float
    mass: Mass


@dataclass(frozen=True, slots=True)
class Weighing:
    """A settled weight of everything on the platform, without the tray itself.

    `noise` is the standard deviation of the total, or of each cell where `cells`
    are read separately.
    """

    total: Mass
    noise: Mass
    cells: tuple[Cell, ...] = ()

    @classmethod
    def from_cells(cls, cells: tuple[Cell, ...], noise: Mass) -> Weighing:
        """Add separately read cells up; each errs by `noise`."""
        return cls(sum((cell.mass for cell in cells), NO_MASS), noise, cells)


@dataclass(frozen=True, slots=True)
class TraySeen:
    """A tray: its plates, its weight if any, and what disturbs it as a whole."""

    plates: tuple[PlateSeen, ...]
    weighing: Weighing | None = None
    disturbed: tuple[Reason, ...] = ()

    def with_plate(self, number: int, plate: PlateSeen) -> TraySeen:
        """Replace one plate, as after an answer."""
        plates = (*self.plates[:number], plate, *self.plates[number + 1 :])
        return replace(self, plates=plates)


BLOCKING: Final = frozenset(
    {
        Reason.CUT_BY_FRAME,
        Reason.HAND_IN_PICTURE,
        Reason.GLARE,
        Reason.TWO_DISHES_ON_PLATE,
        Reason.NO_PLATE,
    }
)
"""States of a plate that a person must put right (or tell) before it is priced."""

UNSEEN: Final = frozenset({Reason.LIDDED})
"""States in which the picture says nothing about the dish, but vessel and mass do."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When to charge, and the odds that no single tray can teach.

    `charge`: least posterior of the tray's price. `temper` and `floor` flatten picture
    scores: p^temper, mixed with `floor` of an even guess. `unknown_weight` multiplies
    the odds of "not on the menu". `repeat`: odds that a dish stands twice on a tray,
    against once. `empty`: how far to trust the eye that a plate is empty, where the
    picture and the scale may say otherwise. `swapped`: share of servings in a vessel
    they do not belong in. `foreign`: share of trays whose weight includes something
    else. `tail`: degrees of freedom of the mass errors (small is heavy-tailed).
    `place_error_mm`: standard deviation of a plate's place, per axis. `combinations`
    and `readings` bound the work (per tray, per plate); what they cut off is bounded
    and returned. MODELS.toml names where each number comes from.
    """

    charge: float = 0.99
    temper: float = 0.85
    floor: float = 0.0001
    unknown_weight: float = 0.002
    repeat: float = 0.01
    empty: float = 0.9
    swapped: float = 0.0003
    foreign: float = 0.001
    tail: float = 8.0
    place_error_mm: float = 3.0
    combinations: int = 4_096
    readings: int = 24

    @classmethod
    def shipped(cls) -> Self:
        """Take the numbers of MODELS.toml."""
        numbers: dict[str, Any] = {**scalars("portions")}
        return cls(**numbers)
