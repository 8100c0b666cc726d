"""The demo canteen in the office's database, and the snapshot that goes to a till."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Final

from pypinyin import Style, lazy_pinyin
from sqlalchemy import select
from uuid_utils.compat import uuid7

from models.domain.errors import DomainError
from models.domain.people import Channel, Purpose
from models.sync.messages import Row, Snapshot
from models.tables.base import OfficeBase
from models.tables.carried import carried_tables, content_of, key_of
from models.tables.dishes import (
    DishVersion,
    OfficeDish,
    OfficeMenuItem,
    OfficePriceVersion,
    OfficeServing,
    OfficeVesselKind,
)
from models.tables.people import (
    ConsentEvent,
    ConsentRecord,
    OfficeCard,
    OfficeDiner,
    OfficeOrganisation,
    Person,
)
from models.tables.site import (
    HallKind,
    OfficeHall,
    OfficeMealTime,
    OfficePolicy,
    Site,
    Terminal,
)
from models.tables.values import price_columns, serving_columns, vessel_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backoffice.demo.canteen import Canteen, Hall
    from backoffice.demo.people import DemoDiner

ACTOR: Final = "demo"
_REVISION: Final = 1
NOTICE: Final = (
    "演示：人像为公共领域照片，仅用于演示刷脸结算。"
    "可随时撤回，撤回后模板即删除；不同意也可刷卡或扫码。"
)
"""What the two demo payers are said to have agreed to; version 1."""


class OfficeNotEmpty(DomainError):
    """An office that holds a real site is never mixed with the demo."""

    code = "office_not_empty"
    chinese = "办公库已有食堂“{site}”，演示数据不能写入，请换一个数据库文件"
    english = "the office already holds “{site}”; give the demo a database of its own"


def build(session: Session, canteen: Canteen) -> int:
    """Write the demo canteen into an office; return how many rows were written.

    An office that holds the demo already only gets menus for days that have none.
    Raises `OfficeNotEmpty` if it holds any other site.
    """
    sites = session.scalars(select(Site)).all()
    for site in sites:
        if (site.site_id, site.name) != (canteen.site, canteen.name):
            raise OfficeNotEmpty(site=site.name)
    written = 0
    for _, rows in groupby(_missing_rows(session, canteen, *sites), type):
        batch = list(rows)
        session.add_all(batch)
        session.flush()  # one table at a time: no relationship tells the order
        written += len(batch)
    return written


def _missing_rows(
    session: Session, canteen: Canteen, site: Site | None = None
) -> Iterator[OfficeBase]:
    """Give all rows for a new office, or the menus that `site` has not yet."""
    if site is None:
        yield from _rows(canteen)
        return
    days = set(session.scalars(select(OfficeMenuItem.business_day).distinct()))
    later = [row for row in _menu_rows(canteen) if row.business_day not in days]
    site.revision += bool(later)
    for row in later:
        row.revision = site.revision
        yield row


def _rows(canteen: Canteen) -> Iterator[OfficeBase]:
    """Give every row, each after those it refers to."""
    yield Site(site_id=canteen.site, name=canteen.name, revision=_REVISION)
    for hall in canteen.halls:
        yield from _hall_rows(canteen, hall)
    for name, value in canteen.policies:
        yield OfficePolicy(
            site_id=canteen.site, name=name, value=json.dumps(value, ensure_ascii=False)
        )
    yield from _dish_rows(canteen)
    for unit in canteen.organisations:
        yield OfficeOrganisation(site_id=canteen.site, code=unit.code, name=unit.name)
    for diner in canteen.diners:
        yield Person(id=diner.id, name=diner.name)
    for diner in canteen.diners:
        yield _diner_row(canteen.site, diner)
    for diner in canteen.diners:
        yield OfficeCard(site_id=canteen.site, number=diner.card, diner=diner.id)
        if diner.portrait:
            yield _consent_row(canteen, diner)


def _hall_rows(canteen: Canteen, hall: Hall) -> Iterator[OfficeBase]:
    site, timetable = canteen.site, hall.timetable
    yield OfficeHall(
        site_id=site,
        code=hall.code,
        name=hall.name,
        kind=HallKind.HALAL if hall.is_halal else HallKind.HAN,
        day_starts=timetable.day_starts,
    )
    for meal, begins in timetable.begins:
        yield OfficeMealTime(site_id=site, hall=hall.code, meal=meal, begins=begins)
    yield Terminal(
        site_id=site,
        code=f"{hall.code}-T1",
        name=f"{hall.name}一号结算台",
        hall=hall.code,
    )


def _dish_rows(canteen: Canteen) -> Iterator[OfficeBase]:
    site = canteen.site
    for kind in canteen.vessels:
        yield OfficeVesselKind(site_id=site, **vessel_columns(kind))
    for dish in canteen.dishes:
        yield OfficeDish(
            site_id=site, code=dish.code, name=dish.name, initials=initials(dish.name)
        )
    for dish in canteen.dishes:
        yield DishVersion(
            site_id=site,
            dish=dish.code,
            version="1",
            name=dish.name,
            changed_at=_opened(canteen),
            changed_by=ACTOR,
        )
    for serving in canteen.servings:
        yield OfficeServing(site_id=site, **serving_columns(serving))
    for version in canteen.prices:
        yield OfficePriceVersion(site_id=site, **price_columns(version))
    yield from _menu_rows(canteen)


def _menu_rows(canteen: Canteen) -> Iterator[OfficeMenuItem]:
    for entry in canteen.menus:
        yield OfficeMenuItem(
            site_id=canteen.site,
            business_day=entry.sitting.business_day,
            hall=entry.hall,
            meal=entry.sitting.meal,
            dish=entry.dish,
            place=entry.place,
        )


def _diner_row(site: str, diner: DemoDiner) -> OfficeDiner:
    return OfficeDiner(
        site_id=site,
        id=diner.id,
        person=diner.id,
        name=diner.name,
        organisation=diner.organisation,
        diner_group=diner.group,
        usual_hall=diner.usual_hall,
    )


def _consent_row(canteen: Canteen, diner: DemoDiner) -> ConsentRecord:
    return ConsentRecord(
        site_id=canteen.site,
        business_day=canteen.first_day,
        id=uuid7(),
        consent=f"demo-{diner.id}",
        event=ConsentEvent.GIVEN,
        diner=diner.id,
        purpose=Purpose.FACE_PAYMENT,
        notice_version=1,
        notice_hash=sha256(NOTICE.encode()).digest(),
        channel=Channel.OFFICE,
        at=_opened(canteen),
        actor=ACTOR,
    )


def _opened(canteen: Canteen) -> datetime:
    return datetime.combine(canteen.first_day, time(0), UTC)


def initials(name: str) -> str:
    """Give the first letters of a name's pinyin, to find it by typing."""
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()


def snapshot(session: Session, site: str) -> Snapshot:
    """Export all master data of a site that comes down to its tills."""
    revision = session.get_one(Site, site).revision
    return Snapshot(
        site_id=site, after=0, upto=revision, rows=tuple(_carried(session, site))
    )


def _carried(session: Session, site: str) -> Iterator[Row]:
    classes = {
        mapper.class_.__tablename__: mapper.class_
        for mapper in OfficeBase.registry.mappers
    }
    for kind in carried_tables():
        table = classes[kind]
        for row in session.scalars(select(table).filter_by(site_id=site)):
            content = content_of(kind, row)
            yield Row(kind, key_of(kind, content), row.revision, dict(content))
