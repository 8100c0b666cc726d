"""Money, mass and the only rounding functions of the product.

Money is whole fen, mass whole milligrams: adding a lunch up never loses anything.
A unit cost (fen per milligram) is a `Fraction` and is rounded once, where a
`Money` is made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NewType, Self

from models.domain.errors import NotANumber

if TYPE_CHECKING:
    from collections.abc import Sequence

UnitCost = NewType("UnitCost", Fraction)
"""Fen per milligram, exact."""

Ppm = NewType("Ppm", int)
"""A probability or share in parts per million: integers survive hashing and tables."""

CERTAIN: Final = Ppm(1_000_000)

_DECIMAL: Final = re.compile(r"[+-]?\d{1,12}(\.\d+)?")
_POINTS: Final = str.maketrans("\uff0e\u3002", "..")  # typed in Chinese
_SIGN: Final = re.compile(r"^([+-]?)[￥\u00a5]")  # as people write it before an amount


def round_half_up(value: Fraction) -> int:
    """Round to the nearest integer; a half goes away from zero (四舍五入)."""
    whole, rest = divmod(abs(value), 1)
    rounded = int(whole) + (2 * rest >= 1)
    return rounded if value >= 0 else -rounded


def allocate(amount: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """Share `amount` out in proportion to `weights`, to the fen, losing nothing.

    Largest remainder (Hamilton): every share is within a fen of its exact part and
    the shares add up to `amount`; of equal remainders the earlier one gets the fen.
    Weights are not negative; if all are zero they count as equal. A negative amount
    is shared out like its positive, and no share goes beyond its weight as long as
    the amount does not go beyond the sum of weights.
    """
    if not weights:
        raise ValueError("an amount can only be shared out among something")
    parts = weights if any(weights) else [1] * len(weights)
    exact = [Fraction(abs(amount.fen) * part, sum(parts)) for part in parts]
    shares = [int(part) for part in exact]
    short = abs(amount.fen) - sum(shares)
    for index in sorted(range(len(parts)), key=lambda i: shares[i] - exact[i])[:short]:
        shares[index] += 1
    return tuple(Money(share if amount.fen >= 0 else -share) for share in shares)


def _scaled(text: str, per_unit: int, unit: str) -> int:
    """Read decimal `text` in a larger unit; what does not fit exactly is refused."""
    cleaned = text.strip().translate(_POINTS)
    if not _DECIMAL.fullmatch(cleaned):
        raise NotANumber(text=text, unit=unit)
    value = Fraction(cleaned) * per_unit
    if value.denominator != 1:
        raise NotANumber(text=text, unit=unit)
    return int(value)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of renminbi in fen."""

    fen: int

    @classmethod
    def from_yuan(cls, text: str) -> Self:
        """Read "13.50", "￥13.50" or "-￥13.50"; a third decimal is never rounded."""
        return cls(_scaled(_SIGN.sub(r"\1", text.strip()), 100, "元"))

    def __add__(self, other: Money) -> Money:
        return Money(self.fen + other.fen)

    def __sub__(self, other: Money) -> Money:
        return Money(self.fen - other.fen)

    def __neg__(self) -> Money:
        return Money(-self.fen)

    def __mul__(self, count: int) -> Money:
        return Money(self.fen * count)

    def __str__(self) -> str:
        sign = "-" if self.fen < 0 else ""
        return f"{sign}￥{abs(self.fen) // 100}.{abs(self.fen) % 100:02d}"


@dataclass(frozen=True, slots=True, order=True)
class Mass:
    """A mass in milligrams."""

    mg: int

    @classmethod
    def from_g(cls, text: str) -> Self:
        """Read grams as decimal text, exact to the milligram."""
        return cls(_scaled(text, 1_000, "g"))

    @classmethod
    def from_kg(cls, text: str) -> Self:
        """Read kilograms as decimal text, exact to the milligram."""
        return cls(_scaled(text, 1_000_000, "kg"))

    def __add__(self, other: Mass) -> Mass:
        return Mass(self.mg + other.mg)

    def __sub__(self, other: Mass) -> Mass:
        return Mass(self.mg - other.mg)

    def __neg__(self) -> Mass:
        return Mass(-self.mg)

    def __mul__(self, count: int) -> Mass:
        return Mass(self.mg * count)

    def __str__(self) -> str:
        sign = "-" if self.mg < 0 else ""
        whole, rest = divmod(abs(self.mg), 1_000)
        decimals = f".{rest:03d}".rstrip("0") if rest else ""
        return f"{sign}{whole}{decimals} g"


NO_MONEY: Final = Money(0)
NO_MASS: Final = Mass(0)


class PriceRounding(StrEnum):
    """The site's rule for a price that does not come out even (half portions)."""

    FEN = "fen"
    """To the fen, a half up: 5.25 -> 2.63."""
    JIAO_UP = "jiao_up"
    """Up to the next jiao: 5.25 -> 2.70."""
    JIAO_HALF_UP = "jiao_half_up"
    """To the nearest jiao, a half up: 5.50 -> 2.80."""
    JIAO_DOWN = "jiao_down"
    """Down to the jiao, in the diner's favour: 5.25 -> 2.60."""

    def apply(self, fen: Fraction) -> Money:
        """Round an exact amount of fen by this rule."""
        match self:
            case PriceRounding.FEN:
                return Money(round_half_up(fen))
            case PriceRounding.JIAO_UP:
                return Money(-(-fen // 10) * 10)
            case PriceRounding.JIAO_HALF_UP:
                return Money(round_half_up(fen / 10) * 10)
            case PriceRounding.JIAO_DOWN:
                return Money(fen // 10 * 10)

    @property
    def chinese(self) -> str:
        """The rule as price explanations name it."""
        return _ROUNDING_NAMES[self]


_ROUNDING_NAMES: Final = {
    PriceRounding.FEN: "四舍五入到分",
    PriceRounding.JIAO_UP: "进到角",
    PriceRounding.JIAO_HALF_UP: "四舍五入到角",
    PriceRounding.JIAO_DOWN: "舍到角",
}
