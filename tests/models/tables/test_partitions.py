"""Months are made ahead; no fact is ever refused for want of one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from migrations import environment
from models.tables.engines import postgresql_engine
from models.tables.partitions import fact_tables, make_months
from tests import makers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgresql import Cluster

NOVEMBER = date(2026, 11, 5)


@pytest.fixture
def is_postgresql(office_engine: Engine) -> bool:
    return office_engine.dialect.name == "postgresql"


def test_parents_come_before_children() -> None:
    names = [table.name for table in fact_tables()]
    assert names.index("fact") < names.index("sale") < names.index("sale_line")


def test_months_are_made_once(office_engine: Engine, is_postgresql: bool) -> None:
    with office_engine.begin() as connection:
        made = make_months(connection, NOVEMBER, 3)
        again = make_months(connection, NOVEMBER, 3)
        partitions = environment.partitions(connection)
    months = {"fact_y2026m11", "fact_y2026m12", "fact_y2027m01"}
    assert again == ()
    assert set(made) >= (months if is_postgresql else set())
    assert set(made) <= partitions


@pytest.fixture
def site_engine(office_cluster: Cluster) -> Iterator[Engine]:
    """The office's database on PostgreSQL."""
    with office_cluster.database(template="office") as address:
        engine = postgresql_engine(address)
        yield engine
        engine.dispose()


@pytest.mark.slow
def test_facts_lie_in_their_month_or_in_the_default(site_engine: Engine) -> None:
    with Session(site_engine) as session, session.begin():
        session.add(makers.an_office_fact_row(makers.a_fact(makers.a_sale())))
        session.flush()
        lies_in = session.scalar(text("SELECT tableoid::regclass::text FROM fact"))
    with site_engine.begin() as connection:
        made = make_months(connection, NOVEMBER, 1)
    assert lies_in == "fact_default"
    assert "fact_y2026m11" not in made
    assert "sale_y2026m11" in made
