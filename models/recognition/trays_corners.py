"""Straight-sided things: compartment trays, boxes, phones.

Rectangles are the regions that edges enclose and the outlines edges draw. A tray's
four sides give its corners, the corners a homography, and the homography the fixed
compartments of its layout; which layout, and which way round, is decided by how well
the borders of its compartments meet edges in the straightened picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.recognition.trays_calibration import CompartmentLayout
    from models.recognition.trays_circles import Bytes, Gradient
    from models.recognition.trays_view import Floats

_FULL: Final = 0.86
"""Share of its smallest rectangle that a rectangular region fills."""
_SIDE_ROOM: Final = 0.2
"""Part at either end of a side that is left to the rounded corners."""
_STRAIGHT_LONG: Final = 320
"""Long side of a straightened tray, in pixels."""
_BORDER_SEEN: Final = 0.55
"""Share of the compartments' borders that must meet edges."""
_EDGE: Final = 30
"""Sobel response of a border between compartments."""
_ASPECT_ROOM: Final = 0.12
_TRAY_SHARE: Final = 0.2
"""Least share of the picture that a compartment tray covers."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Four corners clockwise, the first side a long one, and the region's fill."""

    corners: Floats
    filled: float

    @property
    def long(self) -> float:
        """Length of the long sides."""
        return float(np.linalg.norm(self.corners[1] - self.corners[0]))

    @property
    def short(self) -> float:
        """Length of the short sides."""
        return float(np.linalg.norm(self.corners[3] - self.corners[0]))


