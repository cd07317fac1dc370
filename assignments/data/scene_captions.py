"""What can be said of a scene: a small grammar of English, and the words that it can use.

Every caption is true of its scene: counts, colours, sizes and relations are read from what was
drawn. Of each scene several things can be said, each in several ways.
"""

import random
from collections.abc import Callable

from assignments.data.emoji_scenes import (
    BACKGROUNDS,
    COLOURS,
    KINDS,
    NOUNS,
    SIZE,
    SIZES,
    WORDS,
    Scenes,
)

__all__ = ["MAX_WORDS", "VOCABULARY", "captions"]

#: A caption has at most so many words.
MAX_WORDS = 15

_SIZE_WORDS = {"small": ("small", "little", "tiny"), "large": ("large", "big", "huge")}
_COUNTS = {2: "two", 3: "three"}
_COLOUR_NAMES = tuple(COLOURS)
_SIZE_NAMES = tuple(SIZES)
_FRAME = len(WORDS)

#: How each kind of scene is described. ``{X}``, ``{Y}`` and ``{Z}`` are objects, ``{x}`` the same
#: without an adjective, ``{Xs}`` several alike.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "one": (
        "{X}",
        "{X} {place}",
        "{X} on {ground}",
        "there is {X} {place}",
        "a picture of {X}",
        "{X} all alone",
        "a single {thing} {place}",
        "only one {thing} can be seen",
    ),
    "alike": (
        "{Xs}",
        "{Xs} on {ground}",
        "there are {Xs}",
        "a group of {Xs}",
        "a picture of {Xs}",
        "{Xs} that look alike",
        "the same {thing} {times}",
    ),
    "beside": (
        "{X} to the left of {y}",
        "{x} to the left of {Y}",
        "{Y} to the right of {x}",
        "{x} on the left and {y} on the right",
        "{X} next to {Y}",
        "{Y} beside {x}",
        "{X} and {Y} side by side",
        "there is {y} to the right of {x}",
    ),
    "above": (
        "{X} above {y}",
        "{x} above {Y}",
        "{Y} below {x}",
        "{y} under {X}",
        "{x} at the top and {y} at the bottom",
        "{X} over {Y}",
        "there is {y} below {x}",
        "{X} with {y} underneath",
    ),
    "inside": (
        "{X} inside {Y}",
        "{X} in {Y}",
        "{Y} around {x}",
        "{Y} with {X} in it",
        "a framed picture of {X}",
        "there is {x} inside {Y}",
    ),
    "larger": (
        "{x} that is larger than {y}",
        "{y} that is smaller than {x}",
        "{big} next to {small}",
        "{small} beside {big}",
        "{big} and {small}",
        "{x} much bigger than {y}",
    ),
    "three": (
        "{x} and {y} above {Z}",
        "{Z} below {x} and {y}",
        "{x} next to {y} and {z} underneath",
        "{x} {y} and {z}",
        "three things with {Z} at the bottom",
        "there is {z} under {x} and {y}",
    ),
    "two and one": (
        "{Xs} above {Z}",
        "{Z} below {Xs}",
        "{Xs} and {Z}",
        "{z} under {Xs}",
        "{Xs} side by side over {z}",
        "there are {Xs} with {Z} underneath",
    ),
}


def captions(scenes: Scenes, index: int, num: int, chance: random.Random) -> list[list[str]]:
    """Say ``num`` things of a scene, as lists of words; things are said twice only if they must be.

    Args:
        index: which of the scenes.
        chance: decides what is said, and how.
    """
    kind = KINDS[scenes.kind[index]]
    templates = TEMPLATES[kind]
    order = chance.sample(range(len(templates)), len(templates))
    describe = _Describe(scenes, index, kind, chance)
    return [templates[order[i % len(order)]].format_map(describe).split() for i in range(num)]


