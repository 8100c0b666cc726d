"""The files of the repository, read once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PRODUCT = ("backoffice", "hardware", "migrations", "models", "pos_terminal")
_NOT_OURS = {"weights", "var", "build", "node_modules", "__pycache__"}
_SHOWN = {".ci", ".gitignore", ".npmrc"}
_TEXT = {
    *(".py", ".toml", ".md", ".txt", ".in", ".json", ".ini", ".cfg", ".yml", ".yaml"),
    *(".html", ".js", ".css", ".mako", ".sh", ".csv", ""),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A Python file."""

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def lines(self) -> list[str]:
        return self.path.read_text("utf-8").splitlines()

    @cached_property
    def module(self) -> ast.Module:
        return ast.parse("\n".join(self.lines))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.module))

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in self.nodes if isinstance(node, Function)]


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in _SHOWN
        if hidden or path.name in _NOT_OURS or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


@cache
def text_files() -> tuple[Path, ...]:
    """Every file of ours that holds text."""
    return tuple(path for path in _walk(ROOT) if path.suffix in _TEXT)


@cache
def _all_sources() -> tuple[Source, ...]:
    return tuple(Source(path) for path in text_files() if path.suffix == ".py")


def sources(*tops: str) -> list[Source]:
    """The Python files below `tops`, or all of ours."""
    wanted = [ROOT / top for top in tops] or [ROOT]
    return [
        source
        for source in _all_sources()
        if any(source.path.is_relative_to(top) for top in wanted)
    ]
