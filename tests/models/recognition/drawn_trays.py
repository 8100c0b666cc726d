"""Trays drawn by code, varied by a seed: counters, trays, plates, food, things.

Everything is drawn flat, seen from above, then warped by a random perspective, lit
unevenly, blurred and given noise, so that nothing in a picture is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Colour = tuple[float, float, float]

WIDTH, HEIGHT = 1280, 960
RADII = (150.0, 122.0, 98.0)
"""The vessels' radii in pixels."""
PLACES = ((300.0, 300.0), (300.0, 650.0))
FREE = (850.0, 480.0)
"""Where `two_plates` leaves room."""

COUNTERS: list[Colour] = [
    (205, 210, 212),
    (120, 125, 128),
    (70, 62, 58),
    (95, 140, 175),
]
TRAYS: list[Colour] = [
    (150, 175, 195),
    (60, 90, 150),
    (175, 178, 180),
    (60, 120, 60),
    (45, 45, 50),
    (160, 110, 60),
    (120, 165, 215),
]
PLATES: list[Colour] = [
    (238, 240, 240),
    (215, 232, 240),
    (200, 160, 90),
    (110, 190, 120),
    (70, 80, 200),
    (60, 60, 62),
    (150, 215, 245),
    (190, 190, 225),
]
FOODS: list[Colour] = [
    (40, 60, 120),
    (50, 110, 190),
    (40, 120, 60),
    (60, 60, 190),
    (190, 220, 235),
    (60, 170, 220),
    (80, 130, 150),
    (35, 35, 60),
]


@dataclass
class Drawn:
    """A picture being drawn, and the truth about it."""

    picture: Picture
    random: np.random.Generator
    circles: list[tuple[float, float, float]] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)


def _pick(random: np.random.Generator, colours: list[Colour]) -> Colour:
    base = np.array(colours[random.integers(len(colours))], float)
    b, g, r = np.clip(base + random.normal(0, 8, 3), 0, 250)
    return float(b), float(g), float(r)


def _shaded(colour: Colour, by: float) -> Colour:
    b, g, r = (min(255.0, max(0.0, c * by)) for c in colour)
    return b, g, r


def _ellipse(
    picture: Picture, centre: tuple[float, float], radius: float, colour: Colour
) -> None:
    """A filled circle with sub-pixel place."""
    at = (round(centre[0] * 16), round(centre[1] * 16))
    cv2.circle(picture, at, round(radius * 16), colour, -1, cv2.LINE_AA, 4)


def _shadow(drawn: Drawn, centre: tuple[float, float], radius: float) -> None:
    """Darken what lies around a vessel, softly and a little to one side."""
    shift = drawn.random.uniform(-0.07, 0.07, 2) * radius
    by = float(drawn.random.uniform(0.15, 0.4))
    half = round(1.4 * radius)
    left, top = max(0, round(centre[0]) - half), max(0, round(centre[1]) - half)
    part = drawn.picture[top : top + 2 * half, left : left + 2 * half]
    mask = np.zeros(part.shape[:2], np.float32)
    at = (round(centre[0] + shift[0]) - left, round(centre[1] + shift[1]) - top)
    cv2.circle(mask, at, round(radius * 1.02), 1.0, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), radius * 0.04 + 1)
    part[:] = (part * (1 - by * soft[..., None])).astype(np.uint8)


