"""Public checks of the training recipes: small batches in which every pixel tells where it is from.

What is drawn at random may be drawn in any order, so no check expects certain numbers. Images have
pixels that are all different, or one of their own; the checks read from the result what was done.
"""

import math
from typing import NamedTuple

import numpy as np

from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student


@question("training_recipes-xavier")
def test_xavier_shape(student, rng):
    """A layer of 30 inputs and 20 outputs gets weights of shape (30, 20), each its own number."""
    W = to_array(student.xavier_init(30, 20, generator(student, rng)), "W")
    check_weights_shape(W, (30, 20))


@question("training_recipes-xavier")
def test_xavier_variance(student, rng):
    """With 100 inputs and 300 outputs, the variance is about 2 / 400."""
    W = to_array(student.xavier_init(100, 300, generator(student, rng)), "W")
    check_weights_variance(W, 2 / 400)


@question("training_recipes-kaiming")
def test_kaiming_shape(student, rng):
    """A layer of 30 inputs and 20 outputs gets weights of shape (30, 20), each its own number."""
    W = to_array(student.kaiming_init(30, 20, generator(student, rng)), "W")
    check_weights_shape(W, (30, 20))


@question("training_recipes-kaiming")
def test_kaiming_variance(student, rng):
    """With 100 inputs and 300 outputs, the variance is about 2 / 100."""
    W = to_array(student.kaiming_init(100, 300, generator(student, rng)), "W")
    check_weights_variance(W, 2 / 100)


@question("training_recipes-step-decay")
def test_step_decay_by_hand(student, rng):
    """With drop 0.5 and every 10, steps 0, 9, 10, 25 have the rates 0.8, 0.8, 0.4, 0.2."""
    got = read_rates(student, "step_decay", (0, 9, 10, 25), 0.8, 0.5, 10)
    assert_close(got, np.array([0.8, 0.8, 0.4, 0.2]), "the learning rate")


@question("training_recipes-step-decay")
def test_step_decay_array(student, rng):
    """It also takes an array of steps."""
    got = student.step_decay(np.array([0, 30, 60]), 1.0)
    assert_close(got, np.array([1.0, 0.1, 0.01]), "the learning rate")


@question("training_recipes-exponential-decay")
def test_exponential_decay_by_hand(student, rng):
    """With gamma 0.5, steps 0, 1, 2, 3 have the rates 0.8, 0.4, 0.2, 0.1."""
    got = read_rates(student, "exponential_decay", range(4), 0.8, 0.5)
    assert_close(got, np.array([0.8, 0.4, 0.2, 0.1]), "the learning rate")


@question("training_recipes-exponential-decay")
def test_exponential_decay_array(student, rng):
    """It also takes an array of steps."""
    got = student.exponential_decay(np.array([0, 2]), 3.0, 0.1)
    assert_close(got, np.array([3.0, 0.03]), "the learning rate")


@question("training_recipes-cosine-annealing")
def test_cosine_annealing_by_hand(student, rng):
    """From 1 to 0.2 in 6 steps: 1 at step 0, 0.8 at step 2, 0.6 at step 3, 0.2 at step 6."""
    got = read_rates(student, "cosine_annealing", (0, 2, 3, 6), 6, 1.0, 0.2)
    assert_close(got, np.array([1.0, 0.8, 0.6, 0.2]), "the learning rate")


@question("training_recipes-cosine-annealing")
def test_cosine_annealing_after_the_end(student, rng):
    """After the last step it stays at min_lr, which is 0 if nothing is said."""
    got = read_rates(student, "cosine_annealing", (7, 12), 6, 1.0)
    assert_close(got, np.zeros(2), "the learning rate after the end")


@question("training_recipes-cosine-annealing")
def test_cosine_annealing_array(student, rng):
    """It also takes an array of steps."""
    got = student.cosine_annealing(np.array([0, 3, 6, 9]), 6, 1.0)
    assert_close(got, np.array([1.0, 0.5, 0.0, 0.0]), "the learning rate")


@question("training_recipes-linear-warmup")
def test_linear_warmup_by_hand(student, rng):
    """With 4 warmup steps to 0.8, the rates are 0.2, 0.4, 0.6, 0.8, and then they stay at 0.8."""
    got = read_rates(student, "linear_warmup", range(6), 4, 0.8)
    assert_close(got, np.array([0.2, 0.4, 0.6, 0.8, 0.8, 0.8]), "the learning rate")


@question("training_recipes-linear-warmup")
def test_linear_warmup_array(student, rng):
    """It also takes an array of steps."""
    got = student.linear_warmup(np.array([0, 1, 7]), 2, 1.0)
    assert_close(got, np.array([0.5, 1.0, 1.0]), "the learning rate")


