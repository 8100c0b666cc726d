"""The one format of evaluations and benchmarks: JSON lines on standard output.

Shares are fractions 0..1 of `n`; anything else is an integer named by a plural, or
ends in _ms, _s or _mb. `goal` holds figures of the same names: times, counts, shares
in `AT_MOST` must not exceed it, all others must reach it. `assumed` lists every
simulated input. Words for people go to standard error.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AT_MOST: Final = frozenset(
    {
        "wrong",
        "taps",
        "asked",
        "match_wrong",
        "wrong_person",
        "wrong_person_upper",
        "false_accept",
        "false_accept_upper",
        "ratio",
        "value_mb",
        "ece",
    }
)
"""Figures that are better when smaller; so is every time (`_ms`, `_s`)."""


def _holds(name: str, value: float, goal: float) -> bool:
    smaller = name in AT_MOST or name.endswith(("_ms", "_s"))
    return value <= goal if smaller else value >= goal


def line(
    name: str,
    n: int,
    figures: Mapping[str, float],
    *,
    unit: str = "share",
    goal: Mapping[str, float] | None = None,
    assumed: Sequence[str] = (),
    **more: object,
) -> str:
    """Write one result as JSON; `ok` is true when every goal holds, else false."""
    goal = goal or {}
    ok = all(_holds(key, figures[key], goal[key]) for key in goal) if goal else None
    rounded = {key: _rounded(value) for key, value in figures.items()}
    shown = {"name": name, "n": n, **rounded, "unit": unit, "goal": dict(goal)}
    return _dumped({**shown, "ok": ok, "assumed": list(assumed), **more})


def unserved(name: str, n: int, reason: str) -> str:
    """Write the line of a setting that the given folder can't serve."""
    return _dumped({"name": name, "n": n, "ok": None, "reason": reason, "assumed": []})


def say(words: str) -> None:
    """Tell a person how it goes, on standard error."""
    click.echo(words, err=True)


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else round(value, 5)


def _dumped(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False)
