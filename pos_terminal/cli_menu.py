"""`canteen menu`: a canteen without an office sets up its dishes and today's menu."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from models.domain.mealtimes import Meal, Sitting
from pos_terminal.cli import FILE, clock, database, instant, opened, running

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_proposer = click.option("--by", required=True, help="提出人 Who proposes the prices")
_approver = click.option(
    "--approved-by", required=True, help="批准人（另一人）Who approves: another person"
)
_from = click.option("--from", "starts", help="改价从哪一餐起，如 2026-11-24/lunch")


@click.group()
def menu() -> None:
    """菜品、价格、今日菜单 Dishes, prices and today's menu."""


@menu.command()
@click.argument("name")
@database
@clock
def init(name: str, db: Path | None, at: datetime | None) -> None:
    """建立一个食堂 Set up a canteen called NAME on this till."""
    from pos_terminal import setup

    with opened(db) as store:
        setup.open_site(store, name, instant(at))
    click.echo(f"已建立：{name}")


@menu.command("import")
@click.argument("table", type=FILE)
@_proposer
@_approver
@_from
@database
@clock
def import_(
    table: Path,
    by: str,
    approved_by: str,
    starts: str | None,
    db: Path | None,
    at: datetime | None,
) -> None:
    """录入菜品表（CSV：菜名,价格,份量,整份克重...）Enter dishes from a table."""
    from pos_terminal import menu_file, setup

    with opened(db) as store:
        now = running(store, instant(at))
        dishes = menu_file.read_dishes(
            table.read_bytes(), table.name, setup.vessel_codes(store)
        )
        later = _sitting(starts) if starts else _next(now)
        setup.add_dishes(store, dishes, setup.Actors(by, approved_by), now, later)
    click.echo(f"已录入 {len(dishes)} 道菜")


@menu.command()
@click.argument("table", type=FILE)
@database
@clock
def vessels(table: Path, db: Path | None, at: datetime | None) -> None:
    """录入餐具表（CSV：编号,名称,形状,毫米,克重）Enter vessels from a table."""
    from pos_terminal import menu_file, setup

    kinds = menu_file.read_vessels(table.read_bytes(), table.name)
    with opened(db) as store:
        setup.add_vessels(store, kinds, running(store, instant(at)))
    click.echo(f"已录入 {len(kinds)} 种餐具")


@menu.command()
@click.argument("dishes", nargs=-1)
@click.option("--for", "sitting", help="哪一餐，如 2026-11-24/lunch，默认当前餐")
@database
@clock
def today(
    dishes: tuple[str, ...], sitting: str | None, db: Path | None, at: datetime | None
) -> None:
    """发布菜单（不写菜名则全部菜品）Publish a menu; all dishes when none is named."""
    from pos_terminal import setup

    with opened(db) as store:
        when = _sitting(sitting) if sitting else running(store, instant(at))
        codes = setup.dish_codes(store, dishes) if dishes else setup.all_dishes(store)
        setup.publish_menu(store, when, codes)
    click.echo(f"{when} 菜单：{len(codes)} 道菜")


@menu.command()
@database
@clock
def show(db: Path | None, at: datetime | None) -> None:
    """显示当前菜单和价格 Show the menu of the meal under way, with prices."""
    from pos_terminal.catalogue import Catalogue

    with opened(db) as store, store.reading() as session:
        offer = Catalogue.read(session, store.till, instant(at))
    click.echo(f"{offer.site_name}  {offer.hall_name}  {offer.sitting}")
    for each in offer.offers().offers:
        serving = each.serving
        price = "缺价格" if each.price is None else str(each.price)
        click.echo(f"{offer.names[serving.dish]}  {serving.portion.chinese}  {price}")


def _next(now: Sitting) -> Sitting:
    """Give the meal after `now`: the earliest from which a price may change."""
    meals = list(Meal)
    if now.meal.place + 1 < len(meals):
        return Sitting(now.business_day, meals[now.meal.place + 1])
    return Sitting(now.business_day + timedelta(days=1), meals[0])


def _sitting(text: str) -> Sitting:
    """Read "2026-11-24/lunch"."""
    day, _, meal = text.partition("/")
    try:
        return Sitting(date.fromisoformat(day), Meal(meal))
    except ValueError as wrong:
        meals = " ".join(Meal)
        said = f"“{text}”请写成 2026-11-24/lunch write a day and one of {meals}"
        raise click.UsageError(said) from wrong
