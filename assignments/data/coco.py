"""The real COCO captions, as the files of a well-known course hold them, and as COCO gives them.

Lin et al., Microsoft COCO: common objects in context, 2014; captions by Chen et al., 2015.
``python -m assignments.data fetch coco`` downloads features of the photographs, captions as numbers
and the vocabulary; `load` reads them. Who has the photographs and COCO's own annotations can read
them with `read_annotations`, by torchvision. Both need the packages of the extra ``coco``.
"""

import functools
import io
import json
import urllib.request
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from assignments.data.download import TIMEOUT, Download, DownloadError
from assignments.data.folders import cache_folder
from assignments.data.vocabulary import Vocabulary
from assignments.messages import _

__all__ = [
    "CocoFiles",
    "fetch_picture",
    "load",
    "no_picture",
    "read_annotations",
    "read_course_files",
]

# Neither the size nor a checksum is published: the archive's own checksums tell what is damaged.
DOWNLOAD = Download(url="http://cs231n.stanford.edu/coco_captioning.zip", about="1 GB")

CAPTIONS, VOCABULARY = "coco2014_captions.h5", "coco2014_vocab.json"
PARTS = ("train", "val")
#: Features of the photographs by VGG-16, reduced to 512 numbers by a principal component analysis.
FEATURES = "{part}2014_vgg16_fc7_pca.h5"
URLS = "{part}2014_urls.txt"
_NEEDED = (CAPTIONS, VOCABULARY, *(FEATURES.format(part=part) for part in PARTS))
_WANTED = (*_NEEDED, *(URLS.format(part=part) for part in PARTS))


class CocoFiles(NamedTuple):
    """What the files hold.

    parts: for ``train`` and ``val`` ``features``, ``captions`` and ``image_index`` of a
        `CaptionSplit`.
    vocabulary: the words.
    urls: for each part, where the photographs lie; empty when that file is not there.
    """

    parts: dict[str, dict[str, Any]]
    vocabulary: Vocabulary
    urls: dict[str, list[str]]


def folder() -> Path:
    """Return the folder that holds the files once they are downloaded."""
    return cache_folder() / "coco"


def is_present() -> bool:
    """Whether every file that `load` needs is there."""
    return all((folder() / name).is_file() for name in _NEEDED)


def unpack(archive: Path) -> None:
    """Copy what `load` reads out of the downloaded archive into `folder()`.

    Files are found by their names, in whatever folder of the archive, and written under names of
    our own, so a hostile archive cannot place files elsewhere.

    Raises DownloadError when the archive is damaged or lacks a file.
    """
    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as packed:
            inside = {Path(name).name: name for name in packed.namelist()}
            if missing := [name for name in _NEEDED if name not in inside]:
                raise DownloadError(
                    _("{archive} lacks {names}; it is not the expected archive.").format(
                        archive=archive, names=", ".join(missing)
                    )
                )
            for name in _WANTED:
                if name in inside:
                    _copy(packed, inside[name], target / name)
    except zipfile.BadZipFile as error:
        archive.unlink()
        raise DownloadError(
            _("{archive} is damaged ({reason}) and was deleted. Run the command again.").format(
                archive=archive, reason=error
            )
        ) from error


