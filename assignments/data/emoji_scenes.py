"""Make emoji_scenes: one to three emoji on a 64x64 canvas, in relation, with captions.

A scene is of one of eight kinds: one object; two or three alike; one beside, above, inside or
larger than another; two above a third; two alike above another. Boxes, masks and relations are
exact, and what the captions (:mod:`assignments.data.scene_captions`) say of a scene is true of it.

Some pairs of things never meet in training and validation scenes: every second test scene with two
different things shows such a pair. A model that has memorised whole captions fails there.
"""

import colorsys
import hashlib
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from assignments.data.folders import embedded_folder
from assignments.data.sprites import read_sprites

__all__ = ["KINDS", "NOUNS", "RELATIONS", "SIZE", "SIZES", "Scenes", "make_scenes"]

SIZE = 64  # pixels of a scene, both ways
MAX_OBJECTS = 3
#: The longer side of an object in pixels.
SIZES = {"small": 17, "medium": 23, "large": 30}
KINDS = ("one", "alike", "beside", "above", "inside", "larger", "three", "two and one")
#: How often each kind occurs.
SHARES = (0.12, 0.12, 0.16, 0.16, 0.14, 0.12, 0.1, 0.08)
RELATIONS = ("left of", "above", "inside", "larger than")
#: The share of pairs of nouns that only test scenes show.
HELD_OUT_PAIRS = 0.1
SEEDS = {"train": 11, "val": 12, "test": 13}

#: What can be in a scene: singular, plural, and the drawings of it by their names in the manifest.
NOUNS: dict[str, tuple[str, str]] = {
    "apple": ("apples", "apple green_apple"),
    "airplane": ("airplanes", "airplane small_airplane"),
    "ball": ("balls", "soccer basketball volleyball tennis"),
    "balloon": ("balloons", "balloon"),
    "banana": ("bananas", "banana"),
    "bear": ("bears", "bear polar_bear"),
    "bee": ("bees", "bee"),
    "bell": ("bells", "bell"),
    "bicycle": ("bicycles", "bike"),
    "bird": ("birds", "bird parrot"),
    "boat": ("boats", "boat speedboat"),
    "book": ("books", "closed_book green_book blue_book orange_book"),
    "boot": ("boots", "boot hiking_boot"),
    "burger": ("burgers", "hamburger"),
    "bus": ("buses", "bus oncoming_bus trolleybus"),
    "butterfly": ("butterflies", "butterfly"),
    "cactus": ("cactuses", "cactus"),
    "cake": ("cakes", "cake birthday"),
    "camera": ("cameras", "camera camera_with_flash"),
    "candle": ("candles", "candle"),
    "car": ("cars", "car blue_car oncoming_automobile racing_car"),
    "carrot": ("carrots", "carrot"),
    "castle": ("castles", "european_castle japanese_castle"),
    "cat": ("cats", "cat cat2"),
    "chair": ("chairs", "chair"),
    "chicken": ("chickens", "chicken rooster"),
    "clock": ("clocks", "alarm_clock mantelpiece_clock"),
    "cloud": ("clouds", "cloud"),
    "cookie": ("cookies", "cookie"),
    "cow": ("cows", "cow cow2"),
    "crab": ("crabs", "crab"),
    "crown": ("crowns", "crown"),
    "cup": ("cups", "coffee tea"),
    "dog": ("dogs", "dog dog2 poodle"),
    "dolphin": ("dolphins", "dolphin"),
    "doughnut": ("doughnuts", "doughnut"),
    "dress": ("dresses", "dress"),
    "drum": ("drums", "drum_with_drumsticks"),
    "duck": ("ducks", "duck"),
    "elephant": ("elephants", "elephant"),
    "fish": ("fish", "fish tropical_fish blowfish"),
    "flower": ("flowers", "tulip sunflower hibiscus rose"),
    "fox": ("foxes", "fox_face"),
    "frog": ("frogs", "frog"),
    "gift": ("gifts", "gift"),
    "guitar": ("guitars", "guitar"),
    "hammer": ("hammers", "hammer"),
    "hat": ("hats", "tophat womans_hat"),
    "heart": (
        "hearts",
        "heart orange_heart yellow_heart green_heart blue_heart purple_heart brown_heart "
        "black_heart pink_heart",
    ),
    "helicopter": ("helicopters", "helicopter"),
    "horse": ("horses", "horse racehorse"),
    "house": ("houses", "house house_with_garden"),
    "key": ("keys", "key old_key"),
    "kite": ("kites", "kite"),
    "koala": ("koalas", "koala"),
    "ladybug": ("ladybugs", "ladybug"),
    "leaf": ("leaves", "maple_leaf fallen_leaf"),
    "lemon": ("lemons", "lemon"),
    "lion": ("lions", "lion_face"),
    "monkey": ("monkeys", "monkey monkey_face"),
    "moon": ("moons", "crescent_moon"),
    "mouse": ("mice", "mouse mouse2"),
    "mushroom": ("mushrooms", "mushroom"),
    "octopus": ("octopuses", "octopus"),
    "owl": ("owls", "owl"),
    "panda": ("pandas", "panda_face"),
    "pear": ("pears", "pear"),
    "pencil": ("pencils", "pencil2"),
    "penguin": ("penguins", "penguin"),
    "pig": ("pigs", "pig pig2"),
    "pineapple": ("pineapples", "pineapple"),
    "rabbit": ("rabbits", "rabbit rabbit2"),
    "ring": ("rings", "ring"),
    "rocket": ("rockets", "rocket"),
    "sheep": ("sheep", "sheep ram"),
    "ship": ("ships", "ship passenger_ship"),
    "shirt": ("shirts", "shirt"),
    "shoe": ("shoes", "athletic_shoe mans_shoe"),
    "snail": ("snails", "snail"),
    "snake": ("snakes", "snake"),
    "snowman": ("snowmen", "snowman snowman_without_snow"),
    "star": ("stars", "star"),
    "strawberry": ("strawberries", "strawberry"),
    "sun": ("suns", "sunny sun_with_face"),
    "taxi": ("taxis", "taxi oncoming_taxi"),
    "tiger": ("tigers", "tiger tiger2"),
    "tomato": ("tomatoes", "tomato"),
    "tractor": ("tractors", "tractor"),
    "train": ("trains", "train2 metro"),
    "tree": ("trees", "deciduous_tree evergreen_tree palm_tree"),
    "truck": ("trucks", "truck pickup_truck"),
    "trumpet": ("trumpets", "trumpet"),
    "turtle": ("turtles", "turtle"),
    "umbrella": ("umbrellas", "umbrella closed_umbrella"),
    "violin": ("violins", "violin"),
    "whale": ("whales", "whale whale2"),
    "wolf": ("wolves", "wolf"),
}
WORDS = tuple(NOUNS)

