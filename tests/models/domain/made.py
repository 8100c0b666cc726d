"""Prices, trays and sales for the tests of the domain: makers and strategies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from hypothesis import strategies as st

from models.domain.evidence import Reason
from models.domain.mealtimes import Meal, Sitting
from models.domain.people import DinerGroup
from models.domain.pricing import ANYWHERE, Context, PriceList, PriceVersion, Reach
from models.domain.quote import Ordered, quote
from models.domain.sale import (
    Asked,
    Identified,
    KnownMass,
    MassSource,
    Payer,
    Recognised,
    Sale,
    SaleLine,
    SecondFactor,
    Till,
)
from models.domain.serving import Portion
from models.domain.tariffs import (
    ByWeight,
    Discount,
    Flat,
    Level,
    PerPortion,
    Plan,
    PricePolicy,
)
from models.domain.units import Mass, Money, Ppm, PriceRounding

if TYPE_CHECKING:
    from models.domain.quote import Quote
    from models.domain.tariffs import Tariff

START: Final = Sitting(date(2026, 11, 1), Meal.BREAKFAST)
TODAY: Final = Sitting(date(2026, 11, 23), Meal.LUNCH)
NOON: Final = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SALE_ID: Final = UUID("019aaed1-0000-7000-8000-000000000001")
VOID_ID: Final = UUID("019aaed1-0000-7000-8000-000000000002")
TEN_PERCENT: Final = Ppm(100_000)


def version(
    number: str,
    item: str,
    tariff: Tariff | None,
    reach: Reach = ANYWHERE,
    starts: Sitting = START,
) -> PriceVersion:
    """Make an approved version; the plan follows from the tariff, else a dish."""
    plan = Plan.WEIGHT if isinstance(tariff, ByWeight) else Plan.DISH
    return PriceVersion(number, plan, item, tariff, starts, "manager", "clerk", reach)


def flat(number: str, plan: Plan, item: str, price: str) -> PriceVersion:
    """Make an approved version of a flat price."""
    tariff = Flat(Money.from_yuan(price))
    return PriceVersion(number, plan, item, tariff, START, "manager", "clerk")


def context(group: DinerGroup = DinerGroup.STAFF, hall: str = "H1") -> Context:
    return Context(hall, TODAY, group)


def readme_prices() -> PriceList:
    """Make the price list of "A tray, step by step" in models/README.md."""
    meat = PerPortion(Money(1550), Money(1100))
    rules = PricePolicy(
        total=PriceRounding.JIAO_DOWN,
        discounts=(
            Discount("D2", Level.TRAY, Ppm(50_000), group=DinerGroup.CONTRACT_WORKER),
            Discount("D1", Level.LINE, TEN_PERCENT, items=frozenset({"红烧肉"})),
        ),
    )
    outside = Reach(group=DinerGroup.OUTSIDE)
    return PriceList(
        [
            version("P1", "红烧肉", meat),
            version("P2", "红烧肉", PerPortion(Money(2000)), outside),
            version("P3", "米饭", PerPortion(Money(100))),
            version("P4", "凉拌黄瓜", ByWeight(Money(298), Mass(100_000))),
            flat("P5", Plan.VESSEL, "蓝盘", "8.00"),
            flat("P6", Plan.BUFFET, "自助餐", "25.00"),
            flat("P7", Plan.SET_MEAL, "套餐", "18.00"),
        ],
        [rules],
    )


_PORTIONS: Final = st.sampled_from(Portion)
words: Final = st.text('水菜ab ×é\n"', min_size=1, max_size=6)
ordered: Final = st.one_of(
    st.builds(
        Ordered, st.just(Plan.DISH), st.just("红烧肉"), _PORTIONS, st.integers(1, 4)
    ),
    st.builds(Ordered, st.just(Plan.DISH), st.just("米饭"), count=st.integers(1, 4)),
    st.builds(
        Ordered,
        st.just(Plan.DISH),
        st.just("凉拌黄瓜"),
        mass=st.integers(1, 2_000_000).map(Mass),
    ),
    st.builds(Ordered, st.just(Plan.VESSEL), st.just("蓝盘"), count=st.integers(1, 3)),
    st.builds(
        Ordered,
        st.just(Plan.PLAIN),
        words,
        amount=st.integers(0, 10_000).map(Money),
    ),
)
trays: Final = (
    st.lists(ordered, min_size=1, max_size=7)
    .map(tuple)
    .filter(lambda tray: all(o.item != "红烧肉" or _sold(o) for o in tray))
)


def _sold(one: Ordered) -> bool:
    """Whether everybody can buy it: outside diners have no small portion."""
    return one.portion is not Portion.SMALL


offs: Final = st.one_of(
    st.integers(0, 1_000_000).map(Ppm), st.integers(0, 5_000).map(Money)
)
policies: Final = st.builds(
    PricePolicy,
    portion=st.sampled_from(PriceRounding),
    weight=st.sampled_from(PriceRounding),
    total=st.sampled_from(PriceRounding),
    discounts=st.lists(
        st.builds(
            Discount,
            st.text("abc", min_size=1, max_size=3),
            st.sampled_from(Level),
            offs,
            st.sampled_from([None, frozenset({"红烧肉"}), frozenset({"米饭", "蓝盘"})]),
            st.sampled_from([None, *DinerGroup]),
        ),
        max_size=4,
    ).map(tuple),
)
contexts: Final = st.builds(
    Context, st.sampled_from(["H1", "H2"]), st.just(TODAY), st.sampled_from(DinerGroup)
)

_OPTIONS: Final = st.lists(st.tuples(words, _PORTIONS), min_size=1, max_size=3).map(
    tuple
)
_masses: Final = st.builds(
    KnownMass,
    st.integers(0, 10**7).map(Mass),
    st.sampled_from(MassSource),
    st.integers(0, 10**12),
)
recognised: Final = st.builds(
    Recognised,
    st.integers(0, 3600).map(lambda late: NOON + timedelta(seconds=late)),
    st.none() | words,
    st.none() | words,
    st.none() | words,
    st.none() | _masses,
    st.integers(0, 1_000_000).map(Ppm),
    st.none()
    | st.builds(Asked, st.sampled_from(Reason), _OPTIONS, st.none() | st.just(0)),
)


def sale_of(
    quoted: Quote, known: tuple[Recognised, ...] | None = None, **changes: object
) -> Sale:
    """Make a sale of a quote; what is sold by weight was weighed."""
    plates = known or tuple(Recognised(NOON) for _ in quoted.lines)
    lines = []
    for line, plate in zip(quoted.lines, plates, strict=True):
        weighed = line.ordered.mass
        measured = weighed and KnownMass(weighed, MassSource.MEASURED, 1)
        lines.append(
            SaleLine.of(
                quoted,
                line,
                Recognised(
                    plate.served_at,
                    plate.dish,
                    plate.dish_version,
                    plate.vessel,
                    measured or plate.mass,
                    plate.posterior,
                    plate.asked,
                ),
            )
        )
    payer = Payer("甲", quoted.context.group, Identified.FACE)
    fields: dict[str, object] = {
        "id": SALE_ID,
        "till": Till("S1", quoted.context.hall, "A1", 7),
        "sitting": quoted.context.sitting,
        "made_at": NOON,
        "payer": payer,
        "lines": tuple(lines),
        "total": quoted.total,
    }
    return Sale(**{**fields, **changes})  # type: ignore[arg-type]  # any field


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    """Draw a sale of anything the README's list sells."""
    where = draw(contexts)
    quoted = quote(readme_prices(), draw(trays), where)
    known = tuple(draw(recognised) for _ in quoted.lines)
    payer = Payer(
        draw(words),
        where.group,
        draw(st.sampled_from(Identified)),
        draw(st.none() | st.sampled_from(SecondFactor)),
    )
    return sale_of(
        quoted,
        known,
        payer=payer,
        tray=draw(st.none() | st.just("ab" * 32)),
        training=draw(st.booleans()),
    )
