"""Circles in a tray picture: every rim votes, rims are fitted, then chosen jointly.

Four steps on a picture reduced to `WORKING` pixels: (1) Canny edges of the strongest
colour channel; (2) each edge point votes for the centres it may turn around, at
every radius (Kimme, Ballard and Sklansky 1975); (3) the best votes are resampled in
polar coordinates and a near-circular ellipse r(t) = r0 + a cos t + b sin t +
c cos 2t + d sin 2t is fitted to the radial edges by reweighted least squares, all
candidates at once; (4) circles are chosen together, each by the part of its rim
that is seen and not yet explained by another.

All lengths here are pixels of the reduced picture; angles run clockwise from x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Shorts = NDArray[np.int16]
Pixels = cv2.typing.MatLike

WORKING: Final = 480
"""Long side of the reduced picture."""

ANGLES: Final = 72
TURN: Final = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False, dtype=np.float32)
_BIN: Final = 5
_RADIUS_STEP: Final = 1.08
_POINTS: Final = 18000
"""Edge points that vote at most; those in the busiest texture are left out first."""
_CANDIDATES: Final = 64
_FAINTEST: Final = 0.12
"""Share of a circumference that must vote for a circle to be looked at."""
_REACH: Final = np.linspace(0.82, 1.18, 31, dtype=np.float32)
"""Polar sampling: share of the candidate's radius."""
_FULL_EDGE: Final = 90.0
"""Sobel response (of 8-bit colour, blurred) that counts as a full edge."""
_SPREADS: Final = (0.06, 0.035, 0.018)
_NARROW: Final = (0.025, 0.018)
_OUTWARD: Final = (1.0, 1.04, 1.08, 1.12)
_AS_WELL: Final = 0.96
"""Share of a rim's support that a wider one must have to replace it."""
_LIFTED: Final = np.round(
    np.arange(256) + 60 * (1 - np.exp(-np.arange(256) / 50))
).astype(np.int16)
"""Tones with the dark ones spread about twofold and the bright ones untouched."""
_ALIGNED: Final = 0.9
"""Cosine between gradient and radius from which an edge point supports a rim."""
_BASIS: Final = np.stack(
    [
        np.ones_like(TURN),
        np.cos(TURN),
        np.sin(TURN),
        np.cos(2 * TURN),
        np.sin(2 * TURN),
    ],
    1,
)
_PAIRS: Final = (_BASIS[:, :, None] * _BASIS[:, None, :]).reshape(ANGLES, 25)
_RIDGE: Final = np.diag(np.array([1e-4, 2e-3, 2e-3, 0.015, 0.015], np.float32) * ANGLES)
"""Pulls each fit towards the voted circle, weakly."""


@dataclass(frozen=True, slots=True)
class Gradient:
    """Horizontal and vertical Sobel response of each pixel's strongest channel."""

    dx: Shorts
    dy: Shorts

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.dx.shape
        return width, height


@dataclass(frozen=True, slots=True)
class Rings:
    """Fitted rims, one row each.

    `shape` holds the centre and (r0, a, b, c, d) of the module's formula with a and
    b moved into the centre, so columns are x, y, r0, c, d. `edge` is how strongly the
    rim is seen at each angle (0..1), `seen` whether that angle lies in the picture.
    """

    shape: Floats
    edge: Floats
    seen: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp] | list[int]) -> Rings:
        """Keep only some rows, in that order."""
        return Rings(self.shape[rows], self.edge[rows], self.seen[rows])

    @property
    def support(self) -> Floats:
        """Share of the visible rim that is really there."""
        seen = np.maximum(self.seen.sum(1), 1)
        return np.asarray((self.edge * self.seen).sum(1) / seen, np.float32)

    @property
    def visible(self) -> Floats:
        """Share of the rim that lies in the picture."""
        return np.asarray(self.seen.mean(1), np.float32)


def gradient(small: Bytes) -> Gradient:
    """Differentiate every colour channel and keep each pixel's strongest response.

    Dark tones are spread first, so that a dark plate on a dark tray has edges too.
    """
    smooth = cv2.GaussianBlur(cv2.LUT(small, _LIFTED), (0, 0), 1.2)
    best_dx, best_dy, best = _slopes(smooth, 0)
    for channel in (1, 2):
        dx, dy, size = _slopes(smooth, channel)
        stronger = (size > best).astype(np.uint8)
        cv2.copyTo(dx, stronger, best_dx)
        cv2.copyTo(dy, stronger, best_dy)
        cv2.copyTo(size, stronger, best)
    return Gradient(best_dx, best_dy)


