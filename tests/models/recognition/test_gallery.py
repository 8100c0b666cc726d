"""Templates: only with consent, only with the key, only for their own row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.people import Channel, Consent, NoConsent, Notice, Purpose
from models.recognition.gallery import (
    DIMENSIONS,
    KEY_VARIABLE,
    FaceKey,
    FaceKeyBad,
    FaceKeyMissing,
    Gallery,
    NotWithdrawn,
    OtherModel,
    SealedTemplate,
    Template,
    TemplateLocked,
    Vector,
    normalised,
    rotated,
    withdraw,
)

MODEL = "drawn-1"
GIVEN = datetime(2026, 9, 1, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 1, 8, tzinfo=UTC)
KEY = FaceKey(bytes(range(32)))


def consent(diner: str) -> Consent:
    notice = Notice(Purpose.FACE_PAYMENT, 1, "a" * 64)
    return Consent(f"consent-{diner}", diner, notice, Channel.OFFICE, GIVEN)


def vectors(seed: int, count: int = 3) -> list[Vector]:
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSIONS))
    return list(normalised(drawn))


def template(diner: str, seed: int = 0) -> Template:
    return Template.made(consent(diner), MODEL, vectors(seed))


def test_a_sealed_template_opens_to_the_same_vectors() -> None:
    made = template("d1")
    opened = KEY.unseal(KEY.seal(made))
    assert opened == made
    assert np.array_equal(opened.singles, made.singles)


def test_a_sealed_row_tells_nothing_of_the_face_when_printed() -> None:
    row = KEY.seal(template("d1"))
    assert template("d1").singles.tobytes() not in row.sealed
    assert "sealed" not in repr(row)


def test_two_sealings_of_one_template_differ() -> None:
    assert KEY.seal(template("d1")).sealed != KEY.seal(template("d1")).sealed


@pytest.mark.parametrize(
    "change",
    [
        {"diner": "d2"},
        {"consent_id": "consent-d2"},
        {"model_id": "drawn-2"},
        {"nonce": bytes(12)},
        {"sealed": b"short"},
    ],
)
def test_a_row_moved_or_altered_does_not_open(change: dict[str, str | bytes]) -> None:
    row = KEY.seal(template("d1"))
    altered = SealedTemplate(**{**_fields(row), **change})  # type: ignore[arg-type]  # any field
    with pytest.raises(TemplateLocked):
        KEY.unseal(altered)


def _fields(row: SealedTemplate) -> dict[str, str | bytes]:
    return {name: getattr(row, name) for name in SealedTemplate.__slots__}


def test_another_key_does_not_open_a_row() -> None:
    with pytest.raises(TemplateLocked):
        FaceKey(bytes(32)).unseal(KEY.seal(template("d1")))


def test_a_missing_key_is_told_with_its_name() -> None:
    with pytest.raises(FaceKeyMissing, match=KEY_VARIABLE):
        FaceKey.from_environment({})


@pytest.mark.parametrize("text", ["not base64!", "c2hvcnQ=", "密钥"])
def test_a_bad_key_is_refused(text: str) -> None:
    with pytest.raises(FaceKeyBad):
        FaceKey.from_environment({KEY_VARIABLE: text})


def test_a_generated_key_is_accepted_and_never_printed() -> None:
    text = FaceKey.generate()
    key = FaceKey.from_environment({KEY_VARIABLE: text})
    assert text not in repr(key)
    assert key.unseal(key.seal(template("d1"))) == template("d1")


def test_rotation_seals_every_row_under_the_new_key_once() -> None:
    new = FaceKey(bytes(32))
    rows = [KEY.seal(template("d1")), new.seal(template("d2", 1))]
    turned = rotated(rows, KEY, new)
    assert [new.unseal(row).diner for row in turned] == ["d1", "d2"]
    assert turned[1] is rows[1]
    assert rotated(turned, KEY, new) == turned


def test_no_template_is_made_under_a_withdrawn_consent() -> None:
    with pytest.raises(NoConsent):
        Template.made(consent("d1").withdrawn(LATER), MODEL, vectors(0))


def test_withdrawing_deletes_the_rows_of_that_consent_and_proves_it() -> None:
    rows = [KEY.seal(template("d1")), KEY.seal(template("d2", 1))]
    kept, proof = withdraw(rows, consent("d1").withdrawn(LATER), "till-3", LATER)
    assert kept == (rows[1],)
    assert proof.templates == (rows[0].digest(),)
    assert (proof.diner, proof.place, proof.deleted_at) == ("d1", "till-3", LATER)
    assert replace(proof, place="till-4").sha256 != proof.sha256


def test_nothing_is_deleted_while_the_consent_holds() -> None:
    with pytest.raises(NotWithdrawn):
        withdraw([KEY.seal(template("d1"))], consent("d1"), "office", LATER)


def test_a_gallery_opens_all_rows_and_finds_each_diner() -> None:
    rows = [KEY.seal(template(f"d{seed}", seed)) for seed in range(30)]
    gallery = Gallery.opened(MODEL, rows, KEY)
    for seed in range(30):
        ranked = gallery.nearest(template("x", seed).mean, MODEL, 3)
        assert ranked.diners[0] == f"d{seed}"
        assert ranked.scores[0] == pytest.approx(1.0, abs=1e-6)
        assert list(ranked.scores) == sorted(ranked.scores, reverse=True)


def test_a_gallery_filled_at_once_can_still_change() -> None:
    made = [template(f"d{seed}", seed) for seed in range(8)]
    gallery = Gallery(MODEL)
    gallery.fill([one.diner for one in made], np.stack([one.mean for one in made]))
    gallery.add(template("d9", 9))
    assert gallery.remove("d3")
    assert gallery.nearest(template("x", 9).mean, MODEL, 1).diners == ("d9",)
    assert gallery.nearest(made[7].mean, MODEL, 1).diners == ("d7",)
    with pytest.raises(ValueError, match="each diner once"):
        gallery.fill(["d1", "d1"], np.stack([one.mean for one in made[:2]]))


def test_templates_of_two_models_are_never_compared() -> None:
    gallery = Gallery(MODEL)
    gallery.add(template("d1"))
    other = replace(template("d2"), model_id="drawn-2")
    with pytest.raises(OtherModel):
        gallery.add(other)
    with pytest.raises(OtherModel):
        gallery.nearest(other.mean, "drawn-2", 1)
    with pytest.raises(OtherModel):
        gallery.similarity(other.mean, "drawn-2", "d1")


def test_an_empty_gallery_names_nobody() -> None:
    assert Gallery(MODEL).nearest(vectors(0)[0], MODEL, 5).diners == ()


def test_a_gallery_grows_past_its_first_room() -> None:
    gallery = Gallery(MODEL)
    for seed in range(1500):
        gallery.add(Template(f"d{seed}", MODEL, "c", np.stack(vectors(seed, 1))))
    assert len(gallery) == 1500
    assert gallery.nearest(vectors(1400, 1)[0], MODEL, 1).diners == ("d1400",)


EIGHT = [template(f"d{number}", number) for number in range(8)]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=40))
def test_any_order_of_adding_and_removing_leaves_the_right_diners(
    steps: list[tuple[bool, int]],
) -> None:
    gallery, expected = Gallery(MODEL), set[int]()
    for adding, number in steps:
        if adding:
            gallery.add(EIGHT[number])
            expected.add(number)
        else:
            assert gallery.remove(f"d{number}") == (number in expected)
            expected.discard(number)
    assert len(gallery) == len(expected)
    for number in range(8):
        probe = EIGHT[number].mean
        score = gallery.similarity(probe, MODEL, f"d{number}")
        assert (score is None) == (number not in expected)
        assert score is None or score == pytest.approx(1.0, abs=1e-6)
