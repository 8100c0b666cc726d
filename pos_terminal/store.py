"""All that a till remembers: its facts, its sales and what came down from the office.

One SQLite file (WAL, synchronous=FULL) and one journal. A fact is committed in one
transaction with everything that follows from it, then journalled and fsynced; only
then does the caller hear of it. At start the two are compared and the one that is
behind is caught up, so that a kill at any instant leaves a fact whole or not at all.
"""

from __future__ import annotations

import fcntl
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from migrations.runner import Tree, upgrade
from models.domain.errors import DomainError
from models.domain.facts import read_sale, sale_body
from models.sync.messages import GENESIS, Fact, canonical, parse_fact
from models.tables.engines import sqlite_engine, writing
from models.tables.sales import Evidence, Outbox, TillFact, TillSale, TillSaleLine
from models.tables.site import Till
from models.tables.values import line_columns, sale_columns
from pos_terminal.journal import Journal
from pos_terminal.masters import change_of, place_of, remove, take_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date
    from pathlib import Path
    from uuid import UUID

    from models.domain.sale import Sale
    from models.domain.units import Mass
    from models.sync.messages import JsonObject, Snapshot
    from models.tables.base import TerminalBase

_ROWS_A_FACT: Final = 200


class AlreadyRunning(DomainError):
    """A second process on the same till."""

    code = "already_running"
    chinese = "本终端的程序已在运行（{path}），请勿重复启动"
    english = "this till's program is already running ({path}); do not start it twice"


class DatabaseUnusable(DomainError):
    """A database that can't be opened: damaged, locked by another, a full disk."""

    code = "database_unusable"
    chinese = "无法打开数据库 {path}（{why}），请停用本终端，勿删任何文件，联系技术人员"
    english = "cannot open {path} ({why}); stop this till, delete nothing, call support"


class NotSetUp(DomainError):
    """A database that belongs to no site yet."""

    code = "till_not_set_up"
    chinese = "本终端尚未设置，请先运行 canteen menu init 或 canteen terminal load"
    english = (
        "this till is not set up; run `canteen menu init` or `canteen terminal load`"
    )


class OtherSite(DomainError):
    """A snapshot of another site."""

    code = "other_site"
    chinese = "下发数据属于 {theirs}，本终端属于 {ours}，未作任何更改"
    english = "the snapshot is of {theirs}, this till belongs to {ours}: unchanged"


class RecordsDisagree(DomainError):
    """Database and journal tell different stories about the same place in the chain."""

    code = "records_disagree"
    chinese = "数据库与流水文件在第 {seq} 条不一致，请停用本终端并联系技术人员"
    english = "database and journal differ at fact {seq}; stop this till, call support"


@dataclass(frozen=True, slots=True)
class TrayEvidence:
    """Why a tray was charged as it was; kept with the sale for a limited time."""

    picture: bytes | None
    """The tray as JPEG; it is kept under the hash that the sale names."""
    mass: Mass | None
    posterior: JsonObject
    question: JsonObject | None
    keep_days: int


