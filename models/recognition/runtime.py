"""Pictures in, networks ready: the two things every recogniser starts from.

Pictures are uint8 arrays of shape (height, width, 3) in **BGR** order, the order of
OpenCV. A picture from outside is judged by its header before any pixel is decoded,
so that no file can exhaust the till's memory.
"""

from __future__ import annotations

import io
import struct
import warnings
from typing import TYPE_CHECKING, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image, ImageOps

from models.domain.errors import DomainError
from models.recognition.weights import located

if TYPE_CHECKING:
    from pathlib import Path

Picture = NDArray[np.uint8]
"""Height x width x 3, blue green red."""

_MAX_FILE_BYTES: Final = 48 * 2**20
_MAX_PIXELS: Final = 120_000_000
_MAX_DECODED_PIXELS: Final = 13_000_000  # a 12-megapixel camera in full
_FORMATS: Final = ("JPEG", "PNG", "BMP", "WEBP")
_ERRORS_ONLY: Final = 3


class PictureUnreadable(DomainError):
    """The file is empty, broken or no picture."""

    code = "picture_unreadable"
    chinese = "无法读取图片 {name}：文件为空、损坏或不是 JPEG/PNG 图片，请重新拍摄"
    english = (
        "cannot read the picture {name}: empty, broken, or no JPEG or PNG; "
        "take it again"
    )


class PictureTooLarge(DomainError):
    """The picture would not fit the till's memory."""

    code = "picture_too_large"
    chinese = "图片 {name} 太大（{size}），请降低相机分辨率后重新拍摄"
    english = (
        "the picture {name} is too large ({size}); "
        "lower the camera's resolution and take it again"
    )


def read_picture(source: Path | bytes) -> Picture:
    """Read a photo as BGR, upright by its EXIF tag; a senseless tag is ignored.

    A JPEG above 13 megapixels is decoded at a half or a quarter of its size and any
    other such file is refused, which bounds the memory used at about 200 MB. Raises
    `PictureUnreadable` or `PictureTooLarge`.
    """
    name = "" if isinstance(source, bytes) else source.name
    content = _content(source, name)
    try:
        with warnings.catch_warnings(), _opened(content) as picture:
            _bound(picture, name)
            upright = ImageOps.exif_transpose(picture.convert("RGB"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise PictureTooLarge(name=name, size=f"> {_MAX_PIXELS} px") from bomb
    except (OSError, SyntaxError, ValueError, struct.error) as broken:
        raise PictureUnreadable(name=name) from broken
    return np.ascontiguousarray(np.asarray(upright)[:, :, ::-1])


def _content(source: Path | bytes, name: str) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        size = source.stat().st_size
        if size > _MAX_FILE_BYTES:
            raise PictureTooLarge(name=name, size=f"{size >> 20} MB")
        return source.read_bytes()
    except OSError as failed:
        raise PictureUnreadable(name=name) from failed


def _opened(content: bytes) -> Image.Image:
    """Read the header only. An absurd size raises; an odd tag is no news."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    return Image.open(io.BytesIO(content), formats=_FORMATS)


def _bound(opened: Image.Image, name: str) -> None:
    """Ask the decoder for fewer pixels where it can, or refuse; decodes nothing."""
    width, height = opened.size
    too_large = PictureTooLarge(name=name, size=f"{width}x{height}")
    if width * height > _MAX_PIXELS:
        raise too_large
    shrink = 1
    while width * height > _MAX_DECODED_PIXELS * shrink**2:
        shrink *= 2
    opened.draft("RGB", (width // shrink, height // shrink))
    if opened.size[0] * opened.size[1] > _MAX_DECODED_PIXELS:
        raise too_large


def network(weights: Path, name: str, threads: int = 2) -> onnxruntime.InferenceSession:
    """Load an intact network of the weights folder.

    `threads` share one picture; where another job keeps a core busy, 1 is faster.
    Waiting threads sleep instead of spinning, so that the till's other work goes on.
    Raises `WeightsMissing` or `WeightsAltered`.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(located(weights, name)), options, providers=["CPUExecutionProvider"]
    )
