"""Commands of the till: settle, enrol, load, lunch, doctor (`menu`: cli_menu.py)."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from models.domain.mealtimes import SHANGHAI, Sitting, sitting_at
from models.domain.people import Assurance, DinerGroup
from models.domain.units import Mass
from pos_terminal.config import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.domain.evidence import Question, Served
    from pos_terminal.app import Counter
    from pos_terminal.store import Store

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
PHOTOS = (".jpg", ".jpeg", ".png")

NOT_PAID = 3
"""Exit code of a tray that was seen but not paid: a question, a hand, no payer."""

database = click.option(
    "--db", type=click.Path(path_type=Path), help="终端数据库 The till's database"
)
clock = click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M"]),
    envvar="CANTEEN_AT",
    help="北京时间，默认现在 Beijing time, default now",
)


def settings_for(db: Path | None) -> Settings:
    """Read the settings, with the database given on the command line."""
    settings = Settings()
    return settings if db is None else settings.model_copy(update={"db": db})


def instant(at: datetime | None) -> datetime:
    """Read a wall-clock time as Beijing time."""
    return at.replace(tzinfo=SHANGHAI).astimezone(UTC) if at else datetime.now(UTC)


@contextmanager
def opened(db: Path | None) -> Iterator[Store]:
    """Open the till's database alone."""
    from pos_terminal.store import Store

    settings = settings_for(db)
    with Store(settings.db, settings.journal) as store:
        yield store


@contextmanager
def in_service(
    db: Path | None, now: datetime, *, faces: bool = False
) -> Iterator[Counter]:
    """Open the till with its networks."""
    from pos_terminal.app import open_counter

    with open_counter(settings_for(db), now, faces=faces) as counter:
        yield counter


def running(store: Store, now: datetime) -> Sitting:
    """Tell the sitting under way in this till's hall."""
    from pos_terminal.catalogue import hall_timetable

    with store.reading() as session:
        return sitting_at(now, hall_timetable(session, store.till))


# --- settle -----------------------------------------------------------------------


@click.command()
@click.option("--tray", required=True, type=FILE, help="餐盘照片 Photo of the tray")
@click.option("--mass-g", help="总重（克，含餐具）Scale reading in grams")
@click.option("--corners-g", help="四角读数 a,b,c,d（克）Four cells in grams")
@click.option("--face", type=FILE, multiple=True, help="人脸照片 Face frames")
@click.option("--card", help="卡号 Card number")
@click.option("--diner", help="服务员指明的就餐人 Diner named by the attendant")
@click.option(
    "--choose", type=int, multiple=True, help="回答提问 1-3，0 为都不是 Answers"
)
@database
@clock
def settle(
    tray: Path,
    mass_g: str | None,
    corners_g: str | None,
    face: tuple[Path, ...],
    card: str | None,
    diner: str | None,
    choose: tuple[int, ...],
    db: Path | None,
    at: datetime | None,
) -> None:
    """结算一个餐盘 Settle one tray: receipt, then one JSON line."""
    from models.recognition.runtime import read_picture
    from pos_terminal.app import Timed
    from pos_terminal.told import described, unpaid

    if mass_g is not None and corners_g is not None:
        raise click.UsageError("总重和四角读数只给一种 give --mass-g or --corners-g")
    now = instant(at)
    with in_service(db, now, faces=bool(face)) as counter:
        timed = Timed(now)
        frames = [read_picture(path) for path in face]
        payer = counter.payer(frames, card, diner, timed.watch)
        weighing = counter.weighing(_grams(mass_g), _corners(corners_g))
        visit = counter.see_file(tray, weighing, payer, timed)
        counter.serve(visit, payer, _answers(choose, counter))
        stopped = unpaid(visit, counter.catalogue.names)
        for line in (*visit.receipt, *visit.told, *stopped):
            click.echo(line)
        click.echo(json.dumps(described(visit, counter), ensure_ascii=False))
    if visit.sale is None:
        sys.exit(NOT_PAID)


def _grams(text: str | None) -> Mass | None:
    return None if text is None else Mass.from_g(text)


