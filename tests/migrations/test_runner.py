"""Migrations go up, down and up again, and end in the shape that the tables declare."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.orm import Session

from migrations import environment, runner
from migrations.runner import BrokenReferences, NewerDatabase, Tree
from models.tables import OfficeBase, TerminalBase, guards
from models.tables.engines import postgresql_engine, sqlite_engine
from models.tables.guards import recreate_triggers
from models.tables.partitions import fact_tables
from tests import makers
from tests.migrations.shapes import shape, triggers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgresql import Cluster

BASES = {Tree.TERMINAL: TerminalBase, Tree.BACKOFFICE: OfficeBase}
GUARDS = {Tree.TERMINAL: guards.TERMINAL, Tree.BACKOFFICE: guards.OFFICE}


@dataclass(frozen=True)
class Place:
    """A tree and a kind of database that it runs on."""

    tree: Tree
    dialect: str

    def __str__(self) -> str:
        return f"{self.tree}-{self.dialect}"


@pytest.fixture(
    ids=str,
    params=[
        Place(Tree.TERMINAL, "sqlite"),
        Place(Tree.BACKOFFICE, "sqlite"),
        pytest.param(Place(Tree.BACKOFFICE, "postgresql"), marks=pytest.mark.slow),
    ],
)
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.param
    return found


@pytest.fixture
def tree(place: Place) -> Tree:
    return place.tree


@pytest.fixture
def database(
    place: Place, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Engine]:
    """An empty database."""
    if place.dialect == "sqlite":
        engine = sqlite_engine(tmp_path / "empty.db")
        yield engine
        engine.dispose()
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    with cluster.database() as address:
        engine = postgresql_engine(address)
        yield engine
        engine.dispose()


def declared_shape(tree: Tree, engine: Engine) -> dict[str, object]:
    """The shape the tables declare; the database is left empty again."""
    with engine.begin() as connection:
        BASES[tree].metadata.create_all(connection)
        recreate_triggers(connection, GUARDS[tree])
        found = shape(connection)
        BASES[tree].metadata.drop_all(connection)
    return found


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_a_tree_has_one_head_and_it_is_the_last_file(
    tree: Tree, database: Engine
) -> None:
    with database.connect() as connection:
        config = runner.configuration(connection, tree)
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [runner.revisions(tree)[-1]]
    walked = [script.revision for script in scripts.walk_revisions()]
    assert walked == runner.revisions(tree)[::-1]


def test_the_migrated_shape_is_the_declared_one(tree: Tree, database: Engine) -> None:
    expected = declared_shape(tree, database)
    runner.upgrade(database, tree)
    with database.connect() as connection:
        assert shape(connection) == expected


def test_alembic_finds_nothing_left_to_migrate(tree: Tree, database: Engine) -> None:
    runner.upgrade(database, tree)
    with database.connect() as connection:
        context = MigrationContext.configure(
            connection, opts=environment.comparison(connection)
        )
        assert compare_metadata(context, BASES[tree].metadata) == []


def test_every_migration_can_be_undone(tree: Tree, database: Engine) -> None:
    steps = ["base", *runner.revisions(tree)]
    shapes = {}
    for step in steps[1:]:
        runner.upgrade(database, tree, step)
        with database.connect() as connection:
            shapes[step] = shape(connection)
    for step in steps[-2:0:-1]:
        runner.downgrade(database, tree, step)
        with database.connect() as connection:
            assert shape(connection) == shapes[step]
    runner.downgrade(database, tree, "base")
    with database.connect() as connection:
        assert tables(connection) == {"alembic_version"}
    runner.upgrade(database, tree)
    with database.connect() as connection:
        assert shape(connection) == shapes[steps[-1]]


def test_a_current_database_costs_two_questions(tree: Tree, database: Engine) -> None:
    runner.upgrade(database, tree)
    asked: list[str] = []
    event.listen(
        database,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: asked.append(statement),
    )
    runner.upgrade(database, tree)
    assert len([one for one in asked if not one.startswith("BEGIN")]) == 2


def test_a_newer_database_is_left_alone(tree: Tree, database: Engine) -> None:
    runner.upgrade(database, tree)
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase):
        runner.upgrade(database, tree)


def test_two_programs_starting_at_once_migrate_once(
    tree: Tree, database: Engine
) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: runner.upgrade(database, tree), range(2)))
    with database.connect() as connection:
        assert runner.current(connection) == runner.revisions(tree)[-1]


def test_triggers_dropped_by_hand_come_back_with_the_next_migration(
    till_engine: Engine,
) -> None:
    with till_engine.begin() as connection:
        before = triggers(connection)
        connection.execute(text("DROP TRIGGER sale_no_update"))
    last_but_one = runner.revisions(Tree.TERMINAL)[-2]
    runner.downgrade(till_engine, Tree.TERMINAL, last_but_one)
    with till_engine.connect() as connection:
        assert triggers(connection) == before


def test_foreign_keys_hold_after_a_migration(till_engine: Engine) -> None:
    with till_engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_migration_that_leaves_rows_pointing_at_nothing_is_undone(
    tmp_path: Path,
) -> None:
    engine = sqlite_engine(tmp_path / "till.db")
    runner.upgrade(engine, Tree.TERMINAL, "0003")
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql(
            "INSERT INTO outbox VALUES ('s', '2026-11-23', 'lost', 1, 0, NULL)"
        )
        connection.exec_driver_sql("BEGIN")
    with pytest.raises(BrokenReferences):
        runner.upgrade(engine, Tree.TERMINAL)
    with engine.connect() as connection:
        assert runner.current(connection) == "0003"
    engine.dispose()


@pytest.mark.slow
def test_every_fact_has_a_place_from_the_first_migration_on(
    office_cluster: Cluster,
) -> None:
    with office_cluster.database(template="office") as address:
        engine = postgresql_engine(address)
        with engine.connect() as connection:
            partitions = environment.partitions(connection)
        engine.dispose()
    assert partitions == {f"{table.name}_default" for table in fact_tables()}


def test_rows_survive_going_up(empty_engine: Engine) -> None:
    runner.upgrade(empty_engine, Tree.BACKOFFICE, "0001")
    with Session(empty_engine) as session, session.begin():
        session.add(makers.a_site_row())
    runner.upgrade(empty_engine, Tree.BACKOFFICE)
    with empty_engine.connect() as connection:
        name = connection.scalar(text("SELECT name FROM site"))
    assert name == makers.a_site_row().name
