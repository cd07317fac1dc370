"""The project's own promises: its files agree with each other, and none names a machine."""

import ast
import json
import os
import re
import subprocess
import tomllib
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from assignments.course_map import place_of, read_map

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SOURCES = sorted(ROOT.glob("source/*/*.ipynb"))
COMMANDS = ["help", "setup", "learn", "demo", "test", "test-fast", "release", "verify", "notebooks"]
COMMANDS += ["site", "lint", "format", "bench", "clean", "lock"]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def project_files() -> list[Path]:
    """Every file of the project: all but what .gitignore names (so it needs no git)."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = [line.rstrip("/") for line in lines if line and not line.startswith("#")] + [".git"]

    def kept(names: list[str], at_top: bool) -> list[str]:
        patterns = [p.lstrip("/") for p in ignored if at_top or not p.startswith("/")]
        return [name for name in names if not any(fnmatch(name, each) for each in patterns)]

    found = []
    for folder, folders, files in os.walk(ROOT):
        at_top = Path(folder) == ROOT
        folders[:] = kept(folders, at_top)
        found += [Path(folder, name) for name in kept(files, at_top)]
    return sorted(found)


def requirements() -> list[Requirement]:
    """Everything that pyproject asks for, all extras included."""
    extras = PYPROJECT["project"]["optional-dependencies"].values()
    texts = [*PYPROJECT["project"]["dependencies"], *(text for extra in extras for text in extra)]
    return [Requirement(text) for text in texts]


def locked() -> list[Requirement]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


# -- Makefile ---------------------------------------------------------------------------------


def make(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """Run make as from a terminal, even where a make runs these tests."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("arguments", [["help"], []], ids=["make help", "make"])
def test_make_help_lists_every_command(arguments):
    assert re.findall(r"^  make ([\w-]+) +\S", make(*arguments).stdout, re.MULTILINE) == COMMANDS


def test_make_clean_keeps_students_work():
    done = make("--dry-run", "clean")
    assert done.returncode == 0
    assert ".venv" in done.stdout
    for kept in (
        "my/",
        "submitted",
        "gradebook.db",
        "autograded",
        "feedback",
        "journal",
        "release",
    ):
        assert kept not in done.stdout


def test_make_refuses_a_python_that_is_too_old(tmp_path):
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = make("setup", f"PYTHON={old}", cwd=tmp_path)
    assert done.returncode != 0
    assert "Install Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


# -- lock, conda environment ------------------------------------------------------------------


def test_lock_has_one_exact_version_a_package_and_no_address():
    for requirement in locked():
        assert re.fullmatch(r"==[\w.!]+", str(requirement.specifier)), requirement
        assert requirement.url is None
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")
    unmarked = Counter(canonicalize_name(each.name) for each in locked() if each.marker is None)
    assert [name for name, count in unmarked.items() if count > 1] == []


@pytest.mark.parametrize("asked", requirements(), ids=lambda asked: asked.name)
def test_lock_satisfies_pyproject(asked):
    pins = [pin for pin in locked() if canonicalize_name(pin.name) == canonicalize_name(asked.name)]
    assert pins, f"{asked.name} is not in requirements.lock; run `make lock`"
    for pin in pins:
        (exact,) = pin.specifier
        assert exact.version in asked.specifier, "run `make lock`"


def test_lock_keeps_linux_packages_to_linux():
    linux_only = [pin for pin in locked() if re.match("nvidia-|cuda-|triton", pin.name)]
    assert linux_only
    for pin in linux_only:
        assert pin.marker.evaluate({"sys_platform": "linux"})
        assert not pin.marker.evaluate({"sys_platform": "darwin"})
        assert not pin.marker.evaluate({"sys_platform": "win32"})


