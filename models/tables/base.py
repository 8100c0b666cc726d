"""What every table stands on: two bases, exact column types, and their laws.

`OfficeBase` holds the back office's tables, `TerminalBase` a till's; columns that both
hold are written once as a mixin. Rows are typed dataclasses, so a misspelt or missing
column is a type error. A law that belongs to a type (a share lies in 0..1 million, a
hash has 32 bytes, a word is one of its enum) becomes a named CHECK on every column of
that type; a law of one table is written in that table's `__table_args__`.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
)
from sqlalchemy import (
    Text as LongText,
)
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, mapped_column

from models.domain.errors import DomainError
from models.domain.units import CERTAIN, Mass, Money, Ppm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Dialect

HASH_BYTES: Final = 32
"""SHA-256."""

FIRST: Final = -1
"""`sort_order` of `site_id` in a mixin: it leads every key."""

LAST: Final = 1
"""`sort_order` of what only one of two bases adds."""

_NAMES: Final = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class NaiveInstant(DomainError):
    """A time without a zone, which could be any of 24 hours."""

    code = "naive_instant"
    chinese = "时间 {value} 没有时区，无法保存；请联系技术人员"
    english = "time {value} has no zone and cannot be stored; call the technician"


class Instant(TypeDecorator[datetime]):
    """An instant, stored in UTC to the microsecond; a naive time is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Turn into UTC; SQLite has no zones and keeps the bare UTC reading."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveInstant(value=value)
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Give every instant back in UTC."""
        if value is None:
            return None
        bare = dialect.name == "sqlite"
        return value.replace(tzinfo=UTC) if bare else value.astimezone(UTC)


class Fen(TypeDecorator[Money]):
    """Money as whole fen."""

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[Money]:
        """The type of a value in Python."""
        return Money

    def process_bind_param(self, value: Money | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Take the fen; anything but `Money` fails here, by attribute."""
        return None if value is None else value.fen

    def process_result_value(self, value: int | None, dialect: Dialect) -> Money | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Give `Money` back."""
        return None if value is None else Money(value)


class Milligrams(TypeDecorator[Mass]):
    """Mass as whole milligrams."""

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[Mass]:
        """The type of a value in Python."""
        return Mass

    def process_bind_param(self, value: Mass | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Take the milligrams; anything but `Mass` fails here, by attribute."""
        return None if value is None else value.mg

    def process_result_value(self, value: int | None, dialect: Dialect) -> Mass | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Give `Mass` back."""
        return None if value is None else Mass(value)


class Share(TypeDecorator[Ppm]):
    """A probability or share in parts per million."""

    impl = Integer
    cache_ok = True


class Digest(TypeDecorator[bytes]):
    """A SHA-256 hash."""

    impl = LargeBinary(HASH_BYTES)
    cache_ok = True


Code = Annotated[str, mapped_column(String(64))]
"""A short name that keys a row: a site, hall, dish, vessel kind, terminal."""

Hash = Annotated[bytes, mapped_column(Digest)]
"""A SHA-256 hash, 32 bytes."""

Blob = Annotated[bytes, mapped_column(LargeBinary)]
"""Bytes of any length: cipher text, feature vectors, canonical facts."""

Text = Annotated[str, mapped_column(LongText)]
"""Text of any length, such as JSON."""

Big = Annotated[int, mapped_column(BigInteger)]
"""An integer that may pass 2 thousand million: sums of squares, cursors."""


def _values(words: type[enum.Enum]) -> list[str]:
    return [str(word.value) for word in words]


_TYPES: Final[dict[Any, Any]] = {
    datetime: Instant,
    Money: Fen,
    Mass: Milligrams,
    Ppm: Share,
    str: String(255),
    # Text, not a native enum: a new word is then one changed CHECK.
    enum.Enum: Enum(enum.Enum, native_enum=False, length=32, values_callable=_values),
}


def _laws(column: Column[Any]) -> Iterator[CheckConstraint]:
    """Give the CHECK that the type of `column` asks for, if any."""
    if isinstance(column.type, Enum):
        yield CheckConstraint(column.in_(column.type.enums), name=column.name)
    elif isinstance(column.type, Share):
        yield CheckConstraint(f"{column.name} BETWEEN 0 AND {CERTAIN}", column.name)
    elif isinstance(column.type, Digest):
        yield CheckConstraint(f"length({column.name}) = {HASH_BYTES}", column.name)


class _Lawful(MappedAsDataclass, kw_only=True, eq=False):
    """Adds the laws of the column types to every table; rows compare by identity."""

    type_annotation_map: ClassVar[dict[Any, Any]] = _TYPES

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init_subclass__(**options)
        table = cls.__dict__.get("__table__")
        if isinstance(table, Table):
            for column in list(table.columns):
                for law in _laws(column):
                    table.append_constraint(law)


class OfficeBase(_Lawful, DeclarativeBase, kw_only=True, eq=False):
    """Tables of the back office."""

    metadata = MetaData(naming_convention=_NAMES)


class TerminalBase(_Lawful, DeclarativeBase, kw_only=True, eq=False):
    """Tables of one till."""

    metadata = MetaData(naming_convention=_NAMES)
