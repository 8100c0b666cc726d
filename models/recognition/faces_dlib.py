"""dlib as a second face engine, for comparison only: it never decides a payment.

Needs the optional extra `dlib` (dlib-bin and face-recognition-models). With its usual
threshold dlib accepts 37-71 % of strangers among East Asian faces, so `may_charge` is
false and a `FaceReader` refuses it: `canteen eval faces --engine dlib` compares.

dlib's descriptors crowd into a narrow cone (everybody's cosine to everybody is about
.9), so they are judged by bars of their own, `[faces_dlib]` in MODELS.toml.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.domain.errors import DomainError
from models.recognition.faces import Face
from models.recognition.gallery import normalised

if TYPE_CHECKING:
    from models.recognition.gallery import Vector
    from models.recognition.runtime import Picture

POLICY_SECTION: Final = "faces_dlib"

_UPSAMPLE: Final = 1
_LEAST_SCORE: Final = -0.5
_RIGHT_EYE: Final = slice(36, 42)
_LEFT_EYE: Final = slice(42, 48)
_NOSE: Final = 30
_MOUTH: Final = [48, 54]


class DlibMissing(DomainError):
    """The optional extra is not installed."""

    code = "dlib_missing"
    chinese = "未安装 dlib 对比引擎，请运行 pip install 'smart-canteen[dlib]' 后再试"
    english = "the dlib engine is not installed: pip install 'smart-canteen[dlib]'"


class Dlib:
    """dlib's frontal detector, 68 points and ResNet descriptor."""

    may_charge = False
    model_id = "dlib-resnet-v1"

    def __init__(self) -> None:
        if not (find_spec("dlib") and find_spec("face_recognition_models")):
            raise DlibMissing
        self._dlib: Any = import_module("dlib")
        folder = _weights_folder()
        points = folder / "shape_predictor_68_face_landmarks.dat"
        network = folder / "dlib_face_recognition_resnet_model_v1.dat"
        self._detector = self._dlib.get_frontal_face_detector()
        self._points = self._dlib.shape_predictor(str(points))
        self._network = self._dlib.face_recognition_model_v1(str(network))

    def detect(self, picture: Picture) -> list[Face]:
        """Find all faces; dlib's open-ended score is squashed to 0..1."""
        rgb = np.ascontiguousarray(picture[:, :, ::-1])
        boxes, scores, _ = self._detector.run(rgb, _UPSAMPLE, _LEAST_SCORE)
        return [
            self._face(rgb, box, 1 / (1 + float(np.exp(-4 * score))))
            for box, score in zip(boxes, scores, strict=True)
        ]

    def embed(self, picture: Picture, face: Face) -> Vector:
        """Turn one face into a unit vector by dlib's own alignment."""
        rgb = np.ascontiguousarray(picture[:, :, ::-1])
        right, bottom = face.left + face.width, face.top + face.height
        corners = (round(value) for value in (face.left, face.top, right, bottom))
        shape = self._points(rgb, self._dlib.rectangle(*corners))
        descriptor = self._network.compute_face_descriptor(rgb, shape)
        return normalised(np.array(descriptor, np.float32))

    def _face(self, rgb: Picture, box: Any, score: float) -> Face:  # noqa: ANN401 - dlib has no types
        parts = self._points(rgb, box).parts()
        all_points = np.array([(part.x, part.y) for part in parts], np.float64)
        eyes = [all_points[_RIGHT_EYE].mean(axis=0), all_points[_LEFT_EYE].mean(axis=0)]
        points = np.stack([*eyes, all_points[_NOSE], *all_points[_MOUTH]])
        left, top = float(box.left()), float(box.top())
        right, bottom = float(box.right()), float(box.bottom())
        return Face(left, top, right - left, bottom - top, points, score)


def _weights_folder() -> Path:
    """Find the data of face-recognition-models without importing its old code."""
    found = find_spec("face_recognition_models")
    if found is None or found.origin is None:
        raise DlibMissing
    return Path(found.origin).with_name("models")
