"""`canteen eval dishes`: how well a dish is known from a few photos.

Folder: `DIR/<dish>/<group>__<k>.jpg`. A group is (folder, name): photos of one item,
meal or picture, never on both sides; a name that was enrolled for one dish is neither
enrolled nor asked for another. Menus are drawn at random; a dish with one group is
enrolled but never asked.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from models.domain.evidence import Match
from models.recognition.dishes import DishEye, DishGallery
from models.recognition.evaluation.lines import line, say, unserved
from models.recognition.runtime import read_picture
from models.recognition.weights import folder as weights_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from models.recognition.dishes import Features, Ranking

Figures = dict[str, float]
Shares = NDArray[np.float64]

_PRECISION: Final = 0.95
_BINS: Final = 10
_PLATES: Final = 6
_RUNS: Final = 15
_TOP_GOALS: Final = {20: 0.96, 45: 0.93}


class Photo(NamedTuple):
    """One photo of the folder: its dish, the group it belongs to, and its file."""

    dish: str
    group: str
    path: Path


class Asked(NamedTuple):
    """One plate shown to the product: what it is, and what the product said."""

    dish: str
    ranking: Ranking

    @property
    def right(self) -> bool:
        """Whether the best dish is the true one."""
        return self.ranking.best[0] == self.dish


@dataclass(slots=True)
class Folder:
    """The photos of a folder; each is seen once as plate and once as enrolment."""

    photos: tuple[Photo, ...]
    eye: DishEye
    _plates: dict[Path, Features] = field(default_factory=dict)
    _enrolments: dict[Path, Features] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, eye: DishEye) -> Folder:
        """List the photos of a folder in the order of their names."""
        photos = [
            Photo(path.parent.name, path.stem.rpartition("__")[0], path)
            for path in sorted(root.glob("*/*.jpg"))
        ]
        return cls(tuple(photos), eye)

    def dishes(self) -> list[str]:
        """Name the dishes in order."""
        return sorted({photo.dish for photo in self.photos})

    def plate(self, photo: Photo) -> Features:
        """See a photo as a plate at the till."""
        if photo.path not in self._plates:
            [seen] = self.eye.features([read_picture(photo.path)])
            self._plates[photo.path] = seen
        return self._plates[photo.path]

    def enrolment(self, photo: Photo) -> Features:
        """See a photo as the kitchen enrols it."""
        if photo.path not in self._enrolments:
            seen = self.eye.enrolment(read_picture(photo.path))
            self._enrolments[photo.path] = seen
        return self._enrolments[photo.path]


@dataclass(frozen=True)
class Episode:
    """One random menu: what is enrolled of each dish, and what is asked."""

    folder: Folder
    enrolled: Mapping[str, Sequence[Photo]]

    @classmethod
    def draw(
        cls, folder: Folder, ways: int, shots: int, chance: np.random.Generator
    ) -> Episode:
        """Draw a menu and, for each dish, photos of `shots` groups if it has them."""
        names = folder.dishes()
        menu = [names[place] for place in chance.permutation(len(names))[:ways]]
        taken: set[str] = set()
        enrolled = {}
        for dish in menu:
            photos = _drawn([p for p in folder.photos if p.dish == dish], shots, chance)
            free = [photo for photo in photos if photo.group not in taken]
            if free:
                enrolled[dish] = free[:shots]
                taken |= {photo.group for photo in free[:shots]}
        return cls(folder, enrolled)

    @cached_property
    def queries(self) -> tuple[Photo, ...]:
        """Photos of the menu's dishes whose name was not enrolled."""
        taken = {p.group for photos in self.enrolled.values() for p in photos}
        return tuple(
            photo
            for photo in self.folder.photos
            if photo.dish in self.enrolled and photo.group not in taken
        )

    def gallery(self, without: Collection[str] = ()) -> DishGallery:
        """Enrol the menu, leaving some dishes out."""
        gallery = DishGallery()
        for dish, photos in self.enrolled.items():
            if dish not in without:
                gallery.enrol(dish, [self.folder.enrolment(photo) for photo in photos])
        return gallery

    def asked(self, without: Collection[str] = ()) -> Iterator[Asked]:
        """Show every query to a product that learns nothing."""
        gallery = self.gallery(without)
        for photo in self.queries:
            seen = self.folder.plate(photo)
            yield Asked(photo.dish, gallery.rank(seen, gallery.dishes))

    def taught(self, chance: np.random.Generator) -> list[Asked]:
        """Show the queries in random order; each settled plate teaches its dish."""
        gallery = self.gallery()
        answers = []
        for turn in chance.permutation(len(self.queries)):
            photo = self.queries[turn]
            seen = self.folder.plate(photo)
            answers.append(Asked(photo.dish, gallery.rank(seen, gallery.dishes)))
            gallery.learn(photo.dish, seen, sale_id=str(turn))
        return answers


