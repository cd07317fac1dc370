"""Hidden checks of the training recipes.

What is drawn at random may be drawn in any order: the checks read from the results what was done
(see the public checks) and hold its statistics against SciPy's distributions. Their margins are so
wide that chance fails a right solution less than once in a million runs.
"""

import math

import numpy as np
import torch
from scipy import stats
from torch.nn import functional as F

from assignments.checks.a2_networks.training_recipes import (
    check_chance,
    check_item,
    check_precision,
    check_range,
    check_shape,
    check_steps_unchanged,
    check_weights_shape,
    check_weights_variance,
    generator,
    mix,
    numbered_images,
    read_boxes,
    read_crops,
    read_number,
    read_pairs,
    read_places,
    read_rates,
    search,
    several_boxes,
    step,
    weights,
)
from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed

#: How far a count or a mean may be from what is expected, in standard deviations.
SIGMAS = 6.0


# --- chance --------------------------------------------------------------------------------------

#: The given cells train with PyTorch; what is to be written are its recipes.
REFUSED = {
    "*": ("torch.nn.*", "torch.optim.*", "torch.distributions.*", "torchvision.*", "sklearn.*"),
    "training_recipes-random-search": ("scipy.stats.*",),
}


def check_count(count, num, chance, what):
    """Is a count within what chance allows for num tries of this probability?"""
    if abs(count - num * chance) > SIGMAS * math.sqrt(num * chance * (1 - chance)):
        raise CheckFailed(what)


def check_distribution(values, distribution, what):
    """Do values follow a SciPy distribution, up to what happens once in ten million runs?"""
    if stats.kstest(values, distribution.cdf).pvalue < 1e-7:
        raise CheckFailed(what)


# --- training_recipes-xavier, training_recipes-kaiming -------------------------------------------


def check_init(student, rng, name, shape, variance):
    W = to_array(student.call(name, *shape, generator(student, rng)), "W")
    check_weights_shape(W, shape)
    check_weights_variance(W, variance)


def check_init_small(student, rng, name, fan_in, fan_out, variance):
    """Many small layers, drawn one after the other from one generator."""
    maker = generator(student, rng)
    replies = student.batch([(name, fan_in, fan_out, maker)] * 400)
    layers = [to_array(reply, "W") for reply in replies]
    for W in layers:
        check_shape(W, (fan_in, fan_out), "W")
    check_weights_variance(np.stack(layers), variance)


def check_init_normal(student, rng, name):
    W = to_array(student.call(name, 150, 140, generator(student, rng)), "W")
    check_shape(W, (150, 140), "W")
    # Normal numbers have the kurtosis 3, evenly drawn ones 1.8; n of them scatter by sqrt(24 / n).
    if abs(stats.kurtosis(W, axis=None)) > SIGMAS * math.sqrt(24 / W.size):
        raise CheckFailed(_("the numbers in W do not follow a normal distribution"))


def check_init_chance(student, rng, name):
    check_chance(student, rng, lambda maker: [weights(student, name, maker)])


@question("training_recipes-xavier", weight=3)
def test_xavier_values(student, rng):
    """Shape, mean and variance are right for a layer with few inputs and many outputs."""
    check_init(student, rng, "xavier_init", (40, 250), 2 / 290)


@question("training_recipes-xavier")
def test_xavier_sizes(student, rng):
    """So they are for other layers, small ones too."""
    for shape in ((300, 20), (90, 90)):
        check_init(student, rng, "xavier_init", shape, 2 / sum(shape))
    check_init_small(student, rng, "xavier_init", 3, 9, 2 / 12)


@question("training_recipes-xavier")
def test_xavier_normal(student, rng):
    """The weights follow a normal distribution."""
    check_init_normal(student, rng, "xavier_init")


@question("training_recipes-xavier")
def test_xavier_chance(student, rng):
    """All chance comes from rng."""
    check_init_chance(student, rng, "xavier_init")


@question("training_recipes-kaiming", weight=3)
def test_kaiming_values(student, rng):
    """Shape, mean and variance are right for a layer with few inputs and many outputs."""
    check_init(student, rng, "kaiming_init", (40, 250), 2 / 40)


@question("training_recipes-kaiming")
def test_kaiming_sizes(student, rng):
    """So they are for other layers, small ones too."""
    for shape in ((300, 20), (90, 90)):
        check_init(student, rng, "kaiming_init", shape, 2 / shape[0])
    check_init_small(student, rng, "kaiming_init", 3, 9, 2 / 3)


