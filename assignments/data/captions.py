"""Pictures with captions, by one name: `load_captions`.

    from assignments.data.captions import load_captions

    data = load_captions("emoji_scenes", num_train=5000)
    data.train.features.shape  # (5000, 256)

``emoji_scenes`` is made on first use and needs no network. ``coco`` reads what
``python -m assignments.data fetch coco`` downloads. Both give the same arrays, so a notebook
switches by changing the name.
"""

import hashlib
import random
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from assignments.data import coco, emoji_scenes, scene_captions, scene_encoder
from assignments.data.cache import cached_arrays
from assignments.data.folders import embedded_folder
from assignments.data.vocabulary import END, NULL, START, Vocabulary
from assignments.messages import _

__all__ = ["CaptionData", "CaptionSplit", "load_captions", "minibatch"]

NUM_SCENES = {"train": 10_000, "val": 1_000, "test": 1_000}
CAPTIONS_EACH = 5
_SEED = 0


class CaptionSplit(NamedTuple):
    """Pictures of one part of a data set, with their captions.

    features: (N, D) float32, what a convolutional network says of each picture as a whole.
    grid: (N, C, 4, 4) float32, what it says of each place; where a data set has features only, each
        place has those (in a view that takes no memory).
    captions: (M, T) int64, words as numbers, from ``<START>`` to ``<END>``, then ``<NULL>``.
    image_index: (M,) int64, which picture each caption belongs to.
    new_pair: (N,) bool, does a picture show two things that never meet in one to train on? All
        False where nobody knows.
    images: (N, H, W, 3) uint8; None where they are not at hand.
    urls: where the N pictures lie, if they are not at hand; may be empty.
    """

    features: np.ndarray
    grid: np.ndarray
    captions: np.ndarray
    image_index: np.ndarray
    new_pair: np.ndarray
    images: np.ndarray | None = None
    urls: tuple[str, ...] = ()

    def captions_of(self, index: int) -> np.ndarray:
        """All captions of one picture, (K, T)."""
        return self.captions[self.image_index == index]

    def picture(self, index: int) -> np.ndarray:
        """One picture, (H, W, 3) uint8: fetched if need be, and grey where that fails."""
        if self.images is not None:
            return self.images[index]
        if not self.urls:
            return coco.no_picture()
        try:
            return coco.fetch_picture(self.urls[index])
        except OSError as error:
            text = _("{url} cannot be shown: {reason}").format(url=self.urls[index], reason=error)
            warnings.warn(text, stacklevel=2)
            return coco.no_picture()


class CaptionData(NamedTuple):
    """A data set of captions.

    vocabulary: turns numbers into words and back.
    scenes: by part, what is exactly in the pictures of ``emoji_scenes``; else empty.
    """

    train: CaptionSplit
    val: CaptionSplit
    test: CaptionSplit
    vocabulary: Vocabulary
    scenes: dict[str, emoji_scenes.Scenes]

    def references(self, part: str) -> list[list[str]]:
        """For each picture of ``train``, ``val`` or ``test`` its captions, as texts."""
        split = getattr(self, part)
        return [self.vocabulary.decode(split.captions_of(i)) for i in range(len(split.features))]


def load_captions(
    name: str = "emoji_scenes",
    num_train: int | None = None,
    num_val: int | None = None,
    num_test: int | None = None,
) -> CaptionData:
    """Load a data set of captions.

    name: ``emoji_scenes`` (10,000 pictures to train on, 1,000 to validate, 1,000 to test) or
        ``coco`` (82,783 photographs to train on, as features; captions of COCO's own test
        photographs are secret, so the 40,504 to validate are halved into val and test).
    num_train, num_val, num_test: how many pictures to return, with all their captions; None returns
        all.

    Raises ValueError for an unknown name or more pictures than there are, FileNotFoundError when
    the data set has to be downloaded first.
    """
    wanted = {"train": num_train, "val": num_val, "test": num_test}
    if name == "emoji_scenes":
        data = _load_scenes()
    elif name == "coco":
        data = _load_coco()
    else:
        raise ValueError(
            _("There is no data set {name!r}. Choose one of: {names}.").format(
                name=name, names="emoji_scenes, coco"
            )
        )
    splits: dict[str, CaptionSplit] = {}
    for part, number in wanted.items():
        split = splits[part] = getattr(data, part)
        if number is None:
            continue
        if not 0 < number <= len(split.features):
            raise ValueError(
                _("num_{part} is {number}; it must be from 1 to {available}.").format(
                    part=part, number=number, available=len(split.features)
                )
            )
        splits[part] = _some(split, 0, number)
    return CaptionData(**splits, vocabulary=data.vocabulary, scenes=data.scenes)


