"""Make facts, sales and what travels between till and office."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _fact()
    _received()
    _sale()
    _void()
    _sale_line()


def downgrade() -> None:
    for table in ("sale_line", "void", "sale", "received", "fact"):
        op.drop_table(table)


def _fact() -> None:
    op.create_table(
        "fact",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("terminal_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("schema", sa.Integer(), nullable=False),
        sa.Column("canonical", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_fact_hash")),
        sa.CheckConstraint("length(prev_hash) = 32", name=op.f("ck_fact_prev_hash")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_fact_seq")),
        sa.PrimaryKeyConstraint("site_id", "business_day", "id", name=op.f("pk_fact")),
        postgresql_partition_by="RANGE (business_day)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE fact_default PARTITION OF fact DEFAULT")
    op.create_index(
        op.f("ix_fact_site_id_terminal_id_seq"),
        "fact",
        ["site_id", "terminal_id", "seq"],
        unique=False,
    )


def _received() -> None:
    op.create_table(
        "received",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("answer", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "(answer = 'quarantined') = (reason IS NOT NULL)",
            name=op.f("ck_received_reason"),
        ),
        sa.CheckConstraint(
            "answer IN ('accepted', 'quarantined')", name=op.f("ck_received_answer")
        ),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_received_hash")),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_received")),
    )


def _sale() -> None:
    op.create_table(
        "sale",
        *_sale_columns(),
        *_sale_checks(),
        sa.ForeignKeyConstraint(
            ["site_id", "business_day", "id"],
            ["fact.site_id", "fact.business_day", "fact.id"],
            name=op.f("fk_sale_site_id_business_day_id"),
        ),
        sa.PrimaryKeyConstraint("site_id", "business_day", "id", name=op.f("pk_sale")),
        postgresql_partition_by="RANGE (business_day)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE sale_default PARTITION OF sale DEFAULT")
    op.create_index(
        op.f("ix_sale_site_id_diner_business_day"),
        "sale",
        ["site_id", "diner", "business_day"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sale_site_id_terminal_id_business_day_number"),
        "sale",
        ["site_id", "terminal_id", "business_day", "number"],
        unique=False,
    )


def _sale_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("terminal_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hall", sa.String(length=64), nullable=False),
        sa.Column("meal", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("diner", sa.String(length=64), nullable=True),
        sa.Column("diner_group", sa.String(length=32), nullable=True),
        sa.Column("identified", sa.String(length=32), nullable=True),
        sa.Column("second_factor", sa.String(length=32), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("tray_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("is_training", sa.Boolean(), nullable=False),
    ]


def _sale_checks() -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(
            "diner_group IN ('staff', 'contract_worker', 'outside')",
            name=op.f("ck_sale_diner_group"),
        ),
        sa.CheckConstraint(
            "identified IN ('face', 'card', 'code', 'attendant')",
            name=op.f("ck_sale_identified"),
        ),
        sa.CheckConstraint(
            "meal IN ('breakfast', 'lunch', 'dinner', 'late')",
            name=op.f("ck_sale_meal"),
        ),
        sa.CheckConstraint(
            "second_factor IN ('phone_digits', 'card', 'code', 'attendant')",
            name=op.f("ck_sale_second_factor"),
        ),
        sa.CheckConstraint(
            "(diner IS NULL) = (diner_group IS NULL)"
            " AND (diner IS NULL) = (identified IS NULL)"
            " AND (diner IS NOT NULL OR is_training)",
            name=op.f("ck_sale_payer"),
        ),
        sa.CheckConstraint("length(tray_hash) = 32", name=op.f("ck_sale_tray_hash")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_sale_number")),
        sa.CheckConstraint("total >= 0", name=op.f("ck_sale_total")),
    ]


def _void() -> None:
    op.create_table(
        "void",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("target_day", sa.Date(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("terminal_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hall", sa.String(length=64), nullable=False),
        sa.Column("meal", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("is_training", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "meal IN ('breakfast', 'lunch', 'dinner', 'late')",
            name=op.f("ck_void_meal"),
        ),
        sa.CheckConstraint("amount <= 0", name=op.f("ck_void_amount")),
        sa.CheckConstraint("id <> target_id", name=op.f("ck_void_another")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_void_number")),
        sa.ForeignKeyConstraint(
            ["site_id", "business_day", "id"],
            ["fact.site_id", "fact.business_day", "fact.id"],
            name=op.f("fk_void_site_id_business_day_id"),
        ),
        sa.PrimaryKeyConstraint("site_id", "business_day", "id", name=op.f("pk_void")),
        postgresql_partition_by="RANGE (business_day)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE void_default PARTITION OF void DEFAULT")
    op.create_index(
        op.f("ix_void_site_id_target_day_target_id"),
        "void",
        ["site_id", "target_day", "target_id"],
        unique=False,
    )


def _sale_line() -> None:
    op.create_table(
        "sale_line",
        *_sale_line_columns(),
        *_sale_line_checks(),
        sa.ForeignKeyConstraint(
            ["site_id", "business_day", "sale_id"],
            ["sale.site_id", "sale.business_day", "sale.id"],
            name=op.f("fk_sale_line_site_id_business_day_sale_id"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "business_day", "sale_id", "line", name=op.f("pk_sale_line")
        ),
        postgresql_partition_by="RANGE (business_day)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE sale_line_default PARTITION OF sale_line DEFAULT")
    op.create_index(
        op.f("ix_sale_line_site_id_business_day_hall_meal_dish_served_at"),
        "sale_line",
        ["site_id", "business_day", "hall", "meal", "dish", "served_at"],
        unique=False,
    )


def _sale_line_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("plan", sa.String(length=32), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("dish", sa.String(length=64), nullable=True),
        sa.Column("dish_version", sa.String(length=64), nullable=True),
        sa.Column("price_version", sa.String(length=64), nullable=True),
        sa.Column("hall", sa.String(length=64), nullable=False),
        sa.Column("meal", sa.String(length=32), nullable=False),
        sa.Column("portion", sa.String(length=32), nullable=False),
        sa.Column("vessel", sa.String(length=64), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("mass", sa.BigInteger(), nullable=True),
        sa.Column("mass_source", sa.String(length=32), nullable=True),
        sa.Column("mass_variance", sa.BigInteger(), nullable=True),
        sa.Column("posterior", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=True),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("listed", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("rounding", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
    ]


def _sale_line_checks() -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(
            "mass_source IN ('measured', 'inferred', 'learned')",
            name=op.f("ck_sale_line_mass_source"),
        ),
        sa.CheckConstraint(
            "meal IN ('breakfast', 'lunch', 'dinner', 'late')",
            name=op.f("ck_sale_line_meal"),
        ),
        sa.CheckConstraint(
            "plan <> 'weight' OR coalesce(mass_source, '') = 'measured'",
            name=op.f("ck_sale_line_weighed"),
        ),
        sa.CheckConstraint(
            "portion IN ('whole', 'small', 'half', 'double')",
            name=op.f("ck_sale_line_portion"),
        ),
        sa.CheckConstraint(
            "price_version IS NOT NULL OR plan IN ('plain', 'included')",
            name=op.f("ck_sale_line_price_known"),
        ),
        sa.CheckConstraint(
            "\"plan\" IN ('dish', 'vessel', 'weight', 'buffet', 'set_meal',"
            " 'plain', 'included')",
            name=op.f("ck_sale_line_plan"),
        ),
        sa.CheckConstraint(
            "(mass IS NULL) = (mass_source IS NULL)"
            " AND (mass IS NULL) = (mass_variance IS NULL)",
            name=op.f("ck_sale_line_mass_whole"),
        ),
        sa.CheckConstraint("count >= 1", name=op.f("ck_sale_line_count")),
        sa.CheckConstraint(
            "listed >= 0 AND discount >= 0 AND paid >= 0",
            name=op.f("ck_sale_line_not_negative"),
        ),
        sa.CheckConstraint(
            "mass >= 0 AND mass_variance >= 0",
            name=op.f("ck_sale_line_mass_not_negative"),
        ),
        sa.CheckConstraint(
            "paid = listed - discount + rounding", name=op.f("ck_sale_line_adds_up")
        ),
        sa.CheckConstraint(
            "posterior BETWEEN 0 AND 1000000", name=op.f("ck_sale_line_posterior")
        ),
    ]
