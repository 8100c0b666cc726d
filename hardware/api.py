"""What the tills know of devices: readings, pictures and the errors of both.

A driver opens a port and gives these values; it never gives "the last weight". The
clock of a reading is the monotonic one, so that a clock set back can't make an old
weight fresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.domain.errors import DeviceError

if TYPE_CHECKING:
    from models.domain.units import Mass


@dataclass(frozen=True, slots=True)
class Reading:
    """One weighing: `seq` counts up without gaps, `monotonic_ms` is when it settled."""

    mass: Mass
    seq: int
    monotonic_ms: int
    settled: bool


class DeviceSilent(DeviceError):
    """A device that should answer and does not."""

    code = "device_silent"
    chinese = "{device} 没有响应，请检查电源和连线"
    english = "{device} does not answer; check its power and cable"


class DeviceUrlUnknown(DeviceError):
    """A device address that names no driver."""

    code = "device_url_unknown"
    chinese = "设备地址“{url}”无法识别，可用：{known}"
    english = "device address “{url}” is not known; known kinds: {known}"
