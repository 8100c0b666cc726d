"""Columns keep exact values, refuse wrong ones, and every key leads with the site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, Table, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from models.domain.mealtimes import Meal
from models.domain.people import DinerGroup
from models.domain.serving import Portion, VesselShape
from models.domain.units import Mass, Money, Ppm
from models.tables import OfficeBase, TerminalBase
from models.tables.base import Digest, NaiveInstant
from models.tables.dishes import OfficePriceVersion, OfficeVesselKind, TillServing
from models.tables.people import OfficeDiner, OfficeOrganisation
from models.tables.sales import Slice, TillFact, TillSale, TillSaleLine
from models.tables.site import Terminal, TillPolicy
from models.tables.values import line_columns, sale_columns
from tests import makers

if TYPE_CHECKING:
    from models.domain.sale import Sale

ALL_TABLES = [
    *OfficeBase.metadata.sorted_tables,
    *TerminalBase.metadata.sorted_tables,
]
GLOBAL_TABLES = {"person", "role_grant"}
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


@pytest.mark.parametrize("table", ALL_TABLES, ids=str)
def test_every_key_and_index_of_a_site_table_leads_with_the_site(table: Table) -> None:
    if table.name in GLOBAL_TABLES:
        assert "site_id" not in table.columns
        return
    assert table.primary_key.columns[0].name == "site_id"
    leads = {index.name: index.columns[0].name for index in table.indexes}
    assert set(leads.values()) <= {"site_id"}
    to_sites = [key.column_keys[0] for key in table.foreign_key_constraints]
    assert set(to_sites) <= {"site_id", "person"}


@pytest.mark.parametrize("table", ALL_TABLES, ids=str)
def test_every_constraint_has_a_name_that_fits_postgresql(table: Table) -> None:
    names = [constraint.name for constraint in table.constraints]
    names += [index.name for index in table.indexes]
    assert all(isinstance(name, str) and len(name) <= 63 for name in names)
    assert len(set(names)) == len(names)


def test_facts_are_keyed_by_site_day_and_id_and_partitioned_by_day() -> None:
    partitioned = {
        table.name: [column.name for column in table.primary_key][:3]
        for table in OfficeBase.metadata.sorted_tables
        if table.dialect_options["postgresql"]["partition_by"]
    }
    by_id = ["site_id", "business_day", "id"]
    assert partitioned.pop("sale_line") == ["site_id", "business_day", "sale_id"]
    assert partitioned == dict.fromkeys(
        ["audit", "consent_record", "fact", "sale", "void"], by_id
    )


def test_idempotency_is_not_partitioned() -> None:
    received = OfficeBase.metadata.tables["received"]
    assert [column.name for column in received.primary_key] == ["site_id", "id"]
    assert received.dialect_options["postgresql"]["partition_by"] is None


@given(fen=INT64, mg=INT64)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_money_and_mass_are_exact_to_the_last_unit(
    office_engine: Engine, fen: int, mg: int
) -> None:
    price = OfficePriceVersion.__table__.c.price
    tare = OfficeVesselKind.__table__.c.tare
    bound_price = text("SELECT :x").bindparams(x=fen).columns(price)
    with office_engine.connect() as connection:
        assert connection.scalar(bound_price) == Money(fen)
        bound_tare = text("SELECT :x").bindparams(x=mg).columns(tare)
        assert connection.scalar(bound_tare) == Mass(mg)


def test_money_goes_only_into_money_columns(office_engine: Engine) -> None:
    kind = a_vessel()
    kind.tare = Money(5)  # type: ignore[assignment]  # that is the test
    with pytest.raises(StatementError, match="mg"):
        store(office_engine, makers.a_site_row(), kind)


def a_vessel() -> OfficeVesselKind:
    return OfficeVesselKind(
        site_id=makers.SITE,
        code="bowl",
        name="碗",
        shape=VesselShape.BOWL,
        size_mm=150,
        tare=Mass(210_000),
    )


def store(engine: Engine, *rows: OfficeBase | TerminalBase) -> None:
    with Session(engine) as session, session.begin():
        for row in rows:
            session.add(row)
            session.flush()


def test_an_instant_comes_back_in_utc(office_engine: Engine) -> None:
    shanghai = timezone(timedelta(hours=8))
    seen = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=shanghai)
    hall = text("INSERT INTO hall VALUES ('yinchuan', 'h1', '一厅', 'han', 240, 1)")
    store(office_engine, makers.a_site_row())
    with office_engine.begin() as connection:
        connection.execute(hall)
    store(
        office_engine,
        Terminal(site_id=makers.SITE, code="t1", name="1", hall="h1", revoked_at=seen),
    )
    with Session(office_engine) as session:
        found = session.get_one(Terminal, (makers.SITE, "t1")).revoked_at
    assert found == seen
    assert found is not None
    assert found.tzinfo == UTC


def test_a_time_without_a_zone_is_refused(office_engine: Engine) -> None:
    audit = makers.an_audit_row()
    audit.at = datetime(2026, 11, 23, 12)  # noqa: DTZ001 - that is the test
    with pytest.raises(StatementError) as refused:
        store(office_engine, audit)
    assert isinstance(refused.value.orig, NaiveInstant)


def test_a_word_out_of_its_list_is_refused_by_the_database(
    office_engine: Engine,
) -> None:
    statement = text(
        "INSERT INTO hall VALUES ('yinchuan', 'h1', '一厅', 'west', 240, 1)"
    )
    store(office_engine, makers.a_site_row())
    with (
        pytest.raises(IntegrityError, match="ck_hall_kind"),
        office_engine.begin() as connection,
    ):
        connection.execute(statement)


def test_a_price_needs_a_second_person(office_engine: Engine) -> None:
    price = makers.a_price_row(approved_by="manager")
    with pytest.raises(IntegrityError, match="second_person"):
        store(office_engine, makers.a_site_row(), price)


def test_a_price_by_weight_needs_its_quantity(office_engine: Engine) -> None:
    price = makers.a_price_row()
    price.quantity = Mass(100_000)
    with pytest.raises(IntegrityError, match="by_weight"):
        store(office_engine, makers.a_site_row(), price)


def test_a_small_portion_has_a_price_or_a_share_never_half_of_each(
    office_engine: Engine,
) -> None:
    store(office_engine, makers.a_site_row())
    half_a_share, both = makers.a_price_row(), makers.a_price_row()
    half_a_share.small_over = 2
    both.small_price, both.small_over, both.small_under = Money(800), 2, 3
    for price in (half_a_share, both):
        with pytest.raises(IntegrityError, match="one_small"):
            store(office_engine, price)


def test_a_row_of_an_unknown_site_is_refused(office_engine: Engine) -> None:
    with pytest.raises(IntegrityError):
        store(office_engine, makers.a_dish_row())


def test_a_diner_may_have_no_usual_hall(office_engine: Engine) -> None:
    organisation = OfficeOrganisation(site_id=makers.SITE, code="o1", name="财政局")
    person = text("INSERT INTO person (id, name) VALUES ('p1', '王')")
    store(office_engine, makers.a_site_row(), organisation)
    with office_engine.begin() as connection:
        connection.execute(person)
    diner = OfficeDiner(
        site_id=makers.SITE,
        id="d1",
        name="王师傅",
        organisation="o1",
        diner_group=DinerGroup.STAFF,
        person="p1",
    )
    store(office_engine, diner)
    with Session(office_engine) as session:
        assert session.get_one(OfficeDiner, (makers.SITE, "d1")).usual_hall is None


@pytest.fixture
def sale(till_engine: Engine) -> Sale:
    sale = makers.a_sale()
    store(
        till_engine,
        makers.a_till_fact_row(makers.a_fact(sale)),
        TillSale(**sale_columns(sale)),
    )
    return sale


@pytest.mark.parametrize(
    ("change", "law"),
    [
        ({"paid": Money(599)}, "adds_up"),
        ({"count": 0}, "count"),
        ({"discount": Money(-1), "paid": Money(601)}, "not_negative"),
        ({"mass_variance": None}, "mass_whole"),
        ({"mass": Mass(-1)}, "mass_not_negative"),
        ({"posterior": Ppm(1_000_001)}, "posterior"),
        ({"price_version": None}, "price_known"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_the_database(
    till_engine: Engine, sale: Sale, change: dict[str, object], law: str
) -> None:
    (columns,) = line_columns(sale)
    with pytest.raises(IntegrityError, match=law):
        store(till_engine, TillSaleLine(**{**columns, **change}))


def test_a_line_needs_its_sale(till_engine: Engine) -> None:
    (columns,) = line_columns(makers.a_sale())
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        store(till_engine, TillSaleLine(**columns))


def test_a_till_uses_each_number_of_its_chain_once(
    till_engine: Engine, sale: Sale
) -> None:
    twin = makers.a_fact(makers.a_sale(number=2), seq=1)
    with pytest.raises(IntegrityError, match="seq"):
        store(till_engine, makers.a_till_fact_row(twin))


def test_a_hash_has_32_bytes(till_engine: Engine) -> None:
    row = makers.a_till_fact_row(makers.a_fact(makers.a_sale()))
    row.prev_hash = b"short"
    with pytest.raises(IntegrityError, match="prev_hash"):
        store(till_engine, row)
    assert isinstance(TillFact.__table__.c.hash.type, Digest)


def test_a_slice_never_pays_more_than_was_granted(till_engine: Engine) -> None:
    granted = Slice(
        site_id=makers.SITE,
        business_day=makers.DAY,
        meal=Meal.LUNCH,
        diner="d1",
        granted=Money(3_000),
    )
    store(till_engine, granted)
    with pytest.raises(IntegrityError, match="bounded"), till_engine.begin() as now:
        now.execute(text("UPDATE slice SET used = 3001"))


def test_what_comes_down_needs_no_order(till_engine: Engine) -> None:
    store(
        till_engine,
        TillServing(site_id=makers.SITE, dish="later", portion=Portion.WHOLE),
        TillPolicy(site_id=makers.SITE, name="charge_from_ppm", value="990000"),
    )
    with till_engine.connect() as connection:
        assert connection.scalar(text("SELECT vessel FROM serving")) == "*"
