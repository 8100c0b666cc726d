"""Databases for tests: a fresh SQLite file or PostgreSQL database each."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from migrations.runner import Tree, upgrade
from models.tables.engines import postgresql_engine, sqlite_engine
from tests import postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgresql.Cluster]:
    with postgresql.running() as running:
        yield running


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)],
)
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind that the office runs on."""
    if request.param == "sqlite":
        engine = sqlite_engine(tmp_path / "office.db")
    else:
        cluster: postgresql.Cluster = request.getfixturevalue("cluster")
        engine = postgresql_engine(cluster.database(f"t{uuid4().hex}"))
    yield engine
    engine.dispose()


@pytest.fixture
def office_engine(empty_engine: Engine) -> Engine:
    """The office's database, migrated."""
    upgrade(empty_engine, Tree.BACKOFFICE)
    return empty_engine


@pytest.fixture
def till_engine(tmp_path: Path) -> Iterator[Engine]:
    """A till's database, migrated."""
    engine = sqlite_engine(tmp_path / "till.db")
    upgrade(engine, Tree.TERMINAL)
    yield engine
    engine.dispose()
