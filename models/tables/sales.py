"""Facts, what the office received, the till's outbox, and the sales read from them.

The fact is the truth; `sale` and `sale_line` are the same fact laid out in columns, in
the same transaction. Facts refer to dishes, prices and diners by code and without
foreign keys: a sale is never refused because master data changed meanwhile.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column

from models.domain.mealtimes import Meal
from models.domain.people import DinerGroup  # noqa: TC001 - SQLAlchemy reads it
from models.domain.sale import Identified, MassSource, SecondFactor  # noqa: TC001 - SQLAlchemy reads it
from models.domain.serving import Portion  # noqa: TC001 - SQLAlchemy reads it
from models.domain.tariffs import Plan  # noqa: TC001 - SQLAlchemy reads it
from models.domain.units import NO_MONEY, Mass, Money, Ppm
from models.tables.base import (
    LAST,
    Big,
    Blob,
    Code,
    Hash,
    OfficeBase,
    TerminalBase,
    Text,
)
from models.tables.site import BY_DAY


class Answer(StrEnum):
    """What the office answered when a fact came."""

    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"


class FactColumns(MappedAsDataclass, kw_only=True, eq=False):
    """A fact: its place in the terminal's chain and its canonical bytes."""

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    terminal_id: Mapped[Code]
    seq: Mapped[Big]
    prev_hash: Mapped[Hash] = mapped_column(repr=False)
    hash: Mapped[Hash] = mapped_column(repr=False)
    kind: Mapped[Code]
    schema: Mapped[int]
    canonical: Mapped[Blob] = mapped_column(repr=False)


class OfficeFact(FactColumns, OfficeBase, kw_only=True, eq=False):
    """A fact that came up: append-only."""

    __tablename__ = "fact"
    __table_args__ = (
        Index(None, "site_id", "terminal_id", "seq"),
        CheckConstraint("seq >= 1", "seq"),
        BY_DAY,
    )

    received_at: Mapped[datetime] = mapped_column(sort_order=LAST)


class TillFact(FactColumns, TerminalBase, kw_only=True, eq=False):
    """A fact that happened here: append-only."""

    __tablename__ = "fact"
    __table_args__ = (
        Index(None, "site_id", "terminal_id", "seq", unique=True),
        CheckConstraint("seq >= 1", "seq"),
    )

    made_at: Mapped[datetime] = mapped_column(sort_order=LAST)


class Received(OfficeBase, kw_only=True, eq=False):
    """Idempotency: every id that ever came, its hash and the answer given.

    Never partitioned, so that one id is one row whatever day a copy claims. `reason`
    says why a fact was quarantined.
    """

    __tablename__ = "received"
    __table_args__ = (
        CheckConstraint("(answer = 'quarantined') = (reason IS NOT NULL)", "reason"),
    )

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[Hash] = mapped_column(repr=False)
    answer: Mapped[Answer]
    reason: Mapped[Text | None] = mapped_column(default=None)
    business_day: Mapped[date]


class Outbox(TerminalBase, kw_only=True, eq=False):
    """A fact the office has not answered yet; the row goes when it has."""

    __tablename__ = "outbox"
    __table_args__ = (
        ForeignKeyConstraint(
            ["site_id", "business_day", "id"],
            ["fact.site_id", "fact.business_day", "fact.id"],
        ),
        Index(None, "site_id", "seq"),
    )

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[Big]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[Text | None] = mapped_column(default=None)


class SaleColumns(MappedAsDataclass, kw_only=True, eq=False):
    """A settled tray in columns; `id` is that of its fact (`domain/sale.py`).

    `diner` and how it was identified are all NULL in training.
    """

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    terminal_id: Mapped[Code]
    number: Mapped[int]
    hall: Mapped[Code]
    meal: Mapped[Meal]
    made_at: Mapped[datetime]
    diner: Mapped[Code | None] = mapped_column(default=None)
    diner_group: Mapped[DinerGroup | None] = mapped_column(default=None)
    identified: Mapped[Identified | None] = mapped_column(default=None)
    second_factor: Mapped[SecondFactor | None] = mapped_column(default=None)
    total: Mapped[Money]
    tray_hash: Mapped[Hash | None] = mapped_column(default=None, repr=False)
    is_training: Mapped[bool] = mapped_column(default=False)


def _sale_laws() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint("number >= 1", "number"),
        CheckConstraint("total >= 0", "total"),
        CheckConstraint(
            "(diner IS NULL) = (diner_group IS NULL)"
            " AND (diner IS NULL) = (identified IS NULL)"
            " AND (diner IS NOT NULL OR is_training)",
            "payer",
        ),
    )


def _of_fact() -> ForeignKeyConstraint:
    """Refer to the fact that the row lays out in columns."""
    return ForeignKeyConstraint(
        ["site_id", "business_day", "id"],
        ["fact.site_id", "fact.business_day", "fact.id"],
    )


class OfficeSale(SaleColumns, OfficeBase, kw_only=True, eq=False):
    """A sale that came up: append-only."""

    __tablename__ = "sale"
    __table_args__ = (
        _of_fact(),
        *_sale_laws(),
        Index(None, "site_id", "diner", "business_day"),
        Index(None, "site_id", "terminal_id", "business_day", "number"),
        BY_DAY,
    )


class TillSale(SaleColumns, TerminalBase, kw_only=True, eq=False):
    """A sale made here: append-only."""

    __tablename__ = "sale"
    __table_args__ = (
        _of_fact(),
        *_sale_laws(),
        Index(None, "site_id", "terminal_id", "business_day", "number", unique=True),
    )


