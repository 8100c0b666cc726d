"""The reference site's shape, made by code from a seed: the demo canteen.

Yinchuan administrative centre: two halls (1 汉餐, 2 清真) with separate vessels, 87
organisations, 3,741 diners, 150 dishes with prices and portion masses, and two weeks
of menus. Every figure is an estimate; the same seed and day give the same canteen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from random import Random
from typing import Final

from backoffice.demo.dishes import SOURCE, Category, Cut, DishRow, dish_rows
from backoffice.demo.people import DemoDiner, Organisation, diners, organisations
from models.domain.mealtimes import Meal, Sitting, Timetable
from models.domain.people import DinerGroup
from models.domain.pricing import (
    ANYWHERE,
    Context,
    PriceList,
    PriceVersion,
    Reach,
)
from models.domain.serving import (
    Portion,
    PortionMass,
    Serving,
    VesselKind,
    VesselShape,
)
from models.domain.tariffs import PerPortion, Plan, PricePolicy
from models.domain.units import Mass, Money, PriceRounding, round_half_up

SITE: Final = "yinchuan"
NAME: Final = "银川行政中心食堂（演示）"
HALLS: Final = ("H1", "H2")
FIRST_DAY: Final = date(2026, 11, 23)
DAYS: Final = 14
_SMALL_SHARE: Final = Fraction(7, 10)
_PROPOSER: Final = "demo-cook"
_APPROVER: Final = "demo-accountant"
_MEAL_SIGN: Final = {Meal.BREAKFAST: "早", Meal.LUNCH: "午", Meal.DINNER: "晚"}
_TIMETABLE: Final = Timetable.of(
    "04:00", {Meal.BREAKFAST: "06:30", Meal.LUNCH: "10:30", Meal.DINNER: "16:30"}
)

_VESSELS: Final = """
P178|18 厘米圆盘|plate|178|395
P152|15 厘米圆盘|plate|152|280
P127|13 厘米圆碟|plate|127|190
B115|11.5 厘米饭碗|bowl|115|205
B180|18 厘米面碗|bowl|180|430
"""
_RIMS: Final[dict[str, tuple[tuple[int, int, int], ...]]] = {
    "H1": ((46, 4, -38), (80, 4, 46), (70, -26, -10), (56, 6, -30), (52, 48, 28)),
    "H2": ((48, -36, 22), (66, 34, 46), (82, -22, 40), (58, -32, 4), (36, 20, 14)),
}
"""CIELAB of each vessel's rim, in the order of `_VESSELS`, by hall."""

_QUOTAS: Final = {
    Meal.LUNCH: dict(zip(Category, (5, 6, 7, 2, 3, 2, 1, 2), strict=True)),
    Meal.DINNER: dict(zip(Category, (4, 5, 6, 2, 3, 2, 1, 1), strict=True)),
    Meal.BREAKFAST: dict(zip(Category, (0, 0, 0, 4, 2, 9, 2, 6), strict=True)),
}
"""How many dishes of each kind a meal offers."""

_APPEAL: Final = dict(zip(Category, (9, 10, 9, 4, 14, 8, 5, 7), strict=True))


@dataclass(frozen=True, slots=True)
class Hall:
    """A dining hall."""

    code: str
    name: str
    is_halal: bool
    timetable: Timetable