#: Colours of frames and, paler, of backgrounds: RGB from 0 to 1.
COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.15, 0.15),
    "orange": (0.95, 0.55, 0.10),
    "yellow": (0.95, 0.85, 0.15),
    "green": (0.20, 0.65, 0.25),
    "blue": (0.15, 0.35, 0.85),
    "purple": (0.55, 0.25, 0.75),
    "pink": (0.95, 0.50, 0.70),
    "brown": (0.50, 0.30, 0.15),
    "black": (0.10, 0.10, 0.10),
    "white": (1.0, 1.0, 1.0),
    "grey": (0.55, 0.55, 0.55),
}
BACKGROUNDS = ("yellow", "green", "blue", "pink", "white", "grey")
#: The share of a drawing's pixels that must have a colour for it to be called so.
ENOUGH = 0.55


@dataclass(frozen=True)
class Scenes:
    """N scenes; what an object slot does not hold is -1, or 0 in boxes.

    Attributes:
        images: (N, 64, 64, 3) uint8, RGB.
        masks: (N, 64, 64) uint8: 0 background, j + 1 object j; every visible pixel of an object.
        kind: (N,) int64, an index into :data:`KINDS`.
        nouns: (N, 3) int64, indices into :data:`WORDS`; a frame has ``len(WORDS)``.
        colours: (N, 3) int64, indices into the keys of :data:`COLOURS`; -1 where no colour rules.
        sizes: (N, 3) int64, indices into the keys of :data:`SIZES`; -1 for a frame.
        boxes: (N, 3, 4) int64: left, top, right, bottom; right and bottom lie outside.
        backgrounds: (N,) int64, indices into the keys of :data:`COLOURS`.
        new_pair: (N,) bool: does it show a pair of things that only test scenes show?
    """

    images: np.ndarray
    masks: np.ndarray
    kind: np.ndarray
    nouns: np.ndarray
    colours: np.ndarray
    sizes: np.ndarray
    boxes: np.ndarray
    backgrounds: np.ndarray
    new_pair: np.ndarray

    def relations(self, index: int) -> list[tuple[int, str, int]]:
        """What is true of a scene: (j, relation, k), of objects j and k.

        ``left of`` and ``above``: the boxes share no column, or row. ``inside``: the box lies in
        that of a frame. ``larger than``: the longer side is at least 1.5 times that of the
        other.
        """
        found = []
        there = [j for j in range(MAX_OBJECTS) if self.nouns[index, j] >= 0]
        for j in there:
            left, top, right, bottom = self.boxes[index, j]
            for k in there:
                if j == k:
                    continue
                left_k, top_k, right_k, bottom_k = self.boxes[index, k]
                frame = self.nouns[index, k] == len(WORDS)
                holds = {
                    "left of": right <= left_k,
                    "above": bottom <= top_k,
                    "inside": frame
                    and left_k < left
                    and top_k < top
                    and right < right_k
                    and bottom < bottom_k,
                    "larger than": self.nouns[index, j] < len(WORDS)
                    and not frame
                    and max(right - left, bottom - top)
                    >= 1.5 * max(right_k - left_k, bottom_k - top_k),
                }
                found += [(j, relation, k) for relation in RELATIONS if holds[relation]]
        return found


