"""Sites, halls, terminals, settings, and the office's audit trail.

The office holds them; what a till needs of them comes down as a snapshot. A row that
comes down carries `revision`, the site's counter at its last change.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column

from models.domain.mealtimes import Meal  # noqa: TC001 - SQLAlchemy reads it
from models.tables.base import (
    FIRST,
    LAST,
    Big,
    Blob,
    Code,
    OfficeBase,
    TerminalBase,
    Text,
)

INSTALLATION: Final = "*"
"""The `site_id` of audit entries that concern no single site."""

BY_DAY: Final[dict[str, Any]] = {"postgresql_partition_by": "RANGE (business_day)"}
"""Options of a table of facts: PostgreSQL partitions it by month of business day."""


class HallKind(StrEnum):
    """Kitchens that never share stores, tools or vessels."""

    HAN = "han"
    """汉餐"""
    HALAL = "halal"
    """清真"""


class CalibrationKind(StrEnum):
    """What was measured on a till when it was set up."""

    CAMERA = "camera"
    EMPTY_COUNTER = "empty_counter"
    SCALE = "scale"
    PLATFORM = "platform"


class CarriedColumns(MappedAsDataclass, kw_only=True, eq=False):
    """What every row has that comes down to the tills."""

    site_id: Mapped[Code] = mapped_column(primary_key=True, sort_order=FIRST)
    revision: Mapped[Big] = mapped_column(default=1, sort_order=LAST)


def to_site(*own: str) -> ForeignKeyConstraint:
    """Refer to the row's site, or by (site_id, column) to the table named first."""
    if not own:
        return ForeignKeyConstraint(["site_id"], ["site.site_id"])
    table, column, key = own
    return ForeignKeyConstraint(
        ["site_id", column], [f"{table}.site_id", f"{table}.{key}"]
    )


class Site(OfficeBase, kw_only=True, eq=False):
    """A canteen: the unit of keys, sync and partition. `revision` counts changes."""

    __tablename__ = "site"

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str]
    revision: Mapped[Big] = mapped_column(default=0)


class HallColumns(CarriedColumns, kw_only=True, eq=False):
    """A dining hall. `day_starts` is in minutes after midnight, wall-clock time."""

    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[HallKind]
    day_starts: Mapped[int]


class OfficeHall(HallColumns, OfficeBase, kw_only=True, eq=False):
    """A dining hall, as the office keeps it."""

    __tablename__ = "hall"
    __table_args__ = (
        to_site(),
        CheckConstraint("day_starts BETWEEN 0 AND 1439", "day_starts"),
    )


class TillHall(HallColumns, TerminalBase, kw_only=True, eq=False):
    """A dining hall, as it came down."""

    __tablename__ = "hall"


class MealTimeColumns(CarriedColumns, kw_only=True, eq=False):
    """When a meal begins in a hall: one line of its timetable, in minutes."""

    hall: Mapped[Code] = mapped_column(primary_key=True)
    meal: Mapped[Meal] = mapped_column(primary_key=True)
    begins: Mapped[int]


class OfficeMealTime(MealTimeColumns, OfficeBase, kw_only=True, eq=False):
    """A line of a hall's timetable, as the office keeps it."""

    __tablename__ = "meal_time"
    __table_args__ = (
        to_site("hall", "hall", "code"),
        CheckConstraint("begins BETWEEN 0 AND 2879", "begins"),
    )


class TillMealTime(MealTimeColumns, TerminalBase, kw_only=True, eq=False):
    """A line of a hall's timetable, as it came down."""

    __tablename__ = "meal_time"


class Terminal(OfficeBase, kw_only=True, eq=False):
    """A till, dock or kitchen station; without a key until it is enrolled."""

    __tablename__ = "terminal"
    __table_args__ = (to_site("hall", "hall", "code"),)

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str]
    hall: Mapped[Code]
    public_key: Mapped[Blob | None] = mapped_column(default=None, repr=False)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class PolicyColumns(CarriedColumns, kw_only=True, eq=False):
    """A setting of the site: `value` is JSON without floats, thresholds in ppm."""

    name: Mapped[Code] = mapped_column(primary_key=True)
    value: Mapped[Text]


class OfficePolicy(PolicyColumns, OfficeBase, kw_only=True, eq=False):
    """A setting, as the office keeps it."""

    __tablename__ = "policy"
    __table_args__ = (to_site(),)


class TillPolicy(PolicyColumns, TerminalBase, kw_only=True, eq=False):
    """A setting, as it came down."""

    __tablename__ = "policy"


class CalibrationColumns(CarriedColumns, kw_only=True, eq=False):
    """What the calibration wizard measured on one terminal, as JSON."""

    terminal_id: Mapped[Code] = mapped_column(primary_key=True)
    kind: Mapped[CalibrationKind] = mapped_column(primary_key=True)
    measured_at: Mapped[datetime]
    value: Mapped[Text] = mapped_column(repr=False)


class OfficeCalibration(CalibrationColumns, OfficeBase, kw_only=True, eq=False):
    """A calibration kept by the office, so that a new box needs no wizard."""

    __tablename__ = "calibration"
    __table_args__ = (to_site("terminal", "terminal_id", "code"),)


class TillCalibration(CalibrationColumns, TerminalBase, kw_only=True, eq=False):
    """A calibration in use on this till."""

    __tablename__ = "calibration"


class TombstoneColumns(MappedAsDataclass, kw_only=True, eq=False):
    """A carried row that was deleted: kept, so that an old copy never comes back."""

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    kind: Mapped[Code] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[Big]


class OfficeTombstone(TombstoneColumns, OfficeBase, kw_only=True, eq=False):
    """A deletion that the tills have to follow."""

    __tablename__ = "tombstone"
    __table_args__ = (to_site(),)


class TillTombstone(TombstoneColumns, TerminalBase, kw_only=True, eq=False):
    """A deletion that this till has followed."""

    __tablename__ = "tombstone"


class Audit(OfficeBase, kw_only=True, eq=False):
    """Who did what to what, when: append-only. `detail` is JSON, free of secrets."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "site_id", "subject_kind", "subject_id"), BY_DAY)

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[Code]
    action: Mapped[Code]
    subject_kind: Mapped[Code]
    subject_id: Mapped[str]
    detail: Mapped[Text]


class Till(TerminalBase, kw_only=True, eq=False):
    """Which till this is: one row. `cursor` is the revision applied so far."""

    __tablename__ = "till"

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    terminal_id: Mapped[Code]
    hall: Mapped[Code]
    cursor: Mapped[Big] = mapped_column(default=0)
