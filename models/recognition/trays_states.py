"""Judge plates: cut by the frame, under a hand, glaring, or empty.

Everything works on the reduced picture. Where two readings are possible the one that
asks is taken: an empty plate is only called so when nothing at all speaks for food.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.domain.evidence import Reason
from models.domain.serving import VesselShape
from models.recognition.trays_circles import TURN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recognition.trays_circles import Bytes
    from models.recognition.trays_view import Floats, Plate

Mask = NDArray[np.bool_]

_CHANGED: Final = 7.0
"""CIELAB sum from which a pixel is not the empty counter's."""
_FRAME: Final = 0.03
"""Width of the outer frame, as a share of the height."""
_MOSTLY_SEEN: Final = 0.97
"""Share of a plate's area that must lie in the picture."""
_SKIN_LOW: Final = (60, 136, 85)
_SKIN_HIGH: Final = (255, 178, 127)
"""Range of skin in YCrCb (Chai and Ngan 1999, widened for warm light)."""
_HAND_ON_PLATE: Final = 0.03
"""Share of a plate that a hand must cover to matter."""
_HAND_ON_RIM: Final = (0.02, 0.6)
"""Share of the rim a hand covers; a plate of skin colour would show it all."""
_ARM_LONG: Final = 0.3
_ARM_WIDE: Final = (0.07, 0.4)
_ARM_ENTRY: Final = 0.45
"""Form of an arm beside the plates, as shares of the picture's short side."""
_ARM_SLIM: Final = 1.3
_ARM_SOLID: Final = 0.65
_TRAY_SHARE: Final = 0.2
_HAND_UNLIKE_TRAY: Final = 9.0
"""CIELAB distance, lightness halved, between a hand and the tray under it."""
_SATURATED: Final = 250
_GLARE: Final = 0.04
"""Share of the food's area lost in one saturated blob."""
_WHITE_RIM: Final = 240
"""A rim as bright as this shows overexposure or a white plate, not glare on food."""
_LID: Final = 0.8
"""Share of a box's top that is of one colour when its lid is closed."""
_LID_EVEN: Final = 8.0
_SPECK: Final = 6.0
"""CIELAB distance from an even surface that counts as something lying there."""
_SPECKS: Final = 0.02
_GRAIN: Final = 2.2
"""Mean CIELAB step between neighbours; porridge and rice are grainier than glaze."""
_OTHER_COLOUR: Final = 16.0
"""CIELAB distance between the rim and the middle of a plate that holds something."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The reduced picture in the forms that judging needs.

    `changed` marks what differs from the empty counter, `None` without one; `darkest`
    is each pixel's darkest channel.
    """

    bgr: Bytes
    lab: Floats
    changed: Mask | None
    darkest: Bytes

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.bgr.shape[:2]
        return height, width


def disc(size: tuple[int, int], plate: Plate, grown: float) -> Mask:
    """Mark the pixels of a plate's outline scaled about its centre."""
    mask = np.zeros(size, np.uint8)
    centre = np.array(plate.centre, np.float32)
    points = np.round(centre + grown * (plate.outline - centre)).astype(np.int32)
    cv2.fillPoly(mask, [points], 1)
    return mask.astype(np.bool_)


def difference(lab: Floats, counter: Floats) -> Mask:
    """Mark what is not the empty counter, allowing for a change of light.

    The change is a plane fitted to the picture's outer frame, where the counter is
    mostly bare. Lightness counts half, so that soft shadows do not.
    """
    apart = lab - counter
    apart = np.abs(apart - _light_change(apart))
    changed = 0.5 * apart[..., 0] + apart[..., 1] + apart[..., 2] > _CHANGED
    kernel = np.ones((3, 3), np.uint8)
    opened = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return opened.astype(np.bool_)


def _light_change(apart: Floats) -> Floats:
    """Fit each channel of the frame by a plane, leaving out what stands there."""
    height, width = apart.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    plane = np.stack([np.ones_like(x), x / width - 0.5, y / height - 0.5], 2)
    frame = np.ones((height, width), np.bool_)
    edge = round(_FRAME * height)
    frame[edge:-edge, edge:-edge] = False
    at, seen = plane[frame][::5], apart[frame][::5]
    keep = np.ones(len(at), np.bool_)
    for _ in range(3):
        fitted = np.linalg.lstsq(at[keep], seen[keep], rcond=None)[0]
        off = np.abs(seen - at @ fitted).sum(1)
        keep = off <= max(3.0, float(np.percentile(off[keep], 70)))
    return np.asarray(plane @ fitted, np.float32)


