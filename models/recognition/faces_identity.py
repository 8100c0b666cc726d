"""Whose face it is: one posterior, a margin, a floor; doubt asks a second factor.

One or more `Seen` of the same visit go through `identify`, which answers `Match`,
`Ambiguous` or `Unknown`, never a silent guess.

**The decision** is one posterior over the nearest diners and "a stranger". With
cosine s, `tail` (cosine per nat of the impostors' exponential tail), prior p (nats):

    weight(diner)    = exp(s / tail + p)
    weight(stranger) = exp((stranger_score + cohort_weight * cohort) / tail)

`cohort` is the mean cosine of the diners ranked 2nd to 21st: how much this face looks
like everybody here. So the bar rises by itself with the size of the site and where
faces are alike. A `Match` needs the posterior, a margin to the second *and* a floor
under the cosine that no prior can lower. The numbers stand in MODELS.toml.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self

from models.domain.evidence import Ambiguous, Candidate, Match, Reason, Unknown
from models.domain.units import CERTAIN, Ppm
from models.recognition.faces import agreeing, fused
from models.recognition.weights import scalars

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from models.domain.evidence import Answer
    from models.recognition.faces import Seen
    from models.recognition.gallery import Gallery, Ranked

_NEAREST: Final = 21
"""The best diner and a cohort of twenty."""

_CANDIDATES: Final = 3


@dataclass(frozen=True, slots=True)
class Prior:
    """What the till knows before it looks, in nats, bounded by the policy.

    `usual`: log-odds of diners who usually eat in this hall at this meal. `paid`: who
    has paid for this meal. A payment never lowers acceptance of the face that
    made it: it only settles a near tie in favour of the one who has not paid yet.
    """

    usual: Mapping[str, float] = field(default_factory=dict)
    paid: frozenset[str] = frozenset()


NO_PRIOR: Final = Prior()


@dataclass(frozen=True, slots=True)
class Policy:
    """When a face decides alone. Cosines, except `accept` (probability), nats."""

    tail: float
    stranger_score: float
    cohort_weight: float
    accept: float
    floor: float
    margin: float
    second_factor: float
    one_to_one: float
    prior_bound: float
    frames_agree: float

    @classmethod
    def shipped(cls, section: str = "faces") -> Self:
        """Take the numbers of MODELS.toml; another engine has another section."""
        return cls(**scalars(section))

    def raised(self, cosine: float) -> Policy:
        """Move the bar of the posterior and the floor, for a curve."""
        return replace(
            self,
            stranger_score=self.stranger_score + cosine,
            floor=self.floor + cosine,
        )

    def posterior(self, ranked: Ranked, prior: Prior = NO_PRIOR) -> tuple[float, ...]:
        """Probabilities of the nearest diners in order; what is left is a stranger."""
        rest = ranked.scores[1:]
        cohort = sum(rest) / len(rest) if rest else 0.0
        stranger = (self.stranger_score + self.cohort_weight * cohort) / self.tail
        logs = [
            score / self.tail + self._nats(diner, ranked, prior)
            for diner, score in zip(ranked.diners, ranked.scores, strict=True)
        ]
        top = max(stranger, *logs)
        weights = [math.exp(log - top) for log in logs]
        total = sum(weights) + math.exp(stranger - top)
        return tuple(weight / total for weight in weights)

    def _nats(self, diner: str, ranked: Ranked, prior: Prior) -> float:
        """Bounded log-odds of one diner; the best face is never lowered for paying."""
        nats = prior.usual.get(diner, 0.0)
        if diner in prior.paid and diner != ranked.diners[0]:
            nats -= self.prior_bound
        return max(-self.prior_bound, min(self.prior_bound, nats))


def identify(
    frames: Sequence[Seen],
    gallery: Gallery,
    policy: Policy,
    prior: Prior = NO_PRIOR,
) -> Answer[str]:
    """Tell which diner the frames of one visit show.

    `Match` may be charged. `Ambiguous` holds the likeliest diners: ask for a second
    factor and call `confirm`. `Unknown` is nobody enrolled here, or two people in
    turn. Raises `OtherModel`.
    """
    if not agreeing(frames, policy.frames_agree):
        return Unknown(Reason.TWO_FACES)
    ranked = gallery.nearest(fused(frames), frames[0].model_id, _NEAREST)
    if not ranked.diners or ranked.scores[0] < policy.second_factor:
        return Unknown(Reason.NOT_ENROLLED)
    chances = policy.posterior(ranked, prior)
    first, second = ranked.scores[0], max(ranked.scores[1:], default=-1.0)
    clear = first >= policy.floor and first - second >= policy.margin
    if clear and chances[0] >= policy.accept:
        return Match(ranked.diners[0], _ppm(chances[0]))
    likeliest = sorted(
        zip(ranked.diners, chances, strict=True), key=lambda pair: -pair[1]
    )
    candidates = tuple(
        Candidate(diner, _ppm(chance)) for diner, chance in likeliest[:_CANDIDATES]
    )
    return Ambiguous(candidates, Reason.SECOND_FACTOR)


def confirm(
    frames: Sequence[Seen], gallery: Gallery, policy: Policy, named: Collection[str]
) -> Answer[str]:
    """Compare 1:1 with the diners a second factor names (card, code, last digits).

    Last digits may name several: the best of them must also stand out by the margin.
    Raises `OtherModel`.
    """
    probe, model_id = fused(frames), frames[0].model_id
    scores = {diner: gallery.similarity(probe, model_id, diner) for diner in named}
    ranked = sorted(
        ((score, diner) for diner, score in scores.items() if score is not None),
        reverse=True,
    )
    if not ranked or ranked[0][0] < policy.one_to_one:
        return Unknown(Reason.NOT_ENROLLED)
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < policy.margin:
        share = Ppm(CERTAIN // len(ranked))
        candidates = tuple(Candidate(diner, share) for _, diner in ranked)
        return Ambiguous(candidates[:_CANDIDATES], Reason.SECOND_FACTOR)
    return Match(ranked[0][1], CERTAIN)


def _ppm(chance: float) -> Ppm:
    """Round down: certainty is never claimed by rounding."""
    return Ppm(min(int(chance * CERTAIN), CERTAIN - 1))
