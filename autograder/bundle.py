"""The students' bundle of an assignment: notebooks, the package ``assignments``, data, START.md.

``bundle/<assignment>.zip`` is all that one needs besides Python, on any system. The package comes
as a wheel of ``assignments`` alone, with the embedded data in it.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from packaging.requirements import Requirement

from autograder.course import HOME, Course, CourseError
from autograder.leaks import find_leaks

__all__ = ["COLAB_CELL", "FOLDER", "PACKAGE", "write_bundle"]

#: The folder that a bundle unpacks to; bundles of several assignments share it.
FOLDER = "vision-assignments"
#: The distribution that students install; it has the version of the project.
PACKAGE = "vision-assignments-student"

#: The first code cell of every source notebook, with the id "colab".
COLAB_CELL = f"""\
# Only on Colab: upload the bundle (the .zip file) under "Files" on the left, then run this cell.
import sys

if "google.colab" in sys.modules:
    !unzip -oq "*.zip"
    %pip install -q --no-deps --no-index --find-links {FOLDER} {PACKAGE}"""

#: What notebooks and helpers need; pyproject.toml says in which versions.
_NEEDS = (
    "ipywidgets",
    "jupyterlab",
    "matplotlib",
    "numpy",
    "pillow",
    "requests",
    "sacrebleu",
    "safetensors",
    "scikit-learn",
    "threadpoolctl",
    "torch",
    "torchvision",
    "tqdm",
)

#: The moment that every file in a bundle carries, so that the same content has the same bytes.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_EPOCH = 315532800


def write_bundle(course: Course, assignment: str) -> Path:
    """Write ``bundle/<assignment>.zip`` from the release; the same release gives the same bytes.

    Raises:
        CourseError: there is no release, the wheel cannot be built, or something in the bundle
            must not reach students. No bundle is left then.
    """
    notebooks = sorted((course.release_dir / assignment).glob("**/*"))
    notebooks = [
        path for path in notebooks if path.is_file() and ".ipynb_checkpoints" not in path.parts
    ]
    if not notebooks:
        raise CourseError(f"{assignment} has no release; run 'autograder release {assignment}'")
    if links := [path for path in notebooks if path.is_symlink()]:
        # What a link points to need not be for students.
        raise CourseError(f"{links[0]} is a link; put the file itself there")
    wheel_name, wheel = _wheel()
    files = {wheel_name: wheel, "START.md": _start(assignment, wheel_name).encode()}
    for path in notebooks:
        files[path.relative_to(course.release_dir).as_posix()] = path.read_bytes()
    target = course.root / "bundle" / f"{assignment}.zip"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(_zip({f"{FOLDER}/{name}": content for name, content in files.items()}))
    if leaks := find_leaks(course, assignment, [target]):
        target.unlink()
        raise CourseError("\n  ".join(["no bundle was made:", *map(str, leaks)]))
    return target


def _wheel() -> tuple[str, bytes]:
    """The wheel of ``assignments``, by its file's name; built by setuptools."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        ignore = shutil.ignore_patterns("__pycache__", "files")
        shutil.copytree(HOME / "assignments", project / "assignments", ignore=ignore)
        shutil.copytree(HOME / "datasets", project / "assignments" / "data" / "files")
        shutil.copy(HOME / "LICENSE", project)
        (project / "pyproject.toml").write_text(_pyproject(), encoding="utf-8")
        built = subprocess.run(
            [
                sys.executable,
                "-c",
                "from setuptools.build_meta import build_wheel; build_wheel('.')",
            ],
            cwd=project,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(_EPOCH)},
            capture_output=True,
            text=True,
        )
        wheels = list(project.glob("*.whl"))
        if built.returncode or len(wheels) != 1:
            raise CourseError(f"the wheel of assignments cannot be built:\n{built.stderr[-2000:]}")
        with zipfile.ZipFile(wheels[0]) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        # Packed anew, since setuptools keeps the modes that files have here.
        return wheels[0].name, _zip(files)


def _pyproject() -> str:
    """The project file of the wheel: name, version, and loose ranges of what it needs."""
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = [need for need in project["dependencies"] if Requirement(need).name in _NEEDS]
    return f"""\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{PACKAGE}"
version = "{project["version"]}"
description = "What the notebooks of the computer-vision assignments import"
requires-python = "{project["requires-python"]}"
license = "{project["license"]}"
license-files = ["LICENSE"]
dependencies = {needs}

[tool.setuptools.packages.find]
include = ["assignments*"]
namespaces = false

[tool.setuptools.package-data]
"assignments" = ["quizzes/*/*.md", "terms.tsv"]
"assignments.data" = ["files/**"]
"assignments.checks" = ["*/*.json"]
"""


def _zip(files: dict[str, bytes]) -> bytes:
    """A zip file whose bytes depend on nothing but names and content."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _MOMENT)
            info.create_system = 3  # Unix, wherever it is made
            info.external_attr = 0o644 << 16
            # A wheel is packed already.
            info.compress_type = (
                zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            )
            archive.writestr(info, data)
    return content.getvalue()


def _start(assignment: str, wheel: str) -> str:
    template = (Path(__file__).parent / "templates" / "START.md").read_text(encoding="utf-8")
    return template.format(assignment=assignment, folder=FOLDER, wheel=wheel)
