"""Face templates: made under a consent, sealed at rest, searched in memory.

At rest a template is a `SealedTemplate`: AES-256-GCM under the site's data key, with
diner, model and consent as associated data, so that a row moved to another diner
or consent does not open. In memory a `Gallery` holds one normalised mean per diner
in one matrix and searches it exactly; approximate indexes lost recall.

Vectors are unit length float32 of `DIMENSIONS`; scores are cosines.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from models.domain.errors import DomainError
from models.domain.people import NoConsent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from models.domain.people import Consent

Vector = NDArray[np.float32]
"""One face as a direction: unit length, shape (DIMENSIONS,)."""

DIMENSIONS: Final = 128
KEY_VARIABLE: Final = "CANTEEN_FACE_KEY"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_LEAST_ROWS: Final = 1024


class FaceKeyMissing(DomainError):
    """No data key: templates can be neither made nor opened."""

    code = "face_key_missing"
    chinese = "未设置人脸数据密钥 {variable}，刷脸不可用；请由管理员设置后重启"
    english = "{variable} is not set: no face payment; set the site's key and restart"


class FaceKeyBad(DomainError):
    """The data key is not 32 bytes in base64."""

    code = "face_key_bad"
    chinese = "人脸数据密钥 {variable} 格式不对，应为 32 字节的 base64 文本"
    english = "{variable} must be 32 bytes as base64 text"


class TemplateLocked(DomainError):
    """A template that this key does not open: other key, altered or moved row."""

    code = "template_locked"
    chinese = "就餐人员 {diner} 的人脸模板无法解密（密钥不符或数据被改动），请重新登记"
    english = "the face template of {diner} does not open: other key, or altered"


class OtherModel(DomainError):
    """Templates of two models say nothing about each other."""

    code = "other_model"
    chinese = "人脸模板来自另一模型（{found}，应为 {expected}），不能比对，请重新登记"
    english = "face templates of {found} and {expected} cannot be compared; enrol again"


class NotWithdrawn(DomainError):
    """Templates are deleted under a withdrawn consent only."""

    code = "not_withdrawn"
    chinese = "同意书 {consent} 尚未撤回，请先登记撤回再删除模板"
    english = "consent {consent} is not withdrawn; withdraw it, then delete"


def require_standing(consent: Consent) -> None:
    """Refuse a withdrawn consent with `NoConsent`, before any face is looked at."""
    if consent.withdrawn_at is not None:
        raise NoConsent(purpose=consent.notice.purpose.chinese)


def normalised(vector: NDArray[np.floating]) -> Vector:
    """Scale to unit length along the last axis."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return np.asarray(vector / length, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Template:
    """An open template: one diner's enrolled photos under one model and consent.

    `singles` has shape (photos, DIMENSIONS). Kept open in memory only.
    """

    diner: str
    model_id: str
    consent_id: str
    singles: NDArray[np.float32] = field(repr=False, compare=False)

    @classmethod
    def made(cls, consent: Consent, model_id: str, singles: Sequence[Vector]) -> Self:
        """Make a template under a consent that holds; raises `NoConsent`."""
        require_standing(consent)
        rows = normalised(np.stack(singles))
        return cls(consent.diner, model_id, consent.id, rows)

    @property
    def mean(self) -> Vector:
        """The normalised mean of the photos: what probes are compared with."""
        return normalised(self.singles.mean(axis=0))


@dataclass(frozen=True, slots=True)
class SealedTemplate:
    """A template as stores keep it: only its owner and the key id can be read."""

    diner: str
    model_id: str
    consent_id: str
    key_id: str
    nonce: bytes = field(repr=False)
    sealed: bytes = field(repr=False)

    def digest(self) -> str:
        """SHA-256 of the whole row: names it in proofs without telling the face."""
        content = _associated(self.diner, self.model_id, self.consent_id)
        return hashlib.sha256(content + self.nonce + self.sealed).hexdigest()


def _associated(*parts: str) -> bytes:
    return json.dumps(parts, ensure_ascii=True).encode("ascii")


class FaceKey:
    """The data key of one site. Never printed, never stored beside the templates."""

    __slots__ = ("_cipher", "key_id")

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(secret)
        self.key_id = hashlib.sha256(b"face key id" + secret).hexdigest()[:16]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the key; raises `FaceKeyMissing` or `FaceKeyBad`, naming the cure."""
        text = environment.get(KEY_VARIABLE, "")
        if not text:
            raise FaceKeyMissing(variable=KEY_VARIABLE)
        try:
            secret = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as broken:
            raise FaceKeyBad(variable=KEY_VARIABLE) from broken
        if len(secret) != _KEY_BYTES:
            raise FaceKeyBad(variable=KEY_VARIABLE)
        return cls(secret)

    @staticmethod
    def generate() -> str:
        """Draw a new key as the text for the environment."""
        return base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii")

    def __repr__(self) -> str:
        return f"FaceKey({self.key_id})"

    def seal(self, template: Template) -> SealedTemplate:
        """Encrypt a template for the store; every sealing draws a fresh nonce."""
        owner = (template.diner, template.model_id, template.consent_id)
        nonce = os.urandom(_NONCE_BYTES)
        plain = template.singles.astype("<f4").tobytes()
        sealed = self._cipher.encrypt(nonce, plain, _associated(*owner, self.key_id))
        return SealedTemplate(*owner, self.key_id, nonce, sealed)

    def unseal(self, row: SealedTemplate) -> Template:
        """Decrypt a row; raises `TemplateLocked` for any row not exactly as sealed."""
        owner = (row.diner, row.model_id, row.consent_id)
        try:
            plain = self._cipher.decrypt(
                row.nonce, row.sealed, _associated(*owner, self.key_id)
            )
        except InvalidTag as refused:
            raise TemplateLocked(diner=row.diner) from refused
        singles = np.frombuffer(plain, "<f4").reshape(-1, DIMENSIONS)
        return Template(*owner, singles.astype(np.float32))


def rotated(
    rows: Iterable[SealedTemplate], old: FaceKey, new: FaceKey
) -> tuple[SealedTemplate, ...]:
    """Seal every row again under a new key; rows already under it stay as they are.

    Raises `TemplateLocked` before anything is returned: all rows or none.
    """
    return tuple(
        row if row.key_id == new.key_id else new.seal(old.unseal(row)) for row in rows
    )


@dataclass(frozen=True, slots=True)
class DeletionProof:
    """What a withdrawal deleted, where and when, without the data itself.

    `sha256` covers all other fields, so that a later edit shows.
    """

    diner: str
    consent_id: str
    place: str
    withdrawn_at: datetime
    deleted_at: datetime
    templates: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Hash of the record in canonical form, for the audit trail."""
        told = [
            *(self.diner, self.consent_id, self.place),
            *(self.withdrawn_at.isoformat(), self.deleted_at.isoformat()),
            *self.templates,
        ]
        return hashlib.sha256(_associated(*told)).hexdigest()