@cache
def held_out(a: int, b: int) -> bool:
    """Is this a pair of nouns that only test scenes show? The order does not matter."""
    name = " ".join(sorted((WORDS[a], WORDS[b])))
    return hashlib.sha256(name.encode()).digest()[0] < 256 * HELD_OUT_PAIRS


def make_scenes(num: int, seed: int, part: str = "train") -> Scenes:
    """Make scenes; the same arguments give the same scenes.

    Args:
        num: how many, N.
        seed: any number; it is mixed with one of the part.
        part: ``"train"``, ``"val"`` or ``"test"``: which pairs of things may meet.

    Raises:
        ValueError: there is no such part.
    """
    if part not in SEEDS:
        raise ValueError(f"part is {part!r}; it must be one of {', '.join(SEEDS)}")
    rng = np.random.default_rng([SEEDS[part], seed])
    drawings = _drawings(embedded_folder("emoji"))
    kind = rng.choice(len(KINDS), size=num, p=SHARES)
    nouns, new_pair = _choose_nouns(kind, part, rng)
    sizes = _choose_sizes(kind, rng)
    corners = _choose_places(kind, rng)

    chosen = rng.integers(2**31, size=(num, MAX_OBJECTS))
    mirror = rng.integers(2, size=(num, MAX_OBJECTS))
    light = rng.uniform(0.88, 1.06, size=(num, MAX_OBJECTS)).astype(np.float32)
    frame_colour = rng.integers(len(COLOURS), size=num)
    names = list(COLOURS)
    backgrounds = np.array([names.index(name) for name in BACKGROUNDS])
    backgrounds = backgrounds[rng.integers(len(BACKGROUNDS), size=num)]
    # A frame must show on its background.
    frame_colour = np.where(
        frame_colour == backgrounds, (frame_colour + 1) % len(COLOURS), frame_colour
    )

    images = _backgrounds(backgrounds, rng)
    masks = np.zeros((num, SIZE, SIZE), np.uint8)
    boxes = np.zeros((num, MAX_OBJECTS, 4), np.int64)
    colours = np.full((num, MAX_OBJECTS), -1)
    alike = kind == KINDS.index("alike")
    chosen[alike] = chosen[alike, :1]
    pair = kind == KINDS.index("two and one")
    chosen[pair, 1] = chosen[pair, 0]
    palette = (255 * np.array(list(COLOURS.values()))).astype(np.uint8)
    for i, (of_scene, size_of, places) in enumerate(
        zip(nouns.tolist(), sizes.tolist(), corners.tolist(), strict=True)
    ):
        for j, noun in enumerate(of_scene):
            if noun < 0:
                continue
            if noun == len(WORDS):
                colours[i, j] = frame_colour[i]
                boxes[i, j] = _draw_frame(images[i], masks[i], places[j], palette[frame_colour[i]])
                continue
            drawing = drawings[noun][chosen[i, j] % len(drawings[noun])]
            colours[i, j] = drawing.colour
            rgb, clear, solid = drawing.tiles[size_of[j], mirror[i, j]]
            height, width = solid.shape
            x, y = places[j]
            left = min(max(round(x - width / 2), 0), SIZE - width)
            top = min(max(round(y - height / 2), 0), SIZE - height)
            area = images[i, top : top + height, left : left + width]
            area[...] = np.minimum(area * clear + rgb * light[i, j], 255)
            masks[i, top : top + height, left : left + width][solid] = j + 1
            boxes[i, j] = left, top, left + width, top + height
    return Scenes(images, masks, kind, nouns, colours, sizes, boxes, backgrounds, new_pair)


