"""Dishes, menus, prices, vessels, servings, and what the till has learned to see.

The office holds them; a snapshot brings them down. What a till learns from its own
confirmed sales stays at that till and can be taken back sale by sale.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.domain.mealtimes import Meal  # noqa: TC001 - SQLAlchemy reads it
from models.domain.people import DinerGroup  # noqa: TC001 - SQLAlchemy reads it
from models.domain.serving import Portion, VesselShape
from models.domain.tariffs import Plan  # noqa: TC001 - SQLAlchemy reads it
from models.domain.units import Mass, Money
from models.tables.base import Big, Blob, Code, Hash, OfficeBase, TerminalBase
from models.tables.site import CarriedColumns, to_site

ANY_VESSEL: Final = "*"
"""The vessel of a serving that may come in any."""


class DishColumns(CarriedColumns, kw_only=True, eq=False):
    """A dish. `initials` are those of its pinyin, to find it by typing.

    `version` names what the dish is now; sale lines keep it.
    """

    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str]
    initials: Mapped[str] = mapped_column(default="")
    version: Mapped[Code] = mapped_column(default="1")
    is_offered: Mapped[bool] = mapped_column(default=True)


class OfficeDish(DishColumns, OfficeBase, kw_only=True, eq=False):
    """A dish, as the office keeps it."""

    __tablename__ = "dish"
    __table_args__ = (to_site(),)


class TillDish(DishColumns, TerminalBase, kw_only=True, eq=False):
    """A dish, as it came down."""

    __tablename__ = "dish"


class DishVersion(OfficeBase, kw_only=True, eq=False):
    """What a dish was called from one change to the next: append-only."""

    __tablename__ = "dish_version"
    __table_args__ = (to_site("dish", "dish", "code"),)

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    dish: Mapped[Code] = mapped_column(primary_key=True)
    version: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[Code]


class PriceVersionColumns(CarriedColumns, kw_only=True, eq=False):
    """One price from one sitting on, for whom its reach covers (`pricing.py`).

    By plan: `price` for a whole portion with `small_price` or the share `small_over` /
    `small_under` of it; `price` per `quantity` by weight; else `price` alone. Without
    `price` the version ends the price of its reach. A reach of NULL means any.
    """

    id: Mapped[Code] = mapped_column(primary_key=True)
    plan: Mapped[Plan]
    item: Mapped[Code]
    price: Mapped[Money | None] = mapped_column(default=None)
    small_price: Mapped[Money | None] = mapped_column(default=None)
    small_over: Mapped[int | None] = mapped_column(default=None)
    small_under: Mapped[int | None] = mapped_column(default=None)
    quantity: Mapped[Mass | None] = mapped_column(default=None)
    hall: Mapped[Code | None] = mapped_column(default=None)
    meal: Mapped[Meal | None] = mapped_column(default=None)
    diner_group: Mapped[DinerGroup | None] = mapped_column(default=None)
    starts_day: Mapped[date]
    starts_meal: Mapped[Meal]
    proposed_by: Mapped[Code]
    approved_by: Mapped[Code | None] = mapped_column(default=None)


class OfficePriceVersion(PriceVersionColumns, OfficeBase, kw_only=True, eq=False):
    """A price: proposed by one person, in force and fixed once another approves."""

    __tablename__ = "price_version"
    __table_args__ = (
        to_site(),
        to_site("hall", "hall", "code"),
        Index(None, "site_id", "item", "starts_day"),
        CheckConstraint("price >= 0 AND small_price BETWEEN 0 AND price", "price"),
        CheckConstraint("quantity > 0", "quantity"),
        CheckConstraint("(plan = 'weight') = (quantity IS NOT NULL)", "by_weight"),
        CheckConstraint(
            "(small_over IS NULL) = (small_under IS NULL)"
            " AND (small_over IS NULL OR small_price IS NULL)",
            "one_small",
        ),
        CheckConstraint("small_over BETWEEN 1 AND small_under", "small_share"),
        CheckConstraint("approved_by <> proposed_by", "second_person"),
    )


class TillPriceVersion(PriceVersionColumns, TerminalBase, kw_only=True, eq=False):
    """A price, as it came down."""

    __tablename__ = "price_version"


class MenuItemColumns(CarriedColumns, kw_only=True, eq=False):
    """A dish on the menu of a hall and meal; `place` orders the menu."""

    business_day: Mapped[date] = mapped_column(primary_key=True)
    hall: Mapped[Code] = mapped_column(primary_key=True)
    meal: Mapped[Meal] = mapped_column(primary_key=True)
    dish: Mapped[Code] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(default=0)


class OfficeMenuItem(MenuItemColumns, OfficeBase, kw_only=True, eq=False):
    """A dish on a menu, as the office keeps it."""

    __tablename__ = "menu_item"
    __table_args__ = (
        to_site("hall", "hall", "code"),
        to_site("dish", "dish", "code"),
    )


class TillMenuItem(MenuItemColumns, TerminalBase, kw_only=True, eq=False):
    """A dish on a menu, as it came down."""

    __tablename__ = "menu_item"


class VesselKindColumns(CarriedColumns, kw_only=True, eq=False):
    """A kind of plate or bowl; the rim colour is CIELAB, or unmeasured."""

    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str]
    shape: Mapped[VesselShape]
    size_mm: Mapped[int]
    tare: Mapped[Mass]
    colour_l: Mapped[int | None] = mapped_column(default=None)
    colour_a: Mapped[int | None] = mapped_column(default=None)
    colour_b: Mapped[int | None] = mapped_column(default=None)


class OfficeVesselKind(VesselKindColumns, OfficeBase, kw_only=True, eq=False):
    """A kind of vessel, as the office keeps it."""

    __tablename__ = "vessel_kind"
    __table_args__ = (
        to_site(),
        CheckConstraint("size_mm > 0", "size_mm"),
        CheckConstraint("tare >= 0", "tare"),
        CheckConstraint(
            "colour_l BETWEEN 0 AND 100 AND colour_a BETWEEN -128 AND 127"
            " AND colour_b BETWEEN -128 AND 127",
            "colour",
        ),
    )


class TillVesselKind(VesselKindColumns, TerminalBase, kw_only=True, eq=False):
    """A kind of vessel, as it came down."""

    __tablename__ = "vessel_kind"


class ServingColumns(CarriedColumns, kw_only=True, eq=False):
    """A dish in one portion in a vessel, or `ANY_VESSEL`, and what it weighs.

    The three mass columns are the exact sums of `PortionMass`, in mg and mg^2: all
    NULL where nothing is known.
    """

    dish: Mapped[Code] = mapped_column(primary_key=True)
    portion: Mapped[Portion] = mapped_column(primary_key=True)
    vessel: Mapped[Code] = mapped_column(primary_key=True, default=ANY_VESSEL)
    mass_count: Mapped[int | None] = mapped_column(default=None)
    mass_total_mg: Mapped[Big | None] = mapped_column(default=None)
    mass_squares_mg2: Mapped[Big | None] = mapped_column(default=None)


class OfficeServing(ServingColumns, OfficeBase, kw_only=True, eq=False):
    """A serving, as the office keeps it."""

    __tablename__ = "serving"
    __table_args__ = (
        to_site("dish", "dish", "code"),
        CheckConstraint(
            "(mass_count IS NULL) = (mass_total_mg IS NULL)"
            " AND (mass_count IS NULL) = (mass_squares_mg2 IS NULL)",
            "mass_whole",
        ),
        CheckConstraint("mass_count > 0", "mass_count"),
    )


class TillServing(ServingColumns, TerminalBase, kw_only=True, eq=False):
    """A serving, as it came down."""

    __tablename__ = "serving"


class DishFeatureColumns(CarriedColumns, kw_only=True, eq=False):
    """What one photo of a dish looks like to one network.

    The photo is known by its hash, or by the sale whose tray showed it; a feature from
    a sale is `learned` and may be taken back. Features of two models never compare.
    """

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dish: Mapped[Code]
    model_id: Mapped[Code]
    photo_hash: Mapped[Hash | None] = mapped_column(default=None)
    sale_id: Mapped[UUID | None] = mapped_column(default=None)
    feature: Mapped[Blob] = mapped_column(repr=False)
    is_learned: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]


def _one_source() -> CheckConstraint:
    return CheckConstraint("(photo_hash IS NULL) <> (sale_id IS NULL)", "one_source")


class OfficeDishFeature(DishFeatureColumns, OfficeBase, kw_only=True, eq=False):
    """A feature for every till of the site."""

    __tablename__ = "dish_feature"
    __table_args__ = (
        to_site("dish", "dish", "code"),
        Index(None, "site_id", "dish"),
        _one_source(),
    )


class TillDishFeature(DishFeatureColumns, TerminalBase, kw_only=True, eq=False):
    """A feature this till compares with: come down, enrolled here or learned here."""

    __tablename__ = "dish_feature"
    __table_args__ = (
        Index(None, "site_id", "dish"),
        Index(None, "site_id", "sale_id"),
        _one_source(),
    )


class Taught(TerminalBase, kw_only=True, eq=False):
    """What one confirmed plate taught: deleting it and its feature un-teaches.

    `mass` was added to the serving's sums where the plate was weighed alone.
    """

    __tablename__ = "taught"
    __table_args__ = (
        ForeignKeyConstraint(
            ["site_id", "business_day", "sale_id"],
            ["sale.site_id", "sale.business_day", "sale.id"],
        ),
    )

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    sale_id: Mapped[UUID] = mapped_column(primary_key=True)
    plate: Mapped[int] = mapped_column(primary_key=True)
    dish: Mapped[Code]
    portion: Mapped[Portion]
    vessel: Mapped[Code] = mapped_column(default=ANY_VESSEL)
    mass: Mapped[Mass | None] = mapped_column(default=None)
    feature_id: Mapped[UUID | None] = mapped_column(default=None)
