"""Images that nobody has seen, for questions that are graded by result.

They are made like the images of `assignments.data`, from drawings that only this folder holds, with
chance from the course's secret: who has the drawings and this recipe does not know the labels. They
are the same for everybody, and only the images go into the sandbox, never their labels.
"""

import hashlib
import hmac
from functools import lru_cache
from pathlib import Path

import numpy as np

from assignments.data import emoji10
from assignments.data.cache import cached_arrays
from assignments.data.folders import embedded_folder
from assignments.data.sprites import read_sprites

__all__ = ["heldout_images"]

_FOLDER = Path(__file__).parent / "emoji10"
_NUM = 600


@lru_cache(maxsize=2)
def heldout_images(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of ``emoji10`` with drawings that are in neither its training nor its test images.

    Making them takes more than a second, so the last ones are kept on disk, readable by their owner
    alone, beside an HMAC that does not reveal the seed.

    Args:
        seed: below 2**256; see :attr:`assignments.questions.Seeds.heldout`.

    Returns:
        X (600, 32, 32, 3) uint8 and y (600,) int64, read-only, equally many of each class.
    """
    ingredients = [Path(__file__), Path(emoji10.__file__), _FOLDER / "manifest.json"]
    recipe = b"".join(path.read_bytes() for path in ingredients)
    fingerprint = hmac.new(seed.to_bytes(32, "big"), recipe, hashlib.sha256).hexdigest()
    arrays = cached_arrays("heldout-emoji10", fingerprint, lambda: _make(seed))
    for array in arrays.values():
        array.flags.writeable = False
    return arrays["X"], arrays["y"]


def _make(seed: int) -> dict[str, np.ndarray]:
    others = emoji10.clutter(read_sprites(embedded_folder("emoji")))
    rng = np.random.default_rng(seed)
    X, y = emoji10.make_images(read_sprites(_FOLDER), others, _NUM, rng)
    return {"X": X, "y": y}
