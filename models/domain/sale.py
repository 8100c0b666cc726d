"""The sale as a fact: what was on the tray, what it cost, who pays, how it was known.

Append-only: a sale is never changed, a `Void` names the sale it reverses. The
constructors hold the invariants; breaking one is a broken promise and raises
`ValueError`. How purses split the total is decided at booking, not here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from models.domain.mealtimes import Meal, Sitting, in_utc
from models.domain.tariffs import COVERING, Plan
from models.domain.units import CERTAIN, NO_MONEY, Mass, Money, Ppm

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from models.domain.evidence import Question, Reason
    from models.domain.people import DinerGroup
    from models.domain.quote import Quote, QuotedLine
    from models.domain.serving import Portion

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_TIME_ORDERED: Final = 7


class MassSource(StrEnum):
    """How a portion's mass is known."""

    MEASURED = "measured"
    INFERRED = "inferred"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class KnownMass:
    """Net mass of a line with its variance.

    `MEASURED` was weighed alone, `INFERRED` follows from the tray's total and the
    other plates, `LEARNED` is the mean of earlier portions.
    """

    mass: Mass
    source: MassSource
    variance_mg2: int

    def __post_init__(self) -> None:
        if self.mass.mg < 0 or self.variance_mg2 < 0:
            raise ValueError(f"mass {self.mass} with variance {self.variance_mg2}")


@dataclass(frozen=True, slots=True)
class Asked:
    """The question asked about a line: its options, and the one tapped.

    `chosen` is an index into `options`, `None` when the diner took none of them.
    """

    reason: Reason
    options: tuple[tuple[str, Portion], ...]
    chosen: int | None

    def __post_init__(self) -> None:
        if self.chosen is not None and not 0 <= self.chosen < len(self.options):
            raise ValueError(f"option {self.chosen} of {len(self.options)}")

    @classmethod
    def of(cls, question: Question, chosen: int | None) -> Asked:
        """Keep what matters of a question put to the diner."""
        options = tuple((one.what.dish, one.what.portion) for one in question.options)
        return cls(question.reason, options, chosen)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What is known of the plate behind a line, besides its price.

    `dish` is known on a line priced by vessel too, for stock and nutrition.
    `posterior` is that of the price charged.
    """

    served_at: datetime
    dish: str | None = None
    dish_version: str | None = None
    vessel: str | None = None
    mass: KnownMass | None = None
    posterior: Ppm = CERTAIN
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line of a sale, with all that later questions need.

    A line belongs to a batch by (hall, meal, dish, served_at).
    """

    plan: Plan
    item: str
    dish: str | None
    dish_version: str | None
    price_version: str | None
    hall: str
    meal: Meal
    portion: Portion
    vessel: str | None
    count: int
    mass: KnownMass | None
    posterior: Ppm
    asked: Asked | None
    served_at: datetime
    listed: Money
    discount: Money
    rounding: Money
    paid: Money

    def __post_init__(self) -> None:
        in_utc(self.served_at)
        for broken, promise in (
            (self.count < 1, "count is at least 1"),
            (min(self.listed, self.discount, self.paid) < NO_MONEY, "nothing negative"),
            (self.paid != self.listed - self.discount + self.rounding, "paid adds up"),
            (not 0 <= self.posterior <= CERTAIN, "posterior is a probability"),
            (self.price_version is None and self.listed_price, "a price has a version"),
            (
                self.plan is Plan.INCLUDED and self.listed != NO_MONEY,
                "included is free",
            ),
            (self.plan is Plan.WEIGHT and not self.weighed, "weight was measured"),
        ):
            if broken:
                raise ValueError(f"sale line {self.item}: {promise}")

    @property
    def listed_price(self) -> bool:
        """Whether the amount comes from the price list."""
        return self.plan not in (Plan.PLAIN, Plan.INCLUDED)

    @property
    def weighed(self) -> bool:
        """Whether the mass is that of a scale."""
        return self.mass is not None and self.mass.source is MassSource.MEASURED

    @classmethod
    def of(cls, quote: Quote, line: QuotedLine, known: Recognised) -> SaleLine:
        """Join a quoted line with what was recognised."""
        return cls(
            plan=line.plan,
            item=line.ordered.item,
            dish=known.dish,
            dish_version=known.dish_version,
            price_version=line.version,
            hall=quote.context.hall,
            meal=quote.context.sitting.meal,
            portion=line.ordered.portion,
            vessel=known.vessel,
            count=line.ordered.count,
            mass=known.mass,
            posterior=known.posterior,
            asked=known.asked,
            served_at=known.served_at,
            listed=line.listed,
            discount=line.discount,
            rounding=line.rounding,
            paid=line.due,
        )


