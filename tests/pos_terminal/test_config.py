"""Settings come from the environment; secrets are never printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.recognition.gallery import FaceKey
from pos_terminal.config import Settings

if TYPE_CHECKING:
    import pytest


def test_settings_are_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CANTEEN_DB", "here.db")
    monkeypatch.setenv("CANTEEN_CAMERA", "camera://0")
    found = Settings()
    assert found.db == Path("here.db")
    assert found.devices == {"camera": "camera://0"}


def test_a_file_beside_the_program_serves_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CANTEEN_SCALE", raising=False)
    (tmp_path / ".env").write_text("CANTEEN_SCALE=serial:///dev/ttyUSB0\nOTHER=1\n")
    assert Settings().devices == {"scale": "serial:///dev/ttyUSB0"}


def test_the_face_key_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    key = FaceKey.generate()
    monkeypatch.setenv("CANTEEN_FACE_KEY", key)
    assert key not in repr(Settings())
