"""Find plates, bowls, boxes and compartments in a tray picture, and say what is odd.

`find_plates` is the whole interface; `crop` (from `trays_view`) cuts out what the dish
recogniser embeds. Without a calibration plates are found by their rims alone; with
one, known sizes, rim colours and the picture of the empty counter make it surer and
tell the kinds of vessels apart.

Steps: reduce the picture, drop edges the empty counter also has, find circles
(`trays_circles`), set bowls on their saucers, look for compartment trays and boxes
(`trays_corners`), measure vessel kinds, then judge each plate and what lies beside
the plates (`trays_states`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from models.domain.evidence import Reason
from models.domain.serving import VesselShape
from models.recognition.trays_calibration import (
    COMMON_LAYOUTS,
    Calibration,
    Lab,
    NotOneVessel,
    Shown,
    kind_probabilities,
    lab_of,
)
from models.recognition.trays_circles import (
    TURN,
    WORKING,
    Bytes,
    Demands,
    Gradient,
    Rings,
    candidates,
    choose,
    fit,
    gradient,
    on_rim,
    outermost,
    radii_for,
    reduced,
    widened,
)
from models.recognition.trays_corners import Rectangle, compartments, rectangles
from models.recognition.trays_nested import bowls_on_plates
from models.recognition.trays_states import Scene, difference, hands, judged
from models.recognition.trays_things import beside_plates, phones
from models.recognition.trays_view import Box, Floats, Plate, Thing, TrayView, checked

if TYPE_CHECKING:
    from models.domain.serving import VesselKind
    from models.recognition.runtime import Picture

_LEAST_SIDE: Final = 20
"""Shortest side of a rectangle looked for, in pixels of the reduced picture."""
_NEW: Final = 0.2
"""Share of a plate that must differ from the empty counter."""
_BOX_ROOM: Final = 0.12
_BOX_ASPECT: Final = 2.0
_APART: Final = 0.6
_SMALLEST: Final = 0.06
"""Least radius looked for without calibration, as a share of the long side."""
_LARGEST: Final = 0.42
_CUP: Final = 0.45
"""Uncalibrated, rims this much smaller than the largest are cups, not plates."""
_ROOM: Final = 0.15
"""Relative room around the known sizes."""
_RIM_BAND: Final = (0.86, 0.97)
"""Where the rim's colour is read, as shares of the radius."""


def find_plates(picture: Picture, calibration: Calibration | None = None) -> TrayView:
    """Find every plate of a BGR picture, cut ones included, and judge it.

    Raises `NotATrayPicture`, or `OtherCamera` for another shape than calibrated.
    """
    small = reduced(checked(picture))
    scale = max(picture.shape[:2]) / max(small.shape[:2])
    mm = None if calibration is None else calibration.mm_per_pixel(picture) * scale
    sight = _Sight(gradient(small), _scene(small, calibration), mm, calibration)
    plates = _round_plates(sight)
    straight = _straight_plates(sight, plates)
    if any(one.shape is VesselShape.COMPARTMENT for one in straight):
        plates = [p for p in plates if p.under is None and not _stands_in(p, straight)]
    plates += straight
    over, hand = hands(sight.scene, plates)
    plates = [
        replace(
            plate,
            reasons=plate.reasons + judged(sight.scene, plate, hand=number in over),
        )
        for number, plate in enumerate(plates)
    ]
    things = _things(sight, plates)
    reasons = [Reason.HAND_IN_PICTURE] * hand
    reasons += [Reason.FOREIGN_OBJECT] * bool(things)
    reasons += [Reason.NO_PLATE] * (not plates)
    return TrayView(
        tuple(_enlarged(plate, scale) for plate in plates),
        tuple(replace(t, box=_scaled_box(t.box, scale)) for t in things),
        tuple(reasons),
    )


@dataclass(frozen=True)
class _Sight:
    """One reduced picture under judgement; `mm` is millimetres per its pixel."""

    edges: Gradient
    scene: Scene
    mm: float | None
    calibration: Calibration | None

    @cached_property
    def rectangles(self) -> list[Rectangle]:
        """Straight-sided regions of the picture."""
        return rectangles(self.edges, _LEAST_SIDE)


