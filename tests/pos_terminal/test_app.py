"""The whole till on drawn trays: real pictures, networks, scale readings and database.

What is tested is the till, not how well it recognises: dishes and seeds are such that
the trays called sure are surely recognised.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import func, select

from backoffice.demo.payers import face_frame, portrait_path
from backoffice.demo.things import Special, draw_special
from models.domain.evidence import Charge, Reason, Refuse
from models.domain.facts import read_sale
from models.domain.people import Assurance, DinerGroup
from models.domain.pricing import Reach
from models.domain.sale import Identified, MassSource
from models.domain.tariffs import ByWeight, Flat, PerPortion, Plan
from models.domain.units import Mass, Money
from models.recognition.gallery import KEY_VARIABLE, FaceKey
from models.recognition.runtime import read_picture
from models.tables.dishes import TillDishFeature
from models.tables.people import CardState
from models.tables.sales import Evidence
from pos_terminal import setup
from pos_terminal.app import NoPlatform, Timed, Unanswered
from pos_terminal.config import Settings
from pos_terminal.flows import checkout as flow
from pos_terminal.senses import Tray, evidence_jpeg
from pos_terminal.store import Store
from tests.demo_till import LUNCH, NOON, WEIGHTS
from tests.pos_terminal import small_till
from tests.pos_terminal.local_canteen import add_card, add_diner, set_policy
from tests.pos_terminal.small_till import in_service
from tests.pos_terminal.test_catalogue import price

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from backoffice.demo.drawing import DrawnTray
    from models.domain.evidence import Question, Served
    from models.domain.serving import Portion
    from models.recognition.runtime import Picture
    from pos_terminal.app import Counter, Visit

pytestmark = [pytest.mark.weights, pytest.mark.slow]

SURE = small_till.tray(5)
THREE = small_till.tray(2, 3, 4, seed=8)
ALWAYS_ASK = 999_000


@pytest.fixture
def settings(lunch: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The till of six dishes, with a diner of each group that pays by card."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    found = Settings(
        db=lunch / "till.db",
        weights=WEIGHTS,
        threads=1,
        face_key=FaceKey.generate(),  # type: ignore[arg-type]  # pydantic hides it
    )
    with Store(found.db) as store:
        for number, group in enumerate(DinerGroup, start=1):
            add_diner(store, f"d{number}", f"就餐人{number}", group)
            add_card(store, f"100{number}", f"d{number}", CardState.ACTIVE)
    return found


def nobody(question: Question) -> Served | None:
    raise Unanswered


def at_card(counter: Counter, number: str = "1001") -> flow.Event:
    return counter.payer([], number, None, Timed(NOON).watch)


def pay(
    counter: Counter,
    drawn: DrawnTray,
    ask: Callable[[Question], Served | None] = nobody,
    payer: flow.Event | None = None,
    *,
    scale: bool = True,
) -> Visit:
    """Put a drawn tray on the counter, weighed, and let a card pay."""
    event = payer or at_card(counter)
    weighing = counter.weighing(drawn.truth.gross) if scale else None
    tray = Tray(drawn.picture, evidence_jpeg(drawn.picture), weighing)
    group = (
        event.payer.group if isinstance(event, flow.PayerKnown) else DinerGroup.STAFF
    )
    visit = counter.see(tray, Timed(NOON), group)
    counter.serve(visit, event, ask)
    return visit


def the_truth(drawn: DrawnTray) -> Callable[[Question], Served | None]:
    """Answer what was drawn on the one plate."""
    [content] = drawn.truth.plates[0].contents
    name = small_till.setting().canteen.dish(content.dish).name

    def answer(question: Question) -> Served | None:
        for option in question.options:
            if (option.what.dish, option.what.portion) == (name, content.portion):
                return option.what
        return None

    return answer


def test_a_sure_tray_is_charged_printed_and_kept(settings: Settings) -> None:
    with in_service(settings) as counter:
        visit = pay(counter, SURE)
        sale = visit.sale
        assert isinstance(visit.state, flow.Paid)
        assert sale is not None
        assert (sale.total, sale.till.number) == (SURE.truth.total, 1)
        receipt = "\n".join(visit.receipt)
        for said in ("城东食堂", "青椒肉丝", str(SURE.truth.total), "就餐人1", "刷卡"):
            assert said in receipt
        fact = counter.store.facts()[-1]
        assert read_sale(fact.body) == sale
        picture = counter.store.pictures / f"{sale.tray}.jpg"
        assert sha256(picture.read_bytes()).hexdigest() == sale.tray
        assert picture.read_bytes() == visit.tray.jpeg


def test_a_tray_of_several_dishes_is_one_sale_with_a_line_each(
    settings: Settings,
) -> None:
    with in_service(settings) as counter:
        sale = pay(counter, THREE).sale
    assert sale is not None
    assert sale.total == THREE.truth.total
    assert {line.dish for line in sale.lines} == {
        small_till.dishes()[number].name for number in (2, 3, 4)
    }
    sources = {line.mass.source for line in sale.lines if line.mass}
    assert sources == {MassSource.INFERRED}


def test_four_cells_tell_the_same_total_and_where_it_stands(
    settings: Settings,
) -> None:
    with in_service(settings) as counter:
        weighing = counter.weighing(None, THREE.truth.cells)
        assert weighing is not None
        assert weighing.total == THREE.truth.gross
        assert len(weighing.cells) == 4
        visit = counter.see(Tray(THREE.picture, None, weighing), Timed(NOON))
        assert isinstance(visit.settlement.verdict, Charge)
        assert visit.settlement.verdict.total == THREE.truth.total
        with pytest.raises(NoPlatform):
            counter.weighing(None, THREE.truth.cells[:3])


def test_the_tare_of_the_tray_is_taken_off_once(settings: Settings) -> None:
    with Store(settings.db) as store:
        set_policy(store, tray_tare_mg=550_001)
    with in_service(settings) as counter:
        tare = Mass(550_001)
        one = counter.weighing(THREE.truth.gross + tare)
        assert one is not None
        assert one.total == THREE.truth.gross
        cells = THREE.truth.cells
        four = counter.weighing(None, (cells[0] + tare, *cells[1:]))
        assert four is not None
        assert abs(four.total.mg - THREE.truth.gross.mg) < 4


def test_a_right_answer_is_charged_and_kept(settings: Settings) -> None:
    drawn = small_till.tray(0)
    with Store(settings.db) as store:
        set_policy(store, charge_above_ppm=ALWAYS_ASK)
    asked: list[Question] = []

    def answer(question: Question) -> Served | None:
        asked.append(question)
        return the_truth(drawn)(question)

    with in_service(settings) as counter:
        sale = pay(counter, drawn, answer).sale
    assert sale is not None
    assert sale.total == drawn.truth.total
    [line] = sale.lines
    assert line.asked is not None
    assert line.asked.chosen is not None
    assert len(asked) == 1


def test_none_of_them_rules_the_options_out(settings: Settings) -> None:
    drawn = small_till.tray(0)
    with Store(settings.db) as store:
        set_policy(store, charge_above_ppm=ALWAYS_ASK)
    shown: list[set[tuple[str, Portion]]] = []

    def none_of_them(question: Question) -> Served | None:
        shown.append({(o.what.dish, o.what.portion) for o in question.options})
        if len(shown) > 1:
            raise Unanswered
        return None

    with in_service(settings) as counter:
        visit = pay(counter, drawn, none_of_them)
        assert visit.sale is None
        assert counter.store.facts()[-1].kind != "sale"
    for later in shown[1:]:
        assert later.isdisjoint(shown[0])


def test_a_question_nobody_answers_leaves_no_sale(settings: Settings) -> None:
    with Store(settings.db) as store:
        set_policy(store, charge_above_ppm=ALWAYS_ASK)
    with in_service(settings) as counter:
        visit = pay(counter, small_till.tray(0))
        assert isinstance(visit.state, flow.Asking)
        assert (visit.sale, visit.receipt) == (None, ())


def test_each_group_pays_its_own_prices(settings: Settings) -> None:
    dish = small_till.dishes()[5]
    workers = Reach(group=DinerGroup.CONTRACT_WORKER)
    dearer = PerPortion(dish.row.price + Money(110))
    with Store(settings.db) as store:
        price(store, Plan.DISH, dish.name, dearer, workers)
    with in_service(settings) as counter:
        worker = pay(counter, SURE, payer=at_card(counter, "1002")).sale
        staff = pay(counter, SURE).sale
    assert worker is not None
    assert staff is not None
    assert worker.total == staff.total + Money(110)
    assert worker.payer is not None
    assert worker.payer.group is DinerGroup.CONTRACT_WORKER


def test_an_attendant_may_name_the_payer(settings: Settings) -> None:
    with in_service(settings) as counter:
        named = counter.payer([], None, "就餐人3", Timed(NOON).watch)
        sale = pay(counter, SURE, payer=named).sale
    assert sale is not None
    assert sale.payer is not None
    assert (sale.payer.diner, sale.payer.identified) == ("d3", Identified.ATTENDANT)


def test_a_hand_over_the_tray_stops_it_until_it_is_gone(settings: Settings) -> None:
    with in_service(settings) as counter:
        visit = pay(counter, draw_special(small_till.setting(), Special.HAND, 1))
        assert isinstance(visit.state, flow.Blocked)
        assert Reason.HAND_IN_PICTURE in visit.settlement.verdict.reasons
        assert (visit.sale, visit.receipt) == (None, ())
        assert isinstance(pay(counter, SURE).state, flow.Paid)


def test_a_plate_cut_by_the_frame_stops_the_tray(settings: Settings) -> None:
    left, _, right, _ = SURE.truth.plates[0].box
    cut = SURE.picture[:, left + (right - left) // 3 :]
    wall = np.zeros_like(SURE.picture[:, : SURE.picture.shape[1] - cut.shape[1]])
    shifted = replace(SURE, picture=np.hstack([cut, wall + 60]))
    with in_service(settings) as counter:
        visit = pay(counter, shifted)
    assert isinstance(visit.settlement.verdict, Refuse)
    assert Reason.CUT_BY_FRAME in visit.settlement.verdict.reasons
    assert visit.sale is None


def test_a_site_by_vessel_charges_the_plate_whatever_it_holds(
    settings: Settings,
) -> None:
    with Store(settings.db) as store:
        set_policy(store, price_by="vessel")
        for number, kind in enumerate(small_till.vessels(), start=1):
            flat = Flat(Money(100 * number))
            price(store, Plan.VESSEL, kind.code, flat, Reach())
    with in_service(settings) as counter:
        visit = pay(counter, SURE)
    assert visit.sale is not None
    [line] = visit.sale.lines
    assert (line.plan, line.item) == (Plan.VESSEL, SURE.truth.plates[0].vessel)
    assert line.dish == small_till.dishes()[5].name
    assert visit.sale.total == Money(100 * (vessel_number(line.item) + 1))


def vessel_number(code: str) -> int:
    return [kind.code for kind in small_till.vessels()].index(code)


def test_a_dish_by_weight_is_charged_by_what_the_scale_says(
    settings: Settings,
) -> None:
    by_weight(settings)
    plate = SURE.truth.plates[0]
    net = plate.gross - plate.tare
    with in_service(settings) as counter:
        sale = pay(counter, SURE).sale
    assert sale is not None
    [line] = sale.lines
    assert (line.plan, line.weighed) == (Plan.WEIGHT, True)
    assert line.mass is not None
    assert line.mass.mass == net
    assert abs(sale.total.fen - 298 * net.mg / 100_000) <= 0.5


def test_a_dish_by_weight_among_others_is_to_be_weighed_alone(
    settings: Settings,
) -> None:
    by_weight(settings)
    with in_service(settings) as counter:
        both = small_till.tray(5, 4)
        visit = pay(counter, both)
        assert visit.sale is None
        assert visit.settlement.verdict.reasons == (Reason.WEIGH_ALONE,)
        unweighed = pay(counter, SURE, scale=False)
        assert unweighed.settlement.verdict.reasons == (Reason.WEIGH_ALONE,)


def by_weight(settings: Settings) -> None:
    """Sell dish 5 by weight, in this hall."""
    with Store(settings.db) as store:
        pair = ByWeight(Money(298), Mass(100_000))
        here = Reach(hall=store.till.hall)
        name = small_till.dishes()[5].name
        price(store, Plan.WEIGHT, name, pair, here)


def test_what_a_tray_teaches_lifts_the_next(settings: Settings) -> None:
    """Told what it is, the till is surer of the same dish drawn anew."""
    first, second = small_till.tray(0), small_till.tray(0, seed=21)
    name = small_till.dishes()[0].name
    with Store(settings.db) as store:
        set_policy(store, charge_above_ppm=ALWAYS_ASK)
    with in_service(settings) as counter:
        before = sureness(counter, second, name)
        assert pay(counter, first, the_truth(first)).sale is not None
        after = sureness(counter, second, name)
        with counter.store.reading() as session:
            learned = select(TillDishFeature.dish).filter_by(is_learned=True)
            assert list(session.scalars(learned)) == [name]
    assert after > before
    with in_service(settings) as counter:
        assert sureness(counter, second, name) == pytest.approx(after, abs=0.02)


def sureness(counter: Counter, drawn: DrawnTray, dish: str) -> float:
    weighing = counter.weighing(drawn.truth.gross)
    visit = counter.see(Tray(drawn.picture, None, weighing), Timed(NOON))
    [look] = visit.sight.looks
    assert look is not None
    return look.ranking.probabilities[dish]


def test_a_kill_between_commit_and_journal_loses_no_sale(settings: Settings) -> None:
    with in_service(settings) as counter:
        first, second = pay(counter, SURE).sale, pay(counter, THREE).sale
    journal = settings.db.with_suffix(".journal")
    whole = journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:50])
    with in_service(settings) as counter:
        assert journal.read_bytes() == whole
        sales = [read_sale(f.body) for f in counter.store.facts() if f.kind == "sale"]
        assert sales == [first, second]
        third = pay(counter, SURE).sale
        assert third is not None
        assert third.till.number == 3
        with counter.store.reading() as session:
            assert session.scalar(select(func.count()).select_from(Evidence)) == 3


@pytest.fixture
def with_face(settings: Settings) -> Settings:
    """The same till, with the face of diner d1 enrolled from three frames."""
    with in_service(settings, faces=True) as counter:
        result = setup.enrol_face(
            counter.store,
            counter.payers,
            "d1",
            [frame("astronaut.png", number) for number in range(3)],
            frozenset(Assurance),
            LUNCH,
        )
        assert result.template is not None
    return settings


def frame(portrait: str, number: int) -> Picture:
    return face_frame(read_picture(portrait_path(WEIGHTS, portrait)), portrait, number)


def test_a_known_face_pays_and_a_stranger_or_a_wall_does_not(
    with_face: Settings,
) -> None:
    with in_service(with_face, faces=True) as counter:
        watch = Timed(NOON).watch
        known = counter.payer([frame("astronaut.png", 3)], None, None, watch)
        sale = pay(counter, SURE, payer=known).sale
        assert sale is not None
        assert sale.payer is not None
        assert (sale.payer.diner, sale.payer.identified) == ("d1", Identified.FACE)
        stranger = counter.payer([frame("grace_hopper.jpg", 1)], None, None, watch)
        assert stranger == flow.PayerUnknown(Reason.NOT_ENROLLED)
        wall = np.full((480, 640, 3), 150, np.uint8)
        nobody_there = counter.payer([wall], None, None, watch)
        assert nobody_there == flow.PayerUnknown(Reason.NO_FACE)
        visit = pay(counter, SURE, payer=stranger)
        assert isinstance(visit.state, flow.Priced)
        assert len(visit.told) == 1
        assert visit.told[0].startswith(Reason.NOT_ENROLLED.chinese)


def test_a_doubtful_face_leaves_the_tray_unpaid_with_its_candidates(
    with_face: Settings,
) -> None:
    with in_service(with_face, faces=True) as counter:
        strict = replace(counter.payers.policy, floor=0.999)
        counter.payers.policy = strict
        watch = Timed(NOON).watch
        doubted = counter.payer([frame("astronaut.png", 3)], None, None, watch)
        assert doubted == flow.PayerDoubted(("d1",))
        visit = pay(counter, SURE, payer=doubted)
        assert isinstance(visit.state, flow.Doubting)
        assert visit.sale is None
        assert counter.store.facts()[-1].kind != "sale"


def test_a_till_without_the_key_has_no_faces_but_takes_cards(
    with_face: Settings,
) -> None:
    keyless = with_face.model_copy(update={"face_key": None})
    with in_service(keyless, faces=True) as counter:
        watch = Timed(NOON).watch
        unseen = counter.payer([frame("astronaut.png", 3)], None, None, watch)
        assert isinstance(unseen, flow.PayerUnknown)
        assert pay(counter, SURE).sale is not None
