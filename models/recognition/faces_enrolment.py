"""Enrol a diner's face: judge every photo, warn of what may go wrong, make a template.

Three to five photos are asked for; one or two are accepted with a warning. A photo is
judged as at the till. The operator sees a verdict for each photo and may take others.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from models.domain.errors import DomainError
from models.domain.evidence import Reason, Unknown
from models.recognition.gallery import Template, normalised, require_standing
from models.recognition.weights import scalars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domain.people import Consent
    from models.recognition.faces import FaceReader, Seen
    from models.recognition.gallery import Gallery
    from models.recognition.runtime import Picture

_ENOUGH: Final = 3
_MOST: Final = 5


class TooManyPhotos(DomainError):
    """More photos than a template holds."""

    code = "too_many_photos"
    chinese = "一次最多登记 {most} 张照片，收到 {count} 张，请挑选后再试"
    english = "at most {most} photos, got {count}; choose the best and try again"


class Warned(StrEnum):
    """What the operator should know before keeping the template."""

    FEW_PHOTOS = "few_photos"
    PHOTOS_DIFFER = "photos_differ"
    LIKE_ANOTHER = "like_another"

    @property
    def chinese(self) -> str:
        """What the operator reads."""
        return _WARNINGS[self]


_WARNINGS: Final = {
    Warned.FEW_PHOTOS: "合格照片不足三张，识别率会降低，建议补拍",
    Warned.PHOTOS_DIFFER: "照片之间相差太大，请确认是同一个人",
    Warned.LIKE_ANOTHER: "与另一位就餐人员很像，请核对；结算时将要求第二验证",
}


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What came of the photos, in their order: `None` is a good photo.

    `template` is `None` when no photo is good. `like` names the other diner of
    `LIKE_ANOTHER`, for the operator's eyes only.
    """

    verdicts: tuple[Reason | None, ...]
    template: Template | None
    warnings: tuple[Warned, ...]
    like: str | None = None


def enrol(
    reader: FaceReader, gallery: Gallery, consent: Consent, photos: Sequence[Picture]
) -> Enrolment:
    """Judge the photos and make a template; the caller seals, stores and adds it.

    Raises `TooManyPhotos`, `NoConsent` (withdrawn) or `OtherModel`.
    """
    if len(photos) > _MOST:
        raise TooManyPhotos(most=_MOST, count=len(photos))
    require_standing(consent)
    looks = [reader.look(photo) for photo in photos]
    verdicts = tuple(
        look.reason if isinstance(look, Unknown) else None for look in looks
    )
    good = [look for look in looks if not isinstance(look, Unknown)]
    if not good:
        return Enrolment(verdicts, None, ())
    singles = [seen.vector for seen in good]
    template = Template.made(consent, reader.engine.model_id, singles)
    limits = scalars("faces_enrolment")
    like = _like(template, gallery, limits["like_another"])
    warned = {
        Warned.FEW_PHOTOS: len(good) < _ENOUGH,
        Warned.PHOTOS_DIFFER: _least_alike(good) < limits["photos_differ"],
        Warned.LIKE_ANOTHER: like is not None,
    }
    warnings = tuple(warning for warning, holds in warned.items() if holds)
    return Enrolment(verdicts, template, warnings, like)


def _like(template: Template, gallery: Gallery, limit: float) -> str | None:
    """Find the other diner whom this one resembles most, if above the limit."""
    ranked = gallery.nearest(template.mean, template.model_id, 2)
    for diner, score in zip(ranked.diners, ranked.scores, strict=True):
        if diner != template.diner and score > limit:
            return diner
    return None


def _least_alike(good: Sequence[Seen]) -> float:
    """Cosine of the photo least like the mean of the others; 1.0 for a single one."""
    if len(good) == 1:
        return 1.0
    rows = np.stack([seen.vector for seen in good])
    others = normalised(rows.sum(axis=0) - rows)
    return float((rows * others).sum(axis=1).min())
