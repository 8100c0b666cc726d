"""Who pays: by face, by card, or named by the attendant.

A face is compared only when this till has the site's key and templates under consent;
without either, everybody pays by another means, and nobody is refused for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from models.domain.errors import DomainError
from models.domain.evidence import Match, Reason, Unknown
from models.domain.people import DinerState
from models.domain.sale import Identified, Payer
from models.recognition.faces_identity import NO_PRIOR, Policy, identify
from models.recognition.gallery import FaceKey, Gallery, SealedTemplate
from models.tables.people import CardState, TillCard, TillDiner, TillFaceTemplate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domain.evidence import Answer
    from models.domain.sale import SecondFactor
    from models.recognition.faces import FaceReader, Seen
    from models.recognition.faces_identity import Prior
    from models.recognition.runtime import Picture
    from pos_terminal.store import Store


class CardUnknown(DomainError):
    """A card that nobody holds, or that was reported lost."""

    code = "card_unknown"
    chinese = "卡号 {number} 未登记或已挂失，请换一种方式付款或找服务员"
    english = "card {number} is not registered or was lost; pay another way"


class DinerUnknown(DomainError):
    """No diner of that name or number, or more than one."""

    code = "diner_unknown"
    chinese = "找到 {count} 位“{name}”，请用人员编号指明"
    english = "{count} diners are called “{name}”; give the diner's number"


class DinerNotActive(DomainError):
    """An account that is suspended or closed."""

    code = "diner_not_active"
    chinese = "{name} 的账户已停用，请联系管理员"
    english = "the account of {name} is suspended or closed; see the office"


def sealed_template(row: TillFaceTemplate) -> SealedTemplate:
    """Read a row of the table."""
    owner = (row.diner, row.model_id, row.consent)
    return SealedTemplate(*owner, row.key_id, row.nonce, row.sealed)


class Payers:
    """The diners of this till, found by face, card or name."""

    def __init__(
        self, store: Store, reader: FaceReader | None, key: FaceKey | None
    ) -> None:
        self._store = store
        self.reader = reader
        self.key = key
        self.policy = Policy.shipped()
        self.gallery = self._opened() if reader and key else None

    def _opened(self) -> Gallery | None:
        """Decrypt the templates that came down or were enrolled here.

        Those of another model or key are left out: their diners pay by other means
        until they are enrolled again, and everybody else is not held up by them.
        """
        if self.reader is None or self.key is None:
            return None
        model = self.reader.engine.model_id
        with self._store.reading() as session:
            usable = select(TillFaceTemplate).filter_by(
                model_id=model, key_id=self.key.key_id
            )
            rows = [sealed_template(row) for row in session.scalars(usable)]
        return Gallery.opened(model, rows, self.key)

    def recognise(
        self, frames: Sequence[Picture], prior: Prior = NO_PRIOR
    ) -> Answer[str]:
        """Tell which diner the frames of one visit show, or what is wrong."""
        if self.reader is None or self.gallery is None:
            return Unknown(Reason.NOT_ENROLLED)
        looks = [self.reader.look(frame) for frame in frames]
        seen: list[Seen] = [look for look in looks if not isinstance(look, Unknown)]
        if seen:
            return identify(seen, self.gallery, self.policy, prior)
        reasons = [look for look in looks if isinstance(look, Unknown)]
        return reasons[0] if reasons else Unknown(Reason.NO_FACE)

    def by_face(self, answer: Match[str]) -> Payer:
        """Take the diner of a certain face."""
        return self._payer(self._diner(answer.what), Identified.FACE)

    def by_card(self, number: str) -> Payer:
        """Find whose card it is; raises `CardUnknown` or `DinerNotActive`."""
        with self._store.reading() as session:
            card = session.scalar(select(TillCard).filter_by(number=number))
        if card is None or card.state is not CardState.ACTIVE:
            raise CardUnknown(number=number)
        return self._payer(self._diner(card.diner), Identified.CARD)

    def named(self, name: str) -> Payer:
        """Take a diner the attendant names, by number or by a name only one has."""
        return self._payer(self._diner(name), Identified.ATTENDANT)

    def name(self, diner: str) -> str:
        """Give what screens and receipts call a diner."""
        return self._diner(diner).name

    def _diner(self, name: str) -> TillDiner:
        wanted = or_(TillDiner.id == name, TillDiner.name == name)
        with self._store.reading() as session:
            found = list(session.scalars(select(TillDiner).where(wanted)))
            session.expunge_all()
        if len(found) != 1:
            raise DinerUnknown(name=name, count=len(found))
        return found[0]

    def _payer(
        self, diner: TillDiner, how: Identified, second: SecondFactor | None = None
    ) -> Payer:
        if diner.state is not DinerState.ACTIVE:
            raise DinerNotActive(name=diner.name)
        return Payer(diner.id, diner.diner_group, how, second)
