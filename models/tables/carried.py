"""Rows that come down to a till, as plain content of messages and back.

A table is carried when the till's class has `CarriedColumns`. Its rows travel under the
table's name as `kind`; the content holds every column of the till's table but the site
and the revision, in plain JSON values: money in fen, mass in mg, bytes in base64.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import inspect, select

from models.domain.errors import DomainError
from models.domain.units import Mass, Money
from models.tables.base import Digest, Fen, Instant, Milligrams, TerminalBase
from models.tables.site import CarriedColumns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy.orm import Session
    from sqlalchemy.types import TypeEngine

    from models.tables.base import OfficeBase

Plain = str | int | bool | None
Content = dict[str, Plain]

_ENVELOPE: Final = frozenset({"site_id", "revision"})


class UnreadableRow(DomainError):
    """Content of a snapshot that is no row of the table it names."""

    code = "unreadable_row"
    chinese = "下发数据中 {kind} 的一行无法识别（{why}），未作任何更改，请联系技术人员"
    english = "a row of {kind} in the snapshot is unreadable ({why}); nothing changed"


@dataclass(frozen=True, slots=True)
class _Codec:
    """How one type travels: as `plain`, written by `write`, read by `read`."""

    plain: type
    write: Callable[[Any], Plain]
    read: Callable[[Any], object]


def _same(value: Any) -> Any:  # noqa: ANN401 - any plain value
    return value


_CODECS: Final[Mapping[type, _Codec]] = {
    str: _Codec(str, _same, _same),
    int: _Codec(int, _same, _same),
    bool: _Codec(bool, _same, _same),
    Money: _Codec(int, lambda money: money.fen, Money),
    Mass: _Codec(int, lambda mass: mass.mg, Mass),
    UUID: _Codec(str, str, UUID),
    date: _Codec(str, date.isoformat, date.fromisoformat),
    datetime: _Codec(
        str, lambda at: at.astimezone(UTC).isoformat(), datetime.fromisoformat
    ),
    bytes: _Codec(
        str,
        lambda data: base64.b64encode(data).decode("ascii"),
        lambda text: base64.b64decode(text, validate=True),
    ),
}

_OWN_TYPES: Final[Mapping[type, type]] = {
    Fen: Money,
    Milligrams: Mass,
    Instant: datetime,
    Digest: bytes,
}
"""What our column types hold; SQLAlchemy's own say it themselves."""


@cache
def carried_tables() -> Mapping[str, type[TerminalBase]]:
    """List the till's tables whose rows come down, by kind."""
    mappers = TerminalBase.registry.mappers
    return {
        mapper.class_.__tablename__: mapper.class_
        for mapper in mappers
        if CarriedColumns in mapper.class_.__mro__
    }


@cache
def _columns(kind: str) -> Mapping[str, tuple[_Codec, bool]]:
    """Give codec and nullability of every column that travels."""
    table = inspect(carried_tables()[kind])
    return {
        name: (_codec(column.type), bool(column.nullable))
        for name, column in table.columns.items()
        if name not in _ENVELOPE
    }


def _codec(column_type: TypeEngine[Any]) -> _Codec:
    held = _OWN_TYPES.get(type(column_type)) or column_type.python_type
    if issubclass(held, Enum):
        return _Codec(str, lambda word: str(word.value), held)
    return _CODECS[held]


@cache
def key_columns(kind: str) -> tuple[str, ...]:
    """Name the columns that name a row within its site."""
    table = inspect(carried_tables()[kind])
    return tuple(
        column.name for column in table.primary_key if column.name != "site_id"
    )


def key_of(kind: str, content: Mapping[str, Any]) -> str:
    """Write the key of a row with this content: its key columns as one JSON list."""
    parts = [content[name] for name in key_columns(kind)]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def content_of(kind: str, row: OfficeBase | TerminalBase) -> Content:
    """Write what the till needs of a row, whichever side holds it."""
    content: Content = {}
    for name, (codec, _) in _columns(kind).items():
        value = getattr(row, name)
        content[name] = None if value is None else codec.write(value)
    return content


def row_of(
    kind: str, site_id: str, revision: int, content: Mapping[str, Any]
) -> TerminalBase:
    """Read a row back; raises `UnreadableRow`."""
    if kind not in carried_tables():
        raise UnreadableRow(kind=kind, why="no such table")
    try:
        values = {
            name: _read(codec, nullable, content[name])
            for name, (codec, nullable) in _columns(kind).items()
        }
    except (KeyError, ValueError, TypeError) as error:
        raise UnreadableRow(kind=kind, why=repr(error)) from error
    return carried_tables()[kind](site_id=site_id, revision=revision, **values)


def held_revisions(session: Session, kind: str) -> dict[str, int]:
    """Map the key of every row that is held to its revision."""
    table = carried_tables()[kind]
    names = key_columns(kind)
    columns = [getattr(table, name) for name in (*names, "revision")]
    return {
        _written_key(kind, values): revision
        for *values, revision in session.execute(select(*columns))
    }


def _written_key(kind: str, values: Iterable[Any]) -> str:
    columns = _columns(kind)
    named = zip(key_columns(kind), values, strict=True)
    return key_of(kind, {name: columns[name][0].write(value) for name, value in named})


def named_by(kind: str, key: str) -> dict[str, Any]:
    """Give the typed values of the key columns that `key` names."""
    columns = _columns(kind)
    parts = zip(key_columns(kind), json.loads(key), strict=True)
    return {name: columns[name][0].read(part) for name, part in parts}


def _read(codec: _Codec, nullable: bool, plain: object) -> object:  # noqa: FBT001 - a column's own property
    if plain is None and nullable:
        return None
    if type(plain) is not codec.plain:
        raise TypeError(f"{plain!r} is no {codec.plain.__name__}")
    return codec.read(plain)
