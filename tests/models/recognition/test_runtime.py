"""Pictures from outside: read upright, bounded, or refused with the way on."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.domain.errors import Language
from models.recognition.runtime import (
    PictureTooLarge,
    PictureUnreadable,
    read_picture,
)

if TYPE_CHECKING:
    from pathlib import Path


def encoded(picture: Image.Image, kind: str = "JPEG", orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    picture.save(out, kind, exif=exif)
    return out.getvalue()


def half_red(width: int = 60, height: int = 40) -> Image.Image:
    """Draw a picture whose left half is red."""
    picture = Image.new("RGB", (width, height), "white")
    picture.paste((255, 0, 0), (0, 0, width // 2, height))
    return picture


def test_a_picture_comes_as_blue_green_red() -> None:
    picture = read_picture(encoded(half_red(), "PNG"))
    assert picture.shape == (40, 60, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture[20, 5].tolist() == [0, 0, 255]


def test_a_file_is_read_as_its_bytes_are(tmp_path: Path) -> None:
    path = tmp_path / "盘子.png"
    path.write_bytes(encoded(half_red(), "PNG"))
    assert np.array_equal(read_picture(path), read_picture(path.read_bytes()))


def test_a_turned_photo_is_set_upright() -> None:
    picture = read_picture(encoded(half_red(), "PNG", orientation=6))
    assert picture.shape == (60, 40, 3)
    assert picture[5, 20].tolist() == [0, 0, 255]
    assert picture[55, 20].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", [0, 9, 6000])
def test_a_senseless_rotation_tag_is_ignored(orientation: int) -> None:
    picture = read_picture(encoded(half_red(), "PNG", orientation))
    assert picture.shape == (40, 60, 3)


def test_a_photo_of_50_megapixels_is_read_smaller() -> None:
    photo = encoded(Image.new("L", (8688, 5792), 90))
    picture = read_picture(photo)
    assert picture.shape == (2896, 4344, 3)


def bare_png(width: int, height: int) -> bytes:
    """Write the header of a PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7_000, 10_500, 60_000])
def test_a_picture_too_large_is_refused_before_it_is_decoded(side: int) -> None:
    with pytest.raises(PictureTooLarge) as refused:
        read_picture(bare_png(side, side))
    assert "相机分辨率" in refused.value.message(Language.CHINESE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"%PDF-1.7 no picture",
        encoded(half_red(400, 300))[:900],
        bare_png(40, 40),
        bare_png(0, 40),
    ],
)
def test_a_broken_picture_says_so(content: bytes) -> None:
    with pytest.raises(PictureUnreadable):
        read_picture(content)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(PictureUnreadable, match=r"none\.jpg"):
        read_picture(tmp_path / "none.jpg")


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(PictureUnreadable):
        read_picture(tmp_path)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_damage_to_a_photo_becomes_another_error(data: st.DataObject) -> None:
    photo = bytearray(encoded(half_red(), orientation=6))
    for _ in range(data.draw(st.integers(1, 8))):
        photo[data.draw(st.integers(0, len(photo) - 1))] = data.draw(
            st.integers(0, 255)
        )
    try:
        picture = read_picture(bytes(photo))
    except (PictureUnreadable, PictureTooLarge):
        return
    assert picture.ndim == 3
