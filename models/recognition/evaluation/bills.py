"""`canteen eval bills`: how many trays settle right, asked or wrong.

Every tray is real query photos of one kitchen; masses, vessels, scale and prices are
simulated by `bills_world.py`. A tray is `right` (no question, exact price), `asked`
(one question, then exact), `again` (more questions, then exact; none is hoped for) or
`wrong` (final price differs, asked or not).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np

from models.domain.evidence import Ask, Charge, Served
from models.domain.units import CERTAIN, Money
from models.recognition.dishes import DishEye, DishGallery
from models.recognition.evaluation.bills_world import Lunch, Setting, photos_of
from models.recognition.evaluation.lines import line, say, unserved
from models.recognition.portion_evidence import Policy
from models.recognition.portion_memory import PortionMemory, lesson
from models.recognition.portions import Settler
from models.recognition.runtime import read_picture
from models.recognition.weights import folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.recognition.dishes import Features
    from models.recognition.evaluation.bills_world import Photo, TruePlate
    from models.recognition.portion_evidence import TraySeen
    from models.recognition.portions import Settlement

_TAP: Final = 1
_SEARCH: Final = 3
"""Taps for "none of these" with the search it opens."""
_MOST_QUESTIONS: Final = 12
_LUNCH_TRAYS: Final = 150
_TAUGHT_LUNCHES: Final = 20
_ENOUGH: Final = 3_000
_SEEDS_APART: Final = 1_000
_BINS: Final = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
_GOALS: Final = {
    "total": {"wrong": 0.001, "right": 0.75, "taps": 0.3},
    "corner": {"wrong": 0.001, "right": 0.85, "taps": 0.3},
    "none": {"wrong": 0.001},
}


@dataclass(slots=True)
class PhotoBook:
    """Features of photos, each seen once and only when first asked for."""

    eye: DishEye
    seen: dict[Path, Features] = field(default_factory=dict)
    enrolled: dict[Path, Features] = field(default_factory=dict)

    def look(self, photo: Photo) -> Features:
        """See a photo as a plate on a tray."""
        if photo.path not in self.seen:
            [self.seen[photo.path]] = self.eye.features([read_picture(photo.path)])
        return self.seen[photo.path]

    def enrol(self, photo: Photo) -> Features:
        """See a photo as an enrolment."""
        if photo.path not in self.enrolled:
            self.enrolled[photo.path] = self.eye.enrolment(read_picture(photo.path))
        return self.enrolled[photo.path]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one tray went.

    `price` and `plates` are (posterior, true) of the first settlement's best total and
    of each plate's best (dish, portion).
    """

    kind: str
    taps: int
    price: tuple[float, bool]
    plates: tuple[tuple[float, bool], ...]


def judge(
    settler: Settler, tray: TraySeen, truth: Sequence[TruePlate]
) -> tuple[Outcome, TraySeen, Charge | None]:
    """Settle a tray, answering every question truly, and say how it went.

    Returns the tray with its answers too, and the charge, if it came to one.
    """
    first = settler.settle(tray)
    fen = sum(plate.fen for plate in truth)
    settlement, taps, questions = first, 0, 0
    while isinstance(settlement.verdict, Ask) and questions < _MOST_QUESTIONS:
        question = settlement.verdict.question
        plate = truth[question.plate]
        served = Served(plate.dish.name, plate.portion, Money(plate.fen))
        offered = any(option.what == served for option in question.options)
        taps += _TAP if offered else _SEARCH
        told = tray.plates[question.plate].with_answer(served)
        tray = tray.with_plate(question.plate, told)
        settlement = settler.settle(tray)
        questions += 1
    verdict = settlement.verdict
    charge = verdict if isinstance(verdict, Charge) else None
    outcome = Outcome(
        kind=_kind(charge, fen, questions),
        taps=taps,
        price=_best(first, fen),
        plates=_plates(first, truth),
    )
    return outcome, tray, charge


def _kind(charge: Charge | None, fen: int, questions: int) -> str:
    if charge is None:
        return "stuck"
    if charge.total.fen != fen:
        return "wrong"
    return ("right", "asked")[questions] if questions <= 1 else "again"


def _best(first: Settlement, fen: int) -> tuple[float, bool]:
    if not first.prices:
        return 0.0, False
    best = first.prices[0]
    return best.ppm / CERTAIN, best.what.fen == fen


