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
from typing import TYPE_CHECKING, Final, TypeVar

from models.domain.errors import DomainError, InvalidData, NotANumber, Problem
from models.domain.serving import (
    Portion,
    PortionMass,
    Serving,
    VesselKind,
    VesselShape,
)
from models.domain.tariffs import BadTariff, ByWeight, PerPortion, Plan
from models.domain.units import NO_MASS, NO_MONEY, Mass, Money
from pos_terminal.setup import NewDish

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from models.domain.tariffs import Tariff

_NAME: Final = "菜名"
_PRICE: Final = "价格"
_PRICED_BY: Final = "计价"
_PORTIONS: Final = "份量"
_SMALL_PRICE: Final = "小份价格"
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


class NotAboveZero(DomainError):
    """A mass or size that nothing has."""

    code = "not_above_zero"
    chinese = "“{text}”必须大于零"
    english = "“{text}” must be above zero"


class LetterLost(DomainError):
    """A letter that neither encoding gives."""

    code = "letter_lost"
    chinese = "有无法识别的字符，请在 Excel 中另存为“CSV UTF-8”后重试"
    english = "a letter can't be read; save the table as “CSV UTF-8” in Excel"


class TwiceInTable(DomainError):
    """A dish or vessel on two lines of one file."""

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
    problems: list[Problem] = []
    dishes: dict[str, NewDish] = {}
    for number, cells in read_table(content, name, {_NAME, _PRICE}):
        line = _DishLine(number, cells, problems, vessels)
        dish = line.dish()
        if dish.name in dishes:
            line.wrong(_NAME, TwiceInTable(name=dish.name))
        dishes[dish.name] = dish
    if problems:
        raise InvalidData(tuple(problems))
    return list(dishes.values())