def _drawn(
    photos: Sequence[Photo], shots: int, chance: np.random.Generator
) -> list[Photo]:
    """Order photos for enrolment: one of each drawn group first, then their others.

    All groups but one may be drawn, so that one is left to ask.
    """
    groups = sorted({photo.group for photo in photos})
    most = min(shots, max(1, len(groups) - 1))
    order = {
        groups[at]: rank for rank, at in enumerate(chance.permutation(len(groups)))
    }
    mixed = [photos[at] for at in chance.permutation(len(photos))]
    firsts = {photo.group: photo for photo in reversed(mixed)}
    drawn = [photo for photo in mixed if order[photo.group] < most]
    return sorted(drawn, key=lambda p: (firsts[p.group] != p, order[p.group]))


def accepted(sure: Shares, right: NDArray[np.bool_]) -> float:
    """Give the largest share kept at any threshold with precision >= .95."""
    order = np.argsort(-sure, kind="stable")
    kept = np.arange(1, len(order) + 1)
    good = np.cumsum(right[order]) / kept >= _PRECISION
    last_of_equals = np.append(np.diff(sure[order]) != 0, [True])
    return float(kept[good & last_of_equals].max(initial=0) / max(1, len(order)))


def auroc(known: Shares, foreign: Shares) -> float:
    """Give the chance that a known plate scores above a foreign one, a tie as half."""
    levels = np.sort(foreign)
    below = np.searchsorted(levels, known, "left")
    upto = np.searchsorted(levels, known, "right")
    return float((below + upto).mean() / 2 / max(1, len(levels)))


def reliability(
    said: Shares, true: NDArray[np.bool_]
) -> tuple[float, dict[str, list[float]]]:
    """Compare said probabilities with what came true: the error, and ten bins."""
    place = np.minimum((said * _BINS).astype(int), _BINS - 1)
    counts = np.bincount(place, minlength=_BINS)
    filled = np.maximum(counts, 1)
    mean_said = np.bincount(place, said, _BINS) / filled
    mean_true = np.bincount(place, true, _BINS) / filled
    error = float((np.abs(mean_said - mean_true) * counts).sum() / max(1, len(said)))
    table = {
        "counts": counts.tolist(),
        "said": mean_said.round(3).tolist(),
        "true": mean_true.round(3).tolist(),
    }
    return error, table


def _arrays(asked: Sequence[Asked]) -> tuple[Shares, NDArray[np.bool_]]:
    sure = np.array([one.ranking.best[1] for one in asked], np.float64)
    return sure, np.array([one.right for one in asked], np.bool_)


def _figures(asked: Sequence[Asked]) -> Figures:
    sure, right = _arrays(asked)
    top3 = [one.dish in list(one.ranking.probabilities)[:3] for one in asked]
    matched = np.array([isinstance(one.ranking.answer, Match) for one in asked])
    return {
        "top1": float(right.mean()),
        "top3": float(np.mean(top3)),
        "accepted_at_95": accepted(sure, right),
        "match": float(matched.mean()),
        "match_wrong": float((matched & ~right).mean()),
    }


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asks for."""

    episodes: int
    seed: int
    unknown: int
    teach: bool

    def chance(self, *setting: int) -> np.random.Generator:
        """Draw by seed and setting only, so that no line depends on another."""
        return np.random.default_rng([self.seed, *setting])

    def drawn(self, folder: Folder, ways: int, shots: int) -> Iterator[Episode]:
        """Draw the episodes of one setting."""
        chance = self.chance(ways, shots)
        for _ in range(self.episodes):
            yield Episode.draw(folder, ways, shots, chance)

    def known(self, folder: Folder, ways: int, shots: int) -> list[str]:
        """Judge plates that are all on the menu."""
        name = f"dishes.{ways}way.{shots}shot"
        say(f"{name}: {self.episodes} menus")
        drawn = self.drawn(folder, ways, shots)
        asked = [one for episode in drawn for one in episode.asked()]
        if not asked:
            return [unserved(name, 0, "no dish has photos left to ask")]
        goal = {"top1": _TOP_GOALS[ways], "top3": 0.99} if ways in _TOP_GOALS else {}
        error, table = reliability(*_arrays(asked))
        return [
            line(name, len(asked), _figures(asked), goal=goal if shots == 1 else {}),
            line(f"{name}.reliability", len(asked), {"ece": error}, table=table),
        ]

    def foreign(self, folder: Folder, shots: int) -> list[str]:
        """Judge the product's own "is on the menu" with dishes left out."""
        name = f"dishes.unknown{self.unknown}.{shots}shot"
        ways = len(folder.dishes())
        if ways < self.unknown + 2:
            return [unserved(name, 0, f"{ways} dishes")]
        say(f"{name}: {self.episodes} menus")
        chance = self.chance(ways, shots, self.unknown)
        on_menu: list[float] = []
        is_known: list[bool] = []
        for episode in self.drawn(folder, ways, shots):
            left = chance.permutation(list(episode.enrolled))[: self.unknown].tolist()
            for one in episode.asked(without=left):
                on_menu.append(1 - one.ranking.unknown)
                is_known.append(one.dish not in left)
        said, true = np.array(on_menu, np.float64), np.array(is_known, np.bool_)
        error, table = reliability(said, true)
        figures = {"auroc": auroc(said[true], said[~true])}
        return [
            line(name, len(said), figures, goal={"auroc": 0.95}),
            line(f"{name}.reliability", len(said), {"ece": error}, table=table),
        ]

    def lunch(self, folder: Folder, ways: int, shots: int) -> list[str]:
        """Judge the first and the last third of lunches whose plates teach."""
        name = f"dishes.{ways}way.{shots}shot.taught"
        say(f"{name}: {self.episodes} lunches")
        chance = self.chance(ways, shots, 0)
        first: list[Asked] = []
        last: list[Asked] = []
        for episode in self.drawn(folder, ways, shots):
            answers = episode.taught(chance)
            third = len(answers) // 3
            first += answers[:third]
            last += answers[len(answers) - third :]
        assumed = ["each settled plate is confirmed with its true dish"]
        return [
            line(f"{name}.{part}", len(asked), _figures(asked), assumed=assumed)
            for part, asked in (("first_third", first), ("last_third", last))
            if asked
        ]


