"""Diners, consent to face payment, and who may do what.

Pure rules: sealing, storing and deleting are the business of the stores. Consent
follows the Personal Information Protection Law (PIPL) art. 14-17, 29-31 and the
measures on facial recognition in force since 2025-06-01.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from models.domain.errors import DomainError
from models.domain.mealtimes import in_utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class DinerGroup(StrEnum):
    """Groups that may pay different prices (就餐人员类别)."""

    STAFF = "staff"
    CONTRACT_WORKER = "contract_worker"
    OUTSIDE = "outside"

    @property
    def chinese(self) -> str:
        """Name on price lists and screens."""
        return _GROUP_NAMES[self]


_GROUP_NAMES: Final = {
    DinerGroup.STAFF: "职工",
    DinerGroup.CONTRACT_WORKER: "劳务人员",
    DinerGroup.OUTSIDE: "外来人员",
}


class BadPhone(DomainError):
    """Text that is no mobile number; the text itself is not repeated."""

    code = "bad_phone"
    chinese = "手机号应为 11 位数字，请重新输入"
    english = "a mobile number has 11 digits; enter it again"


class PhoneNumber:
    """A mobile number in memory, never shown by printing, logging or formatting."""

    __slots__ = ("_digits",)

    def __init__(self, text: str) -> None:
        digits = re.sub(r"[\s-]", "", text)
        if not _MOBILE.fullmatch(digits):
            raise BadPhone
        self._digits = digits

    def reveal(self) -> str:
        """Give the eleven digits: only to seal them or to send a code."""
        return self._digits

    @property
    def last_four(self) -> str:
        """The digits a diner is asked for as a second factor."""
        return self._digits[-4:]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PhoneNumber) and self._digits == other._digits

    def __hash__(self) -> int:
        return hash(self._digits)

    def __repr__(self) -> str:
        return "PhoneNumber(***)"


@dataclass(frozen=True, slots=True)
class SealedPhone:
    """A mobile number as stores hold it.

    `cipher` is the encrypted number, `last_four` a keyed hash of the last four digits
    and the diner's id, enough to check a second factor. Neither is printed.
    """

    cipher: bytes = field(repr=False)
    last_four: bytes = field(repr=False)


class DinerState(StrEnum):
    """Life of an account (账户状态)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Diner:
    """A registered diner (就餐人员). Identifiers are those of the installation."""

    id: str
    name: str
    organisation: str
    group: DinerGroup
    usual_hall: str | None = None
    phone: SealedPhone | None = None
    state: DinerState = DinerState.ACTIVE


class Purpose(StrEnum):
    """What a consent is for; each purpose is asked separately."""

    FACE_PAYMENT = "face_payment"
    ENTRANCE_GATE = "entrance_gate"

    @property
    def chinese(self) -> str:
        """Name of the purpose on the form."""
        return _PURPOSE_NAMES[self]


_PURPOSE_NAMES: Final = {
    Purpose.FACE_PAYMENT: "刷脸就餐结算",
    Purpose.ENTRANCE_GATE: "刷脸入场核验",
}


class Channel(StrEnum):
    """Where consent was given or withdrawn."""

    OFFICE = "office"
    TERMINAL = "terminal"
    PHONE = "phone"
    PAPER = "paper"


class Age(StrEnum):
    """All that is asked about age: a date of birth is never stored."""

    FOURTEEN_OR_OLDER = "fourteen_or_older"
    UNDER_FOURTEEN = "under_fourteen"
    NOT_ASKED = "not_asked"


class Assurance(StrEnum):
    """What makes a consent one: all three must be confirmed by the person."""

    SEPARATE = "separate"
    INFORMED = "informed"
    VOLUNTARY = "voluntary"

    @property
    def chinese(self) -> str:
        """The condition as the form names it."""
        return _ASSURANCE_NAMES[self]


_ASSURANCE_NAMES: Final = {
    Assurance.SEPARATE: "单独同意",
    Assurance.INFORMED: "充分知情",
    Assurance.VOLUNTARY: "自愿",
}


