"""What settling may answer: every reason speaks, verdicts keep their promises."""

import pytest

from models.domain.evidence import (
    MOST_OPTIONS,
    Candidate,
    Charge,
    PlateVerdict,
    Question,
    Reason,
    Served,
)
from models.domain.serving import Portion
from models.domain.units import CERTAIN, Money, Ppm


def _served(fen: int) -> Served:
    return Served("d1", Portion.WHOLE, Money(fen))


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_in_chinese_what_to_do(reason: Reason) -> None:
    assert len(reason.chinese) > 4


def test_a_charge_is_the_sum_of_its_plates() -> None:
    plates = (
        PlateVerdict(0, _served(1_000), CERTAIN, CERTAIN),
        PlateVerdict(1, None, CERTAIN, CERTAIN, reason=Reason.EMPTY_PLATE),
        PlateVerdict(2, _served(500), CERTAIN, CERTAIN),
    )
    assert Charge(plates, Money(1_500), CERTAIN).total == Money(1_500)
    with pytest.raises(ValueError, match="1500"):
        Charge(plates, Money(1_000), CERTAIN)


def test_a_question_has_no_more_options_than_a_glance_takes() -> None:
    options = tuple(Candidate(_served(fen), Ppm(1)) for fen in range(MOST_OPTIONS + 1))
    assert Question(0, options[:-1], Reason.TWO_TOO_CLOSE).options
    with pytest.raises(ValueError, match="glance"):
        Question(0, options, Reason.TWO_TOO_CLOSE)
