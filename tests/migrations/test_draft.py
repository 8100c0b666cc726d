"""The next migration is drafted from the difference between files and tables."""

from __future__ import annotations

import ast

import pytest
from sqlalchemy import CheckConstraint, Column, Enum, MetaData, Table

from migrations.draft import draft
from migrations.runner import Tree, revisions
from models.domain.mealtimes import Meal
from models.tables import OfficeBase, TerminalBase
from models.tables.base import Fen


@pytest.mark.parametrize(
    ("tree", "tables"),
    [
        (Tree.TERMINAL, TerminalBase.metadata),
        (Tree.BACKOFFICE, OfficeBase.metadata),
    ],
    ids=["till", "office"],
)
def test_there_is_nothing_to_draft(tree: Tree, tables: MetaData) -> None:
    text = draft(tree, "Do nothing", tables)
    functions = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)]
    assert [ast.unparse(one.body[-1]) for one in functions] == ["pass", "pass"]


def test_a_new_table_is_drafted_with_its_named_checks() -> None:
    tables = MetaData(naming_convention=TerminalBase.metadata.naming_convention)
    for table in TerminalBase.metadata.sorted_tables:
        table.to_metadata(tables)
    Table(
        "purse",
        tables,
        Column("balance", Fen, nullable=False),
        Column("meal", Enum(Meal, native_enum=False, length=32)),
        CheckConstraint("balance >= 0", "balance"),
    )
    text = draft(Tree.TERMINAL, "Add purses", tables)
    ast.parse(text)
    assert f'down_revision = "{revisions(Tree.TERMINAL)[-1]}"' in text
    assert "sa.Column('balance', sa.BigInteger(), nullable=False)" in text
    assert "sa.String(length=32)" in text
    assert "ck_purse_balance" in text
    assert "op.drop_table('purse')" in text
