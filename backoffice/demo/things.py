"""What should not be on a tray: phone, hand, glare, a lidded box, and the like.

Each special tray has one difficulty and says in its truth what a recogniser ought to
answer.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from backoffice.demo.drawing import (
    DrawnTray,
    PlateTruth,
    Scene,
    Setting,
    Thing,
    TrayTruth,
    places,
)
from backoffice.demo.food import Relief
from backoffice.demo.tableware import (
    HEIGHT,
    PX_PER_MM,
    VIEW_MM,
    WIDTH,
    light_up,
    paste,
    rounded,
)
from models.domain.evidence import Reason
from models.domain.mealtimes import Meal, Sitting
from models.domain.serving import Portion
from models.domain.units import NO_MASS, Mass

if TYPE_CHECKING:
    from collections.abc import Callable

    from backoffice.demo.canteen import Dish
    from backoffice.demo.drawing import Content
    from models.domain.serving import Serving, VesselKind

_PHONE_MM: Final = (150.0, 72.0)
_PHONE: Final = Mass(195_000)
_KEYS: Final = Mass(64_000)
_SKIN: Final = (128, 158, 206)


class Special(StrEnum):
    """Trays with one difficulty each."""

    TWO_HALVES = "two_halves"
    BOWL_IN_PLATE = "bowl_in_plate"
    PHONE = "phone"
    KEYS = "keys"
    EMPTY_PLATE = "empty_plate"
    UNKNOWN_DISH = "unknown_dish"
    CUT_BY_FRAME = "cut_by_frame"
    HAND = "hand"
    GLARE = "glare"
    LIDDED_BOX = "lidded_box"

    @property
    def chinese(self) -> str:
        """What a person calls it."""
        return _NAMES[self]


_NAMES: Final = {
    Special.TWO_HALVES: "一盘双拼",
    Special.BOWL_IN_PLATE: "碗放在盘里",
    Special.PHONE: "托盘上有手机",
    Special.KEYS: "托盘上有钥匙",
    Special.EMPTY_PLATE: "空盘",
    Special.UNKNOWN_DISH: "菜单上没有的菜",
    Special.CUT_BY_FRAME: "盘子超出画面",
    Special.HAND: "手入画面",
    Special.GLARE: "反光",
    Special.LIDDED_BOX: "盖着的打包盒",
}


class _Table:
    """A special tray while it is laid: the scene, its plates and things."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self.setting = setting
        self.scene = Scene(seed)
        self.rng = self.scene.rng
        self.plates: list[PlateTruth] = []
        self.things: list[Thing] = []

    def kind(self, size: str) -> VesselKind:
        return self.setting.canteen.vessel(f"{self.setting.hall}-{size}")

    def served(self, serving: Serving) -> tuple[Dish, Content]:
        dish = self.setting.canteen.dish(serving.dish)
        return dish, self.setting.content(serving, self.rng)

    def plain(self, count: int) -> list[Serving]:
        """Pick whole dishes on round plates."""
        chosen: list[Serving] = []
        while len(chosen) < count:
            serving = self.setting.some_servings(1, self.rng)[0]
            fits = (serving.vessel or "").endswith(("P152", "P127"))
            if fits and serving.dish not in {one.dish for one in chosen}:
                chosen.append(serving)
        return chosen

    def put(self, serving: Serving, place: tuple[float, float]) -> None:
        kind = self.setting.canteen.vessel(serving.vessel or "")
        self.plates.append(self.scene.put(kind, place, [self.served(serving)]))

    def mark(self, reason: Reason) -> None:
        """Say what should be answered about the plate put last."""
        self.plates[-1] = replace(self.plates[-1], state=reason)


def _two_halves(table: _Table) -> None:
    halves = [
        one
        for dish in table.setting.canteen.on_menu(
            table.setting.hall, table.setting.sitting
        )
        for one in table.setting.canteen.servings_of(dish.code)
        if one.portion is Portion.HALF and one.vessel != f"{table.setting.hall}-B115"
    ]
    first, second = table.rng.choice(len(halves), 2, replace=False)
    left, right = places([178, 152], table.rng)
    pair = [table.served(halves[int(first)]), table.served(halves[int(second)])]
    table.plates.append(table.scene.put(table.kind("P178"), left, pair))
    table.mark(Reason.TWO_DISHES_ON_PLATE)
    table.put(table.plain(1)[0], right)


def _bowl_in_plate(table: _Table) -> None:
    left, right = places([178, 152], table.rng)
    table.plates.append(table.scene.put(table.kind("P178"), left))
    table.mark(Reason.EMPTY_PLATE)
    menu = table.setting.canteen.on_menu(table.setting.hall, table.setting.sitting)
    bowls = [
        one
        for dish in menu
        for one in table.setting.canteen.servings_of(dish.code)[:1]
        if (one.vessel or "").endswith("B115")
    ]
    table.put(bowls[int(table.rng.integers(len(bowls)))], left)
    table.put(table.plain(1)[0], right)


