"""Opening a database the way money needs it.

SQLite: WAL, synchronous=FULL (a committed sale survives a power cut), foreign keys on,
transactions that really begin where SQLAlchemy says. A transaction that will write is
opened with `writing(engine)`: it takes the write lock at once and waits for it, where
one that read first would fail. PostgreSQL: psycopg 3, fit for a transaction pooler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import URL, Engine, create_engine, event

if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection as SQLiteConnection

    from sqlalchemy import Connection
    from sqlalchemy.pool import ConnectionPoolEntry

_BUSY_MS: Final = 5_000
_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {_BUSY_MS}",
)


def sqlite_engine(path: Path) -> Engine:
    """Open or create the SQLite file at `path`."""
    engine = create_engine(URL.create("sqlite+pysqlite", database=str(path)))
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: SQLiteConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # SQLAlchemy begins, not the driver
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def writing(engine: Engine) -> Engine:
    """Give the same database for transactions that write."""
    return engine.execution_options(begin="IMMEDIATE")


def postgresql_engine(url: URL) -> Engine:
    """Open a PostgreSQL database; prepared statements off for poolers."""
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"prepare_threshold": None},
    )
