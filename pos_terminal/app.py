"""The till put together: what it sees, remembers and offers drives the checkout.

`Counter.serve` runs the machine of `flows/checkout.py` for one tray: it carries out the
effects (decide, commit, print) and feeds their results back as events.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final, assert_never

from sqlalchemy.exc import OperationalError

from models.domain.errors import DomainError
from models.domain.evidence import Ambiguous, Match, Unknown
from models.domain.people import DinerGroup
from models.domain.receipt import ReceiptNames, receipt
from models.domain.units import Mass, round_half_up
from models.recognition.faces import FaceReader, SFace
from models.recognition.gallery import KEY_VARIABLE, FaceKey
from models.recognition.portion_evidence import Cell, Weighing
from models.recognition.portion_memory import lesson
from models.recognition.portions import Settler
from models.recognition.runtime import read_picture
from pos_terminal import memory
from pos_terminal.booking import Booking, evidence_of, sale_of
from pos_terminal.catalogue import Catalogue
from pos_terminal.flows import checkout as flow
from pos_terminal.payers import Payers
from pos_terminal.senses import Senses, Stopwatch, Tray, evidence_jpeg
from pos_terminal.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from models.domain.evidence import Charge, Question, Served
    from models.domain.sale import Sale
    from models.recognition.portion_evidence import TraySeen
    from models.recognition.portions import Settlement
    from models.recognition.runtime import Picture
    from pos_terminal.config import Settings
    from pos_terminal.senses import Sight


SCALE_NOISE: Final = Mass(1_000)
"""Standard deviation of a checkout scale's reading."""


class Unanswered(Exception):
    """Nobody is there to answer the question on the screen."""


@dataclass(frozen=True, slots=True)
class Timed:
    """When a visit happens by the clock, and how long its stages take."""

    now: datetime
    watch: Stopwatch = field(default_factory=Stopwatch)


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
    timed: Timed
    state: flow.State = field(default_factory=flow.Waiting)
    sale: Sale | None = None
    receipt: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)


class NoPlatform(DomainError):
    """Four readings at a till whose platform was never measured."""

    code = "no_platform"
    chinese = "给出了 {cells} 个角的读数，但本终端校准了 {calibrated} 个称重点"
    english = "{cells} cells were read, {calibrated} are calibrated on this till"


def _group(payer: flow.Event) -> DinerGroup:
    """Whose prices hold: the payer's, or the staff's until somebody is known."""
    if isinstance(payer, flow.PayerKnown):
        return payer.payer.group
    return DinerGroup.STAFF


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
            self.portions = memory.read_portions(session, self.catalogue.tares)
        self._settlers: dict[DinerGroup, Settler] = {}
        senses.warm_up(self.gallery, self.catalogue.menu)

    def see_file(
        self, path: Path, weighing: Weighing | None, payer: flow.Event, visit_at: Timed
    ) -> Visit:
        """See a photographed tray, at the prices of the payer's group."""
        with visit_at.watch.stage("read"):
            picture = read_picture(path)
        tray = Tray(picture, evidence_jpeg(picture), weighing)
        return self.see(tray, visit_at, _group(payer))

    def see(
        self, tray: Tray, timed: Timed, group: DinerGroup = DinerGroup.STAFF
    ) -> Visit:
        """See and weigh a tray, and decide what it costs a diner of `group`."""
        settler = self._settler(group)
        sight = self.senses.look(
            tray,
            self.catalogue.calibration,
            self.catalogue.menu,
            self.gallery,
            timed.watch,
        )
        with timed.watch.stage("portions"):
            settlement = settler.settle(sight.tray)
        return Visit(tray, sight, sight.tray, settlement, group, timed)

    def weighing(
        self, total: Mass | None, cells: Sequence[Mass] = ()
    ) -> Weighing | None:
        """Make a weighing of scale readings, the tray itself taken off.

        Raises `NoPlatform` for four readings where no platform is calibrated.
        """
        tare = self.catalogue.settings.tray_tare
        if not cells:
            return None if total is None else Weighing(total - tare, SCALE_NOISE)
        places = self.catalogue.platform_mm
        if len(places) != len(cells):
            raise NoPlatform(cells=len(cells), calibrated=len(places))
        share = Mass(round_half_up(Fraction(tare.mg, len(cells))))
        each = tuple(
            Cell(x, y, mass - share) for (x, y), mass in zip(places, cells, strict=True)
        )
        return Weighing.from_cells(each, SCALE_NOISE)

    def payer(
        self,
        frames: Sequence[Picture],
        card: str | None,
        diner: str | None,
        watch: Stopwatch,
    ) -> flow.Event:
        """Find out who pays: a card or a name is certain, a face may be in doubt."""
        if card is not None:
            return flow.PayerKnown(self.payers.by_card(card))
        if diner is not None:
            return flow.PayerKnown(self.payers.named(diner))
        with watch.stage("face"):
            answer = self.payers.recognise(frames)
        match answer:
            case Match():
                return flow.PayerKnown(self.payers.by_face(answer))
            case Ambiguous(candidates):
                return flow.PayerDoubted(tuple(each.what for each in candidates))
            case Unknown(reason):
                return flow.PayerUnknown(reason)

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
            offers = self.portions.menu(self.catalogue.offers(group))
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
        with visit.timed.watch.stage("portions"):
            visit.settlement = self._settler(visit.group).settle(seen)
        return flow.TrayRead(visit.settlement.verdict)

    def _commit(
        self, visit: Visit, commit: flow.Commit
    ) -> flow.Committed | flow.CommitFailed:
        booking = Booking(
            self.catalogue, self.store.till, commit, visit.seen, visit.timed.now
        )
        evidence = evidence_of(booking, visit.tray.jpeg)
        day = self.catalogue.sitting.business_day
        try:
            with visit.timed.watch.stage("commit"):
                visit.sale = self.store.commit(
                    day, lambda number: sale_of(booking, number, evidence), evidence
                )
        except DomainError as refused:
            return flow.CommitFailed(refused.message())
        except (OperationalError, OSError) as failed:
            return flow.CommitFailed(f"记录失败，未扣款，请联系技术人员：{failed}")
        with visit.timed.watch.stage("learn"):
            self._learn(visit, visit.sale, commit.charge)
        return flow.Committed(str(visit.sale.till.number))

    def _learn(self, visit: Visit, sale: Sale, charge: Charge) -> None:
        """Let the confirmed sale teach looks, masses and popularity."""
        looks = [look.features if look else None for look in visit.sight.looks]
        memory.learn(self.store, self.gallery, sale, visit.seen, looks, charge)
        taught = lesson(visit.seen, charge, self.catalogue.tares)
        if self.portions.learn(str(sale.id), taught):
            self._settlers.clear()
            self._settler(visit.group)

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


@contextmanager
def open_counter(
    settings: Settings, now: datetime, *, faces: bool = True
) -> Iterator[Counter]:
    """Open a till for service: database, networks and, where wanted, faces.

    Without the site's key there are no faces; everything else works.
    """
    with Store(settings.db, settings.journal) as store:
        reader = FaceReader(SFace(settings.weights)) if faces else None
        key = None
        if faces and settings.face_key is not None:
            secret = settings.face_key.get_secret_value()
            key = FaceKey.from_environment({KEY_VARIABLE: secret})
        senses = Senses(settings.weights, settings.threads)
        counter = Counter(store, senses, Payers(store, reader, key), now)
        store.forget_evidence(counter.catalogue.sitting.business_day)
        yield counter
