"""Whatever is put in, the program answers in sentences, never with a trace."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import delete

from backoffice.demo.drawing import empty_counter
from models.recognition.gallery import KEY_VARIABLE, FaceKey
from models.tables.dishes import TillPriceVersion
from pos_terminal import setup
from pos_terminal.store import Store
from tests.demo_till import WEIGHTS
from tests.pos_terminal import small_till
from tests.pos_terminal.local_canteen import LUNCH, add_diner, set_policy
from tests.pos_terminal.test_doctor import altered
from tests.program import run

if TYPE_CHECKING:
    from pathlib import Path

SETTLE = "settle --tray tray.png --diner d1"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a till named after nobody."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CANTEEN_DB", "till.db")
    monkeypatch.setenv("CANTEEN_AT", "2026-11-23T12:00")
    monkeypatch.setenv("CANTEEN_WEIGHTS", str(WEIGHTS))
    monkeypatch.setenv("CANTEEN_THREADS", "1")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    return tmp_path


@pytest.fixture
def till(here: Path, lunch: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a till ready for lunch, and one diner."""
    assert here.exists()
    monkeypatch.chdir(lunch)
    with Store(lunch / "till.db") as store:
        add_diner(store, "d1", "王芳")
    return lunch


def refused(line: str, code: int = 2) -> str:
    """What the program answers: in Chinese and English, with this exit code."""
    said, got = run(line)
    assert got == code, said
    assert re.search("[\u4e00-\u9fff]{3}", said), said
    assert re.search("[a-z]{2,}[ ;,]+[a-z]{2,}", said), said
    return said


# --- without the networks ---------------------------------------------------------


def test_a_till_that_belongs_to_nobody_says_how_to_begin(here: Path) -> None:
    (here / "dishes.csv").write_text("菜名,价格\n鱼,6\n", "utf-8")
    said = refused("menu import dishes.csv --by 李 --approved-by 王")
    assert "canteen menu init" in said


def test_a_second_process_is_sent_away(here: Path) -> None:
    with Store(here / "till.db"):
        assert "请勿重复启动" in refused("menu init 城东")


def test_a_table_that_is_none_changes_nothing(here: Path) -> None:
    assert run("menu init 城东")[1] == 0
    (here / "dishes.csv").write_bytes(b"PK\x03\x04\r\x00" + bytes(range(256)) * 9)
    refused("menu import dishes.csv --by 李 --approved-by 王")
    (here / "vessels.csv").write_text("编号\nP\n", "utf-8")
    refused("menu vessels vessels.csv")
    with Store(here / "till.db") as store:
        assert (setup.all_dishes(store), len(store.facts())) == ([], 1)


@pytest.mark.parametrize("meal", ["tomorrow", "2026-11-24", "2026-13-01/lunch"])
def test_a_meal_that_is_none_is_shown_how_to_write(here: Path, meal: str) -> None:
    assert run("menu init 城东")[1] == 0
    assert "2026-11-24/lunch" in refused(f"menu today --for {meal}")


def test_a_dish_that_is_not_there_goes_on_no_menu(here: Path) -> None:
    assert run("menu init 城东")[1] == 0
    assert "鱼、虾" in refused("menu today 鱼 虾")


@pytest.fixture
def snapshot(here: Path) -> Path:
    """What the demo office sends down."""
    line = "demo build --office office.db --snapshot s.json --first-day 2026-11-23"
    assert run(line)[1] == 0
    return here / "s.json"


@pytest.mark.slow
def test_a_snapshot_altered_anywhere_changes_nothing(snapshot: Path) -> None:
    whole = snapshot.read_bytes()
    for broken in (whole[:-100], whole.replace(b'"price":', b'"prise":', 1), b"", b"{"):
        snapshot.write_bytes(broken)
        refused("terminal load s.json")
    altered(snapshot)
    refused("terminal load s.json")
    snapshot.write_bytes(whole)
    assert run("terminal load s.json --hall H1")[1] == 0


@pytest.mark.slow
def test_a_till_of_another_site_refuses_the_snapshot(snapshot: Path) -> None:
    assert snapshot.exists()
    assert run("menu init 城东")[1] == 0
    assert "未作任何更改" in refused("terminal load s.json")


# --- with the networks ------------------------------------------------------------


