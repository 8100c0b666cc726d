"""The table a manager writes in Excel: read whole, or every mistake named."""

from __future__ import annotations

import pytest

from models.domain.errors import InvalidData, NotANumber
from models.domain.serving import Portion, VesselShape
from models.domain.tariffs import BadTariff, ByWeight, PerPortion
from models.domain.units import Mass, Money
from pos_terminal.menu_file import (
    CellMissing,
    NotATable,
    TwiceInTable,
    VesselUndescribed,
    WordUnknown,
    read_dishes,
    read_vessels,
)

HEAD = "菜名,价格,计价,份量,整份克重,半份克重,小份价格,整份餐具\n"
GOOD = (
    "番茄炒鸡蛋,6.00,,整份 半份,220,135,,P\n"
    "凉拌牛肉,2.98,每100克,,,,,\n"
    "红烧肉,12,按份,整份、小份,180,,8.5,\n"
)
VESSELS = "编号,名称,形状,毫米,克重\n"


def wrong(content: str) -> list[tuple[int | None, str | None, type]]:
    """Where a table of dishes is wrong, and how."""
    with pytest.raises(InvalidData) as refused:
        read_dishes(content.encode(), "菜.csv", {"P"})
    return [(p.row, p.field, type(p.error)) for p in refused.value.problems]


def wrong_vessels(content: str) -> list[tuple[int | None, str | None, type]]:
    with pytest.raises(InvalidData) as refused:
        read_vessels((VESSELS + content).encode(), "餐具.csv")
    return [(p.row, p.field, type(p.error)) for p in refused.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_table_reads_the_same_in_every_encoding(encoding: str, ending: str) -> None:
    content = (HEAD + GOOD).replace("\n", ending).encode(encoding)
    egg, beef, pork = read_dishes(content, "菜.csv", {"P"})
    assert egg.tariff == PerPortion(Money(600))
    assert [one.portion for one in egg.servings] == [Portion.WHOLE, Portion.HALF]
    assert egg.servings[0].vessel == "P"
    assert egg.servings[1].vessel is None
    assert egg.servings[1].mass is not None
    assert egg.servings[1].mass.mean_mg == 135_000
    assert beef.tariff == ByWeight(Money(298), Mass(100_000))
    assert beef.servings[0].mass is None
    assert pork.tariff == PerPortion(Money(1_200), Money(850))


def test_only_name_and_price_must_be_there() -> None:
    [dish] = read_dishes("菜名,价格\n米饭,1\n".encode(), "菜.csv", ())
    assert [one.portion for one in dish.servings] == [Portion.WHOLE]


def test_every_wrong_cell_is_named_with_its_row_and_column_all_at_once() -> None:
    content = (
        HEAD
        + ",6.00,,整份,,,,\n"
        + "鱼,六元,每斤,大份,重,,八,Q\n"
        + "虾,,,,,,,\n"
        + "肉,6.005,,,,,,\n"
        + "肉,6,,,,,,\n"
    )
    assert wrong(content) == [
        (2, "菜名", CellMissing),
        (3, "份量", WordUnknown),
        (3, "价格", NotANumber),
        (3, "计价", WordUnknown),
        (3, "小份价格", NotANumber),
        (4, "价格", CellMissing),
        (5, "价格", NotANumber),
        (6, "菜名", TwiceInTable),
    ]


def test_a_serving_with_a_wrong_mass_or_vessel_is_named_with_its_column() -> None:
    assert wrong(HEAD + "鱼,6,,,重,,,Q\n") == [
        (2, "整份餐具", VesselUndescribed),
        (2, "整份克重", NotANumber),
    ]


@pytest.mark.parametrize("grams", ["0", "-200"])
def test_a_portion_that_weighs_nothing_or_less_is_refused(grams: str) -> None:
    [(row, column, _)] = wrong(HEAD + f"鱼,6,,,{grams},,,\n")
    assert (row, column) == (2, "整份克重")


@pytest.mark.parametrize(("price", "small"), [("-6", ""), ("6", "-1"), ("6", "7")])
def test_a_price_that_can_be_none_is_named_where_it_stands(
    price: str, small: str
) -> None:
    assert wrong(HEAD + f"鱼,{price},,,,,{small},\n") == [(2, "价格", BadTariff)]


def test_a_small_portion_needs_its_price() -> None:
    assert wrong(HEAD + "鱼,6,,整份 小份,,,,\n") == [(2, "小份价格", CellMissing)]


def test_a_letter_that_no_encoding_gives_is_named() -> None:
    content = HEAD.encode("gb18030") + b"\xff\xff,6,,,,,,\n"
    with pytest.raises(InvalidData) as refused:
        read_dishes(content, "菜.csv", ())
    [problem] = refused.value.problems
    assert (problem.row, problem.field) == (2, "菜名")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        "菜名,份量\n米饭,整份\n".encode(),
        b"PK\x03\x04\r\x00\x06\n\x00\r" + bytes(range(256)) * 40,
        b'"' + b"x" * 200_000,
        "菜名,价格\n米饭,1\n".encode("utf-16"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(NotATable, match="needs 菜名 and 价格"):
        read_dishes(content, "菜.xlsx", ())


def test_lines_longer_or_shorter_than_the_first_are_read_as_far_as_they_go() -> None:
    dishes = read_dishes("菜名,价格,份量\n米饭,1\n面,5,,多,余\n".encode(), "菜", ())
    assert [dish.name for dish in dishes] == ["米饭", "面"]


def test_the_message_lists_every_cell_in_chinese() -> None:
    with pytest.raises(InvalidData) as refused:
        read_dishes((HEAD + "鱼,六,,大份,,,,\n").encode(), "菜.csv", ())
    said = refused.value.told().splitlines()
    assert said[0] == "数据有 2 处问题，已全部列出，未作任何更改"
    assert said[2].startswith("- 第 2 行“份量”：“大份”无法识别，可填：整份")
    assert said[3].startswith("- 第 2 行“价格”：“六”不是有效的数量")


def test_vessels_are_read_with_shape_size_and_tare() -> None:
    content = VESSELS + "P178,圆盘,盘,178,395\nB,饭碗,碗,115,205.5\n"
    plate, bowl = read_vessels(content.encode("gb18030"), "餐具.csv")
    assert (plate.shape, plate.size_mm) == (VesselShape.PLATE, 178)
    assert (bowl.shape, bowl.tare) == (VesselShape.BOWL, Mass(205_500))


def test_every_wrong_cell_of_a_vessel_is_named_at_once() -> None:
    assert wrong_vessels("P,圆盘,桶,大,重\nB,饭碗,碗,²,205\n") == [
        (2, "形状", WordUnknown),
        (2, "毫米", NotANumber),
        (2, "克重", NotANumber),
        (3, "毫米", NotANumber),
    ]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (",圆盘,盘,178,395", "编号"),
        ("P,,盘,178,395", "名称"),
        ("P,圆盘,盘,0,395", "毫米"),
        ("P,圆盘,盘,178,-5", "克重"),
    ],
)
def test_a_vessel_that_cannot_be_is_refused(line: str, column: str) -> None:
    [(row, field, _)] = wrong_vessels(line + "\n")
    assert (row, field) == (2, column)


def test_a_vessel_stands_in_the_table_once() -> None:
    line = "P,圆盘,盘,178,395\n"
    assert wrong_vessels(line + line) == [(3, "编号", TwiceInTable)]
