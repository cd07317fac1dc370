"""draw_scene: things stand where they were put, and in front of what came before."""

import numpy as np
import pytest

from assignments.data.drawn_scenes import draw_scene
from assignments.data.emoji_scenes import NOUNS, SIZE


def changed(scene, background="white"):
    """Rows and columns in which a scene differs from an empty one."""
    differs = (scene != draw_scene([], background)).any(axis=2)
    return np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))


def test_an_empty_scene_has_one_colour():
    scene = draw_scene([], "pink")
    assert scene.shape == (SIZE, SIZE, 3)
    assert scene.dtype == np.uint8
    assert (scene == scene[0, 0]).all()


def test_a_thing_stands_where_it_was_put():
    rows, columns = changed(draw_scene([("crab", 3, 0)], size="small"))
    assert rows.max() < SIZE / 2 < columns.min()
    rows, columns = changed(draw_scene([("crab", 0, 3)], size="large"))
    assert columns.max() < SIZE / 2 < rows.min()


def test_what_comes_later_is_in_front():
    both = draw_scene([("crab", 1, 1), ("heart", 1, 1)])
    middle = slice(22, 26)
    assert np.array_equal(both[middle, middle], draw_scene([("heart", 1, 1)])[middle, middle])


def test_every_noun_can_be_drawn():
    for noun in NOUNS:
        rows, columns = changed(draw_scene([(noun, 1, 2)], "blue"), "blue")
        assert max(np.ptp(rows), np.ptp(columns)) >= 15, noun


@pytest.mark.parametrize(
    ("thing", "settings", "told"),
    [
        (("unicorn", 0, 0), {}, "unicorn"),
        (("crab", 4, 0), {}, "4"),
        (("crab", 0, -1), {}, "-1"),
        (("crab", 0, 0), {"background": "crimson"}, "crimson"),
        (("crab", 0, 0), {"size": "huge"}, "huge"),
    ],
)
def test_what_is_not_there_is_named(thing, settings, told):
    with pytest.raises(ValueError, match=f"there is no '?{told}'?; choose one of"):
        draw_scene([thing], **settings)
