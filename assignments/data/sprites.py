"""Emoji drawings as arrays: the sprite sheet of ``datasets/emoji`` and its manifest."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from assignments.messages import _


@dataclass(frozen=True)
class Sprites:
    """Drawings with their descriptions.

    images: (S, 64, 64, 4) uint8, RGBA, not premultiplied.
    lines: S dictionaries with the keys name, title, codepoint, vendor, category, subcategory;
        sprites that belong to emoji10 also have emoji10 (the class) and part.
    """

    images: np.ndarray
    lines: list[dict[str, str]]

    def select(self, **wanted: str) -> "Sprites":
        """Return the sprites whose descriptions have these values: ``select(part="test")``."""
        keep = [
            index
            for index, line in enumerate(self.lines)
            if all(line.get(key) == value for key, value in wanted.items())
        ]
        return Sprites(self.images[keep], [self.lines[index] for index in keep])


def read_sprites(folder: Path) -> Sprites:
    """Read a folder with ``manifest.json`` and the sheet that it names.

    Raises ValueError when the two do not belong together or cannot be read.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        tile, columns, lines = manifest["tile"], manifest["columns"], manifest["sprites"]
        with Image.open(folder / manifest["file"]) as image:
            sheet = np.asarray(image.convert("RGBA"))
        rows = -(-len(lines) // columns)
        if sheet.shape != (rows * tile, columns * tile, 4):
            raise ValueError(f"sheet of shape {sheet.shape} for {len(lines)} sprites")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            _(
                "The drawings in {folder} cannot be read ({error}). "
                "Clone the whole project again, or install the assignments package again."
            ).format(folder=folder, error=error)
        ) from error
    tiles = sheet.reshape(rows, tile, columns, tile, 4).swapaxes(1, 2)
    return Sprites(tiles.reshape(-1, tile, tile, 4)[: len(lines)], lines)
