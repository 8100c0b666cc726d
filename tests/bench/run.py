"""`make bench`: what a person waits for, as JSON lines in the format of evaluations.

Pictures, masses and templates are drawn by code and say so; ratios are to a bare
equivalent measured in the same run, alternating, so that a busy machine hits both.
"""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import numpy as np

from backoffice.demo.drawing import Setting, draw_some_tray
from backoffice.demo.export import write_picture
from backoffice.demo.payers import face_frame, portrait_path
from models.domain.evidence import Unknown
from models.recognition.dishes import MODEL_ID
from models.recognition.evaluation.lines import line, say
from models.recognition.faces import FaceReader, SFace
from models.recognition.faces_identity import Policy, identify
from models.recognition.portion_evidence import Weighing
from models.recognition.portions import Settler
from models.recognition.runtime import read_picture
from models.recognition.trays import find_plates
from models.recognition.trays_view import crop
from pos_terminal.app import SCALE_NOISE, Timed
from pos_terminal.senses import Tray
from tests.bench import cases_portions
from tests.bench.memory import DINERS, strangers
from tests.demo_till import (
    HALL,
    LUNCH,
    NOON,
    WEIGHTS,
    a_till_in_service,
    the_canteen,
    the_snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from models.recognition.runtime import Picture
    from pos_terminal.app import Counter

PLATES: Final = 6
ROUNDS: Final = 48
WARM_UP: Final = 4


def timed_ms(work: Callable[[], object]) -> float:
    """Milliseconds that one call takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def percentiles(spent: Iterable[float]) -> dict[str, float]:
    p50, p95 = np.percentile(list(spent)[WARM_UP:], [50, 95])
    return {"p50_ms": float(p50), "p95_ms": float(p95)}


def drawn_trays(count: int) -> list[Tray]:
    """Trays of six plates with their mass."""
    setting = Setting(the_canteen(), HALL, LUNCH)
    drawn = [draw_some_tray(setting, 900 + seed, PLATES) for seed in range(count)]
    return [
        Tray(one.picture, None, Weighing(one.truth.gross, SCALE_NOISE)) for one in drawn
    ]


def tray_to_list(counter: Counter, trays: list[Tray]) -> str:
    """Six plates, picture and mass to a priced list, beside the networks alone."""
    plates = find_plates(trays[0].picture).plates
    crops = [crop(trays[0].picture, plate) for plate in islice(cycle(plates), PLATES)]
    bare = counter.senses.eye.bare(crops)
    spent, baseline = [], []
    for tray in islice(cycle(trays), ROUNDS + WARM_UP):
        baseline.append(timed_ms(bare))
        start = time.perf_counter()
        counter.see(tray, Timed(NOON))
        spent.append((time.perf_counter() - start) * 1000)
    base = percentiles(baseline)["p50_ms"]
    found = percentiles(spent)
    return line(
        "tray_to_list",
        ROUNDS,
        {**found, "baseline_ms": base, "ratio": found["p50_ms"] / base},
        unit="ms",
        goal={"p95_ms": 300, "ratio": 2.2},
        assumed=["drawn trays", "drawn masses"],
        baseline="the same networks alone on six crops",
        model=MODEL_ID,
        drawn=True,
    )


def frames() -> list[Picture]:
    """Camera frames of 640x480 composed from a portrait."""
    portrait = read_picture(portrait_path(WEIGHTS, "astronaut.png"))
    return [face_frame(portrait, "astronaut.png", seed) for seed in range(8)]


def face_to_person(reader: FaceReader, enrolled: int, goal_ms: int) -> str:
    """One 640x480 frame to a diner, with so many templates enrolled."""
    gallery, policy = strangers(enrolled), Policy.shipped()
    spent = []
    for frame in islice(cycle(frames()), ROUNDS + WARM_UP):
        start = time.perf_counter()
        seen = reader.look(frame)
        if isinstance(seen, Unknown):
            raise TypeError(f"the frame shows no usable face: {seen.reason}")
        identify([seen], gallery, policy)
        spent.append((time.perf_counter() - start) * 1000)
    return line(
        f"face_to_person.{enrolled}",
        ROUNDS,
        percentiles(spent),
        unit="ms",
        goal={"p95_ms": goal_ms},
        assumed=["random templates", "frames composed from a portrait"],
    )


def portions() -> str:
    """Seven plates against 150 dishes in four portions, on one scale and on four."""
    menu = cases_portions.menu()
    settler = Settler(menu)
    half = (ROUNDS + WARM_UP) // 2
    trays = [
        *cases_portions.trays(menu, half, corners=False),
        *cases_portions.trays(menu, half, corners=True),
    ]
    spent = [timed_ms(lambda tray=tray: settler.settle(tray)) for tray in trays]  # type: ignore[misc]  # bound at once
    return line(
        "portions",
        ROUNDS,
        percentiles(spent),
        unit="ms",
        goal={"p95_ms": 30},
        assumed=["drawn evidence"],
    )


def terminal_memory(folder: Path) -> str:
    """Peak memory of a process that serves 4,000 diners and 150 dishes.

    A process of its own on a till prepared before: drawing is not the till's memory.
    """
    [tray] = drawn_trays(1)
    write_picture(folder / "tray.jpg", tray.picture)
    write_picture(folder / "face.jpg", frames()[0])
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.memory", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    return line(
        "terminal_memory",
        1,
        {"value_mb": int(done.stdout)},
        unit="mb",
        goal={"value_mb": 700},
        assumed=["random templates", "one photo for all dishes", "drawn tray"],
    )


def main() -> None:
    """Print every line as soon as it is measured."""
    say("开始测量 measuring; keep the machine quiet ...")
    with TemporaryDirectory() as name:
        folder = Path(name)
        sent = the_snapshot(folder, the_canteen())
        with a_till_in_service(folder, sent) as counter:
            _print(tray_to_list(counter, drawn_trays(8)))
        reader = FaceReader(SFace(WEIGHTS))
        for enrolled, goal_ms in ((DINERS, 100), (1_000_000, 150)):
            _print(face_to_person(reader, enrolled, goal_ms))
        _print(portions())
        _print(terminal_memory(folder))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