class NotOldEnough(DomainError):
    """Face templates of children are not made here."""

    code = "not_old_enough"
    chinese = "未满十四周岁或年龄未确认，不能采集人脸，请使用刷卡或扫码"
    english = "under fourteen or age not confirmed: no face template; use card or code"


class ConsentIncomplete(DomainError):
    """A consent that is not separate, informed and voluntary."""

    code = "consent_incomplete"
    chinese = "同意尚不完整，请本人确认：{missing}"
    english = "consent is incomplete; the person must confirm: {missing}"


class NoConsent(DomainError):
    """No valid consent to the present notice; another way to pay is open."""

    code = "no_consent"
    chinese = "尚无有效的“{purpose}”同意书，请先签署；不同意也可刷卡或扫码就餐"
    english = "no valid consent for “{purpose}”; ask for it first, or use card or code"


class ConsentClosed(DomainError):
    """A consent is withdrawn once, after it was given."""

    code = "consent_closed"
    chinese = "该同意书已撤回或撤回时间早于签署时间，请核对"
    english = "consent already withdrawn, or withdrawn before it was given; check it"


@dataclass(frozen=True, slots=True)
class Notice:
    """One version of the text shown before consent; `sha256` is of that text."""

    purpose: Purpose
    version: int
    sha256: str

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("a notice is known by the SHA-256 of its text, in hex")


@dataclass(frozen=True, slots=True)
class Consent:
    """A diner's consent to one notice (同意书); history is kept after withdrawal."""

    id: str
    diner: str
    notice: Notice
    channel: Channel
    given_at: datetime
    withdrawn_at: datetime | None = None

    def __post_init__(self) -> None:
        given = in_utc(self.given_at)
        if self.withdrawn_at is not None and in_utc(self.withdrawn_at) < given:
            raise ConsentClosed

    def withdrawn(self, at: datetime) -> Consent:
        """Withdraw it: always possible, once; templates under it must be deleted."""
        if self.withdrawn_at is not None:
            raise ConsentClosed
        return replace(self, withdrawn_at=at)

    def covers(self, notice: Notice, at: datetime) -> bool:
        """Tell whether it holds at `at` for exactly the text of `notice`."""
        open_ended = self.withdrawn_at is None or at < self.withdrawn_at
        return self.notice == notice and self.given_at <= at and open_ended


@dataclass(frozen=True, slots=True)
class ConsentForm:
    """What a person confirmed on the form, before it counts as consent."""

    diner: str
    notice: Notice
    channel: Channel
    age: Age
    confirmed: frozenset[Assurance]

    def sign(self, consent_id: str, at: datetime) -> Consent:
        """Turn the form into a consent, or say what is missing."""
        if self.age is not Age.FOURTEEN_OR_OLDER:
            raise NotOldEnough
        if missing := [one for one in Assurance if one not in self.confirmed]:
            raise ConsentIncomplete(missing="、".join(one.chinese for one in missing))
        return Consent(consent_id, self.diner, self.notice, self.channel, at)


def require_consent(
    consents: Iterable[Consent], diner: str, notice: Notice, at: datetime
) -> Consent:
    """Find the consent under which a template may be made or used, or raise."""
    for consent in consents:
        if consent.diner == diner and consent.covers(notice, at):
            return consent
    raise NoConsent(purpose=notice.purpose.chinese)


class ScopeKind(StrEnum):
    """What a grant is limited to."""

    SITE = "site"
    HALL = "hall"
    TEAM = "team"
    ORGANISATION = "organisation"
    SUPPLIER = "supplier"


@dataclass(frozen=True, slots=True)
class Scope:
    """One site, hall, team, organisation or supplier."""

    kind: ScopeKind
    id: str