def _corners(text: str | None) -> tuple[Mass, ...]:
    return () if text is None else tuple(Mass.from_g(one) for one in text.split(","))


class _answers:  # noqa: N801 - used as a function
    """Answer questions from the command line, then at the keyboard."""

    def __init__(self, given: tuple[int, ...], counter: Counter) -> None:
        self._given = iter(given)
        self._names = counter.catalogue.names

    def __call__(self, question: Question) -> Served | None:
        from pos_terminal.app import Unanswered

        chosen = next(self._given, None)
        if chosen is None:
            if not sys.stdin.isatty():
                raise Unanswered
            chosen = self._prompt(question)
        if chosen == 0:
            return None
        if not 0 < chosen <= len(question.options):
            most = len(question.options)
            said = f"没有第 {chosen} 项，请选 0 到 {most} choose 0 to {most}"
            raise click.UsageError(said)
        return question.options[chosen - 1].what

    def _prompt(self, question: Question) -> int:
        from pos_terminal.told import asked

        for line in asked(question, self._names):
            click.echo(line, err=True)
        return click.prompt("请选择，0 为都不是", type=int, err=True)


# --- enrol ------------------------------------------------------------------------


def photos_in(folder: Path) -> list[Path]:
    """List the photos of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTOS)


@click.command("enrol-dish")
@click.argument("name", required=False)
@click.argument("photos", nargs=-1, type=FILE)
@click.option("--folder", type=FOLDER, help="每个子文件夹一道菜 A folder a dish")
@click.option("--forget", is_flag=True, help="删除该菜的照片特征 Forget the dish")
@database
@clock
def enrol_dish(
    name: str | None,
    photos: tuple[Path, ...],
    folder: Path | None,
    forget: bool,
    db: Path | None,
    at: datetime | None,
) -> None:
    """登记菜品照片（1-5 张）Enrol a dish from 1-5 photos of a plate or a tray."""
    from pos_terminal import setup

    wanted = {name: photos} if name else {}
    if folder is not None:
        folders = sorted(path for path in folder.iterdir() if path.is_dir())
        wanted |= {path.name: tuple(photos_in(path)[:5]) for path in folders}
    if not wanted:
        raise click.UsageError("请给出菜名和照片，或 --folder: name a dish or a folder")
    with in_service(db, instant(at)) as counter:
        sitting = counter.catalogue.sitting
        codes = setup.dish_codes(counter.store, list(wanted))
        for code, (dish, paths) in zip(codes, wanted.items(), strict=True):
            if forget:
                count = setup.forget_dish(counter.store, code, sitting)
                click.echo(f"{dish}：已删除 {count} 张照片的特征")
                continue
            seen = {
                sha256(path.read_bytes()).digest(): counter.senses.dish_photo(path)
                for path in paths
            }
            setup.enrol_dish(counter.store, counter.senses.eye, code, seen, sitting)
            click.echo(f"{dish}：已登记 {len(seen)} 张照片")


@click.command("enrol-face")
@click.argument("diner")
@click.argument("photos", nargs=-1, type=FILE)
@click.option(
    "--consent", is_flag=True, help="本人已单独、知情、自愿同意 Consent given"
)
@click.option("--new", is_flag=True, help="先登记该就餐人 Register the diner first")
@click.option(
    "--group",
    type=click.Choice([group.value for group in DinerGroup]),
    default=DinerGroup.STAFF.value,
    help="新就餐人的类别 Group of a new diner",
)
@click.option("--withdraw", is_flag=True, help="撤回同意并删除 Withdraw and delete")
@database
@clock
def enrol_face(
    diner: str,
    photos: tuple[Path, ...],
    consent: bool,
    new: bool,
    group: str,
    withdraw: bool,
    db: Path | None,
    at: datetime | None,
) -> None:
    """登记人脸（3-5 张，须本人同意）Enrol a diner's face, with consent."""
    from models.recognition.runtime import read_picture
    from pos_terminal import setup

    with in_service(db, instant(at), faces=not withdraw) as counter:
        store, sitting = counter.store, counter.catalogue.sitting
        if new:
            number = setup.add_diner(store, diner, DinerGroup(group), sitting)
            click.echo(f"已登记就餐人 {diner}，编号 {number}")
            diner = number
        payer = counter.payers.named(diner).diner
        if withdraw:
            proof = setup.withdraw_face(store, counter.payers, payer, sitting)
            click.echo(f"已撤回同意并删除模板，删除凭证 {proof}")
            return
        confirmed = frozenset(Assurance) if consent else frozenset()
        if not consent:
            click.echo(setup.NOTICE_TEXT, err=True)
        pictures = [read_picture(path) for path in photos]
        result = setup.enrol_face(
            store, counter.payers, payer, pictures, confirmed, sitting
        )
    for path, verdict in zip(photos, result.verdicts, strict=True):
        click.echo(f"{path.name}：{verdict.chinese if verdict else '合格'}")
    for warning in result.warnings:
        click.echo(f"注意：{warning.chinese}")
    if result.template is None:
        click.echo("没有合格的照片，未登记", err=True)
        sys.exit(NOT_PAID)


