"""Facts are accepted once, chains show every break, snapshots apply in any order."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.sync.messages import GENESIS, Row, Snapshot
from models.sync.rules import (
    START,
    Accept,
    BreakKind,
    ChainBreak,
    Link,
    Quarantine,
    Received,
    RefuseAltered,
    Repeat,
    acknowledged_through,
    chain_breaks,
    changes,
    decide,
    follows,
)
from tests import makers

ONE, OTHER = bytes([1]) * 32, bytes([2]) * 32


@pytest.mark.parametrize(
    ("stored", "unreadable", "decision"),
    [
        (None, None, Accept()),
        (None, "schema 9", Quarantine("schema 9")),
        (Received(ONE, "accepted"), None, Repeat("accepted")),
        (Received(ONE, "accepted"), "schema 9", Repeat("accepted")),
        (Received(ONE, "quarantined"), None, Repeat("quarantined")),
        (Received(OTHER, "accepted"), None, RefuseAltered(OTHER, ONE)),
        (Received(OTHER, "accepted"), "schema 9", RefuseAltered(OTHER, ONE)),
    ],
)
def test_a_fact_is_accepted_once_and_answered_alike(
    stored: Received | None, unreadable: str | None, decision: object
) -> None:
    assert decide(ONE, stored, unreadable) == decision


def a_chain(length: int) -> list[Link]:
    """A whole chain of real facts."""
    links = [START]
    for seq in range(1, length + 1):
        fact = makers.a_fact(makers.a_sale(number=seq), seq, links[-1].hash)
        links.append(Link.of(fact))
    return links[1:]


CHAINS = st.integers(1, 8).map(a_chain)


@given(CHAINS, st.data())
def test_a_whole_chain_has_no_break_in_any_order(
    chain: list[Link], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(chain))
    assert chain_breaks(shuffled + shuffled[:2]) == ()


@given(CHAINS, st.data())
def test_a_missing_fact_shows_at_the_next_one(
    chain: list[Link], data: st.DataObject
) -> None:
    lost = data.draw(st.integers(0, len(chain) - 1))
    rest = chain[:lost] + chain[lost + 1 :]
    breaks = (
        [ChainBreak(BreakKind.GAP, chain[lost].seq + 1)] if chain[lost + 1 :] else []
    )
    assert list(chain_breaks(rest)) == breaks


@given(CHAINS, st.data())
def test_an_edited_fact_shows_at_the_next_one(
    chain: list[Link], data: st.DataObject
) -> None:
    edited = data.draw(st.integers(0, len(chain) - 1))
    forged = replace(chain[edited], hash=OTHER)
    now = [*chain[:edited], forged, *chain[edited + 1 :]]
    later = chain[edited + 1 :]
    expected = [ChainBreak(BreakKind.EDIT, later[0].seq)] if later else []
    assert list(chain_breaks(now)) == expected


@given(CHAINS, st.data())
def test_two_facts_with_one_number_show(chain: list[Link], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    twin = replace(chain[place], hash=OTHER)
    expected = (ChainBreak(BreakKind.TWICE, chain[place].seq),)
    assert chain_breaks([*chain, twin]) == expected


@given(CHAINS, st.data())
def test_a_chain_may_be_checked_in_pieces(
    chain: list[Link], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(chain)))
    assert chain_breaks(chain[cut:], after=chain[cut - 1]) == ()
    assert chain_breaks(chain, after=chain[cut - 1]) == ()


def test_a_chain_begins_at_genesis() -> None:
    first = replace(a_chain(1)[0], prev_hash=OTHER)
    assert first.prev_hash != GENESIS
    assert chain_breaks([first]) == (ChainBreak(BreakKind.EDIT, 1),)


@given(st.integers(0, 50), st.sets(st.integers(1, 60)))
def test_the_cursor_stops_before_the_first_gap(cursor: int, answered: set[int]) -> None:
    now = acknowledged_through(cursor, answered)
    assert now >= cursor
    assert set(range(cursor + 1, now + 1)) <= answered
    assert now + 1 not in answered


KEYS = st.tuples(st.sampled_from(["dish", "card"]), st.sampled_from("abc"))


def a_row(place: tuple[str, str], revision: int) -> Row:
    """The row of a revision: what it holds follows from its revision alone."""
    content = None if revision % 3 == 0 else {"revision": revision}
    return Row(*place, revision, content)


ROWS = st.builds(a_row, KEYS, st.integers(1, 30))


@st.composite
def histories(draw: st.DrawFn) -> list[Snapshot]:
    """Consecutive snapshots of one history, each row newer than those before it."""
    ends = sorted(draw(st.sets(st.integers(1, 30), min_size=1, max_size=4)))
    return [
        Snapshot(
            "s",
            after,
            upto,
            tuple(
                a_row(draw(KEYS), revision) for revision in range(after + 1, upto + 1)
            ),
        )
        for after, upto in pairwise([0, *ends])
    ]


def later_parts(history: list[Snapshot]) -> list[Snapshot]:
    """The same history as a till gets it that asks from the start, in parts."""
    return [replace(one, after=max(one.after, 1)) for one in history]


State = dict[tuple[str, str], Row]


def after(state: State, *parts: Snapshot) -> State:
    """What a till holds, tombstones too, once it has applied `parts` in turn."""
    state = dict(state)
    for part in parts:
        held = {place: row.revision for place, row in state.items()}
        state |= {(row.kind, row.key): row for row in changes(held, part)}
    return state


def living(state: State) -> State:
    return {place: row for place, row in state.items() if row.content is not None}


@given(histories(), st.data())
@settings(max_examples=40)
def test_parts_of_a_snapshot_apply_in_any_order_and_twice(
    history: list[Snapshot], data: st.DataObject
) -> None:
    parts = later_parts(history)
    shuffled = data.draw(st.permutations(parts + parts))
    assert after({}, *shuffled) == after({}, *parts)


@given(histories())
@settings(max_examples=40)
def test_a_complete_snapshot_gives_the_same_as_all_parts(
    history: list[Snapshot],
) -> None:
    state = after({}, *history)
    whole = Snapshot("s", 0, history[-1].upto, tuple(living(state).values()))
    gone = ("dish", "gone")
    restored = after({gone: a_row(gone, 1)}, whole)
    assert living(restored) == living(state)
    assert restored[gone].content is None


def test_an_old_complete_snapshot_ends_nothing_newer_and_nothing_of_the_till() -> None:
    held = {("dish", "new"): 9, ("dish", "own"): 0, ("dish", "old"): 4}
    ended = Row("dish", "old", 5, None)
    assert changes(held, Snapshot("s", 0, 5, ())) == (ended,)


def test_a_till_never_skips_changes() -> None:
    part = Snapshot("s", 10, 20, ())
    assert [follows(part, cursor) for cursor in (9, 10, 15, 20, 21)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert follows(Snapshot("s", 0, 20, ()), 3)
