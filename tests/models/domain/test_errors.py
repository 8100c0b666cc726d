"""Every error speaks Chinese and English, and has a code of its own."""

import importlib
import pkgutil
import re

import pytest

import models.domain
from models.domain.errors import (
    CanteenError,
    InvalidData,
    Language,
    MissingConversion,
    NotANumber,
    Problem,
)

for module in pkgutil.iter_modules(models.domain.__path__):
    importlib.import_module(f"models.domain.{module.name}")


def _errors(parent: type[CanteenError] = CanteenError) -> list[type[CanteenError]]:
    found = []
    for child in parent.__subclasses__():
        inner = _errors(child)
        found += inner or [child]
    return [one for one in found if one.__module__.startswith("models.domain")]


SPEAKING = [one for one in _errors() if hasattr(one, "code")]
_FIELD = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("error", SPEAKING, ids=lambda error: error.__name__)
def test_an_error_speaks_both_languages_with_the_same_data(
    error: type[CanteenError],
) -> None:
    assert re.fullmatch(r"[a-z_]+", error.code)
    assert re.search(r"[\u4e00-\u9fff]", error.chinese)
    assert not re.search(r"[\u4e00-\u9fff]", error.english)
    assert set(_FIELD.findall(error.english)) <= set(_FIELD.findall(error.chinese))


def test_codes_are_unique() -> None:
    codes = [error.code for error in SPEAKING]
    assert len(set(codes)) == len(codes)


def test_an_error_is_told_in_the_language_asked_for() -> None:
    error = MissingConversion(source="箱", target="kg")
    assert error.message().startswith("没有“箱”到“kg”的换算")
    assert error.message(Language.ENGLISH).startswith("no conversion from “箱”")
    assert str(error) == f"missing_conversion: {error.message(Language.ENGLISH)}"


def test_all_mistakes_in_data_are_told_together() -> None:
    problems = tuple(
        Problem(NotANumber(text=text, unit="元"), row=row, field="price")
        for row, text in ((3, "abc"), (7, "1.005"))
    )
    error = InvalidData(problems)
    assert error.problems == problems
    assert "2 处" in error.message()
