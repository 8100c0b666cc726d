"""Rows travel as plain content and arrive as they left."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import inspect

from models.domain.mealtimes import Meal
from models.domain.people import DinerGroup
from models.domain.serving import VesselShape
from models.domain.tariffs import Plan
from models.domain.units import Mass, Money
from models.tables.carried import (
    UnreadableRow,
    carried_tables,
    content_of,
    key_of,
    row_of,
)
from models.tables.dishes import TillDishFeature, TillPriceVersion, TillVesselKind
from models.tables.people import TillDiner

if TYPE_CHECKING:
    from models.tables.base import TerminalBase

REVISION = 1
ROWS: dict[str, TerminalBase] = {
    "price_version": TillPriceVersion(
        site_id="yinchuan",
        revision=REVISION,
        id="p-1",
        plan=Plan.WEIGHT,
        item="凉拌牛肉",
        price=Money(298),
        quantity=Mass(100_000),
        meal=Meal.LUNCH,
        diner_group=DinerGroup.STAFF,
        starts_day=date(2026, 11, 23),
        starts_meal=Meal.LUNCH,
        proposed_by="李明",
        approved_by="王芳",
    ),
    "dish_feature": TillDishFeature(
        site_id="yinchuan",
        id=UUID("0190b0c0-0000-7000-8000-000000000001"),
        dish="d001",
        model_id="lite0",
        photo_hash=bytes(range(32)),
        feature=b"\x00\xff",
        made_at=datetime(2026, 11, 23, 4, 30, tzinfo=UTC),
    ),
    "diner": TillDiner(
        site_id="yinchuan",
        id="n-1",
        name="张三",
        organisation="o-1",
        diner_group=DinerGroup.STAFF,
        last_four=bytes(32),
    ),
    "vessel_kind": TillVesselKind(
        site_id="yinchuan",
        code="bowl",
        name="小碗",
        shape=VesselShape.BOWL,
        size_mm=120,
        tare=Mass(180_500),
    ),
}


def _values(row: TerminalBase) -> dict[str, object]:
    return {
        column.key: getattr(row, column.key) for column in inspect(type(row)).columns
    }


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_arrives_as_it_left(kind: str) -> None:
    row = ROWS[kind]
    content = content_of(kind, row)
    arrived = row_of(kind, "yinchuan", REVISION, content)
    assert _values(arrived) == _values(row)
    assert set(map(type, content.values())) <= {str, int, bool, type(None)}


def test_a_key_names_a_row_within_its_site() -> None:
    content = {"dish": "d1", "portion": "half", "vessel": "*", "mass_count": 4}
    assert key_of("serving", content) == '["d1","half","*"]'


@pytest.mark.parametrize(
    "damage", [{"tare": None}, {"tare": "heavy"}, {"shape": "saucer"}, {"code": None}]
)
def test_damaged_content_is_refused_and_names_its_table(
    damage: dict[str, object],
) -> None:
    content = content_of("vessel_kind", ROWS["vessel_kind"]) | damage
    with pytest.raises(UnreadableRow, match="vessel_kind"):
        row_of("vessel_kind", "yinchuan", 1, content)


def test_a_missing_column_is_refused() -> None:
    content = content_of("vessel_kind", ROWS["vessel_kind"])
    del content["tare"]
    with pytest.raises(UnreadableRow):
        row_of("vessel_kind", "yinchuan", 1, content)


def test_every_table_the_till_needs_to_price_and_recognise_is_carried() -> None:
    needed = {"dish", "price_version", "menu_item", "vessel_kind", "serving"}
    assert needed | {"diner", "card", "face_template", "policy"} <= set(
        carried_tables()
    )
