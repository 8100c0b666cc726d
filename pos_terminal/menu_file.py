"""The dishes of a canteen as a spreadsheet file (CSV), read with every mistake named.

Excel on Chinese Windows writes GB18030, elsewhere UTF-8: both are read. Columns by
their Chinese names; only 菜名 and 价格 must be there:

    菜名,价格,计价,份量,整份克重,半份克重,小份克重,小份价格,整份餐具,半份餐具,小份餐具
    番茄炒鸡蛋,6.00,,整份 半份,220,135,,,P178,P127,
    凉拌牛肉,2.98,每100克,,,,,,,,
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from models.domain.errors import DomainError, InvalidData, NotANumber, Problem
from models.domain.serving import (
    Portion,
    PortionMass,
    Serving,
    VesselKind,
    VesselShape,
)
from models.domain.tariffs import ByWeight, PerPortion
from models.domain.units import Mass, Money
from pos_terminal.setup import NewDish

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from models.domain.tariffs import Tariff

_NAME: Final = "菜名"
_PRICE: Final = "价格"
_PRICED_BY: Final = "计价"
_PORTIONS: Final = "份量"
_PER_100_G: Final = "每100克"
_SPREAD_PERCENT: Final = 10
"""Spread of a portion's mass before any was weighed."""

_BY_CHINESE: Final = {portion.chinese: portion for portion in Portion}


class NotATable(DomainError):
    """A file that is no CSV with the columns a menu needs."""

    code = "not_a_menu_table"
    chinese = "{name} 不是菜品表：第一行应有“菜名”和“价格”两列（CSV 格式）"
    english = "{name} is no table of dishes: its first line needs 菜名 and 价格 (CSV)"


class CellMissing(DomainError):
    """A cell that must not be empty."""

    code = "cell_missing"
    chinese = "不能为空"
    english = "must not be empty"


class TwiceInTable(DomainError):
    """A dish on two lines of one file."""

    code = "twice_in_table"
    chinese = "“{name}”重复出现，请只留一行"
    english = "“{name}” stands twice; keep one line"


class WordUnknown(DomainError):
    """A word that is none of those a column takes."""

    code = "word_unknown"
    chinese = "“{word}”无法识别，可填：{known}"
    english = "“{word}” is not known here; use {known}"


class VesselUndescribed(DomainError):
    """A vessel that the site has not described."""

    code = "vessel_undescribed"
    chinese = "没有登记餐具“{vessel}”，请先用 canteen menu vessels 录入"
    english = "vessel “{vessel}” is not described; enter it with `canteen menu vessels`"


def read_dishes(content: bytes, name: str, vessels: Collection[str]) -> list[NewDish]:
    """Read a file; raises `NotATable`, or `InvalidData` with every wrong cell."""
    rows = read_table(content, name, {_NAME, _PRICE})
    problems: list[Problem] = []
    dishes: dict[str, NewDish] = {}
    for number, cells in rows:
        reader = _Row(number, cells, vessels, problems)
        dish = reader.dish()
        if dish.name in dishes:
            reader.wrong(_NAME, TwiceInTable(name=dish.name))
        dishes[dish.name] = dish
    if problems:
        raise InvalidData(tuple(problems))
    return list(dishes.values())


