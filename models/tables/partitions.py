"""Monthly partitions of the fact tables, on PostgreSQL.

Every fact table is partitioned by business day from the first migration on, with a
default partition, so that no fact is ever refused for want of a month. Months are made
ahead; a month of which rows already lie in the default partition stays there.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, text

from models.tables.base import OfficeBase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

_DECEMBER: Final = 12


def fact_tables() -> tuple[Table, ...]:
    """Give the office's partitioned tables, parents before children."""
    tables = OfficeBase.metadata.sorted_tables
    return tuple(t for t in tables if t.dialect_options["postgresql"]["partition_by"])


def make_months(connection: Connection, first: date, count: int) -> tuple[str, ...]:
    """Make the partitions of `count` months from that of `first`; name the new ones.

    Does nothing for a partition that exists, for a month with rows in the default
    partition, and on SQLite.
    """
    if connection.dialect.name != "postgresql":
        return ()
    made: list[str] = []
    for start, end in _months(first, count):
        for table in fact_tables():
            name = f"{table.name}_y{start:%Ym%m}"
            if not _exists(connection, name) and _is_free(
                connection, table, start, end
            ):
                connection.execute(
                    text(
                        f"CREATE TABLE {name} PARTITION OF {table.name}"
                        f" FOR VALUES FROM ('{start}') TO ('{end}')"
                    )
                )
                made.append(name)
    return tuple(made)


def _months(first: date, count: int) -> Iterator[tuple[date, date]]:
    start = first.replace(day=1)
    for _ in range(count):
        end = _next_month(start)
        yield start, end
        start = end


def _next_month(start: date) -> date:
    if start.month == _DECEMBER:
        return date(start.year + 1, 1, 1)
    return start.replace(month=start.month + 1)


def _exists(connection: Connection, name: str) -> bool:
    return connection.scalar(select(func.to_regclass(name))) is not None


def _is_free(connection: Connection, table: Table, start: date, end: date) -> bool:
    """Tell whether the default partition holds no row of the month."""
    day = table.c.business_day
    query = select(day).where(day >= start, day < end).limit(1)
    return connection.scalar(query) is None
