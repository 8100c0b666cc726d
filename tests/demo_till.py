"""A till of the demo canteen, ready for service, for benches and whole-till tests."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from backoffice.db import Database
from backoffice.demo.canteen import SITE, make_canteen
from backoffice.demo.drawing import Setting, enrolment_photo
from backoffice.demo.service import build, snapshot
from models.domain.mealtimes import Meal, Sitting
from pos_terminal import setup
from pos_terminal.app import open_counter
from pos_terminal.config import Settings
from pos_terminal.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backoffice.demo.canteen import Canteen
    from models.sync.messages import Snapshot
    from pos_terminal.app import Counter

WEIGHTS: Final = Path(
    os.environ.get("CANTEEN_WEIGHTS", Path(__file__).parent.parent / "weights")
)
DAY: Final = date(2026, 11, 23)
NOON: Final = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LUNCH: Final = Sitting(DAY, Meal.LUNCH)
HALL: Final = "H1"


def the_canteen() -> Canteen:
    return make_canteen(first_day=DAY)


def the_snapshot(folder: Path, canteen: Canteen) -> Snapshot:
    """What the demo office sends down, through a real office database."""
    database = Database.open(f"sqlite:///{folder / 'office.db'}")
    with database.writing() as session:
        build(session, canteen)
    with database.reading() as session:
        exported = snapshot(session, SITE)
    database.close()
    return exported


@contextmanager
def a_till_in_service(
    folder: Path, sent: Snapshot, *, faces: bool = False, photos: int = 1
) -> Iterator[Counter]:
    """A till that took the snapshot over and enrolled today's dishes from drawings."""
    settings = Settings(db=folder / "till.db", weights=WEIGHTS, threads=2)
    with Store(settings.db) as store:
        store.set_up(sent.site_id, "T1", HALL)
        store.apply(sent)
    setting = Setting(the_canteen(), HALL, LUNCH)
    with open_counter(settings, NOON) as counter:
        for dish in setting.canteen.on_menu(HALL, LUNCH):
            drawn = [enrolment_photo(setting, dish, seed) for seed in range(photos)]
            seen = {sha256(photo.tobytes()).digest(): photo for photo in drawn}
            eye = counter.senses.eye
            setup.enrol_dish(counter.store, eye, dish.code, seen, LUNCH)
    with open_counter(settings, NOON, faces=faces) as counter:
        yield counter
