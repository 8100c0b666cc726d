"""What happened stays: in the session and against plain SQL, in both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from models.domain.units import Money
from models.tables import guards
from models.tables.guards import AppendOnly, Change, Guard
from models.tables.partitions import fact_tables
from models.tables.sales import (
    Evidence,
    OfficeSale,
    OfficeSaleLine,
    OfficeVoid,
    TillSale,
    TillSaleLine,
    TillVoid,
)
from models.tables.values import line_columns, sale_columns
from tests import makers

if TYPE_CHECKING:
    from models.tables import OfficeBase, TerminalBase


def one_of_each_in_the_office() -> list[OfficeBase]:
    sale = makers.a_sale()
    void = makers.a_void(sale)
    fact = makers.a_fact(sale)
    return [
        makers.a_site_row(),
        makers.a_dish_row(),
        makers.a_dish_version_row(),
        makers.a_price_row(),
        makers.a_consent_row(),
        makers.an_audit_row(),
        makers.a_received_row(fact),
        makers.an_office_fact_row(fact),
        OfficeSale(**sale_columns(sale)),
        *(OfficeSaleLine(**columns) for columns in line_columns(sale)),
        makers.an_office_fact_row(makers.a_void_fact(void, seq=2)),
        OfficeVoid(**makers.void_columns(void)),
    ]


def one_of_each_at_the_till() -> list[TerminalBase]:
    sale = makers.a_sale()
    void = makers.a_void(sale)
    return [
        makers.a_till_fact_row(makers.a_fact(sale)),
        TillSale(**sale_columns(sale)),
        *(TillSaleLine(**columns) for columns in line_columns(sale)),
        makers.a_till_fact_row(makers.a_void_fact(void, seq=2)),
        TillVoid(**makers.void_columns(void)),
        Evidence(
            site_id=makers.SITE,
            business_day=makers.DAY,
            sale_id=sale.id,
            posterior="{}",
            keep_until=makers.DAY + timedelta(days=90),
        ),
    ]


@pytest.fixture
def office(office_engine: Engine) -> Engine:
    store(office_engine, one_of_each_in_the_office())
    return office_engine


@pytest.fixture
def till(till_engine: Engine) -> Engine:
    store(till_engine, one_of_each_at_the_till())
    return till_engine


def store(engine: Engine, rows: list[OfficeBase] | list[TerminalBase]) -> None:
    with Session(engine) as session, session.begin():
        for row in rows:
            session.add(row)
            session.flush()


def changes_that_pass(engine: Engine, guarded: tuple[Guard, ...]) -> list[str]:
    """Try every guarded change in plain SQL; name those that were not refused."""
    return [
        statement
        for guard in guarded
        for change in guard.changes
        for statement in attempts(guard.table, change, engine.dialect.name)
        if not refuses(engine, statement)
    ]


def attempts(table: str, change: Change, dialect: str) -> list[str]:
    if change is Change.UPDATE:
        return [f"UPDATE {table} SET site_id = site_id"]
    truncate = [f"TRUNCATE {table} CASCADE"] if dialect == "postgresql" else []
    return [f"DELETE FROM {table}", *truncate]


def refuses(engine: Engine, statement: str) -> bool:
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    except DatabaseError as error:
        return "append_only" in str(error)
    return False


def test_every_table_of_facts_is_guarded() -> None:
    facts = {table.name for table in fact_tables()}
    assert facts <= {guard.table for guard in guards.OFFICE}


def test_plain_sql_cannot_change_the_offices_records(office: Engine) -> None:
    assert changes_that_pass(office, guards.OFFICE) == []


def test_plain_sql_cannot_change_the_tills_records(till: Engine) -> None:
    assert changes_that_pass(till, guards.TERMINAL) == []


def test_evidence_may_be_deleted_when_its_time_is_over(till: Engine) -> None:
    assert not refuses(till, "DELETE FROM evidence")


def test_a_price_is_open_until_it_is_approved(office_engine: Engine) -> None:
    store(office_engine, [makers.a_site_row(), makers.a_price_row(approved_by=None)])
    assert not refuses(office_engine, "UPDATE price_version SET price = 1300")
    assert not refuses(office_engine, "UPDATE price_version SET approved_by = 'boss'")
    assert refuses(office_engine, "UPDATE price_version SET price = 1400")


def test_the_session_refuses_to_change_a_sale(till: Engine) -> None:
    with Session(till) as session:
        sale = session.query(TillSale).one()
        sale.total = Money(1)
        with pytest.raises(AppendOnly, match="sale"):
            session.flush()


def test_the_session_refuses_to_delete_a_sale(till: Engine) -> None:
    with Session(till) as session:
        session.delete(session.query(TillSaleLine).one())
        with pytest.raises(AppendOnly, match="sale_line"):
            session.flush()
