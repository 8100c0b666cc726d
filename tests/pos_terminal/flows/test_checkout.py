"""The checkout machine: every pair of state and event, and the promises it keeps."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.evidence import (
    Ask,
    Candidate,
    Charge,
    PlateVerdict,
    Question,
    Reason,
    Refuse,
    Served,
)
from models.domain.people import DinerGroup
from models.domain.sale import Identified, Payer
from models.domain.serving import Portion
from models.domain.units import CERTAIN, Money, Ppm
from pos_terminal.flows.checkout import (
    Answered,
    Asking,
    Blocked,
    Commit,
    CommitFailed,
    Committed,
    Committing,
    Decide,
    Doubting,
    Event,
    Paid,
    PayerDoubted,
    PayerKnown,
    PayerUnknown,
    Priced,
    Print,
    Show,
    State,
    TapAnswer,
    Tell,
    TrayLeft,
    TrayRead,
    Waiting,
    Warn,
    step,
)

EGGS = Served("番茄炒鸡蛋", Portion.WHOLE, Money(600))
HALF = Served("番茄炒鸡蛋", Portion.HALF, Money(300))
PLATE = PlateVerdict(0, EGGS, CERTAIN, CERTAIN)
CHARGE = Charge((PLATE,), Money(600), CERTAIN)
QUESTION = Question(
    0,
    (Candidate(EGGS, Ppm(600_000)), Candidate(HALF, Ppm(400_000))),
    Reason.TWO_TOO_CLOSE,
)
ASK = Ask((PLATE,), QUESTION)
REFUSAL = Refuse((), (Reason.HAND_IN_PICTURE,))
LI = Payer("李明", DinerGroup.STAFF, Identified.FACE)
WANG = Payer("王芳", DinerGroup.STAFF, Identified.CARD)
TAPPED = (TapAnswer(QUESTION, EGGS),)

STATES: dict[str, State] = {
    "waiting": Waiting(),
    "waiting, face known": Waiting(LI),
    "blocked": Blocked(REFUSAL),
    "blocked, face known": Blocked(REFUSAL, LI),
    "asking": Asking(ASK),
    "asking, face known": Asking(ASK, payer=LI),
    "priced": Priced(CHARGE),
    "priced after an answer": Priced(CHARGE, TAPPED),
    "doubting": Doubting(CHARGE, ("李明",)),
    "committing": Committing(CHARGE, LI),
    "paid": Paid(CHARGE, LI, "1-0001"),
}
EVENTS: dict[str, Event] = {
    "charge": TrayRead(CHARGE),
    "ask": TrayRead(ASK),
    "refuse": TrayRead(REFUSAL),
    "answer": Answered(EGGS),
    "none of these": Answered(None),
    "payer": PayerKnown(WANG),
    "doubt": PayerDoubted(("李明", "王芳")),
    "nobody": PayerUnknown(Reason.NO_FACE),
    "committed": Committed("1-0002"),
    "commit failed": CommitFailed("磁盘已满"),
    "left": TrayLeft(),
}

# Where each pair leads. A pair that is not listed stays where it is, without effects.
LEADS: dict[tuple[str, str], State] = {
    ("waiting", "charge"): Priced(CHARGE),
    ("waiting", "ask"): Asking(ASK),
    ("waiting", "refuse"): Blocked(REFUSAL),
    ("waiting", "payer"): Waiting(WANG),
    ("waiting, face known", "charge"): Committing(CHARGE, LI),
    ("waiting, face known", "ask"): Asking(ASK, payer=LI),
    ("waiting, face known", "refuse"): Blocked(REFUSAL, LI),
    ("waiting, face known", "payer"): Waiting(WANG),
    ("blocked", "charge"): Priced(CHARGE),
    ("blocked", "ask"): Asking(ASK),
    ("blocked", "refuse"): Blocked(REFUSAL),
    ("blocked", "payer"): Blocked(REFUSAL, WANG),
    ("blocked", "left"): Waiting(),
    ("blocked, face known", "charge"): Committing(CHARGE, LI),
    ("blocked, face known", "ask"): Asking(ASK, payer=LI),
    ("blocked, face known", "refuse"): Blocked(REFUSAL, LI),
    ("blocked, face known", "payer"): Blocked(REFUSAL, WANG),
    ("blocked, face known", "left"): Waiting(),
    ("asking", "charge"): Priced(CHARGE),
    ("asking", "ask"): Asking(ASK),
    ("asking", "refuse"): Blocked(REFUSAL),
    ("asking", "answer"): Asking(ASK, TAPPED),
    ("asking", "none of these"): Asking(ASK, (TapAnswer(QUESTION, None),)),
    ("asking", "payer"): Asking(ASK, payer=WANG),
    ("asking", "left"): Waiting(),
    ("asking, face known", "charge"): Committing(CHARGE, LI),
    ("asking, face known", "ask"): Asking(ASK, payer=LI),
    ("asking, face known", "refuse"): Blocked(REFUSAL, LI),
    ("asking, face known", "answer"): Asking(ASK, TAPPED, LI),
    ("asking, face known", "none of these"): Asking(
        ASK, (TapAnswer(QUESTION, None),), LI
    ),
    ("asking, face known", "payer"): Asking(ASK, payer=WANG),
    ("asking, face known", "left"): Waiting(),
    ("priced", "charge"): Priced(CHARGE),
    ("priced", "ask"): Asking(ASK),
    ("priced", "refuse"): Blocked(REFUSAL),
    ("priced", "payer"): Committing(CHARGE, WANG),
    ("priced", "doubt"): Doubting(CHARGE, ("李明", "王芳")),
    ("priced", "left"): Waiting(),
    ("priced after an answer", "charge"): Priced(CHARGE, TAPPED),
    ("priced after an answer", "ask"): Asking(ASK, TAPPED),
    ("priced after an answer", "refuse"): Blocked(REFUSAL),
    ("priced after an answer", "payer"): Committing(CHARGE, WANG, TAPPED),
    ("priced after an answer", "doubt"): Doubting(CHARGE, ("李明", "王芳"), TAPPED),
    ("priced after an answer", "left"): Waiting(),
    ("doubting", "payer"): Committing(CHARGE, WANG),
    ("doubting", "doubt"): Doubting(CHARGE, ("李明", "王芳")),
    ("doubting", "left"): Waiting(),
    ("committing", "committed"): Paid(CHARGE, LI, "1-0002"),
    ("committing", "commit failed"): Priced(CHARGE),
    ("paid", "left"): Waiting(),
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(STATES, EVENTS)))
def test_every_pair_of_state_and_event_leads_where_the_table_says(
    state: str, event: str
) -> None:
    after, _ = step(STATES[state], EVENTS[event])
    assert after == LEADS.get((state, event), STATES[state])


def test_a_new_state_is_shown() -> None:
    for (state, event), expected in LEADS.items():
        after, effects = step(STATES[state], EVENTS[event])
        decides = any(isinstance(effect, Decide) for effect in effects)
        assert decides or Show(expected) in effects, (state, event)
        assert decides or after == expected


def test_the_receipt_follows_the_commit_and_is_printed_once() -> None:
    state, effects = step(Committing(CHARGE, LI), Committed("1-0002"))
    assert Print("1-0002") in effects
    assert step(state, Committed("1-0002")) == (state, ())


def test_a_failed_commit_warns_and_charges_nobody() -> None:
    state, effects = step(Committing(CHARGE, LI), CommitFailed("磁盘已满"))
    assert state == Priced(CHARGE)
    assert Warn("磁盘已满") in effects
    assert not [effect for effect in effects if isinstance(effect, Commit)]


def test_an_answer_makes_the_engine_decide_again_with_it() -> None:
    _, effects = step(Asking(ASK), Answered(HALF))
    assert effects == (Decide((TapAnswer(QUESTION, HALF),)),)


def test_a_face_that_is_not_found_is_told_but_not_after_payment() -> None:
    assert step(Priced(CHARGE), PayerUnknown(Reason.NO_FACE))[1] == (
        Tell(Reason.NO_FACE),
    )
    assert step(Paid(CHARGE, LI, "1"), PayerUnknown(Reason.NO_FACE))[1] == ()


@given(st.lists(st.sampled_from(list(EVENTS.values())), max_size=40))
def test_a_commit_begins_only_on_entering_committing_which_only_its_result_ends(
    story: list[Event],
) -> None:
    state: State = Waiting()
    for event in story:
        before = state
        state, effects = step(before, event)
        entered = isinstance(state, Committing) and not isinstance(before, Committing)
        assert sum(isinstance(effect, Commit) for effect in effects) == entered
        if isinstance(before, Committing) and state != before:
            assert isinstance(event, Committed | CommitFailed)
