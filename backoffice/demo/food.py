"""A helping of a dish as a relief: colour, height and gloss over a plate.

Pieces are thrown on a heap in random order; sauce fills the hollows; a soup hides
what lies below its surface. Light is not here: `drawing.py` lights the whole plate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from backoffice.demo.dishes import Cut
from backoffice.demo.pieces import SECOND, SHAPES, Floats, Piece, make_piece, soft_noise

if TYPE_CHECKING:
    from backoffice.demo.dishes import DishRow, Ingredient

_KINDS_OF_PIECE: Final = 7
"""Different pieces made per ingredient; flips and turns make eight of each."""
_WHOLE_ITEMS: Final = {Cut.BUN: 100, Cut.EGG: 58, Cut.FLATBREAD: 110, Cut.BALL: 48}
"""Cuts served by the piece: grams of one."""
_WELL_INSIDE: Final = 0.6
_OVERHANG: Final = 1.16
_HEAP_MM: Final = 15.0
_DENSITY_G_PER_MM3: Final = 0.0009


@dataclass(frozen=True, slots=True)
class Finish:
    """What a cooking method does to the look.

    `sauce` is red, green, blue; `tint` how far pieces take its colour, `pool` how far
    it fills the hollows, `gloss` how much it shines, all 0..1; `flecks` are scattered
    on top; a `liquid` fills the bowl.
    """

    sauce: tuple[int, int, int]
    tint: float
    pool: float
    gloss: float
    flecks: tuple[tuple[int, int, int], ...] = ()
    liquid: bool = False


_CHILLI: Final = (160, 24, 14)
_SPICE: Final = (120, 84, 36)
_HERB: Final = (70, 130, 50)
FINISHES: Final = {
    "红烧": Finish((86, 34, 14), 0.38, 0.75, 0.9),
    "糖醋": Finish((146, 42, 18), 0.5, 0.7, 1.0),
    "爆炒": Finish((104, 58, 26), 0.18, 0.35, 0.6, (_CHILLI,)),
    "粉蒸": Finish((176, 128, 74), 0.5, 0.2, 0.1, (_SPICE, (200, 160, 110))),
    "卤": Finish((76, 36, 16), 0.45, 0.35, 0.6),
    "炸": Finish((178, 112, 44), 0.3, 0.05, 0.2),
    "清蒸": Finish((196, 170, 120), 0.06, 0.4, 0.5),
    "烧": Finish((122, 66, 28), 0.24, 0.55, 0.7),
    "炒": Finish((168, 124, 58), 0.1, 0.28, 0.5),
    "清炒": Finish((196, 190, 120), 0.04, 0.18, 0.5),
    "红油": Finish((168, 40, 12), 0.28, 0.7, 0.95, (_CHILLI,)),
    "酱": Finish((70, 36, 20), 0.4, 0.6, 0.7),
    "干煸": Finish((96, 66, 30), 0.25, 0.05, 0.3, (_CHILLI,)),
    "蚝油": Finish((92, 58, 26), 0.1, 0.5, 0.9),
    "煎": Finish((150, 92, 40), 0.18, 0.06, 0.3),
    "凉拌": Finish((150, 104, 50), 0.06, 0.3, 0.8, (_CHILLI, (236, 222, 190))),
    "糖拌": Finish((230, 120, 100), 0.04, 0.3, 0.6, ((250, 250, 248),)),
    "蒸": Finish((244, 238, 222), 0.0, 0.0, 0.15),
    "干炒": Finish((206, 158, 84), 0.08, 0.0, 0.3, (_HERB,)),
    "孜然": Finish((112, 58, 26), 0.25, 0.1, 0.4, (_CHILLI, _SPICE, (222, 208, 160))),
    "炖": Finish((176, 138, 88), 0.1, 0.8, 0.7, (_HERB,)),
    "番茄": Finish((196, 58, 26), 0.28, 0.75, 0.8),
    "咖喱": Finish((206, 140, 30), 0.35, 0.85, 0.6),
    "烤": Finish((140, 88, 40), 0.12, 0.0, 0.2, ((238, 224, 190),)),
    "粥": Finish((0, 0, 0), 0.0, 0.0, 0.5, liquid=True),
    "汤": Finish((206, 120, 62), 0.05, 0.0, 0.7, (_HERB,), liquid=True),
    "清汤": Finish((214, 204, 164), 0.04, 0.0, 0.8, (_HERB,), liquid=True),
    "番茄汤": Finish((214, 122, 62), 0.05, 0.0, 0.8, (_HERB,), liquid=True),
    "红油汤": Finish((176, 74, 30), 0.06, 0.0, 0.9, (_CHILLI, _HERB), liquid=True),
    "臊子汤": Finish((156, 84, 40), 0.06, 0.0, 0.9, (_HERB, _CHILLI), liquid=True),
    "卤汁": Finish((122, 74, 38), 0.0, 0.3, 0.7, (_HERB,), liquid=True),
}


@dataclass(slots=True)
class Relief:
    """A square picture being built: colour (BGR 0..255), height in mm, gloss 0..1."""

    colour: Floats
    height: Floats
    gloss: Floats

    @property
    def side(self) -> int:
        """Pixels along one side."""
        return int(self.height.shape[0])


@dataclass(frozen=True, slots=True)
class Helping:
    """What to heap: a dish, its net mass, the round it must stay in, and where.

    `well_px` is the radius of the vessel's bottom; `centre` is in pixels;
    `half_plane` keeps a half helping on its side of a shared plate (an angle), `None`
    for the whole plate.
    """

    dish: DishRow
    grams: float
    well_px: float
    centre: tuple[float, float]
    half_plane: float | None = None


def bgr(colour: tuple[int, int, int]) -> Floats:
    """Turn red, green, blue into the picture's order."""
    return np.array(colour[::-1], np.float32)


