"""Bring a database to the shape that this program needs, or to an earlier one.

`upgrade` runs at every start: it costs one query when there is nothing to do. One
process migrates, the others wait. A migration is one transaction: it happens wholly or
not at all. Afterwards the append-only triggers are made anew from their list.
"""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

from models.domain.errors import DomainError
from models.tables.engines import writing
from models.tables.guards import OFFICE, TERMINAL, recreate_triggers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection, Engine

_HERE: Final = Path(__file__).parent
_VERSION_TABLE: Final = "alembic_version"
_LOCK: Final = 0x6361_6E74_6565_6E
"""PostgreSQL advisory lock of whoever migrates ("canteen")."""


class Tree(StrEnum):
    """The two databases, each with its own line of migrations."""

    TERMINAL = "terminal"
    BACKOFFICE = "backoffice"


_GUARDS: Final = {Tree.TERMINAL: TERMINAL, Tree.BACKOFFICE: OFFICE}


class NewerDatabase(DomainError):
    """A database that a newer program has already changed."""

    code = "newer_database"
    chinese = "数据库版本 {found} 比本程序新，请升级程序，不要用旧程序打开"
    english = "the database is at {found}, newer than this program: update the program"


class BrokenReferences(DomainError):
    """A migration that left rows pointing at nothing; it was rolled back."""

    code = "broken_references"
    chinese = "数据库升级后有 {count} 处引用断开，已撤销升级，请联系技术人员"
    english = "the upgrade broke {count} references and was undone; call support"


def revisions(tree: Tree) -> list[str]:
    """List the revisions of a tree, oldest first: they are the files' numbers."""
    files = (_HERE / tree / "versions").glob("[0-9]*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def current(connection: Connection) -> str | None:
    """Tell the revision of a database, `None` when it is empty."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    query = text(f"SELECT version_num FROM {_VERSION_TABLE}")  # noqa: S608 - a constant
    found: str | None = connection.scalar(query)
    return found


def upgrade(engine: Engine, tree: Tree, revision: str = "head") -> None:
    """Migrate forwards to `revision`; does nothing when it is already there."""
    target = revisions(tree)[-1] if revision == "head" else revision
    with engine.connect() as connection:
        if current(connection) == target:
            return
    from alembic import command  # noqa: PLC0415 - slow, only when migrating

    with _migrating(engine, tree) as (connection, config):
        found = current(connection)
        if found is not None and found not in revisions(tree):
            raise NewerDatabase(found=found)
        command.upgrade(config, target)


def downgrade(engine: Engine, tree: Tree, revision: str) -> None:
    """Migrate backwards to `revision`, or to nothing with "base"."""
    from alembic import command  # noqa: PLC0415 - slow, only when migrating

    with _migrating(engine, tree) as (_, config):
        command.downgrade(config, revision)


@contextmanager
def _migrating(engine: Engine, tree: Tree) -> Iterator[tuple[Connection, Config]]:
    """Hold the one migration transaction, and leave triggers and references whole."""
    with writing(engine).connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            # Only outside a transaction; batch alters drop and re-create tables.
            _pragma(connection, "foreign_keys = OFF")
        try:
            with connection.begin():
                if not is_sqlite:
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection, configuration(connection, tree)
                recreate_triggers(connection, _GUARDS[tree])
                if is_sqlite:
                    _require_whole(connection)
        finally:
            if is_sqlite:
                _pragma(connection, "foreign_keys = ON")


def _pragma(connection: Connection, pragma: str) -> None:
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(f"PRAGMA {pragma}").close()


def _require_whole(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise BrokenReferences(count=len(broken))


def configuration(connection: Connection, tree: Tree) -> Config:
    """Give Alembic's configuration of a tree on an open connection."""
    from alembic.config import Config  # noqa: PLC0415 - slow, only when migrating

    config = Config()
    config.set_main_option("script_location", str(_HERE / tree))
    config.attributes["connection"] = connection
    return config
