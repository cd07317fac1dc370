"""What the random recipes drew, read from what they return.

What is drawn at random may be drawn in any order, so no check expects certain numbers. Images have
pixels that are all different, or are mixed such that the shares can be computed. Margins are so
wide that chance fails a right solution less than once in a million runs.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assignments.compare import assert_close, to_array
from assignments.families.drawn import Draw, Drawn, check_mean, check_share
from assignments.messages import N_, _
from assignments.student import CheckFailed, Remote, Student, explained

Shape = tuple[int, ...]


# --- first weights -------------------------------------------------------------------------------


@dataclass(frozen=True)
class FirstWeights(Drawn):
    """The first weights of a layer: normal numbers of this ``variance(fan_in, fan_out)``."""

    variance: Callable[[int, int], float]

    arguments = ("fan_in", "fan_out")

    def drawn(self, W: Any, fan_in: int, fan_out: int) -> dict[str, np.ndarray]:  # type: ignore[override]
        W = to_array(W, "W")
        check_shape(W, (fan_in, fan_out), "W")
        # In single precision a few numbers may be the same by chance.
        if np.unique(W).size < 0.9 * W.size:
            raise CheckFailed(_("numbers in W repeat; each is to be drawn anew"))
        return {"W": W}

    def check_variance(self, student: Student, case: Draw) -> None:
        """Do the weights scatter around 0 with the right variance?"""
        number = 400 if np.prod(case.arguments) < 100 else 1
        W, right = self.several(student, case, number)["W"], self.variance(*case.arguments)
        check_mean(W, 0, W.std(), _("the mean of W is not 0"))
        # The squares of normal numbers have the standard deviation sqrt(2) * variance.
        ratio = _("the variance of W is {ratio:.3g} times what it should be")
        check_mean(W**2, right, math.sqrt(2) * right, ratio.format(ratio=W.var() / right))

    def check_normal(self, student: Student, case: Draw) -> None:
        """Do the weights follow a normal distribution, as far as their fourth powers tell?"""
        W = self.several(student, case, 1)["W"]
        scaled = (W / W.std()) ** 4
        # Of normal numbers, that has the mean 3 and the variance 96; of evenly drawn ones, 1.8.
        reason = _("the numbers in W do not follow a normal distribution")
        check_mean(scaled, 3, math.sqrt(96), reason)


xavier = FirstWeights("xavier_init", lambda fan_in, fan_out: 2 / (fan_in + fan_out))
kaiming = FirstWeights("kaiming_init", lambda fan_in, fan_out: 2 / fan_in)


# --- random_crop_flip ----------------------------------------------------------------------------

# Parts of NumPy's messages, and what a mistake that leads there may be.
BORDER = {
    "high <= 0": N_("rng.integers(n) gives 0 to n - 1; with pad = 0 there is one place, row 0"),
    "low >= high": N_("rng.integers(low, high) never gives high, and rows begin at 0"),
    "could not broadcast": N_("the piece has H rows and W columns, cut from the padded image"),
}


def numbered_images(N: int, C: int, H: int, W: int) -> np.ndarray:
    """Images whose pixels are the numbers from 1 on, so that each is found again anywhere."""
    return np.arange(1.0, N * C * H * W + 1).reshape(N, C, H, W)


class Crops(Drawn):
    """random_crop_flip, on numbered images."""

    arguments = ("x", "pad")

    def inputs(  # type: ignore[override]
        self, rng: np.random.Generator, shape: Shape, pad: int, dtype: type = float
    ) -> Any:
        return numbered_images(*shape).astype(dtype), pad

    def call(self, student: Student, case: Draw) -> Any:
        with explained(BORDER):
            return super().call(student, case)

    def drawn(self, out: Any, x: np.ndarray, pad: int) -> dict[str, np.ndarray]:  # type: ignore[override]
        """The first row and column of each piece, and whether it is mirrored."""
        out = to_array(out, "out")
        check_shape(out, x.shape, "out")
        pairs = enumerate(zip(out, x, strict=True))
        found = np.array([_piece(got, image, pad, number) for number, (got, image) in pairs])
        return dict(zip(("top", "left", "mirrored"), found.T, strict=True))

    def check_places(self, student: Student, case: Draw) -> None:
        """Are all places drawn equally often, row, column and images independently?"""
        found = self.read(self.call(student, case), case)
        rows, columns, places = found["top"], found["left"], 2 * case.arguments[1] + 1
        for what, drawn in ((_("first row"), rows), (_("first column"), columns)):
            often = _("some {what} of the piece is drawn too often or too rarely").format(what=what)
            for place in range(places):
                check_share(drawn == place, 1 / places, often)
        alike = _("the first row and column are not drawn independently")
        check_share(rows == columns, 1 / places, alike)
        again = (rows[1:] == rows[:-1]) & (columns[1:] == columns[:-1])
        check_share(again, 1 / places**2, _("the images do not have places of their own"))

    def check_mirrors(self, student: Student, case: Draw) -> None:
        """Is each image mirrored with probability 1/2, by a draw of its own?"""
        mirrored = self.read(self.call(student, case), case)["mirrored"]
        count = _("{count} of {all} images are mirrored, where each is with probability 1/2")
        check_share(mirrored, 0.5, count.format(count=mirrored.sum(), all=mirrored.size))
        alike = _("the images are not mirrored independently")
        check_share(mirrored[1:] != mirrored[:-1], 0.5, alike)


def _piece(got: np.ndarray, image: np.ndarray, pad: int, number: int) -> tuple[int, int, bool]:
    """What was done to one image; every possible piece is tried."""
    high, wide = image.shape[1:]
    padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)))
    for top, left in np.ndindex(2 * pad + 1, 2 * pad + 1):
        piece = padded[:, top : top + high, left : left + wide]
        for mirrored in (False, True):
            if np.array_equal(got, piece[:, :, ::-1] if mirrored else piece):
                return top, left, mirrored
    reason = _("image {number} is no piece of its padded image, mirrored or not")
    raise CheckFailed(
        reason.format(number=number),
        _("it has pixels that are neither 0 nor in the image that went in")
        if (~np.isin(got, image) & (got != 0)).any()
        else "",
    )


crops = Crops("random_crop_flip")


# --- mixup and cutmix ----------------------------------------------------------------------------


class Mixed(Drawn):
    """Images and labels, mixed with those of partners by one share, lam, of each image itself."""

    arguments = ("x", "y_onehot", "alpha")
    outputs = ("x_mixed", "y_mixed")

    def check_images(self, student: Student, case: Draw) -> None:
        """In several batches, are the images mixed as described, and with others?"""
        lam = self.several(student, case, 8)["lam"]
        if (lam == 1).all():
            raise CheckFailed(_("no image in x_mixed has a partner"))

    def check_labels(self, student: Student, case: Draw) -> None:
        """In several batches, are the labels mixed as the images are?"""
        y, drawn = case.arguments[1], self.several(student, case, 8)
        for lam, partners, got in zip(*map(drawn.get, ("lam", "partners", "labels")), strict=True):
            if len(y) <= y.shape[1] and lam < 1:  # the shares can be computed
                own = _pairs(_shares(got, y, "y_mixed"), "y_mixed")
                if not np.array_equal(own["partners"], partners):
                    raise CheckFailed(_("the labels have other partners than the images"))
                if abs(own["lam"] - lam) > 1e-5:
                    reason = _("an image has {lam:.3g} of itself, its label {own:.3g}")
                    raise CheckFailed(reason.format(lam=lam, own=own["lam"]))
            assert_close(got, lam * y + (1 - lam) * y[partners], "y_mixed", rtol=1e-5, atol=1e-7)

    def check_kept(self, student: Student, case: Draw) -> None:
        super().check_kept(student, case)
        self.check_labels(student, case)


def soft_labels(rng: np.random.Generator, N: int, K: int) -> np.ndarray:
    """Rows that sum to 1 and are all different."""
    return rng.dirichlet(np.ones(K), size=N)


class Mixup(Mixed):
    """mixup, on random images: the shares are those that explain the results."""

    def inputs(  # type: ignore[override]
        self, rng: np.random.Generator, N: int, K: int, alpha: float = 2.0, dtype: type = float
    ) -> Any:
        x, y = rng.normal(0.5, 1, size=(N, 2, 3, 4)), soft_labels(rng, N, K)
        return x.astype(dtype), y.astype(dtype), alpha

    def drawn(  # type: ignore[override]
        self, x_mixed: Any, y_mixed: Any, x: np.ndarray, y: np.ndarray, alpha: float
    ) -> dict[str, Any]:
        pairs = _pairs(_shares(x_mixed, x, "x_mixed"), "x_mixed")
        return {**pairs, "labels": to_array(y_mixed, "y_mixed")}

    def check_lam(self, student: Student, case: Draw) -> None:
        """Do 400 draws of lam have the mean and the variance of Beta(alpha, alpha)?"""
        alpha = case.arguments[2]
        lam = self.several(student, case, 400)["lam"]
        lam = lam[lam < 1]  # by chance, everybody may be the own partner
        far, variance = (lam - 0.5) ** 2, 1 / (8 * alpha + 4)
        reason = _("lam does not follow Beta(alpha, alpha) for alpha {alpha:g}").format(alpha=alpha)
        if len(lam) < 200:
            raise CheckFailed(reason)
        check_mean(lam, 0.5, math.sqrt(variance), reason)
        check_mean(far, variance, variance * math.sqrt(2 - 6 / (2 * alpha + 3)), reason)

    def check_partners(self, student: Student, case: Draw) -> None:
        """Has each example each example as its partner equally often?"""
        partners = self.several(student, case, 400)["partners"]
        number = partners.shape[1]
        for other in range(number):
            for often in (partners == other).T:
                reason = _("the partners are not a random permutation")
                check_share(often, 1 / number, reason)


def _shares(mixed: Any, of: np.ndarray, what: str) -> np.ndarray:
    """How much of each example is in each mixed one: (N, N), by least squares."""
    mixed = to_array(mixed, what).astype(np.float64)
    check_shape(mixed, of.shape, what)
    rows, mixed = of.reshape(len(of), -1).astype(np.float64), mixed.reshape(len(of), -1)
    A = np.linalg.lstsq(rows.T, mixed.T, rcond=None)[0].T
    if not np.allclose(A @ rows, mixed, atol=1e-4 * np.abs(rows).max()):
        raise CheckFailed(_("{what} is no mixture of what went in").format(what=what))
    return A


def _pairs(A: np.ndarray, what: str) -> dict[str, Any]:
    """lam and the partners of a mixture: row i of A says how much of each example is in i.

    Where nobody has a partner, lam is 1.
    """
    own, tolerance = np.diagonal(A), 1e-5
    others = A - np.diag(own)
    if not np.isfinite(A).all() or A.min() < -tolerance:
        raise CheckFailed(_("{what} is no mixture of what went in").format(what=what))
    if (np.abs(A.sum(axis=1) - 1) > tolerance).any():
        raise CheckFailed(_("the shares in {what} do not sum to 1").format(what=what))
    if ((others > tolerance).sum(axis=1) > 1).any():
        raise CheckFailed(_("more than two examples are mixed in {what}").format(what=what))
    mixed = others.max(axis=1) > tolerance
    partners = np.where(mixed, others.argmax(axis=1), np.arange(len(A)))
    lam = float(own[mixed][0]) if mixed.any() else 1.0
    if (np.abs(own[mixed] - lam) > tolerance).any():
        reason = _("the examples in {what} have different lam; it is drawn once for the batch")
        raise CheckFailed(reason.format(what=what))
    check_permutation(partners)
    return {"lam": round(lam, 9), "partners": partners}


def check_permutation(partners: np.ndarray) -> None:
    """Is each example the partner of one?"""
    if np.unique(partners).size < len(partners):
        raise CheckFailed(
            _("some example is a partner twice; partners are a permutation"),
            _("rng.permutation(N) has each index once"),
        )


class Cutmix(Mixed):
    """cutmix, on numbered images."""

    def inputs(  # type: ignore[override]
        self,
        rng: np.random.Generator,
        shape: Shape,
        K: int,
        alpha: float = 1.0,
        dtype: type = float,
    ) -> Any:
        x, y = numbered_images(*shape), soft_labels(rng, shape[0], K)
        return x.astype(dtype), y.astype(dtype), alpha

    def drawn(  # type: ignore[override]
        self, x_mixed: Any, y_mixed: Any, x: np.ndarray, y: np.ndarray, alpha: float
    ) -> dict[str, Any]:
        """The box, (top, bottom, left, right), and whose pixels are in it.

        Where it is empty, or nobody has a partner, all four are 0.
        """
        box, partners = _box(to_array(x_mixed, "x_mixed"), x)
        area = (box[1] - box[0]) * (box[3] - box[2])
        lam = 1 - area / (x.shape[2] * x.shape[3])
        labels = to_array(y_mixed, "y_mixed")
        return {"box": box, "partners": partners, "lam": lam, "labels": labels}

    def boxes(self, student: Student, case: Draw, number: int = 100) -> np.ndarray:
        """The boxes of many batches that are not empty: (4, number)."""
        boxes = self.several(student, case, number)["box"]
        boxes = boxes[boxes[:, 1] > 0]
        if not len(boxes):
            raise CheckFailed(_("no image in x_mixed has pixels of a partner"))
        return boxes.T

    def check_size(self, student: Student, case: Draw) -> None:
        """For lam close to 1/2, has a whole box 0.71 of the rows and of the columns?"""
        top, bottom, left, right = self.boxes(student, case)
        _N, _C, H, W = case.arguments[0].shape
        for sides, length, name in ((bottom - top, H, _("rows")), (right - left, W, _("columns"))):
            side = sides.max()
            if not (side + 1) / length > math.sqrt(0.4) or not (side - 1) / length < math.sqrt(0.6):
                reason = _(
                    "for lam close to 1/2, the largest box has {side} of {length} {name}, where "
                    "{want:.2f} of them are expected"
                )
                raise CheckFailed(
                    reason.format(side=side, length=length, name=name, want=math.sqrt(0.5))
                )

    def check_centre(self, student: Student, case: Draw) -> None:
        """For lam close to 1/2, are boxes cut off at all borders as often as they should be?"""
        top, bottom, left, right = self.boxes(student, case)
        _N, _C, H, W = case.arguments[0].shape
        # A side of 0.71 sticks out at a border whose distance from the centre is less than half.
        for cut, name in (
            (top == 0, _("upper")),
            (bottom == H, _("lower")),
            (left == 0, _("left")),
            (right == W, _("right")),
        ):
            reason = _("too few or too many of the large boxes reach the {name} border")
            check_share(cut, 0.37, reason.format(name=name))
        for sides, length, name in ((bottom - top, H, _("rows")), (right - left, W, _("columns"))):
            reason = _("large boxes have too few or too many {name}; the centre may be any pixel")
            check_share(sides < 0.55 * length, 0.4, reason.format(name=name))

    def check_lam(self, student: Student, case: Draw) -> None:
        """For alpha = 0.2, is every fifth box tiny?"""
        boxes = self.several(student, case, 300)["box"]
        area = (boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2])
        # The probability is from a simulation of 20 x 30 pixels; with alpha = 1 it would be 0.01.
        reason = _("the sizes of the boxes do not fit alpha = 0.2")
        check_share(area < 0.01 * case.arguments[0][0, 0].size, 0.195, reason)


def _box(mixed: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The box in a batch of numbered images, and whose pixels are in it."""
    check_shape(mixed, x.shape, "x_mixed")
    number = mixed.astype(np.float64) - 1
    if not ((number == np.floor(number)) & (number >= 0) & (number < x.size)).all():
        raise CheckFailed(_("x_mixed has pixels that are in no image"))
    source, place = np.divmod(number.astype(np.int64), x[0].size)
    if (place != np.arange(x[0].size).reshape(x[0].shape)).any():
        raise CheckFailed(
            _("x_mixed has pixels at another place than in their image"),
            _("take the same rows and columns of the partner as of the image"),
        )
    if (source != source[:, :1]).any():
        raise CheckFailed(_("the channels of x_mixed do not have the same box"))
    own = np.arange(len(x))
    foreign = source[:, 0] != own[:, None, None]
    box = np.zeros(4, np.int64)
    if foreign.any():
        rows, columns = (np.flatnonzero(foreign.any(axis=(0, axis))) for axis in (2, 1))
        box[:] = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    pasted = source[:, 0, box[0] : box[1], box[2] : box[3]].reshape(len(x), -1)
    partners = pasted[:, 0] if foreign.any() else own
    if (pasted != partners[:, None]).any():
        raise CheckFailed(_("what is pasted is no box of one partner, the same in all images"))
    check_permutation(partners)
    return box, partners


