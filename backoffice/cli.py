"""Commands of the back office: `canteen demo`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import click

from backoffice.db import Database
from backoffice.demo.canteen import FIRST_DAY, SITE, make_canteen
from backoffice.demo.service import build as write_canteen
from backoffice.demo.service import snapshot as export_snapshot
from models.domain.mealtimes import SHANGHAI

_PATH = click.Path(path_type=Path)


@click.group()
def demo() -> None:
    """演示食堂 The demo canteen: made by code, trays drawn by code."""


@demo.command()
@click.option(
    "--office", type=_PATH, default=Path("var/office.db"), help="办公库 Office"
)
@click.option(
    "--snapshot",
    "target",
    type=_PATH,
    default=Path("var/snapshot.json"),
    help="下发数据 Master data for a till",
)
@click.option("--seed", default=1, show_default=True, help="随机种子 Seed")
@click.option(
    "--first-day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="菜单首日，默认今天 First day of the menus, default today",
)
def build(office: Path, target: Path, seed: int, first_day: datetime | None) -> None:
    """生成演示食堂并导出终端数据 Build the demo office and a till's snapshot."""
    canteen = make_canteen(seed, first_day.date() if first_day else _today())
    office.parent.mkdir(parents=True, exist_ok=True)
    database = Database.open(f"sqlite:///{office}")
    try:
        with database.writing() as session:
            written = write_canteen(session, canteen)
        with database.reading() as session:
            exported = export_snapshot(session, SITE)
    finally:
        database.close()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(exported.to_bytes())
    click.echo(
        f"演示食堂 {len(canteen.diners)} 位就餐人员、{len(canteen.dishes)} 道菜，"
        f"新写入 {written} 行；终端数据 {len(exported.rows)} 行：{target}"
    )


def _today() -> date:
    return datetime.now(UTC).astimezone(SHANGHAI).date()


@demo.command()
@click.argument("folder", type=_PATH)
@click.option("--trays", default=12, show_default=True, help="餐盘数 Trays")
@click.option("--photos", default=3, show_default=True, help="每菜照片 Photos a dish")
@click.option("--seed", default=1, show_default=True, help="随机种子 Seed")
@click.option(
    "--weights",
    type=_PATH,
    default=Path("weights"),
    envvar="CANTEEN_WEIGHTS",
    help="人像所在文件夹 Folder of the portraits",
)
def draw(folder: Path, trays: int, photos: int, seed: int, weights: Path) -> None:
    """画出餐盘、菜品和人脸照片 Draw trays, dish photos and face frames."""
    from backoffice.demo import export

    canteen = make_canteen(first_day=FIRST_DAY)
    stamp = export.Stamp.of(trays, photos, seed, weights)
    if stamp.is_on(folder):
        click.echo(f"图片已是最新：{folder}")
        return
    written = chain(
        export.write_trays(canteen, folder / "trays", trays, seed),
        export.write_specials(canteen, folder / "special", seed),
        export.write_dishes(canteen, folder / "dishes", photos, seed),
        export.write_calibration(canteen, folder),
        export.write_faces(canteen, folder / "faces", weights),
    )
    count = sum(1 for _ in written)
    stamp.put_on(folder)
    click.echo(f"已画 {count} 张图（drawn，非实拍）：{folder}")
