"""What a tray costs: f(hall, meal, diner group, dish or plan), dated.

A price list is a set of price versions. The most specific version in force at the
sitting wins; a version starts with a sitting and never changes a running or past
one. The formulas and their order stand with worked numbers in models/README.md.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from models.domain.errors import DomainError, InvalidData, Problem
from models.domain.tariffs import (
    POLICY,
    TARIFF_OF,
    BadTariff,
    ByWeight,
    Flat,
    MassNeeded,
    NotApproved,
    PerPortion,
    Plan,
    PortionNotSold,
    PricePolicy,
    holds_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.domain.mealtimes import Meal, Sitting
    from models.domain.people import DinerGroup
    from models.domain.serving import Portion
    from models.domain.tariffs import Tariff
    from models.domain.units import Mass, Money


class PriceMissing(DomainError):
    """Things offered without a price; all of them are listed."""

    code = "price_missing"
    chinese = "以下项目没有价格：{items}，请在价目表中补上"
    english = "no price for: {items}; add them to the price list"

    def __init__(self, items: Sequence[str]) -> None:
        super().__init__(items="、".join(items))
        self.items = tuple(items)


class PriceTie(DomainError):
    """Two versions for the same thing, reach and start: neither is the price."""

    code = "price_tie"
    chinese = "“{item}”从 {starts} 起有两个同级价格（{first}、{second}），请删去一个"
    english = "“{item}” has two equal prices from {starts} ({first}, {second})"


class PriceFrozen(DomainError):
    """A change that would touch the running or a past meal."""

    code = "price_frozen"
    chinese = "“{item}”的新价从 {starts} 起，但 {running} 已开始，最早从下一餐起生效"
    english = "“{item}” would change at {starts}, but {running} has begun; start later"


class BadOrder(DomainError):
    """A line that cannot be priced as it stands."""

    code = "bad_order"
    chinese = "“{item}”这一行无法计价：{why}"
    english = "the line “{item}” cannot be priced: {why}"


@dataclass(frozen=True, slots=True)
class Context:
    """Who eats where and when: what a price depends on besides the thing."""

    hall: str
    sitting: Sitting
    group: DinerGroup


@dataclass(frozen=True, slots=True)
class Reach:
    """For whom and where a price holds; `None` means any."""

    hall: str | None = None
    meal: Meal | None = None
    group: DinerGroup | None = None

    def covers(self, context: Context) -> bool:
        """Tell whether the price may be used in `context`."""
        return (
            self.hall in (None, context.hall)
            and self.meal in (None, context.sitting.meal)
            and self.group in (None, context.group)
        )

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """Specificity: a named group outweighs a hall, a hall outweighs a meal.

        Two different reaches of equal rank never cover the same context, so the
        highest rank is always one price.
        """
        return (self.group is not None, self.hall is not None, self.meal is not None)

    def __str__(self) -> str:
        group = self.group.chinese if self.group else "任何人员"
        meal = self.meal.chinese if self.meal else "任何餐次"
        return f"{group}·{self.hall or '任何餐厅'}·{meal}"


ANYWHERE: Final = Reach()


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """One price from one sitting on; sale lines keep its `id`.

    `tariff` `None` ends the price of this reach, so that a wider one holds again.
    `item` is a dish, vessel kind, buffet or set meal, by plan.
    """

    id: str
    plan: Plan
    item: str
    tariff: Tariff | None
    starts: Sitting
    proposed_by: str
    approved_by: str | None = None
    reach: Reach = ANYWHERE

    def approved(self, by: str) -> PriceVersion:
        """Approve it as a second person."""
        if by == self.proposed_by:
            raise NotApproved(item=self.item, proposer=self.proposed_by)
        return replace(self, approved_by=by)

    @property
    def subject(self) -> tuple[Plan, str]:
        """What is priced: a dish is one thing whether sold by portion or weight."""
        return (_subject_plan(self.plan), self.item)

    def faults(self) -> list[DomainError]:
        """Everything that keeps this version out of a price list."""
        found: list[DomainError] = []
        fits = self.plan in TARIFF_OF and (
            self.tariff is None
            or (isinstance(self.tariff, TARIFF_OF[self.plan]) and self.tariff.sound())
        )
        if not fits:
            found.append(BadTariff(item=self.item, plan=self.plan.chinese))
        if self.approved_by in (None, self.proposed_by):
            found.append(NotApproved(item=self.item, proposer=self.proposed_by))
        return found


def _subject_plan(plan: Plan) -> Plan:
    return Plan.DISH if plan is Plan.WEIGHT else plan


@dataclass(frozen=True, slots=True)
class PriceChoice:
    """Which version holds, and the wider ones it takes precedence over."""

    version: PriceVersion
    passed_over: tuple[PriceVersion, ...]


class PriceList:
    """All price versions of a site, with its rounding and discount policies."""

    def __init__(
        self,
        versions: Iterable[PriceVersion],
        policies: Iterable[PricePolicy] = (),
    ) -> None:
        """Raise `InvalidData` with all faults and ties, by position, rows from 1."""
        self.versions = tuple(versions)
        self.policies = tuple(policies)
        problems = _problems(self.versions) + _policy_problems(self.policies)
        if problems:
            raise InvalidData(tuple(problems))
        self._by_subject: dict[tuple[Plan, str], list[PriceVersion]] = defaultdict(list)
        for version in sorted(self.versions, key=_precedence, reverse=True):
            self._by_subject[version.subject].append(version)

    def amended(
        self,
        running: Sitting,
        versions: Iterable[PriceVersion] = (),
        policies: Iterable[PricePolicy] = (),
    ) -> PriceList:
        """Add approved versions and policies that start after `running`.

        `running` is the sitting under way, the latest of the halls concerned. Raises
        `InvalidData` with all that would touch it or an earlier one.
        """
        new, rules = tuple(versions), tuple(policies)
        starts = [
            *((row, one.item, one.starts) for row, one in enumerate(new, start=1)),
            *((row, POLICY, one.starts) for row, one in enumerate(rules, start=1)),
        ]
        early = tuple(
            Problem(
                PriceFrozen(item=item, starts=start, running=running),
                row=row,
                field="starts",
            )
            for row, item, start in starts
            if start is None or start <= running
        )
        if early:
            raise InvalidData(early)
        return PriceList((*self.versions, *new), (*self.policies, *rules))

    def policy_at(self, sitting: Sitting) -> PricePolicy:
        """Find the rules of a sitting."""
        return holds_at(self.policies, sitting)

    def choose(self, plan: Plan, item: str, context: Context) -> PriceChoice | None:
        """Find the price in force, or `None`.

        Of each reach the version started last counts; of these the most specific.
        """
        in_force: dict[Reach, PriceVersion] = {}
        for version in self._by_subject.get((_subject_plan(plan), item), ()):
            started = version.starts <= context.sitting
            if started and version.reach.covers(context):
                in_force.setdefault(version.reach, version)
        standing = [one for one in in_force.values() if one.tariff is not None]
        return PriceChoice(standing[0], tuple(standing[1:])) if standing else None

    def missing(self, dishes: Iterable[str], context: Context) -> tuple[str, ...]:
        """List the dishes without a price, in the order given."""
        return tuple(
            dish for dish in dishes if self.choose(Plan.DISH, dish, context) is None
        )

    def require(self, dishes: Iterable[str], context: Context) -> None:
        """Raise `PriceMissing` naming every dish without a price."""
        if missing := self.missing(dishes, context):
            raise PriceMissing(missing)

    def price_of(
        self, dish: str, portion: Portion, context: Context, mass: Mass | None = None
    ) -> Money:
        """Price of one portion of a dish, or of `mass` of it where sold by weight.

        Raises `PriceMissing`, `PortionNotSold` or `MassNeeded`.
        """
        choice = self.choose(Plan.DISH, dish, context)
        if choice is None:
            raise PriceMissing((dish,))
        return unit_price(
            choice.version, portion, mass, self.policy_at(context.sitting)
        )

    def explain(self, dish: str, portion: Portion, context: Context) -> tuple[str, ...]:
        """Say in Chinese which price holds and why, for a complaint at the till."""
        choice = self.choose(Plan.DISH, dish, context)
        if choice is None:
            raise PriceMissing((dish,))
        return _explained(choice, portion, self.policy_at(context.sitting))


def _precedence(version: PriceVersion) -> tuple[tuple[bool, bool, bool], Sitting]:
    return (version.reach.rank, version.starts)


def _problems(versions: Sequence[PriceVersion]) -> list[Problem]:
    """Collect the faults of each version and the ties between them, rows from 1."""
    found: list[Problem] = []
    seen: dict[tuple[tuple[Plan, str], Reach, Sitting], PriceVersion] = {}
    for row, version in enumerate(versions, start=1):
        found += [Problem(fault, row=row) for fault in version.faults()]
        key = (version.subject, version.reach, version.starts)
        if (other := seen.setdefault(key, version)) is not version:
            tie = PriceTie(
                item=version.item,
                starts=version.starts,
                first=other.id,
                second=version.id,
            )
            found.append(Problem(tie, row=row, field="starts"))
    return found


def _policy_problems(policies: Sequence[PricePolicy]) -> list[Problem]:
    """Collect unapproved policies and ties between their starts, rows from 1."""
    found: list[Problem] = []
    seen: dict[Sitting | None, int] = {}
    for row, policy in enumerate(policies, start=1):
        found += [Problem(fault, row=row) for fault in policy.faults()]
        if (other := seen.setdefault(policy.starts, row)) != row:
            tie = PriceTie(item=POLICY, starts=policy.starts, first=other, second=row)
            found.append(Problem(tie, row=row, field="starts"))
    return found


def unit_price(
    version: PriceVersion, portion: Portion, mass: Mass | None, policy: PricePolicy
) -> Money:
    """Price of one unit under `version`; by weight of the whole `mass`."""
    match version.tariff:
        case PerPortion() as tariff:
            price = tariff.price(portion, policy.portion)
            if price is None:
                raise PortionNotSold(item=version.item, portion=portion.chinese)
            return price
        case ByWeight() as tariff:
            if mass is None or mass.mg <= 0:
                raise MassNeeded(item=version.item)
            return tariff.amount(mass, policy.weight)
        case Flat(price):
            return price
        case None:
            raise PriceMissing((version.item,))


def _explained(
    choice: PriceChoice, portion: Portion, policy: PricePolicy
) -> tuple[str, ...]:
    version = choice.version
    since = f"价目 {version.id}：{version.reach}，自 {version.starts} 起"
    over = [f"优先于价目 {one.id}：{one.reach}" for one in choice.passed_over]
    match version.tariff:
        case ByWeight(price, quantity):
            how = f"称重：每 {quantity} {price}，{policy.weight.chinese}"
        case PerPortion(whole):
            price = unit_price(version, portion, None, policy)
            rule = f"，{policy.portion.chinese}"
            how = f"整份 {whole}，{portion.chinese} {price}{rule}"
        case _:
            how = f"{unit_price(version, portion, None, policy)}"
    return (since, *over, how)
