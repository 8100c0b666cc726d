"""What a site measures once, so that plates are found and told apart by size.

Two kinds of pictures calibrate a till: the empty counter, and each kind of vessel
shown empty and alone. All functions are pure: arrays in, values out; the wizard that
takes the pictures stands above.

Sizes hold in the plane of the plates' rims for a fixed camera looking down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Final, TypedDict

import cv2
import numpy as np

from models.domain.errors import DomainError
from models.domain.serving import VesselKind, VesselShape
from models.recognition.trays_circles import reduced
from models.recognition.trays_view import Floats, checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recognition.runtime import Picture
    from models.recognition.trays_circles import Bytes

Lab = tuple[int, int, int]

_SIZE_SPREAD: Final = 0.03
"""Relative error of a measured diameter: fit, lens and rim height together."""
_COLOUR_SPREAD: Final = 9.0
"""CIELAB distance at which a rim seen in other light is one deviation off."""
_FARTHEST: Final = 3.5
"""Deviations at which "none of these kinds" is as likely as the kind."""
_DISAGREE: Final = 0.06
"""Relative spread of the scale between kinds from which a size must be wrong."""


class SizesDisagree(DomainError):
    """The sizes given for the shown vessels contradict each other."""

    code = "sizes_disagree"
    chinese = (
        "餐具“{kind}”的尺寸与其他餐具不一致（偏差 {percent}%），请重新量尺寸或重拍"
    )
    english = (
        "the size given for “{kind}” disagrees with the others by {percent} %; "
        "measure it again or take its picture again"
    )


class NotOneVessel(DomainError):
    """A calibration picture that does not show one whole vessel alone."""

    code = "not_one_vessel"
    chinese = "照片中找到 {found} 个完整餐具，请只放一个空的“{kind}”后重拍"
    english = (
        "the picture shows {found} whole vessels; lay one empty “{kind}” alone and "
        "take it again"
    )


class OtherCamera(DomainError):
    """A picture whose shape is not the one that was calibrated."""

    code = "other_camera"
    chinese = "照片尺寸 {got} 与校准时的 {asked} 不同，请重新校准摄像头"
    english = "the picture is {got}, the calibration holds for {asked}; calibrate again"


class CalibrationRecord(TypedDict):
    """A calibration as a row of a table keeps it."""

    width: int
    height: int
    um_per_pixel: int
    counter: bytes


@dataclass(frozen=True, slots=True)
class CompartmentLayout:
    """A tray with fixed compartments, as data.

    `size_mm` is the outer long and short side; each compartment is x0, y0, x1, y1
    in thousandths of those sides, seen with the long side across.
    """

    code: str
    size_mm: tuple[int, int]
    compartments: tuple[tuple[int, int, int, int], ...]


COMMON_LAYOUTS: Final = (
    CompartmentLayout(
        "five",
        (340, 260),
        (
            (40, 60, 330, 420),
            (355, 60, 645, 420),
            (670, 60, 960, 420),
            (40, 480, 480, 940),
            (520, 480, 960, 940),
        ),
    ),
    CompartmentLayout(
        "four",
        (340, 260),
        (
            (40, 60, 480, 420),
            (520, 60, 960, 420),
            (40, 480, 480, 940),
            (520, 480, 960, 940),
        ),
    ),
)
"""Layouts tried where a site has not measured its own trays."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A till's camera: what its pictures measure and what may stand before it.

    `counter` is the empty counter, reduced to the finder's working size. The scale
    holds for pictures of `width` x `height`.
    """

    width: int
    height: int
    um_per_pixel: int
    kinds: tuple[VesselKind, ...] = ()
    layouts: tuple[CompartmentLayout, ...] = ()
    counter: Bytes | None = None

    def mm_per_pixel(self, picture: Picture) -> float:
        """Millimetres per pixel of `picture`, which may be a resized frame."""
        height, width = picture.shape[:2]
        if abs(width * self.height - height * self.width) > 0.01 * width * self.height:
            raise OtherCamera(
                got=f"{width}x{height}", asked=f"{self.width}x{self.height}"
            )
        return float(self.um_per_pixel * self.width / (1000 * width))

    def to_record(self) -> CalibrationRecord:
        """Integers and bytes; kinds and layouts are tables of their own."""
        counter = b""
        if self.counter is not None:
            counter = cv2.imencode(".png", self.counter)[1].tobytes()
        return CalibrationRecord(
            width=self.width,
            height=self.height,
            um_per_pixel=self.um_per_pixel,
            counter=counter,
        )

    @classmethod
    def from_record(
        cls,
        record: CalibrationRecord,
        kinds: Sequence[VesselKind],
        layouts: Sequence[CompartmentLayout] = (),
    ) -> Calibration:
        """Inverse of `to_record`."""
        counter: Bytes | None = None
        if record["counter"]:
            raw = np.frombuffer(record["counter"], np.uint8)
            read = cv2.imdecode(raw, cv2.IMREAD_COLOR)
            counter = None if read is None else np.asarray(read, np.uint8)
        return cls(
            record["width"],
            record["height"],
            record["um_per_pixel"],
            tuple(kinds),
            tuple(layouts),
            counter,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A vessel of a known kind found in a calibration picture."""

    kind: VesselKind
    diameter_px: float
    colour: Lab