def test_conda_environment_agrees_with_pyproject():
    asked = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, from_pip = asked["dependencies"]
    assert asked["name"] == PYPROJECT["project"]["name"]
    assert pip == "pip"
    assert from_pip == {"pip": ["-r requirements.lock", "-e ."]}

    label = "Programming Language :: Python :: 3."
    minors = [
        int(text.removeprefix(label))
        for text in PYPROJECT["project"]["classifiers"]
        if text.startswith(label)
    ]
    lowest, highest = min(minors), max(minors)
    assert PYPROJECT["project"]["requires-python"] == f">=3.{lowest}"
    assert SpecifierSet(python.removeprefix("python")) == SpecifierSet(
        f">=3.{lowest},<3.{highest + 1}"
    )


def test_workflow_tests_every_python_that_the_project_names():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(workflow)["jobs"]
    label = "Programming Language :: Python :: "
    named = [text.removeprefix(label) for text in PYPROJECT["project"]["classifiers"]]
    assert jobs["tests"]["strategy"]["matrix"]["python"] == [n for n in named if n[:2] == "3."]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert {line.split()[1] for line in commands if line.startswith("make ")} <= set(COMMANDS)


def test_ruff_is_configured():
    assert PYPROJECT["tool"]["ruff"]["line-length"] == 100
    assert PYPROJECT["tool"]["ruff"]["lint"]["select"]


def test_pre_commit_downloads_nothing():
    """Its hooks call tools of the environment that `make setup` makes."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/python ") for hook in hooks)
    called = " ".join(hook["entry"] for hook in hooks)
    for tool in ("-m ruff format", "-m ruff check", "-m mypy", "tools/normalise_notebooks.py"):
        assert tool in called


def test_changelog_names_this_version_with_its_date():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = re.escape(PYPROJECT["project"]["version"])
    assert re.search(rf"^## \[{version}\] - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE)
    assert re.search(r"^- \S", text, re.MULTILINE)


# -- layers, leaks ----------------------------------------------------------------------------


def imported(code: str) -> set[str]:
    """The top names of all modules that Python code imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_assignments_never_import_the_autograder():
    files = list((ROOT / "assignments").rglob("*.py"))
    assert files
    guilty = [relative(f) for f in files if "autograder" in imported(f.read_text("utf-8"))]
    assert guilty == []


