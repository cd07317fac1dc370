"""assignments/terms.tsv, and the box of the field's words in each notebook, which draws on it."""

import json
from pathlib import Path

import pytest

import assignments

ROOT = Path(__file__).parents[2]
SOURCES = sorted(ROOT.glob("source/*/*.ipynb"))
LINES = (Path(assignments.__file__).parent / "terms.tsv").read_text("utf-8").splitlines()


def korean() -> dict[str, list[str]]:
    """The Korean words of each English term, the preferred one first."""
    rows = [line.split("\t") for line in LINES[1:]]
    return {row[0]: row[1].split("|") for row in rows}


def box_of(path: Path) -> str:
    """The text of a notebook's box."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    boxes = [cell for cell in cells if cell["id"] == f"{path.stem}-terms"]
    assert len(boxes) == 1, f"{path.stem} has {len(boxes)} cells with the id {path.stem}-terms"
    assert boxes[0]["cell_type"] == "markdown"
    return "".join(boxes[0]["source"])


def rows_of(box: str) -> list[list[str]]:
    """The rows of a box's table: term, sentence, Korean term."""
    table = [line for line in box.splitlines() if line.startswith("|")]
    assert table[:2] == ["| term | in this notebook | 한국어 |", "|---|---|---|"]
    return [[part.strip() for part in line.strip("|").split("|")] for line in table[2:]]


def test_each_term_stands_once_with_a_translation():
    assert LINES[0].split("\t") == ["english", "korean", "rule", "note"]
    assert all(line.count("\t") == 3 for line in LINES)
    assert len(korean()) == len(LINES) - 1
    assert all(word.strip() == word != "" for words in korean().values() for word in words)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_names_its_terms_as_the_list_does(path):
    box, known = box_of(path), korean()
    assert box.startswith("### The field's words\n")
    rows = rows_of(box)
    assert 6 <= len(rows) <= 14
    assert len({term for term, _sentence, _word in rows}) == len(rows)
    for term, sentence, word in rows:
        assert word in known.get(term, []), term
        assert sentence, term