@question("training_recipes-label-smoothing")
def test_label_smoothing_by_hand(student, rng):
    """With eps = 0.4 and four classes, the right class has 0.7 and each other one 0.1."""
    got = student.label_smoothing(np.array([2, 0]), 4, 0.4)
    assert_close(got, np.array([[0.1, 0.1, 0.7, 0.1], [0.7, 0.1, 0.1, 0.1]]), "the result")


@question("training_recipes-label-smoothing")
def test_label_smoothing_none(student, rng):
    """With eps = 0, the rows are one-hot."""
    got = student.label_smoothing(np.array([1, 0, 1]), 3, 0.0)
    assert_close(got, np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), "the result")


@question("training_recipes-crop-flip")
def test_crop_flip_pieces(student, rng):
    """Every image of a batch is a piece of its own padded image, mirrored or not."""
    x = numbered_images(6, 2, 4, 5)
    out = student.random_crop_flip(x, 1, generator(student, rng))
    assert_unchanged(student.changed, {0: "x"})
    read_crops(out, x, 1)


@question("training_recipes-crop-flip")
def test_crop_flip_no_border(student, rng):
    """With pad = 0, images are at most mirrored; some of 40 are, and some are not."""
    x = numbered_images(40, 1, 3, 4)
    crops = read_crops(student.random_crop_flip(x, 0, generator(student, rng)), x, 0)
    mirrored = sum(crop.mirrored for crop in crops)
    if not 0 < mirrored < 40:
        raise CheckFailed(_("{count} of 40 images are mirrored").format(count=mirrored))


@question("training_recipes-mixup")
def test_mixup_pairs(student, rng):
    """Each image is lam times itself plus 1 - lam times a partner, with one lam for the batch."""
    x, y = marked_images(12)
    x_mixed, _y_mixed = mix(student, "mixup", x, y, 2.0, generator(student, rng))
    read_pairs(to_array(x_mixed, "x_mixed").reshape(12, 12), "x_mixed")


@question("training_recipes-mixup")
def test_mixup_labels(student, rng):
    """The labels are mixed as the images are, and x and y_onehot are as they were."""
    x, y = marked_images(12)
    x_mixed, y_mixed = mix(student, "mixup", x, y, 2.0, generator(student, rng))
    assert_unchanged(student.changed, {0: "x", 1: "y_onehot"})
    assert_close(y_mixed, to_array(x_mixed, "x_mixed").reshape(12, 12), "y_mixed")


@question("training_recipes-cutmix")
def test_cutmix_boxes(student, rng):
    """All images have the same box, and in it the pixels of a partner, at the same place."""
    x, y = numbered_images(5, 2, 6, 8), np.eye(5)
    x_mixed, _y_mixed = mix(student, "cutmix", x, y, 1.0, generator(student, rng))
    read_boxes(x_mixed, x)


@question("training_recipes-cutmix")
def test_cutmix_labels(student, rng):
    """The share of the partner in a label is the share of its pixels, in each of ten batches."""
    x, y = numbered_images(5, 1, 6, 8), np.eye(5)
    maker = generator(student, rng)
    for _batch in range(10):
        x_mixed, y_mixed = mix(student, "cutmix", x, y, 1.0, maker)
        assert_unchanged(student.changed, {0: "x", 1: "y_onehot"})
        boxes = read_boxes(x_mixed, x)
        want = (1 - boxes.share) * y + boxes.share * y[boxes.partners]
        assert_close(y_mixed, want, "y_mixed")


@question("training_recipes-cutmix")
def test_cutmix_precision(student, rng):
    """Images and labels in single precision (float32) stay so."""
    x, y = numbered_images(5, 1, 6, 8), np.eye(5, dtype=np.float32)
    mixed = mix(student, "cutmix", x.astype(np.float32), y, 1.0, generator(student, rng))
    check_precision(mixed)


@question("training_recipes-early-stopping")
def test_early_stopping_by_hand(student, rng):
    """With patience 2, the losses 5, 4, 4.5, 3, 3.5, 3.2 stop at the last of them."""
    stopping = student.EarlyStopping(2)
    got = [step(stopping, loss) for loss in (5.0, 4.0, 4.5, 3.0, 3.5, 3.2)]
    assert_equal(np.array(got), np.array([False] * 5 + [True]), "what step returns")
    assert_close(stopping.get("best"), 3.0, "best")


@question("training_recipes-early-stopping")
def test_early_stopping_min_delta(student, rng):
    """With min_delta 1, the losses 5, 4.5, 3.8 are two improvements: 4.5 does not count."""
    stopping = student.EarlyStopping(3, min_delta=1.0)
    bests = []
    for loss in (5.0, 4.5, 3.8):
        step(stopping, loss)
        bests.append(read_number(stopping.get("best"), "best"))
    assert_close(np.array(bests), np.array([5.0, 5.0, 3.8]), "best after each loss")


