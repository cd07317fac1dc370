"""Put notebooks into the one form that git keeps: no outputs, stable ids, sorted keys.

python tools/normalise_notebooks.py            # rewrites source/*/*.ipynb where needed
python tools/normalise_notebooks.py --check    # changes nothing, exit 1 when a file would change
"""

import argparse
import hashlib
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
EDITOR_METADATA = ("collapsed", "scrolled", "execution", "ExecuteTime", "trusted")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def normalise(text: str) -> str:
    """Return the notebook in ``text`` (JSON) in normal form; twice is the same as once.

    Raises ``ValueError`` when the text is no notebook of nbformat 4.
    """
    try:
        nb = nbformat.v4.reads(text)  # as it is: nbformat.reads gives random ids
        if nb.nbformat != 4:
            raise ValueError(f"nbformat {nb.nbformat}; save it anew in JupyterLab")
        nb.nbformat_minor = 5
        kept = {"course": nb.metadata.course} if "course" in nb.metadata else {}
        nb.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"}, **kept)
        _name_cells(nb.cells)
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
            for key in EDITOR_METADATA:
                cell.metadata.pop(key, None)
        nbformat.validate(nb)
    except (AttributeError, KeyError, TypeError, ValueError, nbformat.ValidationError) as error:
        raise ValueError(f"not a notebook of nbformat 4: {error}") from error
    return nbformat.v4.writes(nb, ensure_ascii=False) + "\n"  # with sorted keys


def _name_cells(cells: list[NotebookNode]) -> None:
    """Give an id to each cell that has none of its own: its grade_id, else a hash of its text."""
    taken: set[str] = set()
    for cell in cells:
        name = cell.get("id", "")
        if not CELL_ID.fullmatch(name) or name in taken:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if not CELL_ID.fullmatch(name) or name in taken:
            digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
            name, copies = f"cell-{digest}", 1
            while name in taken:
                copies += 1
                name = f"cell-{digest}-{copies}"
        taken.add(name)
        cell.id = name


def main() -> int:
    """Run the command; 0: all in normal form (now), 1: some are not."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: source/*/*.ipynb")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if needed")
    options = parser.parse_args()

    wrong = 0
    for path in options.notebooks or sorted(ROOT.glob("source/*/*.ipynb")):
        text = path.read_text(encoding="utf-8")
        try:
            normal = normalise(text)
        except ValueError as error:
            print(f"{path}: {error}", file=sys.stderr)
            wrong += 1
            continue
        if normal == text:
            continue
        if options.check:
            print(f"{path}: not in normal form; run `make format`", file=sys.stderr)
            wrong += 1
        else:
            path.write_text(normal, encoding="utf-8", newline="\n")
            print(f"{path}: rewritten")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
