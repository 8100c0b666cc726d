"""What the till has learned: how dishes look, what portions weigh, what is popular.

Looks lie in `dish_feature`, enrolled or from confirmed sales; masses and popularity
are learned again at start from the evidence of the sales kept. What a sale taught can
be taken back by the sale's id. Tables change first, memory last.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from uuid_utils.compat import uuid7

from models.domain.evidence import Charge, PlateVerdict, Reason, Served
from models.domain.serving import Portion
from models.domain.units import NO_MONEY, Mass, Ppm
from models.recognition.dishes import (
    MODEL_ID,
    MOST_LEARNED,
    DishGallery,
    GalleryRow,
)
from models.recognition.portion_evidence import Cell, PlateSeen, TraySeen, Weighing
from models.recognition.portion_memory import SURE_ENOUGH, PortionMemory, lesson
from models.tables.dishes import Taught, TillDishFeature
from models.tables.sales import Evidence, TillVoid
from pos_terminal.masters import OWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from models.domain.sale import Sale
    from models.recognition.dishes import Features
    from pos_terminal.store import Store


def read_gallery(session: Session) -> DishGallery:
    """Build the gallery from the table; features of another model are left aside.

    Sales that were voided may not teach again.
    """
    rows = session.scalars(
        select(TillDishFeature)
        .filter_by(model_id=MODEL_ID)
        .order_by(TillDishFeature.made_at, TillDishFeature.id)
    )
    voided = {str(target) for target in session.scalars(select(TillVoid.target_id))}
    plates = {
        row.feature_id: row.plate
        for row in session.scalars(select(Taught))
        if row.feature_id is not None
    }
    gallery_rows = [
        GalleryRow(
            row.dish,
            row.model_id,
            row.feature,
            str(row.sale_id) if row.sale_id else None,
            plates.get(row.id, 0),
        )
        for row in rows
    ]
    return DishGallery.from_rows(gallery_rows, voided)


def read_portions(session: Session, tares: Mapping[str, Mass]) -> PortionMemory:
    """Learn masses and popularity from the sales kept, all but the voided."""
    portions = PortionMemory()
    voided = set(session.scalars(select(TillVoid.target_id)))
    kept = select(Evidence.sale_id, Evidence.posterior).order_by(Evidence.sale_id)
    for sale_id, text in session.execute(kept):
        if sale_id not in voided:
            tray, charge = _replayed(json.loads(text), tares)
            portions.learn(str(sale_id), lesson(tray, charge, tares))
    return portions


def _replayed(
    evidence: dict[str, Any], tares: Mapping[str, Mass]
) -> tuple[TraySeen, Charge]:
    """Read a settled tray back as far as it teaches; prices teach nothing.

    Nor does the mass of a tray with a vessel the site no longer has.
    """
    seen, verdicts = [], []
    for number, plate in enumerate(evidence["plates"]):
        served = None
        if plate["dish"] is not None:
            served = Served(plate["dish"], Portion(plate["portion"]), NO_MONEY)
        place = plate["place_um"]
        seen.append(
            PlateSeen(
                dishes={},
                vessels={plate["vessel"]: 1.0} if plate["vessel"] in tares else {},
                place_mm=(place[0] / 1000, place[1] / 1000) if place else None,
                state=Reason(plate["state"]) if plate["state"] else None,
                told=served if plate["told"] else None,
            )
        )
        price, dish = Ppm(plate["price_ppm"]), Ppm(plate["dish_ppm"])
        verdicts.append(PlateVerdict(number, served, price, dish))
    reasons = tuple(Reason(reason) for reason in evidence["reasons"])
    vessels = {plate["vessel"] for plate in evidence["plates"]} - {None}
    known = evidence["weighing"] if vessels <= tares.keys() else None
    tray = TraySeen(tuple(seen), _weighing(known))
    ppm = Ppm(evidence["total_ppm"])
    return tray, Charge(tuple(verdicts), NO_MONEY, ppm, reasons)


def _weighing(weighed: dict[str, Any] | None) -> Weighing | None:
    if weighed is None:
        return None
    cells = tuple(Cell(x / 1000, y / 1000, Mass(mg)) for x, y, mg in weighed["cells"])
    return Weighing(Mass(weighed["total_mg"]), Mass(weighed["noise_mg"]), cells)


def feature_row(
    site_id: str, dish: str, features: Features, photo_hash: bytes
) -> TillDishFeature:
    """Lay one enrolled photo out as a row."""
    return TillDishFeature(
        site_id=site_id,
        revision=OWN,
        id=uuid7(),
        dish=dish,
        model_id=features.model_id,
        photo_hash=photo_hash,
        feature=features.to_bytes(),
        made_at=datetime.now(UTC),
    )


def learn(
    store: Store,
    gallery: DishGallery,
    sale: Sale,
    tray: TraySeen,
    features: Sequence[Features | None],
    charge: Charge,
) -> int:
    """Let a confirmed sale teach what its dishes look like; return how many plates.

    Only plates teach whose dish is as good as certain or was told by a person.
    """
    lessons = [
        (verdict, look)
        for verdict, seen, look in zip(
            charge.plates, tray.plates, features, strict=True
        )
        if verdict.served is not None
        and verdict.served.dish in gallery
        and look is not None
        and (seen.told is not None or verdict.dish_ppm >= SURE_ENOUGH)
    ]
    with store.writing() as session:
        for verdict, look in lessons:
            _keep(session, sale, verdict, look)
    for verdict, look in lessons:
        if verdict.served is not None:
            gallery.learn(verdict.served.dish, look, str(sale.id), verdict.plate)
    return len(lessons)


def unlearn(store: Store, gallery: DishGallery, sale_id: UUID) -> int:
    """Take back what a sale taught; return how many plates it was."""
    with store.writing() as session:
        session.execute(delete(Taught).filter_by(sale_id=sale_id))
        session.execute(delete(TillDishFeature).filter_by(sale_id=sale_id))
    return gallery.unlearn(str(sale_id))


def _keep(
    session: Session, sale: Sale, verdict: PlateVerdict, features: Features
) -> None:
    """Keep one plate's lesson, and no more than `MOST_LEARNED` of its dish."""
    if verdict.served is None:
        return
    row = TillDishFeature(
        site_id=sale.till.site,
        revision=OWN,
        id=uuid7(),
        dish=verdict.served.dish,
        model_id=features.model_id,
        sale_id=sale.id,
        feature=features.to_bytes(),
        is_learned=True,
        made_at=sale.made_at,
    )
    session.add(row)
    session.add(
        Taught(
            site_id=sale.till.site,
            business_day=sale.sitting.business_day,
            sale_id=sale.id,
            plate=verdict.plate,
            dish=verdict.served.dish,
            portion=verdict.served.portion,
            feature_id=row.id,
        )
    )
    session.flush()
    learned = select(TillDishFeature.id).filter_by(dish=row.dish, is_learned=True)
    newest_first = learned.order_by(
        TillDishFeature.made_at.desc(), TillDishFeature.id.desc()
    )
    surplus = list(session.scalars(newest_first.offset(MOST_LEARNED)))
    session.execute(delete(TillDishFeature).where(TillDishFeature.id.in_(surplus)))
