"""Messages are the same bytes everywhere, and wrong bytes are refused by name."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.domain.errors import SyncRefused
from models.domain.facts import read_sale, sale_body
from models.sync.messages import (
    GENESIS,
    MAX_FACT_BYTES,
    WIRE_VERSION,
    AlteredSnapshot,
    Fact,
    Json,
    NotCanonical,
    Row,
    Snapshot,
    UnknownVersion,
    canonical,
    parse_canonical,
    parse_fact,
    parse_snapshot,
)
from tests import makers

WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1)
SCALARS = st.none() | st.booleans() | INTEGERS | TEXT
JSON: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)
HASHES = st.binary(min_size=32, max_size=32)
FACTS = st.builds(
    Fact,
    kind=WORDS,
    schema=st.integers(1, 99),
    id=st.uuids(),
    site_id=WORDS,
    terminal_id=WORDS,
    business_day=st.dates(),
    seq=st.integers(1, 1 << 40),
    prev_hash=HASHES,
    body=st.dictionaries(TEXT, JSON, max_size=4),
)
ROWS = st.builds(
    Row,
    kind=WORDS,
    key=TEXT,
    revision=st.integers(1, 1 << 40),
    content=st.none() | st.dictionaries(TEXT, JSON, max_size=4),
)
SNAPSHOTS = st.builds(
    Snapshot,
    site_id=WORDS,
    after=st.integers(0, 99),
    upto=st.integers(99, 999),
    rows=st.lists(ROWS, max_size=5).map(tuple),
)

A_FACT = Fact(
    kind="sale",
    schema=1,
    id=UUID("019ab3c0-0000-7000-8000-000000000001"),
    site_id="yinchuan",
    terminal_id="t1",
    business_day=date(2026, 11, 23),
    seq=1,
    prev_hash=GENESIS,
    body={"total_fen": 1350, "item": "宫保鸡丁"},
)


def test_the_bytes_of_a_fact_are_these() -> None:
    assert A_FACT.canonical().decode() == (
        '{"body":{"item":"宫保鸡丁","total_fen":1350},"business_day":"2026-11-23",'
        '"id":"019ab3c0-0000-7000-8000-000000000001","kind":"sale",'
        f'"prev_hash":"{"0" * 64}","schema":1,"seq":1,"site_id":"yinchuan",'
        '"terminal_id":"t1","v":1}'
    )


@given(JSON)
def test_what_is_written_reads_back_the_same(value: Json) -> None:
    assert parse_canonical(canonical(value)) == value


@given(st.dictionaries(TEXT, SCALARS, max_size=6))
def test_the_order_of_making_does_not_show(value: dict[str, Json]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical(backwards) == canonical(value)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"lines": [{"mass": 1.5}]}, r"\$\.lines\[0\]\.mass: float"),
        ({"nan": float("nan")}, r"\$\.nan: float"),
        ({"big": 1 << 63}, r"\$\.big: more than 64 bits"),
        ({"picture": b"x"}, r"\$\.picture: bytes"),
        ({1: "x"}, "key 1 is no text"),
        ({"half": "\ud800"}, r"\$\.half: half a surrogate pair"),
    ],
)
def test_what_has_no_canonical_form_is_named_with_its_place(
    value: Json, where: str
) -> None:
    with pytest.raises(NotCanonical, match=where):
        canonical(value)


def test_bottomless_nesting_is_refused() -> None:
    value: Json = []
    for _ in range(100):
        value = [value]
    with pytest.raises(NotCanonical, match="deeper"):
        canonical(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":-0}',
        b'{"a":"\\u4e2d"}',
        b'"\\ud800"',
        b"\xff",
        b'{"a":9223372036854775808}',
        b"1" * 5000,
        b"[" * 100_000,
    ],
    ids=range(15),
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        parse_canonical(data)


@given(st.binary(max_size=60))
def test_noise_is_refused_and_never_another_error(data: bytes) -> None:
    with pytest.raises(SyncRefused):
        parse_fact(data)


@given(FACTS)
@settings(max_examples=40)
def test_a_fact_survives_the_wire(fact: Fact) -> None:
    assert parse_fact(fact.canonical()) == fact


@given(FACTS, st.data())
@settings(max_examples=40)
def test_no_changed_byte_passes_for_the_same_fact(
    fact: Fact, data: st.DataObject
) -> None:
    good = fact.canonical()
    place = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[place] = data.draw(st.integers(0, 255))
    assume(bytes(bad) != good)
    try:
        read = parse_fact(bytes(bad))
    except SyncRefused:
        return
    assert read.hash() != fact.hash()


def test_the_hash_is_that_of_the_bytes_as_stored() -> None:
    assert A_FACT.hash() == hashlib.sha256(A_FACT.canonical()).digest()


def test_text_keeps_its_unicode_form() -> None:
    composed, decomposed = "é", "e\u0301"
    assert canonical(composed) != canonical(decomposed)
    assert parse_canonical(canonical(decomposed)) == decomposed


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"kind": "Sale!"}, "kind"),
        ({"schema": 0}, "schema"),
        ({"site_id": ""}, "site_id"),
        ({"terminal_id": ""}, "terminal_id"),
        ({"seq": 0}, "seq"),
        ({"prev_hash": b"short"}, "prev_hash"),
    ],
)
def test_a_fact_cannot_be_made_wrong(change: dict[str, object], name: str) -> None:
    with pytest.raises(NotCanonical, match=name):
        replace(A_FACT, **change)  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"seq":1', b'"seq":"1"'),
        (b'"seq":1', b'"seq":true'),
        (b'"schema":1', b'"schema":null'),
        (b'"2026-11-23"', b'"20261123"'),
        (b'"2026-11-23"', b'"2026-11-31"'),
        (b'"id":"019ab3c0-', b'"id":"019AB3C0-'),
        (b'"id":"019ab3c0-', b'"id":"zzzzzzzz-'),
        (b'"kind":"sale"', b'"kind":7'),
        (b'"terminal_id":"t1",', b'"terminal_id":"t1","unheard_of":1,'),
        (b'"prev_hash":"00', b'"prev_hash":"0g'),
        (b'"prev_hash":"00', b'"prev_hash":"'),
    ],
)
def test_a_field_that_is_wrong_is_refused(before: bytes, after: bytes) -> None:
    good = A_FACT.canonical()
    assert before in good
    with pytest.raises(NotCanonical):
        parse_fact(good.replace(before, after))


def test_a_fact_without_a_body_is_refused() -> None:
    good = A_FACT.canonical()
    bad = good.replace(canonical(A_FACT.body), b"[]")
    assert bad != good
    with pytest.raises(NotCanonical, match="body"):
        parse_fact(bad)


def test_a_message_from_a_newer_program_says_so() -> None:
    data = A_FACT.canonical().replace(b'"v":1', b'"v":%d' % (WIRE_VERSION + 1))
    with pytest.raises(UnknownVersion):
        parse_fact(data)


def test_a_fact_is_no_place_for_a_picture() -> None:
    fact = replace(A_FACT, body={"picture": "x" * MAX_FACT_BYTES})
    with pytest.raises(NotCanonical, match="bytes"):
        fact.canonical()
    with pytest.raises(NotCanonical, match="bytes"):
        parse_fact(b"x" * (MAX_FACT_BYTES + 1))


def test_a_sale_comes_back_from_its_fact() -> None:
    sale = makers.a_sale(makers.a_line(), makers.a_line(fen=1200))
    fact = makers.a_fact(sale)
    body = parse_fact(fact.canonical()).body
    assert read_sale(body) == sale
    assert sale_body(sale) == body


@given(SNAPSHOTS)
@settings(max_examples=40)
def test_a_snapshot_survives_the_wire(snapshot: Snapshot) -> None:
    assert parse_snapshot(snapshot.to_bytes()) == snapshot


@given(SNAPSHOTS, st.data())
@settings(max_examples=40)
def test_a_cut_snapshot_is_refused(snapshot: Snapshot, data: st.DataObject) -> None:
    whole = snapshot.to_bytes()
    end = data.draw(st.integers(0, len(whole) - 2))
    with pytest.raises(SyncRefused):
        parse_snapshot(whole[:end])


def test_a_snapshot_with_an_edited_row_is_refused() -> None:
    row = Row("dish", '["rice"]', 1, {"name": "米饭"})
    data = Snapshot("yinchuan", 0, 1, (row,)).to_bytes()
    with pytest.raises(AlteredSnapshot):
        parse_snapshot(data.replace("米饭".encode(), "面条".encode()))


def test_a_row_of_another_shape_is_refused() -> None:
    line = canonical(["dish", 7, 1, None])
    header = canonical(
        {
            "v": 1,
            "site_id": "s",
            "after": 0,
            "upto": 1,
            "rows": 1,
            "hash": hashlib.sha256(line + b"\n").hexdigest(),
        }
    )
    with pytest.raises(NotCanonical, match="row"):
        parse_snapshot(header + b"\n" + line + b"\n")
