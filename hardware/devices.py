"""Device addresses: a device is a URL, such as `camera://0` or `folder:///trays`.

`probe` tells whether the device behind an address is there, without disturbing it.
Drivers are added to `_PROBES` as they come.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from hardware.api import DeviceSilent, DeviceUrlUnknown

if TYPE_CHECKING:
    from collections.abc import Callable


def probe(url: str) -> None:
    """Raise `DeviceSilent` for a missing device, `DeviceUrlUnknown` for a typo."""
    address = urlsplit(url)
    if address.scheme not in _PROBES:
        raise DeviceUrlUnknown(url=url, known=", ".join(sorted(_PROBES)))
    if not _PROBES[address.scheme](address):
        raise DeviceSilent(device=url)


def _camera_is_there(address: SplitResult) -> bool:
    """Look for the V4L2 node: opening the camera would blind a running till."""
    return Path(f"/dev/video{address.netloc}").exists()


def _path_is_there(address: SplitResult) -> bool:
    return Path(address.path).exists()


_PROBES: Final[dict[str, Callable[[SplitResult], bool]]] = {
    "camera": _camera_is_there,
    "folder": _path_is_there,
    "serial": _path_is_there,
}
