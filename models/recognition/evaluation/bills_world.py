"""The simulated canteen of `canteen eval bills`: real photos, drawn everything else.

Takes no constant from the product: what the product is told (recipes, tares, the
accuracy of the vessel reading, the scale's noise) is handed over as its own types at
the end. Lengths in mm, masses in g, prices in fen.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.domain.serving import (
    Portion,
    PortionMass,
    Serving,
    VesselKind,
    VesselShape,
)
from models.domain.units import Mass, Money
from models.recognition.portion_evidence import (
    Cell,
    Menu,
    Offer,
    PlateSeen,
    TraySeen,
    Weighing,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.recognition.dishes import Ranking

_PRICES_FEN: Final = (400, 600, 800, 1000, 1200, 1500, 1800)
_MEAN_G: Final = (110.0, 230.0)
_SPREAD: Final = 0.10
_HALVES: Final = 0.25
_HALF_MASS: Final = 0.5
_STRESS_HALF_MASS: Final = 0.6
_STRESS_BIAS: Final = 0.20
_STRESS_FOREIGN: Final = 0.05
_FOREIGN_G: Final = (5.0, 300.0)
_STRESS_TAIL: Final = 3.0
_TARE_G: Final = (180.0, 320.0)
_HALF_TARE: Final = 0.7
_PLATFORM_MM: Final = (450.0, 350.0)
_RIM_MM: Final = 80.0
_PLACE_ERROR_MM: Final = 3.0
_CELL_NOISE_G: Final = 1.0
_MG: Final = 1_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What `canteen eval bills` was asked to simulate."""

    plates: int
    vessels: int
    vessel_accuracy: float
    scale: str
    stress: bool

    def assumed(self) -> list[str]:
        """Every simulated input, in words."""
        masses = (
            f"dish mass mean {_MEAN_G[0]:.0f}-{_MEAN_G[1]:.0f} g even, "
            f"spread {_SPREAD:.0%}, "
        )
        said = (
            f"{masses}Student t of {_STRESS_TAIL:.0f}, "
            f"halves {_HALF_MASS} told and {_STRESS_HALF_MASS} true, "
            f"told means off by {_STRESS_BIAS:.0%}, "
            f"foreign thing on {_STRESS_FOREIGN:.0%} of trays"
            if self.stress
            else f"{masses}normal, halves {_HALF_MASS} told and true, told means true"
        )
        kinds = f"{self.vessels} vessel kinds, own half size"
        noise = (
            f"cell noise {_CELL_NOISE_G:.0f} g, place error {_PLACE_ERROR_MM:.0f} mm"
        )
        return [
            f"prices of {len(_PRICES_FEN)} tiers, half at half price",
            said,
            f"{_HALVES:.0%} halves, dishes without repeat",
            f"{kinds}, read right {self.vessel_accuracy:.3f}",
            f"scale {self.scale}, {noise}",
        ]


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of one dish; `name` is the item, meal or picture it belongs to."""

    dish: str
    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class TrueDish:
    """A dish of one simulated lunch as it really is."""

    name: str
    fen: int
    mean_g: float
    told_g: float
    vessel: int


@dataclass(frozen=True, slots=True)
class TruePlate:
    """What really stands on one plate."""

    dish: TrueDish
    half: bool
    photo: Photo
    gross_g: float
    place_mm: tuple[float, float]

    @property
    def portion(self) -> Portion:
        """The portion as the product names it."""
        return Portion.HALF if self.half else Portion.WHOLE

    @property
    def fen(self) -> int:
        """The true price; every tier halves without remainder."""
        return self.dish.fen // 2 if self.half else self.dish.fen


def photos_of(folder: Path) -> dict[str, list[Photo]]:
    """List `folder/<dish>/<group>__<k>.jpg` by dish."""
    return {
        dish.name: [
            Photo(dish.name, path.stem.rpartition("__")[0], path)
            for path in sorted(dish.glob("*.jpg"))
        ]
        for dish in sorted(folder.iterdir())
        if dish.is_dir()
    }


class Lunch:
    """One drawn lunch: menu, prices, masses, vessels, enrolled photos, trays."""

    def __init__(
        self,
        photos: dict[str, list[Photo]],
        menu: int,
        shots: int,
        setting: Setting,
        seed: int,
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._setting = setting
        names = self._rng.permutation(sorted(photos))[:menu]
        self.dishes = [self._dish(str(name)) for name in names]
        self.enrolled = self._enrol(photos, shots)
        barred = {photo.name for shown in self.enrolled.values() for photo in shown}
        self._queue = {
            dish.name: [p for p in photos[dish.name] if p.name not in barred]
            for dish in self.dishes
        }
        for queue in self._queue.values():
            self._rng.shuffle(queue)
        low, high = _TARE_G
        whole = self._rng.uniform(low, high, setting.vessels)
        self._tares = np.round(np.concatenate([whole, whole * _HALF_TARE]))

    def _dish(self, name: str) -> TrueDish:
        rng, stress = self._rng, self._setting.stress
        mean = float(rng.uniform(*_MEAN_G))
        bias = _STRESS_BIAS * float(rng.choice([-1, 1])) if stress else 0.0
        return TrueDish(
            name=name,
            fen=int(rng.choice(_PRICES_FEN)),
            mean_g=mean,
            told_g=mean * (1 + bias),
            vessel=int(rng.integers(self._setting.vessels)),
        )

    def _enrol(
        self, photos: dict[str, list[Photo]], shots: int
    ) -> dict[str, list[Photo]]:
        """Draw `shots` photos a dish from different groups."""
        enrolled = {}
        for dish in self.dishes:
            groups = defaultdict(list)
            for photo in photos[dish.name]:
                groups[photo.name].append(photo)
            names = self._rng.permutation(sorted(groups))[:shots]
            enrolled[dish.name] = [
                groups[str(name)][self._rng.integers(len(groups[str(name)]))]
                for name in names
            ]
        return enrolled

    def menu(self) -> Menu:
        """Give what the product is told: prices, recipes, vessels and their tares."""
        kinds = tuple(
            VesselKind(
                code=_kind(number),
                name=_kind(number),
                shape=VesselShape.PLATE,
                size_mm=200,
                tare=_mass(tare),
            )
            for number, tare in enumerate(self._tares)
        )
        offers = []
        for dish in self.dishes:
            for portion, share in ((Portion.WHOLE, 1.0), (Portion.HALF, _HALF_MASS)):
                mean = dish.told_g * share
                vessel = dish.vessel + self._setting.vessels * (portion is Portion.HALF)
                offers.append(
                    Offer(
                        Serving(
                            dish.name,
                            portion,
                            _kind(vessel),
                            PortionMass.from_recipe(_mass(mean), _mass(mean * _SPREAD)),
                        ),
                        Money(dish.fen // 2 if portion is Portion.HALF else dish.fen),
                    )
                )
        return Menu(tuple(offers), kinds)

    def tray(self, *, use_up: bool) -> list[TruePlate] | None:
        """Draw a tray without repeat; `None` when too few dishes have photos left."""
        open_dishes = [d for d in self.dishes if self._queue[d.name]]
        if len(open_dishes) < self._setting.plates:
            return None
        picks = self._rng.permutation(len(open_dishes))[: self._setting.plates]
        return [self._plate(open_dishes[i], use_up=use_up) for i in picks]

    def _plate(self, dish: TrueDish, *, use_up: bool) -> TruePlate:
        rng, setting = self._rng, self._setting
        half = bool(rng.random() < _HALVES)
        queue = self._queue[dish.name]
        photo = queue.pop() if use_up else queue[rng.integers(len(queue))]
        share = _STRESS_HALF_MASS if setting.stress else _HALF_MASS
        mean = dish.mean_g * (share if half else 1.0)
        error = rng.standard_t(_STRESS_TAIL) if setting.stress else rng.normal()
        net = max(mean / 10, mean * (1 + _SPREAD * float(error)))
        tare = self._tares[dish.vessel + setting.vessels * half]
        place = [rng.uniform(_RIM_MM, side - _RIM_MM) for side in _PLATFORM_MM]
        return TruePlate(dish, half, photo, net + tare, (place[0], place[1]))

    def seen(self, plates: Sequence[TruePlate], rankings: list[Ranking]) -> TraySeen:
        """Give what the witnesses say of a tray."""
        return TraySeen(
            tuple(
                PlateSeen(
                    dishes=ranking.probabilities,
                    unknown=ranking.unknown,
                    vessels=self._vessels(plate),
                    place_mm=self._place(plate),
                )
                for plate, ranking in zip(plates, rankings, strict=True)
            ),
            self._weighing(plates),
        )

    def _vessels(self, plate: TruePlate) -> dict[str, float]:
        """Read the vessel, rightly in `vessel_accuracy` of cases."""
        count = 2 * self._setting.vessels
        accuracy = self._setting.vessel_accuracy
        kind = plate.dish.vessel + self._setting.vessels * plate.half
        if self._rng.random() >= accuracy:
            kind = (kind + int(self._rng.integers(1, count))) % count
        rest = (1 - accuracy) / (count - 1)
        return {_kind(k): accuracy if k == kind else rest for k in range(count)}

    def _place(self, plate: TruePlate) -> tuple[float, float]:
        off = self._rng.normal(0, _PLACE_ERROR_MM, 2)
        return plate.place_mm[0] + float(off[0]), plate.place_mm[1] + float(off[1])

    def _weighing(self, plates: Sequence[TruePlate]) -> Weighing | None:
        if self._setting.scale == "none":
            return None
        loads = [(plate.gross_g, plate.place_mm) for plate in plates]
        if self._setting.stress and self._rng.random() < _STRESS_FOREIGN:
            spot = self._rng.uniform((0, 0), _PLATFORM_MM)
            mass = float(self._rng.uniform(*_FOREIGN_G))
            loads.append((mass, (float(spot[0]), float(spot[1]))))
        noise = _mass(_CELL_NOISE_G)
        if self._setting.scale == "total":
            total = sum(mass for mass, _ in loads)
            off = float(self._rng.normal(0, _CELL_NOISE_G))
            return Weighing(_mass(total + off), noise)
        return Weighing.from_cells(self._cells(loads), noise)

    def _cells(
        self, loads: list[tuple[float, tuple[float, float]]]
    ) -> tuple[Cell, ...]:
        """Share the loads of a stiff platform among the cells under its corners."""
        width, depth = _PLATFORM_MM
        cells = []
        for x, y in ((0.0, 0.0), (width, 0.0), (0.0, depth), (width, depth)):
            carried = sum(
                mass * (1 - abs(x - at[0]) / width) * (1 - abs(y - at[1]) / depth)
                for mass, at in loads
            )
            off = float(self._rng.normal(0, _CELL_NOISE_G))
            cells.append(Cell(x, y, _mass(carried + off)))
        return tuple(cells)


def _kind(number: int) -> str:
    return f"kind-{number}"


def _mass(grams: float) -> Mass:
    return Mass(round(grams * _MG))
