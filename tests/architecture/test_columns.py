"""Columns hold exact numbers only."""

from __future__ import annotations

from sqlalchemy import Engine, Float, Numeric, inspect
from sqlalchemy.types import TypeDecorator, TypeEngine

from models.tables import OfficeBase, TerminalBase

INEXACT = ("REAL", "FLOAT", "DOUBLE", "NUMERIC", "DECIMAL")


def stored(kind: TypeEngine[object]) -> TypeEngine[object]:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def test_no_column_is_declared_inexact() -> None:
    inexact = [
        f"{table}.{column.name}"
        for base in (OfficeBase, TerminalBase)
        for table in base.metadata.sorted_tables
        for column in table.columns
        if isinstance(stored(column.type), Float | Numeric)
    ]
    assert inexact == []


def test_no_migrated_column_is_inexact(
    office_engine: Engine, till_engine: Engine
) -> None:
    inexact = [
        f"{table}.{column['name']}: {column['type']}"
        for engine in (office_engine, till_engine)
        for table in inspect(engine).get_table_names()
        for column in inspect(engine).get_columns(table)
        if str(column["type"]).upper().startswith(INEXACT)
    ]
    assert inexact == []