class _Describe(dict):
    """Fills the blanks of templates for one scene, each time anew."""

    def __init__(self, scenes: Scenes, index: int, kind: str, chance: random.Random) -> None:
        super().__init__()
        self.nouns = scenes.nouns[index].tolist()
        self.colours = scenes.colours[index].tolist()
        self.sizes = scenes.sizes[index].tolist()
        self.boxes = scenes.boxes[index].tolist()
        self.background = _COLOUR_NAMES[scenes.backgrounds[index]]
        self.chance = chance
        self.order = _reading_order(kind, self.boxes)

    def __missing__(self, key: str) -> str:
        return _BLANKS[key](self)

    def phrase(self, place: int, adjective: bool) -> str:
        """An object with its article: ``a red apple``."""
        j = self.order[place]
        if self.nouns[j] == _FRAME:
            return _with_article(f"{_COLOUR_NAMES[self.colours[j]]} frame")
        words = [self.adjective(j)] if adjective else []
        return _with_article(" ".join([*filter(None, words), WORDS[self.nouns[j]]]))

    def several(self) -> str:
        """Things that are alike, with their number: ``three red apples``."""
        number = self.nouns.count(self.nouns[0])
        words = [_COUNTS[number], self.adjective(0), NOUNS[WORDS[self.nouns[0]]][0]]
        return " ".join(filter(None, words))

    def sized(self, place: int, size: str) -> str:
        j = self.order[place]
        return _with_article(f"{self.chance.choice(_SIZE_WORDS[size])} {WORDS[self.nouns[j]]}")

    def adjective(self, j: int) -> str:
        """A colour, a size or nothing."""
        draw = self.chance.random()
        if draw < 0.45:
            return _COLOUR_NAMES[self.colours[j]] if self.colours[j] >= 0 else ""
        if draw < 0.7:
            return self.chance.choice(_SIZE_WORDS.get(_SIZE_NAMES[self.sizes[j]], ("",)))
        return ""

    def place(self) -> str:
        """Where a single object stands."""
        left, top, right, bottom = self.boxes[0]
        x, y = (left + right) / 2 / SIZE, (top + bottom) / 2 / SIZE
        row = "top" if y < 0.4 else "bottom" if y > 0.6 else ""
        column = "left" if x < 0.4 else "right" if x > 0.6 else ""
        if row and column:
            return f"in the {row} {column} corner"
        if row:
            return f"at the {row}"
        return f"on the {column}" if column else "in the middle"

    def times(self) -> str:
        return {2: "twice", 3: "three times"}[self.nouns.count(self.nouns[0])]


_BLANKS: dict[str, Callable[[_Describe], str]] = {
    "X": lambda d: d.phrase(0, True),
    "Y": lambda d: d.phrase(1, True),
    "Z": lambda d: d.phrase(2, True),
    "x": lambda d: d.phrase(0, False),
    "y": lambda d: d.phrase(1, False),
    "z": lambda d: d.phrase(2, False),
    "Xs": _Describe.several,
    "big": lambda d: d.sized(0, "large"),
    "small": lambda d: d.sized(1, "small"),
    "thing": lambda d: WORDS[d.nouns[0]],
    "place": _Describe.place,
    "ground": lambda d: _with_article(f"{d.background} background"),
    "times": _Describe.times,
}


def _reading_order(kind: str, boxes: list[list[int]]) -> list[int]:
    """Which object is X, which Y, which Z: as the templates have them, left or above first."""
    swap = (kind in ("beside", "three") and boxes[0][0] > boxes[1][0]) or (
        kind == "above" and boxes[0][1] > boxes[1][1]
    )
    return [1, 0, 2] if swap else [0, 1, 2]


def _with_article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _vocabulary() -> tuple[str, ...]:
    """Every word that a caption can have, in the order of the alphabet."""
    words = {"a", "an", "frame", "background", *_COLOUR_NAMES, *_COUNTS.values(), *BACKGROUNDS}
    words |= set(WORDS) | {plural for plural, _drawings in NOUNS.values()}
    words |= {word for several in _SIZE_WORDS.values() for word in several}
    words |= {"in", "the", "at", "on", "top", "bottom", "left", "right", "corner", "middle"}
    words |= {"twice", "three", "times"}
    for templates in TEMPLATES.values():
        for template in templates:
            words |= {word for word in template.split() if "{" not in word}
    return tuple(sorted(words))


VOCABULARY = _vocabulary()
