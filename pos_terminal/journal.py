"""The journal: every fact's canonical bytes, one line each, fsynced before "paid".

A second witness of the till's database, best on another disk: if one of the two is
damaged, the other rebuilds it. Only ever appended to; a last line torn by a power cut
is cut off at the next start, since its fact is in the database.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from models.domain.errors import DomainError
from models.sync.messages import MAX_FACT_BYTES, NotCanonical, parse_fact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.sync.messages import Fact

_LONGEST_LINE: Final = MAX_FACT_BYTES + 1


class JournalDamaged(DomainError):
    """A line before the last that is no fact."""

    code = "journal_damaged"
    chinese = "流水文件 {path} 第 {line} 行损坏，请联系技术人员，不要删除该文件"
    english = "line {line} of the journal {path} is damaged; call support, keep it"


class Journal:
    """An append-only file of facts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._cut_torn_line()

    def close(self) -> None:
        """Close the file; everything appended is already on disk."""
        os.close(self._file)

    def append(self, fact: Fact) -> None:
        """Append one fact and wait until the disk has it."""
        line = memoryview(fact.canonical() + b"\n")
        while line:
            line = line[os.write(self._file, line) :]
        os.fdatasync(self._file)

    def facts(self) -> Iterator[Fact]:
        """Read all facts, oldest first; raises `JournalDamaged`."""
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield parse_fact(line.removesuffix(b"\n"))
                except NotCanonical as broken:
                    raise JournalDamaged(path=self.path, line=number) from broken

    def last(self) -> Fact | None:
        """Read the last fact without reading the others."""
        *_, line = [b"", *self._tail().splitlines()]
        return parse_fact(line) if line else None

    def _tail(self) -> bytes:
        """Read the end of the file, with room for the longest line and a torn one."""
        size = os.fstat(self._file).st_size
        length = min(size, 2 * _LONGEST_LINE)
        return os.pread(self._file, length, size - length)

    def _cut_torn_line(self) -> None:
        tail = self._tail()
        size = os.fstat(self._file).st_size
        os.ftruncate(self._file, size - len(tail) + tail.rfind(b"\n") + 1)
