"""Faces: found, judged, aligned and turned into a vector.

A picture goes through `FaceReader.look`, which answers `Seen` or says what is wrong
with it in words a diner can act on. Whose face it is, `faces_identity` tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.domain.errors import DomainError
from models.domain.evidence import Reason, Unknown
from models.recognition.gallery import OtherModel, Vector, normalised
from models.recognition.weights import located, scalars

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cv2.typing import MatLike

    from models.recognition.runtime import Picture

Points = NDArray[np.float64]
"""Right eye, left eye, nose tip, right and left mouth corner as x, y: shape (5, 2)."""

_UPRIGHT: Final = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)
"""Where SFace wants the five points in its 112 x 112 crop (InsightFace's template)."""

_NOSE_DEPTH: Final = 14.5
"""How far the nose tip stands out of the plane of eyes and mouth, in template pixels
(eyes 35.2 apart: 26 mm on a head with eyes 63 mm apart)."""

_CROP: Final = 112
_SEARCH_SIDE: Final = 480
_REFINE_SIDE: Final = 352
_REFINE_SPAN: Final = 4.4


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in a picture, in its pixels. `score` is the detector's, 0..1."""

    left: float
    top: float
    width: float
    height: float
    points: Points = field(repr=False, compare=False)
    score: float

    @property
    def yaw_deg(self) -> float:
        """Turn of the head in degrees, positive to the picture's right."""
        return yaw_deg(self.points)


def _head() -> NDArray[np.float64]:
    """Pseudo-inverse of the five points in space: (3, 5), for `yaw_deg`."""
    depth = np.array([0.0, 0.0, _NOSE_DEPTH, 0.0, 0.0])
    head = np.column_stack([_UPRIGHT, depth])
    return np.asarray(np.linalg.pinv(head - head.mean(axis=0)), dtype=np.float64)


_HEAD_INVERSE: Final = _head()


def yaw_deg(points: Points) -> float:
    """Turn of the head from the five points, by weak perspective.

    Only the nose leaves the plane of eyes and mouth. Turning a flat photo stretches
    that plane and leaves the nose where it was in it, so it reads about zero.
    """
    pose = _HEAD_INVERSE @ (points - points.mean(axis=0))
    across, depth = np.linalg.norm(pose[0]), pose[2] @ pose[0]
    if across == 0.0:
        return 90.0
    return math.degrees(math.atan2(depth / across, across))


class FaceEngine(Protocol):
    """Detector and network of one model. `may_charge` false: for comparison only."""

    model_id: str
    may_charge: bool

    def detect(self, picture: Picture) -> Sequence[Face]:
        """Find all faces of a BGR picture, in its own pixels."""

    def embed(self, picture: Picture, face: Face) -> Vector:
        """Turn one face into a unit vector."""


class SFace:
    """YuNet finds, SFace embeds: the engine that may charge.

    Faces are searched small, then the points are found again in an enlarged crop:
    their error is what costs genuine scores most. Beyond the picture its edge is
    repeated: a black rim would look alike on everybody. Not for two threads at once.
    """

    may_charge = True
    model_id = "sface-2021dec-int8bq/align-2"

    def __init__(self, weights: Path) -> None:
        detector = str(located(weights, "yunet.onnx"))
        side = (_SEARCH_SIDE, _SEARCH_SIDE)
        self._detector = cv2.FaceDetectorYN.create(detector, "", side, 0.5, 0.3, 50)
        self._network = cv2.FaceRecognizerSF.create(
            str(located(weights, "sface.onnx")), ""
        )

    def detect(self, picture: Picture) -> list[Face]:
        """Find all faces; large pictures are searched at 480 pixels."""
        scale = min(1.0, _SEARCH_SIDE / max(picture.shape[:2]))
        small = cv2.resize(
            picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
        )
        return [_face(row / scale, float(row[14])) for row in self._rows(small)]

    def embed(self, picture: Picture, face: Face) -> Vector:
        """Align by the points found again; add the vector of the mirror image."""
        matrix = _similarity(self._refined(picture, face.points), _UPRIGHT)
        crop = _cut(picture, matrix, _CROP)
        both = [self._network.feature(one) for one in (crop, cv2.flip(crop, 1))]
        return normalised(normalised(np.concatenate(both)).sum(axis=0))

    def _rows(self, picture: MatLike) -> NDArray[np.float64]:
        height, width = picture.shape[:2]
        self._detector.setInputSize((width, height))
        _, rows = self._detector.detect(picture)
        return np.empty((0, 15)) if rows is None else rows.astype(np.float64)

    def _refined(self, picture: Picture, points: Points) -> Points:
        """Find the points again where the face has its best size."""
        eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
        height = float(np.linalg.norm(eyes - mouth))
        across = float(np.linalg.norm(points[1] - points[0]))
        scale = _REFINE_SIDE / (max(height, across, 1.0) * _REFINE_SPAN)
        corner = _REFINE_SIDE / 2 - scale * points.mean(axis=0)
        matrix = np.array([[scale, 0.0, corner[0]], [0.0, scale, corner[1]]])
        crop = _cut(picture, matrix, _REFINE_SIDE)
        found = self._rows(crop)[:, 4:14].reshape(-1, 5, 2)
        if not len(found):
            return points
        away = np.abs(found.mean(axis=1) - _REFINE_SIDE / 2).sum(axis=1)
        return np.asarray((found[away.argmin()] - corner) / scale, dtype=np.float64)


def _cut(picture: Picture, matrix: NDArray[np.float64], side: int) -> MatLike:
    """Cut a square out of the picture, its edge repeated beyond."""
    return cv2.warpAffine(
        picture, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE
    )


def _face(row: NDArray[np.float64], score: float) -> Face:
    left, top, width, height = (float(value) for value in row[:4])
    return Face(left, top, width, height, row[4:14].reshape(5, 2), score)


def _similarity(source: Points, target: Points) -> NDArray[np.float64]:
    """Least-squares turn, scale and shift of `source` onto `target` (Umeyama 1991)."""
    centre, onto = source.mean(axis=0), target.mean(axis=0)
    spread = source - centre
    left, sizes, right = np.linalg.svd((target - onto).T @ spread)
    upright = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    scale = (sizes * upright).sum() / (spread**2).sum()
    turn = scale * (left * upright) @ right
    return np.column_stack([turn, onto - turn @ centre])


@dataclass(frozen=True, slots=True)
class Gate:
    """What a picture must give before it is compared; pixels of the picture given.

    `other_share`: a second face counts when its width is at least this share of the
    first's. A face nearer to the frame than `edge_share` of its width is cut off.
    `sharpness` is the variance of the Laplacian on the 112-pixel crop.
    """

    detector_score: float
    width_px: float
    other_share: float
    edge_share: float
    sharpness: float
    yaw_deg: float
    darkest: float
    brightest: float

    @classmethod
    def shipped(cls) -> Self:
        """Take the numbers of MODELS.toml."""
        return cls(**scalars("faces_gate"))

    def judge(self, picture: Picture, faces: Sequence[Face]) -> Face | Unknown:
        """Pick the diner's face, or give the first reason against the picture."""
        sure = [face for face in faces if face.score >= self.detector_score]
        if not sure:
            return Unknown(Reason.NO_FACE)
        first, *others = sorted(sure, key=lambda face: -face.width)
        if any(other.width >= self.other_share * first.width for other in others):
            return Unknown(Reason.TWO_FACES)
        reason = self._reason(picture, first)
        return first if reason is None else Unknown(reason)

    def _reason(self, picture: Picture, face: Face) -> Reason | None:
        crop = _cut(picture, _similarity(face.points, _UPRIGHT), _CROP)
        grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
        light = float(grey[24:104, 24:88].mean())
        checks = (
            (self._cut_off(picture, face), Reason.FACE_CUT_OFF),
            (face.width < self.width_px, Reason.FACE_TOO_SMALL),
            (abs(face.yaw_deg) > self.yaw_deg, Reason.FACE_TURNED),
            (not self.darkest <= light <= self.brightest, Reason.FACE_BADLY_LIT),
            (_sharpness(grey) < self.sharpness, Reason.FACE_BLURRED),
        )
        return next((reason for fails, reason in checks if fails), None)

    def _cut_off(self, picture: Picture, face: Face) -> bool:
        """Judge by the rim: the box of a cut face ends at the edge, not beyond."""
        height, width = picture.shape[:2]
        rim = self.edge_share * face.width
        right, bottom = face.left + face.width, face.top + face.height
        inside = min(face.left, face.top, width - right, height - bottom)
        return bool(inside < rim)


def _sharpness(grey: MatLike) -> float:
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


@dataclass(frozen=True, slots=True)
class Seen:
    """A face good enough to compare: its vector, its model and where it stood."""

    vector: Vector = field(repr=False, compare=False)
    model_id: str
    face: Face


class NotForPayment(DomainError):
    """An engine that is there for comparison only."""

    code = "face_engine_not_for_payment"
    chinese = "人脸引擎 {engine} 只可用于评测比较，不能用于结算，请改用 sface"
    english = "the face engine {engine} is for comparison only; pay with sface"


class FaceReader:
    """From a picture to a comparable face, or the reason why not.

    Raises `NotForPayment` for an engine that may not charge, unless `comparing`.
    """

    def __init__(
        self, engine: FaceEngine, gate: Gate | None = None, *, comparing: bool = False
    ) -> None:
        if not (engine.may_charge or comparing):
            raise NotForPayment(engine=engine.model_id)
        self.engine = engine
        self.gate = gate or Gate.shipped()

    def look(self, picture: Picture) -> Seen | Unknown:
        """Judge and embed the one face of a frame at the till."""
        judged = self.gate.judge(picture, self.engine.detect(picture))
        return judged if isinstance(judged, Unknown) else self._seen(picture, judged)

    def look_anyway(self, picture: Picture) -> Seen | Unknown:
        """Embed the largest face whatever its quality: for evaluation, gate off."""
        faces = self.engine.detect(picture)
        if not faces:
            return Unknown(Reason.NO_FACE)
        return self._seen(picture, max(faces, key=lambda face: face.width))

    def _seen(self, picture: Picture, face: Face) -> Seen:
        vector = self.engine.embed(picture, face)
        return Seen(vector, self.engine.model_id, face)


def agreeing(frames: Sequence[Seen], least: float) -> bool:
    """Tell whether any two frames have at least this cosine: one person throughout."""
    rows = np.stack([frame.vector for frame in frames])
    return bool((rows @ rows.T).min() >= least)


def fused(frames: Sequence[Seen]) -> Vector:
    """Mean direction of one person's frames; raises `OtherModel` for mixed models."""
    first = frames[0].model_id
    for frame in frames:
        if frame.model_id != first:
            raise OtherModel(found=frame.model_id, expected=first)
    return normalised(np.mean([frame.vector for frame in frames], axis=0))
