"""The glossary of models/README.md names things that exist."""

import re
from pathlib import Path

import pytest

from tests.models.domain.worked import README, table

SOURCE = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted((README.parent / "domain").glob("*.py"))
)
GLOSSARY = table("## Glossary")


@pytest.mark.parametrize("row", GLOSSARY, ids=lambda row: row["English"])
def test_every_term_of_the_glossary_is_in_the_code(row: dict[str, str]) -> None:
    names = re.findall(r"[A-Za-z_]+", row["in code"])
    assert names
    assert all(re.search(rf"\b{name}\b", SOURCE) for name in names)


def test_no_term_is_explained_twice() -> None:
    for column in ("中文", "English"):
        terms = [row[column] for row in GLOSSARY]
        assert len(set(terms)) == len(terms)


def test_every_file_the_page_points_to_exists() -> None:
    text = README.read_text(encoding="utf-8")
    named = set(re.findall(r"`(domain/\w+\.py)`", text))
    assert named
    assert all(Path(README.parent, name).exists() for name in named)