def _scene(small: Bytes, calibration: Calibration | None) -> Scene:
    lab = lab_of(small)
    blue, green, red = cv2.split(small)
    darkest = np.asarray(cv2.min(cv2.min(blue, green), red), np.uint8)
    if calibration is None or calibration.counter is None:
        return Scene(small, lab, None, darkest)
    height, width = small.shape[:2]
    counter = np.asarray(cv2.resize(calibration.counter, (width, height)), np.uint8)
    return Scene(small, lab, difference(lab, lab_of(counter)), darkest)


def show(picture: Picture, kind: VesselKind) -> Shown:
    """Measure the one empty round vessel that a calibration picture shows.

    Raises `NotOneVessel` when there are none, several, or only a cut one.
    """
    whole = [plate for plate in find_plates(picture).plates if not plate.is_cut]
    if len(whole) != 1:
        raise NotOneVessel(found=len(whole), kind=kind.name)
    colour = rim_colour(lab_of(picture), whole[0].rim)
    return Shown(kind, 2 * whole[0].radius, colour)


def _limits(mm: float | None, calibration: Calibration | None) -> tuple[float, float]:
    """Smallest and largest radius to look for, as shares of the long side."""
    if mm is None or calibration is None or not calibration.kinds:
        return _SMALLEST, _LARGEST
    sizes = [kind.size_mm for kind in calibration.kinds]
    per_side = 2 * mm * WORKING
    return min(sizes) * (1 - _ROOM) / per_side, max(sizes) * (1 + _ROOM) / per_side


def _round_plates(sight: _Sight) -> list[Plate]:
    """Choose rims and make plates of them, bowls after what they stand on."""
    radii = radii_for(WORKING, *_limits(sight.mm, sight.calibration))
    proposed = candidates(sight.edges, radii)
    if not len(proposed):
        return []
    rings = fit(sight.edges, proposed)
    chosen = outermost(rings, choose(rings, Demands()), Demands())
    if not chosen:
        return []
    radius = rings.shape[:, 2]
    if sight.calibration is None:
        largest = float(radius[chosen].max())
        chosen = [row for row in chosen if radius[row] >= _CUP * largest]
    chosen = [row for row in chosen if _is_new(sight.scene, rings.shape[row])]
    if not chosen:
        return []
    nested = bowls_on_plates(sight.edges, rings, chosen, sight.scene.lab)
    wide = widened(sight.edges, rings, chosen)
    plates = [_round_plate(sight, wide.take([n])) for n in range(len(chosen))]
    for below, bowl in nested.items():
        index = chosen.index(below)
        plates[index] = replace(
            plates[index], under=len(plates), reasons=(Reason.UNDER_A_BOWL,)
        )
        plates.append(_round_plate(sight, bowl))
    return plates


def _is_new(scene: Scene, shape: Floats) -> bool:
    """Whether the empty counter did not show this circle (x, y, r, ...) already."""
    if scene.changed is None:
        return True
    mask = np.zeros(scene.size, np.uint8)
    x, y, radius = map(round, map(float, shape[:3]))
    cv2.circle(mask, (x, y), radius, 1, -1)
    return bool(scene.changed[mask > 0].mean() > _NEW)


def _round_plate(sight: _Sight, ring: Rings) -> Plate:
    """Make a plate of one fitted ring."""
    x, y = on_rim(ring.shape, TURN)
    plate = Plate(
        VesselShape.PLATE,
        np.stack([x[0], y[0]], 1),
        (float(ring.shape[0, 0]), float(ring.shape[0, 1])),
        float(ring.shape[0, 2]),
        is_cut=not bool(ring.seen.all()),
        support=float(ring.support[0]),
    )
    return _measured(sight, plate)


def _measured(sight: _Sight, plate: Plate) -> Plate:
    """Add millimetres and kinds where the camera is calibrated."""
    if sight.mm is None or sight.calibration is None:
        return plate
    mm = sight.mm
    colour = rim_colour(sight.scene.lab, plate.rim)
    known = sight.calibration.kinds
    kinds = kind_probabilities(2 * plate.radius * mm, colour, plate.shape, known)
    x, y = plate.centre
    found = replace(
        plate, kinds=kinds, radius_mm=plate.radius * mm, centre_mm=(x * mm, y * mm)
    )
    shapes = {kind.code: kind.shape for kind in known}
    return replace(found, shape=shapes[found.kind]) if found.kind else found


