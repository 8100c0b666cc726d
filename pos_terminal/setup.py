"""Setting a till up by hand: dishes, prices, today's menu, photos, diners, faces.

For a canteen without an office, and for what is enrolled at the counter itself. Each
function is one transaction and leaves one fact that says what changed and who did it.
Rows made here have revision 0, so that no snapshot of the office removes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from pypinyin import Style, lazy_pinyin
from sqlalchemy import select
from uuid_utils.compat import uuid7

from models.domain.errors import DomainError
from models.domain.mealtimes import sitting_at
from models.domain.people import (
    Age,
    Assurance,
    Channel,
    Consent,
    ConsentForm,
    Notice,
    Purpose,
)
from models.domain.pricing import PriceList, PriceVersion
from models.domain.tariffs import ByWeight, Plan
from models.recognition.dishes import MODEL_ID, MOST_PHOTOS, PhotoCount
from models.recognition.faces_enrolment import enrol
from models.recognition.gallery import FaceKeyMissing, withdraw
from models.tables.dishes import (
    TillDish,
    TillDishFeature,
    TillMenuItem,
    TillPriceVersion,
    TillServing,
    TillVesselKind,
)
from models.tables.people import TillDiner, TillFaceTemplate
from models.tables.site import TillPolicy
from models.tables.values import (
    price_columns,
    price_version,
    serving,
    serving_columns,
    vessel_columns,
)
from pos_terminal.catalogue import ALL_DAY
from pos_terminal.masters import OWN
from pos_terminal.memory import feature_row
from pos_terminal.payers import sealed_template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domain.mealtimes import Sitting
    from models.domain.people import DinerGroup
    from models.domain.serving import Serving, VesselKind
    from models.domain.tariffs import Tariff
    from models.recognition.dishes import DishEye
    from models.recognition.faces_enrolment import Enrolment
    from models.recognition.runtime import Picture
    from models.tables.base import TerminalBase
    from pos_terminal.payers import Payers
    from pos_terminal.store import Store

NOTICE_TEXT: Final = (
    "人脸信息告知书：本食堂仅为就餐结算采集您的人脸特征，加密保存在本单位设备上，"
    "不保存照片，不外传。您可以不同意，改用刷卡、扫码或人工结算；"
    "也可以随时撤回，撤回后特征立即删除。"
)
"""What a diner reads before a template is made at the till; its hash is recorded."""

NOTICE: Final = Notice(
    Purpose.FACE_PAYMENT, 1, sha256(NOTICE_TEXT.encode()).hexdigest()
)


class DishUnknown(DomainError):
    """Names that are no dish of this till; all of them are told."""

    code = "dish_unknown"
    chinese = "没有这些菜：{names}。请先用 canteen menu import 录入"
    english = "no such dishes: {names}; enter them first with `canteen menu import`"


class NoTemplate(DomainError):
    """Nothing to withdraw."""

    code = "no_template"
    chinese = "{name} 在本终端没有人脸模板"
    english = "{name} has no face template on this till"


@dataclass(frozen=True, slots=True)
class NewDish:
    """A dish as the kitchen enters it. `servings` name it by `name`."""

    name: str
    tariff: Tariff
    servings: tuple[Serving, ...]


@dataclass(frozen=True, slots=True)
class Actors:
    """Who proposes and who approves: two persons for every price."""

    by: str
    approved_by: str


def open_site(store: Store, name: str, now: datetime) -> None:
    """Name the site of a till that has no office; again renames it."""
    store.set_up("local", "T1", "H1")
    value = json.dumps(name, ensure_ascii=False)
    row = TillPolicy(
        site_id=store.till.site_id, revision=OWN, name="site_name", value=value
    )
    day = sitting_at(now, ALL_DAY).business_day
    store.change("site_named", [row], day=day)


def add_vessels(store: Store, kinds: Sequence[VesselKind], now: Sitting) -> None:
    """Describe the vessels of the site."""
    site = store.till.site_id
    rows = [
        TillVesselKind(site_id=site, revision=OWN, **vessel_columns(kind))
        for kind in kinds
    ]
    store.change("vessels_described", rows, day=now.business_day)


def vessel_codes(store: Store) -> frozenset[str]:
    """List the vessels that the site has described."""
    with store.reading() as session:
        return frozenset(session.scalars(select(TillVesselKind.code)))


def add_dishes(
    store: Store,
    dishes: Sequence[NewDish],
    actors: Actors,
    running: Sitting,
    starts: Sitting,
) -> None:
    """Add dishes with servings and prices, or change their prices from `starts` on.

    A dish without a price may start with the `running` meal; a change may not. Its
    servings are those given, in place of earlier ones. Raises `InvalidData` with
    everything that is wrong; then nothing changed.
    """
    site = store.till.site_id
    named = [dish.name for dish in dishes]
    kept = [(s.dish, s.portion, s.vessel) for dish in dishes for s in dish.servings]
    with store.reading() as session:
        held = [price_version(row) for row in session.scalars(select(TillPriceVersion))]
        known = set(session.scalars(select(TillDish.code)))
        before = select(TillServing).where(TillServing.dish.in_(named))
        gone = [
            row
            for row in session.scalars(before)
            if (row.dish, row.portion, serving(row).vessel) not in kept
        ]
        session.expunge_all()
    priced = {version.item for version in held}
    first = [_version(d, running, actors) for d in dishes if d.name not in priced]
    later = [_version(d, starts, actors) for d in dishes if d.name in priced]
    PriceList([*held, *first]).amended(running, later)
    rows: list[TerminalBase] = [
        TillDish(
            site_id=site,
            revision=OWN,
            code=dish.name,
            name=dish.name,
            initials=initials(dish.name),
        )
        for dish in dishes
        if dish.name not in known
    ]
    rows += [
        TillServing(site_id=site, revision=OWN, **serving_columns(each))
        for dish in dishes
        for each in dish.servings
    ]
    rows += [
        TillPriceVersion(site_id=site, revision=OWN, **price_columns(version))
        for version in (*first, *later)
    ]
    told = {"by": actors.by, "approved_by": actors.approved_by}
    store.change("dishes_priced", rows, gone, day=running.business_day, told=told)


def _version(dish: NewDish, starts: Sitting, actors: Actors) -> PriceVersion:
    plan = Plan.WEIGHT if isinstance(dish.tariff, ByWeight) else Plan.DISH
    return PriceVersion(
        id=str(uuid7()),
        plan=plan,
        item=dish.name,
        tariff=dish.tariff,
        starts=starts,
        proposed_by=actors.by,
        approved_by=actors.approved_by,
    )


def initials(name: str) -> str:
    """Give the first letters of a name's pinyin, to find it by typing."""
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()


