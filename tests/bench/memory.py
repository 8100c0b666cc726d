"""The memory of a till in service: run on a prepared folder, prints its peak in MB."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np

from models.domain.evidence import Reason, Unknown
from models.domain.units import Mass
from models.recognition.faces import FaceReader, SFace
from models.recognition.faces_identity import Policy, identify
from models.recognition.gallery import DIMENSIONS, Gallery, normalised
from models.recognition.runtime import read_picture
from pos_terminal.app import Timed, open_counter
from pos_terminal.config import Settings
from pos_terminal.flows.checkout import PayerUnknown
from tests.demo_till import NOON, WEIGHTS

DINERS: Final = 4_000
DISHES: Final = 150


def strangers(count: int) -> Gallery:
    """A gallery of random unit templates."""
    rng = np.random.default_rng(1)
    means = rng.standard_normal((count, DIMENSIONS), dtype=np.float32)
    gallery = Gallery(SFace.model_id)
    gallery.fill([f"d{number}" for number in range(count)], normalised(means))
    return gallery


def main(folder: Path) -> None:
    """Serve a tray and a face with everything loaded, three times."""
    settings = Settings(db=folder / "till.db", weights=WEIGHTS)
    with open_counter(settings, NOON) as counter:
        reader, gallery = FaceReader(SFace(WEIGHTS)), strangers(DINERS)
        photo = counter.senses.dish_photo(folder / "tray.jpg")
        enrolment = counter.senses.eye.enrolment(photo)
        for number in range(DISHES):
            counter.gallery.enrol(f"bench-{number}", [enrolment] * 3)
        weighing = counter.weighing(Mass(2_000_000))
        for _ in range(3):
            payer = PayerUnknown(Reason.NO_FACE)
            counter.see_file(folder / "tray.jpg", weighing, payer, Timed(NOON))
            seen = reader.look(read_picture(folder / "face.jpg"))
            if not isinstance(seen, Unknown):
                identify([seen], gallery, Policy.shipped())
    sys.stdout.write(f"{peak_mb()}\n")


def peak_mb() -> int:
    """Peak resident memory of this program: `ru_maxrss` would count its parent's."""
    status = Path("/proc/self/status").read_text("ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]))
