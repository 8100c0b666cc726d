"""Device addresses: what is there, what is missing and what is a typo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hardware.api import DeviceSilent, DeviceUrlUnknown
from hardware.devices import probe

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_that_exists_answers_and_one_that_does_not_is_silent(
    tmp_path: Path,
) -> None:
    probe(f"folder://{tmp_path}")
    with pytest.raises(DeviceSilent) as silent:
        probe(f"folder://{tmp_path}/gone")
    assert "请检查电源和连线" in silent.value.message()


def test_an_unplugged_scale_is_silent(tmp_path: Path) -> None:
    with pytest.raises(DeviceSilent):
        probe(f"serial://{tmp_path}/ttyUSB9?protocol=xk3190")


def test_a_mistyped_address_names_the_kinds_that_exist() -> None:
    with pytest.raises(DeviceUrlUnknown) as unknown:
        probe("seriell:///dev/ttyUSB0")
    assert "camera, folder, serial" in unknown.value.message()
