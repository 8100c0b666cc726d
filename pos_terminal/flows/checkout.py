"""The checkout: how one tray becomes one sale. START READING HERE.

A pure machine: `step(state, event)` gives the next state and the effects that the
till's loop (`pos_terminal/app.py`) carries out. Nothing here touches a device, a
table or a clock, so every (state, event) pair is a test.

    Waiting --TrayRead--> Blocked | Asking | Priced --PayerKnown--> Committing
    Blocked --TrayRead--> ...                  (the counter was put right)
    Asking --Answered--> Asking | Priced       (one question in the normal case)
    Priced --PayerDoubted--> Doubting --PayerKnown--> Committing
    Committing --Committed--> Paid --TrayLeft--> Waiting

Rules of the counter that this file keeps:

- a sale is committed once: `Commit` is an effect of entering `Committing`, and no
  event seen there can cause a second one;
- the receipt follows the commit: `Print` is an effect of `Committed`;
- a payer seen before the dishes are known is kept, so nobody looks up twice;
- a tray that leaves before it is paid leaves no sale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from models.domain.evidence import Ask, Charge, Refuse

if TYPE_CHECKING:
    from models.domain.evidence import Question, Reason, Served, Verdict
    from models.domain.sale import Payer


# --- states ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """No tray on the counter; a face may already have been seen."""

    payer: Payer | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """A tray that can't be read yet: the screen says what to put right."""

    refusal: Refuse
    payer: Payer | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """One question is on the screen; `answers` were given for this tray before."""

    ask: Ask
    answers: tuple[TapAnswer, ...] = ()
    payer: Payer | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """The total is on the screen; nobody has been recognised yet."""

    charge: Charge
    answers: tuple[TapAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubting:
    """A face was seen without certainty: a second factor or another means is due."""

    charge: Charge
    candidates: tuple[str, ...]
    answers: tuple[TapAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Committing:
    """The sale is being made durable; only its result counts now."""

    charge: Charge
    payer: Payer
    answers: tuple[TapAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Paid:
    """Paid and shown; the tray may leave."""

    charge: Charge
    payer: Payer
    number: str


State = Waiting | Blocked | Asking | Priced | Doubting | Committing | Paid


# --- events ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TapAnswer:
    """What a person tapped: `served` lies on the plate, or `None` of the options."""

    question: Question
    served: Served | None


@dataclass(frozen=True, slots=True)
class TrayRead:
    """The tray was seen and weighed; the engine's verdict on it."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Answered:
    """A person answered the question on the screen."""

    served: Served | None


@dataclass(frozen=True, slots=True)
class PayerKnown:
    """A face, card or code named one diner for certain."""

    payer: Payer


@dataclass(frozen=True, slots=True)
class PayerDoubted:
    """A face looked like these diners, best first, but not surely enough to pay."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PayerUnknown:
    """Nobody, or nobody enrolled, in front of the camera."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Committed:
    """The sale is on disk and in the journal under this number."""

    number: str


@dataclass(frozen=True, slots=True)
class CommitFailed:
    """The sale could not be made durable; nothing was charged."""

    message: str


@dataclass(frozen=True, slots=True)
class TrayLeft:
    """The counter is empty again."""


Event = (
    TrayRead
    | Answered
    | PayerKnown
    | PayerDoubted
    | PayerUnknown
    | Committed
    | CommitFailed
    | TrayLeft
)


# --- effects --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Show:
    """Draw this state on the screens."""

    state: State


@dataclass(frozen=True, slots=True)
class Tell:
    """Say one sentence beside the state, such as why no face was recognised."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Warn:
    """Say that the till itself failed and nothing was charged."""

    message: str


@dataclass(frozen=True, slots=True)
class Decide:
    """Decide the same tray again, with these answers as certain evidence."""

    answers: tuple[TapAnswer, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """Make the sale durable, exactly once."""

    charge: Charge
    payer: Payer
    answers: tuple[TapAnswer, ...]


@dataclass(frozen=True, slots=True)
class Print:
    """Print the receipt of a committed sale."""

    number: str


Effect = Show | Tell | Warn | Decide | Commit | Print
Step = tuple[State, tuple[Effect, ...]]


# --- the machine ----------------------------------------------------------------


def step(state: State, event: Event) -> Step:
    """Take one event. An event that means nothing in `state` changes nothing."""
    match event:
        case TrayLeft():
            after = _tray_left(state)
        case TrayRead(verdict):
            after = _tray_read(state, verdict)
        case Answered(served):
            after = _answered(state, served)
        case PayerKnown(payer):
            after = _payer_known(state, payer)
        case PayerDoubted(candidates):
            after = _payer_doubted(state, candidates)
        case PayerUnknown(reason):
            after = _payer_unknown(state, reason)
        case Committed() | CommitFailed():
            after = _commit_ended(state, event)
    return after


def _shown(state: State, *more: Effect) -> Step:
    return state, (Show(state), *more)


def _tray_left(state: State) -> Step:
    if isinstance(state, Waiting | Committing):
        return state, ()
    return _shown(Waiting())


def _tray_read(state: State, verdict: Verdict) -> Step:
    """Take the engine's verdict, also the one that follows an answer."""
    if isinstance(state, Doubting | Committing | Paid):
        return state, ()
    payer = None if isinstance(state, Priced) else state.payer
    answers = state.answers if isinstance(state, Asking | Priced) else ()
    match verdict:
        case Refuse():
            return _shown(Blocked(verdict, payer))
        case Ask():
            return _shown(Asking(verdict, answers, payer))
        case Charge() if payer is not None:
            return _commit(verdict, payer, answers)
        case Charge():
            return _shown(Priced(verdict, answers))
    assert_never(verdict)


def _answered(state: State, served: Served | None) -> Step:
    if not isinstance(state, Asking):
        return state, ()
    answers = (*state.answers, TapAnswer(state.ask.question, served))
    return replace(state, answers=answers), (Decide(answers),)


def _payer_known(state: State, payer: Payer) -> Step:
    match state:
        case Priced(charge, answers) | Doubting(charge, _, answers):
            return _commit(charge, payer, answers)
        case Waiting() | Blocked() | Asking():
            return _shown(replace(state, payer=payer))
        case Committing() | Paid():
            return state, ()
    assert_never(state)


def _payer_doubted(state: State, candidates: tuple[str, ...]) -> Step:
    if isinstance(state, Priced | Doubting):
        return _shown(Doubting(state.charge, candidates, state.answers))
    return state, ()


def _payer_unknown(state: State, reason: Reason) -> Step:
    if isinstance(state, Committing | Paid):
        return state, ()
    return state, (Tell(reason),)


def _commit(charge: Charge, payer: Payer, answers: tuple[TapAnswer, ...]) -> Step:
    state = Committing(charge, payer, answers)
    return _shown(state, Commit(charge, payer, answers))


def _commit_ended(state: State, event: Committed | CommitFailed) -> Step:
    if not isinstance(state, Committing):
        return state, ()
    if isinstance(event, CommitFailed):
        return _shown(Priced(state.charge, state.answers), Warn(event.message))
    paid = Paid(state.charge, state.payer, event.number)
    return _shown(paid, Print(event.number))
