"""The price of a whole tray, step by step, and the purses that pay it.

Steps, in order, each an integer amount of fen: list price, portion, count, line
discounts, tray discounts, rounding; then the purses at booking. What a step takes
from the tray is shared out to the lines, so lines always add up to the total.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from models.domain.pricing import BadOrder, PriceMissing, unit_price
from models.domain.serving import Portion
from models.domain.tariffs import COVERING, Level, PerPortion, Plan
from models.domain.units import NO_MONEY, Money, allocate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.domain.pricing import Context, PriceList, PriceVersion
    from models.domain.tariffs import Discount, PricePolicy
    from models.domain.units import Mass


@dataclass(frozen=True, slots=True)
class Ordered:
    """One thing on the tray, before it is priced.

    `item` is a dish, vessel kind, buffet or set meal by `plan`, or a name for a plain
    `amount`. `mass` is net and settled, for what is sold by weight. A dish covered by
    a buffet or set meal on the same tray is `Plan.INCLUDED`.
    """

    plan: Plan
    item: str
    portion: Portion = Portion.WHOLE
    count: int = 1
    mass: Mass | None = None
    amount: Money | None = None

    def fault(self) -> str | None:
        """Say in Chinese why this line cannot be priced, or `None`."""
        if self.count < 1:
            return "数量至少为 1"
        if (self.amount is not None) != (self.plan is Plan.PLAIN):
            return "只有直接收款才填写金额，且必须填写"
        if self.amount is not None and self.amount < NO_MONEY:
            return "金额不能为负数"
        return None


@dataclass(frozen=True, slots=True)
class PlatePricing:
    """How a site prices a plate it has recognised: by its dish or by its vessel.

    A site can go live by vessel; a dish in `proven`, whose measured error allows it,
    is already priced as a dish.
    """

    by_vessel: bool = False
    proven: frozenset[str] = frozenset()

    def order(self, dish: str | None, portion: Portion, vessel: str | None) -> Ordered:
        """Order what stands on the plate; raises `BadOrder` if that is not known."""
        if self.by_vessel and dish not in self.proven:
            if vessel is None:
                raise BadOrder(item=dish or "?", why="没有认出餐具，请点选")
            return Ordered(Plan.VESSEL, vessel, portion)
        if dish is None:
            raise BadOrder(item=vessel or "?", why="没有认出菜品，请点选")
        return Ordered(Plan.DISH, dish, portion)


class StepKind(StrEnum):
    """Steps of a quote in their order."""

    LIST = "list"
    PORTION = "portion"
    COUNT = "count"
    LINE_DISCOUNT = "line_discount"
    TRAY_DISCOUNT = "tray_discount"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Step:
    """What one step adds to a line; `source` is the price version or discount."""

    kind: StepKind
    amount: Money
    source: str | None = None


def _sum(amounts: Iterable[Money]) -> Money:
    return sum(amounts, NO_MONEY)


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A priced line. `plan` is that of the price found (a dish may go by weight)."""

    ordered: Ordered
    plan: Plan
    version: str | None
    steps: tuple[Step, ...]

    def _total(self, *kinds: StepKind) -> Money:
        return _sum(step.amount for step in self.steps if step.kind in kinds)

    @property
    def listed(self) -> Money:
        """Amount before discounts."""
        return self._total(StepKind.LIST, StepKind.PORTION, StepKind.COUNT)

    @property
    def unit(self) -> Money:
        """Price of one, in its portion."""
        return self._total(StepKind.LIST, StepKind.PORTION)

    @property
    def discount(self) -> Money:
        """What discounts take off, as a positive amount."""
        return -self._total(StepKind.LINE_DISCOUNT, StepKind.TRAY_DISCOUNT)

    @property
    def rounding(self) -> Money:
        """The line's share in rounding the tray, of either sign."""
        return self._total(StepKind.ROUNDING)

    @property
    def due(self) -> Money:
        """What is to be paid: listed - discount + rounding."""
        return _sum(step.amount for step in self.steps)

    def stepped(
        self, kind: StepKind, amount: Money, source: str | None = None
    ) -> QuotedLine:
        """Add a step; one that changes nothing is left out."""
        if amount == NO_MONEY:
            return self
        return replace(self, steps=(*self.steps, Step(kind, amount, source)))


@dataclass(frozen=True, slots=True)
class Quote:
    """The priced tray; every total is the sum of its lines."""

    context: Context
    lines: tuple[QuotedLine, ...]

    @property
    def listed(self) -> Money:
        """Sum of the lines before discounts."""
        return _sum(line.listed for line in self.lines)

    @property
    def discount(self) -> Money:
        """Everything discounts took off."""
        return _sum(line.discount for line in self.lines)

    @property
    def rounding(self) -> Money:
        """What rounding the tray changed."""
        return _sum(line.rounding for line in self.lines)

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return _sum(line.due for line in self.lines)


def quote(prices: PriceList, tray: Sequence[Ordered], context: Context) -> Quote:
    """Price a tray. Raises `PriceMissing` with everything that has no price.

    Other faults: `BadOrder`, `PortionNotSold`, `MassNeeded`.
    """
    _check(tray)
    policy = prices.policy_at(context.sitting)
    versions = _versions(prices, tray, context)
    lines = tuple(
        _listed(ordered, version, policy)
        for ordered, version in zip(tray, versions, strict=True)
    )
    for discount in policy.discounts_for(Level.LINE, context.group):
        lines = tuple(_discounted(line, discount) for line in lines)
    for discount in policy.discounts_for(Level.TRAY, context.group):
        off = discount.taken_from(_sum(line.due for line in lines))
        lines = _shared(lines, StepKind.TRAY_DISCOUNT, -off, discount.id)
    total = _sum(line.due for line in lines)
    rounded = policy.total.apply(Fraction(total.fen))
    return Quote(context, _shared(lines, StepKind.ROUNDING, rounded - total))