def calibrate(
    counter: Picture,
    shown: Sequence[Shown],
    layouts: Sequence[CompartmentLayout] = (),
) -> Calibration:
    """Make a calibration of an empty counter and of vessels of known size.

    The scale is the median over the shown vessels; each kind gets the median rim
    colour of its showings. Raises `SizesDisagree` naming the worst kind.
    """
    height, width = checked(counter).shape[:2]
    scales = [1000 * one.kind.size_mm / one.diameter_px for one in shown]
    middle = median(scales)
    worst = max(range(len(shown)), key=lambda i: abs(scales[i] / middle - 1))
    off = abs(scales[worst] / middle - 1)
    if off > _DISAGREE:
        raise SizesDisagree(kind=shown[worst].kind.name, percent=round(100 * off))
    kinds = {one.kind.code: one.kind for one in shown}
    learned = tuple(
        replace(kind, colour=_median_colour([s for s in shown if s.kind.code == code]))
        for code, kind in kinds.items()
    )
    return Calibration(
        width, height, round(middle), learned, tuple(layouts), reduced(counter)
    )


def _median_colour(shown: Sequence[Shown]) -> Lab:
    lightness, a, b = (round(median(s.colour[i] for s in shown)) for i in range(3))
    return lightness, a, b


def kind_probabilities(
    diameter_mm: float,
    colour: Lab,
    shape: VesselShape,
    kinds: Sequence[VesselKind],
) -> dict[str, float]:
    """How likely a vessel is of each kind, softly, from size and rim colour.

    A round outline may be a plate or a bowl. Kinds without a measured colour are
    judged by size alone. The sum is below 1 by the chance that it is none of them.
    """
    round_shapes = (VesselShape.PLATE, VesselShape.BOWL)
    scores: dict[str, float] = {}
    for kind in kinds:
        alike = kind.shape is shape or (
            kind.shape in round_shapes and shape in round_shapes
        )
        if not alike:
            continue
        off = (diameter_mm / kind.size_mm - 1) / _SIZE_SPREAD
        tint = 1.5
        if kind.colour is not None:
            apart = np.linalg.norm(np.subtract(colour, kind.colour))
            tint = float(apart) / _COLOUR_SPREAD
        scores[kind.code] = float(np.exp(-0.5 * (off * off + tint * tint)))
    none = float(np.exp(-0.5 * _FARTHEST**2))
    total = sum(scores.values()) + none
    return {code: score / total for code, score in scores.items()}


def lab_of(picture: Picture) -> Floats:
    """CIELAB with L 0..100 and a, b about 0, float32."""
    light, a, b = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2LAB))
    planes = (
        light.astype(np.float32) * np.float32(100 / 255),
        cv2.subtract(a, 128, dtype=cv2.CV_32F),  # type: ignore[call-overload]  # the stub knows no number here
        cv2.subtract(b, 128, dtype=cv2.CV_32F),  # type: ignore[call-overload]  # as above
    )
    return np.asarray(cv2.merge(planes), np.float32)