class Store:
    """A till's database and journal. One process at a time, one writer."""

    def __init__(self, path: Path, journal: Path | None = None) -> None:
        """Open, migrate and reconcile.

        Raises `AlreadyRunning` for a second process, and `DatabaseUnusable`.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            opened.enter_context(_locked(path.with_suffix(".lock")))
            self.engine = sqlite_engine(path)
            opened.callback(self.engine.dispose)
            try:
                upgrade(self.engine, Tree.TERMINAL)
            except DatabaseError as broken:
                raise DatabaseUnusable(path=path, why=broken.orig) from broken
            self.pictures = path.with_suffix(".evidence")
            self.pictures.mkdir(exist_ok=True)
            self.journal = Journal(journal or path.with_suffix(".journal"))
            opened.callback(self.journal.close)
            self._reconcile()
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a write transaction; it commits when the block ends without error."""
        with Session(writing(self.engine)) as session, session.begin():
            yield session

    def reading(self) -> Session:
        """Open a session for reading."""
        return Session(self.engine)

    # --- who this till is -------------------------------------------------------

    def set_up(self, site_id: str, terminal_id: str, hall: str) -> None:
        """Say once which site, till and hall this is; again is no change."""
        with self.writing() as session:
            if session.scalar(select(Till)) is None:
                session.add(Till(site_id=site_id, terminal_id=terminal_id, hall=hall))

    @cached_property
    def till(self) -> Till:
        """Which till this is; raises `NotSetUp`."""
        with self.reading() as session:
            found = session.scalar(select(Till))
            if found is None:
                raise NotSetUp
            session.expunge(found)
            till: Till = found
            return till

    # --- master data ------------------------------------------------------------

    def apply(self, snapshot: Snapshot) -> int:
        """Take a snapshot over, all or nothing; return how many rows changed.

        Of two copies of a row the higher revision stands. A complete snapshot ends
        what it does not name, but never what is newer or this till's own (revision 0).
        """
        till = self.till
        if snapshot.site_id != till.site_id:
            raise OtherSite(theirs=snapshot.site_id, ours=till.site_id)
        with self.writing() as session:
            mine = session.get_one(Till, till.site_id)
            changed = take_over(session, snapshot, mine.cursor)
            mine.cursor = max(mine.cursor, snapshot.upto)
        return changed

    def change(
        self,
        what: str,
        rows: Iterable[TerminalBase] = (),
        removed: Iterable[TerminalBase] = (),
        *,
        day: date,
        told: JsonObject | None = None,
    ) -> None:
        """Change master data at this till, as a fact `what` with what changed.

        `told` adds to the fact what the rows do not say, such as who did it. Personal
        rows are named in it by the hash of their content only.
        """
        rows, removed = list(rows), list(removed)
        changes = [change_of(row) for row in rows]
        changes += [change_of(row, removed=True) for row in removed]
        facts = []
        with self.writing() as session:
            remove(session, self.till.site_id, map(place_of, removed))
            for row in rows:
                session.merge(row)
            for start in range(0, max(1, len(changes)), _ROWS_A_FACT):
                part = changes[start : start + _ROWS_A_FACT]
                body = {**(told or {}), "changes": part}
                facts.append(self._chained(session, what, uuid7(), day, body))
        self._journalled(facts)

    # --- facts and sales --------------------------------------------------------

    def commit(
        self, day: date, make: Callable[[int], Sale], evidence: TrayEvidence
    ) -> Sale:
        """Make one sale durable; returns when database and journal both have it.

        `make` is called once with the sale's number of `day`, inside the transaction,
        so that numbers have no gaps and no twins.
        """
        if evidence.picture is not None:
            digest = sha256(evidence.picture).hexdigest()
            (self.pictures / f"{digest}.jpg").write_bytes(evidence.picture)
        with self.writing() as session:
            sale = make(self._next_number(session, day))
            fact = self._chained(
                session, "sale", sale.id, sale.sitting.business_day, sale_body(sale)
            )
            _lay_out(session, sale)
            session.flush()
            session.add(_evidence_row(sale, evidence))
        self._journalled([fact])
        return sale

    def forget_evidence(self, today: date) -> int:
        """Delete evidence kept long enough, pictures first; return how many sales."""
        with self.writing() as session:
            due = list(
                session.scalars(select(Evidence).where(Evidence.keep_until < today))
            )
            for row in due:
                if row.picture_hash is not None:
                    picture = self.pictures / f"{row.picture_hash.hex()}.jpg"
                    picture.unlink(missing_ok=True)
                session.delete(row)
        return len(due)

    def facts(self) -> list[Fact]:
        """Read the whole chain, oldest first."""
        with self.reading() as session:
            rows = session.scalars(select(TillFact.canonical).order_by(TillFact.seq))
            return [parse_fact(data) for data in rows]

    def _next_number(self, session: Session, day: date) -> int:
        last = session.scalar(
            select(func.max(TillSale.number)).where(TillSale.business_day == day)
        )
        return (last or 0) + 1

    def _chained(
        self, session: Session, kind: str, id_: UUID, day: date, body: JsonObject
    ) -> Fact:
        """Add a fact at the end of the chain, and to the outbox."""
        seq, previous = _head(session)
        till = self.till
        fact = Fact(
            kind=kind,
            schema=1,
            id=id_,
            site_id=till.site_id,
            terminal_id=till.terminal_id,
            business_day=day,
            seq=seq + 1,
            prev_hash=previous,
            body=body,
        )
        _insert(session, fact)
        return fact

    def _journalled(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self.journal.append(fact)

    def _reconcile(self) -> None:
        """Catch up whichever of database and journal is behind; raise if they differ.

        Equal heads of a hash chain mean equal histories, so a start costs one look.
        """
        with self.reading() as session:
            head = _head(session)
        last = self.journal.last()
        if head == ((last.seq, last.hash()) if last else (0, GENESIS)):
            return
        written = {fact.seq: fact for fact in self.journal.facts()}
        held = {fact.seq: fact for fact in self.facts()}
        for seq in written.keys() & held.keys():
            if written[seq] != held[seq]:
                raise RecordsDisagree(seq=seq)
        self._journalled(held[seq] for seq in sorted(held.keys() - written.keys()))
        with self.writing() as session:
            for seq in sorted(written.keys() - held.keys()):
                _restore(session, written[seq])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise AlreadyRunning(path=path) from held
        yield


def _head(session: Session) -> tuple[int, bytes]:
    """Give number and hash of the last fact."""
    last = session.execute(
        select(TillFact.seq, TillFact.hash).order_by(TillFact.seq.desc()).limit(1)
    ).first()
    return (last.seq, last.hash) if last else (0, GENESIS)


def _insert(session: Session, fact: Fact) -> None:
    row = TillFact(
        site_id=fact.site_id,
        business_day=fact.business_day,
        id=fact.id,
        seq=fact.seq,
        terminal_id=fact.terminal_id,
        prev_hash=fact.prev_hash,
        hash=fact.hash(),
        kind=fact.kind,
        schema=fact.schema,
        canonical=fact.canonical(),
        made_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    waiting = Outbox(
        site_id=fact.site_id,
        business_day=fact.business_day,
        id=fact.id,
        seq=fact.seq,
    )
    session.add(waiting)


def _restore(session: Session, fact: Fact) -> None:
    """Put a fact of the journal back into a database that lost it."""
    _insert(session, fact)
    if fact.kind == "sale":
        _lay_out(session, read_sale(fact.body))
    session.flush()


def _lay_out(session: Session, sale: Sale) -> None:
    """Lay a sale out in columns, beside its fact."""
    session.add(TillSale(**sale_columns(sale)))
    session.flush()
    session.add_all(TillSaleLine(**columns) for columns in line_columns(sale))


def _evidence_row(sale: Sale, evidence: TrayEvidence) -> Evidence:
    day = sale.sitting.business_day
    question = evidence.question
    return Evidence(
        site_id=sale.till.site,
        business_day=day,
        sale_id=sale.id,
        picture_hash=bytes.fromhex(sale.tray) if sale.tray else None,
        mass=evidence.mass,
        posterior=canonical(evidence.posterior).decode(),
        question=canonical(question).decode() if question else None,
        keep_until=day + timedelta(days=evidence.keep_days),
    )
