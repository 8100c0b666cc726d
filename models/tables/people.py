"""Organisations, persons, grants, diners, cards, consent and face templates.

Personal data is kept apart from eating: a phone number only as cipher text, its last
four digits as a keyed hash, a face only as a sealed template under a consent. Persons
are global to an installation, diners belong to a site.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.domain.people import (
    Channel,
    DinerGroup,
    DinerState,
    Purpose,
    Role,
    ScopeKind,
)
from models.tables.base import LAST, Blob, Code, Hash, OfficeBase, TerminalBase
from models.tables.site import BY_DAY, CarriedColumns, to_site


class CardState(StrEnum):
    """Whether a card still pays."""

    ACTIVE = "active"
    LOST = "lost"
    RETURNED = "returned"


class ConsentEvent(StrEnum):
    """What a person did about a consent."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class OrganisationColumns(CarriedColumns, kw_only=True, eq=False):
    """An organisation (单位) whose people eat here."""

    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str]


class OfficeOrganisation(OrganisationColumns, OfficeBase, kw_only=True, eq=False):
    """An organisation, as the office keeps it."""

    __tablename__ = "organisation"
    __table_args__ = (to_site(),)


class TillOrganisation(OrganisationColumns, TerminalBase, kw_only=True, eq=False):
    """An organisation, as it came down."""

    __tablename__ = "organisation"


class Person(OfficeBase, kw_only=True, eq=False):
    """A human being known to the installation: diner, worker or both.

    `phone_lookup` is a keyed hash of the whole number, to find a person by it.
    """

    __tablename__ = "person"
    __table_args__ = (Index(None, "phone_lookup", unique=True),)

    id: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(repr=False)
    phone_cipher: Mapped[Blob | None] = mapped_column(default=None, repr=False)
    phone_lookup: Mapped[Hash | None] = mapped_column(default=None, repr=False)


class Grant(OfficeBase, kw_only=True, eq=False):
    """A person holds a role within a scope; whatever is not granted is denied."""

    __tablename__ = "role_grant"
    __table_args__ = (
        ForeignKeyConstraint(["person"], ["person.id"]),
        Index(None, "scope_kind", "scope_id"),
    )

    person: Mapped[Code] = mapped_column(primary_key=True)
    role: Mapped[Role] = mapped_column(primary_key=True)
    scope_kind: Mapped[ScopeKind] = mapped_column(primary_key=True)
    scope_id: Mapped[Code] = mapped_column(primary_key=True)
    granted_at: Mapped[datetime]
    granted_by: Mapped[Code]


class DinerColumns(CarriedColumns, kw_only=True, eq=False):
    """A registered diner. `last_four` is a keyed hash of four digits and the id."""

    id: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(repr=False)
    organisation: Mapped[Code]
    diner_group: Mapped[DinerGroup]
    usual_hall: Mapped[Code | None] = mapped_column(default=None)
    last_four: Mapped[Hash | None] = mapped_column(default=None, repr=False)
    state: Mapped[DinerState] = mapped_column(default=DinerState.ACTIVE)


class OfficeDiner(DinerColumns, OfficeBase, kw_only=True, eq=False):
    """A diner, as the office keeps it; `name` is what the counter shows."""

    __tablename__ = "diner"
    __table_args__ = (
        to_site("organisation", "organisation", "code"),
        to_site("hall", "usual_hall", "code"),
        ForeignKeyConstraint(["person"], ["person.id"]),
        Index(None, "site_id", "organisation"),
        Index(None, "site_id", "person", unique=True),
    )

    person: Mapped[Code] = mapped_column(sort_order=LAST)


class TillDiner(DinerColumns, TerminalBase, kw_only=True, eq=False):
    """A diner, as it came down."""

    __tablename__ = "diner"


class CardColumns(CarriedColumns, kw_only=True, eq=False):
    """A card and whose it is."""

    number: Mapped[Code] = mapped_column(primary_key=True)
    diner: Mapped[Code]
    state: Mapped[CardState] = mapped_column(default=CardState.ACTIVE)


class OfficeCard(CardColumns, OfficeBase, kw_only=True, eq=False):
    """A card, as the office keeps it."""

    __tablename__ = "card"
    __table_args__ = (
        to_site("diner", "diner", "id"),
        Index(None, "site_id", "diner"),
    )


class TillCard(CardColumns, TerminalBase, kw_only=True, eq=False):
    """A card, as it came down."""

    __tablename__ = "card"


class ConsentRecord(OfficeBase, kw_only=True, eq=False):
    """A consent given or withdrawn: append-only, kept after both.

    `consent` is the id of the consent that both events share. The notice is known by
    its version and the SHA-256 of the text that the person saw.
    """

    __tablename__ = "consent_record"
    __table_args__ = (
        Index(None, "site_id", "diner", "purpose"),
        Index(None, "site_id", "consent"),
        CheckConstraint("notice_version >= 1", "notice_version"),
        BY_DAY,
    )

    site_id: Mapped[Code] = mapped_column(primary_key=True)
    business_day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    consent: Mapped[Code]
    event: Mapped[ConsentEvent]
    diner: Mapped[Code]
    purpose: Mapped[Purpose]
    notice_version: Mapped[int]
    notice_hash: Mapped[Hash]
    channel: Mapped[Channel]
    at: Mapped[datetime]
    actor: Mapped[Code]


class FaceTemplateColumns(CarriedColumns, kw_only=True, eq=False):
    """A sealed face template: useless without the site's key, and only under a consent.

    Templates of two models are never compared. `key_id` names the data key, `nonce` is
    of this sealing alone.
    """

    id: Mapped[UUID] = mapped_column(primary_key=True)
    diner: Mapped[Code]
    model_id: Mapped[Code]
    consent: Mapped[Code]
    key_id: Mapped[Code]
    nonce: Mapped[Blob] = mapped_column(repr=False)
    sealed: Mapped[Blob] = mapped_column(repr=False)
    made_at: Mapped[datetime]


class OfficeFaceTemplate(FaceTemplateColumns, OfficeBase, kw_only=True, eq=False):
    """A face template, as the office keeps it."""

    __tablename__ = "face_template"
    __table_args__ = (
        to_site("diner", "diner", "id"),
        Index(None, "site_id", "diner"),
        Index(None, "site_id", "consent"),
    )


class TillFaceTemplate(FaceTemplateColumns, TerminalBase, kw_only=True, eq=False):
    """A face template, as it came down."""

    __tablename__ = "face_template"
    __table_args__ = (Index(None, "site_id", "diner"),)