def timed(folder: Folder) -> str:
    """Time six plates from crop to ranking beside the bare network on the same six."""
    crops = [read_picture(photo.path) for photo in folder.photos[:_PLATES]]
    gallery = DishGallery()
    for dish in folder.dishes():
        photo = next(photo for photo in folder.photos if photo.dish == dish)
        gallery.enrol(dish, [folder.enrolment(photo)])
    run_bare = folder.eye.bare(crops)
    bare, whole = [], []
    for _ in range(_RUNS):
        start = time.perf_counter()
        run_bare()
        middle = time.perf_counter()
        for seen in folder.eye.features(crops):
            gallery.rank(seen, gallery.dishes)
        bare.append(1000 * (middle - start))
        whole.append(1000 * (time.perf_counter() - middle))
    figures = {
        "p50_ms": float(np.median(whole)),
        "p95_ms": float(np.quantile(whole, 0.95)),
        "baseline_ms": float(np.median(bare)),
        "ratio": float(np.median(whole) / np.median(bare)),
    }
    return line(
        "dishes.six_plates", len(crops), figures, unit="ms", goal={"ratio": 1.6}
    )


def results(
    folder: Folder, plan: Plan, ways: Sequence[str], shots: Sequence[int]
) -> Iterator[str]:
    """Give the lines of every setting, in the order of the options."""
    count = len(folder.dishes())
    for way in ways:
        wanted = count if way == "all" else int(way)
        for shot in shots:
            if wanted > count:
                reason = f"{count} dishes"
                yield unserved(f"dishes.{wanted}way.{shot}shot", 0, reason)
                continue
            yield from plan.known(folder, wanted, shot)
            if plan.teach:
                yield from plan.lunch(folder, wanted, shot)
    for shot in shots:
        yield from plan.foreign(folder, shot)
    yield timed(folder)


@click.command()
@click.argument(
    "root", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--ways", default="20,45", help="菜单大小 Menu sizes, or all.")
@click.option("--shots", default="1,2,5", help="每道菜的照片数 Photos per dish.")
@click.option("--episodes", default=40, help="随机菜单数 Random menus.")
@click.option("--unknown", default=8, help="不登记的菜品数 Dishes left out.")
@click.option("--teach", is_flag=True, help="边结算边学习 Also teach within a lunch.")
@click.option("--seed", default=1)
@click.option("--threads", default=1, help="线程数 Threads per network.")
def dishes(  # noqa: PLR0913 - one parameter per option of the evaluation
    *,
    root: Path,
    ways: str,
    shots: str,
    episodes: int,
    unknown: int,
    seed: int,
    threads: int,
    teach: bool,
) -> None:
    """评测菜品识别 Evaluate dishes known from a few photos."""
    folder = Folder.read(root, DishEye(weights_folder(), threads))
    if not folder.photos:
        raise click.ClickException(
            f"{root} 中没有照片 no <dish>/<group>__<k>.jpg in it"
        )
    plan = Plan(episodes, seed, unknown, teach)
    counts = [int(shot) for shot in shots.split(",")]
    for text in results(folder, plan, ways.split(","), counts):
        click.echo(text)
