"""A canteen without an office, fresh for each test."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pos_terminal.store import Store
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
