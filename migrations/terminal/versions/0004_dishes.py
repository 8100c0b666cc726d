"""Make dishes, prices, menus, vessels, servings, features and what was taught."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _dish()
    _dish_feature()
    _menu_item()
    _price_version()
    _serving()
    _vessel_kind()
    _taught()


def downgrade() -> None:
    for table in (
        "taught",
        "vessel_kind",
        "serving",
        "price_version",
        "menu_item",
        "dish_feature",
        "dish",
    ):
        op.drop_table(table)


def _dish() -> None:
    op.create_table(
        "dish",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("initials", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "code", name=op.f("pk_dish")),
    )


def _dish_feature() -> None:
    op.create_table(
        "dish_feature",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dish", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("photo_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("sale_id", sa.Uuid(), nullable=True),
        sa.Column("feature", sa.LargeBinary(), nullable=False),
        sa.Column("is_learned", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(photo_hash IS NULL) <> (sale_id IS NULL)",
            name=op.f("ck_dish_feature_one_source"),
        ),
        sa.CheckConstraint(
            "length(photo_hash) = 32", name=op.f("ck_dish_feature_photo_hash")
        ),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_dish_feature")),
    )
    op.create_index(
        op.f("ix_dish_feature_site_id_dish"),
        "dish_feature",
        ["site_id", "dish"],
        unique=False,
    )
    op.create_index(
        op.f("ix_dish_feature_site_id_sale_id"),
        "dish_feature",
        ["site_id", "sale_id"],
        unique=False,
    )


def _menu_item() -> None:
    op.create_table(
        "menu_item",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("hall", sa.String(length=64), nullable=False),
        sa.Column("meal", sa.String(length=32), nullable=False),
        sa.Column("dish", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "meal IN ('breakfast', 'lunch', 'dinner', 'late')",
            name=op.f("ck_menu_item_meal"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "business_day", "hall", "meal", "dish", name=op.f("pk_menu_item")
        ),
    )


def _price_version() -> None:
    op.create_table(
        "price_version",
        *_price_version_columns(),
        *_price_version_checks(),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_price_version")),
    )


def _price_version_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.String(length=32), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("small_price", sa.BigInteger(), nullable=True),
        sa.Column("small_over", sa.Integer(), nullable=True),
        sa.Column("small_under", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.Column("hall", sa.String(length=64), nullable=True),
        sa.Column("meal", sa.String(length=32), nullable=True),
        sa.Column("diner_group", sa.String(length=32), nullable=True),
        sa.Column("starts_day", sa.Date(), nullable=False),
        sa.Column("starts_meal", sa.String(length=32), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
    ]


def _price_version_checks() -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(
            "diner_group IN ('staff', 'contract_worker', 'outside')",
            name=op.f("ck_price_version_diner_group"),
        ),
        sa.CheckConstraint(
            "meal IN ('breakfast', 'lunch', 'dinner', 'late')",
            name=op.f("ck_price_version_meal"),
        ),
        sa.CheckConstraint(
            "starts_meal IN ('breakfast', 'lunch', 'dinner', 'late')",
            name=op.f("ck_price_version_starts_meal"),
        ),
        sa.CheckConstraint(
            "\"plan\" IN ('dish', 'vessel', 'weight', 'buffet', 'set_meal',"
            " 'plain', 'included')",
            name=op.f("ck_price_version_plan"),
        ),
    ]


def _serving() -> None:
    op.create_table(
        "serving",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("dish", sa.String(length=64), nullable=False),
        sa.Column("portion", sa.String(length=32), nullable=False),
        sa.Column("vessel", sa.String(length=64), nullable=False),
        sa.Column("mass_count", sa.Integer(), nullable=True),
        sa.Column("mass_total_mg", sa.BigInteger(), nullable=True),
        sa.Column("mass_squares_mg2", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "portion IN ('whole', 'small', 'half', 'double')",
            name=op.f("ck_serving_portion"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "dish", "portion", "vessel", name=op.f("pk_serving")
        ),
    )


def _vessel_kind() -> None:
    op.create_table(
        "vessel_kind",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("shape", sa.String(length=32), nullable=False),
        sa.Column("size_mm", sa.Integer(), nullable=False),
        sa.Column("tare", sa.BigInteger(), nullable=False),
        sa.Column("colour_l", sa.Integer(), nullable=True),
        sa.Column("colour_a", sa.Integer(), nullable=True),
        sa.Column("colour_b", sa.Integer(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "shape IN ('plate', 'bowl', 'compartment', 'box')",
            name=op.f("ck_vessel_kind_shape"),
        ),
        sa.PrimaryKeyConstraint("site_id", "code", name=op.f("pk_vessel_kind")),
    )


def _taught() -> None:
    op.create_table(
        "taught",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("plate", sa.Integer(), nullable=False),
        sa.Column("dish", sa.String(length=64), nullable=False),
        sa.Column("portion", sa.String(length=32), nullable=False),
        sa.Column("vessel", sa.String(length=64), nullable=False),
        sa.Column("mass", sa.BigInteger(), nullable=True),
        sa.Column("feature_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "portion IN ('whole', 'small', 'half', 'double')",
            name=op.f("ck_taught_portion"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "business_day", "sale_id"],
            ["sale.site_id", "sale.business_day", "sale.id"],
            name=op.f("fk_taught_site_id_business_day_sale_id"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "business_day", "sale_id", "plate", name=op.f("pk_taught")
        ),
    )
