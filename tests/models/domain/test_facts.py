"""Bodies of facts: plain data, read back exactly, refused when touched."""

import json
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.facts import (
    BrokenBody,
    instant_text,
    read_sale,
    read_void,
    sale_body,
    void_body,
)
from models.domain.mealtimes import SHANGHAI
from models.domain.quote import Ordered, quote
from models.domain.sale import Sale, Void
from models.domain.serving import Portion
from models.domain.tariffs import Plan
from tests.models.domain.made import (
    NOON,
    VOID_ID,
    context,
    readme_prices,
    sale_of,
    sales,
)

TRAY = [Ordered(Plan.DISH, "红烧肉", Portion.HALF), Ordered(Plan.DISH, "米饭")]
SALE = sale_of(quote(readme_prices(), TRAY, context()))
VOID = Void(
    VOID_ID,
    SALE.id,
    SALE.sitting.business_day,
    replace(SALE.till, number=8),
    SALE.sitting,
    NOON,
    -SALE.total,
    "p1",
    "多收一份",
)


def _scalars(value: object) -> list[object]:
    if isinstance(value, dict):
        assert all(isinstance(key, str) for key in value)
        return [inner for each in value.values() for inner in _scalars(each)]
    if isinstance(value, list):
        return [inner for each in value for inner in _scalars(each)]
    return [value]


@settings(max_examples=50)
@given(sales())
def test_a_sale_is_read_back_as_it_was_written(sale: Sale) -> None:
    body = sale_body(sale)
    assert {type(scalar) for scalar in _scalars(body)} <= {int, str}
    through_json = json.loads(json.dumps(body, sort_keys=True))
    assert read_sale(through_json) == sale
    assert sale_body(read_sale(through_json)) == body


@given(st.booleans())
def test_a_void_is_read_back_as_it_was_written(training: bool) -> None:
    void = replace(VOID, training=training)
    body = json.loads(json.dumps(void_body(void), sort_keys=True))
    assert read_void(body) == void


@pytest.mark.parametrize(
    "change",
    [
        {"total_fen": 1},
        {"total_fen": float(SALE.total.fen)},
        {"training": True},
        {"lines": []},
        {"lines": 7},
        {"number": "7"},
        {"meal": "brunch"},
        {"made_at": "2026-11-23T12:00:00"},
        {"made_at": "2026-11-23T12:00:00+08:00"},
        {"id": "7"},
        {"surplus": 1},
        {"payer": {"diner": "甲"}},
    ],
)
def test_an_altered_sale_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BrokenBody) as refused:
        read_sale({**sale_body(SALE), **change})
    assert "技术人员" in refused.value.message()


@pytest.mark.parametrize("key", sorted(sale_body(SALE)))
def test_a_sale_without_one_of_its_keys_is_refused(key: str) -> None:
    body = sale_body(SALE)
    del body[key]
    with pytest.raises(BrokenBody):
        read_sale(body)


@pytest.mark.parametrize("key", sorted(void_body(VOID)))
def test_a_void_without_one_of_its_keys_is_refused(key: str) -> None:
    body = void_body(VOID)
    del body[key]
    with pytest.raises(BrokenBody):
        read_void(body)


@given(st.integers(-12, 14))
def test_equal_instants_are_equal_text(hours: int) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=hours)))
    assert instant_text(there) == instant_text(NOON) == "2026-11-23T04:00:00.000000Z"
    assert instant_text(NOON.astimezone(SHANGHAI)).endswith("Z")
