"""Diners, consent and grants: who may be recognised, and who may do what."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.people import (
    THREE_OFFICERS,
    Action,
    Age,
    Assurance,
    BadPhone,
    Channel,
    Consent,
    ConsentClosed,
    ConsentForm,
    ConsentIncomplete,
    Diner,
    DinerGroup,
    Grant,
    NoConsent,
    Notice,
    NotOldEnough,
    PhoneNumber,
    Purpose,
    Role,
    RolesExclude,
    Scope,
    ScopeKind,
    SealedPhone,
    Viewer,
    require_consent,
)

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NOTICE = Notice(Purpose.FACE_PAYMENT, 1, hashlib.sha256(b"v1").hexdigest())
NEWER = Notice(Purpose.FACE_PAYMENT, 2, hashlib.sha256(b"v2").hexdigest())
GATE = Notice(Purpose.ENTRANCE_GATE, 1, NOTICE.sha256)
ALL = frozenset(Assurance)
SITE, HALL, ELSEWHERE = (
    Scope(ScopeKind.SITE, "S1"),
    Scope(ScopeKind.HALL, "H1"),
    Scope(ScopeKind.HALL, "H2"),
)


def _form(age: Age = Age.FOURTEEN_OR_OLDER) -> ConsentForm:
    return ConsentForm("d1", NOTICE, Channel.OFFICE, age, ALL)


def _consent() -> Consent:
    return _form().sign("c1", NOW)


def test_a_phone_number_is_never_printed() -> None:
    phone = PhoneNumber("138 0013-8000")
    assert phone.reveal() == "13800138000"
    assert phone.last_four == "8000"
    for text in (repr(phone), str(phone), f"{phone}", f"{[phone]}"):
        assert "8000" not in text
    assert phone == PhoneNumber("13800138000")
    assert len({phone, PhoneNumber("13800138000")}) == 1


def test_a_diner_is_printed_without_the_sealed_number() -> None:
    sealed = SealedPhone(b"cipher-text", b"hash-of-digits")
    diner = Diner("d1", "甲", "o1", DinerGroup.STAFF, "H1", sealed)
    assert "cipher-text" not in repr(diner)
    assert "hash-of-digits" not in repr(diner)


@pytest.mark.parametrize("text", ["", "1380013800", "23800138000", "1380013800a"])
def test_what_is_no_mobile_number_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadPhone) as refused:
        PhoneNumber(text)
    assert not text or text not in str(refused.value)


@given(st.frozensets(st.sampled_from(Assurance)), st.sampled_from(Age))
def test_consent_needs_every_assurance_and_the_age(
    confirmed: frozenset[Assurance], age: Age
) -> None:
    form = ConsentForm("d1", NOTICE, Channel.TERMINAL, age, confirmed)
    if age is not Age.FOURTEEN_OR_OLDER:
        with pytest.raises(NotOldEnough):
            form.sign("c1", NOW)
    elif confirmed != ALL:
        with pytest.raises(ConsentIncomplete) as incomplete:
            form.sign("c1", NOW)
        missing = [one.chinese for one in Assurance if one not in confirmed]
        assert "、".join(missing) in incomplete.value.message()
    else:
        assert form.sign("c1", NOW).covers(NOTICE, NOW)


def test_consent_holds_from_giving_to_withdrawal() -> None:
    consent = _consent()
    assert not consent.covers(NOTICE, NOW - DAY)
    assert consent.covers(NOTICE, NOW + 365 * DAY)
    withdrawn = consent.withdrawn(NOW + DAY)
    assert withdrawn.covers(NOTICE, NOW)
    assert not withdrawn.covers(NOTICE, NOW + DAY)
    assert withdrawn.given_at == consent.given_at


def test_consent_is_withdrawn_once_and_after_it_was_given() -> None:
    with pytest.raises(ConsentClosed):
        _consent().withdrawn(NOW - DAY)
    with pytest.raises(ConsentClosed):
        _consent().withdrawn(NOW + DAY).withdrawn(NOW + 2 * DAY)


@pytest.mark.parametrize("other", [NEWER, GATE])
def test_consent_is_for_one_purpose_and_one_text(other: Notice) -> None:
    assert not _consent().covers(other, NOW)


def test_no_template_without_a_consent_of_the_same_person() -> None:
    assert require_consent([_consent()], "d1", NOTICE, NOW).id == "c1"
    for consents, diner in (([_consent()], "d2"), ([], "d1")):
        with pytest.raises(NoConsent) as refused:
            require_consent(consents, diner, NOTICE, NOW)
        assert "刷脸就餐结算" in refused.value.message()


def test_consent_can_be_given_again_after_withdrawal() -> None:
    old = _consent().withdrawn(NOW + DAY)
    new = _form().sign("c2", NOW + 2 * DAY)
    assert require_consent([old, new], "d1", NOTICE, NOW + 3 * DAY) == new
    with pytest.raises(NoConsent):
        require_consent([old, new], "d1", NOTICE, NOW + DAY)


def test_a_notice_is_known_by_the_hash_of_its_text() -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        Notice(Purpose.FACE_PAYMENT, 1, "text")


def test_a_viewer_without_grants_may_do_nothing() -> None:
    nobody = Viewer("p1")
    assert not any(nobody.may(action, SITE, HALL) for action in Action)


@given(st.sampled_from(Role), st.sampled_from(Action))
def test_a_role_allows_what_it_lists_within_its_scope_only(
    role: Role, action: Action
) -> None:
    viewer = Viewer("p1", (Grant("p1", role, HALL),))
    assert viewer.may(action, SITE, HALL) == (action in role.actions)
    assert not viewer.may(action, SITE, ELSEWHERE)
    assert not viewer.may(action)


def test_a_grant_on_the_site_reaches_its_halls() -> None:
    viewer = Viewer("p1", (Grant("p1", Role.KITCHEN_MANAGER, SITE),))
    assert viewer.may(Action.EDIT_MENU, SITE, HALL)
    assert viewer.scopes(Action.EDIT_MENU) == {SITE}


def test_supervisors_see_but_change_nothing() -> None:
    assert all(action.value.startswith("see_") for action in Role.SUPERVISOR.actions)


def test_no_role_both_proposes_and_approves_prices() -> None:
    both = {Action.PROPOSE_PRICE, Action.APPROVE_PRICE}
    assert not any(both <= role.actions for role in Role)


@pytest.mark.parametrize("pair", list(combinations(sorted(THREE_OFFICERS), 2)))
def test_no_person_holds_two_of_the_three_offices(pair: tuple[Role, Role]) -> None:
    with pytest.raises(RolesExclude):
        Viewer("p1", tuple(Grant("p1", role, SITE) for role in pair))


def test_a_viewer_takes_own_grants_only() -> None:
    other = Grant("p2", Role.COOK, SITE)
    assert Viewer.of("p1", [other]).grants == ()
    with pytest.raises(ValueError, match="another person"):
        Viewer("p1", (other,))


def test_every_group_has_its_chinese_name() -> None:
    assert [group.chinese for group in DinerGroup] == ["职工", "劳务人员", "外来人员"]
