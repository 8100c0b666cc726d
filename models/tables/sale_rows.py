"""A sale or void of the domain laid out as rows, the same on both sides.

The till writes them in the transaction that stores the fact; the office writes the same
rows from the fact that came up. Reading them back is never needed to know a sale: its
fact says it all.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from models.tables.sales import (
    OfficeSale,
    OfficeSaleLine,
    OfficeVoid,
    TillSale,
    TillSaleLine,
    TillVoid,
)

if TYPE_CHECKING:
    from models.domain.sale import Asked, Sale, SaleLine, Void

SaleRow = TypeVar("SaleRow", TillSale, OfficeSale)
LineRow = TypeVar("LineRow", TillSaleLine, OfficeSaleLine)
VoidRow = TypeVar("VoidRow", TillVoid, OfficeVoid)


def sale_row(kind: type[SaleRow], sale: Sale) -> SaleRow:
    """Lay out a sale without its lines."""
    payer = sale.payer
    return kind(
        site_id=sale.till.site,
        business_day=sale.sitting.business_day,
        id=sale.id,
        terminal_id=sale.till.terminal,
        number=sale.till.number,
        hall=sale.till.hall,
        meal=sale.sitting.meal,
        made_at=sale.made_at,
        diner=payer.diner if payer else None,
        diner_group=payer.group if payer else None,
        identified=payer.identified if payer else None,
        second_factor=payer.second if payer else None,
        total=sale.total,
        tray_hash=bytes.fromhex(sale.tray) if sale.tray else None,
        is_training=sale.training,
    )


def line_rows(kind: type[LineRow], sale: Sale) -> list[LineRow]:
    """Lay out the lines of a sale, numbered from 1."""
    return [
        _line_row(kind, sale, number, line)
        for number, line in enumerate(sale.lines, start=1)
    ]


def _line_row(kind: type[LineRow], sale: Sale, number: int, line: SaleLine) -> LineRow:
    known = line.mass
    return kind(
        site_id=sale.till.site,
        business_day=sale.sitting.business_day,
        sale_id=sale.id,
        line=number,
        plan=line.plan,
        item=line.item,
        dish=line.dish,
        dish_version=line.dish_version,
        price_version=line.price_version,
        hall=line.hall,
        meal=line.meal,
        portion=line.portion,
        vessel=line.vessel,
        count=line.count,
        mass=known.mass if known else None,
        mass_source=known.source if known else None,
        mass_variance=known.variance_mg2 if known else None,
        posterior=line.posterior,
        asked=_asked_text(line.asked) if line.asked else None,
        served_at=line.served_at,
        listed=line.listed,
        discount=line.discount,
        rounding=line.rounding,
        paid=line.paid,
    )


def _asked_text(asked: Asked) -> str:
    content = {
        "reason": asked.reason.value,
        "options": [[dish, portion.value] for dish, portion in asked.options],
        "chosen": asked.chosen,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def void_row(kind: type[VoidRow], void: Void) -> VoidRow:
    """Lay out a reversal."""
    return kind(
        site_id=void.till.site,
        business_day=void.sitting.business_day,
        id=void.id,
        target_day=void.target_day,
        target_id=void.target,
        terminal_id=void.till.terminal,
        number=void.till.number,
        hall=void.till.hall,
        meal=void.sitting.meal,
        made_at=void.made_at,
        amount=void.amount,
        actor=void.actor,
        reason=void.reason,
        is_training=void.training,
    )