def rectangles(edges: Gradient, least: float) -> list[Rectangle]:
    """Find rectangular regions with short sides of at least `least` pixels.

    Of two that nearly coincide (both sides of one drawn edge) the larger is kept.
    """
    found = []
    lines = cv2.Canny(edges.dx, edges.dy, 40, 90, L2gradient=True)
    thick = cv2.dilate(lines, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(thick, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        if len(outline) < 4 * least:
            continue
        _, sides, _ = cv2.minAreaRect(outline)
        if min(sides) < least:
            continue
        filled = cv2.contourArea(outline) / (sides[0] * sides[1])
        if filled >= _FULL:
            corners = _corners(np.asarray(outline, np.int32))
            found.append(Rectangle(corners, float(filled)))
    found.sort(key=lambda one: -one.long * one.short)
    kept: list[Rectangle] = []
    for one in found:
        centre = one.corners.mean(0)
        if not any(
            np.linalg.norm(other.corners.mean(0) - centre) < 0.15 * other.short
            and one.short > 0.8 * other.short
            for other in kept
        ):
            kept.append(one)
    return kept


def _corners(outline: NDArray[np.int32]) -> Floats:
    """Fit a line to the middle of each side and intersect neighbours.

    So rounded corners do not pull the sides, and perspective is kept.
    """
    box = cv2.boxPoints(cv2.minAreaRect(outline))
    if np.linalg.norm(box[1] - box[0]) < np.linalg.norm(box[2] - box[1]):
        box = np.roll(box, -1, axis=0)
    points = outline[:, 0].astype(np.float32)
    sides = []
    for start, end in zip(box, np.roll(box, -1, axis=0), strict=True):
        along = (end - start) / max(float(np.linalg.norm(end - start)), 1.0)
        length = float(np.linalg.norm(end - start))
        away = np.abs((points - start) @ np.array([-along[1], along[0]], np.float32))
        place = (points - start) @ along / length
        mine = points[(away < 0.08 * length) & (np.abs(place - 0.5) < 0.5 - _SIDE_ROOM)]
        sides.append(_line(mine) if len(mine) > 1 else (start, along))
    corners = [_meet(sides[i - 1], sides[i]) for i in range(4)]
    if all(np.isfinite(corner).all() for corner in corners):
        return np.array(corners, np.float32)
    return np.asarray(box, np.float32)


def _line(points: Floats) -> tuple[Floats, Floats]:
    dx, dy, x, y = cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
    return np.array([x, y], np.float32), np.array([dx, dy], np.float32)


def _meet(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    """Intersect two lines (point, direction); not finite where they are parallel."""
    (p, u), (q, v) = one, other
    across = float(u[0] * v[1] - u[1] * v[0])
    if abs(across) < 0.1:  # noqa: PLR2004 - under 6 degrees: no corner
        return np.full(2, np.nan, np.float32)
    t = float((q - p)[0] * v[1] - (q - p)[1] * v[0]) / across
    return np.asarray(p + t * u, np.float32)


def compartments(
    small: Bytes,
    found: Sequence[Rectangle],
    layouts: Sequence[CompartmentLayout],
) -> list[Floats]:
    """Corners of each compartment of the best fitting tray, or nothing."""
    best, answer = _BORDER_SEEN, []
    height, width = small.shape[:2]
    for tray in found:
        if tray.long * tray.short < _TRAY_SHARE * width * height:
            continue
        for layout in layouts:
            aspect = layout.size_mm[0] / layout.size_mm[1]
            if abs(tray.long / tray.short / aspect - 1) > _ASPECT_ROOM:
                continue
            for turn in (0, 2):
                corners = np.roll(tray.corners, turn, axis=0)
                share, warp = _borders_seen(small, corners, layout)
                if share > best:
                    best = share
                    answer = [_unwarped(r, warp) for r in _pixels(layout)]
    return answer


def _pixels(layout: CompartmentLayout) -> Floats:
    """Compartments in the straightened picture, rows x0, y0, x1, y1."""
    width, height = _straight_size(layout)
    scale = np.array([width, height, width, height], np.float32) / 1000
    return np.asarray(np.array(layout.compartments) * scale, np.float32)


def _straight_size(layout: CompartmentLayout) -> tuple[int, int]:
    return _STRAIGHT_LONG, round(_STRAIGHT_LONG * layout.size_mm[1] / layout.size_mm[0])


def _borders_seen(
    small: Bytes, corners: Floats, layout: CompartmentLayout
) -> tuple[float, NDArray[np.float64]]:
    """Share of all compartment borders that lie on edges, and the straightening."""
    width, height = _straight_size(layout)
    goal = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    warp = cv2.getPerspectiveTransform(corners, goal)
    straight = cv2.warpPerspective(small, warp, (width, height))
    grey = cv2.cvtColor(straight, cv2.COLOR_BGR2GRAY)
    across = _edge_band(cv2.Sobel(grey, cv2.CV_32F, 1, 0), (1, 11))
    down = _edge_band(cv2.Sobel(grey, cv2.CV_32F, 0, 1), (11, 1))
    hits: list[float] = []
    for rectangle in _pixels(layout).round().astype(int):
        x0, y0, x1, y1 = np.minimum(rectangle, [width - 1, height - 1] * 2)
        trim_x, trim_y = (x1 - x0) // 6, (y1 - y0) // 6
        sides = [across[y0 + trim_y : y1 - trim_y, x] for x in (x0, x1)]
        sides += [down[y, x0 + trim_x : x1 - trim_x] for y in (y0, y1)]
        hits.extend(float(side.mean()) for side in sides)
    return float(np.mean(hits)), np.asarray(warp, np.float64)


def _edge_band(slope: cv2.typing.MatLike, room: tuple[int, int]) -> Bytes:
    """Mark where an edge lies within reach (rows, columns), as 0 and 1."""
    edge = (np.abs(slope) > _EDGE).astype(np.uint8)
    return np.asarray(cv2.dilate(edge, np.ones(room, np.uint8)), np.uint8)


def _unwarped(rectangle: Floats, warp: NDArray[np.float64]) -> Floats:
    x0, y0, x1, y1 = rectangle
    corners = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], np.float32)
    back = cv2.perspectiveTransform(corners, np.linalg.inv(warp))
    return np.asarray(back[0], np.float32)