def test_release_never_imports_the_autograder():
    pattern = re.compile(r"^\s*(?:from|import)\s+autograder\b", re.MULTILINE)
    for path in ROOT.glob("release/*/*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert not pattern.search("".join(cell["source"])), relative(path)


def test_no_file_imports_a_test_file():
    """What several files of checks need lies in a module of its own."""
    rooms = [ROOT / room for room in ("assignments", "autograder", "tests", "bench", "tools")]
    found = [
        f"{relative(path)} imports {name}"
        for room in rooms
        for path in room.rglob("*.py")
        for name in imports(path)
        if any(part.startswith("test_") for part in name.split("."))
    ]
    assert not found


def imports(path: Path) -> list[str]:
    """All that a file imports, by dotted names."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def test_datasets_hold_no_code():
    assert [relative(path) for path in (ROOT / "datasets").rglob("*.py")] == []


# Written in pieces, so that this file does not find itself.
REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "download." + "pytorch", "npm" + "js.org",
              "ana" + "conda.org", "debian" + ".org"]  # fmt: skip
MACHINE = re.compile(
    "|".join(["/wo" + r"rk/(?:main|shared)", "/ho" + r"me/(?!student\b)\w+/", "/Us" + r"ers/\w+/"])
)


def test_no_file_names_a_machine_or_a_registry():
    found = []
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # data
        found += [f"{relative(path)}: {host}" for host in REGISTRIES if host in text]
        found += [f"{relative(path)}: {place}" for place in MACHINE.findall(text)]
        if str(ROOT) in text:
            found.append(f"{relative(path)}: the place of this clone")
    assert found == []


# -- notebooks --------------------------------------------------------------------------------


def cells_of(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_source_notebook_is_in_normal_form(path):
    cells = cells_of(path)
    assert all(cell.get("id") for cell in cells)
    assert len({cell["id"] for cell in cells}) == len(cells)
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_source_notebook_names_its_questions(path):
    for cell in cells_of(path):
        if grading := cell["metadata"].get("nbgrader"):
            assert grading["schema_version"] == 3
            assert grading["grade_id"].startswith(f"{path.stem}-")


def test_grade_ids_are_unique_in_the_suite():
    ids = Counter(
        grading["grade_id"]
        for path in SOURCES
        for cell in cells_of(path)
        if (grading := cell["metadata"].get("nbgrader"))
    )
    assert [name for name, count in ids.items() if count > 1] == []


HOURS = {
    word: 60 * number for number, word in enumerate(["one", "two", "three", "four", "five"], 1)
}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_the_head_of_a_notebook_says_what_its_metadata_say(path):
    """Title, time, and what one needs: the notebooks that are named there."""
    head = "".join(cells_of(path)[0]["source"])
    place = place_of(json.loads(path.read_text(encoding="utf-8")))
    assert head.splitlines()[0] == f"# {place.title}"
    time = re.search(r"^\*\*Time\.\*\* About (\w+)( and a half)? hours?\.", head, re.MULTILINE)
    assert HOURS[time[1]] + (30 if time[2] else 0) == place.minutes
    (needs,) = re.findall(r"^\*\*You need\*\* .*$", head, re.MULTILINE)
    homes = {source.stem: f"{source.parent.name}/{source.stem}" for source in SOURCES}
    named = {homes[name] for name in re.findall(r"`(\w+)`", needs) if name in homes}
    assert named == set(place.needs)


def test_what_a_notebook_needs_comes_before_it():
    names = [notebook.name for notebook in read_map(ROOT / "source")]
    assert len(names) == len(SOURCES)
    for notebook in read_map(ROOT / "source"):
        for need in notebook.place.needs:
            assert names.index(need) < names.index(notebook.name), f"{notebook.name} needs {need}"


def test_the_readme_lists_the_notebooks_in_their_order():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [
        f"{assignment}/{name}"
        for assignment, names in re.findall(r"^\| `(a\d_\w+)` \| (.+) \|$", text, re.MULTILINE)
        for name in names.split(", ")
    ]
    assert listed == [notebook.name for notebook in read_map(ROOT / "source")]


def stated_points(text: str) -> list[float]:
    """The points of the next question, wherever a text cell states them."""
    lines = [line for line in text.splitlines() if line.startswith(("*Difficulty", "### Question"))]
    stated = re.findall(r"([\d.]+) points?\b", "\n".join(lines))
    for scale in re.findall(r"^\| points \|(.+)\|$", text, re.MULTILINE):
        steps = [float(step) for step in scale.split("|")]
        assert steps == [steps[-1] * (i + 1) / len(steps) for i in range(len(steps))]
        stated.append(steps[-1])
    return [float(number) for number in stated]


def marks(scheme: str) -> float:
    """What a mark scheme gives in all: it begins with "0.5 each." or "1: 0.5, 2: 1."."""
    lines = scheme.split("=== BEGIN MARK SCHEME ===\n")[1].splitlines()
    if each := re.match(r"([\d.]+) each\.", lines[0]):
        return float(each[1]) * sum(bool(re.match(r"\d\. ", line)) for line in lines)
    return sum(float(part) for part in re.findall(r"\d: ([\d.]*\d)", lines[0]))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_prose_states_the_points_of_the_metadata(path):
    """In the table at the top, below the headings, in scales and in mark schemes."""
    title, *cells = cells_of(path)
    points, stated = [], []
    for cell in cells:
        text, grading = "".join(cell["source"]), cell["metadata"].get("nbgrader", {})
        if grading.get("grade"):
            points.append(grading["points"])
            assert set(stated) == {points[-1]}, grading["grade_id"]
            if grading["solution"]:
                assert marks(text) == points[-1], grading["grade_id"]
            stated = []
        elif cell["cell_type"] == "markdown":
            stated += stated_points(text)
    assert stated == []
    table = "".join(title["source"])
    rows = re.findall(r"^\|[^|]*\|[^|]+\| *([\d.]+) *\|", table, re.MULTILINE)
    assert [float(row) for row in rows] == points
    assert f"| | **together** | **{sum(points):g}** | |" in table
