"""Small menus and trays for the tests of portions."""

from __future__ import annotations

from models.domain.serving import (
    Portion,
    PortionMass,
    Serving,
    VesselKind,
    VesselShape,
)
from models.domain.units import Mass, Money
from models.recognition.portion_evidence import (
    Cell,
    Menu,
    Offer,
    PlateSeen,
    TraySeen,
    Weighing,
)

PLATE = VesselKind("plate", "平盘", VesselShape.PLATE, 200, Mass(300_000))
DISH = VesselKind("dish", "小碟", VesselShape.PLATE, 150, Mass(200_000))
SURE_PLATE = {"plate": 0.99, "dish": 0.01}
SURE_DISH = {"plate": 0.01, "dish": 0.99}
GRAM = Mass(1_000)


def grams(value: float) -> Mass:
    return Mass(round(value * 1_000))


def offer(
    dish: str,
    yuan: int,
    mass_g: float,
    portion: Portion = Portion.WHOLE,
    vessel: str | None = "plate",
) -> Offer:
    """Offer a dish whose portions spread by a tenth."""
    mass = PortionMass.from_recipe(grams(mass_g), grams(mass_g / 10))
    return Offer(Serving(dish, portion, vessel, mass), Money(yuan * 100))


def two_sizes(dish: str, yuan: int, mass_g: float) -> tuple[Offer, Offer]:
    """Offer a whole on a plate and a half, at half the price, on a small dish."""
    return (
        offer(dish, yuan, mass_g),
        offer(dish, yuan // 2, mass_g / 2, Portion.HALF, "dish"),
    )


LUNCH = Menu(
    (
        *two_sizes("红烧肉", 12, 180),
        *two_sizes("青菜", 4, 150),
        *two_sizes("鱼香肉丝", 10, 200),
    ),
    (PLATE, DISH),
)


def seen(
    dish: str,
    sure: float = 0.97,
    *,
    other: str = "青菜",
    vessels: dict[str, float] | None = None,
    place_mm: tuple[float, float] | None = None,
) -> PlateSeen:
    """See `dish` with probability `sure`, `other` with the rest."""
    return PlateSeen(
        {dish: sure, other: 1 - sure},
        vessels=SURE_PLATE if vessels is None else vessels,
        place_mm=place_mm,
    )


def weighed(plates: tuple[PlateSeen, ...], mass_g: float) -> TraySeen:
    return TraySeen(plates, Weighing(grams(mass_g), GRAM))


def on_cells(loads: list[tuple[float, float, float]]) -> Weighing:
    """Share loads (g, x mm, y mm) among the cells of a platform of 400 x 300 mm."""
    cells = []
    for x, y in ((0, 0), (400, 0), (0, 300), (400, 300)):
        mass = sum(
            g * (1 - abs(x - at_x) / 400) * (1 - abs(y - at_y) / 300)
            for g, at_x, at_y in loads
        )
        cells.append(Cell(x, y, grams(mass)))
    return Weighing.from_cells(tuple(cells), GRAM)