def _plates(
    first: Settlement, truth: Sequence[TruePlate]
) -> tuple[tuple[float, bool], ...]:
    """Posterior of each plate's likeliest (dish, portion), and whether it is true."""
    pairs = []
    for candidates, plate in zip(first.plates, truth, strict=True):
        what = candidates[0].what if candidates else None
        if what is not None:
            hit = (what.dish, what.portion) == (plate.dish.name, plate.portion)
            pairs.append((candidates[0].ppm / CERTAIN, hit))
    return tuple(pairs)


class Service:
    """Serves one lunch: gallery and settler, and what settled trays teach them."""

    def __init__(
        self, lunch: Lunch, book: PhotoBook, policy: Policy, *, teach: bool
    ) -> None:
        self._lunch, self._book, self._teach = lunch, book, teach
        self._names = [dish.name for dish in lunch.dishes]
        self._gallery = DishGallery()
        for name, photos in lunch.enrolled.items():
            self._gallery.enrol(name, [book.enrol(photo) for photo in photos])
        self._policy = policy
        self._menu = lunch.menu()
        self._tares = {kind.code: kind.tare for kind in self._menu.vessels}
        self._memory = PortionMemory()
        self._settler = Settler(self._menu, self._policy)

    def trays(self, most: int) -> Iterator[Outcome]:
        """Serve up to `most` trays, or till the photos run out when teaching."""
        for number in range(most):
            truth = self._lunch.tray(use_up=self._teach)
            if truth is None:
                return
            looks = [self._book.look(plate.photo) for plate in truth]
            seen = self._lunch.seen(
                truth, [self._gallery.rank(look, self._names) for look in looks]
            )
            outcome, seen, charge = judge(self._settler, seen, truth)
            if self._teach and charge is not None:
                self._learn(f"sale-{number}", seen, charge, looks)
            yield outcome

    def _learn(
        self, sale_id: str, seen: TraySeen, charge: Charge, looks: Sequence[Features]
    ) -> None:
        """Teach what the till believes was sold, which is all a till can know."""
        taught = lesson(seen, charge, self._tares)
        self._memory.learn(sale_id, taught)
        for plate, key in enumerate(taught.named):
            if key is not None:
                self._gallery.learn(key[0], looks[plate], sale_id, plate)
        self._settler = Settler(self._memory.menu(self._menu), self._policy)


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares of the kinds of outcome, and taps per tray."""
    counts = Counter(outcome.kind for outcome in outcomes)
    kinds = ("right", "asked", "again", "wrong", "stuck")
    shares = {kind: counts[kind] / max(1, len(outcomes)) for kind in kinds}
    taps = float(np.mean([outcome.taps for outcome in outcomes])) if outcomes else 0.0
    return {**shares, "taps": taps}


def reliability(pairs: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Table of what was predicted against what was true, and its mean gap (ece)."""
    table: list[dict[str, float]] = []
    gap = 0.0
    for low, high in pairwise(_BINS):
        top = high == _BINS[-1]
        found = [p for p in pairs if low <= p[0] < high or (top and p[0] == high)]
        if not found:
            continue
        said = float(np.mean([p for p, _ in found]))
        true = float(np.mean([hit for _, hit in found]))
        gap += len(found) / len(pairs) * abs(said - true)
        shares = {"predicted": round(said, 4), "right": round(true, 4)}
        table.append({"from": low, "to": high, "n": len(found), **shares})
    return {"ece": gap, "table": table}


