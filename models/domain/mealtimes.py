"""Business day and meal, derived from an instant by the hall's timetable.

Instants are aware datetimes in UTC. The wall clock is Asia/Shanghai: all of China,
UTC+8, without summer time since 1991, so a fixed offset needs no zone database.
Nothing here reads a clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from functools import total_ordering
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Self

from models.domain.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Mapping

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_DAY: Final = 24 * 60
_CLOCK: Final = re.compile(r"(\d{1,2}):([0-5]\d)")


class Meal(StrEnum):
    """Meals of a day (餐别), in the order they are eaten."""

    BREAKFAST = "breakfast"
    LUNCH = "lunch"
    DINNER = "dinner"
    LATE = "late"

    @property
    def chinese(self) -> str:
        """Name on receipts and screens."""
        return _MEAL_NAMES[self]

    @property
    def place(self) -> int:
        """Position within the day, from 0."""
        return _MEAL_ORDER[self]


_MEAL_NAMES: Final = {
    Meal.BREAKFAST: "早餐",
    Meal.LUNCH: "午餐",
    Meal.DINNER: "晚餐",
    Meal.LATE: "夜宵",
}
_MEAL_ORDER: Final = {meal: place for place, meal in enumerate(Meal)}


class BadTimetable(DomainError):
    """Meal times that overlap, run backwards or leave the business day."""

    code = "bad_timetable"
    chinese = "餐次时间“{text}”有误：应按早午晚夜顺序，且在营业日开始后 24 小时内"
    english = "meal times “{text}” must run in order within 24 hours of the day's start"


@total_ordering
@dataclass(frozen=True, slots=True)
class Sitting:
    """One meal of one business day (餐次): what a price starts at, a sale belongs to.

    Ordered by time.
    """

    business_day: date
    meal: Meal

    def __lt__(self, other: Sitting) -> bool:
        mine = (self.business_day, self.meal.place)
        return mine < (other.business_day, other.meal.place)

    def __str__(self) -> str:
        return f"{self.business_day.isoformat()} {self.meal.chinese}"


def _minutes(text: str) -> int:
    """Minutes after midnight; "25:30" is half past one in the next night."""
    if not (found := _CLOCK.fullmatch(text.strip())):
        raise BadTimetable(text=text)
    return int(found[1]) * 60 + int(found[2])


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a hall's business day and its meals begin, in minutes after midnight.

    A meal lasts until the next one begins, the last until the business day ends, so
    that every instant belongs to exactly one sitting and a late diner pays the
    price of the meal on the counter. Before the first meal it is already that meal.
    """

    day_starts: int
    begins: tuple[tuple[Meal, int], ...]

    def __post_init__(self) -> None:
        at = [minute for _, minute in self.begins]
        places = [meal.place for meal, _ in self.begins]
        fits = all(0 <= minute - self.day_starts < _DAY for minute in at)
        rising = _rises(at) and _rises(places)
        if not (self.begins and fits and rising and 0 <= self.day_starts < _DAY):
            raise BadTimetable(text=str(self))

    @classmethod
    def of(cls, day_starts: str, begins: Mapping[Meal, str]) -> Self:
        """Read clock times such as "07:00"; hours from 24 are in the next night."""
        meals = ((meal, _minutes(text)) for meal, text in begins.items())
        return cls(_minutes(day_starts), tuple(meals))

    def __str__(self) -> str:
        return " ".join(
            f"{meal.chinese} {at // 60:02d}:{at % 60:02d}" for meal, at in self.begins
        )


def _rises(values: list[int]) -> bool:
    return all(first < second for first, second in pairwise(values))


def sitting_at(instant: datetime, timetable: Timetable) -> Sitting:
    """Tell the business day and meal of an aware instant: the one place that does."""
    local = in_utc(instant).astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    day = local.date()
    if minute < timetable.day_starts:
        minute, day = minute + _DAY, day - timedelta(days=1)
    meal = timetable.begins[0][0]
    for later, begins in timetable.begins:
        if begins <= minute:
            meal = later
    return Sitting(day, meal)


def in_utc(instant: datetime) -> datetime:
    """Bring an aware instant to UTC; a naive one is a broken promise."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    return instant.astimezone(UTC)