@dataclass(frozen=True, slots=True)
class Dish:
    """A dish of one hall. `popularity` is portions sold per 1,000 diners, estimated."""

    code: str
    hall: str
    row: DishRow
    popularity: int

    @property
    def name(self) -> str:
        """What menus and receipts call it."""
        return self.row.name


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A dish on the menu of a hall at a sitting; `place` orders the menu."""

    sitting: Sitting
    hall: str
    dish: str
    place: int


@dataclass(frozen=True)
class Canteen:
    """The whole demo site as values; `source` says that nothing was measured."""

    source: str
    site: str
    name: str
    first_day: date
    halls: tuple[Hall, ...]
    organisations: tuple[Organisation, ...]
    diners: tuple[DemoDiner, ...]
    dishes: tuple[Dish, ...]
    vessels: tuple[VesselKind, ...]
    servings: tuple[Serving, ...]
    prices: tuple[PriceVersion, ...]
    price_policy: PricePolicy
    menus: tuple[MenuEntry, ...]
    policies: tuple[tuple[str, int | str], ...]

    @cached_property
    def price_list(self) -> PriceList:
        """All prices with the site's rounding."""
        return PriceList(self.prices, (self.price_policy,))

    def price(self, serving: Serving, context: Context) -> Money:
        """Price of one serving; `PriceMissing` cannot happen to the demo's dishes."""
        return self.price_list.price_of(serving.dish, serving.portion, context)

    def dish(self, code: str) -> Dish:
        """Find a dish by its code."""
        return next(dish for dish in self.dishes if dish.code == code)

    def vessel(self, code: str) -> VesselKind:
        """Find a vessel kind by its code."""
        return next(kind for kind in self.vessels if kind.code == code)

    def on_menu(self, hall: str, sitting: Sitting) -> tuple[Dish, ...]:
        """Dishes offered in a hall at a sitting, in menu order."""
        wanted = [
            entry
            for entry in self.menus
            if entry.hall == hall and entry.sitting == sitting
        ]
        by_code = {dish.code: dish for dish in self.dishes}
        return tuple(by_code[e.dish] for e in sorted(wanted, key=lambda e: e.place))

    def servings_of(self, dish: str) -> tuple[Serving, ...]:
        """Every portion a dish is sold in, with its vessel."""
        return tuple(one for one in self.servings if one.dish == dish)


def make_canteen(seed: int = 1, first_day: date = FIRST_DAY) -> Canteen:
    """Make the demo canteen; menus run for two weeks from `first_day`."""
    random = Random(seed)  # noqa: S311 - invented data, nothing secret
    units = organisations()
    dishes = _dishes(random)
    return Canteen(
        source=SOURCE,
        site=SITE,
        name=NAME,
        first_day=first_day,
        halls=(
            Hall("H1", "一餐厅（汉餐）", is_halal=False, timetable=_TIMETABLE),
            Hall("H2", "二餐厅（清真）", is_halal=True, timetable=_TIMETABLE),
        ),
        organisations=units,
        diners=diners(random, HALLS, units),
        dishes=dishes,
        vessels=_vessel_kinds(),
        servings=tuple(one for dish in dishes for one in _servings(dish, random)),
        prices=tuple(
            one for dish in dishes for one in _prices(dish, first_day - timedelta(1))
        ),
        price_policy=PricePolicy(portion=PriceRounding.JIAO_HALF_UP),
        menus=tuple(_menus(dishes, first_day, random)),
        policies=(
            ("evidence_days", 90),
            ("portion_rounding", PriceRounding.JIAO_HALF_UP.value),
            ("site_name", NAME),
            ("source", SOURCE),
            ("tray_tare_mg", 0),
        ),
    )


def _dishes(random: Random) -> tuple[Dish, ...]:
    return tuple(
        Dish(
            code=f"D{number:03d}",
            hall=HALLS[row.hall - 1],
            row=row,
            popularity=max(
                5, round(_APPEAL[row.category] * random.lognormvariate(2, 0.5))
            ),
        )
        for number, row in enumerate(dish_rows(), start=1)
    )


def _vessel_kinds() -> tuple[VesselKind, ...]:
    found = []
    for hall, rims in _RIMS.items():
        rows = _VESSELS.strip().splitlines()
        for line, colour in zip(rows, rims, strict=True):
            code, name, shape, size, grams = line.split("|")
            tare = Mass.from_g(grams)
            kind = VesselShape(shape)
            found.append(
                VesselKind(f"{hall}-{code}", name, kind, int(size), tare, colour)
            )
        found.append(
            VesselKind(f"{hall}-BOX", "打包盒", VesselShape.BOX, 170, Mass.from_g("28"))
        )
    return tuple(found)


_SOLD_IN: Final = {
    Category.MEAT: {
        Portion.WHOLE: "P178",
        Portion.SMALL: "P152",
        Portion.HALF: "P127",
    },
    Category.MIXED: {Portion.WHOLE: "P152", Portion.HALF: "P127"},
    Category.VEGETABLE: {Portion.WHOLE: "P152", Portion.HALF: "P127"},
    Category.NOODLES: {Portion.WHOLE: "B180", Portion.SMALL: "B180"},
}
_LARGE_BOWL_FROM: Final = Mass(300_000)


