"""autograder.bundle: what students unpack runs on their machine, and holds nothing of ours."""

import ast
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
from checked_course import ASSIGNMENT, checked_course
from elsewhere import MISSING_MODULES, MISSING_NAMES
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder.bundle import COLAB_CELL, FOLDER, write_bundle
from autograder.course import HOME, Course, CourseError
from autograder.demo import solved
from autograder.release import release

SOURCES = [
    n for name in Course().assignments() for n in Course().assignment(name).notebooks.values()
]
PACKAGE_FILES = sorted((HOME / "assignments").rglob("*.py"))
TEXTS = sorted(path for kind in ("*.md", "*.tsv") for path in (HOME / "assignments").rglob(kind))


@pytest.fixture
def course(tmp_path):
    with checked_course(tmp_path) as course:
        release(course, ASSIGNMENT)
        yield course


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The bundle of the kNN notebook's assignment, from a course of its own, unpacked."""
    root = tmp_path_factory.mktemp("course")
    for folder in ("source", "release"):
        (root / folder).symlink_to(HOME / folder)
    path = write_bundle(Course(root), "a1_classifiers")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(root / "unpacked")
    return root / "unpacked" / FOLDER


@pytest.fixture(scope="module")
def python(bundle, tmp_path_factory):
    """A fresh virtual environment with the wheel; its other packages are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    packages = Path(paths["purelib"])
    with zipfile.ZipFile(next(bundle.glob("*.whl"))) as wheel:
        wheel.extractall(packages)
    # A line of a .pth file adds a folder, but not what this checkout's own .pth files add.
    (packages / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return Path(paths["scripts"], "python")


def run(python, code, cwd):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [python, "-c", code]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def wheel_metadata(folder):
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
        return Metadata.from_email(wheel.read(name)), wheel.namelist()


def test_what_a_link_points_to_is_not_given_away(course, tmp_path):
    (tmp_path / "mine.txt").write_text("not for students")
    (course.release_dir / ASSIGNMENT / "data.txt").symlink_to(tmp_path / "mine.txt")
    with pytest.raises(CourseError, match=r"data\.txt is a link"):
        write_bundle(course, ASSIGNMENT)


def test_holds_the_release_the_package_the_data_and_a_start(bundle):
    released = (HOME / "release" / "a1_classifiers").glob("*.ipynb")
    for path in released:
        assert (bundle / "a1_classifiers" / path.name).read_bytes() == path.read_bytes()
    metadata, names = wheel_metadata(bundle)
    start = (bundle / "START.md").read_text(encoding="utf-8")
    assert next(bundle.glob("*.whl")).name in start
    assert "{" not in start
    ours = {p.relative_to(HOME).as_posix() for p in PACKAGE_FILES}
    assert {name for name in names if name.endswith(".py")} == ours
    assert {p.relative_to(HOME).as_posix() for p in TEXTS} <= set(names)
    data = {p.relative_to(HOME / "datasets").as_posix() for p in (HOME / "datasets").rglob("*.*")}
    kept = "assignments/data/files/"
    assert {n.removeprefix(kept) for n in names if n.startswith(kept)} == data
    assert any(name.startswith("LICENSE") for name in (n.rpartition("/")[2] for n in names))
    assert all(set(need.specifier) for need in metadata.requires_dist)
    assert all(s.operator == ">=" for need in metadata.requires_dist for s in need.specifier)


def test_stays_small(bundle):
    assert sum(path.stat().st_size for path in bundle.rglob("*")) < 12 * 2**20


def test_holds_nothing_of_the_autograder(bundle):
    _metadata, names = wheel_metadata(bundle)
    assert not [name for name in names if "autograder" in name]
    with zipfile.ZipFile(next(bundle.glob("*.whl"))) as wheel:
        drawings = json.loads(wheel.read("assignments/data/files/emoji/manifest.json"))
    held_out = json.loads((HOME / "autograder/heldout/emoji10/manifest.json").read_text("utf-8"))
    assert not _designs(drawings) & _designs(held_out)


def _designs(manifest):
    return {(line["codepoint"], line["vendor"]) for line in manifest["sprites"]}


def test_the_same_release_gives_the_same_bytes(course, monkeypatch):
    first = write_bundle(course, ASSIGNMENT).read_bytes()
    os.utime(course.release_dir / ASSIGNMENT / "square.ipynb", (1, 1))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert write_bundle(course, ASSIGNMENT).read_bytes() == first


def test_a_leak_leaves_no_bundle(course):
    path = course.release_dir / ASSIGNMENT / "square.ipynb"
    nb = json.loads(path.read_text("utf-8"))
    nb["cells"][0]["source"] = "squares_of_all_numbers = np.asarray(x, dtype=float) ** 2"
    path.write_text(json.dumps(nb))
    with pytest.raises(CourseError, match="squares_of_all_numbers"):
        write_bundle(course, ASSIGNMENT)
    assert not list((course.root / "bundle").iterdir())


def test_without_a_release_it_says_what_to_do(course):
    with pytest.raises(CourseError, match="run 'autograder release a0_none'"):
        write_bundle(course, "a0_none")


def test_declares_what_its_code_imports(bundle):
    metadata, _names = wheel_metadata(bundle)
    declared = {canonicalize_name(need.name) for need in metadata.requires_dist}
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE_FILES]
    texts += ["\n".join(_python(cell)) for path in bundle.rglob("*.ipynb") for cell in _code(path)]
    imported = {name for text in texts for name in _imports(text)} - sys.stdlib_module_names
    owners = packages_distributions()
    for name in imported - {"assignments", "IPython"}:  # which every Jupyter kernel has
        assert {canonicalize_name(owner) for owner in owners[name]} & declared, name


def _code(path):
    return [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]


def _python(cell):
    return [line for line in cell.source.split("\n") if not line.lstrip().startswith(("%", "!"))]


def _imports(text):
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return  # only magics in a block
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=lambda p: p.relative_to(HOME).as_posix())
def test_nothing_is_used_that_windows_does_not_have(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not set(_imports(ast.unparse(tree))) & MISSING_MODULES
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.attr not in MISSING_NAMES.get(node.value.id, ()), node.lineno
        if isinstance(node, ast.ImportFrom):
            taken = {alias.name for alias in node.names}
            assert not taken & MISSING_NAMES.get(node.module, set()), node.lineno


def test_the_fresh_environment_has_the_package_but_not_the_grader(python, tmp_path):
    code = (
        "import importlib.util, assignments\n"
        "from assignments.data import load_data\n"
        "print(assignments.__file__, importlib.util.find_spec('autograder'))\n"
        "print(load_data('emoji10', num_train=4, num_test=2).X_train.shape)"
    )
    ran = run(python, code, tmp_path)
    assert ran.returncode == 0, ran.stderr
    where, grader, *shape = ran.stdout.split(maxsplit=2)
    assert Path(where).is_relative_to(python.parents[1])
    assert grader == "None"
    assert "(4, 32, 32, 3)" in shape[0]


def test_a_solved_notebook_runs_there(bundle, python, tmp_path, monkeypatch):
    course = Course()
    source = course.assignment("a1_classifiers").notebooks["knn"]
    nb = nbformat.reads(json.dumps(solved(course, source)), 4)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("ASSIGNMENTS_SCALE", "reduced")
    kernel = AsyncKernelManager()
    kernel.kernel_spec.argv[0] = str(python)
    client = NotebookClient(nb, km=kernel, timeout=120, resources={"metadata": {"path": tmp_path}})
    client.execute()
    printed = "".join(
        output.text
        for cell in nb.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    )
    assert "✗" not in printed
    for question in source.auto_questions():
        assert question.grade_id in printed


# --- Colab ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_notebook_begins_with_the_colab_cell(source):
    first = next(cell for cell in source.nb["cells"] if cell["cell_type"] == "code")
    assert first["id"] == "colab"
    assert "".join(first["source"]) == COLAB_CELL


def test_the_colab_cell_finds_the_newest_wheel(bundle):
    metadata, _names = wheel_metadata(bundle)
    assert COLAB_CELL.endswith(f"--find-links {bundle.name} {metadata.name}")
    assert Requirement(metadata.name)


def test_the_colab_cell_does_nothing_elsewhere():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    code = shell.transform_cell(COLAB_CELL)
    names = {"get_ipython": lambda: pytest.fail("it ran a command")}
    exec(compile(code, "colab", "exec"), names)
