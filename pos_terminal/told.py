"""One settlement told: as one line of JSON, and in sentences where it is not paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from models.domain.evidence import Ask, Charge, Reason
from pos_terminal.flows import checkout as flow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from models.domain.evidence import PlateVerdict, Question
    from pos_terminal.app import Counter, Visit

_MOST_SCORES: Final = 3


def unpaid(visit: Visit, names: Mapping[str, str]) -> Iterator[str]:
    """Say why a tray is not paid yet and what to do; `names` are those of dishes."""
    match visit.state:
        case flow.Blocked(refusal):
            yield from map(_both, refusal.reasons)
        case flow.Asking(ask):
            yield from asked(ask.question, names)
            yield "用 --choose 回答，0 为都不是 answer with --choose, 0 for none"
        case flow.Doubting():
            yield _both(Reason.SECOND_FACTOR)
        case _:
            pass


def asked(question: Question, names: Mapping[str, str]) -> Iterator[str]:
    """Put a question into lines: the plate, then its options numbered from 1."""
    yield f"第 {question.plate + 1} 盘：{_both(question.reason)}"
    for number, option in enumerate(question.options, start=1):
        served = option.what
        name = names.get(served.dish, served.dish)
        yield f"{number}. {name} {served.portion.chinese} {served.price}"


def _both(reason: Reason) -> str:
    """Give a reason's sentence, and its name for those who read no Chinese."""
    return f"{reason.chinese} ({reason.value.replace('_', ' ')})"


def described(visit: Visit, counter: Counter) -> dict[str, Any]:
    """Describe a visit; money in fen, mass in mg, probabilities in ppm."""
    verdict = visit.settlement.verdict
    sale = visit.sale
    payer = sale.payer if sale else None
    return {
        "name": "settle",
        "verdict": type(verdict).__name__.lower(),
        "state": type(visit.state).__name__.lower(),
        "plates": [_plate(visit, counter, plate) for plate in verdict.plates],
        "total_fen": _total(visit),
        "posterior_ppm": verdict.ppm if isinstance(verdict, Charge) else None,
        "lost_ppm": visit.settlement.lost,
        "question": _question(verdict.question) if isinstance(verdict, Ask) else None,
        "reasons": [reason.value for reason in verdict.reasons],
        "payer": {
            "diner": payer.diner,
            "name": counter.payers.name(payer.diner),
            "by": payer.identified.value,
        }
        if payer
        else None,
        "candidates": list(visit.state.candidates)
        if isinstance(visit.state, flow.Doubting)
        else [],
        "sale": str(sale.id) if sale else None,
        "number": sale.till.number if sale else None,
        "ms": {
            **visit.timed.watch.spent_ms,
            "all": sum(visit.timed.watch.spent_ms.values()),
        },
    }


def _total(visit: Visit) -> int | None:
    if visit.sale is not None:
        return visit.sale.total.fen
    verdict = visit.settlement.verdict
    return verdict.total.fen if isinstance(verdict, Charge) else None


def _plate(visit: Visit, counter: Counter, plate: PlateVerdict) -> dict[str, Any]:
    served = plate.served
    seen = visit.sight.view.plates[plate.plate]
    look = visit.sight.looks[plate.plate]
    ranking = look.ranking if look else None
    halves = look.halves.answer.candidates if look and look.halves else ()
    scores = list(ranking.probabilities.items())[:_MOST_SCORES] if ranking else []
    return {
        "dish": served.dish if served else None,
        "named": counter.catalogue.names.get(served.dish) if served else None,
        "portion": served.portion.value if served else None,
        "price_fen": served.price.fen if served else None,
        "price_ppm": plate.price_ppm,
        "dish_ppm": plate.dish_ppm,
        "scores_ppm": {dish: round(share * 1e6) for dish, share in scores},
        "unknown_ppm": round(ranking.unknown * 1e6) if ranking else None,
        "halves": [half.what for half in halves],
        "vessel": seen.kind,
        "mass_mg": plate.mass.mg if plate.mass else None,
        "box": list(seen.box),
        "reason": plate.reason.value if plate.reason else None,
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "plate": question.plate,
        "reason": question.reason.value,
        "options": [
            {
                "dish": option.what.dish,
                "portion": option.what.portion.value,
                "price_fen": option.what.price.fen,
                "ppm": option.ppm,
            }
            for option in question.options
        ],
    }
