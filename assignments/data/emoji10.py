"""Make emoji10: 32x32 pictures of emoji in ten classes, with no network.

Each image shows one drawing, moved, turned, scaled, mirrored and lit at random, before a blurred
background with fainter drawings of other things in it. Training images, test images and the ones
that grading uses show different drawings, so memorising the training drawings is not enough.

Test accuracy, by ``python bench/emoji10_ladder.py``: kNN on raw pixels 0.36 (k = 12, chosen by
cross-validation; 0.30 with k = 1), linear softmax 0.41, two-layer net 0.52, two-layer net on HOG
and hue features 0.61, small convnet 0.83. Guessing gives 0.10.
"""

import hashlib
from pathlib import Path

import numpy as np

from assignments.data.cache import cached_arrays
from assignments.data.folders import embedded_folder
from assignments.data.sprites import Sprites, read_sprites

CLASS_NAMES = (
    "bird",
    "bug",
    "building",
    "cat",
    "face",
    "flower",
    "fruit",
    "hand",
    "heart",
    "vehicle",
)
NUM_TRAIN, NUM_TEST = 10_000, 2_000
SEED = 3
SIZE = 32  # pixels, both ways

# Tuned together, so that better methods are clearly better and a good k for kNN is not 1.
OBJECT_SIZE = (21.0, 30.0)  # pixels, both ways
OBJECT_SHIFT = 3.5  # pixels from the centre, at most
OBJECT_TURN = 15.0  # degrees, at most
OBJECT_LIGHT = 0.32  # relative change of brightness, at most
OBJECT_TINT = 0.12  # relative change of each colour channel, at most
CLUTTER_COUNT = 2  # other drawings in the background
CLUTTER_SIZE = (10.0, 20.0)  # pixels, both ways
CLUTTER_OPACITY = (0.10, 0.35)  # 1 would hide what is behind
BACKGROUND_MEAN = (0.30, 0.90)  # brightness of an image's background, from 0 to 1
BACKGROUND_TINT = 0.15  # difference of each colour channel from that brightness, at most
BACKGROUND_NODES = 5  # patches of colour, both ways
BACKGROUND_LIGHT = 0.22  # standard deviation of brightness between patches
BACKGROUND_COLOUR = 0.10  # standard deviation of each colour channel between patches
NOISE = 0.015  # standard deviation of each pixel

CHUNK = 100  # images made at once: few enough to stay in the processor's cache


def load() -> dict[str, np.ndarray]:
    """Return X_train, y_train, X_test, y_test, made on first use."""
    folder = embedded_folder("emoji")
    ingredients = Path(__file__).read_bytes() + (folder / "manifest.json").read_bytes()
    return cached_arrays("emoji10", hashlib.sha256(ingredients).hexdigest(), lambda: _make(folder))


def _make(folder: Path) -> dict[str, np.ndarray]:
    sprites = read_sprites(folder)
    arrays: dict[str, np.ndarray] = {}
    for stream, (part, num) in enumerate({"train": NUM_TRAIN, "test": NUM_TEST}.items()):
        rng = np.random.default_rng([SEED, stream])
        X, y = make_images(sprites.select(part=part), clutter(sprites), num, rng)
        arrays |= {f"X_{part}": X, f"y_{part}": y}
    return arrays


def clutter(sprites: Sprites) -> Sprites:
    """Return the drawings that may stand in the background: things that are in no class."""
    return sprites.select(category="Objects")


