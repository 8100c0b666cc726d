"""Is it a living face? A judge behind one interface, and the turn challenge.

No packaged RGB network is fit to guard payments, so `Liveness` has room for a judge
with a near-infrared or depth camera. Shipped is the random turn: the screen asks for
a turn to the left or right; the yaw of a flat photo stays near zero however the
photo is turned, and a recorded film cannot know the side. For unattended tills.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from models.recognition.faces import Face


class Living(Enum):
    """What a judge says of the frames so far."""

    YES = "yes"
    NO = "no"
    WAIT = "wait"


class Turn(Enum):
    """Where the diner is asked to turn, as seen in the picture."""

    LEFT = -1
    RIGHT = 1

    @property
    def chinese(self) -> str:
        """What the screen says; the diner's left is the picture's right."""
        return "请慢慢向右转头" if self is Turn.LEFT else "请慢慢向左转头"


class Liveness(Protocol):
    """Judges one visit: its face in each frame, oldest first, turned ones included."""

    def judge(self, faces: Sequence[Face]) -> Living:
        """Tell whether they show a living face; `WAIT` asks for more."""


@dataclass(frozen=True, slots=True)
class TurnJudge:
    """Ask for one turn to a side drawn at random for each visit.

    Degrees: `start` is how straight the first frame must be, `reach` how far the head
    must turn, `step` the most that two frames in a row may differ (a swapped
    picture jumps). `patience` is the number of frames after which it is a `NO`.
    """

    asked: Turn
    start: float = 12.0
    reach: float = 20.0
    step: float = 15.0
    patience: int = 40

    @classmethod
    def drawn(cls, random: Random) -> TurnJudge:
        """Draw the side; `random` should be `SystemRandom` at the till."""
        return cls(random.choice(tuple(Turn)))

    def judge(self, faces: Sequence[Face]) -> Living:
        """Judge by the yaw of each face."""
        return self.judge_turn([face.yaw_deg for face in faces])

    def judge_turn(self, yaws: Sequence[float]) -> Living:
        """Judge a sequence of yaws in degrees: straight first, then smoothly there."""
        if not yaws:
            return Living.WAIT
        jumps = any(abs(after - before) > self.step for before, after in pairwise(yaws))
        towards = [yaw * self.asked.value for yaw in yaws]
        if abs(yaws[0]) > self.start or jumps or min(towards) <= -self.reach:
            return Living.NO
        if max(towards) >= self.reach:
            return Living.YES
        return Living.NO if len(yaws) >= self.patience else Living.WAIT
