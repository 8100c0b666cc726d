"""How a dish is served: portions, vessels and the masses that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from models.domain.units import Mass


class Portion(StrEnum):
    """The size a diner asked for."""

    WHOLE = "whole"
    SMALL = "small"
    HALF = "half"
    DOUBLE = "double"

    @property
    def chinese(self) -> str:
        """Name on receipts and screens."""
        return _PORTION_NAMES[self]


_PORTION_NAMES = {
    Portion.WHOLE: "整份",
    Portion.SMALL: "小份",
    Portion.HALF: "半份",
    Portion.DOUBLE: "双份",
}


class VesselShape(StrEnum):
    """Outline of a vessel seen from above."""

    PLATE = "plate"
    BOWL = "bowl"
    COMPARTMENT = "compartment"
    BOX = "box"


@dataclass(frozen=True, slots=True)
class VesselKind:
    """A kind of plate or bowl of the site (装盘工具), measured once.

    `size_mm` is the outer diameter, or the long side of a compartment tray or box;
    `colour` is the mean rim colour as CIELAB integers (L 0..100, a and b -128..127),
    `None` where the site did not measure it.
    """

    code: str
    name: str
    shape: VesselShape
    size_mm: int
    tare: Mass
    colour: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class PortionMass:
    """Net mass of one portion, learned from portions weighed alone.

    Holds exact sums (`count`, `total_mg`, sum of squares) so that teaching and
    un-teaching are exact inverses in any order. A recipe's mean and spread enter as
    `count` pseudo-observations.
    """

    count: int
    total_mg: int
    squares_mg2: int

    @classmethod
    def from_recipe(cls, mean: Mass, spread: Mass, worth: int = 4) -> Self:
        """Start from the recipe: mean and standard deviation, worth n weighings."""
        square = mean.mg * mean.mg + spread.mg * spread.mg
        return cls(worth, worth * mean.mg, worth * square)

    def taught(self, mass: Mass) -> PortionMass:
        """Add one weighed portion."""
        return self._moved(mass, 1)

    def untaught(self, mass: Mass) -> PortionMass:
        """Take one weighed portion back: the inverse of `taught`."""
        return self._moved(mass, -1)

    def _moved(self, mass: Mass, by: int) -> PortionMass:
        return PortionMass(
            self.count + by,
            self.total_mg + by * mass.mg,
            self.squares_mg2 + by * mass.mg * mass.mg,
        )

    @property
    def mean_mg(self) -> Fraction:
        """Mean net mass in mg, exact."""
        return Fraction(self.total_mg, self.count)

    @property
    def variance_mg2(self) -> Fraction:
        """Population variance in mg^2, exact."""
        return Fraction(self.squares_mg2, self.count) - self.mean_mg**2


@dataclass(frozen=True, slots=True)
class Serving:
    """A dish in one portion: the vessel it is served in and what it weighs.

    `vessel` is a `VesselKind.code`, or `None` when any vessel may be used.
    """

    dish: str
    portion: Portion
    vessel: str | None
    mass: PortionMass | None