def overlap(
    whole: tuple[int, ...], part: tuple[int, ...], corner: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a part laid at `corner` (left, top) meets the whole: in each of them."""
    left, top = corner
    x0, y0 = max(0, left), max(0, top)
    x1 = max(x0, min(whole[1], left + part[1]))
    y1 = max(y0, min(whole[0], top + part[0]))
    here = (slice(y0, y1), slice(x0, x1))
    return here, (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))


def heap(
    relief: Relief, helping: Helping, px_per_mm: float, rng: np.random.Generator
) -> None:
    """Heap a helping on the relief, in place."""
    finish = FINISHES[helping.dish.method]
    empty = Relief(relief.colour.copy(), relief.height.copy(), relief.gloss.copy())
    if _by_the_piece(helping.dish):
        inside = _lay_items(relief, helping, finish, px_per_mm, rng)
    else:
        inside = _mound(relief, helping, finish, px_per_mm, rng)
        _throw(relief, helping, finish, inside, px_per_mm, rng)
    if finish.liquid:
        _flood(relief, helping, finish, inside, rng)
    else:
        _sauce(relief, finish, inside, px_per_mm)
    _keep_rim(relief, empty, helping, finish)
    _fleck(relief, finish, inside, px_per_mm, rng)


def _by_the_piece(dish: DishRow) -> bool:
    return dish.ingredients[0].cut in _WHOLE_ITEMS


def _mean_colour(dish: DishRow) -> Floats:
    shares = np.array([i.share for i in dish.ingredients], np.float32)
    colours = np.stack([bgr(i.material.colour) for i in dish.ingredients])
    mean: Floats = (shares @ colours / shares.sum()).astype(np.float32)
    return mean


def _blend(under: Floats, over: Floats | float, share: Any) -> Floats:  # noqa: ANN401 - any array or number
    return np.asarray(under + (over - under) * share, np.float32)


def _distance(
    relief: Relief, centre: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    y, x = np.mgrid[: relief.side, : relief.side].astype(np.float32)
    x, y = x - centre[0], y - centre[1]
    return x, y, np.hypot(x, y)


def _mound(
    relief: Relief,
    helping: Helping,
    finish: Finish,
    px_per_mm: float,
    rng: np.random.Generator,
) -> Floats:
    """Raise the heap's body under its pieces; return where it is, 0..1."""
    volume = helping.grams / _DENSITY_G_PER_MM3
    radius = min(np.sqrt(volume / (np.pi * _HEAP_MM)) * px_per_mm, helping.well_px)
    if helping.half_plane is not None:
        radius = min(radius * 1.35, helping.well_px)
    if finish.liquid:
        radius = helping.well_px
    x, y, r = _distance(relief, helping.centre)
    angle = np.arctan2(y, x)
    ripple = sum(
        rng.normal(0, 0.05 / k) * np.cos(k * angle + rng.uniform(0, 6.3))
        for k in range(1, 6)
    )
    edge = radius * (1 + (0 if finish.liquid else ripple))
    inside = np.clip((edge - r) / (2.0 * px_per_mm) + 0.5, 0, 1).astype(np.float32)
    if helping.half_plane is not None:
        away = x * np.cos(helping.half_plane) + y * np.sin(helping.half_plane)
        gap = 2.0 * px_per_mm * (1 + soft_noise(rng, relief.height.shape, 20))
        inside *= np.clip((away - gap) / (2 * px_per_mm), 0, 1).astype(np.float32)
    rise = np.sqrt(np.clip(1 - (r / np.maximum(edge, 1)) ** 2, 0, 1))
    body = _blend(_mean_colour(helping.dish) * 0.8, bgr(finish.sauce), finish.pool / 2)
    body = body * (1 + 0.06 * soft_noise(rng, relief.height.shape, 6)[..., None])
    relief.colour = _blend(relief.colour, body, inside[..., None])
    relief.height = relief.height + (rise * 0.8 * _HEAP_MM * inside).astype(np.float32)
    relief.gloss = _blend(relief.gloss, finish.gloss * 0.7, inside)
    return np.asarray(inside, np.float32)


def _count(ingredient: Ingredient, whole: int, area_mm2: float, finish: Finish) -> int:
    shape = SHAPES[ingredient.cut]
    each = 0.7 * (sum(shape.length) / 2) * (sum(shape.width) / 2)
    layers = 1.3 if finish.liquid else 2.6
    if ingredient.share == 1:
        layers *= 0.3
    count = layers * area_mm2 * ingredient.share / whole / each
    return int(np.clip(count, 2, 600))


def _throw(
    relief: Relief,
    helping: Helping,
    finish: Finish,
    inside: Floats,
    px_per_mm: float,
    rng: np.random.Generator,
) -> None:
    """Throw the pieces of every ingredient on the heap, the garnish last."""
    area = float(inside.sum()) / px_per_mm**2
    whole = sum(i.share for i in helping.dish.ingredients)
    body: list[tuple[Ingredient, Piece]] = []
    garnish: list[tuple[Ingredient, Piece]] = []
    for ingredient in helping.dish.ingredients:
        name = ingredient.material.name
        kinds = [
            make_piece(rng, ingredient.cut, name, px_per_mm)
            for _ in range(_KINDS_OF_PIECE)
        ]
        wanted = garnish if ingredient.share == 1 else body
        for _ in range(_count(ingredient, whole, area, finish)):
            wanted.append((ingredient, kinds[int(rng.integers(len(kinds)))]))
    rng.shuffle(body)
    spots = np.argwhere(inside > _WELL_INSIDE)
    if len(spots) == 0:
        return
    chosen = spots[rng.integers(len(spots), size=len(body) + len(garnish))]
    for (ingredient, piece), (y, x) in zip(body + garnish, chosen, strict=True):
        pull = SHAPES[ingredient.cut].length[1] * px_per_mm * 0.28
        spot = _pulled(helping.centre, (float(x), float(y)), pull, helping.well_px)
        _lay(relief, ingredient, _turned(piece, rng), spot, (finish, rng))


def _pulled(
    centre: tuple[float, float], spot: tuple[float, float], by: float, well: float
) -> tuple[float, float]:
    """Move a spot inwards so that a long piece does not hang over the rim."""
    x, y = spot[0] - centre[0], spot[1] - centre[1]
    share = max(0.2, 1 - by / well) if np.hypot(x, y) > 0.5 * well else 1.0
    return centre[0] + x * share, centre[1] + y * share


def _turned(piece: Piece, rng: np.random.Generator) -> Piece:
    """Give one of the eight ways to flip and turn a piece."""
    down, across, swap = (bool(bit) for bit in rng.integers(2, size=3))
    ways = np.s_[:: -1 if down else 1, :: -1 if across else 1]
    planes = (piece.cover[ways], piece.height[ways], piece.second[ways])
    return Piece(*(plane.T for plane in planes)) if swap else Piece(*planes)


def _lay(
    relief: Relief,
    ingredient: Ingredient,
    piece: Piece,
    spot: tuple[float, float],
    how: tuple[Finish, np.random.Generator],
) -> None:
    """Lay one piece with its centre on `spot`, on top of what is there."""
    finish, rng = how
    rows, columns = piece.cover.shape
    top, left = round(spot[1] - rows / 2), round(spot[0] - columns / 2)
    here, there = overlap(relief.height.shape, piece.cover.shape, (left, top))
    cover = piece.cover[there]
    name = ingredient.material.name
    colour = bgr(ingredient.material.colour) * np.float32(rng.normal(1, 0.07))
    colour += rng.normal(0, 4, 3).astype(np.float32)
    colour = _blend(colour, bgr(finish.sauce), finish.tint)
    patch = np.broadcast_to(colour, (*cover.shape, 3))
    if name in SECOND:
        second = bgr(SECOND[name][0])
        patch = _blend(patch, second, 0.8 * piece.second[there][..., None])
    base = float(relief.height[here].mean()) * 0.85 if cover.size else 0.0
    relief.colour[here] += (patch - relief.colour[here]) * cover[..., None]
    relief.height[here] += (base + piece.height[there] - relief.height[here]) * cover
    relief.gloss[here] += (finish.gloss * 0.7 - relief.gloss[here]) * cover


def _lay_items(
    relief: Relief,
    helping: Helping,
    finish: Finish,
    px_per_mm: float,
    rng: np.random.Generator,
) -> Floats:
    """Lay buns, eggs and flat breads side by side; return where they are."""
    before = relief.height.copy()
    whole = sum(i.share for i in helping.dish.ingredients)
    for ingredient in helping.dish.ingredients:
        grams = helping.grams * ingredient.share / whole
        size = SHAPES[ingredient.cut].length[0] * px_per_mm
        count = max(1, round(grams / _WHOLE_ITEMS.get(ingredient.cut, 1)))
        small = ingredient.cut not in _WHOLE_ITEMS
        count = 12 if small else count
        start = rng.uniform(0, 6.3)
        for index in range(count):
            angle = start + 2 * np.pi * index / count
            reach = 0.0 if count == 1 else size * 0.56
            reach = rng.uniform(0, 22) * px_per_mm if small else reach
            spot = (
                helping.centre[0] + reach * np.cos(angle) + rng.normal(0, px_per_mm),
                helping.centre[1] + reach * np.sin(angle) + rng.normal(0, px_per_mm),
            )
            piece = make_piece(rng, ingredient.cut, ingredient.material.name, px_per_mm)
            _lay(relief, ingredient, piece, spot, (finish, rng))
    return np.asarray(np.clip(relief.height - before, 0, 1), np.float32)


def _flood(
    relief: Relief,
    helping: Helping,
    finish: Finish,
    inside: Floats,
    rng: np.random.Generator,
) -> None:
    """Fill the vessel to a level; what lies below shows through dimly."""
    _, _, r = _distance(relief, helping.centre)
    bowl = r < helping.well_px
    level = float(np.quantile(relief.height[bowl], 0.8))
    liquid = bgr(finish.sauce) if any(finish.sauce) else _mean_colour(helping.dish)
    depth = np.clip((level - relief.height) / 5.0 + 0.25, 0, 0.9) * inside
    ripple = 0.25 * soft_noise(rng, relief.height.shape, 18)
    wet = (relief.height < level) & bowl
    cloud = 1 + 0.04 * soft_noise(rng, relief.height.shape, 24)[..., None]
    relief.colour = _blend(
        relief.colour, liquid * cloud, np.where(wet, depth, 0)[..., None]
    )
    relief.height = np.where(wet, level + ripple, relief.height).astype(np.float32)
    relief.gloss = np.where(wet, finish.gloss, relief.gloss).astype(np.float32)


def _keep_rim(relief: Relief, empty: Relief, helping: Helping, finish: Finish) -> None:
    """Keep the rim clean: food may lie a little outside the well, soup may not."""
    _, _, r = _distance(relief, helping.centre)
    edge = helping.well_px * (1.0 if finish.liquid else _OVERHANG)
    out = np.clip((r - edge) / 2, 0, 1)
    relief.colour = _blend(relief.colour, empty.colour, out[..., None])
    relief.height = _blend(relief.height, empty.height, out)
    relief.gloss = _blend(relief.gloss, empty.gloss, out)


def _sauce(relief: Relief, finish: Finish, inside: Floats, px_per_mm: float) -> None:
    """Let sauce gather in the hollows between pieces."""
    around = cv2.GaussianBlur(relief.height, (0, 0), 3.0 * px_per_mm)
    hollow = np.clip((around - relief.height) / 4.0 + 0.1, 0, 1) * inside * finish.pool
    relief.colour = _blend(relief.colour, bgr(finish.sauce), hollow[..., None])
    relief.gloss = _blend(relief.gloss, finish.gloss, hollow)


def _fleck(
    relief: Relief,
    finish: Finish,
    inside: Floats,
    px_per_mm: float,
    rng: np.random.Generator,
) -> None:
    """Scatter chilli, spice, sesame or herbs on top."""
    spots = np.argwhere(inside > _WELL_INSIDE)
    if len(spots) == 0:
        return
    for colour in finish.flecks:
        for _ in range(int(rng.integers(18, 40))):
            y, x = spots[int(rng.integers(len(spots)))]
            size = (int(rng.uniform(0.7, 2.0) * px_per_mm) + 1, int(px_per_mm))
            shade = (bgr(colour) * rng.uniform(0.8, 1.15)).tolist()
            angle = float(rng.uniform(0, 180))
            where = (int(x), int(y))
            cv2.ellipse(
                relief.colour, where, size, angle, 0, 360, shade, -1, cv2.LINE_AA
            )
