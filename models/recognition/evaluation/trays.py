"""`canteen eval trays` and `vessels`: finding plates, telling their kinds apart.

A folder holds pictures and `plates.json`: {"file.jpg": [[x0, y0, x1, y1], ...]}, with
the kind of vessel as an optional fifth value.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import cv2
import numpy as np

from models.domain.serving import VesselKind, VesselShape
from models.domain.units import NO_MASS
from models.recognition.evaluation.lines import line, say, unserved
from models.recognition.runtime import Picture, read_picture
from models.recognition.trays import find_plates, rim_colour
from models.recognition.trays_calibration import Calibration, Shown, lab_of
from models.recognition.trays_circles import TURN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Corners = tuple[float, float, float, float]

_TIMED: Final = (1280, 960)
_REPEATS: Final = 5
_SAME: Final = 0.5
_ASSUMED: Final = ("no calibration: neither counter picture nor plate sizes given",)
_ASSUMED_KINDS: Final = (
    "kinds' sizes and rim colours: medians over the other pictures' annotated boxes",
    "one picture pixel counts as 1 mm",
)
_GOAL: Final = {"recall": 0.97, "precision": 0.98, "p95_ms": 60.0}


@dataclass(frozen=True, slots=True)
class Annotated:
    """One picture of a folder with its true plates; `kinds` where the file tells."""

    name: str
    picture: Picture
    boxes: tuple[Corners, ...]
    kinds: tuple[str | None, ...]

    @property
    def cut(self) -> tuple[bool, ...]:
        """Which true plates leave the picture: their boxes pass its edge."""
        height, width = self.picture.shape[:2]
        return tuple(
            x0 < 0 or y0 < 0 or x1 > width or y1 > height
            for x0, y0, x1, y1 in self.boxes
        )


@dataclass(slots=True)
class Tally:
    """Counts over a folder, for all plates or one sort of them."""

    found: int = 0
    missed: int = 0
    false: int = 0
    exact: int = 0
    trays: int = 0

    def figures(self) -> dict[str, float]:
        """Recall, precision and the share of trays exactly right."""
        return {
            "recall": self.found / max(1, self.found + self.missed),
            "precision": self.found / max(1, self.found + self.false),
            "exact": self.exact / max(1, self.trays),
        }

    def add(self, found: int, missed: int, false: int) -> None:
        """Count one tray."""
        self.found += found
        self.missed += missed
        self.false += false
        self.trays += 1
        self.exact += missed == 0 and false == 0


def load(folder: Path) -> list[Annotated]:
    """Read a folder's pictures and annotations, sorted by name."""
    truth = json.loads((folder / "plates.json").read_text(encoding="utf-8"))
    trays_ = []
    for name, rows in sorted(truth.items()):
        boxes = tuple(
            (float(a), float(b), float(c), float(d)) for a, b, c, d, *_ in rows
        )
        kinds = tuple(str(row[4]) if len(row) > 4 else None for row in rows)  # noqa: PLR2004 - the fifth value
        trays_.append(Annotated(name, read_picture(folder / name), boxes, kinds))
    return trays_


def clipped(box: Sequence[float], picture: Picture) -> Corners:
    """Keep the part of a box that lies in the picture."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = box
    return (
        min(max(x0, 0), width),
        min(max(y0, 0), height),
        min(max(x1, 0), width),
        min(max(y1, 0), height),
    )


def overlap(one: Corners, other: Corners) -> float:
    """Intersection over union of two boxes."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    both = wide * high
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return both / (areas - both)


def matched(found: Sequence[Corners], true: Sequence[Corners]) -> dict[int, int]:
    """Pair found with true boxes one to one, best overlap first, at 0.5 or more."""
    pairs = sorted(
        (
            (overlap(f, t), i, j)
            for i, f in enumerate(found)
            for j, t in enumerate(true)
        ),
        reverse=True,
    )
    taken: dict[int, int] = {}
    for share, i, j in pairs:
        if share >= _SAME and i not in taken and j not in taken.values():
            taken[i] = j
    return taken


def _p95_ms(trays_: Sequence[Annotated]) -> float:
    """95th percentile of `find_plates` at 1280 x 960, each picture several times."""
    times = []
    for tray in trays_:
        picture = np.asarray(cv2.resize(tray.picture, _TIMED), np.uint8)
        for _ in range(_REPEATS):
            start = time.perf_counter()
            find_plates(picture)
            times.append(1000 * (time.perf_counter() - start))
    return float(np.percentile(times, 95))