def counter(random: np.random.Generator, colour: Colour | None = None) -> Drawn:
    """Draw an empty counter with a faint texture."""
    colour = colour or _pick(random, COUNTERS)
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = colour
    coarse = random.normal(0, 3, (HEIGHT // 8, WIDTH // 40, 1)).astype(np.float32)
    grain = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(picture + grain[..., None], 0, 255).astype(np.uint8)
    return Drawn(picture, random)


def tray(drawn: Drawn, colour: Colour | None = None) -> None:
    """Lay a rounded tray with a raised rim on the counter."""
    random = drawn.random
    colour = colour or _pick(random, TRAYS)
    x0, y0 = random.uniform(20, 90, 2)
    x1, y1 = WIDTH - random.uniform(20, 90), HEIGHT - random.uniform(20, 90)
    for inset, by in ((0, 0.8), (6, 1.12), (26, 0.85), (34, 1.0)):
        _rounded(
            drawn.picture,
            (x0 + inset, y0 + inset, x1 - inset, y1 - inset),
            max(20, 90 - inset),
            _shaded(colour, by),
        )


def _rounded(
    picture: Picture,
    box: tuple[float, float, float, float],
    corner: float,
    colour: Colour,
) -> None:
    x0, y0, x1, y1 = (round(v) for v in box)
    c = round(corner)
    cv2.rectangle(picture, (x0 + c, y0), (x1 - c, y1), colour, -1)
    cv2.rectangle(picture, (x0, y0 + c), (x1, y1 - c), colour, -1)
    for x in (x0 + c, x1 - c):
        for y in (y0 + c, y1 - c):
            cv2.circle(picture, (x, y), c, colour, -1, cv2.LINE_AA)


def plate(
    drawn: Drawn,
    centre: tuple[float, float],
    radius: float,
    colour: Colour | None = None,
    *,
    food: bool = True,
) -> None:
    """Draw a plate: shadow, rim, perhaps a painted rim, well, perhaps food."""
    random = drawn.random
    colour = colour or _pick(random, PLATES)
    _shadow(drawn, centre, radius)
    _ellipse(drawn.picture, centre, radius, _shaded(colour, 0.86))
    _ellipse(drawn.picture, centre, radius * 0.975, colour)
    if random.random() < 0.4:
        _painted_rim(drawn, centre, radius)
    well = radius * random.uniform(0.62, 0.8)
    _ellipse(drawn.picture, centre, well, _shaded(colour, 0.92))
    _ellipse(drawn.picture, centre, well * 0.97, _shaded(colour, 0.985))
    if food:
        pile(drawn, centre, well * random.uniform(0.6, 1.05))
    drawn.circles.append((*centre, radius))


def _painted_rim(drawn: Drawn, centre: tuple[float, float], radius: float) -> None:
    random = drawn.random
    ink = _pick(random, PLATES)
    at = (round(centre[0]), round(centre[1]))
    if random.random() < 0.5:
        ring = round(radius * random.uniform(0.88, 0.95))
        cv2.circle(drawn.picture, at, ring, ink, round(radius * 0.03) + 1, cv2.LINE_AA)
        return
    for angle in np.arange(0, 2 * np.pi, 2 * np.pi / random.integers(10, 24)):
        spot = (
            centre[0] + 0.9 * radius * np.cos(angle),
            centre[1] + 0.9 * radius * np.sin(angle),
        )
        _ellipse(drawn.picture, spot, radius * 0.035, ink)


def bowl(
    drawn: Drawn,
    centre: tuple[float, float],
    radius: float,
    colour: Colour | None = None,
) -> None:
    """Draw a bowl: thin bright rim, dark wall, and what is in it."""
    colour = colour or _pick(drawn.random, PLATES)
    _shadow(drawn, centre, radius)
    _ellipse(drawn.picture, centre, radius, colour)
    _ellipse(drawn.picture, centre, radius * 0.93, _shaded(colour, 0.7))
    _ellipse(drawn.picture, centre, radius * 0.8, _pick(drawn.random, FOODS))
    pile(drawn, centre, radius * 0.72)
    drawn.circles.append((*centre, radius))


def pile(drawn: Drawn, centre: tuple[float, float], radius: float) -> None:
    """Heap many small pieces of two kinds of food."""
    random = drawn.random
    colours = [_pick(random, FOODS), _pick(random, FOODS)]
    size = random.uniform(0.05, 0.16) * radius
    lean = random.uniform(-0.2, 0.2, 2) * radius
    for _ in range(random.integers(80, 220)):
        angle = random.uniform(0, 2 * np.pi)
        reach = radius * 0.78 * np.sqrt(random.random())
        x = round(centre[0] + lean[0] + reach * np.cos(angle))
        y = round(centre[1] + lean[1] + reach * np.sin(angle))
        piece = _shaded(colours[random.integers(2)], random.uniform(0.7, 1.25))
        axes = (round(size * random.uniform(0.5, 1.4)) + 2, round(size * 0.6) + 2)
        turn = random.uniform(0, 180)
        cv2.ellipse(drawn.picture, (x, y), axes, turn, 0, 360, piece, -1, cv2.LINE_AA)


def cutlery(drawn: Drawn) -> None:
    """Lay a chopstick and a spoon anywhere."""
    random = drawn.random
    for width in (9, 16):
        x, y = random.uniform(100, 1100), random.uniform(100, 800)
        angle = random.uniform(0, np.pi)
        end = (round(x + 330 * np.cos(angle)), round(y + 330 * np.sin(angle)))
        colour = _pick(random, [(150, 150, 150), (60, 90, 140), (40, 40, 45)])
        cv2.line(drawn.picture, (round(x), round(y)), end, colour, width, cv2.LINE_AA)


def hand(drawn: Drawn, tip: tuple[float, float], width: float = 90) -> None:
    """Reach in from the nearest long side: a forearm, a palm, four fingers."""
    random = drawn.random
    skin = _pick(random, [(135, 165, 215), (95, 130, 190), (70, 105, 165)])
    x, y = tip
    below = y > HEIGHT / 2
    away = 1.0 if below else -1.0
    start = (round(x + random.uniform(-200, 200)), HEIGHT + 60 if below else -60)
    palm = (round(x), round(y + away * width))
    cv2.line(drawn.picture, start, palm, skin, round(width * 0.8), cv2.LINE_AA)
    cv2.circle(drawn.picture, palm, round(width * 0.55), skin, -1, cv2.LINE_AA)
    for spread in (-0.4, -0.13, 0.13, 0.4):
        end = (round(x + spread * 1.5 * width), round(y - away * 0.2 * width))
        root = (round(palm[0] + spread * width), palm[1])
        tone = _shaded(skin, random.uniform(0.93, 1.05))
        cv2.line(drawn.picture, root, end, tone, round(width * 0.24), cv2.LINE_AA)


def glare(drawn: Drawn, centre: tuple[float, float], radius: float) -> None:
    """A lamp mirrored in sauce: a saturated blob with a soft edge."""
    mask = np.zeros(drawn.picture.shape[:2], np.float32)
    at = (round(centre[0]), round(centre[1]))
    axes = (round(radius), round(radius * drawn.random.uniform(0.6, 1.0)))
    turn = float(drawn.random.uniform(0, 180))
    cv2.ellipse(mask, at, axes, turn, 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), 4)
    added = drawn.picture + soft[..., None] * 420.0
    drawn.picture[:] = np.clip(added, 0, 255).astype(np.uint8)


def turned(
    centre: tuple[float, float], size: tuple[float, float], degrees: float
) -> NDArray[np.int32]:
    """Corners of a rectangle of `size`, turned about its centre."""
    return np.round(cv2.boxPoints((centre, size, degrees))).astype(np.int32)


def phone(drawn: Drawn, centre: tuple[float, float], long: float) -> None:
    """A phone lying anywhere: dark glass, a thin frame."""
    degrees = float(drawn.random.uniform(0, 180))
    size = (long, long * float(drawn.random.uniform(0.46, 0.5)))
    frame = _pick(drawn.random, [(70, 70, 75), (40, 40, 45), (150, 150, 155)])
    glass = float(drawn.random.uniform(8, 35))
    cv2.fillPoly(drawn.picture, [turned(centre, size, degrees)], frame, cv2.LINE_AA)
    inset = (size[0] - 12, size[1] - 12)
    cv2.fillPoly(
        drawn.picture,
        [turned(centre, inset, degrees)],
        (glass, glass, glass + 3),
        cv2.LINE_AA,
    )


def keys(drawn: Drawn, centre: tuple[float, float], size: float) -> None:
    """A ring with three keys of bright and dark metal."""
    at = (round(centre[0]), round(centre[1]))
    for grey, angle in zip(
        (215, 120, 180), drawn.random.uniform(0, 2 * np.pi, 3), strict=True
    ):
        end = (
            round(centre[0] + size * 0.6 * np.cos(angle)),
            round(centre[1] + size * 0.6 * np.sin(angle)),
        )
        metal = (float(grey), float(grey), float(grey) - 6)
        cv2.line(drawn.picture, at, end, metal, round(size * 0.13), cv2.LINE_AA)
        cv2.circle(drawn.picture, end, round(size * 0.17), metal, -1, cv2.LINE_AA)
        cv2.circle(drawn.picture, end, round(size * 0.06), (40, 40, 42), -1)
    cv2.circle(drawn.picture, at, round(size * 0.22), (70, 70, 74), 5, cv2.LINE_AA)


def napkin(drawn: Drawn, centre: tuple[float, float], side: float) -> None:
    """A folded paper napkin: white, flat, weighing next to nothing."""
    degrees = float(drawn.random.uniform(0, 90))
    corners = turned(centre, (side, side), degrees)
    cv2.fillPoly(drawn.picture, [corners], (236, 238, 238), cv2.LINE_AA)


def box(
    drawn: Drawn, centre: tuple[float, float], size: tuple[float, float], *, lid: bool
) -> None:
    """A takeaway box, its lid on (a ridge and a highlight) or off (food)."""
    random = drawn.random
    degrees = float(random.uniform(-30, 30))
    colour = _pick(random, [(225, 228, 230), (60, 60, 62), (120, 165, 200)])
    cv2.fillPoly(drawn.picture, [turned(centre, size, degrees)], colour, cv2.LINE_AA)
    inset = (size[0] * 0.93, size[1] * 0.9)
    cv2.polylines(
        drawn.picture,
        [turned(centre, inset, degrees)],
        isClosed=True,
        color=_shaded(colour, 0.75),
        thickness=4,
        lineType=cv2.LINE_AA,
    )
    if lid:
        shine = turned(centre, (size[0] * 0.6, size[1] * 0.06), degrees)
        cv2.fillPoly(drawn.picture, [shine], _shaded(colour, 1.2), cv2.LINE_AA)
        return
    inside = turned(centre, (size[0] * 0.85, size[1] * 0.8), degrees)
    food = _pick(random, FOODS)
    cv2.fillPoly(drawn.picture, [inside], food, cv2.LINE_AA)
    for shift in (-0.22, 0.22):
        along = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
        x, y = np.array(centre) + shift * size[0] * along
        pile(drawn, (float(x), float(y)), size[1] * 0.45)


def compartment_tray(
    drawn: Drawn,
    layout: Sequence[tuple[int, int, int, int]],
    outer: tuple[float, float, float, float],
    *,
    steel: bool,
) -> None:
    """A tray with pressed compartments (thousandths of `outer`), food in each."""
    colour: Colour = (190, 192, 194) if steel else _pick(drawn.random, TRAYS[:1])
    _rounded(drawn.picture, outer, 40, colour)
    x0, y0, x1, y1 = outer
    scale = np.array([x1 - x0, y1 - y0, x1 - x0, y1 - y0]) / 1000
    for part in layout:
        a, b, c, d = np.array(part) * scale + np.array([x0, y0, x0, y0])
        _rounded(drawn.picture, (a, b, c, d), 24, _shaded(colour, 0.62))
        _rounded(drawn.picture, (a + 7, b + 7, c - 7, d - 7), 22, _shaded(colour, 0.85))
        pile(drawn, ((a + c) / 2, (b + d) / 2), min(c - a, d - b) * 0.45)
        drawn.boxes.append((a, b, c, d))


def photographed(drawn: Drawn, tilt: float = 1.0) -> tuple[Picture, list[list[float]]]:
    """Warp, light and blur the drawing; return it with its plates' true boxes."""
    random = drawn.random
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    moved = (corners + random.normal(0, 28 * tilt, (4, 2))).astype(np.float32)
    warp = np.asarray(cv2.getPerspectiveTransform(corners, moved), np.float64)
    picture = cv2.warpPerspective(
        drawn.picture, warp, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE
    )
    boxes = [_warped_box(circle, warp) for circle in drawn.circles]
    boxes += [list(map(float, one)) for one in drawn.boxes]
    return lit(np.asarray(picture, np.uint8), random), boxes


def _warped_box(
    circle: tuple[float, float, float], warp: NDArray[np.float64]
) -> list[float]:
    angle = np.linspace(0, 2 * np.pi, 90)
    x, y, radius = circle
    ring = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], 1)
    seen = cv2.perspectiveTransform(ring[None].astype(np.float32), warp)[0]
    return [*map(float, seen.min(0)), *map(float, seen.max(0))]


