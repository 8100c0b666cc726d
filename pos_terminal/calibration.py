"""Calibrating a till's camera from pictures: the empty counter, each vessel alone."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from models.domain.errors import DomainError
from models.recognition.runtime import read_picture
from models.recognition.trays import find_plates, rim_colour
from models.recognition.trays_calibration import (
    Calibration,
    Shown,
    calibrate,
    lab_of,
)
from models.tables.dishes import TillVesselKind
from models.tables.site import CalibrationKind, TillCalibration
from models.tables.values import vessel_columns, vessel_kind
from pos_terminal.masters import OWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from models.domain.mealtimes import Sitting
    from models.domain.serving import VesselKind
    from models.recognition.runtime import Picture
    from models.tables.base import TerminalBase
    from pos_terminal.store import Store


class VesselNotSeen(DomainError):
    """A calibration picture without exactly one vessel."""

    code = "vessel_not_seen"
    chinese = "照片 {name} 中应只有一个完整的餐具，实际看到 {count} 个，请重拍"
    english = "{name} should show one whole vessel, {count} were seen; take it again"


def calibrate_folder(
    store: Store, folder: Path, sitting: Sitting, now: datetime
) -> int:
    """Calibrate from DIR/counter.jpg and DIR/vessels/<kind>.jpg.

    Only vessels that the site has described are used; returns micrometres per pixel.
    Raises `VesselNotSeen` or `SizesDisagree`; then nothing changed.
    """
    with store.reading() as session:
        kinds = [vessel_kind(row) for row in session.scalars(select(TillVesselKind))]
    paths = {path.stem: path for path in (folder / "vessels").glob("*.jpg")}
    pictures = {
        kind: read_picture(paths[kind.code]) for kind in kinds if kind.code in paths
    }
    counter = read_picture(folder / "counter.jpg")
    measured = calibrate(counter, _shown(pictures, counter))
    store.change(
        "camera_calibrated",
        _rows(store, measured, now),
        day=sitting.business_day,
    )
    return measured.um_per_pixel


def place_cells(
    store: Store, cells_um: Sequence[tuple[int, int]], sitting: Sitting, now: datetime
) -> None:
    """Say where the load cells stand, in micrometres of the camera's picture."""
    value = json.dumps({"cells_um": [list(cell) for cell in cells_um]})
    row = _row(store, CalibrationKind.PLATFORM, value, now)
    store.change("platform_calibrated", [row], day=sitting.business_day)


def _shown(pictures: Mapping[VesselKind, Picture], counter: Picture) -> list[Shown]:
    """Find each vessel alone, twice: an empty plate's inner edge can pass for its rim.

    An inner edge makes a pixel seem larger, never smaller, so the low quartile of the
    first look is near the truth; the second look knows what size to expect.
    """
    first = [
        1000 * kind.size_mm / (2 * plate.radius)
        for kind, picture in pictures.items()
        for plate in find_plates(picture).plates
    ]
    guess = sorted(first)[len(first) // 4] if first else 0.0
    height, width = counter.shape[:2]
    shown = []
    for kind, picture in pictures.items():
        expected = Calibration(width, height, round(guess), (kind,), (), None)
        plates = [
            one for one in find_plates(picture, expected).plates if not one.is_cut
        ]
        if len(plates) != 1:
            raise VesselNotSeen(name=kind.name, count=len(plates))
        [plate] = plates
        colour = rim_colour(lab_of(picture), plate.rim)
        shown.append(Shown(kind, 2 * plate.radius, colour))
    return shown


def _rows(store: Store, measured: Calibration, now: datetime) -> list[TerminalBase]:
    """Lay a calibration out: camera, empty counter, and the vessels' measured rims."""
    record = measured.to_record()
    camera = {key: record[key] for key in ("width", "height", "um_per_pixel")}
    counter = {"png": base64.b64encode(record["counter"]).decode("ascii")}
    rows: list[TerminalBase] = [
        _row(store, CalibrationKind.CAMERA, json.dumps(camera), now),
        _row(store, CalibrationKind.EMPTY_COUNTER, json.dumps(counter), now),
    ]
    with store.reading() as session:
        revisions = {
            row.code: row.revision for row in session.scalars(select(TillVesselKind))
        }
    site = store.till.site_id
    rows += [
        TillVesselKind(
            site_id=site, revision=revisions[kind.code], **vessel_columns(kind)
        )
        for kind in measured.kinds
    ]
    return rows


def _row(
    store: Store, kind: CalibrationKind, value: str, now: datetime
) -> TillCalibration:
    return TillCalibration(
        site_id=store.till.site_id,
        revision=OWN,
        terminal_id=store.till.terminal_id,
        kind=kind,
        measured_at=now,
        value=value,
    )