# --- the till itself --------------------------------------------------------------


@click.group()
def terminal() -> None:
    """终端数据：载入、校准、密钥、演示 A till's data: load, calibrate, key, lunch."""


@terminal.command()
@click.argument("snapshot", type=FILE)
@click.option("--code", default="T1", show_default=True, help="终端编号 Till's code")
@click.option("--hall", help="所在餐厅，默认第一个 Hall, default the first")
@database
def load(snapshot: Path, code: str, hall: str | None, db: Path | None) -> None:
    """载入办公端下发的数据 Load the master data that the office exported."""
    from models.sync.messages import parse_snapshot

    parsed = parse_snapshot(snapshot.read_bytes())
    halls = sorted(
        str(row.content["code"])
        for row in parsed.rows
        if row.kind == "hall" and row.content
    )
    if hall not in {None, *halls} or not halls:
        known = " ".join(halls) or "无 none"
        raise click.UsageError(f"没有餐厅“{hall}”，下发数据中有 the halls are: {known}")
    with opened(db) as store:
        store.set_up(parsed.site_id, code, hall or halls[0])
        changed = store.apply(parsed)
    click.echo(f"已载入 {changed} 行，站点 {parsed.site_id}，版本 {parsed.upto}")


@terminal.command()
def key() -> None:
    """生成人脸密钥 Draw a new key for CANTEEN_FACE_KEY; keep it safe."""
    from models.recognition.gallery import FaceKey

    click.echo(FaceKey.generate())


@terminal.command()
@click.argument("folder", type=FOLDER)
@database
@clock
def calibrate(folder: Path, db: Path | None, at: datetime | None) -> None:
    """用空台面和单个餐具的照片校准相机 Calibrate from DIR/counter.jpg, DIR/vessels."""
    from pos_terminal import calibration

    with opened(db) as store:
        now = instant(at)
        scale = calibration.calibrate_folder(store, folder, running(store, now), now)
    click.echo(f"已校准：每像素 {scale} 微米")


@terminal.command()
@click.argument("folder", type=FOLDER)
@click.option("--limit", default=100, show_default=True, help="最多餐盘数 Most trays")
@database
@clock
def lunch(folder: Path, limit: int, db: Path | None, at: datetime | None) -> None:
    """结算一个文件夹里的演示餐盘 Settle the drawn trays of a folder, with receipts."""
    from pos_terminal.lunch import prepare, settle_folder

    now = instant(at)
    with in_service(db, now, faces=True) as counter:
        click.echo(prepare(counter, folder, now))
    with in_service(db, now, faces=True) as counter:
        for text in settle_folder(counter, folder, limit, now):
            click.echo(text)


@click.command()
@database
def doctor(db: Path | None) -> None:
    """检查权重、数据库、时钟、磁盘、设备 Check this till and say what to do."""
    from pos_terminal.doctor import examine

    found = list(examine(settings_for(db)))
    for one in found:
        click.echo(f"{'正常' if one.well else '有问题'}  {one.subject}：{one.said}")
        if one.cure:
            click.echo(f"      → {one.cure}")
    if not all(one.well for one in found):
        sys.exit(1)