def _slopes(picture: Pixels, channel: int) -> tuple[Shorts, Shorts, Floats]:
    plane = cv2.extractChannel(picture, channel)
    dx = np.asarray(cv2.Sobel(plane, cv2.CV_16S, 1, 0), np.int16)
    dy = np.asarray(cv2.Sobel(plane, cv2.CV_16S, 0, 1), np.int16)
    size = cv2.magnitude(dx.astype(np.float32), dy.astype(np.float32))
    return dx, dy, np.asarray(size, np.float32)


def reduced(picture: Bytes) -> Bytes:
    """Shrink to `WORKING` pixels: halve by area while that is cheap, then resample."""
    while max(picture.shape[:2]) >= 2 * WORKING:
        height, width = picture.shape[:2]
        half = (max(1, width // 2), max(1, height // 2))
        picture = np.asarray(
            cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8
        )
    height, width = picture.shape[:2]
    scale = WORKING / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size), np.uint8)


def radii_for(longest: int, smallest: float, largest: float) -> Floats:
    """Radii to try, a geometric row; the limits are shares of the long side."""
    count = int(np.ceil(np.log(largest / smallest) / np.log(_RADIUS_STEP))) + 1
    return np.asarray(longest * smallest * _RADIUS_STEP ** np.arange(count), np.float32)


def _edge_points(picture: Gradient) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Edge pixels, their unit gradients, and a weight low inside busy texture."""
    edges = cv2.Canny(picture.dx, picture.dy, 30, 70, L2gradient=True)
    busy = cv2.blur(edges, (21, 21)).astype(np.float32) / 255
    y, x = np.nonzero(edges)
    weight = 1 / (1 + (busy[y, x] / 0.12) ** 2)
    if len(x) > _POINTS:
        calm = np.argpartition(-weight, _POINTS)[:_POINTS]
        y, x, weight = y[calm], x[calm], weight[calm]
    dx = picture.dx[y, x].astype(np.float32)
    dy = picture.dy[y, x].astype(np.float32)
    size = np.hypot(dx, dy)
    return (
        x.astype(np.float32),
        y.astype(np.float32),
        (dx / size).astype(np.float32),
        (dy / size).astype(np.float32),
        weight.astype(np.float32),
    )


def _votes(picture: Gradient, radii: Floats, pad: int) -> Floats:
    """Accumulate votes, shape (radii, rows, columns) in bins of `_BIN` pixels.

    A vote is a share of the circumference, so that 1 means the whole rim.
    """
    width, height = picture.size
    columns, rows = (width + 2 * pad) // _BIN, (height + 2 * pad) // _BIN
    x, y, nx, ny, weight = _edge_points(picture)
    x, y = np.float32(1 / _BIN) * (x + pad), np.float32(1 / _BIN) * (y + pad)
    votes = np.empty((len(radii), rows, columns), np.float32)
    for row, radius in enumerate(radii):
        total = np.zeros(rows * columns)
        for sign in (1, -1):
            step = sign * radius / _BIN
            cx = (x + nx * step).astype(np.int32)
            cy = (y + ny * step).astype(np.int32)
            inside = (cx >= 0) & (cx < columns) & (cy >= 0) & (cy < rows)
            total += np.bincount(
                (cy * columns + cx)[inside], weight[inside], rows * columns
            )
        spread = 2 * max(1, round(0.06 * float(radius) / _BIN)) + 1
        layer = total.reshape(rows, columns).astype(np.float32)
        smooth = cv2.blur(cv2.blur(layer, (spread, spread)), (3, 3))
        votes[row] = smooth * (spread * spread / (2 * np.pi * radius))
    return votes


def on_rim(shape: Floats, angles: Floats) -> tuple[Floats, Floats]:
    """Points (x, y) of fitted rims at `angles`, each (rings, angles)."""
    reach = shape[:, 2:3] + shape[:, 3:4] * np.cos(2 * angles)
    reach = reach + shape[:, 4:5] * np.sin(2 * angles)
    x = shape[:, 0:1] + reach * np.cos(angles)
    y = shape[:, 1:2] + reach * np.sin(angles)
    return x, y


def _inside(x: Floats, y: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether points lie in the picture, a hair away from its border."""
    width, height = size
    return (x >= 1) & (x <= width - 2) & (y >= 1) & (y <= height - 2)