def _straight_plates(sight: _Sight, plates: list[Plate]) -> list[Plate]:
    """Compartments where there is no more than one round vessel, and boxes."""
    found: list[Plate] = []
    layouts = sight.calibration.layouts if sight.calibration else COMMON_LAYOUTS
    if layouts and len(plates) <= 1:
        parts = compartments(sight.scene.bgr, sight.rectangles, layouts)
        found += [_cornered(sight, p, VesselShape.COMPARTMENT) for p in parts]
    kinds = sight.calibration.kinds if sight.calibration else ()
    sizes = [kind.size_mm for kind in kinds if kind.shape is VesselShape.BOX]
    if sight.mm is None or not sizes:
        return found
    for one in sight.rectangles:
        long = one.long * sight.mm
        if any(abs(long / size - 1) < _BOX_ROOM for size in sizes) and (
            one.long < _BOX_ASPECT * one.short
        ):
            box = _cornered(sight, one.corners, VesselShape.BOX)
            if not _covers(box, plates + found):
                found.append(_measured(sight, box))
    return found


def _stands_in(plate: Plate, straight: list[Plate]) -> bool:
    """Whether a round outline is only the heap of food in a compartment."""
    return any(
        cv2.pointPolygonTest(one.outline, plate.centre, measureDist=False) > 0
        for one in straight
    )


def _covers(box: Plate, others: list[Plate]) -> bool:
    """Whether the middle of another vessel lies in this box, or the other way."""
    return any(
        np.hypot(box.centre[0] - one.centre[0], box.centre[1] - one.centre[1])
        < _APART * max(box.radius, one.radius)
        for one in others
    )


def _cornered(sight: _Sight, corners: Floats, shape: VesselShape) -> Plate:
    x, y = corners.mean(0)
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    height, width = sight.scene.size
    cut = (corners < 0).any() or (corners > [width, height]).any()
    return Plate(
        shape,
        corners,
        (float(x), float(y)),
        float(sides.max() / 2),
        is_cut=bool(cut),
        support=1.0,
    )


def _things(sight: _Sight, plates: list[Plate]) -> list[Thing]:
    """Phones by their shape; against the empty counter other things too."""
    if any(plate.shape is VesselShape.COMPARTMENT for plate in plates):
        return []
    found = phones(sight.scene, plates, sight.rectangles, sight.mm)
    if sight.mm is not None and sight.scene.changed is not None:
        boxes = [one.box for one in found]
        for thing in beside_plates(sight.scene, plates, sight.mm):
            if not any(_touch(thing.box, box) for box in boxes):
                found.append(thing)
    return found


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2]
        and other[0] < one[2]
        and one[1] < other[3]
        and other[1] < one[3]
    )


def _scaled_box(box: Box, scale: float) -> Box:
    x0, y0, x1, y1 = (round(value * scale) for value in box)
    return x0, y0, x1, y1


def rim_colour(lab: Floats, outline: Floats) -> Lab:
    """Median CIELAB just inside a round outline, where it is in the picture."""
    inner_, outer = _RIM_BAND
    centre = outline.mean(0)
    spokes = outline - centre
    reach = np.linspace(inner_, outer, 5, dtype=np.float32)
    points = np.round(centre + spokes[:, None, :] * reach[:, None]).astype(int)
    x, y = points[..., 0].ravel(), points[..., 1].ravel()
    height, width = lab.shape[:2]
    seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    lightness, a, b = np.median(lab[y[seen], x[seen]], axis=0)
    return round(float(lightness)), round(float(a)), round(float(b))


def _enlarged(plate: Plate, scale: float) -> Plate:
    """Scale a plate found in the reduced picture to the given one."""
    x, y = plate.centre
    return replace(
        plate,
        outline=(plate.outline * scale).astype(np.float32),
        centre=(x * scale, y * scale),
        radius=plate.radius * scale,
    )
