"""A canteen set up at its own till: what tests of the till start from."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from models.domain.evidence import Charge, PlateVerdict, Served
from models.domain.mealtimes import Meal, Sitting
from models.domain.people import DinerGroup, DinerState
from models.domain.sale import Identified, Payer
from models.domain.serving import (
    Portion,
    PortionMass,
    Serving,
    VesselKind,
    VesselShape,
)
from models.domain.tariffs import PerPortion
from models.domain.units import CERTAIN, NO_MONEY, Mass, Money, Ppm
from models.recognition.dishes import MODEL_ID, Features
from models.recognition.dishes_eye import EMBEDDING_WIDTH, unit
from models.recognition.portion_evidence import PlateSeen, TraySeen, Weighing
from models.tables.people import TillCard, TillDiner
from models.tables.site import TillPolicy
from pos_terminal import setup
from pos_terminal.catalogue import Catalogue
from pos_terminal.flows.checkout import Commit
from pos_terminal.masters import OWN
from tests.makers import NOON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domain.tariffs import Tariff
    from models.tables.people import CardState
    from pos_terminal.flows.checkout import TapAnswer
    from pos_terminal.store import Store

DAY: Final = date(2026, 11, 23)
BREAKFAST: Final = Sitting(DAY, Meal.BREAKFAST)
LUNCH: Final = Sitting(DAY, Meal.LUNCH)
DINNER: Final = Sitting(DAY, Meal.DINNER)
TWO_PERSONS: Final = setup.Actors("李主任", "王会计")
PLATE: Final = VesselKind("P", "圆盘", VesselShape.PLATE, 178, Mass(300_000))
BOWL: Final = VesselKind("B", "饭碗", VesselShape.BOWL, 115, Mass(200_000))
_COLOURS: Final = 8 * 16 * 16


def opened(store: Store) -> None:
    setup.open_site(store, "城东食堂", NOON)


def a_dish(
    name: str,
    tariff: Tariff | None = None,
    portions: tuple[Portion, ...] = (Portion.WHOLE,),
    vessel: str | None = "P",
    grams: int = 200,
) -> setup.NewDish:
    """A dish at 6.00 with portions that weigh alike but for size."""
    scale = {Portion.HALF: 6, Portion.SMALL: 8}
    servings = tuple(
        Serving(name, portion, vessel, mass_of(grams * scale.get(portion, 10) // 10))
        for portion in portions
    )
    return setup.NewDish(name, tariff or PerPortion(Money(600)), servings)


def mass_of(grams: int) -> PortionMass:
    return PortionMass.from_recipe(Mass(grams * 1_000), Mass(grams * 100))


def on_sale(store: Store, *dishes: setup.NewDish) -> Catalogue:
    """Describe two vessels, enter dishes, put them on the menu, read what is on."""
    setup.add_vessels(store, [PLATE, BOWL], LUNCH)
    setup.add_dishes(store, dishes, TWO_PERSONS, LUNCH, DINNER)
    setup.publish_menu(store, LUNCH, [dish.name for dish in dishes])
    return catalogue(store)


def catalogue(store: Store) -> Catalogue:
    with store.reading() as session:
        return Catalogue.read(session, store.till, NOON)


def set_policy(store: Store, **settings: object) -> None:
    site = store.till.site_id
    rows = [
        TillPolicy(site_id=site, revision=OWN, name=name, value=json.dumps(value))
        for name, value in settings.items()
    ]
    store.change("policy_set", rows, day=DAY)


def add_diner(
    store: Store,
    number: str,
    name: str,
    group: DinerGroup = DinerGroup.STAFF,
    state: DinerState = DinerState.ACTIVE,
) -> None:
    row = TillDiner(
        site_id=store.till.site_id,
        revision=OWN,
        id=number,
        name=name,
        organisation="local",
        diner_group=group,
        state=state,
    )
    store.change("diner_registered", [row], day=DAY)


def add_card(store: Store, number: str, diner: str, state: CardState) -> None:
    row = TillCard(
        site_id=store.till.site_id,
        revision=OWN,
        number=number,
        diner=diner,
        state=state,
    )
    store.change("card_given", [row], day=DAY)


def look(dish: int, photo: int = 0) -> Features:
    """Make features: photos of one dish lie near each other, dishes far apart."""
    width = EMBEDDING_WIDTH + _COLOURS
    place = np.random.default_rng([dish]).normal(size=width)
    away = np.random.default_rng([dish, photo, 1]).normal(size=width)
    values = (place + 0.3 * away).astype(np.float32)
    embedding, colour = unit(values[:EMBEDDING_WIDTH]), unit(values[EMBEDDING_WIDTH:])
    none = np.empty((0, EMBEDDING_WIDTH), np.float32)
    return Features(MODEL_ID, embedding, colour, none)


def tray_of(*dishes: str, grams: int | None = None, vessel: str = "P") -> TraySeen:
    """A tray of plates whose dishes and vessels are as good as certain."""
    plates = tuple(PlateSeen({dish: 1.0}, vessels={vessel: 1.0}) for dish in dishes)
    weighing = None
    if grams is not None:
        weighing = Weighing(Mass(grams * 1_000), Mass(1_000))
    return TraySeen(plates, weighing)


def charged(*served: Served | None, dish_ppm: int = CERTAIN) -> Charge:
    """Charge these servings, each of 200 g; `None` is an empty plate."""
    plates = tuple(
        PlateVerdict(
            number, one, Ppm(998_000), Ppm(dish_ppm), Mass(200_000), None, 9_000_000
        )
        for number, one in enumerate(served)
    )
    total = sum((one.price for one in served if one), NO_MONEY)
    return Charge(plates, total, Ppm(997_000))


def committing(
    charge: Charge,
    answers: Sequence[TapAnswer] = (),
    group: DinerGroup = DinerGroup.STAFF,
) -> Commit:
    payer = Payer("d1", group, Identified.CARD)
    return Commit(charge, payer, tuple(answers))
