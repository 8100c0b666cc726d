"""What is seen on a counter: plates, things, and the reasons to ask.

Lengths are pixels of the picture that was given; `_mm` ones exist only where the
camera is calibrated. Outlines may leave the picture: a plate cut by the frame keeps
the whole outline that its visible rim implies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.domain.errors import DomainError
from models.domain.serving import VesselShape

if TYPE_CHECKING:
    from models.domain.evidence import Reason
    from models.recognition.runtime import Picture

Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; may leave the picture."""

NEUTRAL: Final = 127
"""Grey put where a crop has nothing to show."""

_SMALLEST: Final = 64
_RIM_POINTS: Final = 72


class NotATrayPicture(DomainError):
    """An array that is no usable colour picture."""

    code = "not_a_tray_picture"
    chinese = "托盘照片无法使用（{shape}），请检查摄像头或换一张彩色照片"
    english = (
        "the tray picture cannot be used ({shape}); check the camera or give a "
        "colour picture of at least 64 x 64 pixels"
    )


def checked(picture: Picture) -> Picture:
    """Return `picture` if it is a usable BGR picture, else raise."""
    usable = (
        picture.ndim == 3  # noqa: PLR2004 - rows, columns, channels
        and picture.shape[2] == 3  # noqa: PLR2004 - likewise
        and picture.dtype == np.uint8
        and min(picture.shape[:2]) >= _SMALLEST
    )
    if not usable:
        raise NotATrayPicture(shape=f"{picture.shape} {picture.dtype}")
    return picture


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate, bowl, box or compartment.

    `radius` is the mean radius of a round vessel, half the long side of another.
    `kinds` gives a probability per `VesselKind.code`; what is missing to 1 is "none
    of these". `under` is the index of the bowl or plate standing on this one.
    `reasons` say why this plate must not simply be charged, gravest first.
    """

    shape: VesselShape
    outline: Floats = field(repr=False)
    centre: tuple[float, float]
    radius: float
    is_cut: bool
    support: float
    kinds: dict[str, float] = field(default_factory=dict)
    centre_mm: tuple[float, float] | None = None
    radius_mm: float | None = None
    under: int | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def box(self) -> Box:
        """The outline's bounds."""
        x0, y0 = np.floor(self.outline.min(0)).astype(int)
        x1, y1 = np.ceil(self.outline.max(0)).astype(int)
        return int(x0), int(y0), int(x1), int(y1)

    @property
    def rim(self) -> Floats:
        """72 points along the outline, (points, 2)."""
        if len(self.outline) == _RIM_POINTS:
            return self.outline
        along = np.linspace(0, 1, _RIM_POINTS // 4, endpoint=False, dtype=np.float32)
        sides = zip(self.outline, np.roll(self.outline, -1, axis=0), strict=True)
        return np.concatenate([a + along[:, None] * (b - a) for a, b in sides])

    @property
    def kind(self) -> str | None:
        """The likeliest kind of vessel, `None` where none is known."""
        return max(self.kinds, key=lambda code: self.kinds[code], default=None)

    @property
    def reason(self) -> Reason | None:
        """The gravest reason not to charge this plate unasked."""
        return self.reasons[0] if self.reasons else None


class ThingKind(StrEnum):
    """What a thing beside the plates looks like."""

    PHONE = "phone"
    KEYS = "keys"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something on the counter that is no vessel."""

    kind: ThingKind
    box: Box


@dataclass(frozen=True, slots=True)
class TrayView:
    """Everything seen in one picture; `reasons` concern the picture as a whole."""

    plates: tuple[Plate, ...]
    things: tuple[Thing, ...] = ()
    reasons: tuple[Reason, ...] = ()


def crop(picture: Picture, plate: Plate, *, masked: bool = False) -> Picture:
    """Cut out a plate's food as a square, centred on the vessel.

    A round vessel gives the square around its rim; a compartment or box is laid
    straight first and then set on a square. Beyond the picture, and with `masked`
    beyond the vessel, lies neutral grey.
    """
    if plate.shape in (VesselShape.COMPARTMENT, VesselShape.BOX):
        return _straight(picture, plate)
    side = max(2, round(2 * plate.radius))
    left = round(plate.centre[0] - side / 2)
    top = round(plate.centre[1] - side / 2)
    square = np.full((side, side, 3), NEUTRAL, np.uint8)
    height, width = picture.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + side, width), min(top + side, height)
    if x1 > x0 and y1 > y0:
        square[y0 - top : y1 - top, x0 - left : x1 - left] = picture[y0:y1, x0:x1]
    if masked:
        inside = np.zeros((side, side), np.uint8)
        moved = plate.outline - np.array([left, top], np.float32)
        cv2.fillPoly(inside, [np.round(moved).astype(np.int32)], 1)
        square[inside == 0] = NEUTRAL
    return square


def _straight(picture: Picture, plate: Plate) -> Picture:
    corners = plate.outline.astype(np.float32)
    width = float(np.linalg.norm(corners[1] - corners[0]))
    height = float(np.linalg.norm(corners[3] - corners[0]))
    side = max(2, round(max(width, height)))
    x, y = (side - width) / 2, (side - height) / 2
    goal = np.array(
        [[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32
    )
    warp = cv2.getPerspectiveTransform(corners, goal)
    straight = cv2.warpPerspective(picture, warp, (side, side))
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [np.round(goal).astype(np.int32)], 1)
    straight[mask == 0] = NEUTRAL
    return np.asarray(straight, np.uint8)