def _check(tray: Sequence[Ordered]) -> None:
    """Refuse lines that cannot be priced whatever the price list says."""
    covered = any(one.plan in COVERING for one in tray)
    for ordered in tray:
        why = ordered.fault()
        if ordered.plan is Plan.INCLUDED and not covered:
            why = "托盘上没有自助餐或套餐"
        if why:
            raise BadOrder(item=ordered.item, why=why)


def _versions(
    prices: PriceList, tray: Sequence[Ordered], context: Context
) -> list[PriceVersion | None]:
    """Find the version of every line; those priced without a list have none."""
    found: list[PriceVersion | None] = []
    missing: list[str] = []
    for ordered in tray:
        choice = prices.choose(ordered.plan, ordered.item, context)
        if choice is None and ordered.plan not in (Plan.PLAIN, Plan.INCLUDED):
            missing.append(ordered.item)
        found.append(choice.version if choice else None)
    if missing:
        raise PriceMissing(missing)
    return found


def _listed(
    ordered: Ordered, version: PriceVersion | None, policy: PricePolicy
) -> QuotedLine:
    """List price, portion and count of one line."""
    if version is None:
        unit = whole = ordered.amount or NO_MONEY
    else:
        unit = unit_price(version, ordered.portion, ordered.mass, policy)
        tariff = version.tariff
        whole = tariff.whole if isinstance(tariff, PerPortion) else unit
    plan = version.plan if version else ordered.plan
    if plan is Plan.WEIGHT and ordered.count != 1:
        raise BadOrder(item=ordered.item, why="称重的一行只能是一份")
    source = version.id if version else None
    return (
        QuotedLine(ordered, plan, source, (Step(StepKind.LIST, whole, source),))
        .stepped(StepKind.PORTION, unit - whole)
        .stepped(StepKind.COUNT, unit * (ordered.count - 1))
    )


def _discounted(line: QuotedLine, discount: Discount) -> QuotedLine:
    """Take a line discount off, if it is meant for this item."""
    if discount.items is not None and line.ordered.item not in discount.items:
        return line
    off = discount.taken_from(line.due)
    return line.stepped(StepKind.LINE_DISCOUNT, -off, discount.id)


def _shared(
    lines: tuple[QuotedLine, ...],
    kind: StepKind,
    amount: Money,
    source: str | None = None,
) -> tuple[QuotedLine, ...]:
    """Share a tray step out to the lines in proportion to what each still owes."""
    if amount == NO_MONEY:
        return lines
    shares = allocate(amount, [line.due.fen for line in lines])
    return tuple(
        line.stepped(kind, share, source)
        for line, share in zip(lines, shares, strict=True)
    )


class PurseKind(StrEnum):
    """Separate accounts of a diner (钱包)."""

    SUBSIDY = "subsidy"
    GIFT = "gift"
    CASH = "cash"

    @property
    def chinese(self) -> str:
        """Name on receipts and statements."""
        return _PURSE_NAMES[self]


_PURSE_NAMES: Final = {
    PurseKind.SUBSIDY: "补贴",
    PurseKind.GIFT: "赠款",
    PurseKind.CASH: "现金",
}


@dataclass(frozen=True, slots=True)
class Purse:
    """What a purse can pay now.

    `cap` is what is left of its limit for this meal, `None` without one; `plans` are
    what it may buy, `None` for everything. A negative balance pays nothing.
    """

    kind: PurseKind
    balance: Money
    cap: Money | None = None
    plans: frozenset[Plan] | None = None

    @property
    def spendable(self) -> Money:
        """The lower of balance and cap, at least nothing."""
        most = self.balance if self.cap is None else min(self.balance, self.cap)
        return max(most, NO_MONEY)

    def buys(self, plan: Plan) -> bool:
        """Tell whether it may pay for a line of this plan."""
        return self.plans is None or plan in self.plans


@dataclass(frozen=True, slots=True)
class PurseShare:
    """What one purse pays."""

    kind: PurseKind
    amount: Money


@dataclass(frozen=True, slots=True)
class Split:
    """How purses pay a tray: the shares and `short` add up to the total."""

    shares: tuple[PurseShare, ...]
    short: Money


def split_purses(
    amounts: Sequence[tuple[Plan, Money]], purses: Sequence[Purse]
) -> Split:
    """Split at booking: purses in the order given, each as far as it may and can.

    The site's usual order is subsidy, gift, cash: the purse with the narrowest use
    first. `short` is what none could pay (overdraft or meal credit, by policy).
    """
    owed = [amount for _, amount in amounts]
    shares = []
    for purse in purses:
        left = purse.spendable
        for index, (plan, _) in enumerate(amounts):
            if purse.buys(plan):
                paid = min(left, owed[index])
                left, owed[index] = left - paid, owed[index] - paid
        shares.append(PurseShare(purse.kind, purse.spendable - left))
    return Split(tuple(shares), _sum(owed))
