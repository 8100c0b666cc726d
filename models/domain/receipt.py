"""The receipt (小票) as lines of text for a roll printer.

Columns are those of the printer: 32 on 58 mm paper, 48 on 80 mm; a Chinese
character takes two. Turning lines into bytes is the printer driver's business.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from models.domain.mealtimes import SHANGHAI, in_utc
from models.domain.serving import Portion
from models.domain.tariffs import Plan
from models.domain.units import NO_MONEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from models.domain.sale import Sale, SaleLine, Void

TRAINING_MARK: Final = "【培训 TRAINING 不扣款】"
_WIDE: Final = frozenset("WFA")
_INVISIBLE: Final = frozenset({"Mn", "Me", "Cf", "Cc"})


class Paper(IntEnum):
    """Columns of a roll, by its width."""

    MM58 = 32
    MM80 = 48


@dataclass(frozen=True, slots=True)
class ReceiptNames:
    """The words for the codes in a sale; a code without a name prints as it is.

    `balance` is a ready line such as the balance as of an hour, or nothing.
    """

    site: str
    halls: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    diners: Mapping[str, str] = field(default_factory=dict)
    balance: str | None = None


def columns(text: str) -> int:
    """Printer columns that `text` takes.

    Wide and full-width characters take two (Unicode TR 11); ambiguous ones such as ×
    take two as well, for GB18030 printers hold them as double-byte characters.
    """
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in _INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def centred(text: str, width: int) -> str:
    """Put `text` in the middle of a line."""
    return " " * max(0, (width - columns(text)) // 2) + text


def between(left: str, right: str, width: int) -> tuple[str, ...]:
    """Set two texts at the two margins, on two lines if one is too short."""
    gap = width - columns(left) - columns(right)
    if gap >= 1:
        return (left + " " * gap + right,)
    shift = " " * max(0, width - columns(right))
    return (*wrapped(left, width), shift + right)


def wrapped(text: str, width: int) -> tuple[str, ...]:
    """Break `text` into lines of at most `width` columns, at any character."""
    lines, line = [], ""
    for character in text:
        if columns(line + character) > width:
            lines.append(line)
            line = ""
        line += character
    return (*lines, line)


def receipt(
    sale: Sale, names: ReceiptNames, paper: Paper = Paper.MM58
) -> tuple[str, ...]:
    """Print a sale: hall, meal, number, lines, total and payer."""
    width = int(paper)
    return (
        *_head(sale, names, "结算小票", width),
        *(text for line in sale.lines for text in _line(line, names, width)),
        "-" * width,
        *_totals(sale, width),
        *_payer(sale, names, width),
        *_marks(sale, width),
    )


def void_slip(
    void: Void, names: ReceiptNames, paper: Paper = Paper.MM58
) -> tuple[str, ...]:
    """Print a reversal: what was taken back, by whom and why."""
    width = int(paper)
    return (
        *_head(void, names, "冲正小票", width),
        *between("退回", str(-void.amount), width),
        *wrapped(f"原单 {void.target}", width),
        *wrapped(f"经手 {void.actor}", width),
        *wrapped(f"原因 {void.reason}", width),
        *_marks(void, width),
    )


def _head(
    fact: Sale | Void, names: ReceiptNames, title: str, width: int
) -> Iterator[str]:
    till = fact.till
    yield from (centred(line, width) for line in wrapped(names.site, width))
    yield centred(title, width)
    yield from _marks(fact, width)
    hall = names.halls.get(till.hall, till.hall)
    yield from between(hall, str(fact.sitting), width)
    at = in_utc(fact.made_at).astimezone(SHANGHAI)
    yield from between(f"No.{till.terminal}-{till.number:04d}", f"{at:%H:%M:%S}", width)
    yield "-" * width


def _line(line: SaleLine, names: ReceiptNames, width: int) -> Iterator[str]:
    name = names.items.get(line.item, line.item)
    if line.portion is not Portion.WHOLE:
        name += f"（{line.portion.chinese}）"
    if line.count > 1:
        name += f" ×{line.count}"
    price = Plan.INCLUDED.chinese if line.plan is Plan.INCLUDED else str(line.listed)
    yield from between(name, price, width)
    if line.plan is Plan.WEIGHT and line.mass is not None:
        yield f"  净重 {line.mass.mass}"


def _totals(sale: Sale, width: int) -> Iterator[str]:
    if sale.discount != NO_MONEY:
        yield from between("优惠", str(-sale.discount), width)
    if (rounding := sale.total - sale.listed + sale.discount) != NO_MONEY:
        yield from between("取整", str(rounding), width)
    yield from between("合计", str(sale.total), width)


def _payer(sale: Sale, names: ReceiptNames, width: int) -> Iterator[str]:
    if sale.payer is None:
        return
    who = names.diners.get(sale.payer.diner, sale.payer.diner)
    how = sale.payer.identified.chinese
    if sale.payer.second is not None:
        how += f"＋{sale.payer.second.chinese}"
    yield from between(f"付款人 {who}", how, width)
    if names.balance:
        yield from wrapped(names.balance, width)


def _marks(fact: Sale | Void, width: int) -> tuple[str, ...]:
    return (centred(TRAINING_MARK, width),) if fact.training else ()
