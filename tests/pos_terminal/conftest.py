"""Canteens without an office: an empty one, and one ready for lunch."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pos_terminal.store import Store
from tests.pos_terminal import small_till
from tests.pos_terminal.local_canteen import opened

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def database(till_file: Path, tmp_path: Path) -> Path:
    """A migrated till's database that belongs to nobody yet."""
    return Path(shutil.copy(till_file, tmp_path / "till.db"))


@pytest.fixture
def local(database: Path) -> Iterator[Store]:
    """The till of a canteen that was given a name."""
    with Store(database) as store:
        opened(store)
        yield store


@pytest.fixture(scope="session")
def lunch_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A till of six drawn dishes, with a tray to pay; needs the weights."""
    folder = tmp_path_factory.mktemp("lunch")
    small_till.set_up(folder)
    small_till.write(folder / "tray.png", small_till.tray(5).picture)
    return folder


@pytest.fixture
def lunch(lunch_files: Path, tmp_path: Path) -> Path:
    """A folder of its own with that till."""
    return Path(shutil.copytree(lunch_files, tmp_path / "lunch"))
