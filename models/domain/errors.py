"""What can go wrong, as values a person can act on.

Every error has a stable `code`, the `data` that fills its message, and a Chinese and
an English sentence that say what is wrong and what to do. Who must see it is its
class: `DomainError` the operator, `DeviceError` the technician, `SyncRefused` the
head office. Users' mistakes in data are `Problem` values, collected and shown all
at once; broken promises raise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Language(StrEnum):
    """Languages of the product; Chinese first."""

    CHINESE = "zh"
    ENGLISH = "en"


class CanteenError(Exception):
    """An error with a stable code, its data, and a sentence per language."""

    code: ClassVar[str]
    chinese: ClassVar[str]
    english: ClassVar[str]

    def __init__(self, **data: object) -> None:
        super().__init__(data)
        self.data = data

    def message(self, language: Language = Language.CHINESE) -> str:
        """Say what is wrong and what to do."""
        text = self.chinese if language is Language.CHINESE else self.english
        return text.format(**self.data)

    def told(self) -> str:
        """Tell it in full, in both languages, as a command line prints it."""
        return f"{self.message()}\n{self.message(Language.ENGLISH)}"

    def __str__(self) -> str:
        return f"{self.code}: {self.message(Language.ENGLISH)}"


class DomainError(CanteenError):
    """The operator sees it and can put it right."""


class DeviceError(CanteenError):
    """The technician sees it; the operator sees the way on."""


class SyncRefused(CanteenError):
    """The head office sees it; the till keeps the record."""


class NotANumber(DomainError):
    """Text that is no exact amount in the given unit."""

    code = "not_a_number"
    chinese = "“{text}”不是有效的数量（单位：{unit}），请输入如 13.50 的数字"
    english = "“{text}” is no exact amount in {unit}; enter a number such as 13.50"


class MissingConversion(DomainError):
    """Two units between which no conversion is recorded."""

    code = "missing_conversion"
    chinese = "没有“{source}”到“{target}”的换算，请在食材资料中补上"
    english = "no conversion from “{source}” to “{target}”; add it to the material"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a user's data: where it stands, and the error that says what."""

    error: DomainError
    row: int | None = None
    field: str | None = None

    def told(self) -> str:
        """Say where it stands and what is wrong."""
        row = "" if self.row is None else f"第 {self.row} 行"
        field = "" if self.field is None else f"“{self.field}”"
        return f"- {row}{field}：{self.error.message()}"


class InvalidData(DomainError):
    """Several mistakes in one piece of user data, told together."""

    code = "invalid_data"
    chinese = "数据有 {count} 处问题，已全部列出，未作任何更改"
    english = "{count} problems, all listed; nothing was changed"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(count=len(problems))
        self.problems = problems

    def told(self) -> str:
        """List every problem with its row and field."""
        return "\n".join(
            [super().told(), *(problem.told() for problem in self.problems)]
        )


@dataclass(frozen=True, slots=True)
class Undefined:
    """A figure that has no value, and why. Never shown or counted as zero."""

    reason: str