@question("training_recipes-early-stopping")
def test_early_stopping_nan(student, rng):
    """NaN is no improvement: with patience 2, the losses 1, NaN, NaN stop."""
    stopping = student.EarlyStopping(2)
    got = [step(stopping, loss) for loss in (1.0, math.nan, math.nan)]
    assert_equal(np.array(got), np.array([False, False, True]), "what step returns")


@question("training_recipes-random-search")
def test_random_search_form(student, rng):
    """Three choices are a list of three dictionaries, with a value within range for each name."""
    space = {"rate": ("log", 1e-4, 1e-1), "eps": ("linear", 0.0, 0.3), "width": [8, 16]}
    choices = search(student, space, 3, generator(student, rng))
    for name in ("rate", "eps"):
        check_range([read_number(c[name], name) for c in choices], space[name], name)
    for choice in choices:
        check_item(choice["width"], space["width"], "width")


@question("training_recipes-random-search")
def test_random_search_log(student, rng):
    """Of 300 rates between 0.0001 and 1, about half lie below 0.01."""
    space = {"rate": ("log", 1e-4, 1.0)}
    choices = search(student, space, 300, generator(student, rng))
    below = sum(read_number(choice["rate"], "rate") < 0.01 for choice in choices)
    if not 90 < below < 210:
        raise CheckFailed(_("{count} of 300 rates lie below 0.01").format(count=below))


@question("training_recipes-random-search")
def test_random_search_items(student, rng):
    """Items of a list come back as they are: 8 as an int, None as None, a tuple as a tuple."""
    space = {"item": [8, None, (3, 3), "relu"]}
    for choice in search(student, space, 20, generator(student, rng)):
        check_item(choice["item"], space["item"], "item")


# --- shared with the hidden checks ---------------------------------------------------------------


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
    check_shape(W, shape, "W")
    # In single precision a few numbers may be the same by chance.
    if np.unique(W).size < 0.9 * W.size:
        raise CheckFailed(_("numbers in W repeat; each is to be drawn anew"))


def check_weights_variance(W: np.ndarray, variance: float) -> None:
    """Do the weights scatter around 0 with this variance, as far as chance allows?"""
    if abs(W.mean()) > 6 * W.std() / W.size**0.5:
        raise CheckFailed(_("the mean of W is not 0"))
    # The variance of n normal numbers is itself off by about sqrt(2 / n) of it.
    slack = 6 * (2 / W.size) ** 0.5
    if abs(W.var() / variance - 1) > slack:
        ratio = W.var() / variance
        root = abs(W.std() / variance - 1) < slack
        raise CheckFailed(
            _("the variance of W is {ratio:.3g} times what it should be").format(ratio=ratio),
            _("its standard deviation is what its variance should be") if root else "",
        )


def read_number(got: object, what: str) -> float:
    """A number that the student's code returned."""
    array = to_array(got, what, ndim=0)
    check_shape(array, (), what)
    return float(array)


def read_rates(student: Student, name: str, steps: object, *settings: float) -> np.ndarray:
    """The learning rates of several steps, each asked for by itself."""
    replies = student.batch([(name, step, *settings) for step in steps])
    return np.array([read_number(reply, _("the learning rate")) for reply in replies])


def numbered_images(N: int, C: int, H: int, W: int) -> np.ndarray:
    """Images whose pixels are the numbers from 1 on, so that each is found again anywhere."""
    return np.arange(1.0, N * C * H * W + 1).reshape(N, C, H, W)


def marked_images(N: int) -> tuple[np.ndarray, np.ndarray]:
    """N images of N pixels, image i with a 1 at pixel i only, and one-hot labels."""
    return np.eye(N).reshape(N, 1, 1, N), np.eye(N)


def mix(student: Student, name: str, *arguments: object) -> tuple[object, object]:
    """x_mixed and y_mixed of mixup or cutmix."""
    result = student.call(name, *arguments)
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
            )
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
    if (place != np.arange(C * H * W).reshape(C, H, W)).any():
        raise CheckFailed(_("x_mixed has pixels at another place than in their image"))
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
        raise CheckFailed(_("some image is a partner twice; partners are a permutation"))
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
    _kind, low, high = choice
    slack = 1e-9 * max(abs(low), abs(high))
    outside = sum(not low - slack <= value <= high + slack for value in values)
    if outside:
        raise CheckFailed(
            _("{outside} of {all} values of {name} lie outside their range").format(
                outside=outside, all=len(values), name=name
            )
        )


def check_item(got: object, items: list, name: str) -> None:
    """Is it one of the items, of the same type?"""
    if any(type(got) is type(item) and got == item for item in items):
        return
    kind = got.type_name if isinstance(got, Remote) else type(got).__name__
    raise CheckFailed(
        _("a value of {name}, of type {kind}, is no item of its list").format(name=name, kind=kind)
    )
