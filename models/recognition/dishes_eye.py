"""What a plate looks like: crops in, features out.

Two networks see every crop, EfficientNet-Lite0 and Lite2, and their embeddings stand
side by side in one vector; beside it stands a histogram of the colours. All are
weighted to the middle of the crop, where the food is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.domain.errors import DomainError
from models.recognition.runtime import network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import onnxruntime

    from models.recognition.runtime import Picture

Vector = NDArray[np.float32]

MODEL_ID: Final = "dishes-lite0-lite2-lab-2"
"""Names the features; features of two models are never compared."""

_NETWORKS: Final = {"dishes_lite0.onnx": 224, "dishes_lite2.onnx": 260}
EMBEDDING_WIDTH: Final = 2 * 1280
_SMALLEST: Final = 16
_COLOUR_SIDE: Final = 64
_COLOUR_BINS: Final = (8, 16, 16)
_COLOURS: Final = 8 * 16 * 16
_COLOUR_RANGES: Final = (0, 256, 64, 192, 64, 192)
_CENTRE: Final = 0.35


class PlateTooSmall(DomainError):
    """A crop of so few pixels shows no dish."""

    code = "plate_too_small"
    chinese = "盘子图像太小（{width}×{height}），请把相机靠近或提高分辨率"
    english = (
        "the plate's picture is too small ({width}x{height}); "
        "move the camera closer or raise its resolution"
    )


class OtherModel(DomainError):
    """Features made by another network; they mean nothing to this one."""

    code = "dish_other_model"
    chinese = "菜品特征来自旧模型 {found}（当前 {expected}），请重新录入菜品照片"
    english = (
        "dish features come from the model {found}, this is {expected}; "
        "enrol the dishes again"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """How one plate looks: unit vectors, and the model that made them.

    `poses` (n x width) holds an enrolled photo as seen in each pose, and no row for a
    plate seen at the till; `embedding` is then their mean.
    """

    model_id: str
    embedding: Vector
    colour: Vector
    poses: Vector

    def to_bytes(self) -> bytes:
        """Pack for a table: float16, embedding, colour, then the poses."""
        parts = [self.embedding, self.colour, self.poses.ravel()]
        return np.concatenate(parts).astype("<f2").tobytes()

    @classmethod
    def from_bytes(cls, model_id: str, packed: bytes) -> Self:
        """Unpack what `to_bytes` packed; raises `OtherModel` for a strange model."""
        check_model(model_id)
        values = np.frombuffer(packed, "<f2").astype(np.float32)
        colour_end = EMBEDDING_WIDTH + _COLOURS
        return cls(
            model_id,
            unit(values[:EMBEDDING_WIDTH]),
            unit(values[EMBEDDING_WIDTH:colour_end]),
            unit(values[colour_end:].reshape(-1, EMBEDDING_WIDTH)),
        )


def check_model(model_id: str) -> None:
    """Raise `OtherModel` unless the features are of this model."""
    if model_id != MODEL_ID:
        raise OtherModel(found=model_id, expected=MODEL_ID)


def unit(vectors: Vector) -> Vector:
    """Scale to length one along the last axis; a zero vector stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


class _Sight(NamedTuple):
    """A network and the side of the squares it takes."""

    network: onnxruntime.InferenceSession
    side: int

    def batch(self, crops: Sequence[Picture]) -> Vector:
        """Lay crops out as the network takes them: RGB, (x - 127) / 128."""
        squares = [_square(crop, self.side) for crop in crops]
        blob = cv2.dnn.blobFromImages(squares, 1 / 128, mean=(127,) * 3, swapRB=True)
        return np.asarray(blob, np.float32)

    def run(self, batch: Vector) -> Vector:
        [embedding] = self.network.run(["embedding"], {"crops": batch})
        return np.asarray(embedding, np.float32)


