"""What the public and hidden checks of training_recipes share with others."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from assignments.compare import assert_unchanged, to_array
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student


def generator(student: Student, rng: np.random.Generator, seed: int | None = None) -> Remote:
    """A np.random.Generator on the student's side."""
    return student.make(
        "numpy.random.default_rng", int(rng.integers(2**31)) if seed is None else seed
    )


def check_shape(got: np.ndarray, want: tuple[int, ...], what: str) -> None:
    """Has this array the right shape?"""
    if got.shape != want:
        raise CheckFailed(
            _("{what} has shape {got}, where {want} is expected").format(
                what=what, got=got.shape, want=want
            )
        )


def check_precision(mixed: tuple[object, object]) -> None:
    """Are both parts of a result in single precision?"""
    for what, part in zip(("x_mixed", "y_mixed"), mixed, strict=True):
        dtype = to_array(part, what).dtype
        if dtype != np.float32:
            raise CheckFailed(
                _("{what} has dtype {dtype}, where float32 went in").format(what=what, dtype=dtype),
                _("a NumPy float64 number makes all of it float64; float(...) gives a plain one")
                if dtype == np.float64
                else "",
            )


def check_weights_shape(W: np.ndarray, shape: tuple[int, int]) -> None:
    """Have the weights this shape, and is each drawn anew?"""
    if W.shape == shape[::-1] != shape:
        raise CheckFailed(
            _("W has shape {got}, where {want} is expected").format(got=W.shape, want=shape),
            _("a row for each input, a column for each output"),
        )
    if not W.ndim:
        raise CheckFailed(
            _("W is a single number"), _("say the shape: rng.normal(mean, spread, size=...)")
        )
    check_shape(W, shape, "W")
    # In single precision a few numbers may be the same by chance.
    if np.unique(W).size < 0.9 * W.size:
        raise CheckFailed(_("numbers in W repeat; each is to be drawn anew"))


def weights(student: Student, name: str, maker: Remote) -> np.ndarray:
    """First weights of a layer with 7 inputs and 5 outputs."""
    W = to_array(student.call(name, 7, 5, maker), "W")
    check_shape(W, (7, 5), "W")
    return W


def read_places(student: Student, x: np.ndarray, maker: Remote) -> tuple[np.ndarray, ...]:
    """First rows, first columns and mirrors of random_crop_flip with pad 1."""
    done = np.array(read_crops(student.random_crop_flip(x, 1, maker), x, 1))
    return done[:, 0], done[:, 1], done[:, 2]


