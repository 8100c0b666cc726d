"""Master data at a till: what comes down from the office, and what changes here.

Rows from the office carry its revision, from 1; rows that this till made itself have
revision 0 and are never removed by a snapshot.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from models.domain.errors import DomainError
from models.sync.messages import canonical
from models.sync.rules import changes, follows
from models.tables.carried import (
    carried_tables,
    content_of,
    held_revisions,
    key_of,
    named_by,
    row_of,
)
from models.tables.site import TillTombstone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from models.sync.messages import JsonObject, Row, Snapshot
    from models.tables.base import TerminalBase

OWN: Final = 0
"""Revision of rows that this till made."""

HASHED: Final = frozenset(
    {"diner", "card", "face_template", "dish_feature", "calibration"}
)
"""Kinds whose content never enters the fact chain, which can't be deleted from: what is
personal, and what is bulky."""


class SnapshotHasGap(DomainError):
    """A snapshot that starts after what this till holds."""

    code = "snapshot_has_gap"
    chinese = "下发数据从版本 {after} 开始，本终端只到 {cursor}，请下发完整数据"
    english = "the snapshot starts after {after}, this till is at {cursor}: send all"


def take_over(session: Session, snapshot: Snapshot, cursor: int) -> int:
    """Write what a snapshot changes here; return how many rows that was.

    Raises `SnapshotHasGap` when rows between it and `cursor` would be missed.
    """
    if not follows(snapshot, cursor):
        raise SnapshotHasGap(after=snapshot.after, cursor=cursor)
    held = _held(session)
    rows = changes(held, snapshot)
    replaced = [(row.kind, row.key) for row in rows if (row.kind, row.key) in held]
    remove(session, snapshot.site_id, replaced)
    session.add_all(_arrived(snapshot.site_id, row) for row in rows)
    return len(rows)


def _held(session: Session) -> dict[tuple[str, str], int]:
    """Revisions of all rows and tombstones, by kind and key."""
    held = {
        (kind, key): revision
        for kind in carried_tables()
        for key, revision in held_revisions(session, kind).items()
    }
    for tomb in session.scalars(select(TillTombstone)):
        held[tomb.kind, tomb.key] = tomb.revision
    return held


def remove(session: Session, site_id: str, places: Iterable[tuple[str, str]]) -> None:
    """Remove rows, or the tombstones of rows, by kind and key."""
    for kind, key in places:
        table = carried_tables()[kind]
        session.execute(delete(table).filter_by(site_id=site_id, **named_by(kind, key)))
        session.execute(
            delete(TillTombstone).filter_by(site_id=site_id, kind=kind, key=key)
        )


def _arrived(site_id: str, row: Row) -> TerminalBase:
    if row.content is not None:
        return row_of(row.kind, site_id, row.revision, row.content)
    return TillTombstone(
        site_id=site_id, kind=row.kind, key=row.key, revision=row.revision
    )


def place_of(row: TerminalBase) -> tuple[str, str]:
    """Give kind and key of a row."""
    kind = str(row.__tablename__)
    return kind, key_of(kind, content_of(kind, row))


def change_of(row: TerminalBase, *, removed: bool = False) -> JsonObject:
    """Say in a fact what a row became; bulky and personal content by its hash."""
    kind, key = place_of(row)
    if removed:
        return {"kind": kind, "removed": key}
    content = content_of(kind, row)
    if kind in HASHED:
        return {"kind": kind, "sha256": sha256(canonical(content)).hexdigest()}
    return {"kind": kind, "key": key, "content": content}
