"""Every fault the doctor looks for is found, with what to do about it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from models.recognition.gallery import FaceKey
from models.recognition.weights import files
from pos_terminal.config import Settings
from pos_terminal.doctor import examine
from pos_terminal.store import Store
from tests.demo_till import WEIGHTS
from tests.pos_terminal.local_canteen import opened

if TYPE_CHECKING:
    from pathlib import Path

    from pos_terminal.doctor import Finding


@pytest.fixture
def settings(database: Path, tmp_path: Path) -> Settings:
    """A till without weights: the other findings need none."""
    return Settings(db=database, weights=tmp_path / "weights")


def found(settings: Settings, subject: str) -> Finding:
    [finding] = [one for one in examine(settings) if subject in one.subject]
    return finding


def broken(settings: Settings, subject: str) -> Finding:
    """A finding that is not well: it says what is wrong and what to do."""
    finding = found(settings, subject)
    assert not finding.well
    assert finding.said
    assert finding.cure
    return finding


def test_missing_weights_are_all_named(settings: Settings) -> None:
    finding = broken(settings, "weights")
    assert all(file.name in finding.said for file in files())
    assert finding.cure == "运行 make setup"


@pytest.mark.weights
def test_one_altered_byte_of_the_weights_is_found(
    settings: Settings, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(WEIGHTS, copy)
    settings = settings.model_copy(update={"weights": copy})
    assert found(settings, "weights").well
    altered(copy / "yunet.onnx")
    finding = broken(settings, "weights")
    assert "yunet.onnx" in finding.said
    assert "sface.onnx" not in finding.said


def altered(path: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_database_that_is_not_there_is_set_up_first(settings: Settings) -> None:
    settings.db.unlink()
    finding = found(settings, "database")
    assert finding.well
    assert "canteen menu init" in finding.cure
    assert not settings.db.exists()


def test_a_sound_database_counts_its_facts(settings: Settings) -> None:
    with Store(settings.db) as store:
        opened(store)
    finding = found(settings, "database")
    assert finding.well
    assert "1 条记录，流水一致" in finding.said


def test_a_till_in_service_is_well(settings: Settings) -> None:
    with Store(settings.db):
        finding = found(settings, "database")
    assert finding.well
    assert "已在运行" in finding.said


@pytest.mark.parametrize(
    "damage", [b"", b"no database" * 1_000, b"SQLite format 3\x00" + bytes(4_000)]
)
def test_a_damaged_database_is_kept_for_the_technician(
    settings: Settings, damage: bytes
) -> None:
    with Store(settings.db) as store:
        opened(store)
    whole = settings.db.read_bytes()
    settings.db.write_bytes(damage + whole[len(damage) : len(whole) // 2])
    assert "联系技术人员" in broken(settings, "database").cure


def test_pages_damaged_in_the_middle_are_found(settings: Settings) -> None:
    with Store(settings.db) as store:
        opened(store)
    content = bytearray(settings.db.read_bytes())
    content[3 * 4_096 :: 512] = bytes(len(content[3 * 4_096 :: 512]))
    content[5 * 4_096 : 6 * 4_096] = b"\xff" * 4_096
    settings.db.write_bytes(content)
    assert "联系技术人员" in broken(settings, "database").cure


def test_a_damaged_journal_is_found(settings: Settings) -> None:
    with Store(settings.db) as store:
        opened(store)
        store.journal.path.write_bytes(b"no fact\n")
    finding = broken(settings, "database")
    assert "联系技术人员" in finding.cure


@pytest.mark.parametrize("text", ["short", "c2hvcnQ=", "秘密"])
def test_a_bad_face_key_is_found_and_never_shown(settings: Settings, text: str) -> None:
    keyed = settings.model_copy(update={"face_key": SecretStr(text)})
    finding = broken(keyed, "face key")
    assert text not in finding.said + finding.cure
    assert "base64" in finding.said


def test_a_good_face_key_is_known_by_its_id(settings: Settings) -> None:
    key = FaceKey.generate()
    finding = found(settings.model_copy(update={"face_key": SecretStr(key)}), "face")
    assert finding.well
    assert key[:8] not in finding.said
    assert found(settings, "face key").well


def test_a_device_that_is_not_there_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    here = f"folder://{tmp_path}"
    devices = {
        "camera": "camera://99",
        "scale": "serial:///dev/nowhere",
        "printer": "pigeon://1",
        "reader": here,
    }
    till = settings.model_copy(update=devices)
    assert "camera://99" in broken(till, "设备 camera").said
    assert "/dev/nowhere" in broken(till, "设备 scale").said
    assert "folder" in broken(till, "设备 printer").said
    assert found(till, "设备 reader").well
    assert found(settings, "devices").well


def test_clock_and_disk_are_looked_at(settings: Settings) -> None:
    assert found(settings, "clock").well
    assert "GiB" in found(settings, "disk").said
