"""Every document here is a canteen's day: its commands run, its answers must come.

A line that begins with `$ canteen` is run in a folder of its own, on the clock of the
document's day; the lines below it are what it must print, in the doctest manner: `...`
stands for anything. `[exit N]` after them is the exit code, else it must be 0.
"""

from __future__ import annotations

import doctest
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pytest

from backoffice.demo.drawing import Setting, draw_tray, enrolment_photo
from backoffice.demo.payers import face_frame, portrait_path
from models.domain.serving import Portion
from models.domain.tariffs import PerPortion
from models.domain.units import NO_MONEY, Money, PriceRounding
from models.recognition.gallery import KEY_VARIABLE, FaceKey
from models.recognition.runtime import read_picture
from tests.demo_till import HALL, LUNCH, WEIGHTS, the_canteen
from tests.program import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backoffice.demo.canteen import Dish
    from models.recognition.runtime import Picture

DOCUMENTS = sorted(Path(__file__).parent.glob("*.md"))
DEARER = Money(100)
JIAO = PriceRounding.JIAO_HALF_UP
EXIT = re.compile(r"\[exit (\d+)\]\n")


@dataclass(frozen=True)
class Command:
    """One command of a document, and what it must answer."""

    line: str
    said: str
    code: int


def commands(document: Path, words: dict[str, str]) -> Iterator[Command]:
    """The commands of a document in order, its `{words}` filled in."""
    blocks = re.findall(r"((?: {4}.*\n)+)", document.read_text("utf-8"))
    for block in blocks:
        text = re.sub(r"(?m)^ {4}", "", block)
        for name, word in words.items():
            text = text.replace(f"{{{name}}}", word)
        for part in re.split(r"(?m)^\$ canteen ", text)[1:]:
            line, _, said = part.partition("\n")
            code = EXIT.search(said)
            yield Command(line, EXIT.sub("", said), int(code[1]) if code else 0)


def write(path: Path, picture: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


def ten_dishes(setting: Setting) -> list[Dish]:
    """Ten dishes that are sold in whole and half portions."""
    menu = setting.canteen.on_menu(HALL, LUNCH)
    halves = [
        dish
        for dish in menu
        if any(
            s.portion is Portion.HALF for s in setting.canteen.servings_of(dish.code)
        )
    ]
    return halves[:10]


def write_tables(dishes: list[Dish]) -> None:
    """Tables as a manager writes them: a good one, a dearer one, and two bad ones."""
    for name, more in (("dishes.csv", NO_MONEY), ("dearer.csv", DEARER)):
        table = ["菜名,价格,份量,整份克重,半份克重"]
        for dish in dishes:
            grams = dish.row.mass.mg // 1000
            price = str(dish.row.price + more).removeprefix("￥")
            table.append(f"{dish.name},{price},整份 半份,{grams},{grams * 6 // 10}")
        Path(name).write_text("\n".join(table) + "\n", "gb18030")
    Path("dishes_bad.csv").write_text(
        "菜名,价格,份量,整份克重,整份餐具\n"
        "红烧肉,六元,整份,180,\n鱼,9,大份 整份,0,P999\n红烧肉,12,,,\n",
        "gb18030",
    )
    Path("vessels_bad.csv").write_text(
        "编号,名称,形状,毫米,克重\nP,圆盘,桶,178,395\nB,饭碗,碗,十三,-5\n", "utf-8"
    )


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A folder as a kitchen has it: photos, a table, a tray, a diner's frames."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CANTEEN_AT", "2026-11-23T12:00")
    monkeypatch.setenv("CANTEEN_WEIGHTS", str(WEIGHTS))
    monkeypatch.setenv(KEY_VARIABLE, FaceKey.generate())
    setting = Setting(the_canteen(), HALL, LUNCH)
    dishes = ten_dishes(setting)
    for dish in dishes:
        for seed in range(2):
            photo = enrolment_photo(setting, dish, seed)
            write(tmp_path / "photos" / dish.name / f"{seed}.png", photo)
    write_tables(dishes)
    serving = setting.canteen.servings_of(dishes[0].code)[0]
    tray = draw_tray(setting, [serving], seed=7)
    write(tmp_path / "tray.jpg", tray.picture)
    portrait = read_picture(portrait_path(WEIGHTS, "astronaut.png"))
    for number in range(4):
        frame = face_frame(portrait, "astronaut.png", number)
        write(tmp_path / f"face{number}.jpg", frame)
    [plate] = tray.truth.plates
    net = plate.gross.mg - plate.tare.mg
    price = dishes[0].row.price
    return {
        "net": str(net // 1000),
        "dish": dishes[0].name,
        "price": str(price),
        "dearer": str(price + DEARER),
        "half": str(PerPortion(price + DEARER).price(Portion.HALF, JIAO)),
    }


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_day_goes_as_the_document_says(
    document: Path, words: dict[str, str]
) -> None:
    checker = doctest.OutputChecker()
    for command in commands(document, words):
        said, code = run(command.line)
        story = f"$ canteen {command.line}\n{said}[exit {code}]"
        assert code == command.code, story
        asked = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert checker.check_output(command.said, said, asked), story
