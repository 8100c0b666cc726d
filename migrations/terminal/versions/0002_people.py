"""Make the organisations, diners, cards and face templates that come down."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _card()
    _diner()
    _face_template()
    _organisation()


def downgrade() -> None:
    for table in ("organisation", "face_template", "diner", "card"):
        op.drop_table(table)


def _card() -> None:
    op.create_table(
        "card",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("diner", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'lost', 'returned')", name=op.f("ck_card_state")
        ),
        sa.PrimaryKeyConstraint("site_id", "number", name=op.f("pk_card")),
    )


def _diner() -> None:
    op.create_table(
        "diner",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("diner_group", sa.String(length=32), nullable=False),
        sa.Column("usual_hall", sa.String(length=64), nullable=True),
        sa.Column("last_four", sa.LargeBinary(length=32), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "diner_group IN ('staff', 'contract_worker', 'outside')",
            name=op.f("ck_diner_diner_group"),
        ),
        sa.CheckConstraint(
            "state IN ('active', 'suspended', 'closed')", name=op.f("ck_diner_state")
        ),
        sa.CheckConstraint("length(last_four) = 32", name=op.f("ck_diner_last_four")),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_diner")),
    )


def _face_template() -> None:
    op.create_table(
        "face_template",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("diner", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("consent", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_face_template")),
    )
    op.create_index(
        op.f("ix_face_template_site_id_diner"),
        "face_template",
        ["site_id", "diner"],
        unique=False,
    )


def _organisation() -> None:
    op.create_table(
        "organisation",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "code", name=op.f("pk_organisation")),
    )