def candidates(picture: Gradient, radii: Floats) -> Floats:
    """Propose circles (x, y, r), best first, at most `_CANDIDATES`."""
    pad = max(picture.size) // 5
    votes = _votes(picture, radii, pad)
    summed = votes.copy()
    summed[1:] += 0.7 * votes[:-1]
    summed[:-1] += 0.7 * votes[1:]
    peak = np.stack([cv2.dilate(layer, np.ones((5, 5), np.uint8)) for layer in summed])
    around = peak.copy()
    np.maximum(around[1:], peak[:-1], out=around[1:])
    np.maximum(around[:-1], peak[1:], out=around[:-1])
    layer, row, column = np.nonzero((summed >= around) & (summed > _FAINTEST))
    found = np.stack(
        [(column + 0.5) * _BIN - pad, (row + 0.5) * _BIN - pad, radii[layer]], 1
    ).astype(np.float32)
    shape = np.pad(found, ((0, 0), (0, 2)))
    x, y = on_rim(shape, TURN[::3])
    visible = _inside(x, y, picture.size).mean(1)
    score = summed[layer, row, column] / np.maximum(visible, 0.4)
    score = score * np.sqrt(shape[:, 2])
    order = np.argsort(-score)[:_CANDIDATES]
    return shape[order]


def _polar_edges(picture: Gradient, shape: Floats) -> tuple[Floats, Floats]:
    """Radial edge strength (rings, angles, reach) and its radius, same shape."""
    cos, sin = _BASIS[None, :, 1, None], _BASIS[None, :, 2, None]
    radius = shape[:, 2, None, None] * np.broadcast_to(_REACH, (1, ANGLES, len(_REACH)))
    flat = (len(shape), ANGLES * len(_REACH))
    x = (shape[:, 0, None, None] + radius * cos).reshape(flat)
    y = (shape[:, 1, None, None] + radius * sin).reshape(flat)
    got = cv2.remap(
        cv2.merge((picture.dx, picture.dy)),
        x,
        y,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    ).astype(np.float32)
    dx, dy = (got[..., i].reshape(radius.shape) for i in (0, 1))
    along = np.abs(dx * cos + dy * sin)
    aligned = along * along > _ALIGNED * _ALIGNED * (dx * dx + dy * dy)
    strength = np.minimum(along * (1 / _FULL_EDGE), 1) * aligned
    return strength, radius


def fit(
    picture: Gradient, shape: Floats, spreads: tuple[float, ...] = _SPREADS
) -> Rings:
    """Fit a rim to each candidate and measure its support.

    `spreads` are the widths, as shares of the radius, within which each round of
    fitting looks for edges.
    """
    strength, radius = _polar_edges(picture, shape)
    start = shape[:, 2]
    model = np.zeros((len(shape), 5), np.float32)
    model[:, 0] = start
    for spread in spreads:
        off = radius - (model @ _BASIS.T)[..., None]
        off /= spread * start[:, None, None]
        weight = strength * np.exp(-0.5 * off * off)
        mass = weight.sum(2)
        share = mass / (mass + 0.5)
        mean = np.einsum("kaj,kaj->ka", weight, radius) / (mass + 1e-6)
        normal = (share @ _PAIRS).reshape(-1, 5, 5) + _RIDGE
        right = (share * mean) @ _BASIS
        right[:, 0] += _RIDGE[0, 0] * model[:, 0]
        model = np.linalg.solve(normal, right[..., None])[..., 0]
    return _measured(picture, shape, model, strength, radius)


def _measured(
    picture: Gradient, start: Floats, model: Floats, strength: Floats, radius: Floats
) -> Rings:
    """Move (a, b) into the centre and read the edge along each fitted rim."""
    at = model @ _BASIS.T
    tolerance = np.maximum(1.5, 0.02 * start[:, 2, None, None])
    edge = (strength * (np.abs(radius - at[..., None]) <= tolerance)).max(2)
    x = start[:, :1] + at * _BASIS[:, 1]
    y = start[:, 1:2] + at * _BASIS[:, 2]
    seen = _inside(x, y, picture.size)
    shape = np.column_stack([start[:, :2] + model[:, 1:3], model[:, [0, 3, 4]]])
    return Rings(shape.astype(np.float32), np.asarray(edge * seen, np.float32), seen)


