"""Make organisations, people, grants, diners, cards, consent and face templates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _consent_record()
    _person()
    _organisation()
    _role_grant()
    _diner()
    _card()
    _face_template()


def downgrade() -> None:
    for table in (
        "face_template",
        "card",
        "diner",
        "role_grant",
        "organisation",
        "person",
        "consent_record",
    ):
        op.drop_table(table)


def _consent_record() -> None:
    op.create_table(
        "consent_record",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consent", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("diner", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=False),
        sa.Column("notice_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "channel IN ('office', 'terminal', 'phone', 'paper')",
            name=op.f("ck_consent_record_channel"),
        ),
        sa.CheckConstraint(
            "event IN ('given', 'withdrawn')", name=op.f("ck_consent_record_event")
        ),
        sa.CheckConstraint(
            "purpose IN ('face_payment', 'entrance_gate')",
            name=op.f("ck_consent_record_purpose"),
        ),
        sa.CheckConstraint(
            "length(notice_hash) = 32", name=op.f("ck_consent_record_notice_hash")
        ),
        sa.CheckConstraint(
            "notice_version >= 1", name=op.f("ck_consent_record_notice_version")
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "business_day", "id", name=op.f("pk_consent_record")
        ),
        postgresql_partition_by="RANGE (business_day)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE consent_record_default PARTITION OF consent_record DEFAULT"
        )
    op.create_index(
        op.f("ix_consent_record_site_id_consent"),
        "consent_record",
        ["site_id", "consent"],
        unique=False,
    )
    op.create_index(
        op.f("ix_consent_record_site_id_diner_purpose"),
        "consent_record",
        ["site_id", "diner", "purpose"],
        unique=False,
    )


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("phone_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("phone_lookup", sa.LargeBinary(length=32), nullable=True),
        sa.CheckConstraint(
            "length(phone_lookup) = 32", name=op.f("ck_person_phone_lookup")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index(
        op.f("ix_person_phone_lookup"), "person", ["phone_lookup"], unique=True
    )


def _organisation() -> None:
    op.create_table(
        "organisation",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.site_id"], name=op.f("fk_organisation_site_id")
        ),
        sa.PrimaryKeyConstraint("site_id", "code", name=op.f("pk_organisation")),
    )


def _role_grant() -> None:
    op.create_table(
        "role_grant",
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("scope_kind", sa.String(length=32), nullable=False),
        sa.Column("scope_id", sa.String(length=64), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "role IN ('attendant', 'cook', 'kitchen_manager',"
            " 'accountant', 'diner_clerk', 'organisation_clerk',"
            " 'supervisor', 'system_administrator',"
            " 'security_administrator', 'auditor')",
            name=op.f("ck_role_grant_role"),
        ),
        sa.CheckConstraint(
            "scope_kind IN ('site', 'hall', 'team', 'organisation', 'supplier')",
            name=op.f("ck_role_grant_scope_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name=op.f("fk_role_grant_person")
        ),
        sa.PrimaryKeyConstraint(
            "person", "role", "scope_kind", "scope_id", name=op.f("pk_role_grant")
        ),
    )
    op.create_index(
        op.f("ix_role_grant_scope_kind_scope_id"),
        "role_grant",
        ["scope_kind", "scope_id"],
        unique=False,
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
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "diner_group IN ('staff', 'contract_worker', 'outside')",
            name=op.f("ck_diner_diner_group"),
        ),
        sa.CheckConstraint(
            "state IN ('active', 'suspended', 'closed')", name=op.f("ck_diner_state")
        ),
        sa.CheckConstraint("length(last_four) = 32", name=op.f("ck_diner_last_four")),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name=op.f("fk_diner_person")
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "organisation"],
            ["organisation.site_id", "organisation.code"],
            name=op.f("fk_diner_site_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "usual_hall"],
            ["hall.site_id", "hall.code"],
            name=op.f("fk_diner_site_id_usual_hall"),
        ),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_diner")),
    )
    op.create_index(
        op.f("ix_diner_site_id_organisation"),
        "diner",
        ["site_id", "organisation"],
        unique=False,
    )
    op.create_index(
        op.f("ix_diner_site_id_person"), "diner", ["site_id", "person"], unique=True
    )


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
        sa.ForeignKeyConstraint(
            ["site_id", "diner"],
            ["diner.site_id", "diner.id"],
            name=op.f("fk_card_site_id_diner"),
        ),
        sa.PrimaryKeyConstraint("site_id", "number", name=op.f("pk_card")),
    )
    op.create_index(
        op.f("ix_card_site_id_diner"), "card", ["site_id", "diner"], unique=False
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
        sa.ForeignKeyConstraint(
            ["site_id", "diner"],
            ["diner.site_id", "diner.id"],
            name=op.f("fk_face_template_site_id_diner"),
        ),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_face_template")),
    )
    op.create_index(
        op.f("ix_face_template_site_id_consent"),
        "face_template",
        ["site_id", "consent"],
        unique=False,
    )
    op.create_index(
        op.f("ix_face_template_site_id_diner"),
        "face_template",
        ["site_id", "diner"],
        unique=False,
    )
