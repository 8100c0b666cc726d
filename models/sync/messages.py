"""What tills and the office say to each other, and the one way to write it as bytes.

A `Fact` goes up: something that happened at a till, once and for ever. A `Snapshot`
comes down: the master data of a site, every row with its revision, deleted rows as
tombstones. Both travel as canonical JSON, so that equal messages are equal bytes and
have equal hashes on every machine.

Canonical JSON here is UTF-8 without spaces, keys in order of code points, integers of
at most 64 bits, no floats, no repeated key. Text is kept as it was typed, in whatever
Unicode form: a hash must never depend on the Unicode tables of a Python version.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NoReturn
from uuid import UUID

from models.domain.errors import SyncRefused

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""What a message may hold: JSON without floats."""

JsonObject = Mapping[str, Json]

WIRE_VERSION: Final = 1
"""Raised when a reader of the version before could misread a message."""

GENESIS: Final = bytes(32)
"""The `prev_hash` of a terminal's first fact."""

MAX_FACT_BYTES: Final = 1 << 18
"""A fact is a sale or a weighing, never a picture."""

_INTEGERS: Final = range(-(1 << 63), 1 << 63)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MAX_DEPTH: Final = 32


class NotCanonical(SyncRefused):
    """A value that canonical JSON cannot hold, or bytes that are not canonical."""

    code = "not_canonical"
    chinese = "数据格式不规范（{where}：{what}），已保留原始记录，请联系技术人员"
    english = "not canonical ({where}: {what}); the record is kept, call support"


class UnknownVersion(SyncRefused):
    """A message from a newer program."""

    code = "unknown_version"
    chinese = "数据版本 {version} 高于本程序支持的 {known}，请先升级本程序"
    english = "message version {version}, this program knows {known}: update it first"


class AlteredSnapshot(SyncRefused):
    """A snapshot whose rows do not give the hash it names."""

    code = "altered_snapshot"
    chinese = "下发数据不完整或被改动，未作任何更改，请重新获取"
    english = "the snapshot is incomplete or altered; nothing changed, fetch it again"