def make_images(
    sprites: Sprites, others: Sprites, num: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw `num` images of the classes in equal shares, in random order.

    sprites: drawings to show, of every class, each with its class under the key ``emoji10``.
    others: drawings for the background.
    Returns X (num, 32, 32, 3) uint8 and y (num,) int64.
    """
    y = rng.permutation(np.arange(num) % len(CLASS_NAMES)).astype(np.int64)
    chosen = _choose_drawings(sprites, y, rng)
    drawings, background_drawings = _halve(sprites.images), _halve(others.images)
    X = np.empty((num, SIZE, SIZE, 3), np.uint8)
    for start in range(0, num, CHUNK):
        part = slice(start, min(start + CHUNK, num))
        X[part] = _compose(drawings[chosen[part]], background_drawings, rng)
    return X, y


def _choose_drawings(sprites: Sprites, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the index of a drawing for each label, every drawing of a class equally likely."""
    chosen = np.empty(len(y), np.int64)
    for label, name in enumerate(CLASS_NAMES):
        of_class = [i for i, line in enumerate(sprites.lines) if line["emoji10"] == name]
        mine = y == label
        chosen[mine] = rng.choice(of_class, mine.sum())
    return chosen


def _halve(images: np.ndarray) -> np.ndarray:
    """Return RGBA images at half the size, premultiplied by alpha, (S, 32, 32, 4) from 0 to 1."""
    images = images.astype(np.float32) / 255
    images[..., :3] *= images[..., 3:]
    count, height, width, channels = images.shape
    return images.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def _compose(drawings: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put each drawing (n, 32, 32, 4) before a background; return (n, 32, 32, 3) uint8."""
    count = len(drawings)
    image = _backgrounds(count, rng)
    for _ in range(CLUTTER_COUNT):
        opacity = rng.uniform(*CLUTTER_OPACITY, (count, 1, 1, 1)).astype(np.float32)
        layer = others[rng.integers(len(others), size=count)]
        layer = opacity * _place(layer, CLUTTER_SIZE, shift=SIZE / 2, turn=180.0, rng=rng)
        image = layer[..., :3] + image * (1 - layer[..., 3:])

    layer = _place(drawings, OBJECT_SIZE, OBJECT_SHIFT, OBJECT_TURN, rng)
    light = rng.uniform(1 - OBJECT_LIGHT, 1 + OBJECT_LIGHT, (count, 1, 1, 1))
    tint = rng.uniform(1 - OBJECT_TINT, 1 + OBJECT_TINT, (count, 1, 1, 3))
    image = layer[..., :3] * (light * tint).astype(np.float32) + image * (1 - layer[..., 3:])
    image += NOISE * rng.standard_normal(image.shape, dtype=np.float32)
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _backgrounds(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return soft colour fields, (count, 32, 32, 3): 4x4 random colours, interpolated."""
    grid = BACKGROUND_NODES
    nodes = rng.uniform(-BACKGROUND_TINT, BACKGROUND_TINT, (count, 1, 1, 3))
    nodes = nodes + rng.uniform(*BACKGROUND_MEAN, (count, 1, 1, 1))
    nodes = nodes + BACKGROUND_LIGHT * rng.standard_normal((count, grid, grid, 1))
    nodes += BACKGROUND_COLOUR * rng.standard_normal((count, grid, grid, 3))
    weights = _interpolation(grid, SIZE)
    return np.einsum("iy,jx,nyxc->nijc", weights, weights, nodes, optimize=True).astype(np.float32)


def _interpolation(nodes: int, size: int) -> np.ndarray:
    """Return the (size, nodes) matrix of linear interpolation between `nodes` equidistant nodes."""
    position = np.linspace(0, nodes - 1, size)
    return (1 - abs(position[:, None] - np.arange(nodes))).clip(0)


def _place(
    tiles: np.ndarray,
    size: tuple[float, float],
    shift: float,
    turn: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Move, turn, scale and mirror tiles (n, t, t, 4) at random on (n, 32, 32, 4) canvases."""
    count, side = tiles.shape[:2]
    angle = np.radians(rng.uniform(-turn, turn, count))
    zoom = side / rng.uniform(*size, count)
    mirror = rng.choice([-1.0, 1.0], count)
    centre = (SIZE - 1) / 2 + rng.uniform(-shift, shift, (2, count))

    # Where in its tile does each pixel of the canvas lie?
    cos, sin, mirror, down, right = (
        value.astype(np.float32)[:, None, None]
        for value in (zoom * np.cos(angle), zoom * np.sin(angle), mirror, *centre)
    )
    axis = np.arange(SIZE, dtype=np.float32)
    y, x = axis[:, None] - down, axis[None, :] - right
    row = cos * y - sin * x + (side - 1) / 2
    column = mirror * (sin * y + cos * x) + (side - 1) / 2
    return _sample(tiles, row, column)


def _sample(tiles: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Interpolate tiles (n, t, t, 4) bilinearly at positions (n, h, w); transparent outside."""
    side = tiles.shape[1]
    padded = np.pad(tiles, ((0, 0), (1, 1), (1, 1), (0, 0)))
    row, column = (row + 1).clip(0, side + 1), (column + 1).clip(0, side + 1)
    top = np.minimum(row.astype(np.intp), side)
    left = np.minimum(column.astype(np.intp), side)
    down = (row - top).astype(np.float32)[..., None]
    right = (column - left).astype(np.float32)[..., None]
    flat = padded.reshape(-1, 4)
    corner = (np.arange(len(tiles))[:, None, None] * (side + 2) + top) * (side + 2) + left
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    lower = flat[corner + side + 2] * (1 - right) + flat[corner + side + 3] * right
    return upper * (1 - down) + lower * down