def minibatch(
    split: CaptionSplit, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Captions (size, T), drawn at random, and the numbers (size,) of their pictures."""
    chosen = rng.integers(len(split.captions), size=size)
    return split.captions[chosen], split.image_index[chosen]


def _some(split: CaptionSplit, start: int, stop: int) -> CaptionSplit:
    """The pictures from start to stop, with their captions."""
    kept = (start <= split.image_index) & (split.image_index < stop)
    return CaptionSplit(
        split.features[start:stop],
        split.grid[start:stop],
        split.captions[kept],
        split.image_index[kept] - start,
        split.new_pair[start:stop],
        None if split.images is None else split.images[start:stop],
        split.urls[start:stop],
    )


def _load_coco() -> CaptionData:
    found = coco.load()
    splits = {}
    for part, arrays in found.parts.items():
        features = arrays["features"]
        everywhere = np.broadcast_to(features[:, :, None, None], (*features.shape, 4, 4))
        splits[part] = CaptionSplit(
            features,
            everywhere,
            arrays["captions"],
            arrays["image_index"],
            np.zeros(len(features), bool),
            urls=tuple(found.urls[part]),
        )
    val = splits["val"]
    half = -(-len(val.features) // 2)
    halves = {"val": _some(val, 0, half), "test": _some(val, half, len(val.features))}
    return CaptionData(splits["train"], **halves, vocabulary=found.vocabulary, scenes={})


def _load_scenes() -> CaptionData:
    vocabulary = Vocabulary([NULL, START, END, *scene_captions.VOCABULARY])
    scenes = {part: emoji_scenes.make_scenes(num, _SEED, part) for part, num in NUM_SCENES.items()}
    ingredients = [
        Path(file).read_bytes() for file in (emoji_scenes.__file__, scene_encoder.__file__)
    ]
    ingredients += [
        embedded_folder(name).joinpath("manifest.json").read_bytes()
        for name in ("emoji", "emoji_scenes")
    ]
    encoded = cached_arrays(
        "emoji_scenes", hashlib.sha256(b"".join(ingredients)).hexdigest(), lambda: _encode(scenes)
    )
    splits = {}
    for part, of_part in scenes.items():
        chance = random.Random(f"{part} {_SEED}")
        said = [
            scene_captions.captions(of_part, i, CAPTIONS_EACH, chance)
            for i in range(len(of_part.kind))
        ]
        splits[part] = CaptionSplit(
            encoded[f"features_{part}"].astype(np.float32),
            encoded[f"grid_{part}"].astype(np.float32),
            vocabulary.encode(
                [words for several in said for words in several], scene_captions.MAX_WORDS + 2
            ),
            np.repeat(np.arange(len(said)), CAPTIONS_EACH),
            of_part.new_pair,
            of_part.images,
        )
    return CaptionData(**splits, vocabulary=vocabulary, scenes=scenes)


def _encode(scenes: dict[str, emoji_scenes.Scenes]) -> dict[str, np.ndarray]:
    """Features and grids of every part, in half precision."""
    encoder = scene_encoder.read_encoder()
    arrays = {}
    for part, of_part in scenes.items():
        features, grid = encoder.encode(of_part.images)
        arrays[f"features_{part}"] = features.astype(np.float16)
        arrays[f"grid_{part}"] = grid.astype(np.float16)
    return arrays
