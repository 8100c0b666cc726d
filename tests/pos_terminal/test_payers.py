"""Who pays: cards and names are certain or refused, faces need the site's key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from uuid_utils.compat import uuid7

from models.domain.evidence import Match, Reason, Unknown
from models.domain.people import DinerGroup, DinerState
from models.domain.sale import Identified, Payer
from models.domain.units import Ppm
from models.recognition.faces import FaceReader, SFace
from models.recognition.gallery import DIMENSIONS, FaceKey, Template
from models.tables.people import CardState, TillFaceTemplate
from pos_terminal.masters import OWN
from pos_terminal.payers import CardUnknown, DinerNotActive, DinerUnknown, Payers
from tests.demo_till import DAY, NOON, WEIGHTS
from tests.pos_terminal.local_canteen import add_card, add_diner

if TYPE_CHECKING:
    from pos_terminal.store import Store

FRAME = np.zeros((480, 640, 3), np.uint8)


@pytest.fixture
def payers(local: Store) -> Payers:
    add_diner(local, "d1", "王芳")
    add_diner(local, "d2", "李娜", DinerGroup.CONTRACT_WORKER)
    add_diner(local, "d3", "李娜")
    add_diner(local, "d4", "赵敏", state=DinerState.SUSPENDED)
    for number, diner, state in (
        ("1001", "d1", CardState.ACTIVE),
        ("1002", "d1", CardState.LOST),
        ("1004", "d4", CardState.ACTIVE),
        ("1009", "d9", CardState.ACTIVE),
    ):
        add_card(local, number, diner, state)
    return Payers(local, None, None)


def test_a_card_names_its_holder(payers: Payers) -> None:
    payer = Payer("d1", DinerGroup.STAFF, Identified.CARD)
    assert payers.by_card("1001") == payer


@pytest.mark.parametrize("number", ["1002", "7777", ""])
def test_a_lost_or_unknown_card_is_refused_by_its_number(
    payers: Payers, number: str
) -> None:
    with pytest.raises(CardUnknown, match=f"card {number} is not registered or"):
        payers.by_card(number)


def test_a_card_of_a_diner_who_is_gone_is_refused(payers: Payers) -> None:
    with pytest.raises(DinerUnknown, match="0 diners"):
        payers.by_card("1009")


def test_a_suspended_diner_pays_by_no_means(payers: Payers) -> None:
    means = (
        partial(payers.by_card, "1004"),
        partial(payers.named, "赵敏"),
        partial(payers.by_face, Match("d4", Ppm(999_000))),
    )
    for pay in means:
        with pytest.raises(DinerNotActive) as refused:
            pay()
        assert refused.value.message() == "赵敏 的账户已停用，请联系管理员"


def test_an_attendant_names_a_diner_by_name_or_number(payers: Payers) -> None:
    assert payers.named("王芳") == Payer("d1", DinerGroup.STAFF, Identified.ATTENDANT)
    assert payers.named("d2").group is DinerGroup.CONTRACT_WORKER
    assert payers.name("d2") == "李娜"


def test_of_two_diners_of_one_name_neither_is_guessed(payers: Payers) -> None:
    with pytest.raises(DinerUnknown) as refused:
        payers.named("李娜")
    assert refused.value.message() == "找到 2 位“李娜”，请用人员编号指明"


def test_a_certain_face_is_a_payer(payers: Payers) -> None:
    payer = payers.by_face(Match("d2", Ppm(999_000)))
    assert payer == Payer("d2", DinerGroup.CONTRACT_WORKER, Identified.FACE)


def test_without_the_sites_key_no_face_is_compared(payers: Payers) -> None:
    assert payers.gallery is None
    assert payers.recognise([FRAME]) == Unknown(Reason.NOT_ENROLLED)


@pytest.mark.weights
def test_a_template_under_another_key_holds_nobody_up(local: Store) -> None:
    add_diner(local, "d5", "柯林斯")
    lost_key, own_key = FaceKey(bytes(32)), FaceKey(bytes([1] * 32))
    photo = np.ones(DIMENSIONS, np.float32)
    template = Template("d5", SFace.model_id, "c-1", photo[None])
    sealed = lost_key.seal(template)
    row = TillFaceTemplate(
        site_id=local.till.site_id,
        revision=OWN,
        id=uuid7(),
        diner="d5",
        model_id=sealed.model_id,
        consent=sealed.consent_id,
        key_id=sealed.key_id,
        nonce=sealed.nonce,
        sealed=sealed.sealed,
        made_at=NOON,
    )
    local.change("face_enrolled", [row], day=DAY)
    payers = Payers(local, FaceReader(SFace(WEIGHTS)), own_key)
    assert payers.gallery is not None
    assert "d5" not in payers.gallery