@question("training_recipes-kaiming")
def test_kaiming_normal(student, rng):
    """The weights follow a normal distribution."""
    check_init_normal(student, rng, "kaiming_init")


@question("training_recipes-kaiming")
def test_kaiming_chance(student, rng):
    """All chance comes from rng."""
    check_init_chance(student, rng, "kaiming_init")


# --- schedules -----------------------------------------------------------------------------------


def stairs(base_lr, drop, every, num):
    """The rates of steps 0 to num - 1, each level repeated."""
    levels = np.cumprod([base_lr, *[drop] * (num // every)])
    return np.repeat(levels, every)[:num]


def powers(base_lr, gamma, num):
    """The rates of steps 0 to num - 1, each made from the one before."""
    return np.cumprod([base_lr, *[gamma] * (num - 1)])


def half_wave(total_steps, base_lr, min_lr, num):
    """The rates of steps 0 to num - 1, by the formula for half the angle."""
    falling = np.cos(np.linspace(0, np.pi / 2, total_steps + 1)) ** 2
    return min_lr + (base_lr - min_lr) * np.append(falling, np.zeros(num))[:num]


def ramp(warmup_steps, base_lr, num):
    """The rates of steps 0 to num - 1, evenly spaced up to base_lr."""
    rising = np.linspace(0, base_lr, warmup_steps + 1)[1:]
    return np.append(rising, np.full(num, base_lr))[:num]


def check_rates_of_arrays(student, name, want, *settings):
    """Arrays of steps of several shapes give arrays of rates.

    Args:
        want: the rates of steps 0, 1, 2, ..., 23 at least.
    """
    for steps in (np.arange(24), np.arange(24)[::-1].reshape(4, 6), np.array([3, 3, 0])):
        got = student.call(name, steps, *settings)
        assert_close(got, want[steps], f"the learning rate of steps of shape {steps.shape}")


@question("training_recipes-step-decay", weight=2)
def test_step_decay_values(student, rng):
    """Every rate of three levels and more is right."""
    base_lr, drop, every = rng.uniform(0.5, 2), rng.uniform(0.3, 0.7), int(rng.integers(4, 8))
    got = read_rates(student, "step_decay", range(30), base_lr, drop, every)
    assert_close(got, stairs(base_lr, drop, every, 30), "the learning rate")


@question("training_recipes-step-decay")
def test_step_decay_defaults(student, rng):
    """Without more settings, the rate is divided by 10 every 30 steps."""
    base_lr, steps = rng.uniform(0.5, 2), [0, 29, 30, 59, 60, 95]
    got = read_rates(student, "step_decay", steps, base_lr)
    assert_close(got, stairs(base_lr, 0.1, 30, 96)[steps], "the learning rate")


@question("training_recipes-step-decay")
def test_step_decay_arrays(student, rng):
    """Arrays of steps give arrays of rates."""
    check_rates_of_arrays(student, "step_decay", stairs(0.7, 0.6, 5, 24), 0.7, 0.6, 5)


@question("training_recipes-step-decay", weight=0.5, rule=True)
def test_step_decay_inputs(student, rng):
    """An array of steps is as it was."""
    check_steps_unchanged(student, "step_decay", 0.7, 0.6, 5)


@question("training_recipes-exponential-decay", weight=2)
def test_exponential_decay_values(student, rng):
    """Every rate is gamma times the one before."""
    base_lr, gamma = rng.uniform(0.5, 2), rng.uniform(0.6, 0.9)
    got = read_rates(student, "exponential_decay", range(12), base_lr, gamma)
    assert_close(got, powers(base_lr, gamma, 12), "the learning rate")


@question("training_recipes-exponential-decay")
def test_exponential_decay_late(student, rng):
    """They are right after hundreds of steps, and where gamma is 1 or larger."""
    steps = np.array([0, 1, 100, 400])
    for gamma in (0.99, 1.0, 1.01):
        got = read_rates(student, "exponential_decay", steps.tolist(), 0.3, gamma)
        want = 0.3 * np.exp(steps * math.log(gamma))
        assert_close(got, want, f"the learning rate (gamma {gamma})")


@question("training_recipes-exponential-decay")
def test_exponential_decay_arrays(student, rng):
    """Arrays of steps give arrays of rates."""
    check_rates_of_arrays(student, "exponential_decay", powers(0.7, 0.8, 24), 0.7, 0.8)


@question("training_recipes-exponential-decay", weight=0.5, rule=True)
def test_exponential_decay_inputs(student, rng):
    """An array of steps is as it was."""
    check_steps_unchanged(student, "exponential_decay", 0.7, 0.8)


@question("training_recipes-cosine-annealing", weight=2)
def test_cosine_annealing_values(student, rng):
    """Every rate before the end is right."""
    total, base_lr, min_lr = int(rng.integers(9, 14)), rng.uniform(0.5, 2), rng.uniform(0.1, 0.3)
    got = read_rates(student, "cosine_annealing", range(total), total, base_lr, min_lr)
    assert_close(got, half_wave(total, base_lr, min_lr, total), "the learning rate")


@question("training_recipes-cosine-annealing")
def test_cosine_annealing_end(student, rng):
    """The last step has min_lr, and so have all after it."""
    base_lr, min_lr = rng.uniform(0.5, 2), rng.uniform(0.1, 0.3)
    for total in (1, 8):
        late = [total, total + 1, 2 * total, 5 * total + 3]
        got = read_rates(student, "cosine_annealing", late, total, base_lr, min_lr)
        assert_close(got, np.full(4, min_lr), "the learning rate at the end and after it")
        got = read_rates(student, "cosine_annealing", late, total, base_lr)
        assert_close(got, np.zeros(4), "the learning rate at the end and after it, without min_lr")


@question("training_recipes-cosine-annealing")
def test_cosine_annealing_arrays(student, rng):
    """Arrays of steps give arrays of rates."""
    want = half_wave(17, 0.7, 0.05, 24)
    check_rates_of_arrays(student, "cosine_annealing", want, 17, 0.7, 0.05)


@question("training_recipes-cosine-annealing", weight=0.5, rule=True)
def test_cosine_annealing_inputs(student, rng):
    """An array of steps is as it was."""
    check_steps_unchanged(student, "cosine_annealing", 17, 0.7, 0.05)


@question("training_recipes-linear-warmup", weight=2)
def test_linear_warmup_values(student, rng):
    """The rates of the warmup are evenly spaced, up to base_lr."""
    warmup, base_lr = int(rng.integers(6, 11)), rng.uniform(0.5, 2)
    got = read_rates(student, "linear_warmup", range(warmup), warmup, base_lr)
    assert_close(got, ramp(warmup, base_lr, warmup), "the learning rate")


@question("training_recipes-linear-warmup")
def test_linear_warmup_end(student, rng):
    """After the warmup, and with warmup_steps of 1 or 0, the rate is base_lr."""
    base_lr = rng.uniform(0.5, 2)
    for warmup in (5, 1, 0):
        late = [max(warmup - 1, 0), warmup, warmup + 1, 3 * warmup + 7]
        got = read_rates(student, "linear_warmup", late, warmup, base_lr)
        assert_close(got, np.full(4, base_lr), f"the learning rate after {warmup} warmup steps")


@question("training_recipes-linear-warmup")
def test_linear_warmup_arrays(student, rng):
    """Arrays of steps give arrays of rates."""
    check_rates_of_arrays(student, "linear_warmup", ramp(9, 0.7, 24), 9, 0.7)


@question("training_recipes-linear-warmup", weight=0.5, rule=True)
def test_linear_warmup_inputs(student, rng):
    """An array of steps is as it was."""
    check_steps_unchanged(student, "linear_warmup", 9, 0.7)


# --- training_recipes-label-smoothing ------------------------------------------------------------


def smooth(y, num_classes, eps):
    """The rows that PyTorch compares with: its gradient is the probabilities minus these rows."""
    scores = torch.zeros(len(y), num_classes, dtype=torch.float64, requires_grad=True)
    labels = torch.from_numpy(y.astype(np.int64))
    F.cross_entropy(scores, labels, label_smoothing=eps, reduction="sum").backward()
    return 1 / num_classes - scores.grad


@question("training_recipes-label-smoothing", weight=2)
def test_label_smoothing_values(student, rng):
    """The rows are those that PyTorch's cross-entropy uses."""
    y, eps = rng.permutation(np.arange(9) % 6), rng.uniform(0.1, 0.4)
    got = student.label_smoothing(y, 6, eps)
    assert_close(got, smooth(y, 6, eps), "the result")


@question("training_recipes-label-smoothing", weight=0.5, rule=True)
def test_label_smoothing_inputs(student, rng):
    """y is as it was."""
    student.label_smoothing(rng.permutation(np.arange(9) % 6), 6, 0.2)
    assert_unchanged(student.changed, {0: "y"})


@question("training_recipes-label-smoothing")
def test_label_smoothing_absent(student, rng):
    """They are so where classes do not occur, for a single label, and for labels of few bits."""
    for y, num_classes in (
        (rng.integers(3, size=7), 8),
        (np.array([1]), 2),
        (rng.integers(5, size=6).astype(np.uint8), 5),
    ):
        eps = rng.uniform(0.1, 0.4)
        got = student.label_smoothing(y, num_classes, eps)
        assert_close(got, smooth(y, num_classes, eps), f"the result for {len(y)} labels")


@question("training_recipes-label-smoothing")
def test_label_smoothing_extremes(student, rng):
    """With eps = 0 they are one-hot, with eps = 1 all classes have the same."""
    y = rng.integers(4, size=8)
    for eps in (0.0, 1.0):
        got = student.label_smoothing(y, 4, eps)
        assert_close(got, smooth(y, 4, eps), f"the result (eps {eps:g})")


# --- training_recipes-crop-flip ------------------------------------------------------------------


def crops(student, rng, shape, pad):
    x = numbered_images(*shape)
    return read_crops(student.random_crop_flip(x, pad, generator(student, rng)), x, pad)


@question("training_recipes-crop-flip", weight=2)
def test_crop_flip_pieces(student, rng):
    """Each image is a piece of its own padded image, mirrored left to right or not."""
    crops(student, rng, (30, 3, 5, 7), 2)


@question("training_recipes-crop-flip", weight=1.5)
def test_crop_flip_places(student, rng):
    """All places occur equally often, rows and columns and images independently."""
    pad, num = 1, 720
    found = np.array(crops(student, rng, (num, 1, 4, 5), pad), int)
    for axis, name in ((0, "first row"), (1, "first column")):
        for place in range(2 * pad + 1):
            count = np.sum(found[:, axis] == place)
            what = f"some {name} of the piece is drawn too often or too rarely"
            check_count(count, num, 1 / (2 * pad + 1), what)
    same = np.sum(found[:, 0] == found[:, 1])
    check_count(same, num, 1 / 3, "the first row and column are not drawn independently")
    again = np.sum((found[1:, :2] == found[:-1, :2]).all(axis=1))
    check_count(again, num - 1, 1 / 9, "the images do not have places of their own")


@question("training_recipes-crop-flip", weight=1.5)
def test_crop_flip_mirrors(student, rng):
    """Half of the images are mirrored, each by a draw of its own."""
    num = 600
    mirrored = np.array([c.mirrored for c in crops(student, rng, (num, 1, 3, 5), 1)])
    check_count(mirrored.sum(), num, 0.5, "not half of the images are mirrored")
    changes = np.sum(mirrored[1:] != mirrored[:-1])
    check_count(changes, num - 1, 0.5, "the images are not mirrored independently")


@question("training_recipes-crop-flip")
def test_crop_flip_wide_border(student, rng):
    """It is right for one image, for a pad wider than the image, and for a pad of 0."""
    for shape, pad in (((1, 2, 6, 4), 3), ((12, 1, 2, 3), 5), ((12, 2, 5, 3), 0)):
        crops(student, rng, shape, pad)


@question("training_recipes-crop-flip", weight=0.5, rule=True)
def test_crop_flip_dtypes(student, rng):
    """x is as it was, and the result has its dtype, for bytes and for single precision."""
    for dtype in (np.uint8, np.float32):
        images, maker = numbered_images(5, 2, 4, 6).astype(dtype), generator(student, rng)
        moved = student.random_crop_flip(images, 1, maker)
        assert_unchanged(student.changed, {0: "x"})
        read_crops(moved, images, 1)
        if to_array(moved).dtype != dtype:
            raise CheckFailed(
                _("the result has dtype {got}, where {want} went in").format(
                    got=moved.dtype, want=images.dtype
                )
            )


@question("training_recipes-crop-flip")
def test_crop_flip_chance(student, rng):
    """All chance comes from rng."""
    x = numbered_images(40, 1, 4, 5)

    check_chance(student, rng, lambda maker: read_places(student, x, maker))


# --- training_recipes-mixup ----------------------------------------------------------------------


def soft_labels(rng, N, K):
    """Rows that sum to 1 and are all different."""
    return rng.dirichlet(np.ones(K), size=N)


def mixture_of(x_mixed, x):
    """How much of each image is in each mixed one: (N, N), by least squares."""
    mixed = to_array(x_mixed, "x_mixed").astype(np.float64)
    check_shape(mixed, x.shape, "x_mixed")
    rows, mixed = x.reshape(len(x), -1).astype(np.float64), mixed.reshape(len(x), -1)
    A = np.linalg.lstsq(rows.T, mixed.T, rcond=None)[0].T
    if not np.allclose(A @ rows, mixed, atol=1e-4 * np.abs(rows).max()):
        raise CheckFailed(_("x_mixed is no mixture of the images that went in"))
    return A


@question("training_recipes-mixup", weight=2)
def test_mixup_images(student, rng):
    """Images are mixed with partners that are a permutation, by one lam for the batch."""
    # So many that a permutation which changes nothing does not happen.
    x, y = rng.normal(0.5, 1, size=(13, 3, 4, 5)), soft_labels(rng, 13, 4)
    x_mixed, _y_mixed = mix(student, "mixup", x, y, 2.0, generator(student, rng))
    read_pairs(mixture_of(x_mixed, x), "x_mixed")


@question("training_recipes-mixup", weight=2)
def test_mixup_labels(student, rng):
    """Labels, one-hot or not, are mixed with the shares and partners of the images."""
    for N, K in ((6, 3), (5, 9)):
        x, y = rng.normal(0.5, 1, size=(N, 2, 5, 3)), soft_labels(rng, N, K)
        x_mixed, y_mixed = mix(student, "mixup", x, y, 2.0, generator(student, rng))
        assert_close(y_mixed, mixture_of(x_mixed, x) @ y, "y_mixed", rtol=1e-5, atol=1e-7)


@question("training_recipes-mixup", weight=1.5)
def test_mixup_lam(student, rng):
    """lam follows Beta(alpha, alpha), for a small and a large alpha."""
    N = 4
    x, y = np.eye(N).reshape(N, 1, 2, 2), np.eye(N)
    for alpha in (0.3, 8.0):
        maker = generator(student, rng)
        replies = student.batch([("mixup", x, y, alpha, maker)] * 400)
        shares = [to_array(reply[0], "x_mixed").reshape(N, N) for reply in replies]
        lams = [np.diagonal(A).min() for A in shares if not np.array_equal(A, np.eye(N))]
        what = f"lam does not follow Beta(alpha, alpha) for alpha {alpha:g}"
        if len(lams) < 200:
            raise CheckFailed(what)
        check_distribution(np.array(lams), stats.beta(alpha, alpha), what)


@question("training_recipes-mixup")
def test_mixup_partners(student, rng):
    """Each example has each example as its partner equally often."""
    N, num = 4, 400
    x, y = np.eye(N).reshape(N, 1, 2, 2), np.eye(N)
    maker = generator(student, rng)
    counts = np.zeros((N, N))
    for reply in student.batch([("mixup", x, y, 20.0, maker)] * num):
        A = to_array(reply[0], "x_mixed").reshape(N, N)
        if not np.array_equal(A, np.eye(N)):
            counts[np.arange(N), read_pairs(A, "x_mixed")[1]] += 1
        else:
            counts += np.eye(N)
    for count in counts.flat:
        check_count(count, num, 1 / N, "the partners are not a random permutation")


@question("training_recipes-mixup", weight=0.5, rule=True)
def test_mixup_dtypes(student, rng):
    """x and y_onehot are as they were, and single precision stays single precision."""
    x, y = rng.normal(size=(6, 2, 3, 4)).astype(np.float32), np.eye(6, dtype=np.float32)
    mixed = mix(student, "mixup", x, y, 1.0, generator(student, rng))
    assert_unchanged(student.changed, {0: "x", 1: "y_onehot"})
    check_precision(mixed)
    assert_close(mixed[1], mixture_of(mixed[0], x), "y_mixed", atol=1e-4)


@question("training_recipes-mixup")
def test_mixup_chance(student, rng):
    """All chance comes from rng."""
    x, y = rng.normal(size=(14, 2, 3, 4)), np.eye(14)

    def draw(maker):
        x_mixed = mix(student, "mixup", x, y, 5.0, maker)[0]
        lam, partners = read_pairs(mixture_of(x_mixed, x), "x_mixed")
        return np.round(lam, 9), partners

    check_chance(student, rng, draw)


# --- training_recipes-cutmix ---------------------------------------------------------------------


@question("training_recipes-cutmix", weight=2)
def test_cutmix_images(student, rng):
    """In each of eight batches, one box of all images has the pixels of their partners."""
    x, y = numbered_images(6, 3, 9, 14), soft_labels(rng, 6, 4)
    maker = generator(student, rng)
    boxes = [read_boxes(mix(student, "cutmix", x, y, 2.0, maker)[0], x) for _batch in range(8)]
    if not any(box.share for box in boxes):
        raise CheckFailed(_("no image in x_mixed has pixels of a partner"))


@question("training_recipes-cutmix", weight=2)
def test_cutmix_labels(student, rng):
    """Labels are shared by the area that the box really covers, also where it is cut off."""
    maker = generator(student, rng)
    seen = 0
    for batch in range(12):
        N, K = (6, 4) if batch % 2 else (5, 8)
        x, y = numbered_images(N, 1, 11, 7), soft_labels(rng, N, K)
        x_mixed, y_mixed = mix(student, "cutmix", x, y, 1.0, maker)
        box = read_boxes(x_mixed, x)
        seen += box.share > 0
        assert_close(y_mixed, y + box.share * (y[box.partners] - y), "y_mixed")
    if not seen:
        raise CheckFailed(_("no image in x_mixed has pixels of a partner"))


def boxes_of_half(student, rng, H, W, num=100):
    """Boxes of a large alpha, so that lam is close to 1/2 and a whole side to sqrt(1/2)."""
    x, y = numbered_images(5, 1, H, W), np.eye(5)
    maker = generator(student, rng)
    inside = student.put(x)
    replies = student.batch([("cutmix", inside, y, 300.0, maker)] * num)
    return [read_boxes(reply[0], x) for reply in replies]


@question("training_recipes-cutmix", weight=1.5)
def test_cutmix_size(student, rng):
    """Where nothing is cut off, the box covers 1 - lam of the image, in the image's shape."""
    H, W = 24, 40
    boxes = boxes_of_half(student, rng, H, W)
    for side, length, name in (
        (max(box.bottom - box.top for box in boxes), H, "rows"),
        (max(box.right - box.left for box in boxes), W, "columns"),
    ):
        if not math.sqrt(0.4) < (side + 1) / length or not (side - 1) / length < math.sqrt(0.6):
            raise CheckFailed(
                _(
                    "for lam close to 1/2, the box has at most {side} of {length} {name}, "
                    "where {want:.2f} of them are expected"
                ).format(side=side, length=length, name=name, want=math.sqrt(0.5))
            )


@question("training_recipes-cutmix")
def test_cutmix_centre(student, rng):
    """Each pixel may be the centre, so that boxes are cut off at all four borders."""
    H, W = 24, 40
    boxes = [box for box in boxes_of_half(student, rng, H, W) if box.share]
    # A side of 0.71 sticks out at a border whose distance from the centre is less than half of it.
    for count, name in (
        (sum(box.top == 0 for box in boxes), "upper"),
        (sum(box.bottom == H for box in boxes), "lower"),
        (sum(box.left == 0 for box in boxes), "left"),
        (sum(box.right == W for box in boxes), "right"),
    ):
        what = f"the {name} border is reached by {count} of {len(boxes)} large boxes"
        check_count(count, max(len(boxes), 1), 0.37, f"{what}, too few or too many")
    for places, length, name in (
        ([box.bottom - box.top for box in boxes], H, "rows"),
        ([box.right - box.left for box in boxes], W, "columns"),
    ):
        cut = sum(side < 0.55 * length for side in places)
        what = f"large boxes have too few or too many {name}; the centre may be any pixel"
        check_count(cut, max(len(boxes), 1), 0.4, what)


@question("training_recipes-cutmix", weight=0.5)
def test_cutmix_lam(student, rng):
    """With a small alpha, every fifth box is tiny."""
    x, y, num = numbered_images(5, 1, 20, 30), np.eye(5), 400
    maker, inside = generator(student, rng), student.put(x)
    replies = student.batch([("cutmix", inside, y, 0.2, maker)] * num)
    tiny = sum(read_boxes(reply[0], x).share < 0.01 for reply in replies)
    # The probability is from a simulation; with alpha = 1 it would be 0.01.
    check_count(tiny, num, 0.195, "the sizes of the boxes do not fit alpha = 0.2")


@question("training_recipes-cutmix", weight=0.5, rule=True)
def test_cutmix_dtypes(student, rng):
    """x and y_onehot are as they were, and single precision stays single precision."""
    x, y = numbered_images(6, 2, 6, 5).astype(np.float32), np.eye(6, dtype=np.float32)
    mixed = mix(student, "cutmix", x, y, 5.0, generator(student, rng))
    assert_unchanged(student.changed, {0: "x", 1: "y_onehot"})
    check_precision(mixed)
    box = read_boxes(mixed[0], x)
    assert_close(mixed[1], y + box.share * (y[box.partners] - y), "y_mixed", atol=1e-4)


@question("training_recipes-cutmix")
def test_cutmix_chance(student, rng):
    """All chance comes from rng."""
    x, y = numbered_images(12, 1, 12, 15), np.eye(12)

    check_chance(student, rng, lambda maker: several_boxes(student, x, y, maker))


# --- training_recipes-early-stopping -------------------------------------------------------------


def expected(losses, patience, min_delta=0.0):
    """What step says of each loss, and best after it, by looking back from each of them."""
    records = []
    for place, loss in enumerate(losses):
        best = losses[records[-1]] if records else math.inf
        if loss < best - min_delta:
            records.append(place)
        last = records[-1] if records else -1
        yield place - last >= patience, losses[last] if records else math.inf


def check_stopping(student, losses, patience, *min_delta):
    """Compare answers and best up to and including the first True."""
    wanted = list(expected(losses, patience, *min_delta))
    stops = [stop for stop, _best in wanted]
    wanted = wanted[: stops.index(True) + 1 if True in stops else None]
    stopping = student.EarlyStopping(patience, *min_delta)
    answers = [
        (step(stopping, loss), read_number(stopping.get("best"), "best"))
        for loss, _want in zip(losses, wanted, strict=False)
    ]
    for number, (got, want) in enumerate(zip(answers, wanted, strict=True), start=1):
        if got[0] != want[0]:
            raise CheckFailed(
                _("step returns {got} for loss number {number}").format(got=got[0], number=number)
            )
        # Infinity is compared as a whole, since no difference of it is a number.
        if got[1] != want[1] and not math.isclose(got[1], want[1]):
            raise CheckFailed(_("best is wrong after loss number {number}").format(number=number))


def falling_losses(rng, num):
    """Losses that fall, with noise that is often larger than the fall."""
    return (3 * 0.9 ** np.arange(num) + rng.normal(0, 0.15, num)).tolist()


@question("training_recipes-early-stopping", weight=2)
def test_early_stopping_sequences(student, rng):
    """On noisy losses, it stops where patience is used up and not before."""
    for patience in (1, 2, 3, 5):
        losses = [*falling_losses(rng, 20), *(4 + rng.random(8)).tolist()]
        check_stopping(student, losses, patience)
    # A good loss right before the end begins the count again.
    check_stopping(student, [5.0, 6.0, 6.5, 4.0, 4.5, 4.6, 3.0, 3.1, 3.2, 3.3, 3.4], 3)


@question("training_recipes-early-stopping", weight=1.5)
def test_early_stopping_min_delta(student, rng):
    """Only what is better by more than min_delta counts, and only that moves best."""
    level = rng.uniform(3, 4)
    # Neither what is a little worse nor what is a little better counts: the third loss ends it.
    check_stopping(student, (level + np.array([0, 0.2, -0.1])).tolist(), 2, 0.5)
    steps = np.array([0, -0.1, 0.2, -0.3, -2, -1.9, -2.2, -2.1, -2.3])
    check_stopping(student, (level + steps).tolist(), 4, 0.5)
    for patience in (2, 4):
        check_stopping(student, falling_losses(rng, 30), patience, 0.3)
    # Small steps add up; a step of exactly min_delta does not count.
    check_stopping(student, [2.0, 1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25, 0.25, 0.25], 3, 0.5)
    check_stopping(student, [1.0, 0.5, 0.25, 0.5, 0.5], 3, 0.5)


@question("training_recipes-early-stopping")
def test_early_stopping_equal(student, rng):
    """The same loss again is no improvement."""
    level = float(rng.integers(1, 9))
    check_stopping(student, [level] * 6, 3)
    check_stopping(student, [level] * 3, 1)


@question("training_recipes-early-stopping")
def test_early_stopping_nan(student, rng):
    """NaN is no improvement, at the beginning nor later, and best stays a number."""
    nan = math.nan
    check_stopping(student, [2.0, nan, 1.0, nan, 0.5, nan, nan, nan], 2)
    check_stopping(student, [nan, nan, 1.0, 2.0, nan, 3.0], 3)
    check_stopping(student, [nan, nan, nan], 2)


@question("training_recipes-early-stopping")
def test_early_stopping_sizes(student, rng):
    """It is right for negative losses, for huge ones and for infinity."""
    check_stopping(student, [-1.0, -2.0, -1.5, -3.0, -2.9, -2.8], 2)
    check_stopping(student, [3e12, 2e12, 2.5e12, 2.6e12], 2)
    check_stopping(student, [math.inf, math.inf, 5.0, 6.0, math.inf, 7.0], 3)


# --- training_recipes-random-search --------------------------------------------------------------


def drawn(student, rng, space, n):
    """The values of each name, as floats where it is a range."""
    choices = search(student, space, n, generator(student, rng))
    return {
        name: [
            choice[name] if isinstance(space[name], list) else read_number(choice[name], name)
            for choice in choices
        ]
        for name in space
    }


@question("training_recipes-random-search", weight=2)
def test_random_search_ranges(student, rng):
    """Values of both kinds of ranges follow their distribution, from end to end."""
    low = rng.uniform(-3, -1)
    space = {"rate": ("log", 2e-5, 0.3), "shift": ("linear", low, low + 5), "gain": ("log", 2, 900)}
    values = drawn(student, rng, space, 400)
    for name, choice in space.items():
        kind, low, high = choice
        check_range(values[name], choice, name)
        want = stats.loguniform(low, high) if kind == "log" else stats.uniform(low, high - low)
        what = f"{name} is not drawn evenly " + ("in its logarithm" if kind == "log" else "")
        check_distribution(values[name], want, what.rstrip())


@question("training_recipes-random-search", weight=1.5)
def test_random_search_items(student, rng):
    """Items of a list occur equally often, and come back as they are."""
    space = {"width": [8, 16, 24, 32], "norm": ["batch", None, "layer"], "size": [(3, 3), (5,)]}
    values = drawn(student, rng, space, 480)
    for name, items in space.items():
        for got in values[name]:
            check_item(got, items, name)
        for item in items:
            what = f"some item of {name} is drawn too often or too rarely"
            check_count(values[name].count(item), 480, 1 / len(items), what)


@question("training_recipes-random-search")
def test_random_search_mixed_types(student, rng):
    """A list may mix numbers and texts, or have one item; no choice or one may be asked for."""
    space = {"mixed": [1, "two", 3.5, True], "one": [7]}
    for n in (40, 1, 0):
        for name, values in drawn(student, rng, space, n).items():
            for got in values:
                check_item(got, space[name], name)
    search(student, {}, 2, generator(student, rng))


@question("training_recipes-random-search")
def test_random_search_independent(student, rng):
    """Choices and names are drawn independently of each other."""
    num = 400
    space = {"a": ("linear", 0.0, 1.0), "b": ("log", 1.0, 10.0), "c": ("linear", 0.0, 1.0)}
    values = drawn(student, rng, space, num)
    a, b, c = values["a"], np.log(values["b"]), values["c"]
    for one, other, what in (
        (a, b, "two settings of a choice depend on each other"),
        (a, c, "two settings of a choice depend on each other"),
        (a[1:], a[:-1], "a choice depends on the one before it"),
        (b[1:], b[:-1], "a choice depends on the one before it"),
    ):
        if np.std(one) == 0 or np.std(other) == 0:
            raise CheckFailed(_("all choices are the same"))
        if abs(np.corrcoef(one, other)[0, 1]) > SIGMAS / math.sqrt(num):
            raise CheckFailed(what)


@question("training_recipes-random-search")
def test_random_search_chance(student, rng):
    """All chance comes from rng."""
    space = {"rate": ("log", 1e-4, 1e-2), "width": [4, 8], "eps": ("linear", 0, 1)}

    def draw(maker):
        choices = search(student, space, 50, maker)
        return [np.array([read_number(c[name], name) for c in choices]) for name in space]

    check_chance(student, rng, draw)