class DishEye:
    """Turns plate crops into features. One run of each network serves a whole tray."""

    def __init__(self, weights: Path, threads: int = 2) -> None:
        self._sights = tuple(
            _Sight(network(weights, name, threads), side)
            for name, side in _NETWORKS.items()
        )
        self._middle = _middle(_COLOUR_SIDE).ravel()

    def features(self, crops: Sequence[Picture]) -> list[Features]:
        """See the plates of one tray in one batch; raises `PlateTooSmall`."""
        for crop in crops:
            _check_size(crop)
        none = np.empty((0, EMBEDDING_WIDTH), np.float32)
        return [
            Features(MODEL_ID, embedding, self._colour(crop), none)
            for crop, embedding in zip(crops, self._embed(crops), strict=True)
        ]

    def enrolment(self, photo: Picture) -> Features:
        """See one photo in six poses, since a plate may stand any way round.

        Raises `PlateTooSmall`.
        """
        _check_size(photo)
        poses = self._embed(_poses(photo))
        embedding = unit(poses.mean(axis=0))
        return Features(MODEL_ID, embedding, self._colour(photo), poses)

    def bare(self, crops: Sequence[Picture]) -> Callable[[], object]:
        """Give a run of the networks alone on these crops, for benchmarks."""
        batches = [(sight, sight.batch(crops)) for sight in self._sights]
        return lambda: [sight.run(batch) for sight, batch in batches]

    def _embed(self, crops: Sequence[Picture]) -> Vector:
        if not crops:
            return np.empty((0, EMBEDDING_WIDTH), np.float32)
        seen = [unit(sight.run(sight.batch(crops))) for sight in self._sights]
        return unit(np.concatenate(seen, axis=1))

    def _colour(self, crop: Picture) -> Vector:
        """Histogram of CIELAB, weighted to the middle, smoothed over neighbours."""
        small = cv2.resize(
            crop, (_COLOUR_SIDE, _COLOUR_SIDE), interpolation=cv2.INTER_AREA
        )
        lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(np.float32)
        low, high = np.array(_COLOUR_RANGES, np.float32).reshape(3, 2).T
        bins = np.array(_COLOUR_BINS, np.float32)
        place = np.clip((lab - low) / (high - low) * bins, 0, bins - 1).astype(np.int64)
        index = np.ravel_multi_index(tuple(place.T), _COLOUR_BINS)
        counts = np.bincount(index, self._middle, int(bins.prod()))
        smooth = _smoothed(counts.astype(np.float64).reshape(_COLOUR_BINS))
        return unit(np.sqrt(smooth).ravel().astype(np.float32))


def _check_size(crop: Picture) -> None:
    height, width = crop.shape[:2]
    if min(height, width) < _SMALLEST:
        raise PlateTooSmall(width=width, height=height)


def _square(crop: Picture, side: int) -> Picture:
    square = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(square, np.uint8)


def _poses(photo: Picture) -> list[Picture]:
    """Give four quarter turns, a mirror image and one eighth turn."""
    side = _NETWORKS["dishes_lite2.onnx"]
    square = _square(photo, side)
    middle = (side / 2 - 0.5, side / 2 - 0.5)
    eighth = cv2.warpAffine(
        square,
        cv2.getRotationMatrix2D(middle, 45, 1),
        (side, side),
        borderMode=cv2.BORDER_REFLECT_101,
    )
    turns = [np.ascontiguousarray(np.rot90(square, turn)) for turn in range(4)]
    mirrored = np.ascontiguousarray(square[:, ::-1])
    return [*turns, mirrored, np.asarray(eighth, np.uint8)]


def _middle(side: int) -> NDArray[np.float64]:
    """Weights of the pixels of a square, falling off from its middle."""
    place = np.linspace(-1, 1, side)
    return np.exp(-(place[:, None] ** 2 + place**2) / (2 * _CENTRE**2))


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spread each bin over its neighbours (1/4, 1/2, 1/4 along every axis)."""
    for axis in range(counts.ndim):
        padded = np.pad(counts, [(int(a == axis),) * 2 for a in range(counts.ndim)])
        turned = np.moveaxis(padded, axis, 0)
        mixed = turned[1:-1] / 2 + turned[:-2] / 4 + turned[2:] / 4
        counts = np.moveaxis(mixed, 0, axis)
    return counts