def canonical(value: Json) -> bytes:
    """Write `value` as canonical JSON; `NotCanonical` names the first bad place."""
    _check(value, "$", 0)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _check(value: object, where: str, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise NotCanonical(where=where, what=f"deeper than {_MAX_DEPTH}")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key, where)
            _check(inner, f"{where}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _check(inner, f"{where}[{index}]", depth + 1)
    else:
        _check_scalar(value, where)


def _check_scalar(value: object, where: str) -> None:
    match value:
        case str():
            _check_text(value, where)
        case int() if value not in _INTEGERS:
            raise NotCanonical(where=where, what="more than 64 bits")
        case int() | None:
            return
        case _:
            raise NotCanonical(where=where, what=type(value).__name__)


def _check_text(text: object, where: str) -> None:
    if not isinstance(text, str):
        raise NotCanonical(where=where, what=f"key {text!r} is no text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(where=where, what="half a surrogate pair") from error


def parse_canonical(data: bytes) -> Json:
    """Read canonical JSON; bytes that `canonical` would write otherwise are refused."""
    try:
        value: Json = json.loads(
            data.decode(),
            parse_float=_no_float,
            parse_constant=_no_float,
            object_pairs_hook=_object,
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise NotCanonical(where="$", what=str(error)) from error
    if canonical(value) != data:
        raise NotCanonical(where="$", what="spaces, order of keys or escapes")
    return value


def _no_float(text: str) -> NoReturn:
    raise NotCanonical(where="$", what=f"float {text}")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotCanonical(where="$", what="a key twice")
    return found


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened at a terminal: a sale, a weighing.

    `schema` is the version of `body` for this `kind`. `seq` counts the terminal's facts
    from 1, and `prev_hash` is the hash of the one before (`GENESIS` for the first), so
    that a gap or an edit shows. `business_day` is the canteen's day.
    """

    kind: str
    schema: int
    id: UUID
    site_id: str
    terminal_id: str
    business_day: date
    seq: int
    prev_hash: bytes
    body: JsonObject

    def __post_init__(self) -> None:
        problems = {
            "kind": not _NAME.fullmatch(self.kind),
            "schema": self.schema < 1,
            "site_id": not self.site_id,
            "terminal_id": not self.terminal_id,
            "seq": self.seq < 1,
            "prev_hash": len(self.prev_hash) != len(GENESIS),
        }
        for name, wrong in problems.items():
            if wrong:
                raise NotCanonical(where=name, what=repr(getattr(self, name)))

    def canonical(self) -> bytes:
        """Give the bytes that are stored, journalled, hashed and sent."""
        data = canonical(
            {
                "v": WIRE_VERSION,
                "kind": self.kind,
                "schema": self.schema,
                "id": str(self.id),
                "site_id": self.site_id,
                "terminal_id": self.terminal_id,
                "business_day": self.business_day.isoformat(),
                "seq": self.seq,
                "prev_hash": self.prev_hash.hex(),
                "body": self.body,
            }
        )
        if len(data) > MAX_FACT_BYTES:
            raise NotCanonical(where="$", what=f"more than {MAX_FACT_BYTES} bytes")
        return data

    def hash(self) -> bytes:
        """SHA-256 of the canonical bytes: what idempotency and the chain compare."""
        return hashlib.sha256(self.canonical()).digest()


def parse_fact(data: bytes) -> Fact:
    """Read a fact from its canonical bytes; `SyncRefused` says what is wrong."""
    if len(data) > MAX_FACT_BYTES:
        raise NotCanonical(where="$", what=f"more than {MAX_FACT_BYTES} bytes")
    fields = _Fields(parse_canonical(data))
    fields.know_version()
    fact = Fact(
        kind=fields.text("kind"),
        schema=fields.integer("schema"),
        id=fields.uuid("id"),
        site_id=fields.text("site_id"),
        terminal_id=fields.text("terminal_id"),
        business_day=fields.day("business_day"),
        seq=fields.integer("seq"),
        prev_hash=fields.hash("prev_hash"),
        body=fields.object("body"),
    )
    if fact.canonical() != data:
        raise NotCanonical(where="$", what="unknown fields or another spelling")
    return fact


@dataclass(frozen=True, slots=True)
class Row:
    """One row of master data: `content` in full, or `None` when it was deleted.

    `key` names the row within its `kind`; `revision` is the site's counter at its last
    change, so that of two copies of a row the higher is the newer.
    """

    kind: str
    key: str
    revision: int
    content: JsonObject | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Master data of a site: all rows changed after `after`, up to `upto`.

    `after == 0` is a complete snapshot: what it does not name no longer exists.
    """

    site_id: str
    after: int
    upto: int
    rows: tuple[Row, ...]

    @property
    def is_complete(self) -> bool:
        """Whether rows that it does not name are to be removed."""
        return self.after == 0

    def to_bytes(self) -> bytes:
        """Write as JSON lines: a header with count and hash, then a line a row."""
        lines = [
            canonical([row.kind, row.key, row.revision, row.content])
            for row in self.rows
        ]
        header: JsonObject = {
            "v": WIRE_VERSION,
            "site_id": self.site_id,
            "after": self.after,
            "upto": self.upto,
            "rows": len(lines),
            "hash": _hash_lines(lines).hex(),
        }
        return b"\n".join([canonical(header), *lines]) + b"\n"


def _hash_lines(lines: list[bytes]) -> bytes:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line + b"\n")
    return digest.digest()


def parse_snapshot(data: bytes) -> Snapshot:
    """Read a whole snapshot, or raise before anything of it is used."""
    first, *lines = data.removesuffix(b"\n").split(b"\n")
    header = _Fields(parse_canonical(first))
    header.know_version()
    claims = (header.integer("rows"), header.hash("hash"))
    if claims != (len(lines), _hash_lines(lines)):
        raise AlteredSnapshot
    return Snapshot(
        site_id=header.text("site_id"),
        after=header.integer("after"),
        upto=header.integer("upto"),
        rows=tuple(_parse_row(parse_canonical(line)) for line in lines),
    )


def _parse_row(value: Json) -> Row:
    match value:
        case [str() as kind, str() as key, int() as revision, None]:
            return Row(kind, key, revision, None)
        case [str() as kind, str() as key, int() as revision, dict() as content]:
            return Row(kind, key, revision, content)
        case _:
            raise NotCanonical(where="row", what=repr(value)[:80])


class _Fields:
    """Typed reading of a message's fields; a wrong one is named in the error."""

    def __init__(self, value: Json) -> None:
        if not isinstance(value, dict):
            raise NotCanonical(where="$", what="no object")
        self._found = value

    def know_version(self) -> None:
        """Refuse a message that a newer program wrote."""
        version = self.integer("v")
        if version > WIRE_VERSION:
            raise UnknownVersion(version=version, known=WIRE_VERSION)

    def text(self, name: str) -> str:
        value = self._found.get(name)
        return value if isinstance(value, str) else self._refuse(name)

    def integer(self, name: str) -> int:
        value = self._found.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return self._refuse(name)

    def object(self, name: str) -> JsonObject:
        value = self._found.get(name)
        return value if isinstance(value, dict) else self._refuse(name)

    def hash(self, name: str) -> bytes:
        try:
            value = bytes.fromhex(self.text(name))
        except ValueError:
            self._refuse(name)
        return value if len(value) == len(GENESIS) else self._refuse(name)

    def uuid(self, name: str) -> UUID:
        try:
            return UUID(self.text(name))
        except ValueError:
            self._refuse(name)

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        raise NotCanonical(where=name, what=repr(self._found.get(name))[:80])
