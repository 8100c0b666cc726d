"""Camera frames of the two demo payers, made of their public-domain portraits.

The portraits are unpacked by set-up (see `MODELS.toml`). A frame is what a till's
camera would see: 640x480, the person somewhere in front of a wall, a little nearer or
farther, brighter or darker. Such frames are drawn, not photographed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from backoffice.demo.pieces import soft_noise

if TYPE_CHECKING:
    from pathlib import Path

    from backoffice.demo.drawing import Picture

FRAME: Final = (640, 480)
_WALL: Final = (176, 184, 186)
_SHOWN: Final = {
    "grace_hopper.jpg": (0.0, 0.02, 1.0, 0.8),
    "astronaut.png": (0.12, 0.0, 0.78, 0.66),
}
"""Part of each portrait that stands before the camera: left, top, right, bottom."""


def portrait_path(weights: Path, portrait: str) -> Path:
    """Where set-up leaves a portrait."""
    return weights / "portraits" / portrait


def face_frame(portrait: Picture, name: str, seed: int) -> Picture:
    """Compose one camera frame of a person from a portrait (BGR)."""
    rng = np.random.default_rng([seed, 5])
    height, width = portrait.shape[:2]
    left, top, right, bottom = _SHOWN.get(name, (0.0, 0.0, 1.0, 1.0))
    person = portrait[
        int(top * height) : int(bottom * height), int(left * width) : int(right * width)
    ]
    tall = FRAME[1] * float(rng.uniform(0.72, 0.96))
    scale = tall / person.shape[0]
    move = np.array(
        [
            [scale, 0, (FRAME[0] - scale * person.shape[1]) / 2 + rng.normal(0, 22)],
            [0, scale, FRAME[1] - tall],
        ],
        np.float32,
    )
    wall = np.full((FRAME[1], FRAME[0], 3), _WALL, np.float32)
    wall += 4 * soft_noise(rng, wall.shape, 120)[..., None]
    shown = cv2.warpAffine(person, move, FRAME, flags=cv2.INTER_AREA)
    cover = cv2.warpAffine(_soft_edges(person.shape), move, FRAME)[..., None]
    frame = wall + (shown - wall) * cover
    frame = frame * float(rng.uniform(0.85, 1.1))
    frame = frame + 2.5 * rng.standard_normal(frame.shape, dtype=np.float32)
    return np.asarray(np.clip(frame, 0, 255), np.uint8)


def _soft_edges(shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[Any]]:
    """Let the portrait's own background fade into the wall at its sides and top."""
    x = np.linspace(0, 1, shape[1], dtype=np.float32)
    y = np.linspace(0, 1, shape[0], dtype=np.float32)
    sides = np.clip(np.minimum(x, 1 - x) / 0.06, 0, 1)
    above = np.clip(y / 0.05, 0, 1)
    return np.asarray(np.outer(above, sides), np.float32)
