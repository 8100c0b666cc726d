"""A drawn lunch: enrol from a folder, then settle its trays as a till would.

The folder is what `canteen demo draw` writes. A scripted attendant answers questions
from the truth beside the pictures; everything else is the product as it runs.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from models.domain.people import Assurance
from models.domain.units import Mass
from models.recognition.dishes import MODEL_ID
from models.recognition.runtime import read_picture
from models.tables.dishes import TillDishFeature
from models.tables.people import TillCard, TillDiner
from pos_terminal import setup
from pos_terminal.app import Timed
from pos_terminal.calibration import calibrate_folder, place_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from models.domain.evidence import Question, Served
    from pos_terminal.app import Counter, Visit
    from pos_terminal.flows.checkout import Event


_PHOTOS: Final = 2
"""What a kitchen would take of each dish before opening."""


def prepare(counter: Counter, folder: Path, now: datetime) -> str:
    """Calibrate, enrol today's dishes and the demo payers, as before opening."""
    store, sitting = counter.store, counter.catalogue.sitting
    scale = calibrate_folder(store, folder, sitting, now)
    truth = json.loads((folder / "trays" / "truth.json").read_text("utf-8"))
    cells = next(iter(truth.values()))["cells"]
    places = [(cell["x_mm"] * 1000, cell["y_mm"] * 1000) for cell in cells]
    place_cells(store, places, sitting, now)
    with store.reading() as session:
        known = set(
            session.scalars(
                select(TillDishFeature.photo_hash).filter_by(model_id=MODEL_ID)
            )
        )
    dishes = 0
    for code in counter.catalogue.menu:
        photos = sorted((folder / "dishes").glob(f"{code}-*/*.jpg"))[:_PHOTOS]
        hashes = {sha256(path.read_bytes()).digest(): path for path in photos}
        if not hashes.keys() <= known:
            seen = {
                digest: counter.senses.dish_photo(path)
                for digest, path in hashes.items()
            }
            setup.enrol_dish(store, counter.senses.eye, code, seen, sitting)
            dishes += 1
    faces = _enrol_faces(counter, folder)
    return f"开餐准备：每像素 {scale} 微米，{dishes} 道菜新登记，{faces} 张人脸"


def _enrol_faces(counter: Counter, folder: Path) -> int:
    """Enrol the demo payers that eat here; none without the site's key."""
    if counter.payers.gallery is None:
        return 0
    enrolled = 0
    for path in sorted((folder / "faces").glob("*")):
        *first, _ = [read_picture(photo) for photo in sorted(path.glob("*.jpg"))]
        result = setup.enrol_face(
            counter.store,
            counter.payers,
            path.name,
            first,
            frozenset(Assurance),
            counter.catalogue.sitting,
        )
        enrolled += result.template is not None
    return enrolled


def settle_folder(
    counter: Counter, folder: Path, limit: int, now: datetime
) -> Iterator[str]:
    """Settle the folder's trays of this hall: receipts, then one summary as JSON."""
    truth = json.loads((folder / "trays" / "truth.json").read_text("utf-8"))
    here = {
        name: true
        for name, true in truth.items()
        if true["hall"] == counter.catalogue.hall
    }
    tally = {"right": 0, "asked": 0, "wrong": 0, "unpaid": 0}
    spent = []
    payers = _payers(counter, folder, len(here))
    for (name, true), pay in zip(list(here.items())[:limit], payers, strict=False):
        timed = Timed(now)
        cells = [Mass(cell["mg"]) for cell in true["cells"]]
        payer = pay(timed)
        weighing = counter.weighing(None, cells)
        visit = counter.see_file(folder / "trays" / name, weighing, payer, timed)
        attendant = Attendant(visit, true)
        counter.serve(visit, payer, attendant)
        outcome = _outcome(visit, true, attendant)
        tally[outcome] += 1
        spent.append(sum(timed.watch.spent_ms.values()))
        yield from visit.receipt or (f"未结算：{'；'.join(visit.told)}",)
        stages = " ".join(f"{at} {ms}ms" for at, ms in timed.watch.spent_ms.items())
        yield f"[{name}] {outcome} {stages}"
        yield ""
    figures: dict[str, Any] = {"name": "lunch", "n": len(spent), **tally}
    if spent:
        figures["p50_ms"] = sorted(spent)[len(spent) // 2]
    yield json.dumps({**figures, "drawn": True}, ensure_ascii=False)


class Attendant:
    """Answers the till's questions from what was truly drawn on the plate."""

    def __init__(self, visit: Visit, true: dict[str, Any]) -> None:
        self._visit = visit
        self._true = true
        self.answered = 0

    def __call__(self, question: Question) -> Served | None:
        """Tap the option that is true, or none of them."""
        self.answered += 1
        box = self._visit.sight.view.plates[question.plate].box
        best = max(self._true["plates"], key=lambda plate: overlap(plate["box"], box))
        on_it = {(one["dish"], one["portion"]) for one in best["contents"]}
        for option in question.options:
            if (option.what.dish, option.what.portion.value) in on_it:
                return option.what
        return None


def overlap(one: list[int], other: tuple[int, int, int, int]) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return width * height / (areas - width * height)


def _outcome(visit: Visit, true: dict[str, Any], attendant: Attendant) -> str:
    if visit.sale is None:
        return "unpaid"
    if visit.sale.total.fen != true["total_fen"]:
        return "wrong"
    return "asked" if attendant.answered else "right"


def _payers(
    counter: Counter, folder: Path, count: int
) -> list[Callable[[Timed], Event]]:
    """One payer a tray: the demo faces in turn, then staff of this hall by card."""
    with counter.store.reading() as session:
        cards = session.scalars(
            select(TillCard.number)
            .join(TillDiner, TillDiner.id == TillCard.diner)
            .where(TillDiner.diner_group == "staff")
            .order_by(TillCard.number)
            .limit(count)
        ).all()
    found: list[Callable[[Timed], Event]] = [
        _by_card(counter, number) for number in cards
    ]
    if counter.payers.gallery is not None:
        for path in sorted((folder / "faces").glob("*")):
            last = max(path.glob("*.jpg"))
            found.insert(0, _by_face(counter, last))
    return found


def _by_card(counter: Counter, number: str) -> Callable[[Timed], Event]:
    return lambda timed: counter.payer([], number, None, timed.watch)


def _by_face(counter: Counter, path: Path) -> Callable[[Timed], Event]:
    return lambda timed: counter.payer([read_picture(path)], None, None, timed.watch)