def withdraw(
    rows: Iterable[SealedTemplate], consent: Consent, place: str, now: datetime
) -> tuple[tuple[SealedTemplate, ...], DeletionProof]:
    """Split off all templates under a withdrawn consent: rows to keep, and the proof.

    `place` names the office or terminal that deletes: each proves its own copy. A proof
    of nothing (no template there) is a proof too. Raises `NotWithdrawn`.
    """
    if consent.withdrawn_at is None:
        raise NotWithdrawn(consent=consent.id)
    kept: list[SealedTemplate] = []
    deleted: list[SealedTemplate] = []
    for row in rows:
        (deleted if row.consent_id == consent.id else kept).append(row)
    digests = tuple(row.digest() for row in deleted)
    owner = (consent.diner, consent.id, place)
    return tuple(kept), DeletionProof(*owner, consent.withdrawn_at, now, digests)


@dataclass(frozen=True, slots=True)
class Ranked:
    """The diners nearest to a probe, best first, with their cosines."""

    diners: tuple[str, ...]
    scores: tuple[float, ...]


class Gallery:
    """All templates of one model in one matrix, ready to search.

    Room is reserved ahead, removal moves the last row into the gap: adding and
    removing cost the same at 10 and at 1,000,000 diners.
    """

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id
        self._means = np.empty((_LEAST_ROWS, DIMENSIONS), np.float32)
        self._diners: list[str] = []
        self._rows: dict[str, int] = {}

    @classmethod
    def opened(
        cls, model_id: str, rows: Sequence[SealedTemplate], key: FaceKey
    ) -> Self:
        """Decrypt all rows at start; raises `TemplateLocked` or `OtherModel`."""
        gallery = cls(model_id)
        for row in rows:
            gallery.add(key.unseal(row))
        return gallery

    def fill(self, diners: Sequence[str], means: NDArray[np.float32]) -> None:
        """Take over many diners' unit means at once, in place of all held so far."""
        rows = {diner: row for row, diner in enumerate(diners)}
        if not len(rows) == len(diners) == len(means):
            raise ValueError("one mean for each diner, each diner once")
        self._diners, self._rows = list(diners), rows
        self._means = np.array(means, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._diners)

    def __contains__(self, diner: object) -> bool:
        return diner in self._rows

    def add(self, template: Template) -> None:
        """Add a diner, or replace the diner's template; raises `OtherModel`."""
        self._same_model(template.model_id)
        row = self._rows.setdefault(template.diner, len(self._diners))
        if row == len(self._diners):
            self._diners.append(template.diner)
            if row == len(self._means):
                room = np.empty((max(row, _LEAST_ROWS), DIMENSIONS), np.float32)
                self._means = np.concatenate([self._means, room])
        self._means[row] = template.mean

    def remove(self, diner: str) -> bool:
        """Forget a diner at once; tells whether there was a template."""
        row = self._rows.pop(diner, None)
        if row is None:
            return False
        last = len(self._diners) - 1
        moved = self._diners.pop()
        if row != last:
            self._means[row] = self._means[last]
            self._diners[row] = moved
            self._rows[moved] = row
        self._means[last] = 0
        return True

    def nearest(self, probe: Vector, model_id: str, count: int) -> Ranked:
        """Search exactly: the `count` nearest diners; raises `OtherModel`."""
        self._same_model(model_id)
        scores = self._means[: len(self._diners)] @ probe
        count = min(count, len(scores))
        cut = len(scores) - count
        best = np.argpartition(scores, cut)[cut:] if count else np.empty(0, int)
        best = best[np.argsort(-scores[best], kind="stable")]
        return Ranked(
            tuple(self._diners[row] for row in best),
            tuple(float(scores[row]) for row in best),
        )

    def similarity(self, probe: Vector, model_id: str, diner: str) -> float | None:
        """Compare with one named diner (1:1); `None` without a template."""
        self._same_model(model_id)
        row = self._rows.get(diner)
        return None if row is None else float(self._means[row] @ probe)

    def _same_model(self, model_id: str) -> None:
        if model_id != self.model_id:
            raise OtherModel(found=model_id, expected=self.model_id)
