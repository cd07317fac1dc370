"""COCO's captions as tiny files in the formats of the real ones."""

import json
from pathlib import Path

import h5py
import numpy as np

from assignments.data import coco

WORDS = ["<NULL>", "<START>", "<END>", "<UNK>", "a", "cat", "dog"]
CAPTIONS = {
    "train": ([[1, 4, 5, 2, 0], [1, 4, 6, 2, 0], [1, 4, 3, 5, 2]], [0, 1, 1]),
    "val": ([[1, 4, 5, 2, 0]], [0]),
}


def write_files(folder, captions=CAPTIONS, words=WORDS, num_images=2, num_features=3) -> None:
    """Write what `coco.load` reads, with num_images photographs a part, which lie nowhere."""
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / coco.CAPTIONS, "w") as file:
        for part, (rows, index) in captions.items():
            file[f"{part}_captions"] = np.array(rows, np.int32)
            file[f"{part}_image_idxs"] = np.array(index, np.int32)
    numbers = {word: number for number, word in enumerate(words)}
    vocabulary = {"idx_to_word": words, "word_to_idx": numbers}
    (folder / coco.VOCABULARY).write_text(json.dumps(vocabulary), encoding="utf-8")
    for part in coco.PARTS:
        with h5py.File(folder / coco.FEATURES.format(part=part), "w") as file:
            features = np.arange(num_images * num_features, dtype=np.float32)
            file["features"] = features.reshape(num_images, num_features)
        urls = "".join(f"http://example.org/{part}{i}.jpg\n" for i in range(num_images))
        (folder / coco.URLS.format(part=part)).write_text(urls, encoding="utf-8")


def write_many(folder: Path, num_images: int = 60) -> None:
    """Write as many photographs a part, each with five random captions of 5 to 15 words."""
    rng = np.random.default_rng(0)
    words = [*WORDS, *(f"word{number}" for number in range(30))]
    captions = {}
    for part in coco.PARTS:
        rows = np.zeros((5 * num_images, 17), int)
        for row, length in zip(rows, rng.integers(5, 16, len(rows)), strict=True):
            row[: length + 2] = [1, *rng.integers(3, len(words), length), 2]
        captions[part] = rows, np.repeat(np.arange(num_images), 5)
    write_files(folder, captions, words, num_images, num_features=16)
    for part in coco.PARTS:  # no addresses: nothing is fetched
        (folder / coco.URLS.format(part=part)).unlink()
