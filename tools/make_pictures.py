"""Make the three pictures at the top of README.md, in docs/images/, with headless Chromium.

A notebook whose check names a mistake, the feedback page of that student, and a caption with the
places that each word looked at. Notebooks and pages are real ones, made in a temporary folder; the
caption comes from the solved run that `make site` keeps, or makes anew (three minutes).

python tools/make_pictures.py                 # all three
python tools/make_pictures.py check feedback  # these two
"""

import base64
import io
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from autograder import demo
from autograder.course import HOME, Course
from autograder.mistakes import apply_patch, load_patches
from autograder.site.figures import kept, run

IMAGES = HOME / "docs" / "images"
MISTAKE = "two-loops-no-square-root"
WIDTH, HEIGHT = 800, 800


def check(page: Page, folder: Path) -> bytes:
    """The first exercise of the first notebook, and what its check says of a forgotten root."""
    course = demo.copy_course(folder / "course", demo.ASSIGNMENT)
    nb = nbformat.reads(json.dumps(_handed_in(course)), as_version=4)
    wanted = ("distances-figure", "exercise-1-task", "knn-two-loops")
    runs = [cell for cell in nb.cells if cell.id in ("imports", "knn-classifier", *wanted)]
    nb.cells = runs
    NotebookClient(nb, resources={"metadata": {"path": str(folder)}}).execute()
    nb.cells = [cell for cell in runs if cell.id in wanted]
    nb.cells[0].metadata["transient"] = {"remove_source": True}  # JupyterLab folds it
    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    text, _resources = exporter.from_notebook_node(nb)
    (folder / "knn.html").write_text(text, encoding="utf-8")
    page.goto((folder / "knn.html").as_uri())
    return page.screenshot(full_page=True)


def feedback(page: Page, folder: Path) -> bytes:
    """The feedback page of the student who handed that in."""
    course = demo.copy_course(folder / "course", demo.ASSIGNMENT)
    (course.root / ".autograder-secret").write_text("03" * 32)
    home = course.submitted_dir / "kim" / demo.ASSIGNMENT
    home.mkdir(parents=True)
    (home / "knn.ipynb").write_text(json.dumps(_handed_in(course)))
    grade = ["autograder.cli", "--course", str(course.root), "grade", demo.ASSIGNMENT]
    subprocess.run([sys.executable, "-m", *grade], check=True, stdout=subprocess.DEVNULL)
    page.goto((course.feedback_dir / "kim" / demo.ASSIGNMENT / "knn.html").as_uri())
    top = page.get_by_text("Question by question").bounding_box()["y"] - 20
    clip = {"x": 0, "y": top, "width": WIDTH, "height": HEIGHT}
    return page.screenshot(full_page=True, clip=clip)


def caption(page: Page, folder: Path) -> bytes:
    """A picture that no model has seen, and where the network looked at each word."""
    course = Course()
    source = course.assignment("a3_captioning").notebooks["lstm_captioning"]
    cache = course.root / "build" / "executed"
    outputs = kept(course, source, cache) or run(course, source, cache)
    first = outputs["maps"][0]
    return base64.b64decode(first["data"]["image/png"])


def _handed_in(course: Course) -> dict:
    """The released notebook with the reference's code, less a square root."""
    source = course.assignment(demo.ASSIGNMENT).notebooks["knn"]
    patches = {patch.name: patch for patch in load_patches(demo.ASSIGNMENT, "knn")}
    return demo.solved(course, source, apply_patch(source.cells, patches[MISTAKE]))


PICTURES = {"check": check, "feedback": feedback, "caption": caption}


def main() -> int:
    """Run the command; 0: the pictures are made, 2: there is none of that name, or no browser."""
    names = sys.argv[1:] or list(PICTURES)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if unknown := set(names) - set(PICTURES):
        print(f"no picture {', '.join(unknown)}; there are: {', '.join(PICTURES)}", file=sys.stderr)
        return 2
    if chromium is None:
        print("no chromium; tools/install_system_packages.sh chromium installs it", file=sys.stderr)
        return 2
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in names:
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2
            )
            with tempfile.TemporaryDirectory(prefix="picture-") as folder:
                picture = Image.open(io.BytesIO(PICTURES[name](page, Path(folder))))
            path = IMAGES / f"{name}.webp"
            picture.convert("RGB").save(path, quality=70, method=6)
            print(f"{path.relative_to(HOME)}: {picture.size}, {path.stat().st_size / 1e3:.0f} kB")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
