"""Make dishes, prices, menus, vessels, servings and features."""

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
    _vessel_kind()
    _dish_feature()
    _dish_version()
    _menu_item()
    _price_version()
    _serving()


def downgrade() -> None:
    for table in (
        "serving",
        "price_version",
        "menu_item",
        "dish_version",
        "dish_feature",
        "vessel_kind",
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
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.site_id"], name=op.f("fk_dish_site_id")
        ),
        sa.PrimaryKeyConstraint("site_id", "code", name=op.f("pk_dish")),
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
        sa.CheckConstraint(
            "colour_l BETWEEN 0 AND 100 AND colour_a BETWEEN -128 AND 127"
            " AND colour_b BETWEEN -128 AND 127",
            name=op.f("ck_vessel_kind_colour"),
        ),
        sa.CheckConstraint("size_mm > 0", name=op.f("ck_vessel_kind_size_mm")),
        sa.CheckConstraint("tare >= 0", name=op.f("ck_vessel_kind_tare")),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.site_id"], name=op.f("fk_vessel_kind_site_id")
        ),
        sa.PrimaryKeyConstraint("site_id", "code", name=op.f("pk_vessel_kind")),
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
        sa.ForeignKeyConstraint(
            ["site_id", "dish"],
            ["dish.site_id", "dish.code"],
            name=op.f("fk_dish_feature_site_id_dish"),
        ),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_dish_feature")),
    )
    op.create_index(
        op.f("ix_dish_feature_site_id_dish"),
        "dish_feature",
        ["site_id", "dish"],
        unique=False,
    )


def _dish_version() -> None:
    op.create_table(
        "dish_version",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("dish", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "dish"],
            ["dish.site_id", "dish.code"],
            name=op.f("fk_dish_version_site_id_dish"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "dish", "version", name=op.f("pk_dish_version")
        ),
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
        sa.ForeignKeyConstraint(
            ["site_id", "dish"],
            ["dish.site_id", "dish.code"],
            name=op.f("fk_menu_item_site_id_dish"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "hall"],
            ["hall.site_id", "hall.code"],
            name=op.f("fk_menu_item_site_id_hall"),
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
        sa.ForeignKeyConstraint(
            ["site_id", "hall"],
            ["hall.site_id", "hall.code"],
            name=op.f("fk_price_version_site_id_hall"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.site_id"], name=op.f("fk_price_version_site_id")
        ),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_price_version")),
    )
    op.create_index(
        op.f("ix_price_version_site_id_item_starts_day"),
        "price_version",
        ["site_id", "item", "starts_day"],
        unique=False,
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
            "(plan = 'weight') = (quantity IS NOT NULL)",
            name=op.f("ck_price_version_by_weight"),
        ),
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
        sa.CheckConstraint(
            "(small_over IS NULL) = (small_under IS NULL)"
            " AND (small_over IS NULL OR small_price IS NULL)",
            name=op.f("ck_price_version_one_small"),
        ),
        sa.CheckConstraint(
            "approved_by <> proposed_by", name=op.f("ck_price_version_second_person")
        ),
        sa.CheckConstraint(
            "price >= 0 AND small_price BETWEEN 0 AND price",
            name=op.f("ck_price_version_price"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_price_version_quantity")),
        sa.CheckConstraint(
            "small_over BETWEEN 1 AND small_under",
            name=op.f("ck_price_version_small_share"),
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
        sa.CheckConstraint(
            "(mass_count IS NULL) = (mass_total_mg IS NULL)"
            " AND (mass_count IS NULL) = (mass_squares_mg2 IS NULL)",
            name=op.f("ck_serving_mass_whole"),
        ),
        sa.CheckConstraint("mass_count > 0", name=op.f("ck_serving_mass_count")),
        sa.ForeignKeyConstraint(
            ["site_id", "dish"],
            ["dish.site_id", "dish.code"],
            name=op.f("fk_serving_site_id_dish"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "dish", "portion", "vessel", name=op.f("pk_serving")
        ),
    )
