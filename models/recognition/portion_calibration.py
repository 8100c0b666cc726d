"""How far a menu's picture scores can be trusted, learned from its own enrolment.

A menu of look-alikes or of poor photos needs flatter scores than an easy one. Every
enrolled photo is left out once and ranked by the others; `Policy.temper` is fitted to
how those rankings fare. A dish with one photo can't be left out and says nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.recognition.dishes import DishGallery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.recognition.dishes import Features
    from models.recognition.portion_evidence import Policy

    Ranked = tuple[Mapping[str, float], str]

_TEMPERS: Final = np.exp(np.linspace(np.log(0.4), np.log(4.0), 47))
_PRIOR_SPREAD: Final = 0.4
"""Spread of the logarithm of temper before any photo is seen, about the policy's."""


def left_out(enrolled: Mapping[str, Sequence[Features]]) -> list[Ranked]:
    """Rank every photo of dishes with two or more by all the others.

    The photo is taken in its first pose, as the till would see it. Returns
    probabilities by dish with the true dish.
    """
    gallery = DishGallery()
    for dish, photos in enrolled.items():
        gallery.enrol(dish, photos)
    ranked: list[Ranked] = []
    for dish, photos in enrolled.items():
        for number, photo in enumerate(photos if len(photos) > 1 else ()):
            gallery.enrol(dish, [*photos[:number], *photos[number + 1 :]])
            plain = replace(photo, embedding=photo.poses[0], poses=photo.poses[:0])
            ranking = gallery.rank(plain, tuple(enrolled))
            ranked.append((ranking.probabilities, dish))
        gallery.enrol(dish, photos)
    return ranked


def fitted(policy: Policy, ranked: Sequence[Ranked]) -> Policy:
    """Fit `temper` to rankings with known truth: its posterior mean, on a log scale.

    The prior is log-normal about the policy's own temper, so few photos change little.
    """
    log_tempers = np.log(_TEMPERS)
    gap = (log_tempers - np.log(policy.temper)) / _PRIOR_SPREAD
    score = -(gap**2) / 2
    for probabilities, dish in ranked:
        shares = np.clip(np.array(list(probabilities.values())), 1e-12, 1.0)
        powers = shares[None, :] ** _TEMPERS[:, None]
        true = powers[:, list(probabilities).index(dish)] / powers.sum(axis=1)
        score += np.log((1 - policy.floor) * true + policy.floor / len(shares))
    weight = np.exp(score - score.max())
    mean = float((weight * log_tempers).sum() / weight.sum())
    return replace(policy, temper=float(np.exp(mean)))
