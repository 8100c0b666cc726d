"""The demo canteen in real databases, on disk as folders, and as a till's snapshot."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backoffice.cli import demo
from backoffice.demo import export
from backoffice.demo.canteen import FIRST_DAY, HALLS, SITE, make_canteen
from backoffice.demo.payers import FRAME, face_frame
from backoffice.demo.service import OfficeNotEmpty, build, initials, snapshot
from models.sync.messages import parse_snapshot
from models.tables.carried import row_of
from models.tables.dishes import (
    OfficeDish,
    OfficeMenuItem,
    OfficePriceVersion,
    OfficeServing,
)
from models.tables.engines import sqlite_engine, writing
from models.tables.people import ConsentRecord, OfficeCard, OfficeDiner, Person
from models.tables.site import Site
from models.tables.values import price_version, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from models.tables.base import OfficeBase


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `canteen demo build` leaves: office.db and snapshot.json."""
    folder = tmp_path_factory.mktemp("demo")
    result = CliRunner().invoke(demo, _build(folder), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "3741" in result.output
    return folder


@pytest.fixture(scope="module")
def office(demo_folder: Path) -> Iterator[Session]:
    engine = sqlite_engine(demo_folder / "office.db")
    with Session(engine) as session:
        yield session
    engine.dispose()


def _build(folder: Path) -> list[str]:
    office, target = folder / "office.db", folder / "snapshot.json"
    days = f"{FIRST_DAY:%Y-%m-%d}"
    return [
        "build",
        f"--office={office}",
        f"--snapshot={target}",
        f"--first-day={days}",
    ]


def _count(session: Session, table: type[OfficeBase]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_office_holds_what_the_canteen_says(office: Session) -> None:
    canteen = make_canteen()
    for table in (Person, OfficeDiner, OfficeCard):
        assert _count(office, table) == 3_741
    assert _count(office, OfficeDish) == 150
    assert _count(office, OfficeMenuItem) == len(canteen.menus)
    prices = [price_version(row) for row in office.scalars(select(OfficePriceVersion))]
    assert Counter(prices) == Counter(canteen.prices)
    servings = [serving(row) for row in office.scalars(select(OfficeServing))]
    assert Counter(servings) == Counter(canteen.servings)


def test_only_the_two_portrait_diners_have_consented(office: Session) -> None:
    consents = office.scalars(select(ConsentRecord)).all()
    assert len(consents) == 2
    faces = {diner.id for diner in make_canteen().diners if diner.portrait}
    assert {row.diner for row in consents} == faces


def test_a_till_can_read_the_snapshot_back(demo_folder: Path) -> None:
    read = parse_snapshot((demo_folder / "snapshot.json").read_bytes())
    assert read.is_complete
    counts = Counter(row.kind for row in read.rows)
    assert counts["diner"] == 3_741
    assert counts["dish"] == 150
    assert counts["hall"] == 2
    for row in read.rows[::20]:
        assert row_of(row.kind, SITE, row.revision, row.content or {})


def test_building_again_writes_nothing_new(demo_folder: Path) -> None:
    before = (demo_folder / "snapshot.json").read_bytes()
    again = CliRunner().invoke(demo, _build(demo_folder), catch_exceptions=False)
    assert "新写入 0 行" in again.output
    assert (demo_folder / "snapshot.json").read_bytes() == before


def test_building_later_adds_only_the_missing_menus(office: Session) -> None:
    later = make_canteen(first_day=FIRST_DAY + timedelta(10))
    added = build(office, later)
    days = set(office.scalars(select(OfficeMenuItem.business_day)))
    assert len(days) == 24
    assert added == _count(office, OfficeMenuItem) - len(make_canteen().menus)
    assert max(row.revision for row in office.scalars(select(OfficeMenuItem))) == 2
    office.rollback()


def test_the_demo_is_never_mixed_with_a_real_site(office: Session) -> None:
    office.add(Site(site_id="shizuishan", name="石嘴山行政中心食堂"))
    with pytest.raises(OfficeNotEmpty):
        build(office, make_canteen())
    office.rollback()


def test_pictures_drawn_once_are_not_drawn_again(tmp_path: Path) -> None:
    stamp = export.Stamp.of(1, 1, 1, tmp_path)
    assert not stamp.is_on(tmp_path)
    stamp.put_on(tmp_path)
    assert stamp.is_on(tmp_path)
    arguments = ["draw", str(tmp_path), "--trays=1", "--photos=1"]
    result = CliRunner().invoke(demo, [*arguments, f"--weights={tmp_path}"])
    assert "最新" in result.output
    assert not export.Stamp.of(1, 1, 2, tmp_path).is_on(tmp_path)


@pytest.mark.slow
def test_it_builds_on_every_database_in_seconds(office_engine: Engine) -> None:
    canteen, start = make_canteen(), time.process_time()
    with Session(writing(office_engine)) as session, session.begin():
        build(session, canteen)
    assert time.process_time() - start < 5
    with Session(office_engine) as session:
        assert len(snapshot(session, SITE).rows) > 10_000


def test_initials_find_a_dish_by_typing() -> None:
    assert initials("红烧肉") == "hsr"


def test_every_command_explains_itself_in_chinese_first() -> None:
    for command in (demo, *demo.commands.values()):
        assert command.help
        assert "\u4e00" <= command.help[0] <= "\u9fff"


def test_drawn_folders_have_the_layout_of_the_evaluations(tmp_path: Path) -> None:
    written = list(export.write_trays(make_canteen(), tmp_path, count=1, seed=40))
    plates = json.loads((tmp_path / "plates.json").read_text("utf-8"))
    truth = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert {path.name for path in written} == set(plates) == set(truth)
    for name, boxes in plates.items():
        assert all(len(box) == 5 for box in boxes)
        assert [box[4] for box in boxes] == [p["vessel"] for p in truth[name]["plates"]]
        assert truth[name]["drawn"] is True


def test_dish_photos_come_in_groups_by_dish(tmp_path: Path) -> None:
    photos = export.write_dishes(make_canteen(), tmp_path, photos=2, seed=1)
    first, second = next(photos), next(photos)
    assert first.parent == second.parent
    assert (first.name, second.name) == ("D003m0__0.jpg", "D003m1__0.jpg")
    assert cv2.imread(str(first)) is not None


def test_a_face_frame_shows_the_portrait_in_front_of_a_wall() -> None:
    portrait = np.full((300, 240, 3), (40, 90, 200), np.uint8)
    frame = face_frame(portrait, "somebody.png", seed=1)
    assert frame.shape == (FRAME[1], FRAME[0], 3)
    assert np.array_equal(frame, face_frame(portrait, "somebody.png", seed=1))
    assert not np.array_equal(frame, face_frame(portrait, "somebody.png", seed=2))
    red = frame[..., 2].astype(int) - frame[..., 0]
    assert red[-200:, 300:340].mean() > 60
    assert abs(red[:20, :60].mean()) < 30


def test_without_portraits_no_face_is_drawn(tmp_path: Path) -> None:
    drawn = export.write_faces(make_canteen(), tmp_path / "f", tmp_path / "none")
    assert list(drawn) == []


def test_the_demo_menu_starts_on_its_first_day() -> None:
    menus = make_canteen().menus
    assert {entry.hall for entry in menus} == set(HALLS)
    assert min(entry.sitting.business_day for entry in menus) == FIRST_DAY
