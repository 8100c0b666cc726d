"""What a till remembers survives kills, damage and second starts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from models.domain.facts import read_sale
from models.domain.units import Mass
from models.sync.messages import Row, Snapshot
from models.sync.rules import Link, chain_breaks
from models.tables.carried import content_of, key_of
from models.tables.dishes import TillDish
from models.tables.sales import Evidence, Outbox, TillSale, TillSaleLine
from models.tables.site import TillTombstone
from pos_terminal.journal import Journal, JournalDamaged
from pos_terminal.masters import OWN, SnapshotHasGap
from pos_terminal.store import (
    AlreadyRunning,
    NotSetUp,
    OtherSite,
    RecordsDisagree,
    Store,
    TrayEvidence,
)
from tests.makers import DAY, SITE, a_sale

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.domain.sale import Sale

EVIDENCE = TrayEvidence(
    picture=b"a tray",
    mass=Mass(812_000),
    posterior={"total_ppm": 998_000},
    question=None,
    keep_days=90,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "till.db"


def opened(path: Path) -> Store:
    store = Store(path)
    store.set_up(SITE, "t1", "h1")
    return store


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with opened(path) as store:
        yield store


def sold(store: Store) -> Sale:
    return store.commit(DAY, lambda number: a_sale(number=number), EVIDENCE)


def count(store: Store, row: type) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


def a_dish(name: str, revision: int = 1) -> TillDish:
    return TillDish(site_id=SITE, revision=revision, code=name, name=name)


def a_snapshot(*dishes: TillDish, after: int = 0, upto: int = 5) -> Snapshot:
    rows = []
    for dish in dishes:
        content = content_of("dish", dish)
        rows.append(Row("dish", key_of("dish", content), dish.revision, dict(content)))
    return Snapshot(SITE, after, upto, tuple(rows))


def dishes(store: Store) -> set[str]:
    with store.reading() as session:
        return set(session.scalars(select(TillDish.code)))


def test_a_sale_is_a_fact_its_columns_and_an_entry_in_the_outbox(store: Store) -> None:
    sale = sold(store)
    [fact] = store.facts()
    assert read_sale(fact.body) == sale
    assert (count(store, TillSale), count(store, TillSaleLine)) == (1, len(sale.lines))
    assert (count(store, Outbox), count(store, Evidence)) == (1, 1)


def test_numbers_count_up_without_gaps_and_facts_form_a_chain(store: Store) -> None:
    assert [sold(store).till.number for _ in range(3)] == [1, 2, 3]
    assert chain_breaks(Link.of(fact) for fact in store.facts()) == ()


def test_a_sale_that_fails_to_be_made_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        store.commit(DAY, lambda number: a_sale(number=number // 0), EVIDENCE)
    assert store.facts() == []
    assert sold(store).till.number == 1


def test_the_journal_holds_what_the_database_holds(store: Store) -> None:
    sold(store)
    sold(store)
    assert list(store.journal.facts()) == store.facts()


def test_a_kill_between_commit_and_journal_is_caught_up_at_the_next_start(
    path: Path,
) -> None:
    with opened(path) as store:
        sold(store)
        sold(store)
    journal = path.with_suffix(".journal")
    whole = journal.read_bytes()
    first = whole.index(b"\n") + 1
    journal.write_bytes(whole[: first + 40])  # the second line is torn
    with Store(path) as again:
        assert list(again.journal.facts()) == again.facts()
    assert journal.read_bytes() == whole


def test_a_lost_database_is_rebuilt_from_the_journal(path: Path) -> None:
    with opened(path) as store:
        sales = [sold(store), sold(store)]
    for file in path.parent.glob("till.db*"):
        file.unlink()
    with Store(path) as again:
        assert [read_sale(fact.body) for fact in again.facts()] == sales
        assert count(again, TillSaleLine) == sum(len(sale.lines) for sale in sales)


def test_records_that_disagree_stop_the_till(path: Path, tmp_path: Path) -> None:
    with opened(path) as store:
        sold(store)
    with opened(tmp_path / "other.db") as other:
        sold(other)
        sold(other)
    (tmp_path / "other.journal").rename(path.with_suffix(".journal"))
    with pytest.raises(RecordsDisagree, match="fact 1"):
        Store(path)


def test_a_damaged_line_inside_the_journal_is_named(tmp_path: Path) -> None:
    file = tmp_path / "j"
    file.write_bytes(b"no fact\n{}\n")
    journal = Journal(file)
    with pytest.raises(JournalDamaged, match="line 1"):
        list(journal.facts())
    journal.close()


def test_a_second_process_is_refused(store: Store, path: Path) -> None:
    assert store.journal.path.exists()
    with pytest.raises(AlreadyRunning):
        Store(path)


def test_a_till_that_is_not_set_up_says_so(path: Path) -> None:
    with Store(path) as store, pytest.raises(NotSetUp):
        sold(store)


def test_the_tray_picture_is_kept_under_its_hash_until_its_time_is_over(
    store: Store,
) -> None:
    sold(store)
    pictures = list(store.pictures.iterdir())
    assert [picture.read_bytes() for picture in pictures] == [b"a tray"]
    assert store.forget_evidence(DAY + timedelta(days=90)) == 0
    assert store.forget_evidence(DAY + timedelta(days=91)) == 1
    assert count(store, Evidence) == 0
    assert count(store, TillSale) == 1


def test_a_snapshot_brings_rows_and_a_newer_copy_replaces_an_older(
    store: Store,
) -> None:
    assert store.apply(a_snapshot(a_dish("mapo"), a_dish("rice"))) == 2
    assert store.apply(a_snapshot(a_dish("mapo"), a_dish("rice"))) == 0
    newer = a_dish("mapo", revision=6)
    newer.name = "麻婆豆腐"
    assert store.apply(a_snapshot(newer, after=5, upto=6)) == 1
    with store.reading() as session:
        assert session.get_one(TillDish, (SITE, "mapo")).name == "麻婆豆腐"
    assert store.apply(a_snapshot(a_dish("mapo"), after=4, upto=6)) == 0


def test_a_complete_snapshot_ends_what_it_does_not_name_but_not_the_tills_own(
    store: Store,
) -> None:
    store.apply(a_snapshot(a_dish("mapo"), a_dish("rice")))
    store.change("dish_added", [a_dish("own", OWN)], day=DAY)
    store.apply(a_snapshot(a_dish("rice"), upto=7))
    assert dishes(store) == {"rice", "own"}


def test_a_tombstone_removes_a_row_for_good(store: Store) -> None:
    store.apply(a_snapshot(a_dish("mapo")))
    tomb = Row("dish", '["mapo"]', 6, None)
    store.apply(Snapshot(SITE, 5, 6, (tomb,)))
    assert dishes(store) == set()
    assert count(store, TillTombstone) == 1
    assert store.apply(a_snapshot(a_dish("mapo"), after=4, upto=6)) == 0


def test_a_stale_complete_snapshot_ends_nothing_newer(store: Store) -> None:
    store.apply(a_snapshot(a_dish("mapo"), a_dish("new", revision=9), upto=9))
    store.apply(a_snapshot(a_dish("mapo"), upto=5))
    assert dishes(store) == {"mapo", "new"}


def test_a_snapshot_that_would_miss_rows_is_refused(store: Store) -> None:
    store.apply(a_snapshot(a_dish("mapo"), upto=5))
    with pytest.raises(SnapshotHasGap):
        store.apply(a_snapshot(a_dish("rice", 9), after=8, upto=9))
    assert dishes(store) == {"mapo"}


def test_a_snapshot_of_another_site_changes_nothing(store: Store) -> None:
    with pytest.raises(OtherSite):
        store.apply(Snapshot("shizuishan", 0, 1, ()))


def test_a_change_of_master_data_is_a_fact_that_names_who_did_it(store: Store) -> None:
    store.change("dish_added", [a_dish("mapo")], day=DAY, told={"by": "李主任"})
    [fact] = store.facts()
    assert fact.kind == "dish_added"
    assert fact.body["by"] == "李主任"
    assert '"key":"[\\"mapo\\"]"' in fact.canonical().decode()


def test_many_changes_become_several_facts_in_one_transaction(store: Store) -> None:
    store.change("dishes_added", [a_dish(f"d{n}") for n in range(450)], day=DAY)
    assert len(store.facts()) == 3
    assert list(store.journal.facts()) == store.facts()


def test_a_day_of_its_own_starts_numbers_again(store: Store) -> None:
    sold(store)
    numbers: list[int] = []

    def asked(number: int) -> Sale:
        numbers.append(number)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.commit(date(2026, 11, 24), asked, EVIDENCE)
    assert numbers == [1]