mixing, cutting = Mixup("mixup"), Cutmix("cutmix")


# --- random_search -------------------------------------------------------------------------------


class Search(Drawn):
    """random_search: of a range, where in it a value lies, from 0 to 1; of a list, which item."""

    arguments = ("space", "n")

    def drawn(self, choices: Any, space: Mapping[str, Any], n: int) -> dict[str, np.ndarray]:  # type: ignore[override]
        if not isinstance(choices, list) or not all(isinstance(one, dict) for one in choices):
            reason = _("random_search returns {got}, where a list of dictionaries is expected")
            raise CheckFailed(reason.format(got=type(choices).__name__))
        if len(choices) != n:
            reason = _("there are {got} choices, where {n} are asked for")
            raise CheckFailed(reason.format(got=len(choices), n=n))
        if any(choice.keys() != space.keys() for choice in choices):
            raise CheckFailed(_("a choice does not have the names of the space"))
        return {
            name: (_items if isinstance(options, list) else _places)(
                [choice[name] for choice in choices], options, name
            )
            for name, options in space.items()
        }

    def check_even(self, student: Student, case: Draw) -> None:
        """Are values drawn evenly, in their logarithm where that is asked for, and items alike?"""
        space = case.arguments[0]
        for name, found in self.read(self.call(student, case), case).items():
            reason = _("some values of {name} are drawn too often or too rarely").format(name=name)
            if isinstance(space[name], list):
                for item in range(len(space[name])):
                    check_share(found == item, 1 / len(space[name]), reason)
            else:
                for share in (0.05, 0.25, 0.5, 0.75, 0.95):
                    check_share(found < share, share, reason)

    def check_independent(self, student: Student, case: Draw) -> None:
        """Are choices, and names of a choice, drawn independently of each other?"""
        halves = [u < 0.5 for u in self.read(self.call(student, case), case).values()]
        for number, half in enumerate(halves):
            before = _("a choice depends on the one before it")
            check_share(half[1:] == half[:-1], 0.5, before)
            for other in halves[:number]:
                check_share(half == other, 0.5, _("two settings of a choice depend on each other"))


