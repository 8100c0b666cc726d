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

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.domain.evidence import Reason
from models.domain.serving import VesselShape
from models.recognition.trays_calibration import (
    Calibration,
    Lab,
    kind_probabilities,
    lab_of,
)
from models.recognition.trays_circles import (
    TURN,
    WORKING,
    Demands,
    Rings,
    candidates,
    choose,
    fit,
    gradient,
    on_rim,
    outermost,
    radii_for,
    reduced,
)
from models.recognition.trays_nested import bowls_on_plates
from models.recognition.trays_view import Floats, Plate, TrayView, checked

if TYPE_CHECKING:
    from models.recognition.runtime import Picture

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
    edges = gradient(small)
    limits = _limits(mm, calibration)
    rings = fit(edges, candidates(edges, radii_for(WORKING, *limits)))
    lab = lab_of(small)
    plates = _round_plates(rings, lab, mm, calibration)
    full = tuple(_enlarged(plate, scale) for plate in plates)
    return TrayView(full, reasons=() if full else (Reason.NO_PLATE,))


def _limits(mm: float | None, calibration: Calibration | None) -> tuple[float, float]:
    """Smallest and largest radius to look for, as shares of the long side."""
    if mm is None or calibration is None or not calibration.kinds:
        return _SMALLEST, _LARGEST
    sizes = [kind.size_mm for kind in calibration.kinds]
    per_side = 2 * mm * WORKING
    return min(sizes) * (1 - _ROOM) / per_side, max(sizes) * (1 + _ROOM) / per_side


def _round_plates(
    rings: Rings, lab: Floats, mm: float | None, calibration: Calibration | None
) -> list[Plate]:
    """Choose rims and make plates of them, bowls after what they stand on."""
    chosen = outermost(rings, choose(rings, Demands()), Demands())
    if not chosen:
        return []
    radius = rings.shape[:, 2]
    if calibration is None:
        largest = float(radius[chosen].max())
        chosen = [row for row in chosen if radius[row] >= _CUP * largest]
    nested = bowls_on_plates(rings, chosen, lab)
    rows = chosen + list(nested)
    plates = [_plate(rings, row, lab, mm, calibration) for row in rows]
    for row, below in nested.items():
        index = chosen.index(below)
        plates[index] = replace(
            plates[index], under=rows.index(row), reasons=(Reason.UNDER_A_BOWL,)
        )
    return plates


def _plate(
    rings: Rings,
    row: int,
    lab: Floats,
    mm: float | None,
    calibration: Calibration | None,
) -> Plate:
    shape = rings.shape[row]
    x, y = on_rim(rings.shape[row : row + 1], TURN)
    centre = float(shape[0]), float(shape[1])
    radius = float(shape[2])
    plate = Plate(
        VesselShape.PLATE,
        np.stack([x[0], y[0]], 1),
        centre,
        radius,
        is_cut=not bool(rings.seen[row].all()),
        support=float(rings.support[row]),
    )
    if mm is None or calibration is None:
        return plate
    kinds = kind_probabilities(
        2 * radius * mm, rim_colour(lab, plate.outline), plate.shape, calibration.kinds
    )
    shapes = {kind.code: kind.shape for kind in calibration.kinds}
    found = replace(plate, kinds=kinds, radius_mm=radius * mm)
    found = replace(found, centre_mm=(centre[0] * mm, centre[1] * mm))
    return replace(found, shape=shapes[found.kind]) if found.kind else found


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