def dish_codes(store: Store, names: Sequence[str]) -> list[str]:
    """Find dishes by code or name; raises `DishUnknown` with all that are not there."""
    with store.reading() as session:
        dishes = list(session.scalars(select(TillDish)))
        codes = {dish.name: dish.code for dish in dishes}
        codes |= {dish.code: dish.code for dish in dishes}
    if unknown := [name for name in names if name not in codes]:
        raise DishUnknown(names="、".join(unknown))
    return [codes[name] for name in names]


def all_dishes(store: Store) -> list[str]:
    """List the codes of all dishes on offer."""
    with store.reading() as session:
        offered = select(TillDish.code).filter_by(is_offered=True)
        return list(session.scalars(offered.order_by(TillDish.code)))


def publish_menu(store: Store, sitting: Sitting, codes: Sequence[str]) -> None:
    """Make `codes` the menu of a sitting in this till's hall, in that order."""
    till = store.till
    here = {
        "site_id": till.site_id,
        "business_day": sitting.business_day,
        "hall": till.hall,
        "meal": sitting.meal,
    }
    with store.reading() as session:
        before = list(session.scalars(select(TillMenuItem).filter_by(**here)))
        session.expunge_all()
    gone = [row for row in before if row.dish not in codes]
    rows = [
        TillMenuItem(
            site_id=till.site_id,
            revision=OWN,
            business_day=sitting.business_day,
            hall=till.hall,
            meal=sitting.meal,
            dish=code,
            place=place,
        )
        for place, code in enumerate(codes)
    ]
    store.change("menu_published", rows, gone, day=sitting.business_day)


