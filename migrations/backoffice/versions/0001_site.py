"""Make sites, halls, terminals, settings and the audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _audit()
    _site()
    _hall()
    _policy()
    _tombstone()
    _meal_time()
    _terminal()
    _calibration()


def downgrade() -> None:
    for table in (
        "calibration",
        "terminal",
        "meal_time",
        "tombstone",
        "policy",
        "hall",
        "site",
        "audit",
    ):
        op.drop_table(table)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=255), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "business_day", "id", name=op.f("pk_audit")),
        postgresql_partition_by="RANGE (business_day)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE audit_default PARTITION OF audit DEFAULT")
    op.create_index(
        op.f("ix_audit_site_id_subject_kind_subject_id"),
        "audit",
        ["site_id", "subject_kind", "subject_id"],
        unique=False,
    )


def _site() -> None:
    op.create_table(
        "site",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_site")),
    )


def _hall() -> None:
    op.create_table(
        "hall",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("day_starts", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('han', 'halal')", name=op.f("ck_hall_kind")),
        sa.CheckConstraint(
            "day_starts BETWEEN 0 AND 1439", name=op.f("ck_hall_day_starts")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.site_id"], name=op.f("fk_hall_site_id")
        ),
        sa.PrimaryKeyConstraint("site_id", "code", name=op.f("pk_hall")),
    )


def _policy() -> None:
    op.create_table(
        "policy",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.site_id"], name=op.f("fk_policy_site_id")
        ),
        sa.PrimaryKeyConstraint("site_id", "name", name=op.f("pk_policy")),
    )


def _tombstone() -> None:
    op.create_table(
        "tombstone",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.site_id"], name=op.f("fk_tombstone_site_id")
        ),
        sa.PrimaryKeyConstraint("site_id", "kind", "key", name=op.f("pk_tombstone")),
    )


def _meal_time() -> None:
    op.create_table(
        "meal_time",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("hall", sa.String(length=64), nullable=False),
        sa.Column("meal", sa.String(length=32), nullable=False),
        sa.Column("begins", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "meal IN ('breakfast', 'lunch', 'dinner', 'late')",
            name=op.f("ck_meal_time_meal"),
        ),
        sa.CheckConstraint(
            "begins BETWEEN 0 AND 2879", name=op.f("ck_meal_time_begins")
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "hall"],
            ["hall.site_id", "hall.code"],
            name=op.f("fk_meal_time_site_id_hall"),
        ),
        sa.PrimaryKeyConstraint("site_id", "hall", "meal", name=op.f("pk_meal_time")),
    )


def _terminal() -> None:
    op.create_table(
        "terminal",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("hall", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id", "hall"],
            ["hall.site_id", "hall.code"],
            name=op.f("fk_terminal_site_id_hall"),
        ),
        sa.PrimaryKeyConstraint("site_id", "code", name=op.f("pk_terminal")),
    )


def _calibration() -> None:
    op.create_table(
        "calibration",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("terminal_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('camera', 'empty_counter', 'scale', 'platform')",
            name=op.f("ck_calibration_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "terminal_id"],
            ["terminal.site_id", "terminal.code"],
            name=op.f("fk_calibration_site_id_terminal_id"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "terminal_id", "kind", name=op.f("pk_calibration")
        ),
    )
