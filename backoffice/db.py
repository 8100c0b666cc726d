"""The office's database: opening it, and the two kinds of transaction.

SQLite is the embedded default; a site sets a PostgreSQL address. Knows no HTTP: views
get their sessions from the application, services and queries take one as an argument.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from migrations.runner import Tree, upgrade
from models.domain.errors import DomainError
from models.tables.engines import postgresql_engine, sqlite_engine, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


class UnknownDatabase(DomainError):
    """An address of a database that this product does not run on."""

    code = "unknown_database"
    chinese = "数据库地址无效，应为 sqlite:///文件路径 或 postgresql://用户@主机/库名"
    english = "no such database: use sqlite:///path or postgresql://user@host/name"


def open_engine(address: str) -> Engine:
    """Open the database at `address`; a password in it is never repeated in errors."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise UnknownDatabase from None
    match url.get_backend_name():
        case "postgresql":
            return postgresql_engine(url)
        case "sqlite" if url.database:
            return sqlite_engine(Path(url.database))
        case _:
            raise UnknownDatabase


@dataclass(frozen=True, slots=True)
class Database:
    """The office's database, migrated and ready."""

    engine: Engine

    @classmethod
    def open(cls, address: str) -> Self:
        """Open the database and bring it to this program's shape."""
        engine = open_engine(address)
        upgrade(engine, Tree.BACKOFFICE)
        return cls(engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session whose transaction only reads."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose transaction is committed, or rolled back on error."""
        with Session(writing(self.engine)) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
