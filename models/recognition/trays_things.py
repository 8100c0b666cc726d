"""What lies beside the plates: phones, keys, other things.

Beside the empty counter's picture everything new is judged; without it only a phone
is told, by its shape and dark or lit glass, since trays and counters vary too much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from models.recognition.trays_states import Mask, Scene, disc, off_tray
from models.recognition.trays_view import Thing, ThingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recognition.trays_corners import Rectangle
    from models.recognition.trays_view import Box, Floats, Plate

_PHONE_LONG_MM: Final = (125, 185)
_PHONE_ASPECT: Final = (1.65, 2.5)
_PHONE_OF_PLATE: Final = (0.45, 1.1)
"""Without a scale: a phone's length as a share of the largest plate's diameter."""
_DARK: Final = 32
_EVEN: Final = 9.0
"""Standard deviation of CIELAB on a phone's glass or a closed lid."""
_KEYS_MM: Final = (22, 110)
_UNLIKE_TRAY: Final = 14.0
"""CIELAB distance, lightness halved, between a thing and the tray it lies on."""
_SLIM: Final = 3.6
"""Length over width from which a thing is cutlery."""
_THING_MM: Final = (28, 220)
_METAL_CHROMA: Final = 14
_METAL_SPREAD: Final = 11
"""Spread of lightness on things of metal: they mirror light and dark."""
_PAPER: Final = (72, 12, 5)
"""Least lightness, most chroma, most median spread of a napkin: it weighs nothing."""


def phones(
    scene: Scene,
    plates: Sequence[Plate],
    found: Sequence[Rectangle],
    mm: float | None,
) -> list[Thing]:
    """Rectangles of a phone's size and aspect with dark or clean glass."""
    covered = _beside(scene, plates)
    if mm is not None:
        least, most = (size / mm for size in _PHONE_LONG_MM)
    elif plates:
        widest = 2 * max(plate.radius for plate in plates)
        least, most = (share * widest for share in _PHONE_OF_PLATE)
    else:
        return []
    things = []
    for one in found:
        if not (
            least <= one.long <= most
            and _PHONE_ASPECT[0] <= one.long / max(one.short, 1) <= _PHONE_ASPECT[1]
        ):
            continue
        glass = polygon(scene.size, one.corners, 0.8)
        if (glass & covered).sum() < 0.9 * glass.sum():
            continue
        lightness = scene.lab[..., 0][glass]
        dark = float(np.median(lightness)) < _DARK
        clean = float(scene.lab[glass].std(0).max()) < _EVEN
        if dark or (clean and mm is not None and not _is_paper(scene, glass)):
            things.append(Thing(ThingKind.PHONE, _bounds(one.corners)))
    return things


def beside_plates(scene: Scene, plates: Sequence[Plate], mm: float) -> list[Thing]:
    """Things that are neither counter, tray, plate, cutlery nor a paper napkin."""
    assert scene.changed is not None  # noqa: S101 - asked only with a counter picture
    beside = _beside(scene, plates) & scene.changed
    unlike = beside & off_tray(scene, plates, _UNLIKE_TRAY)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opened = cv2.morphologyEx(
        unlike.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
    )
    joined = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, kernel)
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    things = []
    for outline in outlines:
        _, sides, _ = cv2.minAreaRect(outline)
        long, short = max(sides) * mm, min(sides) * mm
        if not _THING_MM[0] * 0.7 <= long <= _THING_MM[1] or long > _SLIM * short:
            continue
        if cv2.contourArea(outline) < 0.25 * sides[0] * sides[1]:
            continue
        mask = np.zeros(scene.size, np.uint8)
        cv2.drawContours(mask, [outline], -1, 1, -1)
        inside = mask.astype(np.bool_)
        if not _is_paper(scene, inside):
            kind = _named(scene, inside, long)
            things.append(Thing(kind, _bounds(outline[:, 0].astype(np.float32))))
    return things


def _named(scene: Scene, inside: Mask, long_mm: float) -> ThingKind:
    """Keys are small, grey and mirror light and dark."""
    colour = scene.lab[inside]
    chroma = float(np.median(np.hypot(colour[:, 1], colour[:, 2])))
    metal = chroma < _METAL_CHROMA and float(colour[:, 0].std()) > _METAL_SPREAD
    small = _KEYS_MM[0] * 0.8 <= long_mm <= _KEYS_MM[1]
    return ThingKind.KEYS if metal and small else ThingKind.OTHER


def _is_paper(scene: Scene, inside: Mask) -> bool:
    colour = scene.lab[inside]
    chroma = float(np.median(np.hypot(colour[:, 1], colour[:, 2])))
    light, most_chroma, most_spread = _PAPER
    lightness = float(np.median(colour[:, 0]))
    spread = float(np.median(np.abs(colour[:, 0] - lightness)))
    return lightness > light and chroma < most_chroma and spread < most_spread


def _beside(scene: Scene, plates: Sequence[Plate]) -> Mask:
    beside = np.ones(scene.size, np.bool_)
    for plate in plates:
        beside &= ~disc(scene.size, plate, 1.12)
    return beside


def polygon(size: tuple[int, int], corners: Floats, grown: float) -> Mask:
    """Mark a polygon scaled about its centre."""
    centre = corners.mean(0)
    mask = np.zeros(size, np.uint8)
    points = np.round(centre + grown * (corners - centre)).astype(np.int32)
    cv2.fillPoly(mask, [points], 1)
    return mask.astype(np.bool_)


def _bounds(points: Floats) -> Box:
    x0, y0 = np.floor(points.min(0)).astype(int)
    x1, y1 = np.ceil(points.max(0)).astype(int)
    return int(x0), int(y0), int(x1), int(y1)
