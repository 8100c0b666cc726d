"""What may never be changed or deleted, said once and guarded three times.

`OFFICE` and `TERMINAL` are the lists. From them come the guard in the session (a row
changed or deleted through the ORM raises at flush) and the triggers in the database,
which also stop plain SQL. The migration runner re-creates the triggers after every
migration, because SQLite's batch alters drop them without a word; so a change of a
list comes with a migration, be it an empty one. The third guard is the nightly re-add
of the books.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import event, inspect, text

from models.domain.errors import DomainError
from models.tables.dishes import DishVersion, OfficePriceVersion
from models.tables.people import ConsentRecord
from models.tables.sales import (
    Evidence,
    OfficeFact,
    OfficeSale,
    OfficeSaleLine,
    OfficeVoid,
    Received,
    TillFact,
    TillSale,
    TillSaleLine,
    TillVoid,
)
from models.tables.site import Audit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection
    from sqlalchemy.orm import Mapper

    from models.tables.base import OfficeBase, TerminalBase

_FUNCTION: Final = "refuse_change"


class AppendOnly(DomainError):
    """A try to change or delete a row that is a record of what happened."""

    code = "append_only"
    chinese = "“{table}”中的记录不能修改或删除，请用冲销更正"
    english = "records in “{table}” are never changed or deleted; correct by reversal"


class Change(StrEnum):
    """What a guard stops."""

    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Guard:
    """Stops `changes` on the table of `row`, where `when` (SQL on OLD) holds."""

    row: type[OfficeBase | TerminalBase]
    changes: tuple[Change, ...] = (Change.UPDATE, Change.DELETE)
    when: str | None = None

    @property
    def table(self) -> str:
        """The table's name."""
        return str(self.row.__tablename__)


OFFICE: Final = (
    Guard(OfficeFact),
    Guard(Received),
    Guard(OfficeSale),
    Guard(OfficeSaleLine),
    Guard(OfficeVoid),
    Guard(Audit),
    Guard(ConsentRecord),
    Guard(DishVersion),
    Guard(OfficePriceVersion, when="OLD.approved_by IS NOT NULL"),
)
TERMINAL: Final = (
    Guard(TillFact),
    Guard(TillSale),
    Guard(TillSaleLine),
    Guard(TillVoid),
    Guard(Evidence, changes=(Change.UPDATE,)),  # deleted when its time is over
)


def recreate_triggers(connection: Connection, guards: tuple[Guard, ...]) -> None:
    """Make the triggers of all guarded tables that exist as the list says."""
    existing = set(inspect(connection).get_table_names())
    if connection.dialect.name == "postgresql":
        connection.execute(text(_POSTGRESQL_FUNCTION))
    for guard in guards:
        if guard.table in existing:
            for statement in _statements(guard, connection.dialect.name):
                connection.execute(text(statement))


_POSTGRESQL_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append_only: % on %', TG_OP, TG_TABLE_NAME;
END $$
"""


def _statements(guard: Guard, dialect: str) -> Iterator[str]:
    """Give the SQL that makes the triggers of one table anew."""
    make = _in_postgresql if dialect == "postgresql" else _in_sqlite
    for change in guard.changes:
        yield from make(guard, change)


def _in_sqlite(guard: Guard, change: Change) -> Iterator[str]:
    table, name = guard.table, f"{guard.table}_no_{change}"
    condition = f"WHEN ({guard.when})" if guard.when else ""
    yield f"DROP TRIGGER IF EXISTS {name}"
    yield (
        f"CREATE TRIGGER {name} BEFORE {change.upper()} ON {table} FOR EACH ROW"
        f" {condition} BEGIN"
        f" SELECT RAISE(ABORT, 'append_only: {change} on {table}'); END"
    )


def _in_postgresql(guard: Guard, change: Change) -> Iterator[str]:
    """Guard the rows; and what forbids to delete forbids to truncate."""
    condition = f"WHEN ({guard.when})" if guard.when else ""
    yield from _trigger(guard.table, change, f"ROW {condition}")
    if change is Change.DELETE:
        yield from _trigger(guard.table, "truncate", "STATEMENT")


def _trigger(table: str, change: str, each: str) -> Iterator[str]:
    name = f"{table}_no_{change}"
    yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
    yield (
        f"CREATE TRIGGER {name} BEFORE {change.upper()} ON {table}"
        f" FOR EACH {each} EXECUTE FUNCTION {_FUNCTION}()"
    )


def _refuse(mapper: Mapper[object], _connection: Connection, _row: object) -> None:
    raise AppendOnly(table=mapper.local_table.description)


for _guard in (*OFFICE, *TERMINAL):
    if _guard.when is None:
        for _change in _guard.changes:
            event.listen(_guard.row, f"before_{_change}", _refuse)
