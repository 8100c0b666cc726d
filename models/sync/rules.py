"""What to do with a fact that arrives, and whether a terminal's chain is whole.

Pure rules: the store and the office look things up, ask here, and act.

Acceptance (the office, per fact)::

    never seen, body understood      -> Accept
    never seen, body not understood  -> Quarantine: kept, counts as received
    seen, same hash                  -> Repeat: give the stored answer again
    seen, other hash                 -> RefuseAltered: keep the first, raise the alarm

The chain (per terminal): fact n names the hash of fact n - 1. A missing number, a
number used twice or a hash that does not fit is a `ChainBreak`; it is shown, never
repaired, and never a reason to refuse a sale.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from models.sync.messages import GENESIS, Row

Place = tuple[str, str]
"""Kind and key of a row of master data."""

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.sync.messages import Fact, Snapshot


@dataclass(frozen=True, slots=True)
class Received:
    """What the office remembers of a fact: its hash and the answer it gave."""

    hash: bytes
    answer: str


@dataclass(frozen=True, slots=True)
class Accept:
    """Book it and remember the answer."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Keep it for a person to look at; the till counts it as received."""

    reason: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Nothing to book: give the stored answer again."""

    answer: str


@dataclass(frozen=True, slots=True)
class RefuseAltered:
    """Two different facts under one id: keep the first and raise the alarm."""

    stored_hash: bytes
    offered_hash: bytes


Decision = Accept | Quarantine | Repeat | RefuseAltered


def decide(
    offered_hash: bytes, stored: Received | None, unreadable: str | None = None
) -> Decision:
    """Decide on one fact; `unreadable` says why its body cannot be booked, if so.

    What was already answered is answered the same again, whatever the reader of its
    body thinks today.
    """
    if stored is not None:
        if stored.hash == offered_hash:
            return Repeat(stored.answer)
        return RefuseAltered(stored.hash, offered_hash)
    return Accept() if unreadable is None else Quarantine(unreadable)


class BreakKind(StrEnum):
    """How a terminal's chain of facts can be broken."""

    GAP = "gap"
    """Facts are missing before this one: late, or lost."""
    EDIT = "edit"
    """The fact before is not the one that this one was chained to."""
    TWICE = "twice"
    """Two different facts claim this number: a copied or restored till."""


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """A place where the chain does not hold: the number of the fact that shows it."""

    kind: BreakKind
    seq: int


@dataclass(frozen=True, slots=True)
class Link:
    """A fact seen as a link: its number, its hash, and the hash it builds on."""

    seq: int
    hash: bytes
    prev_hash: bytes

    @classmethod
    def of(cls, fact: Fact) -> Link:
        """Take the link of a fact; the hash is worked out anew from its content."""
        return cls(fact.seq, fact.hash(), fact.prev_hash)


START: Final = Link(0, GENESIS, GENESIS)
"""The link before a terminal's first fact."""


def chain_breaks(links: Iterable[Link], after: Link = START) -> tuple[ChainBreak, ...]:
    """List every break of a terminal's chain, in order of number.

    `links` may come in any order and with repeats; `after` is the last link already
    known to be good. The number after a gap is checked against nothing.
    """
    breaks: list[ChainBreak] = []
    seq, heads = after.seq, {after.hash}
    for link in sorted(set(links), key=lambda link: (link.seq, link.hash)):
        if link.seq < seq or link.hash in heads:
            continue
        if link.seq == seq:
            breaks.append(ChainBreak(BreakKind.TWICE, seq))
            heads.add(link.hash)
            continue
        if link.seq > seq + 1:
            breaks.append(ChainBreak(BreakKind.GAP, link.seq))
        elif link.prev_hash not in heads:
            breaks.append(ChainBreak(BreakKind.EDIT, link.seq))
        seq, heads = link.seq, {link.hash}
    return tuple(breaks)


def acknowledged_through(cursor: int, answered: Iterable[int]) -> int:
    """Give the highest number up to which every fact of the till is answered.

    A gap holds the cursor back, so nothing between is ever forgotten.
    """
    waiting = {seq for seq in answered if seq > cursor}
    while cursor + 1 in waiting:
        cursor += 1
    return cursor


def follows(snapshot: Snapshot, cursor: int) -> bool:
    """Whether a till that is at `cursor` may apply `snapshot` without missing a row."""
    return snapshot.after <= cursor <= snapshot.upto or snapshot.is_complete


def is_newer(row: Row, held_revision: int | None) -> bool:
    """Whether `row` replaces the copy of that revision, or `None` for no copy."""
    return held_revision is None or row.revision > held_revision


def changes(held: Mapping[Place, int], snapshot: Snapshot) -> tuple[Row, ...]:
    """Give the rows that a till at these revisions has to write, each place once.

    `held` counts tombstones too, so that repeats and reordering change nothing. Rows
    that a complete snapshot does not name end with a tombstone, unless they are newer
    than it or the till's own (revision 0).
    """
    newest: dict[Place, Row] = {}
    for row in snapshot.rows:
        copy = newest.get((row.kind, row.key))
        if is_newer(row, copy.revision if copy else None):
            newest[row.kind, row.key] = row
    arrived = (row for place, row in newest.items() if is_newer(row, held.get(place)))
    ended = (
        Row(*place, snapshot.upto, None)
        for place, revision in held.items()
        if snapshot.is_complete
        and place not in newest
        and 0 < revision <= snapshot.upto
    )
    return (*arrived, *ended)
