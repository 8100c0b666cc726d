"""`canteen eval faces`: how often a face pays alone, and how often for the wrong one.

Folder: `DIR/enrolled/<person>/<k>.jpg` and `DIR/strangers/<person>/1.jpg`. The first
photos of each person are enrolled, the others are probes of one frame each; a
person without a photo left is enrolled and never asked. With the gate on, photos are
judged as at the till; enrolled ones are used as they come either way.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from models.domain.evidence import Ambiguous, Match, Unknown
from models.domain.people import Channel, Consent, Notice, Purpose
from models.recognition.evaluation.lines import line, say, unserved
from models.recognition.faces import FaceReader, Seen, SFace
from models.recognition.faces_dlib import POLICY_SECTION, Dlib
from models.recognition.faces_identity import Policy, confirm, identify
from models.recognition.gallery import Gallery, Template
from models.recognition.runtime import read_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.recognition.faces import FaceEngine

_REPOSITORY: Final = Path(__file__).resolve().parents[3]
_GOAL: Final = {"auto_accept": 0.97, "wrong_person": 0.0, "false_accept": 0.0}
_ASSUMED: Final = ("consents",)
_SHARES: Final = ("auto_accept", "second_factor", "rejected", "gated", "wrong_person")
_CURVE: Final = tuple(step / 100 for step in range(-10, 12, 2))


@dataclass(frozen=True, slots=True)
class Probe:
    """One photo that asks: whose it is (`None`: a stranger) and what was seen."""

    person: str | None
    seen: Seen | Unknown


@dataclass(frozen=True, slots=True)
class Asked:
    """A folder read once: the gallery and everyone who asks it."""

    gallery: Gallery
    probes: tuple[Probe, ...]
    strangers: tuple[Probe, ...]


def upper_bound(events: int, trials: int) -> float:
    """One-sided 95 % upper bound of a share (Clopper and Pearson), by bisection."""
    if events >= trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(events, trials, middle) > 0.05:  # noqa: PLR2004 - 95 %
            low = middle
        else:
            high = middle
    return high


def _at_most(events: int, trials: int, share: float) -> float:
    """Probability of at most so many events, binomial."""
    return sum(
        math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(k + 1)
            - math.lgamma(trials - k + 1)
            + k * math.log(share)
            + (trials - k) * math.log1p(-share)
        )
        for k in range(events + 1)
    )


def _photos(folder: Path) -> dict[str, list[Path]]:
    if not folder.is_dir():
        return {}
    return {
        person.name: sorted(person.glob("*.jpg"), key=lambda path: path.name)
        for person in sorted(folder.iterdir())
        if person.is_dir()
    }


def _consent(person: str) -> Consent:
    notice = Notice(Purpose.FACE_PAYMENT, 1, "0" * 64)
    given = datetime(2000, 1, 1, tzinfo=UTC)
    return Consent(f"assumed-{person}", person, notice, Channel.OFFICE, given)


def ask(reader: FaceReader, folder: Path, enrol: int, *, gate: bool) -> Asked:
    """Read the folder: enrol `enrol` photos a person, look at all others."""
    look = reader.look if gate else reader.look_anyway
    gallery = Gallery(reader.engine.model_id)
    probes = []
    for person, photos in _photos(folder / "enrolled").items():
        looks = (reader.look_anyway(read_picture(path)) for path in photos[:enrol])
        singles = [seen.vector for seen in looks if isinstance(seen, Seen)]
        if singles:
            consent = _consent(person)
            gallery.add(Template.made(consent, reader.engine.model_id, singles))
        probes += [Probe(person, look(read_picture(path))) for path in photos[enrol:]]
    strangers = _strangers(_photos(folder / "strangers").values(), reader, gate=gate)
    return Asked(gallery, tuple(probes), strangers)


def _strangers(
    photos: Iterable[Sequence[Path]], reader: FaceReader, *, gate: bool
) -> tuple[Probe, ...]:
    look = reader.look if gate else reader.look_anyway
    return tuple(Probe(None, look(read_picture(own[0]))) for own in photos if own)


def outcome(probe: Probe, gallery: Gallery, policy: Policy) -> str:
    """Name what one probe comes to: a key of the result line, or `false_accept`."""
    if isinstance(probe.seen, Unknown):
        return "gated"
    answer = identify([probe.seen], gallery, policy)
    if isinstance(answer, Match):
        wrong = "false_accept" if probe.person is None else "wrong_person"
        return "auto_accept" if answer.what == probe.person else wrong
    if isinstance(answer, Ambiguous) and probe.person is not None:
        second = confirm([probe.seen], gallery, policy, [probe.person])
        return "second_factor" if isinstance(second, Match) else "rejected"
    return "rejected"


def _rank1(asked: Asked) -> float:
    """Share of the comparable probes whose nearest diner is the right one."""
    seen = [probe for probe in asked.probes if isinstance(probe.seen, Seen)]
    right = 0
    for probe in seen:
        if isinstance(probe.seen, Seen):
            best = asked.gallery.nearest(probe.seen.vector, probe.seen.model_id, 1)
            right += best.diners == (probe.person,)
    return right / len(seen) if seen else 0.0


def figures(asked: Asked, policy: Policy) -> dict[str, float]:
    """Count all outcomes as shares, with upper bounds for the two that must not be."""
    count = Counter(outcome(probe, asked.gallery, policy) for probe in asked.probes)
    others = Counter(outcome(probe, asked.gallery, policy) for probe in asked.strangers)
    n, strangers = len(asked.probes), len(asked.strangers)
    wrong, let_in = count["wrong_person"], others["false_accept"]
    return {
        **{name: count[name] / n for name in _SHARES},
        "wrong_person_upper": upper_bound(wrong, n),
        "false_accept": let_in / strangers if strangers else 0.0,
        "false_accept_upper": upper_bound(let_in, strangers) if strangers else 1.0,
        "rank1": _rank1(asked),
        "people": len(asked.gallery),
        "strangers": strangers,
    }


def _engine(name: str) -> tuple[FaceEngine, Policy]:
    if name == "dlib":
        return Dlib(), Policy.shipped(POLICY_SECTION)
    weights = Path(os.environ.get("CANTEEN_WEIGHTS", _REPOSITORY / "weights"))
    return SFace(weights), Policy.shipped()


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--enrol", default=3, show_default=True, help="Photos enrolled a person.")
@click.option("--gate", type=click.Choice(["off", "on"]), default="off")
@click.option("--engine", type=click.Choice(["sface", "dlib"]), default="sface")
@click.option("--curve", is_flag=True, help="Also with the bar moved up and down.")
def faces(folder: Path, enrol: int, gate: str, engine: str, *, curve: bool) -> None:
    """人脸识别评测 Identify photos of the enrolled, refuse those of strangers."""
    chosen, policy = _engine(engine)
    reader = FaceReader(chosen, comparing=True)
    asked = ask(reader, folder, enrol, gate=gate == "on")
    name = f"faces.gate_{gate}" + ("" if chosen.may_charge else f".{engine}")
    if not asked.probes:
        click.echo(unserved(name, 0, f"no person with more than {enrol} photos"))
        return
    say(f"{len(asked.gallery)} people, {len(asked.probes)} probes, {chosen.model_id}")
    result = figures(asked, policy)
    n = len(asked.probes)
    click.echo(line(name, n, result, goal=_GOAL, assumed=_ASSUMED))
    for shift in _CURVE if curve else ():
        moved = figures(asked, policy.raised(shift))
        click.echo(line(f"{name}.bar{shift:+.2f}", n, moved, assumed=_ASSUMED))