class Identified(StrEnum):
    """How a payer was recognised."""

    FACE = "face"
    CARD = "card"
    CODE = "code"
    ATTENDANT = "attendant"

    @property
    def chinese(self) -> str:
        """Name on receipts."""
        return _IDENTIFIED_NAMES[self]


_IDENTIFIED_NAMES: Final = {
    Identified.FACE: "刷脸",
    Identified.CARD: "刷卡",
    Identified.CODE: "扫码",
    Identified.ATTENDANT: "人工",
}


class SecondFactor(StrEnum):
    """What confirmed a doubtful face."""

    PHONE_DIGITS = "phone_digits"
    CARD = "card"
    CODE = "code"
    ATTENDANT = "attendant"

    @property
    def chinese(self) -> str:
        """Name on receipts."""
        return _SECOND_NAMES[self]


_SECOND_NAMES: Final = {
    SecondFactor.PHONE_DIGITS: "手机尾号",
    SecondFactor.CARD: "刷卡",
    SecondFactor.CODE: "扫码",
    SecondFactor.ATTENDANT: "人工",
}


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose account is charged, and how the person was identified."""

    diner: str
    group: DinerGroup
    identified: Identified
    second: SecondFactor | None = None


@dataclass(frozen=True, slots=True)
class Till:
    """Where and as which number a sale was made; numbers count up per till and day."""

    site: str
    hall: str
    terminal: str
    number: int

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError(f"sale number {self.number}")


@dataclass(frozen=True, slots=True)
class Sale:
    """A settled tray. `tray` is the SHA-256 of the evidence picture, if one was taken.

    `id` is a UUIDv7 made once, at the till. A training sale is never booked.
    """

    id: UUID
    till: Till
    sitting: Sitting
    made_at: datetime
    payer: Payer | None
    lines: tuple[SaleLine, ...]
    total: Money
    tray: str | None = None
    training: bool = False

    def __post_init__(self) -> None:
        in_utc(self.made_at)
        lines = self.lines
        covered = any(line.plan in COVERING for line in lines)
        included = any(line.plan is Plan.INCLUDED for line in lines)
        paid = sum((line.paid for line in lines), NO_MONEY)
        here = (self.till.hall, self.sitting.meal)
        for broken, promise in (
            (self.id.version != _TIME_ORDERED, "its id is a UUIDv7"),
            (not lines, "it has a line"),
            (paid != self.total, f"lines add up to {paid}, not {self.total}"),
            (any((x.hall, x.meal) != here for x in lines), "one hall and meal"),
            (included and not covered, "included needs a buffet or set meal"),
            (self.payer is None and not self.training, "somebody pays"),
            (self.tray and not _SHA256.fullmatch(self.tray), "tray is a SHA-256"),
        ):
            if broken:
                raise ValueError(f"sale {self.id}: {promise}")

    @property
    def listed(self) -> Money:
        """Sum of the lines before discounts."""
        return sum((line.listed for line in self.lines), NO_MONEY)

    @property
    def discount(self) -> Money:
        """Everything discounts took off."""
        return sum((line.discount for line in self.lines), NO_MONEY)

    def repeats_buffet(self, earlier: Sale) -> bool:
        """Tell whether both charge the same person's buffet of the same sitting.

        One charge per person and meal: guests come as a count on the first sale.
        """
        both = all(
            any(line.plan is Plan.BUFFET for line in sale.lines)
            for sale in (self, earlier)
        )
        same_person = (
            self.payer is not None
            and earlier.payer is not None
            and self.payer.diner == earlier.payer.diner
        )
        same_kind = self.training == earlier.training and self.id != earlier.id
        return both and same_person and same_kind and self.sitting == earlier.sitting


@dataclass(frozen=True, slots=True)
class Void:
    """The reversal of a whole sale (冲正), a fact of its own naming its target."""

    id: UUID
    target: UUID
    target_day: date
    till: Till
    sitting: Sitting
    made_at: datetime
    amount: Money
    actor: str
    reason: str
    training: bool = False

    def __post_init__(self) -> None:
        in_utc(self.made_at)
        for broken, promise in (
            (self.id.version != _TIME_ORDERED, "its id is a UUIDv7"),
            (self.id == self.target, "it reverses another fact"),
            (self.amount > NO_MONEY, "it takes money back"),
            (not (self.actor and self.reason.strip()), "who and why are stated"),
        ):
            if broken:
                raise ValueError(f"void {self.id}: {promise}")

    def reverses(self, sale: Sale) -> bool:
        """Tell whether it takes back exactly this sale."""
        return (
            self.target == sale.id
            and self.target_day == sale.sitting.business_day
            and self.till.site == sale.till.site
            and self.training == sale.training
            and self.amount == -sale.total
        )