def _with_phone(table: _Table) -> None:
    left, right = places([152, 160], table.rng)
    table.put(table.plain(1)[0], left)
    _draw_phone(table.scene, right)
    table.things.append(Thing(Reason.FOREIGN_OBJECT, _PHONE, right))


def _with_keys(table: _Table) -> None:
    left, right = places([152, 90], table.rng)
    table.put(table.plain(1)[0], left)
    _draw_keys(table.scene, right)
    table.things.append(Thing(Reason.FOREIGN_OBJECT, _KEYS, right))


def _empty_plate(table: _Table) -> None:
    left, right = places([152, 152], table.rng)
    table.put(table.plain(1)[0], left)
    table.plates.append(table.scene.put(table.kind("P152"), right))
    table.mark(Reason.EMPTY_PLATE)


def _unknown_dish(table: _Table) -> None:
    """Put a dish of this hall that is not on today's menu beside one that is."""
    setting = table.setting
    offered = {d.code for d in setting.canteen.on_menu(setting.hall, setting.sitting)}
    others = [
        serving
        for dish in setting.canteen.dishes
        if dish.hall == setting.hall and dish.code not in offered
        for serving in setting.canteen.servings_of(dish.code)[:1]
        if (serving.vessel or "").endswith("P152")
    ]
    left, right = places([152, 152], table.rng)
    table.put(table.plain(1)[0], left)
    table.put(others[int(table.rng.integers(len(others)))], right)
    table.mark(Reason.NOT_ON_MENU)


def _cut_by_frame(table: _Table) -> None:
    first, second = table.plain(2)
    table.put(first, (VIEW_MM[0] * 0.35, VIEW_MM[1] * 0.5))
    table.put(second, (VIEW_MM[0] - 30.0, VIEW_MM[1] * 0.55))
    table.mark(Reason.CUT_BY_FRAME)


def _with_hand(table: _Table) -> None:
    first, second = table.plain(2)
    table.put(first, (170.0, 150.0))
    table.put(second, (400.0, 240.0))
    _draw_hand(table.scene, (400.0, 300.0))
    table.mark(Reason.HAND_IN_PICTURE)
    table.things.append(Thing(Reason.HAND_IN_PICTURE, NO_MASS, (400.0, 300.0)))


def _with_glare(table: _Table) -> None:
    first, second = table.plain(2)
    table.put(first, (170.0, 190.0))
    table.put(second, (390.0, 230.0))
    _draw_glare(table.scene, (380.0, 225.0))
    table.mark(Reason.GLARE)


def _lidded_box(table: _Table) -> None:
    left, right = places([152, 190], table.rng)
    serving = table.plain(1)[0]
    table.put(serving, left)
    box = table.kind("BOX")
    inside = table.served(table.plain(1)[0])[1]
    reach = (box.size_mm / 2 * PX_PER_MM, box.size_mm * 0.35 * PX_PER_MM)
    at = (right[0] * PX_PER_MM, right[1] * PX_PER_MM)
    _draw_box(table.scene, right, (2 * reach[0], 2 * reach[1]))
    corners = (at[0] - reach[0], at[1] - reach[1], at[0] + reach[0], at[1] + reach[1])
    left_px, top_px, right_px, bottom_px = (round(one) for one in corners)
    table.plates.append(
        PlateTruth(
            box.code,
            (left_px, top_px, right_px, bottom_px),
            right,
            box.tare,
            (inside,),
            Reason.LIDDED,
        )
    )


_LAY: Final[dict[Special, Callable[[_Table], None]]] = {
    Special.TWO_HALVES: _two_halves,
    Special.BOWL_IN_PLATE: _bowl_in_plate,
    Special.PHONE: _with_phone,
    Special.KEYS: _with_keys,
    Special.EMPTY_PLATE: _empty_plate,
    Special.UNKNOWN_DISH: _unknown_dish,
    Special.CUT_BY_FRAME: _cut_by_frame,
    Special.HAND: _with_hand,
    Special.GLARE: _with_glare,
    Special.LIDDED_BOX: _lidded_box,
}


def draw_special(setting: Setting, special: Special, seed: int) -> DrawnTray:
    """Draw a lunch tray with one difficulty; `setting` says hall and day."""
    lunch = Sitting(setting.sitting.business_day, Meal.LUNCH)
    table = _Table(replace(setting, sitting=lunch), seed)
    _LAY[special](table)
    truth = TrayTruth(setting.hall, seed, tuple(table.plates), tuple(table.things))
    return DrawnTray(table.scene.photograph(), truth)


def _lay_object(
    scene: Scene,
    relief: Relief,
    cover: np.ndarray,
    place_mm: tuple[float, float],
    height_mm: float,
) -> None:
    at = (place_mm[0] * PX_PER_MM, place_mm[1] * PX_PER_MM)
    lit = light_up(relief, scene.light)
    paste(scene.picture, lit, cover.astype(np.float32), at, scene.light, height_mm)


