"""Business day and meal: the worked instants, the edges, the laws."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.mealtimes import (
    SHANGHAI,
    BadTimetable,
    Meal,
    Sitting,
    Timetable,
    in_utc,
    sitting_at,
)
from tests.models.domain.worked import table

HALL = Timetable.of(
    "04:00",
    {
        Meal.BREAKFAST: "06:30",
        Meal.LUNCH: "10:30",
        Meal.DINNER: "16:30",
        Meal.LATE: "20:30",
    },
)
instants = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2040, 1, 1),  # noqa: DTZ001 - likewise
    timezones=st.sampled_from([UTC, SHANGHAI, timezone(timedelta(hours=-5))]),
)


@pytest.mark.parametrize("row", table("### Instants"), ids=lambda row: row["utc"])
def test_instants_fall_where_the_table_says(row: dict[str, str]) -> None:
    instant = datetime.fromisoformat(row["utc"])
    assert f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" == row["in Shanghai"]
    expected = Sitting(date.fromisoformat(row["business day"]), Meal(row["meal"]))
    assert sitting_at(instant, HALL) == expected


@given(instants, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_time_never_runs_back_a_sitting(first: datetime, later: timedelta) -> None:
    assert sitting_at(first, HALL) <= sitting_at(first + later, HALL)


@given(instants)
def test_the_zone_an_instant_is_written_in_does_not_matter(instant: datetime) -> None:
    assert sitting_at(instant, HALL) == sitting_at(instant.astimezone(UTC), HALL)


@given(instants)
def test_a_day_later_is_the_same_meal_of_the_next_day(instant: datetime) -> None:
    today, tomorrow = (
        sitting_at(instant + timedelta(days=days), HALL) for days in (0, 1)
    )
    assert tomorrow == Sitting(today.business_day + timedelta(days=1), today.meal)


def test_a_hall_open_for_lunch_only_has_only_lunches() -> None:
    hall = Timetable.of("00:00", {Meal.LUNCH: "11:00"})
    late = datetime(2026, 11, 23, 15, 59, tzinfo=UTC)
    assert sitting_at(late, hall) == Sitting(date(2026, 11, 23), Meal.LUNCH)


def test_a_late_meal_may_begin_after_midnight() -> None:
    hall = Timetable.of("04:00", {Meal.DINNER: "17:00", Meal.LATE: "24:30"})
    half_past_midnight = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    assert sitting_at(half_past_midnight, hall).meal is Meal.LATE
    earlier = half_past_midnight - timedelta(minutes=1)
    assert sitting_at(earlier, hall).meal is Meal.DINNER


def test_meals_may_fill_the_business_day_from_end_to_end() -> None:
    hall = Timetable.of("04:00", {Meal.BREAKFAST: "04:00", Meal.LATE: "27:59"})
    assert hall.begins == ((Meal.BREAKFAST, 240), (Meal.LATE, 1679))


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        ("04:00", {}),
        ("04:00", {Meal.BREAKFAST: "03:00"}),
        ("04:00", {Meal.LATE: "28:00"}),
        ("04:00", {Meal.BREAKFAST: "12:00", Meal.LUNCH: "11:00"}),
        ("04:00", {Meal.BREAKFAST: "12:00", Meal.LUNCH: "12:00"}),
        ("04:00", {Meal.LUNCH: "07:00", Meal.BREAKFAST: "11:00"}),
        ("24:00", {Meal.BREAKFAST: "25:00"}),
        ("4 am", {Meal.BREAKFAST: "07:00"}),
        ("04:00", {Meal.BREAKFAST: "07:60"}),
    ],
)
def test_meal_times_that_cannot_be_are_refused(
    day: str, begins: dict[Meal, str]
) -> None:
    with pytest.raises(BadTimetable):
        Timetable.of(day, begins)


def test_an_instant_without_a_zone_is_a_broken_promise() -> None:
    with pytest.raises(ValueError, match="time zone"):
        in_utc(datetime(2026, 11, 23, 12, 0))  # noqa: DTZ001 - that is the point


def test_meals_are_ordered_as_they_are_eaten() -> None:
    today = [Sitting(date(2026, 11, 23), meal) for meal in Meal]
    assert all(first < second for first, second in pairwise(today))
    assert today[-1] < Sitting(date(2026, 11, 24), Meal.BREAKFAST)


def test_a_sitting_reads_as_day_and_meal() -> None:
    assert str(Sitting(date(2026, 11, 23), Meal.LUNCH)) == "2026-11-23 午餐"
