"""Learn alone: install, copy the notebooks into my/, open the course in JupyterLab.

Needs nothing but Python 3.11 or newer, on any system. Run it again whenever you go on, and after
`git pull`: it never overwrites what you wrote. Notebooks that are new come into my/; one that was
corrected replaces yours if you have not touched it, and else arrives beside it.

python tools/learn.py               # `make learn` does the same
python tools/learn.py --no-lab      # do not open JupyterLab
python tools/learn.py --here        # into this Python, such as Colab's, instead of .venv
"""

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import install  # beside this file

ROOT = install.ROOT
START = "START.ipynb"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--no-lab", action="store_true", help="do not open JupyterLab")
    parser.add_argument("--here", action="store_true", help="install into this Python")
    parser.add_argument("--torch-index", default="", help="address of PyTorch's CPU wheel index")
    options = parser.parse_args()

    if not options.here:
        install.install(options.torch_index)
    elif importlib.util.find_spec("nbgrader") is None:
        install.run(sys.executable, "-m", "pip", "install", "-q", "-e", str(ROOT))
    python = sys.executable if options.here else str(install.PYTHON)

    my = ROOT / "my"
    for sentence in bring(ROOT / "release", my):
        print(sentence)
    if options.no_lab:
        print(f"Your notebooks are in {my}; open {my / START}.")
        return 0
    print("Opening JupyterLab; Ctrl+C in this window ends it.", flush=True)
    # So that its terminals find the command `autograder`.
    path = os.pathsep.join([str(Path(python).parent), os.environ.get("PATH", "")])
    try:
        command = [python, "-m", "jupyterlab", START]
        return subprocess.run(command, cwd=my, env={**os.environ, "PATH": path}).returncode
    except KeyboardInterrupt:
        return 0


def bring(release: Path, my: Path) -> list[str]:
    """Bring a learner's folder up to the release, and its page to what is done.

    Args:
        release: the notebooks as students get them, a folder for each assignment.
        my: the learner's folder, made where there is none.

    Returns:
        Sentences that say what came.
    """
    from assignments.messages import _
    from assignments.progress_file import MARKER

    marker = my / MARKER
    given = _given(marker)
    my.mkdir(parents=True, exist_ok=True)
    marker.touch()  # from here on, it is a learner's folder
    new, corrected, beside = [], [], []
    for path in sorted(release.glob("*/*")):
        name = path.relative_to(release).as_posix()
        if path.is_file() and not path.name.startswith("."):
            target = _place(my / name, path, given, my)
            if target is None:
                continue
            if target != my / name:
                beside.append((name, target))
            else:
                (corrected if target.exists() else new).append(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    sentences = []
    if new:
        sentences.append(_("New in {folder}: {names}.").format(folder=my, names=_named(new)))
    if corrected:
        sentences.append(
            _("Corrected since you got them, and untouched by you, so replaced: {names}.").format(
                names=_named(corrected)
            )
        )
    for name, target in beside:
        sentences.append(
            _(
                "{name} was corrected since you got it. You have worked in yours, so it stays as "
                "it is; the corrected one lies beside it as {new}."
            ).format(name=name, new=target.name)
        )
    _write_start(my, given)
    _save(marker, {"version": 1, "given": given})
    return sentences


def _named(names: list[str]) -> str:
    """Names, or how many in each assignment where they are many."""
    if len(names) > 4:
        assignments = Counter(name.partition("/")[0] for name in names)
        names = [f"{assignment} ({count})" for assignment, count in assignments.items()]
    return ", ".join(names)


def _save(path: Path, data: dict) -> None:
    """Write a file of JSON whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8", newline="\n")
    os.replace(new, path)


def _given(marker: Path) -> dict[str, str]:
    """What was brought before: for each file the digest that it had then."""
    try:
        given = json.loads(marker.read_text(encoding="utf-8"))["given"]
        return {str(name): str(digest) for name, digest in given.items()}
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return {}


def _place(own: Path, path: Path, given: dict[str, str], my: Path) -> Path | None:
    """Where a file of the release goes; None where it brings nothing new.

    Keeps in ``given`` what the file will have brought.
    """
    fresh, name = digest(path), own.relative_to(my).as_posix()
    before = given.get(name)
    given[name] = fresh
    if not own.exists():
        return own
    now = digest(own)
    if now == fresh or before == fresh:
        return None
    if now == before:
        return own
    number = 1
    while True:
        beside = own.with_name(f"{own.stem}.new{number if number > 1 else ''}{own.suffix}")
        key = beside.relative_to(my).as_posix()
        if not beside.exists() or digest(beside) == given.get(key):
            given[key] = fresh
            return beside
        number += 1


def digest(path: Path) -> str:
    """What a file says that is of consequence: of a notebook neither outputs nor empty cells.

    So who only ran a notebook, or opened and saved it, has not touched it.
    """
    content = path.read_bytes()
    try:
        nb = json.loads(content)
        cells = [
            (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("nbgrader"))
            for cell in nb["cells"]
            if "".join(cell["source"]).strip()  # JupyterLab adds empty ones
        ]
        said = [nb["metadata"].get("course"), cells]
        content = json.dumps(said, sort_keys=True).encode()
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        pass  # no notebook: its bytes
    return hashlib.sha256(content).hexdigest()


# --- the course's page -------------------------------------------------------------------------


def _write_start(my: Path, given: dict[str, str]) -> None:
    """Write the course's page anew, unless the learner wrote in it."""
    page = my / START
    if page.exists() and digest(page) != given.get(START):
        return
    _save(page, _start(my))
    given[START] = digest(page)


def _start(my: Path) -> dict:
    """The page: how the course is worked through, and a cell that shows where one is."""
    from assignments import progress
    from assignments.messages import _

    before = Path.cwd()
    os.chdir(my)
    try:
        shown = progress()
    finally:
        os.chdir(before)
    head = _(
        "# The course\n\n"
        "Work through the notebooks from top to bottom of the table. Run the cell below "
        "(Shift+Enter) to see how far you are; `progress()` does the same in every notebook."
    )
    foot = _(
        '- `check("...")`, below each exercise, says what is right; `check("...", hint=True)` '
        "says more about a mistake that it recognises.\n"
        '- `reveal("...")`, with the same name, shows the solution of an exercise after three '
        "checks that failed, step by step. Import it with `from assignments import reveal`.\n"
        '- `reveal("...")` with the name of a question shows a model answer once yours is saved, '
        "and lets you mark yours. `progress()` tells the name.\n"
        "- `autograder mine`, in a terminal, grades all that you have with the hidden checks.\n"
        "- What you did is kept in `progress.json`, beside this page, and nowhere else."
    )
    output = {
        "output_type": "execute_result",
        "execution_count": None,
        "metadata": {},
        "data": {"text/html": shown._repr_html_(), "text/plain": repr(shown)},
    }
    cells = [
        {"cell_type": "markdown", "id": "course", "metadata": {}, "source": head},
        {
            "cell_type": "code",
            "id": "progress",
            "metadata": {},
            "execution_count": None,
            "source": "from assignments import progress\n\nprogress()",
            "outputs": [output],
        },
        {"cell_type": "markdown", "id": "how", "metadata": {}, "source": foot},
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
