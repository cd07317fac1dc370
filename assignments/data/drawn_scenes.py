"""Scenes that somebody draws: emoji placed on a grid, in the form of ``emoji_scenes``."""

from collections.abc import Iterable
from functools import cache

import numpy as np
from PIL import Image

from assignments.data.emoji_scenes import COLOURS, NOUNS, SIZE, SIZES
from assignments.data.folders import embedded_folder
from assignments.data.sprites import Sprites, read_sprites
from assignments.messages import _

__all__ = ["draw_scene"]

#: Places of the grid, both ways: those of the encoder's grid of features.
PLACES = 4


def draw_scene(
    things: Iterable[tuple], background: str = "white", size: str = "medium"
) -> np.ndarray:
    """Draw a scene: ``draw_scene([("crab", 0, 1), ("doughnut", 3, 1)])``.

    Args:
        things: what is in it: a noun, its column and its row, each from 0 to 3, on a grid of 4 x 4
            places that counts from the upper left. What comes later covers what came before.
        background: the name of a colour.
        size: of all things: small, medium or large.

    Returns:
        The picture, (64, 64, 3) uint8.

    Raises:
        ValueError: there is no such noun, colour, size or place.
    """
    _known(background, COLOURS)
    _known(size, SIZES)
    pale = tuple(int(255 * (0.45 * part + 0.5)) for part in COLOURS[background])
    scene = Image.new("RGB", (SIZE, SIZE), pale)
    for noun, column, row in things:
        _known(noun, NOUNS)
        _known(column, range(PLACES))
        _known(row, range(PLACES))
        drawing = _drawing(noun).copy()
        drawing.thumbnail((SIZES[size], SIZES[size]), Image.Resampling.BOX)
        corner = [
            min(max(round((place + 0.5) * SIZE / PLACES - side / 2), 0), SIZE - side)
            for place, side in zip((column, row), drawing.size, strict=True)
        ]
        scene.paste(drawing, tuple(corner), drawing)
    return np.array(scene)


@cache
def _drawing(noun: str) -> Image.Image:
    """The first drawing of a noun, without its empty border."""
    first = NOUNS[noun][1].split()[0]
    whole = Image.fromarray(_sprites().select(name=first).images[0])
    return whole.crop(whole.getbbox())


@cache
def _sprites() -> Sprites:
    return read_sprites(embedded_folder("emoji"))


def _known(value: object, choices: Iterable) -> None:
    """Raise ValueError where this is none of the choices."""
    if value not in (known := list(choices)):
        told = ", ".join(map(str, known))
        raise ValueError(
            _("there is no {value!r}; choose one of: {told}").format(value=value, told=told)
        )