@pytest.mark.weights
@pytest.mark.slow
class TestSettling:
    def test_a_good_tray_is_paid(self, till: Path) -> None:
        said, code = run(f"{SETTLE} --choose 1 --choose 1 --choose 1")
        assert code == 0, said
        assert "王芳" in said
        assert till.exists()

    @pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff\xe0" * 99])
    def test_a_broken_picture_is_to_be_taken_again(
        self, till: Path, content: bytes
    ) -> None:
        (till / "tray.png").write_bytes(content)
        assert "请重新拍摄" in refused(SETTLE)

    def test_a_picture_cut_short_is_to_be_taken_again(self, till: Path) -> None:
        whole = (till / "tray.png").read_bytes()
        (till / "tray.png").write_bytes(whole[: len(whole) // 2])
        assert "请重新拍摄" in refused(SETTLE)

    def test_fifty_megapixels_are_reduced_or_refused(self, till: Path) -> None:
        tray = cv2.imread(str(till / "tray.png"))
        assert tray is not None
        huge = cv2.resize(tray, (8_160, 6_120), interpolation=cv2.INTER_NEAREST)
        assert cv2.imwrite(str(till / "tray.jpg"), huge)
        said, code = run("settle --tray tray.jpg --diner d1 --choose 1 --choose 1")
        assert code in (0, 3), said
        assert cv2.imwrite(str(till / "tray.png"), huge // 128 * 128)
        assert "降低相机分辨率" in refused(SETTLE)

    @pytest.mark.parametrize("tag", [0, 9, 65_535])
    def test_a_senseless_rotation_tag_is_ignored(self, till: Path, tag: int) -> None:
        tagged(till, tag)
        said, code = run("settle --tray tray.jpg --diner d1 --choose 1 --choose 1")
        assert code == 0, said

    def test_a_picture_tagged_upright_wrongly_is_another_camera(
        self, till: Path
    ) -> None:
        tagged(till, 6)
        refused("settle --tray tray.jpg --diner d1")

    @pytest.mark.parametrize("grams", ["abc", "-5", "0", "1", "99999999", "1e3", ""])
    def test_a_mass_that_cannot_be_is_refused(self, till: Path, grams: str) -> None:
        refused(f"{SETTLE} --mass-g={grams or chr(39) * 2}")
        assert unsold(till)

    @pytest.mark.parametrize("cells", ["1,2", "1,2,3,4,5", "a,b,c,d", "0,0,0,0"])
    def test_four_readings_that_cannot_be_are_refused(
        self, till: Path, cells: str
    ) -> None:
        refused(f"{SETTLE} --corners-g={cells}")
        assert unsold(till)

    def test_an_empty_menu_is_to_be_published(self, till: Path) -> None:
        with Store(till / "till.db") as store:
            setup.publish_menu(store, LUNCH, [])
        refused(SETTLE)

    def test_a_missing_price_names_its_dish(self, till: Path) -> None:
        name = small_till.dishes()[0].name
        with Store(till / "till.db") as store, store.writing() as session:
            session.execute(delete(TillPriceVersion).filter_by(item=name))
        assert name in refused(SETTLE)

    def test_missing_weights_send_to_make_setup(
        self, till: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CANTEEN_WEIGHTS", str(till / "nowhere"))
        assert "make setup" in refused(SETTLE)

    def test_one_altered_byte_of_the_weights_is_refused(
        self, till: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        copy = till / "weights"
        shutil.copytree(WEIGHTS, copy)
        altered(copy / "dishes_lite2.onnx")
        monkeypatch.setenv("CANTEEN_WEIGHTS", str(copy))
        assert "dishes_lite2.onnx" in refused(SETTLE)

    def test_a_counter_without_plates_is_not_paid(self, till: Path) -> None:
        small_till.write(till / "tray.png", empty_counter(3))
        assert "没有看到盘子" in refused(SETTLE, 3)
        assert unsold(till)

    def test_a_wall_is_no_tray(self, till: Path) -> None:
        small_till.write(till / "tray.png", np.full((960, 1280, 3), 127, np.uint8))
        refused(SETTLE, 3)

    def test_a_question_nobody_answers_is_put_in_words(self, till: Path) -> None:
        with Store(till / "till.db") as store:
            set_policy(store, charge_above_ppm=1_000_000)
        said = refused(SETTLE, 3)
        assert "--choose" in said
        assert "1. " in said
        assert unsold(till)

    @pytest.mark.parametrize("choice", [-1, 4, 99])
    def test_an_option_that_is_not_there_is_not_taken(
        self, till: Path, choice: int
    ) -> None:
        with Store(till / "till.db") as store:
            set_policy(store, charge_above_ppm=1_000_000)
        assert f"{choice}" in refused(f"{SETTLE} --choose={choice}")
        assert unsold(till)

    @pytest.mark.parametrize("payer", ["--card 404", "--diner 无名"])
    def test_a_payer_that_is_not_there_is_refused(self, till: Path, payer: str) -> None:
        refused(f"settle --tray tray.png {payer}")
        assert unsold(till)

    def test_without_a_payer_nothing_is_charged(self, till: Path) -> None:
        said, code = run("settle --tray tray.png")
        assert code == 3
        assert "刷卡、扫码" in said
        assert unsold(till)

    def test_a_bad_face_key_stops_faces_only(
        self, till: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "short")
        assert "base64" in refused("settle --tray tray.png --face tray.png")
        assert run(f"{SETTLE} --choose 1 --choose 1")[1] == 0
        monkeypatch.setenv(KEY_VARIABLE, FaceKey.generate())
        said, code = run("settle --tray tray.png --face tray.png")
        assert code == 3
        assert "没有看到人脸" in said
        assert till.exists()

    def test_a_damaged_database_is_refused(self, till: Path) -> None:
        (till / "till.db").write_bytes(b"no database" * 999)
        refused(SETTLE)


def tagged(folder: Path, tag: int) -> None:
    """Write the tray as a JPEG with a rotation tag."""
    with Image.open(folder / "tray.png") as picture:
        exif = picture.getexif()
        exif[0x0112] = tag
        picture.convert("RGB").save(folder / "tray.jpg", exif=exif, quality=95)


def unsold(folder: Path) -> bool:
    with Store(folder / "till.db") as store:
        return all(fact.kind != "sale" for fact in store.facts())
