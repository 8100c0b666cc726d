"""Enrolment: a verdict for every photo, warnings where they matter, consent always."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.domain.evidence import Match, Reason
from models.domain.people import Channel, Consent, NoConsent, Notice, Purpose
from models.recognition.faces import FaceReader, NotForPayment, Seen, SFace
from models.recognition.faces_enrolment import TooManyPhotos, Warned, enrol
from models.recognition.faces_identity import Policy, identify
from models.recognition.gallery import FaceKey, Gallery
from models.recognition.runtime import Picture, read_picture

WEIGHTS = Path(os.environ.get("CANTEEN_WEIGHTS", Path(__file__).parents[3] / "weights"))
GIVEN = datetime(2026, 9, 1, 8, tzinfo=UTC)
BLANK = np.full((480, 640, 3), 128, np.uint8)

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return FaceReader(SFace(WEIGHTS))


@pytest.fixture
def gallery(reader: FaceReader) -> Gallery:
    return Gallery(reader.engine.model_id)


def consent(diner: str) -> Consent:
    notice = Notice(Purpose.FACE_PAYMENT, 1, "a" * 64)
    return Consent(f"consent-{diner}", diner, notice, Channel.OFFICE, GIVEN)


def photos(name: str) -> list[Picture]:
    """Three photos of one portrait: as it is, brighter, tilted."""
    portrait = read_picture(WEIGHTS / "portraits" / name)
    height, width = portrait.shape[:2]
    brighter = (portrait * 0.8 + 40).astype(np.uint8)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 8, 0.9)
    tilted = cv2.warpAffine(portrait, turn, (width, height)).astype(np.uint8)
    return [portrait, brighter, tilted]


def test_three_good_photos_make_a_template_that_pays(
    reader: FaceReader, gallery: Gallery
) -> None:
    made = enrol(reader, gallery, consent("d1"), photos("grace_hopper.jpg"))
    assert made.verdicts == (None, None, None)
    assert made.warnings == ()
    assert made.template is not None
    key = FaceKey(bytes(32))
    gallery.add(key.unseal(key.seal(made.template)))
    seen = reader.look(cv2.flip(photos("grace_hopper.jpg")[0], 1).astype(np.uint8))
    assert isinstance(seen, Seen)
    answer = identify([seen], gallery, Policy.shipped())
    assert isinstance(answer, Match)
    assert answer.what == "d1"


def test_every_photo_has_its_own_verdict(reader: FaceReader, gallery: Gallery) -> None:
    good = photos("grace_hopper.jpg")[0]
    small = cv2.resize(good, None, fx=0.25, fy=0.25).astype(np.uint8)
    made = enrol(reader, gallery, consent("d1"), [BLANK, good, small])
    assert made.verdicts == (Reason.NO_FACE, None, Reason.FACE_TOO_SMALL)
    assert made.warnings == (Warned.FEW_PHOTOS,)
    assert made.template is not None
    assert len(made.template.singles) == 1


def test_no_good_photo_makes_no_template(reader: FaceReader, gallery: Gallery) -> None:
    made = enrol(reader, gallery, consent("d1"), [BLANK])
    assert made.template is None
    assert made.verdicts == (Reason.NO_FACE,)


def test_a_second_account_for_the_same_face_is_noticed(
    reader: FaceReader, gallery: Gallery
) -> None:
    first = enrol(reader, gallery, consent("d1"), photos("astronaut.png"))
    assert first.template is not None
    gallery.add(first.template)
    again = enrol(reader, gallery, consent("d1"), photos("astronaut.png"))
    assert again.like is None
    second = enrol(reader, gallery, consent("d2"), photos("astronaut.png"))
    assert Warned.LIKE_ANOTHER in second.warnings
    assert second.like == "d1"


def test_photos_of_two_people_are_noticed(reader: FaceReader, gallery: Gallery) -> None:
    mixed = [*photos("astronaut.png")[:2], photos("grace_hopper.jpg")[0]]
    made = enrol(reader, gallery, consent("d1"), mixed)
    assert Warned.PHOTOS_DIFFER in made.warnings


def test_too_many_photos_are_refused(reader: FaceReader, gallery: Gallery) -> None:
    with pytest.raises(TooManyPhotos):
        enrol(reader, gallery, consent("d1"), [BLANK] * 6)


def test_a_withdrawn_consent_enrols_nobody(
    reader: FaceReader, gallery: Gallery
) -> None:
    with pytest.raises(NoConsent):
        enrol(
            reader,
            gallery,
            consent("d1").withdrawn(GIVEN),
            [BLANK],
        )


def test_an_engine_for_comparison_cannot_pay(reader: FaceReader) -> None:
    class Comparison(SFace):
        may_charge = False

    with pytest.raises(NotForPayment):
        FaceReader(Comparison(WEIGHTS))
    assert FaceReader(Comparison(WEIGHTS), comparing=True).engine.may_charge is False