def hands(scene: Scene, plates: list[Plate]) -> tuple[set[int], bool]:
    """Find plates with a hand over them, and whether any hand is in the picture.

    A hand is a skin-coloured region that comes in over the picture's border beside
    the plates. Away from plates it is told only against the empty counter: trays and
    counters of wood or beige plastic have the colour of skin.
    """
    ycc = cv2.cvtColor(scene.bgr, cv2.COLOR_BGR2YCrCb)
    skin = cv2.inRange(ycc, np.array(_SKIN_LOW), np.array(_SKIN_HIGH))
    if scene.changed is not None:
        skin[~(scene.changed & off_tray(scene, plates, _HAND_UNLIKE_TRAY))] = 0
    opened = cv2.morphologyEx(skin, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, found = cv2.connectedComponents(opened)
    labels = np.asarray(found, np.int32)
    beside = np.where(_any_disc(scene.size, plates, 1.06), 0, labels)
    entering = np.bincount(_border(beside), minlength=count)
    entering[0] = 0
    if not entering.any():
        return set(), False
    over: set[int] = set()
    for number, plate in enumerate(plates):
        inside = np.bincount(labels[disc(scene.size, plate, 0.9)], minlength=count)
        area = max(1, int(inside.sum()))
        rim = np.bincount(_along(labels, plate, 0.93), minlength=count) / len(TURN)
        hand = (entering > 0) & (inside > _HAND_ON_PLATE * area)
        hand &= (rim > _HAND_ON_RIM[0]) & (rim < _HAND_ON_RIM[1])
        if hand.any():
            over.add(number)
    arm = scene.changed is not None and _arm(beside, entering)
    return over, bool(over) or arm


def _arm(labels: NDArray[np.int32], entering: NDArray[np.int64]) -> bool:
    """Whether a region has an arm's form: long, slim, solid, far into the picture.

    What is left of a tray of skin colour is broad or hollow.
    """
    short = min(labels.shape)
    for label in np.nonzero(entering > 0)[0]:
        region = (labels == label).astype(np.uint8)
        outlines, _ = cv2.findContours(
            region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        outline = max(outlines, key=cv2.contourArea)
        area = cv2.contourArea(outline)
        _, sides, _ = cv2.minAreaRect(outline)
        solid = area / max(cv2.contourArea(cv2.convexHull(outline)), 1.0)
        if (
            _ARM_LONG * short < max(sides)
            and _ARM_WIDE[0] * short < min(sides) < _ARM_WIDE[1] * short
            and max(sides) > _ARM_SLIM * min(sides)
            and solid > _ARM_SOLID
            and entering[label] < _ARM_ENTRY * short
        ):
            return True
    return False


def _border(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])


def off_tray(scene: Scene, plates: Sequence[Plate], unlike: float) -> Mask:
    """Mark what is `unlike` (CIELAB) the tray's colour; everything where no tray is.

    The tray is what fills much of the picture, is new to the counter and no plate.
    """
    beside = ~_any_disc(scene.size, plates, 1.12)
    if scene.changed is not None:
        beside &= scene.changed
    if beside.mean() < _TRAY_SHARE:
        return np.ones(scene.size, np.bool_)
    apart = np.abs(scene.lab - np.median(scene.lab[beside], axis=0))
    apart *= np.array([0.5, 1, 1], np.float32)
    return np.asarray(np.linalg.norm(apart, axis=2) > unlike, np.bool_)


def _any_disc(size: tuple[int, int], plates: Sequence[Plate], grown: float) -> Mask:
    covered = np.zeros(size, np.bool_)
    for plate in plates:
        covered |= disc(size, plate, grown)
    return covered


def _along(labels: NDArray[np.int32], plate: Plate, share: float) -> NDArray[np.int32]:
    """Labels along a plate's outline scaled by `share`; 0 outside the picture."""
    centre = np.array(plate.centre, np.float32)
    points = np.round(centre + share * (plate.rim - centre)).astype(int)
    height, width = labels.shape
    x, y = points[:, 0], points[:, 1]
    seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return np.asarray(labels[y[seen], x[seen]], np.int32)


def judged(scene: Scene, plate: Plate, *, hand: bool) -> tuple[Reason, ...]:
    """Reasons why this plate must not simply be charged, gravest first."""
    reasons = []
    if hand:
        reasons.append(Reason.HAND_IN_PICTURE)
    if plate.is_cut and _seen_share(scene.size, plate) < _MOSTLY_SEEN:
        reasons.append(Reason.CUT_BY_FRAME)
    if glares(scene, plate):
        reasons.append(Reason.GLARE)
    if plate.shape is VesselShape.BOX and is_closed(scene, plate):
        reasons.append(Reason.LIDDED)
    if not reasons and is_empty(scene, plate):
        reasons.append(Reason.EMPTY_PLATE)
    return tuple(reasons)


def _seen_share(size: tuple[int, int], plate: Plate) -> float:
    whole = abs(cv2.contourArea(plate.outline))
    return float(disc(size, plate, 1.0).sum() / max(whole, 1.0))


def glares(scene: Scene, plate: Plate) -> bool:
    """Whether one saturated blob hides a good part of the food.

    A plate whose own rim is near saturation is white or overexposed: a bright well
    is then no glare, and the dish recogniser's own doubt must do.
    """
    rim = _unrolled(scene.darkest, plate, np.array([0.88, 0.91, 0.94], np.float32))
    if np.median(rim) >= _WHITE_RIM:
        return False
    food = disc(scene.size, plate, 0.75)
    lost = (scene.darkest >= _SATURATED) & food
    if lost.sum() < _GLARE * food.sum():
        return False
    count, _, stats, _ = cv2.connectedComponentsWithStats(lost.astype(np.uint8))
    return count > 1 and bool(stats[1:, cv2.CC_STAT_AREA].max() > _GLARE * food.sum())


def is_closed(scene: Scene, plate: Plate) -> bool:
    """Whether a box shows one even surface, as a lid does, but for its highlights.

    An open box of plain rice or an empty one looks alike; then too a person is asked.
    """
    top = scene.lab[disc(scene.size, plate, 0.72)]
    apart = np.linalg.norm(top - np.median(top, axis=0), axis=1)
    return bool((apart < _LID_EVEN).mean() > _LID)


def is_empty(scene: Scene, plate: Plate) -> bool:
    """Whether the plate is bare: even, of its rim's colour and without grain.

    Read in polar coordinates, so that the rings of a well and of a painted rim are
    the same at every angle, and light from one side is a single wave around.
    """
    reach = np.linspace(0.06, 0.84, 20, dtype=np.float32)
    rings = _unrolled(scene.lab, plate, reach)
    middle = np.median(rings[:, :12], axis=(0, 1))
    rim = np.median(
        _unrolled(scene.lab, plate, np.array([0.9, 0.94], np.float32)), axis=(0, 1)
    )
    if np.linalg.norm(middle - rim) > _OTHER_COLOUR:
        return False
    rest = rings - np.median(rings, axis=0, keepdims=True)
    wave = np.stack([np.cos(TURN), np.sin(TURN)], 1)
    rest = rest - np.einsum(
        "aw,wrc->arc", wave, np.einsum("aw,arc->wrc", wave, rest) * 2 / len(TURN)
    )
    specks = np.linalg.norm(rest, axis=2) > _SPECK
    grain = np.linalg.norm(np.diff(rest, axis=0), axis=2).mean()
    return bool(specks.mean() < _SPECKS and grain < _GRAIN)


def _unrolled(layer: Floats | Bytes, plate: Plate, reach: Floats) -> Floats:
    """Read a picture along scaled outlines, shape (angles, reach[, channels])."""
    centre = np.array(plate.centre, np.float32)
    points = centre + (plate.rim - centre)[:, None, :] * reach[None, :, None]
    got = cv2.remap(
        layer,
        points[..., 0].astype(np.float32),
        points[..., 1].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(got, np.float32)