@dataclass(slots=True)
class _Sorts:
    """Tallies of all plates, of whole ones, and of those cut by the frame."""

    every: Tally = field(default_factory=Tally)
    whole: Tally = field(default_factory=Tally)
    cut: Tally = field(default_factory=Tally)

    def add(self, tray: Annotated) -> None:
        """Find one tray's plates and count them.

        A found plate that matches none counts as whole or cut as it was reported.
        """
        plates = find_plates(tray.picture).plates
        found = [clipped(plate.box, tray.picture) for plate in plates]
        true = [clipped(box, tray.picture) for box in tray.boxes]
        pairs = matched(found, true)
        hits = set(pairs.values())
        self.every.add(len(pairs), len(true) - len(pairs), len(found) - len(pairs))
        for tally, is_cut in ((self.whole, False), (self.cut, True)):
            own = {j for j, cut in enumerate(tray.cut) if cut is is_cut}
            false = sum(
                plate.is_cut is is_cut and i not in pairs
                for i, plate in enumerate(plates)
            )
            if own or false:
                tally.add(len(own & hits), len(own - hits), false)
        if len(pairs) < max(len(found), len(true)):
            missed = [tray.boxes[j] for j in range(len(true)) if j not in hits]
            false_boxes = [plates[i].box for i in range(len(found)) if i not in pairs]
            say(f"{tray.name}: missed {missed}, false {false_boxes}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def trays(folder: Path) -> None:
    """评测找盘子 Evaluate plate finding without a calibration."""
    trays_ = load(folder)
    if not trays_:
        click.echo(unserved("plates", 0, "no picture"))
        return
    sorts = _Sorts()
    for tray in trays_:
        sorts.add(tray)
    figures = {**sorts.every.figures(), "p95_ms": _p95_ms(trays_)}
    plates = sorts.every.found + sorts.every.missed
    click.echo(line("plates", plates, figures, goal=_GOAL, assumed=_ASSUMED))
    for name, tally in (("plates.whole", sorts.whole), ("plates.cut", sorts.cut)):
        count = tally.found + tally.missed
        if count:
            click.echo(line(name, count, tally.figures(), assumed=_ASSUMED))
        else:
            click.echo(unserved(name, 0, "no such plate"))


def _shown(tray: Annotated) -> list[Shown]:
    """Measure the annotated vessels of one picture, whole ones only."""
    lab = lab_of(tray.picture)
    measured = []
    for box, kind, cut in zip(tray.boxes, tray.kinds, tray.cut, strict=True):
        if kind is None or cut:
            continue
        x0, y0, x1, y1 = box
        size = max(x1 - x0, y1 - y0)
        vessel = VesselKind(kind, kind, VesselShape.PLATE, round(size), NO_MASS)
        colour = rim_colour(lab, _outline(box))
        measured.append(Shown(vessel, size, colour))
    return measured


def _outline(box: Corners) -> NDArray[np.float32]:
    """Draw the ellipse that fills a box."""
    x0, y0, x1, y1 = box
    x = (x0 + x1 + (x1 - x0) * np.cos(TURN)) / 2
    y = (y0 + y1 + (y1 - y0) * np.sin(TURN)) / 2
    return np.stack([x, y], 1).astype(np.float32)


def _learned(shown: Sequence[Shown]) -> tuple[VesselKind, ...]:
    """One kind per code: median size and rim colour of its showings."""
    kinds = []
    for code in sorted({one.kind.code for one in shown}):
        mine = [one for one in shown if one.kind.code == code]
        size = round(float(np.median([one.diameter_px for one in mine])))
        lightness, a, b = np.median([one.colour for one in mine], axis=0)
        colour = (round(lightness), round(a), round(b))
        kinds.append(VesselKind(code, code, VesselShape.PLATE, size, NO_MASS, colour))
    return tuple(kinds)


def _told(tray: Annotated, kinds: tuple[VesselKind, ...]) -> list[tuple[str, str]]:
    """Pairs (true kind, told kind) of one picture; "-" where the plate was missed."""
    height, width = tray.picture.shape[:2]
    view = find_plates(tray.picture, Calibration(width, height, 1000, kinds))
    found = [clipped(plate.box, tray.picture) for plate in view.plates]
    true = [clipped(box, tray.picture) for box in tray.boxes]
    by_true = {j: i for i, j in matched(found, true).items()}
    return [
        (kind, view.plates[by_true[j]].kind or "?" if j in by_true else "-")
        for j, kind in enumerate(tray.kinds)
        if kind is not None
    ]


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def vessels(folder: Path) -> None:
    """评测餐具种类 Evaluate telling kinds of vessels, each picture by the others."""
    trays_ = load(folder)
    shown = [_shown(tray) for tray in trays_]
    if not any(shown):
        click.echo(unserved("vessels", 0, "no kind of vessel annotated"))
        return
    confusion: Counter[tuple[str, str]] = Counter()
    for number, tray in enumerate(trays_):
        others = [one for i, rest in enumerate(shown) if i != number for one in rest]
        confusion.update(_told(tray, _learned(others)))
    total = sum(confusion.values())
    right = sum(count for (true, told), count in confusion.items() if true == told)
    missed = sum(count for (_, told), count in confusion.items() if told == "-")
    table: dict[str, dict[str, int]] = {}
    for (true, told), count in sorted(confusion.items()):
        table.setdefault(true, {})[told] = count
    figures = {"right": right / total, "missed": missed / total}
    figures["confused"] = 1 - figures["right"] - figures["missed"]
    say(f"{len(table)} kinds; '-' missed, '?' none of the kinds")
    click.echo(line("vessels", total, figures, assumed=_ASSUMED_KINDS, confusion=table))
