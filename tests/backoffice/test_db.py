"""The office's database: which addresses open it, and its two transactions."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from backoffice.db import Database, UnknownDatabase, open_engine
from models.tables.site import Site
from tests import makers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgresql import Cluster


@pytest.fixture
def address(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """The address of an empty database of each kind."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'office.db'}"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    with cluster.database() as url:
        yield url.render_as_string(hide_password=False)


def test_opening_makes_the_tables(address: str) -> None:
    database = Database.open(address)
    with database.reading() as session:
        assert session.get(Site, makers.SITE) is None
    database.close()


def test_what_was_written_is_read_after_opening_again(address: str) -> None:
    database = Database.open(address)
    with database.writing() as session:
        session.add(makers.a_site_row())
    database.close()
    again = Database.open(address)
    with again.reading() as session:
        assert session.get_one(Site, makers.SITE).name == makers.a_site_row().name
    again.close()


class Interrupted(Exception):
    pass


def test_an_error_leaves_nothing_behind(address: str) -> None:
    database = Database.open(address)
    with suppress(Interrupted), database.writing() as session:
        session.add(makers.a_site_row())
        session.flush()
        raise Interrupted
    with database.reading() as session:
        assert session.get(Site, makers.SITE) is None
    database.close()


@pytest.mark.parametrize(
    "wrong",
    ["", "office.db", "sqlite://", "mysql://canteen:secret@host/name"],
)
def test_other_addresses_are_refused_without_repeating_the_password(
    wrong: str,
) -> None:
    with pytest.raises(UnknownDatabase) as refused:
        open_engine(wrong)
    assert "secret" not in str(refused.value)


def test_a_postgresql_address_opens_with_psycopg_3() -> None:
    assert open_engine("postgresql://canteen@host/name").driver == "psycopg"