def _places(values: list[Any], choice: tuple[Any, ...], name: str) -> np.ndarray:
    """Where in its range each value lies, from 0 to 1."""
    kind, *ends = choice
    numbers = np.array([to_array(value, name, ndim=0) for value in values], dtype=np.float64)
    with np.errstate(all="ignore"):
        low, high, at = (np.log(n) if kind == "log" else n for n in (*ends, numbers))
    places = (at - low) / (high - low)
    outside = np.count_nonzero(~((places > -1e-9) & (places < 1 + 1e-9)))
    if outside:
        reason = _("{outside} of {all} values of {name} lie outside their range")
        raise CheckFailed(reason.format(outside=outside, all=len(values), name=name))
    return places


def _items(values: list[Any], items: list[Any], name: str) -> np.ndarray:
    """Which item each value is, of the same type."""
    found = []
    for got in values:
        same = [i for i, item in enumerate(items) if type(got) is type(item) and got == item]
        if not same:
            kind = got.type_name if isinstance(got, Remote) else type(got).__name__
            reason = _("a value of {name}, of type {kind}, is no item of its list")
            raise CheckFailed(reason.format(name=name, kind=kind))
        found.append(same[0])
    return np.array(found)


searching = Search("random_search")


def check_shape(got: np.ndarray, want: tuple[int, ...], what: str) -> None:
    """Has this array the right shape?"""
    if got.shape != want:
        reason = _("{what} has shape {got}, where {want} is expected")
        raise CheckFailed(reason.format(what=what, got=got.shape, want=want))