class Action(StrEnum):
    """What a person can be allowed to do."""

    SETTLE = "settle"
    VOID_SALE = "void_sale"
    SEE_SALES = "see_sales"
    SEE_PRICES = "see_prices"
    PROPOSE_PRICE = "propose_price"
    APPROVE_PRICE = "approve_price"
    EDIT_MENU = "edit_menu"
    ENROL_DISH = "enrol_dish"
    SEE_DINERS = "see_diners"
    EDIT_DINERS = "edit_diners"
    ENROL_FACE = "enrol_face"
    SEE_AUDIT = "see_audit"
    GRANT_ROLES = "grant_roles"
    RUN_SYSTEM = "run_system"


class Role(StrEnum):
    """Posts of a canteen; each allows the actions of `Role.actions`."""

    ATTENDANT = "attendant"
    COOK = "cook"
    KITCHEN_MANAGER = "kitchen_manager"
    ACCOUNTANT = "accountant"
    DINER_CLERK = "diner_clerk"
    ORGANISATION_CLERK = "organisation_clerk"
    SUPERVISOR = "supervisor"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    AUDITOR = "auditor"

    @property
    def actions(self) -> frozenset[Action]:
        """Everything this role allows; whatever is not listed is denied."""
        return _ALLOWED[self]


_ALLOWED: Final = {
    Role.ATTENDANT: frozenset({Action.SETTLE, Action.VOID_SALE, Action.SEE_PRICES}),
    Role.COOK: frozenset({Action.ENROL_DISH, Action.SEE_PRICES}),
    Role.KITCHEN_MANAGER: frozenset(
        {
            Action.SEE_SALES,
            Action.SEE_PRICES,
            Action.PROPOSE_PRICE,
            Action.EDIT_MENU,
            Action.ENROL_DISH,
        }
    ),
    Role.ACCOUNTANT: frozenset(
        {Action.SEE_SALES, Action.SEE_PRICES, Action.APPROVE_PRICE}
    ),
    Role.DINER_CLERK: frozenset(
        {Action.SEE_DINERS, Action.EDIT_DINERS, Action.ENROL_FACE}
    ),
    Role.ORGANISATION_CLERK: frozenset({Action.SEE_DINERS}),
    Role.SUPERVISOR: frozenset({Action.SEE_SALES, Action.SEE_PRICES}),
    Role.SYSTEM_ADMINISTRATOR: frozenset({Action.RUN_SYSTEM}),
    Role.SECURITY_ADMINISTRATOR: frozenset({Action.GRANT_ROLES}),
    Role.AUDITOR: frozenset({Action.SEE_AUDIT}),
}

THREE_OFFICERS: Final = frozenset(
    {Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR}
)
"""三员: no person holds two of them (GB/T 22239-2019, level 3)."""


class RolesExclude(DomainError):
    """Roles that one person must not hold together."""

    code = "roles_exclude"
    chinese = "{person} 不能兼任：{roles}，请撤销其中一项"
    english = "{person} must not hold together: {roles}; take one back"


@dataclass(frozen=True, slots=True)
class Grant:
    """A person holds a role within a scope."""

    person: str
    role: Role
    scope: Scope


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: every query takes one and filters by it. Without grants: nothing."""

    person: str
    grants: tuple[Grant, ...] = ()

    def __post_init__(self) -> None:
        if any(grant.person != self.person for grant in self.grants):
            raise ValueError(f"{self.person} carries another person's grant")
        held = sorted({grant.role for grant in self.grants} & THREE_OFFICERS)
        if len(held) > 1:
            raise RolesExclude(person=self.person, roles=", ".join(held))

    @classmethod
    def of(cls, person: str, grants: Iterable[Grant]) -> Self:
        """Pick the person's own grants out of all."""
        own = tuple(grant for grant in grants if grant.person == person)
        return cls(person, own)

    def scopes(self, action: Action) -> frozenset[Scope]:
        """Where the viewer may do `action`: what a query filters by."""
        return frozenset(g.scope for g in self.grants if action in g.role.actions)

    def may(self, action: Action, *within: Scope) -> bool:
        """Tell whether `action` is allowed on a thing that lies in all of `within`.

        Name every scope the thing lies in (its site, its hall ...): a grant on any one
        of them allows it.
        """
        return not self.scopes(action).isdisjoint(within)