def several_boxes(
    student: Student, x: np.ndarray, y: np.ndarray, maker: Remote
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and partners of six batches of cutmix."""
    mixed = [mix(student, "cutmix", x, y, 5.0, maker)[0] for _batch in range(6)]
    boxes = [read_boxes(x_mixed, x) for x_mixed in mixed]
    return np.array([box[:4] for box in boxes]), np.stack([box.partners for box in boxes])


def check_chance(
    student: Student, rng: np.random.Generator, draw: Callable[[Remote], Iterable[np.ndarray]]
) -> None:
    """Does all chance come from the generator that is passed?

    draw: calls the student's code with a generator; returns what was drawn, as arrays that are
        practically never the same by chance.
    """
    seed = int(rng.integers(2**31))
    maker = generator(student, rng, seed)
    first, second, again = draw(maker), draw(maker), draw(generator(student, rng, seed))
    if any(map(np.array_equal, first, second)):
        raise CheckFailed(
            _("calling it twice with the same rng draws the same twice"),
            _("chance is to come from rng alone, not from a generator of its own or np.random"),
        )
    if not all(map(np.array_equal, first, again)):
        raise CheckFailed(
            _("equal generators give different results"),
            _("chance is to come from rng alone, not from np.random"),
        )


def check_weights_variance(W: np.ndarray, variance: float) -> None:
    """Do the weights scatter around 0 with this variance, as far as chance allows?"""
    if abs(W.mean()) > 6 * W.std() / W.size**0.5:
        raise CheckFailed(
            _("the mean of W is not 0"),
            _("rng.random draws from 0 to 1; take rng.normal") if W.min() >= 0 else "",
        )
    # The variance of n normal numbers is itself off by about sqrt(2 / n) of it.
    slack = 6 * (2 / W.size) ** 0.5
    if abs(W.var() / variance - 1) > slack:
        ratio = W.var() / variance
        symptom = ""
        if abs(W.std() / variance - 1) < slack:
            symptom = _("its standard deviation is what its variance should be")
        raise CheckFailed(
            _("the variance of W is {ratio:.3g} times what it should be").format(ratio=ratio),
            symptom,
        )


def read_number(got: object, what: str) -> float:
    """A number that the student's code returned."""
    array = to_array(got, what, ndim=0)
    check_shape(array, (), what)
    return float(array)


def read_rates(student: Student, name: str, steps: Iterable[Any], *settings: float) -> np.ndarray:
    """The learning rates of several steps, each asked for by itself."""
    replies = student.batch([(name, step, *settings) for step in steps])
    return np.array([read_number(reply, _("the learning rate")) for reply in replies])


def check_steps_unchanged(student: Student, name: str, *settings: float) -> None:
    """Does an array of steps stay as it is?"""
    student.call(name, np.arange(24), *settings)
    assert_unchanged(student.changed, {0: "step"})


def numbered_images(N: int, C: int, H: int, W: int) -> np.ndarray:
    """Images whose pixels are the numbers from 1 on, so that each is found again anywhere."""
    return np.arange(1.0, N * C * H * W + 1).reshape(N, C, H, W)


def mix(student: Student, name: str, *arguments: object) -> tuple[object, object]:
    """x_mixed and y_mixed of mixup or cutmix."""
    return mix_parts(student.call(name, *arguments), name)


def mix_parts(result: object, name: str) -> tuple[object, object]:
    """The two parts of what mixup or cutmix returned."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise CheckFailed(
            _("{name} returns {got}, where (x_mixed, y_mixed) is expected").format(
                name=name, got=type(result).__name__
            )
        )
    return result[0], result[1]


class Crop(NamedTuple):
    """What was done to an image: the first row and column of its piece, and was it mirrored?"""

    top: int
    left: int
    mirrored: bool


def read_crops(out: object, x: np.ndarray, pad: int) -> list[Crop]:
    """What random_crop_flip did to each of some numbered images."""
    out = to_array(out, "the result")
    check_shape(out, x.shape, "the result")
    return [read_crop(*pair, pad, number) for number, pair in enumerate(zip(out, x, strict=True))]


def read_crop(got: np.ndarray, image: np.ndarray, pad: int, number: int) -> Crop:
    """What was done to one image; every possible piece is tried."""
    high, wide = image.shape[1:]
    padded = np.zeros((len(image), high + 2 * pad, wide + 2 * pad), image.dtype)
    padded[:, pad : pad + high, pad : pad + wide] = image
    upside_down = False
    for top in range(2 * pad + 1):
        for left in range(2 * pad + 1):
            piece = padded[:, top : top + high, left : left + wide]
            if np.array_equal(got, piece):
                return Crop(top, left, False)
            if np.array_equal(got, piece[:, :, ::-1]):
                return Crop(top, left, True)
            upside_down |= np.array_equal(got, piece[:, ::-1])
    symptom = ""
    if upside_down:
        symptom = _("it is mirrored top to bottom")
    elif not (got == 0).any() and np.isin(got, image).all() and np.unique(got).size < got.size:
        symptom = _("pixels of the border repeat; the border is of zeros")
    elif (~np.isin(got, image) & (got != 0)).any():
        symptom = _("it has pixels that are neither 0 nor in the image that went in")
    elif (np.sort(got, axis=None) == np.sort(image, axis=None)).all():
        symptom = _("it has all pixels of the image, but at other places")
    raise CheckFailed(
        _("image {number} is no piece of its padded image, mirrored or not").format(number=number),
        symptom,
    )


def read_pairs(A: np.ndarray, what: str, tolerance: float = 1e-6) -> tuple[float, np.ndarray]:
    """lam and the partners of a mixture: row i of A says how much of each image is in image i."""
    if not np.isfinite(A).all() or A.min() < -tolerance:
        raise CheckFailed(_("{what} is no mixture of the images that went in").format(what=what))
    own = np.diagonal(A)
    others = A - np.diag(own)
    if (np.abs(A.sum(axis=1) - 1) > tolerance).any():
        raise CheckFailed(_("the shares in {what} do not sum to 1").format(what=what))
    if ((others > tolerance).sum(axis=1) > 1).any():
        raise CheckFailed(_("more than two images are mixed in {what}").format(what=what))
    mixed = others.max(axis=1) > tolerance
    if not mixed.any():
        raise CheckFailed(_("no image in {what} has a partner").format(what=what))
    partners = np.where(mixed, others.argmax(axis=1), np.arange(len(A)))
    if np.ptp(own[mixed]) > tolerance:
        raise CheckFailed(
            _("the images in {what} have different lam; it is drawn once for the batch").format(
                what=what
            )
        )
    if np.unique(partners).size < len(A):
        raise CheckFailed(
            _("some image is a partner twice in {what}; partners are a permutation").format(
                what=what
            ),
            _("rng.permutation(N) has each index once"),
        )
    return float(own[mixed][0]), partners


class Boxes(NamedTuple):
    """What cutmix did to a batch: rows and columns of the box, and whose pixels are in it.

    Where the box is empty, or nobody has a partner, all four are 0.
    """

    top: int
    bottom: int
    left: int
    right: int
    partners: np.ndarray
    share: float


def read_boxes(x_mixed: object, x: np.ndarray) -> Boxes:
    """What cutmix did to a batch of numbered images."""
    got = to_array(x_mixed, "x_mixed").astype(np.float64)
    check_shape(got, x.shape, "x_mixed")
    N, C, H, W = x.shape
    number = got - 1
    known = (number == np.floor(number)) & (number >= 0) & (number < x.size)
    if not known.all():
        raise CheckFailed(_("x_mixed has pixels that are in no image"))
    source, place = np.divmod(number.astype(np.int64), C * H * W)
    symptom = _("take the same rows and columns of the partner as of the image")
    if (place != np.arange(C * H * W).reshape(C, H, W)).any():
        raise CheckFailed(_("x_mixed has pixels at another place than in their image"), symptom)
    if (source != source[:, :1]).any():
        raise CheckFailed(_("the channels of x_mixed do not have the same box"))
    source, own = source[:, 0], np.arange(N)
    foreign = source != own[:, None, None]
    partners, found = own.copy(), None
    for i in own[foreign.any(axis=(1, 2))]:
        rows, columns = (
            np.flatnonzero(foreign[i].any(axis=1)),
            np.flatnonzero(foreign[i].any(axis=0)),
        )
        box = (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
        pixels = source[i, box[0] : box[1], box[2] : box[3]]
        if (pixels != pixels[0, 0]).any():
            raise CheckFailed(_("what is pasted into an image is no box of one partner"))
        if found not in (None, box):
            raise CheckFailed(_("the box is not the same in all images"))
        found, partners[i] = box, pixels[0, 0]
    if np.unique(partners).size < N:
        raise CheckFailed(
            _("some image is a partner twice; partners are a permutation"),
            _("rng.permutation(N) has each index once"),
        )
    top, bottom, left, right = map(int, found or (0, 0, 0, 0))
    return Boxes(top, bottom, left, right, partners, (bottom - top) * (right - left) / (H * W))


def step(stopping: Remote, loss: float) -> bool:
    """What the student's EarlyStopping says of one more loss."""
    said = stopping.step(loss)
    if not isinstance(said, bool | np.bool_):
        raise CheckFailed(
            _("step returns {got}, where True or False is expected").format(
                got=type(said).__name__ if said is not None else None
            )
        )
    return bool(said)


def search(student: Student, space: dict, n: int, maker: Remote) -> list[dict]:
    """What random_search returns, in the right form."""
    choices = student.random_search(space, n, maker)
    assert_unchanged(student.changed, {0: "space"})
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise CheckFailed(
            _("random_search returns {got}, where a list of dictionaries is expected").format(
                got=type(choices).__name__
            )
        )
    if len(choices) != n:
        raise CheckFailed(
            _("there are {got} choices, where {n} are asked for").format(got=len(choices), n=n)
        )
    for choice in choices:
        if choice.keys() != space.keys():
            raise CheckFailed(_("a choice does not have the names of the space"))
    return choices


def check_range(values: list[float], choice: tuple[str, float, float], name: str) -> None:
    """Do all values lie in a range, up to rounding?"""
    kind, low, high = choice
    slack = 1e-9 * max(abs(low), abs(high))
    outside = sum(not low - slack <= value <= high + slack for value in values)
    if outside:
        symptom = ""
        if kind == "log":
            logarithms = {
                _("these are logarithms; take the exponential"): np.log([low, high]),
                _("these are logarithms of base 10; take 10 to that power"): np.log10([low, high]),
            }
            for sentence, ends in logarithms.items():
                if min(values) < 0 and ends[0] - slack <= min(values) <= max(values) <= ends[1]:
                    symptom = sentence
        raise CheckFailed(
            _("{outside} of {all} values of {name} lie outside their range").format(
                outside=outside, all=len(values), name=name
            ),
            symptom,
        )


def check_item(got: object, items: list, name: str) -> None:
    """Is it one of the items, of the same type?"""
    if any(type(got) is type(item) and got == item for item in items):
        return
    kind = got.type_name if isinstance(got, Remote) else type(got).__name__
    raise CheckFailed(
        _("a value of {name}, of type {kind}, is no item of its list").format(name=name, kind=kind)
    )
