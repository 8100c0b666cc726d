"""Make halls, settings, calibration and who this till is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _calibration()
    _hall()
    _meal_time()
    _policy()
    _till()
    _tombstone()


def downgrade() -> None:
    for table in ("tombstone", "till", "policy", "meal_time", "hall", "calibration"):
        op.drop_table(table)


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
        sa.PrimaryKeyConstraint(
            "site_id", "terminal_id", "kind", name=op.f("pk_calibration")
        ),
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
        sa.PrimaryKeyConstraint("site_id", "code", name=op.f("pk_hall")),
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
        sa.PrimaryKeyConstraint("site_id", "hall", "meal", name=op.f("pk_meal_time")),
    )


def _policy() -> None:
    op.create_table(
        "policy",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "name", name=op.f("pk_policy")),
    )


def _till() -> None:
    op.create_table(
        "till",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("terminal_id", sa.String(length=64), nullable=False),
        sa.Column("hall", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_till")),
    )


def _tombstone() -> None:
    op.create_table(
        "tombstone",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "kind", "key", name=op.f("pk_tombstone")),
    )