@dataclass(frozen=True, slots=True)
class Demands:
    """What a rim must show to be taken for a plate (shares, except `largest`)."""

    support: float = 0.56
    small: float = 5.0
    """Divided by the radius this is asked on top: small circles arise by chance."""
    cut_support: float = 0.80
    """Asked of a rim of which only `visible` lies in the picture."""
    visible: float = 0.30
    oval: float = 0.14
    alone: float = 0.60
    """Share of the rim that no chosen plate may cover."""


def choose(rings: Rings, demands: Demands) -> list[int]:
    """Choose rims jointly: each must be seen where no chosen plate covers it.

    Rims are tried strongest first, weighed by size so that the outer of two
    concentric rims is tried before the inner one, which it then explains.
    """
    covered = ~rings.seen
    x, y = on_rim(rings.shape, TURN)
    oval = np.hypot(rings.shape[:, 3], rings.shape[:, 4]) / rings.shape[:, 2]
    open_ = (rings.visible >= demands.visible) & (oval <= demands.oval)
    hidden = (1 - rings.visible) / (1 - demands.visible)
    asked = demands.support + demands.small / rings.shape[:, 2]
    asked = asked + np.maximum(demands.cut_support - asked, 0) * hidden
    weight = np.sqrt(rings.shape[:, 2] * np.maximum(rings.visible, 0.3))
    chosen: list[int] = []
    while open_.any():
        free = ~covered
        count = free.sum(1)
        support = (rings.edge * free).sum(1) / np.maximum(count, 1)
        open_ &= (support >= asked) & (count >= demands.alone * rings.seen.sum(1))
        if not open_.any():
            break
        best = int(np.argmax(np.where(open_, support**2 * weight, 0)))
        chosen.append(best)
        open_[best] = False
        covered |= _within(x, y, rings.shape[best], 1.04)
        near = np.hypot(*(rings.shape[:, :2] - rings.shape[best, :2]).T)
        open_ &= near > 0.55 * np.maximum(rings.shape[:, 2], rings.shape[best, 2])
    return chosen


def _within(x: Floats, y: Floats, shape: Floats, grown: float) -> NDArray[np.bool_]:
    """Whether points lie inside one rim grown by a factor."""
    dx, dy = x - shape[0], y - shape[1]
    angle = np.arctan2(dy, dx)
    reach = shape[2] + shape[3] * np.cos(2 * angle) + shape[4] * np.sin(2 * angle)
    return np.asarray(np.hypot(dx, dy) < grown * reach, np.bool_)


def outermost(rings: Rings, chosen: list[int], demands: Demands) -> list[int]:
    """Move each choice to the largest concentric rim that is nearly as well seen.

    A wall of a bowl or the well of a plate is often the sharper circle.
    """
    moved = []
    for row in chosen:
        x, y, radius = rings.shape[row, :3]
        off = np.hypot(rings.shape[:, 0] - x, rings.shape[:, 1] - y)
        reach = rings.shape[:, 2]
        others = [other for other in chosen if other != row]
        fits = (off + radius < 1.03 * reach) & (reach < 1.5 * radius)
        fits &= rings.support >= max(demands.support, 0.85 * rings.support[row])
        for other in others:
            ox, oy, oradius = rings.shape[other, :3]
            gap = np.hypot(rings.shape[:, 0] - ox, rings.shape[:, 1] - oy)
            fits &= gap > 0.93 * (reach + oradius)
        moved.append(int(np.argmax(np.where(fits, reach, 0))) if fits.any() else row)
    return moved


def widened(picture: Gradient, rings: Rings, chosen: list[int]) -> Rings:
    """Look just outside each chosen rim for a true edge beyond a painted ring.

    Votes gather the edges of a patterned rim into one circle; sizes need the outer.
    """
    tries = len(_OUTWARD)
    start = np.repeat(rings.shape[chosen], tries, axis=0)
    start[:, 2:] *= np.tile(np.array(_OUTWARD, np.float32), len(chosen))[:, None]
    tried = fit(picture, start, _NARROW)
    rows = []
    for number, row in enumerate(chosen):
        mine = np.arange(number * tries, (number + 1) * tries)
        least = _AS_WELL * max(float(rings.support[row]), float(tried.support[mine[0]]))
        good = mine[tried.support[mine] >= least]
        rows.append(int(good[np.argmax(tried.shape[good, 2])]) if len(good) else -1)
    kept = [
        rings.take([row]) if best < 0 else tried.take([best])
        for row, best in zip(chosen, rows, strict=True)
    ]
    return Rings(
        np.concatenate([one.shape for one in kept]),
        np.concatenate([one.edge for one in kept]),
        np.concatenate([one.seen for one in kept]),
    )