def sold_in(row: DishRow) -> dict[Portion, str]:
    """Which portions a dish is sold in, and the size of vessel for each.

    A half of rice comes in the same bowl: only its mass tells.
    """
    large = row.mass > _LARGE_BOWL_FROM
    if found := _SOLD_IN.get(row.category):
        return found
    if row.category is Category.SOUP:
        return {Portion.WHOLE: "B180" if large else "B115"}
    if row.category is Category.STAPLE and row.ingredients[0].cut is Cut.GRAIN:
        rice = {Portion.WHOLE: "B115", Portion.HALF: "B115"}
        fried = {Portion.WHOLE: "P178", Portion.SMALL: "P152"}
        return fried if row.method == "干炒" else rice
    return {Portion.WHOLE: "P127"}


def _servings(dish: Dish, random: Random) -> list[Serving]:
    """Net masses: halves weigh 55-70 % of a whole, small portions 72-82 %."""
    spread = 5 if dish.row.category is Category.PASTRY else 10
    shares = {
        Portion.WHOLE: 100,
        Portion.SMALL: random.randint(72, 82),
        Portion.HALF: random.randint(55, 70),
    }
    found = []
    for portion, vessel in sold_in(dish.row).items():
        mean = Mass(round_half_up(Fraction(dish.row.mass.mg * shares[portion], 100)))
        mass = PortionMass.from_recipe(mean, Mass(mean.mg * spread // 100))
        found.append(Serving(dish.code, portion, f"{dish.hall}-{vessel}", mass))
    return found


def _scaled(price: Money, percent: int) -> Money:
    return PriceRounding.JIAO_UP.apply(Fraction(price.fen * percent, 100))


def _prices(dish: Dish, starts: date) -> list[PriceVersion]:
    """List price for staff; contract workers pay 110 %, outsiders 150 %.

    Noodles cost 80 % at breakfast. All are whole jiao.
    """
    list_price = dish.row.price
    small = _SMALL_SHARE if Portion.SMALL in sold_in(dish.row) else None
    rules: list[tuple[str, int, Reach]] = [
        ("list", 100, ANYWHERE),
        ("contract", 110, Reach(group=DinerGroup.CONTRACT_WORKER)),
        ("outside", 150, Reach(group=DinerGroup.OUTSIDE)),
    ]
    if dish.row.category is Category.NOODLES:
        rules.append(("breakfast", 80, Reach(meal=Meal.BREAKFAST)))
    return [
        PriceVersion(
            id=f"{dish.code}-{name}-1",
            plan=Plan.DISH,
            item=dish.code,
            tariff=PerPortion(_scaled(list_price, percent), small),
            starts=Sitting(starts, Meal.BREAKFAST),
            proposed_by=_PROPOSER,
            approved_by=_APPROVER,
            reach=reach,
        )
        for name, percent, reach in rules
    ]


def _menus(
    dishes: tuple[Dish, ...], first_day: date, random: Random
) -> list[MenuEntry]:
    found = []
    for day in range(DAYS):
        for hall in HALLS:
            for meal, quotas in _QUOTAS.items():
                sitting = Sitting(first_day + timedelta(day), meal)
                chosen = _chosen(dishes, hall, meal, quotas, random)
                found += [
                    MenuEntry(sitting, hall, dish.code, place)
                    for place, dish in enumerate(chosen)
                ]
    return found


def _chosen(
    dishes: tuple[Dish, ...],
    hall: str,
    meal: Meal,
    quotas: dict[Category, int],
    random: Random,
) -> list[Dish]:
    chosen: list[Dish] = []
    for category, quota in quotas.items():
        able = [
            dish
            for dish in dishes
            if dish.hall == hall
            and dish.row.category is category
            and _MEAL_SIGN[meal] in dish.row.meals
        ]
        chosen += sorted(
            random.sample(able, min(quota, len(able))), key=lambda dish: dish.code
        )
    return chosen
