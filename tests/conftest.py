"""Databases for tests: a fresh SQLite file or PostgreSQL database each.

Each kind is migrated once a session and copied. Hypothesis runs without deadlines: a
machine that is busy breaks no law.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from migrations.runner import Tree, upgrade
from models.tables.engines import postgresql_engine, sqlite_engine
from tests import postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

settings.register_profile("canteen", deadline=None)
settings.load_profile("canteen")

_OFFICE_TEMPLATE = "office"


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgresql.Cluster]:
    with postgresql.running() as running:
        yield running


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)],
)
def dialect(request: pytest.FixtureRequest) -> str:
    """Name each kind of database that the office runs on."""
    name: str = request.param
    return name


@pytest.fixture
def empty_engine(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Engine]:
    """An empty database of each kind."""
    if dialect == "sqlite":
        yield from _lent(sqlite_engine(tmp_path / "empty.db"))
        return
    cluster: postgresql.Cluster = request.getfixturevalue("cluster")
    with cluster.database() as address:
        yield from _lent(postgresql_engine(address))


@pytest.fixture
def office_engine(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Engine]:
    """The office's database of each kind, migrated."""
    if dialect == "sqlite":
        template: Path = request.getfixturevalue("office_file")
        copy = Path(shutil.copy(template, tmp_path / "office.db"))
        yield from _lent(sqlite_engine(copy))
        return
    cluster: postgresql.Cluster = request.getfixturevalue("office_cluster")
    with cluster.database(template=_OFFICE_TEMPLATE) as address:
        yield from _lent(postgresql_engine(address))


def _lent(engine: Engine) -> Iterator[Engine]:
    yield engine
    engine.dispose()


@pytest.fixture
def till_engine(till_file: Path, tmp_path: Path) -> Iterator[Engine]:
    """A till's database, migrated."""
    engine = sqlite_engine(Path(shutil.copy(till_file, tmp_path / "till.db")))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def office_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _migrated(tmp_path_factory.mktemp("office") / "office.db", Tree.BACKOFFICE)


@pytest.fixture(scope="session")
def till_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _migrated(tmp_path_factory.mktemp("till") / "till.db", Tree.TERMINAL)


def _migrated(path: Path, tree: Tree) -> Path:
    """Migrate a SQLite file; closing folds its write-ahead log into it."""
    engine = sqlite_engine(path)
    upgrade(engine, tree)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def office_cluster(cluster: postgresql.Cluster) -> Iterator[postgresql.Cluster]:
    """The cluster with a migrated database to copy."""
    with cluster.database(_OFFICE_TEMPLATE) as address:
        engine = postgresql_engine(address)
        upgrade(engine, Tree.BACKOFFICE)
        engine.dispose()
        yield cluster