@dataclass(frozen=True, slots=True)
class Run:
    """One call of `canteen eval bills`."""

    menu: int
    shots: int
    setting: Setting
    trays: int
    seed: int

    @property
    def name(self) -> str:
        """Name of the lines, without what stands after the scale."""
        stress = ".stress" if self.setting.stress else ""
        return f"bills.{self.menu}.{self.setting.scale}{stress}"

    def lunches(
        self, photos: dict[str, list[Photo]], book: PhotoBook, *, teach: bool
    ) -> Iterator[list[Outcome]]:
        """Serve lunch after lunch, each freshly drawn, until there are enough trays."""
        count = _TAUGHT_LUNCHES if teach else max(1, -(-self.trays // _LUNCH_TRAYS))
        for number in range(count):
            seed = self.seed * _SEEDS_APART + number
            lunch = Lunch(photos, self.menu, self.shots, self.setting, seed)
            service = Service(lunch, book, Policy.shipped(), teach=teach)
            most = self.trays if teach else -(-self.trays // count)
            outcomes = list(service.trays(most))
            say(f"{self.name}: lunch {number + 1} of {count}, {len(outcomes)} trays")
            yield outcomes


def untaught_lines(run: Run, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Write the result of lunches in which nothing is learned, with reliability."""
    assumed = run.setting.assumed()
    goal = _goal(run)
    more = {} if len(outcomes) >= _ENOUGH else {"reason": f"{len(outcomes)} trays"}
    yield line(
        run.name, len(outcomes), figures(outcomes), goal=goal, assumed=assumed, **more
    )
    tables = {
        "reliability": [outcome.price for outcome in outcomes],
        "reliability_plates": [pair for o in outcomes for pair in o.plates],
    }
    for name, pairs in tables.items():
        found = reliability(pairs)
        yield line(
            f"{run.name}.{name}",
            len(pairs),
            {"ece": found["ece"]},
            assumed=assumed,
            table=found["table"],
        )


def taught_lines(run: Run, lunches: Sequence[Sequence[Outcome]]) -> Iterator[str]:
    """Write the first and the last third of the lunches in which sales teach."""
    assumed = [
        *run.setting.assumed(),
        f"every settled tray teaches, {run.shots} photos",
    ]
    first = [o for lunch in lunches for o in lunch[: len(lunch) // 3]]
    last = [o for lunch in lunches for o in lunch[len(lunch) - len(lunch) // 3 :]]
    before, after = figures(first), figures(last)
    goal = {"asked": round(before["asked"] / 2, 5)}
    yield line(f"{run.name}.first_third", len(first), before, assumed=assumed)
    yield line(f"{run.name}.last_third", len(last), after, goal=goal, assumed=assumed)


def _goal(run: Run) -> dict[str, float]:
    """Give the goal of recognition.md, which is set for one setting only."""
    setting = run.setting
    if (run.menu, setting.plates, setting.vessels) != (20, 4, 4) or setting.stress:
        return {}
    return _GOALS[setting.scale]


@click.command()
@click.argument(
    "root", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--menu", default="20", help="菜单大小 Dishes on offer, or all.")
@click.option("--shots", default=2, help="每道菜的照片数 Photos per dish.")
@click.option("--plates", default=4, help="每单盘数 Plates on a tray.")
@click.option(
    "--vessels", default=4, help="餐具种类 Vessel kinds, each with a half size."
)
@click.option("--vessel-accuracy", default=0.99, help="餐具识别率 Vessels read right.")
@click.option("--scale", default="total", type=click.Choice(sorted(_GOALS)))
@click.option("--trays", default=3_000, help="总单数 Trays; of a lunch with --teach.")
@click.option(
    "--teach", is_flag=True, help="边结算边学习 Settled trays teach, 20 lunches."
)
@click.option("--stress", is_flag=True, help="恶劣条件 Also with harsher masses.")
@click.option("--seed", default=1)
def bills(root: Path, **options: Any) -> None:  # noqa: ANN401 - click passes options
    """评测整单结算 Evaluate whole bills on simulated trays of real photos."""
    photos = photos_of(root)
    menu = len(photos) if options["menu"] == "all" else int(options["menu"])
    book = PhotoBook(DishEye(folder(), threads=1))
    for stress in (False, True) if options["stress"] else (False,):
        setting = Setting(
            plates=options["plates"],
            vessels=options["vessels"],
            vessel_accuracy=options["vessel_accuracy"],
            scale=options["scale"],
            stress=stress,
        )
        run = Run(menu, options["shots"], setting, options["trays"], options["seed"])
        for text in _results(run, photos, book, teach=options["teach"]):
            click.echo(text)


def _results(
    run: Run, photos: dict[str, list[Photo]], book: PhotoBook, *, teach: bool
) -> Iterator[str]:
    if len(photos) < max(run.menu, run.setting.plates):
        yield unserved(run.name, 0, f"{len(photos)} dishes")
        return
    lunches = list(run.lunches(photos, book, teach=teach))
    if teach:
        yield from taught_lines(run, lunches)
    else:
        yield from untaught_lines(run, [o for lunch in lunches for o in lunch])