def read_table(
    content: bytes, name: str, needed: set[str]
) -> list[tuple[int, dict[str, str]]]:
    """Read a CSV file as numbered rows of cells; raises `NotATable`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    reader = csv.DictReader(io.StringIO(text), restval="")
    if not needed <= {column.strip() for column in reader.fieldnames or ()}:
        raise NotATable(name=name)
    return [
        (number, {(key or "").strip(): str(cell).strip() for key, cell in row.items()})
        for number, row in enumerate(reader, start=2)
    ]


_VESSEL_COLUMNS: Final = ("编号", "名称", "形状", "毫米", "克重")
_SHAPES: Final = {
    "盘": VesselShape.PLATE,
    "碗": VesselShape.BOWL,
    "分格": VesselShape.COMPARTMENT,
    "盒": VesselShape.BOX,
}


def read_vessels(content: bytes, name: str) -> list[VesselKind]:
    """Read a table of vessels: code, name, shape, size in mm, tare in g.

    Raises `NotATable`, or `InvalidData` with every wrong cell.
    """
    problems: list[Problem] = []
    kinds: list[VesselKind] = []
    for number, cells in read_table(content, name, set(_VESSEL_COLUMNS)):
        code, called, shape, size, grams = (cells[one] for one in _VESSEL_COLUMNS)
        if shape not in _SHAPES:
            wrong = WordUnknown(word=shape, known=" ".join(_SHAPES))
            problems.append(Problem(wrong, number, "形状"))
        if not size.isdigit():
            problems.append(Problem(NotANumber(text=size, unit="mm"), number, "毫米"))
        try:
            tare = Mass.from_g(grams)
        except DomainError as error:
            problems.append(Problem(error, number, "克重"))
        else:
            kinds.append(
                VesselKind(
                    code,
                    called,
                    _SHAPES.get(shape, VesselShape.PLATE),
                    int(size) if size.isdigit() else 1,
                    tare,
                )
            )
    if problems:
        raise InvalidData(tuple(problems))
    return kinds


class _Row:
    """One line of the table; what is wrong with it goes to `problems`."""

    def __init__(
        self,
        number: int,
        cells: Mapping[str, str],
        vessels: Collection[str],
        problems: list[Problem],
    ) -> None:
        self._number = number
        self._cells = cells
        self._vessels = vessels
        self._problems = problems

    def wrong(self, column: str, error: DomainError) -> None:
        """Note a mistake in a cell."""
        self._problems.append(Problem(error, self._number, column))

    def dish(self) -> NewDish:
        name = self._cells[_NAME]
        if not name:
            self.wrong(_NAME, CellMissing())
        servings = tuple(self._serving(name, portion) for portion in self._portions())
        return NewDish(name, self._tariff(), servings)

    def _portions(self) -> list[Portion]:
        words = self._cells.get(_PORTIONS, "").replace("、", " ").split()
        portions = []
        for word in words or [Portion.WHOLE.chinese]:
            if word in _BY_CHINESE:
                portions.append(_BY_CHINESE[word])
            else:
                known = " ".join(_BY_CHINESE)
                self.wrong(_PORTIONS, WordUnknown(word=word, known=known))
        return portions

    def _tariff(self) -> Tariff:
        price = self._money(_PRICE) or Money(0)
        if not self._cells[_PRICE]:
            self.wrong(_PRICE, CellMissing())
        priced_by = self._cells.get(_PRICED_BY, "")
        if priced_by == _PER_100_G:
            return ByWeight(price, Mass.from_g("100"))
        if priced_by not in ("", "按份"):
            known = f"按份 {_PER_100_G}"
            self.wrong(_PRICED_BY, WordUnknown(word=priced_by, known=known))
        return PerPortion(price, self._money("小份价格"))

    def _serving(self, dish: str, portion: Portion) -> Serving:
        vessel = self._cells.get(f"{portion.chinese}餐具", "") or None
        if vessel is not None and vessel not in self._vessels:
            column = f"{portion.chinese}餐具"
            self.wrong(column, VesselUndescribed(vessel=vessel))
        return Serving(dish, portion, vessel, self._mass(f"{portion.chinese}克重"))

    def _mass(self, column: str) -> PortionMass | None:
        if not (text := self._cells.get(column, "")):
            return None
        try:
            mean = Mass.from_g(text)
        except DomainError as error:
            self.wrong(column, error)
            return None
        return PortionMass.from_recipe(mean, Mass(mean.mg * _SPREAD_PERCENT // 100))

    def _money(self, column: str) -> Money | None:
        if not (text := self._cells.get(column, "")):
            return None
        try:
            return Money.from_yuan(text)
        except DomainError as error:
            self.wrong(column, error)
            return None