# --- what is in a scene --------------------------------------------------------------------------


def _choose_nouns(
    kind: np.ndarray, part: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Nouns (N, 3), and whether each scene shows a held-out pair."""
    num, frame = len(kind), len(WORDS)
    usual, new = _pairs()
    nouns = np.full((num, MAX_OBJECTS), -1)
    is_new = (rng.random(num) < 0.5) if part == "test" else np.zeros(num, bool)
    pairs = np.where(
        is_new[:, None],
        new[rng.integers(len(new), size=num)],
        usual[rng.integers(len(usual), size=num)],
    )
    pairs = rng.permuted(pairs, axis=1)
    count = rng.integers(2, 4, size=num)
    new_pair = np.zeros(num, bool)
    for i, name in enumerate(KINDS[k] for k in kind):
        a, b = pairs[i]
        new_pair[i] = is_new[i] and name not in ("one", "alike", "inside")
        match name:
            case "one":
                nouns[i, 0] = a
            case "alike":
                nouns[i, : count[i]] = a
            case "inside":
                nouns[i, :2] = a, frame
            case "two and one":
                nouns[i] = a, a, b
            case "three":
                nouns[i] = a, b, _third(a, b, rng)
            case _:
                nouns[i, :2] = a, b
    return nouns, new_pair


@cache
def _pairs() -> tuple[np.ndarray, np.ndarray]:
    """All pairs of different nouns: those of every part, and those of the test scenes only."""
    pairs = list(combinations(range(len(WORDS)), 2))
    usual = [pair for pair in pairs if not held_out(*pair)]
    return np.array(usual), np.array([pair for pair in pairs if held_out(*pair)])


def _third(a: int, b: int, rng: np.random.Generator) -> int:
    """A noun that makes a usual pair with both."""
    while True:
        c = int(rng.integers(len(WORDS)))
        if c not in (a, b) and not held_out(a, c) and not held_out(b, c):
            return c


def _choose_sizes(kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sizes (N, 3); things that are alike have the same."""
    names = list(SIZES)
    small, large = names.index("small"), names.index("large")
    sizes = rng.integers(len(SIZES), size=(len(kind), MAX_OBJECTS))
    alike = kind == KINDS.index("alike")
    sizes[alike] = sizes[alike, :1]
    pair = kind == KINDS.index("two and one")
    sizes[pair, 1] = sizes[pair, 0]
    larger = kind == KINDS.index("larger")
    sizes[larger, 0], sizes[larger, 1] = large, small
    sizes[kind == KINDS.index("inside"), 1] = -1
    return sizes


def _choose_places(kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Centres (N, 3, 2) of objects, x then y; objects up to 30 pixels wide do not touch."""
    num = len(kind)
    near, far = 15.5, SIZE - 15.5
    jitter = rng.uniform(-1.0, 1.0, size=(num, MAX_OBJECTS, 2))
    # Four places, one in each quarter of the canvas, in random order.
    quarters = np.array([[near, near], [far, near], [near, far], [far, far]])
    places = quarters[rng.permuted(np.tile(np.arange(4), (num, 1)), axis=1)[:, :MAX_OBJECTS]]

    def put(name: str, centres: np.ndarray) -> None:
        of_kind = kind == KINDS.index(name)
        places[of_kind, : centres.shape[1]] = centres[of_kind]

    level = rng.uniform(near, far, size=num)
    first = rng.permuted(np.tile([near, far], (num, 1)), axis=1)
    beside = np.stack([[[near, y], [far, y]] for y in level]).reshape(num, 2, 2)
    above = np.stack([[[x, near], [x, far]] for x in level]).reshape(num, 2, 2)
    put("one", rng.uniform(near, far, size=(num, 1, 2)))
    put("beside", beside)
    put("above", above)
    put(
        "larger",
        np.stack([np.stack([first[:, 0], level], 1), np.stack([first[:, 1], level], 1)], 1),
    )
    put("inside", np.full((num, 2, 2), SIZE / 2) + rng.uniform(-5, 5, size=(num, 1, 2)))
    upper = np.tile([[near, near], [far, near]], (num, 1, 1))
    below = np.stack([level, np.full(num, far)], axis=1)[:, None]
    put("three", np.concatenate([upper, below], axis=1))
    put("two and one", np.concatenate([upper, below], axis=1))
    return places + np.where((kind == KINDS.index("inside"))[:, None, None], 0, jitter)


# --- drawing -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Drawing:
    """A drawing in every size: by (size, mirrored), 255 alpha rgb, 1 - alpha, alpha > 1/2."""

    colour: int
    tiles: dict[tuple[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


@cache
def _drawings(folder: Path) -> list[list[_Drawing]]:
    """The drawings of each noun."""
    sprites = read_sprites(folder)
    by_name: dict[str, list[np.ndarray]] = {}
    for image, line in zip(sprites.images, sprites.lines, strict=True):
        by_name.setdefault(line["name"], []).append(image)
    return [
        [_drawing(image) for name in names.split() for image in by_name[name]]
        for _plural, names in NOUNS.values()
    ]


def _drawing(image: np.ndarray) -> _Drawing:
    solid = image[..., 3] > 127
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    cut = Image.fromarray(image).crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    tiles = {}
    for size, longer in enumerate(SIZES.values()):
        zoom = longer / max(cut.size)
        width, height = (max(round(side * zoom), 1) for side in cut.size)
        # Premultiplied, or the colour of what is transparent would shine through.
        resized = cut.convert("RGBa").resize((width, height), Image.Resampling.BOX)
        small = np.asarray(resized, np.float32) / 255
        for mirrored in (0, 1):
            tile = small[:, ::-1] if mirrored else small
            tiles[size, mirrored] = (
                np.ascontiguousarray(255 * tile[..., :3]),
                np.ascontiguousarray(1 - tile[..., 3:]),
                tile[..., 3] > 0.5,
            )
    return _Drawing(_ruling_colour(image[solid][:, :3]), tiles)


def _ruling_colour(pixels: np.ndarray) -> int:
    """The colour that most of the pixels (M, 3) uint8 have; -1 where none has enough of them."""
    names = list(COLOURS)
    counts = dict.fromkeys(names, 0)
    values, times = np.unique(pixels // 8, axis=0, return_counts=True)
    for rgb, count in zip(values * 8 + 4, times, strict=True):
        counts[_colour_name(*(rgb / 255))] += int(count)
    name = max(counts, key=counts.__getitem__)
    return names.index(name) if counts[name] >= ENOUGH * len(pixels) else -1


def _colour_name(red: float, green: float, blue: float) -> str:
    """What one would call a colour."""
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    degrees = 360 * hue
    if value < 0.3:
        return "black"
    if saturation < 0.16:
        return "white" if value > 0.85 else "grey"
    if 6 < degrees < 45 and value < 0.8 and saturation > 0.25:
        return "brown"
    if (degrees < 22 or degrees > 335) and saturation < 0.6:
        return "pink"
    for limit, name in (
        (20, "red"), (38, "orange"), (68, "yellow"), (165, "green"), (255, "blue"),
        (295, "purple"), (335, "pink"), (361, "red"),
    ):  # fmt: skip
        if degrees < limit:
            return name
    raise AssertionError(degrees)


def _backgrounds(colours: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pale fields (N, 64, 64, 3) uint8, a little lighter at the top or at the bottom."""
    palette = np.array(list(COLOURS.values()))
    pale = 0.45 * palette[colours] + 0.5
    slope = rng.uniform(-0.05, 0.05, size=(len(colours), 1, 1))
    rows = pale[:, None] + slope * np.linspace(-1, 1, SIZE)[:, None]
    return np.repeat((255 * rows).astype(np.uint8)[:, :, None], SIZE, axis=2)


def _draw_frame(
    image: np.ndarray, mask: np.ndarray, centre: list[float], rgb: np.ndarray
) -> tuple[int, int, int, int]:
    """Draw the four sides of a square around a centre; returns its box."""
    half, thick = 22, 3
    left, top = round(centre[0]) - half, round(centre[1]) - half
    right, bottom = left + 2 * half, top + 2 * half
    for rows, columns in (
        (slice(top, top + thick), slice(left, right)),
        (slice(bottom - thick, bottom), slice(left, right)),
        (slice(top, bottom), slice(left, left + thick)),
        (slice(top, bottom), slice(right - thick, right)),
    ):
        image[rows, columns] = rgb
        mask[rows, columns] = 2
    return left, top, right, bottom