def read_table(
    content: bytes, name: str, needed: set[str]
) -> list[tuple[int, dict[str, str]]]:
    """Read a CSV file as cells by column, with the line each row ends on.

    Rows without any text are passed over. Raises `NotATable`, or `InvalidData` naming
    every row with a letter that can't be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
    try:
        columns = {column.strip() for column in reader.fieldnames or ()}
        rows = [(reader.line_num, _stripped(row)) for row in reader]
    except csv.Error as broken:
        raise NotATable(name=name) from broken
    if not needed <= columns:
        raise NotATable(name=name)
    lost = tuple(
        Problem(LetterLost(), number, column)
        for number, cells in rows
        for column, cell in cells.items()
        if "\ufffd" in cell
    )
    if lost:
        raise InvalidData(lost)
    return [(number, cells) for number, cells in rows if any(cells.values())]


def _stripped(row: Mapping[str | None, object]) -> dict[str, str]:
    """Take the cells that stand under a column."""
    return {key.strip(): str(cell).strip() for key, cell in row.items() if key}


_CODE: Final = "编号"
_CALLED: Final = "名称"
_SHAPE: Final = "形状"
_SIZE: Final = "毫米"
_TARE: Final = "克重"
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
    kinds: dict[str, VesselKind] = {}
    columns = {_CODE, _CALLED, _SHAPE, _SIZE, _TARE}
    for number, cells in read_table(content, name, columns):
        line = _Line(number, cells, problems)
        code = line.text(_CODE)
        if code in kinds:
            line.wrong(_CODE, TwiceInTable(name=code))
        called = line.text(_CALLED)
        shape = line.word(_SHAPE, _SHAPES) or VesselShape.PLATE
        size, tare = line.whole(_SIZE, "mm"), line.mass(_TARE)
        kinds[code] = VesselKind(code, called, shape, size or 1, tare or Mass(1))
    if problems:
        raise InvalidData(tuple(problems))
    return list(kinds.values())


_T = TypeVar("_T")


class _Line:
    """One line of a table; what is wrong with a cell goes to `problems`."""

    def __init__(
        self, number: int, cells: Mapping[str, str], problems: list[Problem]
    ) -> None:
        self._number = number
        self._problems = problems
        self.cells = cells

    def wrong(self, column: str, error: DomainError) -> None:
        """Note a mistake in a cell."""
        self._problems.append(Problem(error, self._number, column))

    def text(self, column: str) -> str:
        """Read a cell that must not be empty."""
        if not (text := self.cells.get(column, "")):
            self.wrong(column, CellMissing())
        return text

    def word(self, column: str, known: Mapping[str, _T]) -> _T | None:
        """Read a cell that takes one of a few words."""
        if (text := self.text(column)) and text not in known:
            self.wrong(column, WordUnknown(word=text, known=" ".join(known)))
        return known.get(text)

    def whole(self, column: str, unit: str) -> int | None:
        """Read a whole number above zero."""
        text = self.text(column)
        if text and not (text.isdecimal() and int(text)):
            self.wrong(column, NotANumber(text=text, unit=unit))
            return None
        return int(text) if text else None

    def mass(self, column: str) -> Mass | None:
        """Read grams above zero."""
        try:
            mass = Mass.from_g(self.cells[column])
        except DomainError as error:
            self.wrong(column, error)
            return None
        if mass <= NO_MASS:
            self.wrong(column, NotAboveZero(text=self.cells[column]))
            return None
        return mass

    def money(self, column: str) -> Money | None:
        """Read an amount in yuan; an empty cell is none."""
        if not (text := self.cells.get(column, "")):
            return None
        try:
            return Money.from_yuan(text)
        except DomainError as error:
            self.wrong(column, error)
            return None


class _DishLine(_Line):
    """One dish of the table."""

    def __init__(
        self,
        number: int,
        cells: Mapping[str, str],
        problems: list[Problem],
        vessels: Collection[str],
    ) -> None:
        super().__init__(number, cells, problems)
        self._vessels = vessels

    def dish(self) -> NewDish:
        name = self.text(_NAME)
        portions = tuple(self._portions())
        servings = tuple(self._serving(name, portion) for portion in portions)
        tariff = self._tariff(name)
        if (
            Portion.SMALL in portions
            and isinstance(tariff, PerPortion)
            and not self.cells.get(_SMALL_PRICE)
        ):
            self.wrong(_SMALL_PRICE, CellMissing())
        return NewDish(name, tariff, servings)

    def _portions(self) -> Iterator[Portion]:
        words = self.cells.get(_PORTIONS, "").replace("、", " ").split()
        for word in words or [Portion.WHOLE.chinese]:
            if word in _BY_CHINESE:
                yield _BY_CHINESE[word]
            else:
                known = " ".join(_BY_CHINESE)
                self.wrong(_PORTIONS, WordUnknown(word=word, known=known))

    def _tariff(self, name: str) -> Tariff:
        price = self.money(_PRICE) if self.text(_PRICE) else None
        priced_by = self.cells.get(_PRICED_BY, "")
        if priced_by not in ("", "按份", _PER_100_G):
            known = f"按份 {_PER_100_G}"
            self.wrong(_PRICED_BY, WordUnknown(word=priced_by, known=known))
        plan = Plan.WEIGHT if priced_by == _PER_100_G else Plan.DISH
        tariff: Tariff = ByWeight(price or NO_MONEY, Mass.from_g("100"))
        if plan is Plan.DISH:
            tariff = PerPortion(price or NO_MONEY, self.money(_SMALL_PRICE))
        if price is not None and not tariff.sound():
            self.wrong(_PRICE, BadTariff(item=name, plan=plan.chinese))
        return tariff

    def _serving(self, dish: str, portion: Portion) -> Serving:
        vessel = self.cells.get(f"{portion.chinese}餐具", "") or None
        if vessel is not None and vessel not in self._vessels:
            column = f"{portion.chinese}餐具"
            self.wrong(column, VesselUndescribed(vessel=vessel))
        return Serving(dish, portion, vessel, self._portion(f"{portion.chinese}克重"))

    def _portion(self, column: str) -> PortionMass | None:
        mean = self.mass(column) if self.cells.get(column) else None
        if mean is None:
            return None
        return PortionMass.from_recipe(mean, Mass(mean.mg * _SPREAD_PERCENT // 100))
