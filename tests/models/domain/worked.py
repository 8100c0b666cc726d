"""The worked numbers of models/README.md, read from its tables."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from models.domain.mealtimes import Meal, Sitting
from models.domain.units import Mass, Money

README: Final = Path(__file__).parents[3] / "models" / "README.md"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def table(before: str) -> list[dict[str, str]]:
    """Read the first table after the line that begins with `before`."""
    lines = README.read_text(encoding="utf-8").splitlines()
    [start] = [n for n, line in enumerate(lines) if line.startswith(before)]
    first = next(n for n in range(start, len(lines)) if lines[n].startswith("|"))
    end = next(
        (n for n in range(first, len(lines)) if not lines[n].startswith("|")),
        len(lines),
    )
    head, _, *body = lines[first:end]
    return [dict(zip(_cells(head), _cells(line), strict=True)) for line in body]


def money(text: str) -> Money:
    return Money.from_yuan(text)


def grams(text: str) -> Mass:
    return Mass.from_g(text.removesuffix("g"))


def sitting(text: str) -> Sitting:
    """Read "2026-11-23 lunch"."""
    day, meal = text.split()
    return Sitting(date.fromisoformat(day), Meal(meal))