def _copy(packed: zipfile.ZipFile, name: str, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    with packed.open(name) as source, part.open("wb") as file:
        while block := source.read(1 << 20):
            file.write(block)
    part.replace(path)


def load() -> CocoFiles:
    """Read what was downloaded.

    Raises FileNotFoundError when it was not, ValueError when a file is damaged.
    """
    if not is_present():
        raise FileNotFoundError(
            _(
                "COCO captions are not in {folder}. Download them once ({about}) with: "
                "python -m assignments.data fetch coco"
            ).format(folder=folder(), about=DOWNLOAD.about)
        )
    return read_course_files(folder())


def read_course_files(where: Path) -> CocoFiles:
    """Read captions, vocabulary and features in the course's format.

    ``coco2014_captions.h5`` holds, for ``train`` and ``val``, ``{part}_captions`` (M, T) and
    ``{part}_image_idxs`` (M,); ``coco2014_vocab.json`` the list ``idx_to_word``;
    ``{part}2014_vgg16_fc7_pca.h5`` ``features`` (N, D).

    Raises ValueError when they cannot be read or do not fit each other.
    """
    h5py = _import("h5py")
    try:
        words = json.loads((where / VOCABULARY).read_text(encoding="utf-8"))["idx_to_word"]
        vocabulary = Vocabulary(words)
        parts = {}
        with h5py.File(where / CAPTIONS, "r") as captions:
            for part in PARTS:
                with h5py.File(where / FEATURES.format(part=part), "r") as file:
                    features = np.asarray(file["features"], np.float32)
                parts[part] = {
                    "features": features,
                    "captions": np.asarray(captions[f"{part}_captions"], np.int64),
                    "image_index": np.asarray(captions[f"{part}_image_idxs"], np.int64),
                }
                _check(parts[part], len(vocabulary))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            _(
                "The COCO files in {folder} cannot be read: {reason}. Delete the folder and run: "
                "python -m assignments.data fetch coco"
            ).format(folder=where, reason=error)
        ) from error
    urls = {}
    for part in PARTS:
        path = where / URLS.format(part=part)
        urls[part] = path.read_text(encoding="utf-8").split() if path.is_file() else []
    return CocoFiles(parts, vocabulary, urls)


def _check(part: dict[str, Any], num_words: int) -> None:
    """Raise ValueError where arrays do not fit each other."""
    features, captions, index = part["features"], part["captions"], part["image_index"]
    if features.ndim != 2 or captions.ndim != 2 or index.shape != (len(captions),):
        raise ValueError(
            f"features {features.shape}, captions {captions.shape} and image indices "
            f"{index.shape} do not fit"
        )
    for name, values, limit in (
        ("a word", captions, num_words), ("an image index", index, len(features)),
    ):  # fmt: skip
        if values.size and not 0 <= values.min() <= values.max() < limit:
            raise ValueError(f"{name} is out of range")


@functools.lru_cache(maxsize=64)
def fetch_picture(url: str) -> np.ndarray:
    """Download one photograph, (H, W, 3) uint8. Raises OSError when it cannot be had."""
    with urllib.request.urlopen(url, timeout=TIMEOUT) as reply:
        return np.array(Image.open(io.BytesIO(reply.read())).convert("RGB"))


def no_picture() -> np.ndarray:
    """Return grey, (64, 64, 3) uint8, in the place of a picture that cannot be had."""
    return np.full((64, 64, 3), 200, np.uint8)


def read_annotations(
    images: str | Path, annotations: str | Path, least: int = 5
) -> tuple[Any, list[list[list[str]]], Vocabulary]:
    """Read photographs and captions in COCO's own format, by torchvision's ``CocoCaptions``.

    Args:
        images: the folder of the photographs.
        annotations: the file ``captions_*.json``.
        least: words that occur less often become ``<UNK>``.

    Returns:
        The torchvision data set, of (PIL image, captions); for each of its pictures the captions
        as lists of words in lower case; and their vocabulary.
    """
    _import("pycocotools")
    from torchvision.datasets import CocoCaptions

    dataset = CocoCaptions(str(images), str(annotations))
    captions = [
        [_words(annotation["caption"]) for annotation in dataset.coco.imgToAnns[number]]
        for number in dataset.ids
    ]
    vocabulary = Vocabulary.of((words for several in captions for words in several), least)
    return dataset, captions, vocabulary


def _words(text: str) -> list[str]:
    """The words of a caption in lower case, without punctuation."""
    kept = "".join(letter if letter.isalnum() or letter in "'-" else " " for letter in text.lower())
    return kept.split()


def _import(name: str) -> Any:
    """A package of the extra ``coco``; ImportError says how to install it."""
    try:
        return __import__(name)
    except ImportError as error:
        raise ImportError(
            _("COCO's files need the package {name}: pip install {name}").format(name=name)
        ) from error
