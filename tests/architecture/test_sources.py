"""House rules that no linter knows."""

from __future__ import annotations

import ast
import re

from tests.architecture.tree import (
    PRODUCT,
    ROOT,
    Function,
    Source,
    sources,
    text_files,
)

FILE_LINES = 500
FUNCTION_LINES = 60
EXACT = ("models/domain", "models/tables", "models/sync")
BANNED_FILES = {"utils.py", "util.py", "common.py", "helpers.py", "misc.py"}
BANNED_ENDINGS = ("Manager", "Helper", "Utils")
LATER = re.compile(r"\b(TODO|FIXME|XXX)\b")
MACHINE = re.compile(r"/(?:work|root|home|Users)/[\w.]")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|--(?:extra-)?index-url"
)
SUPPRESSED = re.compile(r"# (?:noqa|type: ignore)\b")
EXPLAINED = re.compile(
    r"# (?:noqa: [A-Z]+\d+(?:, [A-Z]+\d+)* - \S|type: ignore\[[\w, -]+\] +# \S)"
)
CHECKS = {"raises", "warns", "suppress", "fail"}


def test_files_are_short() -> None:
    long = [str(one) for one in sources() if len(one.lines) > FILE_LINES]
    assert not long, "\n".join(long)


def test_functions_are_short() -> None:
    long = [
        f"{source}: {function.name}, {_length(function)} lines"
        for source in sources()
        for function in source.functions
        if _length(function) > FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(one) for one in sources() if not ast.get_docstring(one.module)]
    assert not silent, "\n".join(silent)


def test_every_suppressed_rule_has_its_reason_beside_it() -> None:
    bare = [
        f"{source}:{number}: {line.strip()}"
        for source in sources()
        for number, line in enumerate(source.lines, start=1)
        if SUPPRESSED.search(line) and not EXPLAINED.search(line)
    ]
    assert not bare, "\n".join(bare)


def test_names_say_what_things_are() -> None:
    vague = [
        f"{source}: {node.name}"
        for source in sources(*PRODUCT)
        for node in source.nodes
        if isinstance(node, ast.ClassDef) and node.name.endswith(BANNED_ENDINGS)
    ]
    files = [str(one) for one in sources() if one.path.name in BANNED_FILES]
    assert not vague + files, "\n".join(vague + files)


def test_nothing_is_left_to_do_later() -> None:
    later = [
        f"{source}: {line.strip()}"
        for source in sources(*PRODUCT)
        for line in source.lines
        if LATER.search(line)
    ]
    assert not later, "\n".join(later)


def test_no_float_comes_near_money_mass_or_stock() -> None:
    floats = [
        f"{source}: {ast.unparse(node)}"
        for source in sources(*EXACT)
        for node in source.nodes
        if _is_float(node)
    ]
    assert not floats, "\n".join(floats)


def _is_float(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=float()) | ast.Name(id="float"):
            return True
        case _:
            return False


def test_every_test_asserts_something() -> None:
    silent = [
        f"{source}: {name}"
        for source in sources("tests")
        if source.path.name.startswith("test_")
        for name in _silent_tests(source)
    ]
    assert not silent, "\n".join(silent)


def _silent_tests(source: Source) -> list[str]:
    """Name the tests that check nothing, nor call a function here that does."""
    functions = list(source.functions)
    checking = {one.name for one in functions if _checks(one, set())}
    return [
        one.name
        for one in functions
        if one.name.startswith("test_") and not _checks(one, checking)
    ]


def _checks(function: Function, helpers: set[str]) -> bool:
    nodes = list(ast.walk(function))
    calls = {_called(node) for node in nodes if isinstance(node, ast.Call)}
    return any(isinstance(node, ast.Assert) for node in nodes) or bool(
        calls & (CHECKS | helpers)
    )


def _called(call: ast.Call) -> str | None:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in text_files()
        for number, line in enumerate(_lines(path.read_bytes()), start=1)
        if path.name != "test_sources.py"
        and (MACHINE.search(line) or REGISTRY.search(line))
    ]
    assert not found, "\n".join(found)


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines()
