"""The sprite sheets, as they lie in the repository, and how they are read."""

import hashlib
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assignments.data.emoji10 import CLASS_NAMES
from assignments.data.folders import embedded_folder
from assignments.data.sprites import read_sprites

REPOSITORY = Path(__file__).resolve().parents[2]
SHOWN = REPOSITORY / "datasets" / "emoji"
HELDOUT = REPOSITORY / "autograder" / "heldout" / "emoji10"


@pytest.mark.parametrize("folder", [SHOWN, HELDOUT], ids=["shown", "heldout"])
def test_the_manifest_describes_the_file(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    data = (folder / manifest["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == manifest["sha256"]
    assert len(data) == manifest["bytes"]
    for line in manifest["sprites"]:
        assert line["vendor"] in manifest["sources"]
        assert line["name"]
        assert line["category"]


def test_the_sheet_is_small_and_licensed():
    manifest = json.loads((SHOWN / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["bytes"] < 12_000_000
    for source in manifest["sources"].values():
        assert (SHOWN / f"LICENSE-{source['licence']}.txt").stat().st_size > 5_000


def test_heldout_drawings_are_in_no_file_that_students_get():
    shown, heldout = read_sprites(SHOWN), read_sprites(HELDOUT)
    seen = {image.tobytes() for image in shown.images}
    assert not any(image.tobytes() in seen for image in heldout.images)
    assert {line["emoji10"] for line in heldout.lines} == set(CLASS_NAMES)
    assert not shown.select(part="heldout").lines


def test_the_files_are_what_the_tool_would_write():
    tool = runpy.run_path(str(REPOSITORY / "tools" / "make_emoji_sprites.py"))
    written = {
        (line["vendor"], line["name"]): (line["emoji10"], line["part"])
        for folder in (SHOWN, HELDOUT)
        for line in read_sprites(folder).lines
        if "emoji10" in line
    }
    assert written == tool["parts_of_drawings"]()


def write(folder: Path, names: list[str]) -> None:
    sheet = np.zeros((4, 8, 4), np.uint8)
    sheet[:, :4], sheet[:, 4:] = 10, 20
    Image.fromarray(sheet).save(folder / "sheet.webp", lossless=True, exact=True)
    lines = [{"name": name, "vendor": "google"} for name in names]
    manifest = {"file": "sheet.webp", "tile": 4, "columns": 2, "sprites": lines}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_tiles_come_in_the_order_of_the_manifest(tmp_path):
    write(tmp_path, ["one", "two"])
    sprites = read_sprites(tmp_path)
    assert sprites.images.shape == (2, 4, 4, 4)
    assert (sprites.select(name="two").images == 20).all()
    assert len(sprites.select(vendor="google").lines) == 2
    assert not sprites.select(vendor="nobody").lines


@pytest.mark.parametrize("damage", ["sheet", "manifest", "missing", "more sprites"])
def test_damage_is_named_with_its_folder(tmp_path, damage):
    write(tmp_path, ["one", "two", "three"] if damage == "more sprites" else ["one", "two"])
    if damage == "sheet":
        (tmp_path / "sheet.webp").write_bytes(b"RIFF")
    elif damage == "manifest":
        (tmp_path / "manifest.json").write_text("{")
    elif damage == "missing":
        (tmp_path / "sheet.webp").unlink()
    with pytest.raises(ValueError, match=rf"drawings in .*{tmp_path.name}.*Clone"):
        read_sprites(tmp_path)


def test_an_absent_collection_says_where_it_was_sought():
    with pytest.raises(FileNotFoundError, match=r"'nothing'.*datasets.*files"):
        embedded_folder("nothing")