class SaleLineColumns(MappedAsDataclass, kw_only=True, eq=False):
    """A line of a sale, with all that later questions need.

    `mass` is net, `mass_variance` in mg^2; the three mass columns are NULL together.
    `asked` is the question as JSON: reason, options, the one tapped.
    """

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    sale_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    plan: Mapped[Plan]
    item: Mapped[Code]
    dish: Mapped[Code | None] = mapped_column(default=None)
    dish_version: Mapped[Code | None] = mapped_column(default=None)
    price_version: Mapped[Code | None] = mapped_column(default=None)
    hall: Mapped[Code]
    meal: Mapped[Meal]
    portion: Mapped[Portion]
    vessel: Mapped[Code | None] = mapped_column(default=None)
    count: Mapped[int]
    mass: Mapped[Mass | None] = mapped_column(default=None)
    mass_source: Mapped[MassSource | None] = mapped_column(default=None)
    mass_variance: Mapped[Big | None] = mapped_column(default=None)
    posterior: Mapped[Ppm]
    asked: Mapped[Text | None] = mapped_column(default=None)
    served_at: Mapped[datetime]
    listed: Mapped[Money]
    discount: Mapped[Money]
    rounding: Mapped[Money]
    paid: Mapped[Money]


def _line_laws() -> tuple[CheckConstraint | ForeignKeyConstraint, ...]:
    return (
        ForeignKeyConstraint(
            ["site_id", "business_day", "sale_id"],
            ["sale.site_id", "sale.business_day", "sale.id"],
        ),
        CheckConstraint("count >= 1", "count"),
        CheckConstraint("listed >= 0 AND discount >= 0 AND paid >= 0", "not_negative"),
        CheckConstraint("paid = listed - discount + rounding", "adds_up"),
        CheckConstraint(
            "(mass IS NULL) = (mass_source IS NULL)"
            " AND (mass IS NULL) = (mass_variance IS NULL)",
            "mass_whole",
        ),
        CheckConstraint("mass >= 0 AND mass_variance >= 0", "mass_not_negative"),
        CheckConstraint(
            "price_version IS NOT NULL OR plan IN ('plain', 'included')", "price_known"
        ),
        CheckConstraint(
            "plan <> 'weight' OR coalesce(mass_source, '') = 'measured'",
            "weighed",
        ),
    )


class OfficeSaleLine(SaleLineColumns, OfficeBase, kw_only=True, eq=False):
    """A line of a sale that came up: append-only."""

    __tablename__ = "sale_line"
    __table_args__ = (
        *_line_laws(),
        Index(None, "site_id", "business_day", "hall", "meal", "dish", "served_at"),
        BY_DAY,
    )


class TillSaleLine(SaleLineColumns, TerminalBase, kw_only=True, eq=False):
    """A line of a sale made here: append-only."""

    __tablename__ = "sale_line"
    __table_args__ = (*_line_laws(),)


class VoidColumns(MappedAsDataclass, kw_only=True, eq=False):
    """The reversal of a whole sale (冲正), a fact of its own naming its target."""

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    target_day: Mapped[date]
    target_id: Mapped[UUID]
    terminal_id: Mapped[Code]
    number: Mapped[int]
    hall: Mapped[Code]
    meal: Mapped[Meal]
    made_at: Mapped[datetime]
    amount: Mapped[Money]
    actor: Mapped[Code]
    reason: Mapped[str]
    is_training: Mapped[bool] = mapped_column(default=False)


def _void_laws() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint("number >= 1", "number"),
        CheckConstraint("amount <= 0", "amount"),
        CheckConstraint("id <> target_id", "another"),
    )


class OfficeVoid(VoidColumns, OfficeBase, kw_only=True, eq=False):
    """A reversal that came up: append-only."""

    __tablename__ = "void"
    __table_args__ = (
        _of_fact(),
        *_void_laws(),
        Index(None, "site_id", "target_day", "target_id"),
        BY_DAY,
    )


class TillVoid(VoidColumns, TerminalBase, kw_only=True, eq=False):
    """A reversal made here: append-only; a sale is reversed once."""

    __tablename__ = "void"
    __table_args__ = (
        _of_fact(),
        *_void_laws(),
        Index(None, "site_id", "target_day", "target_id", unique=True),
    )


class Evidence(TerminalBase, kw_only=True, eq=False):
    """Why a tray was charged as it was: never changed, deleted after `keep_until`.

    The picture shows the tray only and lies in the file named by its hash; `posterior`
    and `question` are JSON.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        ForeignKeyConstraint(
            ["site_id", "business_day", "sale_id"],
            ["sale.site_id", "sale.business_day", "sale.id"],
        ),
        Index(None, "site_id", "keep_until"),
    )

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    sale_id: Mapped[UUID] = mapped_column(primary_key=True)
    picture_hash: Mapped[Hash | None] = mapped_column(default=None, repr=False)
    mass: Mapped[Mass | None] = mapped_column(default=None)
    posterior: Mapped[Text] = mapped_column(repr=False)
    question: Mapped[Text | None] = mapped_column(default=None, repr=False)
    keep_until: Mapped[date]


class Slice(TerminalBase, kw_only=True, eq=False):
    """What this till may still let a diner spend in a meal, used in the sale itself."""

    __tablename__ = "slice"
    __table_args__ = (CheckConstraint("used BETWEEN 0 AND granted", "bounded"),)

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    meal: Mapped[Meal] = mapped_column(primary_key=True)
    diner: Mapped[Code] = mapped_column(primary_key=True)
    granted: Mapped[Money]
    used: Mapped[Money] = mapped_column(default=NO_MONEY)
