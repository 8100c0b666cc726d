"""The till put together: what it sees, remembers and offers drives the checkout.

`Counter.serve` runs the machine of `flows/checkout.py` for one tray: it carries out the
effects (decide, commit, print) and feeds their results back as events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from sqlalchemy.exc import OperationalError

from models.domain.people import DinerGroup
from models.domain.receipt import ReceiptNames, receipt
from models.recognition.portions import Settler
from pos_terminal import memory
from pos_terminal.booking import Booking, evidence_of, sale_of
from pos_terminal.catalogue import Catalogue
from pos_terminal.flows import checkout as flow
from pos_terminal.senses import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from models.domain.evidence import Question, Served
    from models.domain.sale import Sale
    from models.recognition.portion_evidence import TraySeen, Weighing
    from models.recognition.portions import Settlement
    from models.recognition.runtime import Picture
    from pos_terminal.payers import Payers
    from pos_terminal.senses import Senses, Sight
    from pos_terminal.store import Store


class Unanswered(Exception):
    """Nobody is there to answer the question on the screen."""


@dataclass(frozen=True, slots=True)
class Tray:
    """What stands on the counter: its picture (as JPEG for evidence) and its mass."""

    picture: Picture
    jpeg: bytes | None
    weighing: Weighing | None


@dataclass(slots=True)
class Visit:
    """One tray at the counter, from seeing it to its receipt.

    `told` are the sentences said beside the screens, in Chinese.
    """

    tray: Tray
    sight: Sight
    seen: TraySeen
    settlement: Settlement
    group: DinerGroup
    watch: Stopwatch
    now: datetime
    state: flow.State = field(default_factory=flow.Waiting)
    sale: Sale | None = None
    receipt: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)


class Counter:
    """One till in service at one meal."""

    def __init__(
        self, store: Store, senses: Senses, payers: Payers, now: datetime
    ) -> None:
        """Read what is on offer at `now`."""
        self.store = store
        self.senses = senses
        self.payers = payers
        with store.reading() as session:
            self.catalogue = Catalogue.read(session, store.till, now)
            self.gallery = memory.read_gallery(session)
        self._settlers: dict[DinerGroup, Settler] = {}

    def see(
        self, tray: Tray, now: datetime, group: DinerGroup = DinerGroup.STAFF
    ) -> Visit:
        """See and weigh a tray, and decide what it costs a diner of `group`."""
        watch = Stopwatch()
        settler = self._settler(group)
        sight = self.senses.look(
            tray.picture,
            tray.weighing,
            self.catalogue.calibration,
            self.catalogue.menu,
            self.gallery,
            watch,
        )
        with watch.stage("portions"):
            settlement = settler.settle(sight.tray)
        return Visit(tray, sight, sight.tray, settlement, group, watch, now)

    def serve(
        self, visit: Visit, payer: flow.Event, ask: Callable[[Question], Served | None]
    ) -> None:
        """Settle a tray that was seen, with the payer and whoever answers questions.

        `ask` gives what was tapped: one of the options, or `None` for none of them; it
        raises `Unanswered` when nobody is there.
        """
        self._take(visit, flow.TrayRead(visit.settlement.verdict))
        while isinstance(visit.state, flow.Asking):
            try:
                served = ask(visit.state.ask.question)
            except Unanswered:
                return
            self._take(visit, flow.Answered(served))
        self._take(visit, payer)

    def _take(self, visit: Visit, event: flow.Event) -> None:
        """Let the machine take an event, and carry out what follows."""
        visit.state, effects = flow.step(visit.state, event)
        for effect in effects:
            result = self._carry_out(visit, effect)
            if result is not None:
                self._take(visit, result)

    def _carry_out(self, visit: Visit, effect: flow.Effect) -> flow.Event | None:
        result: flow.Event | None = None
        match effect:
            case flow.Decide(answers):
                result = self._decide(visit, answers)
            case flow.Commit():
                result = self._commit(visit, effect)
            case flow.Print():
                self._print(visit)
            case flow.Tell(reason):
                visit.told.append(reason.chinese)
            case flow.Warn(message):
                visit.told.append(message)
            case flow.Show():
                pass  # the caller reads `visit.state`
            case _:
                assert_never(effect)
        return result

    def _settler(self, group: DinerGroup) -> Settler:
        """Compile today's menu for a group of diners once."""
        if group not in self._settlers:
            offers = self.catalogue.offers(group)
            self._settlers[group] = Settler(offers, self.catalogue.policy)
        return self._settlers[group]

    def _decide(
        self, visit: Visit, answers: tuple[flow.TapAnswer, ...]
    ) -> flow.TrayRead:
        """Settle the tray again, with the answers as certain."""
        seen = visit.sight.tray
        for answer in answers:
            number = answer.question.plate
            plate = seen.plates[number]
            options = tuple(option.what for option in answer.question.options)
            told = (
                plate.with_answer(answer.served)
                if answer.served
                else plate.without(options)
            )
            seen = seen.with_plate(number, told)
        visit.seen = seen
        with visit.watch.stage("portions"):
            visit.settlement = self._settler(visit.group).settle(seen)
        return flow.TrayRead(visit.settlement.verdict)

    def _commit(
        self, visit: Visit, commit: flow.Commit
    ) -> flow.Committed | flow.CommitFailed:
        booking = Booking(
            self.catalogue, self.store.till, commit, visit.seen, visit.now
        )
        evidence = evidence_of(booking, visit.tray.jpeg)
        day = self.catalogue.sitting.business_day
        try:
            with visit.watch.stage("commit"):
                visit.sale = self.store.commit(
                    day, lambda number: sale_of(booking, number, evidence), evidence
                )
        except (OperationalError, OSError) as failed:
            return flow.CommitFailed(f"记录失败，未扣款，请联系技术人员：{failed}")
        with visit.watch.stage("learn"):
            memory.learn(
                self.store, self.gallery, visit.sale, visit.sight, commit.charge
            )
        return flow.Committed(str(visit.sale.till.number))

    def _print(self, visit: Visit) -> None:
        if visit.sale is None:
            return
        payer = visit.sale.payer
        names = ReceiptNames(
            site=self.catalogue.site_name,
            halls={self.catalogue.hall: self.catalogue.hall_name},
            items=self.catalogue.item_names,
            diners={payer.diner: self.payers.name(payer.diner)} if payer else {},
        )
        visit.receipt = receipt(visit.sale, names)
