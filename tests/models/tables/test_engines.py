"""A database opens the way money needs it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqlalchemy import URL, text

from models.tables.engines import postgresql_engine, sqlite_engine, writing

if TYPE_CHECKING:
    from pathlib import Path


def test_sqlite_survives_a_power_cut_and_keeps_references(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / "a.db")
    with engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_ddl_rolls_back_with_its_transaction(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / "a.db")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
        connection.rollback()
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master").all()
    engine.dispose()
    assert tables == []


def test_writers_that_read_first_wait_for_each_other(tmp_path: Path) -> None:
    engine = writing(sqlite_engine(tmp_path / "a.db"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
        connection.execute(text("INSERT INTO t VALUES (0)"))

    def add_one() -> None:
        for _ in range(10):
            with engine.begin() as connection:
                now = connection.execute(text("SELECT x FROM t")).scalar_one()
                connection.execute(text("UPDATE t SET x = :x"), {"x": now + 1})

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        total = connection.execute(text("SELECT x FROM t")).scalar_one()
    engine.dispose()
    assert total == 40


def test_postgresql_is_reached_by_psycopg_3_fit_for_a_pooler() -> None:
    engine = postgresql_engine(URL.create("postgresql", database="canteen"))
    assert engine.driver == "psycopg"
