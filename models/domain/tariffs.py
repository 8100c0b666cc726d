"""How things are priced: plans, tariffs, discounts and the site's rounding rules.

Pure amounts without dates or places; `pricing.py` says which tariff holds where and
when, `quote.py` in which order the steps are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from models.domain.errors import DomainError
from models.domain.serving import Portion
from models.domain.units import CERTAIN, NO_MONEY, Money, PriceRounding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domain.mealtimes import Sitting
    from models.domain.people import DinerGroup
    from models.domain.units import Mass, Ppm

POLICY: Final = "取整与优惠规则"
"""What the rules are called in messages."""


class Plan(StrEnum):
    """How a line is priced (计价方式)."""

    DISH = "dish"
    VESSEL = "vessel"
    WEIGHT = "weight"
    BUFFET = "buffet"
    SET_MEAL = "set_meal"
    PLAIN = "plain"
    INCLUDED = "included"

    @property
    def chinese(self) -> str:
        """Name on price lists."""
        return _PLAN_NAMES[self]


_PLAN_NAMES: Final = {
    Plan.DISH: "按份",
    Plan.VESSEL: "按餐具",
    Plan.WEIGHT: "称重",
    Plan.BUFFET: "自助餐",
    Plan.SET_MEAL: "套餐",
    Plan.PLAIN: "直接收款",
    Plan.INCLUDED: "已含",
}
COVERING: Final = frozenset({Plan.BUFFET, Plan.SET_MEAL})
"""Plans whose one charge covers the dishes marked `INCLUDED` on the same tray."""


class NotApproved(DomainError):
    """A price that one person alone set."""

    code = "price_not_approved"
    chinese = "“{item}”的价格须由 {proposer} 以外的第二人批准"
    english = "“{item}” needs the approval of someone other than {proposer}"


class BadTariff(DomainError):
    """Amounts that cannot be a price of this plan."""

    code = "bad_tariff"
    chinese = "“{item}”的价格与计价方式“{plan}”不符或为负数，请检查"
    english = "the price of “{item}” is negative or does not fit the plan {plan}"


class PortionNotSold(DomainError):
    """A portion without a price of its own."""

    code = "portion_not_sold"
    chinese = "“{item}”没有{portion}的价格，请选择其他份量或补上价格"
    english = "“{item}” has no price for {portion}; choose another or add it"


class MassNeeded(DomainError):
    """Sold by weight, but nothing was weighed."""

    code = "mass_needed"
    chinese = "“{item}”按重量计价，请先称重（重量须大于零）"
    english = "“{item}” is sold by weight: weigh it first (above zero)"


@dataclass(frozen=True, slots=True)
class PerPortion:
    """Price by portion: half is half of `whole`, double twice; rounding by the site.

    `small` is a price, a share of `whole` above 0 and at most 1, or `None` where no
    small portion is sold.
    """

    whole: Money
    small: Money | Fraction | None = None

    def price(self, portion: Portion, rounding: PriceRounding) -> Money | None:
        """Price of one portion, or `None` if it is not sold.

        Rounding up never makes a part dearer than the whole.
        """
        match portion:
            case Portion.WHOLE:
                return self.whole
            case Portion.DOUBLE:
                return self.whole * 2
            case Portion.HALF:
                return self._part(Fraction(1, 2), rounding)
            case Portion.SMALL if isinstance(self.small, Fraction):
                return self._part(self.small, rounding)
            case Portion.SMALL:
                return self.small

    def _part(self, share: Fraction, rounding: PriceRounding) -> Money:
        return min(rounding.apply(self.whole.fen * share), self.whole)

    def sound(self) -> bool:
        """Tell whether the amounts can be prices."""
        if isinstance(self.small, Fraction):
            return self.whole >= NO_MONEY and 0 < self.small <= 1
        return NO_MONEY <= (self.small or NO_MONEY) <= self.whole


@dataclass(frozen=True, slots=True)
class ByWeight:
    """A pair: `price` per `quantity`, such as 2.98 per 100 g."""

    price: Money
    quantity: Mass

    def amount(self, mass: Mass, rounding: PriceRounding) -> Money:
        """Price of `mass`, exact until it is rounded once, here."""
        return rounding.apply(Fraction(self.price.fen * mass.mg, self.quantity.mg))

    def sound(self) -> bool:
        """Tell whether the pair can be a price."""
        return self.price >= NO_MONEY and self.quantity.mg > 0


@dataclass(frozen=True, slots=True)
class Flat:
    """One price whatever the portion: a vessel, a head at the buffet, a set meal."""

    price: Money

    def sound(self) -> bool:
        """Tell whether the amount can be a price."""
        return self.price >= NO_MONEY


Tariff = PerPortion | ByWeight | Flat

TARIFF_OF: Final[dict[Plan, type[Tariff]]] = {
    Plan.DISH: PerPortion,
    Plan.WEIGHT: ByWeight,
    Plan.VESSEL: Flat,
    Plan.BUFFET: Flat,
    Plan.SET_MEAL: Flat,
}


class Level(StrEnum):
    """What a discount is taken from."""

    LINE = "line"
    TRAY = "tray"


@dataclass(frozen=True, slots=True)
class Discount:
    """A reduction: a share of the amount in ppm, or a fixed amount of money.

    A line discount may be limited to `items`; either kind to a diner group. Never
    more is taken off than is left.
    """

    id: str
    level: Level
    off: Ppm | Money
    items: frozenset[str] | None = None
    group: DinerGroup | None = None

    def __post_init__(self) -> None:
        most = None if isinstance(self.off, Money) else CERTAIN
        value = self.off.fen if isinstance(self.off, Money) else self.off
        if value < 0 or (most is not None and value > most):
            raise ValueError(f"discount {self.id} takes off {value}")

    def taken_from(self, amount: Money) -> Money:
        """Money taken off `amount`, rounded to the fen, a half up."""
        if isinstance(self.off, Money):
            return min(self.off, amount)
        return PriceRounding.FEN.apply(Fraction(amount.fen * self.off, CERTAIN))


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """The site's rules: each names the one place where its rounding happens.

    `portion` rounds half and small prices, `weight` amounts by mass, `total` the
    tray. Discounts are taken in the order given, lines before the tray. Dated like
    prices: it holds from `starts`, `None` being the rules a site went live with.
    """

    portion: PriceRounding = PriceRounding.JIAO_HALF_UP
    weight: PriceRounding = PriceRounding.FEN
    total: PriceRounding = PriceRounding.FEN
    discounts: tuple[Discount, ...] = ()
    starts: Sitting | None = None
    proposed_by: str | None = None
    approved_by: str | None = None

    def discounts_for(self, level: Level, group: DinerGroup) -> tuple[Discount, ...]:
        """Pick the discounts of a level that a diner of `group` gets, in order."""
        return tuple(
            one
            for one in self.discounts
            if one.level is level and one.group in (None, group)
        )

    def faults(self) -> list[DomainError]:
        """Everything that keeps this policy from holding."""
        alone = self.approved_by in (None, self.proposed_by)
        if self.starts is not None and alone:
            return [NotApproved(item=POLICY, proposer=self.proposed_by)]
        return []


def holds_at(policies: Sequence[PricePolicy], sitting: Sitting) -> PricePolicy:
    """Find the policy started last; the product's defaults before any."""
    best, since = PricePolicy(), None
    for policy in policies:
        if policy.starts is None:
            best = policy if since is None else best
        elif policy.starts <= sitting and (since is None or since < policy.starts):
            best, since = policy, policy.starts
    return best
