"""Calibrating a till's camera from pictures: the empty counter, each vessel alone."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from models.domain.errors import DomainError
from models.recognition.runtime import read_picture
from models.recognition.trays import find_plates, rim_colour
from models.recognition.trays_calibration import Shown, calibrate, lab_of
from models.tables.dishes import TillVesselKind
from models.tables.site import CalibrationKind, TillCalibration
from models.tables.values import vessel_columns, vessel_kind
from pos_terminal.masters import OWN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from models.domain.mealtimes import Sitting
    from models.domain.serving import VesselKind
    from models.recognition.trays_calibration import Calibration
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
    pictures = {path.stem: path for path in (folder / "vessels").glob("*.jpg")}
    shown = [
        _shown(kind, pictures[kind.code]) for kind in kinds if kind.code in pictures
    ]
    measured = calibrate(read_picture(folder / "counter.jpg"), shown)
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


def _shown(kind: VesselKind, path: Path) -> Shown:
    picture = read_picture(path)
    plates = [plate for plate in find_plates(picture).plates if not plate.is_cut]
    if len(plates) != 1:
        raise VesselNotSeen(name=path.name, count=len(plates))
    [plate] = plates
    return Shown(kind, 2 * plate.radius, rim_colour(lab_of(picture), plate.rim))


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