def enrol_dish(
    store: Store, eye: DishEye, dish: str, photos: Mapping[bytes, Picture], now: Sitting
) -> None:
    """Enrol a dish from one to five photos (by hash), in place of its earlier ones.

    Raises `PhotoCount` or `PlateTooSmall`; then nothing changed.
    """
    if not 1 <= len(photos) <= MOST_PHOTOS:
        raise PhotoCount(dish=dish, most=MOST_PHOTOS, count=len(photos))
    site = store.till.site_id
    rows = [
        feature_row(site, dish, eye.enrolment(photo), digest)
        for digest, photo in photos.items()
    ]
    with store.reading() as session:
        enrolled = select(TillDishFeature).filter_by(dish=dish, is_learned=False)
        before = list(session.scalars(enrolled))
        session.expunge_all()
    told = {"dish": dish, "model_id": MODEL_ID}
    store.change("dish_enrolled", rows, before, day=now.business_day, told=told)


def forget_dish(store: Store, dish: str, now: Sitting) -> int:
    """Remove all a till knows of a dish's looks; return how many photos it was."""
    with store.reading() as session:
        rows = list(session.scalars(select(TillDishFeature).filter_by(dish=dish)))
        session.expunge_all()
    told = {"dish": dish}
    store.change("dish_forgotten", (), rows, day=now.business_day, told=told)
    return len(rows)


def add_diner(store: Store, name: str, group: DinerGroup, now: Sitting) -> str:
    """Register a diner at a till that has no office; return the diner's number."""
    number = str(uuid7())
    row = TillDiner(
        site_id=store.till.site_id,
        revision=OWN,
        id=number,
        name=name,
        organisation="local",
        diner_group=group,
    )
    store.change("diner_registered", [row], day=now.business_day)
    return number


def enrol_face(
    store: Store,
    payers: Payers,
    diner: str,
    photos: Sequence[Picture],
    confirmed: frozenset[Assurance],
    now: Sitting,
) -> Enrolment:
    """Enrol a diner's face under a consent signed at the till.

    Raises `ConsentIncomplete` before any picture is looked at, `FaceKeyMissing`
    without the site's key. A photo that is not good enough has its reason in the
    result; if none is, nothing changed.
    """
    if payers.reader is None or payers.key is None or payers.gallery is None:
        raise FaceKeyMissing(variable="CANTEEN_FACE_KEY")
    form = ConsentForm(
        diner, NOTICE, Channel.TERMINAL, Age.FOURTEEN_OR_OLDER, confirmed
    )
    at = datetime.now(UTC)
    consent = form.sign(str(uuid7()), at)
    enrolment = enrol(payers.reader, payers.gallery, consent, photos)
    if enrolment.template is None:
        return enrolment
    sealed = payers.key.seal(enrolment.template)
    row = TillFaceTemplate(
        site_id=store.till.site_id,
        revision=OWN,
        id=uuid7(),
        diner=diner,
        model_id=sealed.model_id,
        consent=consent.id,
        key_id=sealed.key_id,
        nonce=sealed.nonce,
        sealed=sealed.sealed,
        made_at=at,
    )
    before = _templates(store, diner)
    told = {"diner": diner, **_consent_told(consent), "template": sealed.digest()}
    store.change("face_enrolled", [row], before, day=now.business_day, told=told)
    payers.gallery.add(enrolment.template)
    return enrolment


def withdraw_face(store: Store, payers: Payers, diner: str, now: Sitting) -> str:
    """Withdraw a diner's consent: the template goes, the proof of it stays.

    Returns the hash of the proof. Raises `NoTemplate`.
    """
    rows = _templates(store, diner)
    if not rows:
        raise NoTemplate(name=diner)
    at = datetime.now(UTC)
    sealed = [sealed_template(row) for row in rows]
    consent = Consent(
        sealed[0].consent_id, diner, NOTICE, Channel.TERMINAL, rows[0].made_at, at
    )
    _, proof = withdraw(sealed, consent, store.till.terminal_id, at)
    told = {
        "diner": diner,
        "consent": consent.id,
        "deleted": list(proof.templates),
        "proof": proof.sha256,
    }
    store.change("consent_withdrawn", (), rows, day=now.business_day, told=told)
    if payers.gallery is not None:
        payers.gallery.remove(diner)
    return proof.sha256


def _templates(store: Store, diner: str) -> list[TillFaceTemplate]:
    with store.reading() as session:
        found = list(session.scalars(select(TillFaceTemplate).filter_by(diner=diner)))
        session.expunge_all()
        return found


def _consent_told(consent: Consent) -> dict[str, str | int]:
    return {
        "consent": consent.id,
        "notice_version": consent.notice.version,
        "notice_sha256": consent.notice.sha256,
        "channel": consent.channel.value,
    }