def lit(picture: Picture, random: np.random.Generator) -> Picture:
    """Uneven light, a little blur and sensor noise."""
    slope = random.uniform(-0.06, 0.06, 2)
    corners = random.uniform(0.85, 1.02) + np.array(
        [[-slope.sum(), slope[0] - slope[1]], [slope[1] - slope[0], slope.sum()]]
    )
    light = cv2.resize(corners.astype(np.float32), (WIDTH, HEIGHT))
    noise: NDArray[np.int16] = np.empty((HEIGHT, WIDTH, 3), np.int16)
    cv2.setRNGSeed(int(random.integers(1 << 30)))
    cv2.randn(noise, np.zeros(3), np.full(3, 3.0))
    seen = cv2.add(
        cv2.multiply(picture, cv2.merge((light, light, light)), dtype=cv2.CV_16S), noise
    )
    clear = np.clip(seen, 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(clear, (0, 0), 0.9), np.uint8)


def random_tray(
    seed: int, *, cut: bool = False, tilt: float = 1.0
) -> tuple[Picture, list[list[float]]]:
    """A tray of two to five plates and bowls that do not touch, with cutlery."""
    random = np.random.default_rng(seed)
    drawn = counter(random)
    tray(drawn)
    cutlery(drawn)
    wanted = int(random.integers(2, 6))
    for _ in range(200):
        if len(drawn.circles) == wanted:
            break
        radius = float(random.choice(RADII))
        if cut and not drawn.circles:
            x, y = random.uniform(200, 1000), radius * 0.7
        else:
            x = random.uniform(radius + 12, WIDTH - radius - 12)
            y = random.uniform(radius + 12, HEIGHT - radius - 12)
        if any(np.hypot(x - a, y - b) < radius + c + 4 for a, b, c in drawn.circles):
            continue
        (bowl if random.random() < 0.35 else plate)(drawn, (x, y), radius)
    return photographed(drawn, tilt)


def two_plates(seed: int, *, trayed: bool = True) -> Drawn:
    """Two plates of food at the left of a tray; the middle right stays free."""
    drawn = counter(np.random.default_rng(seed))
    if trayed:
        tray(drawn)
    for centre in PLACES:
        plate(drawn, centre, float(drawn.random.choice(RADII[:2])))
    return drawn
