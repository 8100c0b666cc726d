"""Units of measure and how a material is counted in them (计量单位换算).

Everybody agrees that 1 kg is 1,000 g; that a 袋 of flour is 25 kg, a 箱 of vinegar
12 瓶 and an egg 55 g is true of one material only. Quantities are exact fractions.
A conversion nobody recorded is an error naming both units, never a number.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Self

from models.domain.errors import DomainError, MissingConversion
from models.domain.units import Mass, round_half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class ContradictoryConversion(DomainError):
    """Two recorded ways between the same units that give different numbers."""

    code = "contradictory_conversion"
    chinese = (
        "“{source}”到“{target}”的换算自相矛盾：记录为 {recorded}，"
        "由其他换算得 {implied}，请更正其中一条"
    )
    english = (
        "“{source}” to “{target}” contradicts itself: {recorded} recorded, "
        "{implied} by the other conversions; correct one of them"
    )


class BadConversion(DomainError):
    """A conversion factor that is not above zero."""

    code = "bad_conversion"
    chinese = "“{source}”到“{target}”的换算系数应大于零"
    english = "the factor from “{source}” to “{target}” must be above zero"


@dataclass(frozen=True, slots=True)
class Conversion:
    """One `unit` is `factor` of `into`: one 袋 is 25 kg."""

    unit: str
    factor: Fraction
    into: str

    def __post_init__(self) -> None:
        if self.factor <= 0:
            raise BadConversion(source=self.unit, target=self.into)

    @classmethod
    def of(cls, unit: str, factor: int | str, into: str) -> Self:
        """Make one from an integer or exact decimal text."""
        return cls(unit, Fraction(factor), into)

    def inverse(self) -> Conversion:
        """Return the same fact read backwards."""
        return Conversion(self.into, 1 / self.factor, self.unit)


AGREED: Final = (
    Conversion.of("kg", 1_000, "g"),
    Conversion.of("g", 1_000, "mg"),
    Conversion.of("t", 1_000, "kg"),
    Conversion.of("斤", 500, "g"),
    Conversion.of("两", 50, "g"),
    Conversion.of("L", 1_000, "ml"),
)
"""True of every material; 斤 and 两 are the market units of 500 g and 50 g."""


class Measures:
    """The units of one material: the agreed conversions and its own.

    Contradictory conversions are refused when it is made, so that the answer never
    depends on the way taken.
    """

    def __init__(self, own: Iterable[Conversion] = ()) -> None:
        self._edges: dict[str, list[Conversion]] = {}
        for conversion in (*AGREED, *own):
            self._add(conversion)

    def _add(self, new: Conversion) -> None:
        known = self.chain(new.unit, new.into)
        if known is not None and (implied := _product(known)) != new.factor:
            raise ContradictoryConversion(
                source=new.unit,
                target=new.into,
                recorded=new.factor,
                implied=implied,
            )
        self._edges.setdefault(new.unit, []).append(new)
        self._edges.setdefault(new.into, []).append(new.inverse())

    def chain(self, source: str, target: str) -> tuple[Conversion, ...] | None:
        """Find the shortest chain of conversions, or `None`."""
        ways: dict[str, tuple[Conversion, ...]] = {source: ()}
        waiting = deque([source])
        while waiting and target not in ways:
            unit = waiting.popleft()
            for step in self._edges.get(unit, ()):
                if step.into not in ways:
                    ways[step.into] = (*ways[unit], step)
                    waiting.append(step.into)
        return ways.get(target)

    def convert(self, amount: Fraction, source: str, target: str) -> Fraction:
        """Convert exactly; raises `MissingConversion` naming both units."""
        way = self.chain(source, target)
        if way is None:
            raise MissingConversion(source=source, target=target)
        return amount * _product(way)

    def mass(self, amount: Fraction, unit: str) -> Mass:
        """Mass of `amount` of `unit`, rounded once, to the milligram."""
        return Mass(round_half_up(self.convert(amount, unit, "mg")))


def _product(steps: Sequence[Conversion]) -> Fraction:
    """Multiply the factors of a chain; an empty chain is 1."""
    factor = Fraction(1)
    for step in steps:
        factor *= step.factor
    return factor