def _draw_phone(scene: Scene, place_mm: tuple[float, float]) -> None:
    """Draw a dark phone, its screen reflecting the ceiling."""
    size = (int(_PHONE_MM[0] * PX_PER_MM) + 8, int(_PHONE_MM[1] * PX_PER_MM) + 8)
    depth = rounded(size, 4, 9 * PX_PER_MM)
    frame = np.clip(1 - np.abs(depth - 3) / 3, 0, 1)[..., None]
    sheen = np.linspace(18, 64, size[0], dtype=np.float32)[None, :, None]
    colour = np.full((size[1], size[0], 3), (1.1, 1.0, 0.95), np.float32) * sheen
    colour = np.asarray(colour + (170 - colour) * frame, np.float32)
    height = np.asarray(np.clip(depth / PX_PER_MM, 0, 1.5), np.float32)
    gloss = np.full(height.shape, 0.9, np.float32)
    cover = np.clip(depth + 0.5, 0, 1)
    _lay_object(scene, Relief(colour, height, gloss), cover, place_mm, 8)


def _draw_keys(scene: Scene, place_mm: tuple[float, float]) -> None:
    """Draw a ring with three keys."""
    side = int(90 * PX_PER_MM)
    mask = np.zeros((side, side), np.uint8)
    middle = side // 2
    cv2.circle(mask, (middle, middle), int(12 * PX_PER_MM), 255, int(2.5 * PX_PER_MM))
    for turn in (0.3, 1.2, 2.4):
        along = np.array([np.cos(turn), np.sin(turn)]) * PX_PER_MM
        head = (middle + along * 18).astype(int)
        tip = (middle + along * 42).astype(int)
        cv2.circle(mask, head.tolist(), int(8 * PX_PER_MM), 255, -1)
        cv2.line(mask, head.tolist(), tip.tolist(), 255, int(4 * PX_PER_MM))
    height = np.clip(cv2.distanceTransform(mask, cv2.DIST_L2, 3) / PX_PER_MM, 0, 1.2)
    colour = np.full((side, side, 3), (150, 168, 176), np.float32)
    gloss = np.full((side, side), 0.8, np.float32)
    relief = Relief(colour, height.astype(np.float32), gloss)
    _lay_object(scene, relief, mask / 255, place_mm, 4)


def _draw_hand(scene: Scene, place_mm: tuple[float, float]) -> None:
    """Draw a hand that reaches in from the bottom edge."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    x, y = (int(one * PX_PER_MM) for one in place_mm)
    wide = int(78 * PX_PER_MM)
    cv2.ellipse(mask, (x, y + wide // 2), (wide // 2, wide // 2), 0, 0, 360, 255, -1)
    cv2.line(mask, (x, y + wide // 2), (x + 40, HEIGHT + 80), 255, int(wide * 0.8))
    for lean, reach in ((-0.42, 0.95), (-0.15, 1.15), (0.1, 1.1), (0.34, 0.92)):
        tip = (int(x + wide * lean * 1.5), int(y + wide * (0.45 - reach)))
        root = (int(x + wide * lean), int(y + wide * 0.3))
        cv2.line(mask, root, tip, 255, int(17 * PX_PER_MM))
    thumb = (int(x - wide * 0.9), int(y + wide * 0.25))
    cv2.line(mask, (x - wide // 3, y + wide // 2), thumb, 255, int(19 * PX_PER_MM))
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 5) / PX_PER_MM
    height = cv2.GaussianBlur(np.sqrt(inside * 16), (0, 0), 4)
    colour = np.full((HEIGHT, WIDTH, 3), _SKIN, np.float32)
    gloss = np.full((HEIGHT, WIDTH), 0.2, np.float32)
    relief = Relief(colour, height.astype(np.float32), gloss)
    middle = (VIEW_MM[0] / 2, VIEW_MM[1] / 2)
    cover = cv2.GaussianBlur(mask, (0, 0), 1.2) / 255
    _lay_object(scene, relief, cover, middle, 25)


def _draw_glare(scene: Scene, place_mm: tuple[float, float]) -> None:
    """Burn out part of a plate, as a lamp does that mirrors in wet food."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    x, y = x - place_mm[0] * PX_PER_MM, y - place_mm[1] * PX_PER_MM
    turn = 0.5
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * 0.48
    spread = np.exp(-((along / 150) ** 2 + (across / 85) ** 2))
    scene.picture += 620 * (spread**1.5)[..., None]


def _draw_box(
    scene: Scene, place_mm: tuple[float, float], size_px: tuple[float, float]
) -> None:
    """Draw a closed take-away box of milky plastic with a ribbed lid."""
    size = (int(size_px[0]) + 8, int(size_px[1]) + 8)
    depth = rounded(size, 4, 14 * PX_PER_MM) / PX_PER_MM
    ribs = 0.5 * (np.exp(-(((depth - 8) / 1.2) ** 2)) + np.clip(depth, 0, 2))
    ribs += 0.8 * np.exp(-(((depth - 20) / 1.5) ** 2))
    colour = np.full((size[1], size[0], 3), (214, 220, 222), np.float32)
    gloss = np.full((size[1], size[0]), 0.9, np.float32)
    relief = Relief(colour, ribs.astype(np.float32), gloss)
    cover = np.clip(depth * PX_PER_MM + 0.5, 0, 1)
    _lay_object(scene, relief, cover, place_mm, 35)
