"""The whole shape of a database as one comparable value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from migrations import environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine.interfaces import ReflectedColumn

_SQLITE_TRIGGERS = (
    "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
)
_POSTGRESQL_TRIGGERS = """
SELECT t.tgname, c.relname, pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND NOT c.relispartition
"""
_PARTITION_KEYS = """
SELECT relname, pg_get_partkeydef(oid) FROM pg_class WHERE relkind = 'p'
"""


def shape(connection: Connection) -> dict[str, Any]:
    """Tables with columns, keys, checks and indexes; triggers; partition keys."""
    found = inspect(connection)
    left_out = {"alembic_version", *environment.partitions(connection)}
    tables = sorted(set(found.get_table_names()) - left_out)
    return {
        "tables": {name: _table(connection, name) for name in tables},
        "triggers": triggers(connection),
        "partition_keys": _partition_keys(connection),
    }


def _table(connection: Connection, name: str) -> dict[str, Any]:
    found = inspect(connection)
    return {
        "columns": [_column(column) for column in found.get_columns(name)],
        "primary_key": found.get_pk_constraint(name),
        "foreign_keys": _by_name(
            key
            for key in found.get_foreign_keys(name)
            if key["referred_table"] not in environment.partitions(connection)
        ),
        "checks": _by_name(found.get_check_constraints(name)),
        "indexes": _by_name(found.get_indexes(name)),
        "uniques": _by_name(found.get_unique_constraints(name)),
    }


def _column(column: ReflectedColumn) -> tuple[object, ...]:
    return (column["name"], str(column["type"]), column["nullable"], column["default"])


def _by_name(things: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(things, key=lambda thing: str(thing["name"]))


def triggers(connection: Connection) -> list[tuple[str, ...]]:
    """Name, table and text of every trigger that we made."""
    is_sqlite = connection.dialect.name == "sqlite"
    query = _SQLITE_TRIGGERS if is_sqlite else _POSTGRESQL_TRIGGERS
    return sorted(tuple(row) for row in connection.execute(text(query)))


def _partition_keys(connection: Connection) -> list[tuple[str, ...]]:
    if connection.dialect.name == "sqlite":
        return []
    return sorted(tuple(row) for row in connection.execute(text(_PARTITION_KEYS)))
