"""The receipt: printer columns, what it says, and the mark of training."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.people import DinerGroup
from models.domain.quote import Ordered, quote
from models.domain.receipt import (
    TRAINING_MARK,
    Paper,
    ReceiptNames,
    between,
    columns,
    receipt,
    void_slip,
    wrapped,
)
from models.domain.sale import Identified, Payer, Sale, SecondFactor, Void
from models.domain.serving import Portion
from models.domain.tariffs import Plan
from models.domain.units import Mass
from tests.models.domain.made import (
    NOON,
    VOID_ID,
    context,
    readme_prices,
    sale_of,
    sales,
    words,
)

NAMES = ReceiptNames(
    "银川市行政中心机关食堂",
    {"H1": "一号餐厅"},
    {"米饭": "米饭（宁夏）"},
    {"d1": "马*"},
    "余额 ￥86.10（截至 11:58）",
)
TRAY = [
    Ordered(Plan.DISH, "红烧肉", Portion.HALF),
    Ordered(Plan.DISH, "凉拌黄瓜", mass=Mass(123_000)),
    Ordered(Plan.DISH, "米饭", count=2),
]


def _sale() -> Sale:
    payer = Payer("d1", DinerGroup.STAFF, Identified.FACE, SecondFactor.PHONE_DIGITS)
    return sale_of(quote(readme_prices(), TRAY, context()), payer=payer)


def test_a_receipt_of_58_mm_reads_like_this() -> None:
    assert receipt(_sale(), NAMES) == (
        "     银川市行政中心机关食堂",
        "            结算小票",
        "一号餐厅         2026-11-23 午餐",
        "No.A1-0007              12:00:00",
        "--------------------------------",
        "红烧肉（半份）            ￥7.80",
        "凉拌黄瓜                  ￥3.67",
        "  净重 123 g",
        "米饭（宁夏） ×2          ￥2.00",
        "--------------------------------",
        "优惠                     -￥0.78",
        "取整                     -￥0.09",
        "合计                     ￥12.60",
        "付款人 马*        刷脸＋手机尾号",
        "余额 ￥86.10（截至 11:58）",
    )


@settings(max_examples=50)
@given(sales(), st.sampled_from(Paper), words)
def test_no_line_is_wider_than_the_paper(sale: Sale, paper: Paper, site: str) -> None:
    names = ReceiptNames(site * 9, {}, {"红烧肉": site * 12}, {}, site * 10)
    assert all(columns(line) <= paper for line in receipt(sale, names, paper))


@given(sales())
@settings(max_examples=30)
def test_training_is_marked_at_head_and_foot_and_only_then(sale: Sale) -> None:
    marks = [line for line in receipt(sale, NAMES) if TRAINING_MARK in line]
    assert len(marks) == (2 if sale.training else 0)


def test_included_dishes_are_listed_without_an_amount() -> None:
    tray = [Ordered(Plan.BUFFET, "自助餐"), Ordered(Plan.INCLUDED, "红烧肉")]
    lines = receipt(sale_of(quote(readme_prices(), tray, context())), NAMES)
    assert any(line.startswith("红烧肉") and line.endswith("已含") for line in lines)


def test_a_training_receipt_without_payer_names_none() -> None:
    sale = replace(_sale(), payer=None, training=True)
    assert not any("付款人" in line for line in receipt(sale, NAMES))


def test_a_void_slip_names_the_sale_it_takes_back() -> None:
    sale = _sale()
    void = Void(
        VOID_ID,
        sale.id,
        sale.sitting.business_day,
        replace(sale.till, number=8),
        sale.sitting,
        NOON,
        -sale.total,
        "p1",
        "多收一份",
        training=True,
    )
    text = "".join(void_slip(void, NAMES))
    for part in (str(sale.id), "冲正小票", "￥12.60", "多收一份", TRAINING_MARK):
        assert part in text


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("红烧肉", 6), ("￥12.00", 7), ("×", 2), ("e\u0301", 1)],
)
def test_columns_are_those_of_a_gb18030_printer(text: str, width: int) -> None:
    assert columns(text) == width


@given(st.text("菜a×", max_size=80), st.integers(2, 48))
def test_wrapping_loses_no_character(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join(lines) == text
    assert all(columns(line) <= width for line in lines)


@given(st.text("菜a×", max_size=40), st.text("￥0.1-", max_size=12))
def test_two_margins_hold_both_texts(left: str, right: str) -> None:
    lines = between(left, right, 32)
    assert all(columns(line) <= 32 for line in lines)
    assert lines[-1].endswith(right)
    assert "".join(lines).replace(" ", "") == (left + right).replace(" ", "")
