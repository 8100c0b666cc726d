"""What a till offers: the site's settings, its portions and their prices."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete
from uuid_utils.compat import uuid7

from models.domain.mealtimes import Meal
from models.domain.people import DinerGroup
from models.domain.pricing import PriceVersion, Reach
from models.domain.quote import PlatePricing
from models.domain.serving import Portion
from models.domain.tariffs import ByWeight, Flat, PerPortion, Plan
from models.domain.units import Mass, Money, PriceRounding
from models.recognition import portion_evidence as portions
from models.recognition.portions import Settler
from models.tables.dishes import TillPriceVersion
from models.tables.site import HallKind, TillHall, TillMealTime
from models.tables.values import price_columns
from pos_terminal import setup
from pos_terminal.catalogue import Catalogue, Settings
from pos_terminal.masters import OWN
from tests.makers import NOON
from tests.pos_terminal.local_canteen import (
    BREAKFAST,
    DAY,
    LUNCH,
    a_dish,
    catalogue,
    on_sale,
    set_policy,
)

if TYPE_CHECKING:
    from models.domain.tariffs import Tariff
    from pos_terminal.store import Store

HALF = (Portion.WHOLE, Portion.HALF)


def price(
    store: Store, plan: Plan, item: str, tariff: Tariff | None, reach: Reach
) -> None:
    """Set a price as the office would."""
    version = PriceVersion(
        str(uuid7()), plan, item, tariff, BREAKFAST, "李主任", "王会计", reach
    )
    site = store.till.site_id
    row = TillPriceVersion(site_id=site, revision=OWN, **price_columns(version))
    store.change("price_set", [row], day=DAY)


def priced(
    found: Catalogue, group: DinerGroup = DinerGroup.STAFF
) -> dict[tuple[str, str], object]:
    return {
        (offer.serving.dish, offer.serving.portion.value): offer.price
        for offer in found.offers(group).offers
    }


def test_a_site_that_set_nothing_has_the_products_settings() -> None:
    found = Settings.of({})
    assert found == Settings()
    assert found.plate_pricing == PlatePricing()
    assert (found.charge_above_ppm, found.evidence_days) == (None, 90)


def test_every_setting_is_read_from_its_row_and_others_are_passed(local: Store) -> None:
    set_policy(
        local,
        portion_rounding="jiao_up",
        weight_rounding="jiao_down",
        total_rounding="jiao_half_up",
        price_by="vessel",
        proven_dishes=["鱼"],
        charge_above_ppm=980_000,
        evidence_days=30,
        tray_tare_mg=550_000,
        site_name="城西",
        source="estimate",
    )
    found = catalogue(local)
    assert found.settings == Settings(
        portion_rounding=PriceRounding.JIAO_UP,
        weight_rounding=PriceRounding.JIAO_DOWN,
        total_rounding=PriceRounding.JIAO_HALF_UP,
        plate_pricing=PlatePricing(by_vessel=True, proven=frozenset({"鱼"})),
        charge_above_ppm=980_000,
        evidence_days=30,
        tray_tare=Mass(550_000),
        site_name="城西",
    )
    assert found.policy.charge == pytest.approx(0.98)


def test_a_site_without_a_name_is_headed_by_its_code(local: Store) -> None:
    set_policy(local, site_name=None)
    assert catalogue(local).site_name == "local"


def test_each_portion_is_offered_at_its_rounded_price(local: Store) -> None:
    fish = a_dish("鱼", PerPortion(Money(550)), HALF)
    assert priced(on_sale(local, fish)) == {
        ("鱼", "whole"): Money(550),
        ("鱼", "half"): Money(280),
    }


def test_a_portion_without_a_price_is_not_offered(local: Store) -> None:
    fish = a_dish("鱼", PerPortion(Money(600)), (Portion.WHOLE, Portion.SMALL))
    assert priced(on_sale(local, fish)) == {("鱼", "whole"): Money(600)}


def test_only_the_menu_of_this_meal_is_offered(local: Store) -> None:
    on_sale(local, a_dish("鱼"), a_dish("虾"))
    setup.publish_menu(local, LUNCH, ["虾"])
    assert list(priced(catalogue(local))) == [("虾", "whole")]
    with local.reading() as session:
        evening = Catalogue.read(session, local.till, NOON + timedelta(hours=6))
    assert (evening.sitting.meal, evening.menu) == (Meal.DINNER, ())


def test_dishes_without_a_price_are_all_named_when_settling(local: Store) -> None:
    on_sale(local, a_dish("鱼"), a_dish("虾"), a_dish("蟹"))
    with local.writing() as session:
        unpriced = TillPriceVersion.item.in_(["鱼", "蟹"])
        session.execute(delete(TillPriceVersion).where(unpriced))
    with pytest.raises(portions.PricesMissing, match="蟹、鱼"):
        Settler(catalogue(local).offers())


def test_a_price_ended_for_a_hall_gives_way_to_the_wider_one(local: Store) -> None:
    found = on_sale(local, a_dish("鱼"))
    price(local, Plan.DISH, "鱼", None, Reach(hall=found.hall))
    assert priced(catalogue(local))["鱼", "whole"] == Money(600)


def test_a_group_pays_its_own_price(local: Store) -> None:
    on_sale(local, a_dish("鱼"))
    workers = Reach(group=DinerGroup.CONTRACT_WORKER)
    price(local, Plan.DISH, "鱼", PerPortion(Money(660)), workers)
    found = catalogue(local)
    assert priced(found)["鱼", "whole"] == Money(600)
    assert priced(found, DinerGroup.CONTRACT_WORKER)["鱼", "whole"] == Money(660)


def test_a_dish_by_weight_is_offered_with_its_pair_and_rounding(local: Store) -> None:
    beef = a_dish("牛肉", ByWeight(Money(298), Mass(100_000)))
    [offer] = on_sale(local, beef).offers().offers
    assert offer.price == portions.ByWeight(
        Money(298), Mass(100_000), PriceRounding.FEN
    )


def test_vessels_have_prices_only_where_the_site_prices_by_vessel(local: Store) -> None:
    on_sale(local, a_dish("鱼"))
    price(local, Plan.VESSEL, "P", Flat(Money(800)), Reach())
    assert catalogue(local).offers().vessel_prices == {}
    set_policy(local, price_by="vessel")
    assert catalogue(local).offers().vessel_prices == {"P": Money(800)}


def test_meals_begin_when_the_hall_says(local: Store) -> None:
    assert catalogue(local).sitting == LUNCH
    hall = TillHall(
        site_id="local",
        revision=OWN,
        code="H1",
        name="一餐厅",
        kind=HallKind.HAN,
        day_starts=240,
    )
    late = TillMealTime(
        site_id="local", revision=OWN, hall="H1", meal=Meal.LUNCH, begins=13 * 60
    )
    early = TillMealTime(
        site_id="local", revision=OWN, hall="H1", meal=Meal.BREAKFAST, begins=6 * 60
    )
    local.change("hall_opened", [hall, late, early], day=DAY)
    found = catalogue(local)
    assert (found.sitting, found.hall_name) == (BREAKFAST, "一餐厅")


def test_receipts_have_names_for_dishes_and_vessels(local: Store) -> None:
    found = on_sale(local, a_dish("鱼"))
    assert found.item_names == {"鱼": "鱼", "P": "圆盘", "B": "饭碗"}
    assert (found.calibration, found.platform_mm) == (None, ())
