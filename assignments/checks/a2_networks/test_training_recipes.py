"""Public checks of the training recipes: small batches in which every pixel tells where it is from.

What is drawn at random may be drawn in any order, so no check expects certain numbers. Images have
pixels that are all different, or one of their own; the checks read from the result what was done.
"""

import math

import numpy as np

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
    mix_parts,
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
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.messages import N_, _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student, explained

# Parts of Python's and NumPy's messages, and what a mistake that leads there may be.
ARRAYS = {
    "truth value": N_("step may be an array: take np.minimum, np.where, // and the like, no `if`"),
    "can be converted to": N_("step may be an array: no int(), and np. in place of math."),
    "integer scalar arrays": N_("step may be an array: a formula with **, no loop over steps"),
}
BORDER = {
    "high <= 0": N_("rng.integers(n) gives 0 to n - 1; with pad = 0 there is one place, row 0"),
    "low >= high": N_("rng.integers(low, high) never gives high, and rows begin at 0"),
    "could not broadcast": N_("the piece has H rows and W columns, cut from the padded image"),
}


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
    check_weights_normal(W)


@question("training_recipes-xavier")
def test_xavier_chance(student, rng):
    """All chance comes from rng: equal generators give equal weights."""
    check_chance(student, rng, lambda maker: [weights(student, "xavier_init", maker)])


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
    check_weights_normal(W)


@question("training_recipes-kaiming")
def test_kaiming_chance(student, rng):
    """All chance comes from rng: equal generators give equal weights."""
    check_chance(student, rng, lambda maker: [weights(student, "kaiming_init", maker)])


@question("training_recipes-step-decay")
def test_step_decay_by_hand(student, rng):
    """With drop 0.25 and every 10, steps 0, 9, 10, 25 have the rates 0.8, 0.8, 0.2, 0.05."""
    got = read_rates(student, "step_decay", [0, 9, 10, 25], 0.8, 0.25, 10)
    want = np.array([0.8, 0.8, 0.2, 0.05])
    assert_close(got, want, _("the learning rate"), show=True)


@question("training_recipes-step-decay")
def test_step_decay_array(student, rng):
    """It takes an array of steps, too; drop is 0.1 and every is 30 where nothing is said."""
    got = rates_of_array(student, "step_decay", [0, 30, 60], 1.0)
    assert_close(got, np.array([1.0, 0.1, 0.01]), _("the learning rate"), show=True)


@question("training_recipes-step-decay")
def test_step_decay_inputs(student, rng):
    """An array of steps is not changed."""
    check_steps_unchanged(student, "step_decay", 0.8, 0.25, 10)


@question("training_recipes-exponential-decay")
def test_exponential_decay_by_hand(student, rng):
    """With gamma 0.25, steps 0, 1, 2, 3 have the rates 0.8, 0.2, 0.05, 0.0125."""
    got = read_rates(student, "exponential_decay", range(4), 0.8, 0.25)
    want = np.array([0.8, 0.2, 0.05, 0.0125])
    assert_close(got, want, _("the learning rate"), show=True)


@question("training_recipes-exponential-decay")
def test_exponential_decay_array(student, rng):
    """It takes an array of steps, too."""
    got = rates_of_array(student, "exponential_decay", [0, 2], 3.0, 0.1)
    assert_close(got, np.array([3.0, 0.03]), _("the learning rate"), show=True)


@question("training_recipes-exponential-decay")
def test_exponential_decay_inputs(student, rng):
    """An array of steps is not changed."""
    check_steps_unchanged(student, "exponential_decay", 0.8, 0.25)


@question("training_recipes-cosine-annealing")
def test_cosine_annealing_by_hand(student, rng):
    """From 1 to 0.2 in 6 steps: 1 at step 0, 0.8 at step 2, 0.6 at step 3, 0.2 at step 6."""
    got = read_rates(student, "cosine_annealing", (0, 2, 3, 6), 6, 1.0, 0.2)
    want = np.array([1.0, 0.8, 0.6, 0.2])
    assert_close(got, want, _("the learning rate"), show=True)


@question("training_recipes-cosine-annealing")
def test_cosine_annealing_after_the_end(student, rng):
    """After the last step it stays at min_lr, which is 0 if nothing is said."""
    got = read_rates(student, "cosine_annealing", (7, 12), 6, 1.0, 0.2)
    what = _("the learning rate after the end")
    assert_close(got, np.full(2, 0.2), what, show=True)
    got = read_rates(student, "cosine_annealing", (7, 12), 6, 1.0)
    assert_close(got, np.zeros(2), what, show=True)


@question("training_recipes-cosine-annealing")
def test_cosine_annealing_array(student, rng):
    """It takes an array of steps, too."""
    got = rates_of_array(student, "cosine_annealing", [0, 3, 6, 9], 6, 1.0)
    assert_close(got, np.array([1.0, 0.5, 0.0, 0.0]), _("the learning rate"), show=True)


@question("training_recipes-cosine-annealing")
def test_cosine_annealing_inputs(student, rng):
    """An array of steps is not changed."""
    check_steps_unchanged(student, "cosine_annealing", 6, 1.0)


@question("training_recipes-linear-warmup")
def test_linear_warmup_by_hand(student, rng):
    """With 4 warmup steps to 0.8, the rates are 0.2, 0.4, 0.6, 0.8, and then they stay at 0.8."""
    got = read_rates(student, "linear_warmup", range(6), 4, 0.8)
    want = np.array([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])
    assert_close(got, want, _("the learning rate"), show=True)


@question("training_recipes-linear-warmup")
def test_linear_warmup_none(student, rng):
    """Without warmup, warmup_steps = 0, all steps have the rate base_lr."""
    got = read_rates(student, "linear_warmup", (0, 1, 5), 0, 0.8)
    assert_close(got, np.full(3, 0.8), _("the learning rate"), show=True)


@question("training_recipes-linear-warmup")
def test_linear_warmup_array(student, rng):
    """It takes an array of steps, too."""
    got = rates_of_array(student, "linear_warmup", [0, 1, 7], 2, 1.0)
    assert_close(got, np.array([0.5, 1.0, 1.0]), _("the learning rate"), show=True)


@question("training_recipes-linear-warmup")
def test_linear_warmup_inputs(student, rng):
    """An array of steps is not changed."""
    check_steps_unchanged(student, "linear_warmup", 4, 0.8)


@question("training_recipes-label-smoothing")
def test_label_smoothing_by_hand(student, rng):
    """With eps = 0.4 and four classes, the right class has 0.7 and each other one 0.1."""
    got = student.label_smoothing(np.array([2, 0]), 4, 0.4)
    assert_unchanged(student.changed, {0: "y"})
    want = np.array([[0.1, 0.1, 0.7, 0.1], [0.7, 0.1, 0.1, 0.1]])
    check_rows(got, (2, 4))
    assert_close(got, want, _("the result"), show=True)


@question("training_recipes-label-smoothing")
def test_label_smoothing_none(student, rng):
    """With eps = 0, the rows are one-hot, also for a class that does not occur."""
    got = student.label_smoothing(np.array([1, 0, 1]), 3, 0.0)
    check_rows(got, (3, 3))
    want = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert_close(got, want, _("the result"), show=True)


@question("training_recipes-crop-flip")
def test_crop_flip_pieces(student, rng):
    """Every image of a batch is a piece of its own padded image, mirrored or not."""
    x = numbered_images(6, 2, 4, 5)
    with explained(BORDER):
        out = student.random_crop_flip(x, 1, generator(student, rng))
    assert_unchanged(student.changed, {0: "x"})
    read_crops(out, x, 1)


@question("training_recipes-crop-flip")
def test_crop_flip_mirrors(student, rng):
    """With pad = 0, images are at most mirrored: about half of 100 are, each by its own draw."""
    x = numbered_images(100, 1, 3, 4)
    with explained(BORDER):
        out = student.random_crop_flip(x, 0, generator(student, rng))
    crops = read_crops(out, x, 0)
    mirrored = sum(crop.mirrored for crop in crops)
    if not 20 <= mirrored <= 80:
        raise CheckFailed(
            _("{count} of 100 images are mirrored").format(count=mirrored),
            _("each image is mirrored with probability 1/2, by a draw of its own"),
        )


@question("training_recipes-crop-flip")
def test_crop_flip_places(student, rng):
    """With pad = 1 there are 3 x 3 places for a piece, and 300 images have all of them."""
    x = numbered_images(300, 1, 3, 4)
    crops = read_crops(student.random_crop_flip(x, 1, generator(student, rng)), x, 1)
    found = {(crop.top, crop.left) for crop in crops}
    if len(found) == 9:
        return
    rows, columns = ({place[axis] for place in found} for axis in (0, 1))
    symptom = ""
    if len(found) == 1:
        symptom = _("all images have the same place; each has its own draw")
    elif all(top == left for top, left in found):
        symptom = _("row and column are always equal; draw each of them")
    else:
        for name, places in ((_("row"), rows), (_("column"), columns)):
            if places != {0, 1, 2}:
                symptom = _("the first {name} is one of {places}, where 0, 1, 2 may be").format(
                    name=name, places=sorted(places)
                )
                break
    raise CheckFailed(_("there are only {count} of 9 places").format(count=len(found)), symptom)


@question("training_recipes-crop-flip")
def test_crop_flip_chance(student, rng):
    """All chance comes from rng: equal generators give equal images."""
    x = numbered_images(40, 1, 3, 4)
    check_chance(student, rng, lambda maker: read_places(student, x, maker))


@question("training_recipes-crop-flip")
def test_crop_flip_dtype(student, rng):
    """Bytes stay bytes."""
    x = numbered_images(3, 1, 3, 4).astype(np.uint8)
    out = to_array(student.random_crop_flip(x, 1, generator(student, rng)), _("the result"))
    if out.dtype != x.dtype:
        raise CheckFailed(
            _("the result has dtype {got}, where {want} went in").format(
                got=out.dtype, want=x.dtype
            ),
            _("np.empty_like(x) has the dtype of x"),
        )


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
    lam, partners = read_pairs(to_array(x_mixed, "x_mixed").reshape(12, 12), "x_mixed")
    check_labels(y_mixed, y, lam, partners)


@question("training_recipes-mixup")
def test_mixup_lam(student, rng):
    """lam follows alpha: with 10000 it is close to 1/2, with 0.000001 close to 0 or 1."""
    x, y = marked_images(12)
    maker = generator(student, rng)
    for alpha in (1e4, 1e-6):
        lams = []
        for _batch in range(20):
            x_mixed, _y_mixed = mix(student, "mixup", x, y, alpha, maker)
            own = np.diagonal(to_array(x_mixed, "x_mixed").reshape(12, 12))
            lams.append(float(own.min()))
        far = np.abs(np.array(lams) - 0.5)
        if alpha > 1 and far.max() > 0.1:
            raise CheckFailed(
                _("for alpha = 10000 lam is {lam:.2f} once, where about 0.5 is expected").format(
                    lam=lams[int(far.argmax())]
                ),
                _("lam is a draw from Beta(alpha, alpha): rng.beta(alpha, alpha)"),
            )
        if alpha < 1 and far.min() < 0.4:
            raise CheckFailed(
                _("for alpha = 0.000001 lam is {lam:.2f} once, where 0 or 1 is expected").format(
                    lam=lams[int(far.argmin())]
                ),
                _("lam is a draw from Beta(alpha, alpha): rng.beta(alpha, alpha)"),
            )
        if alpha < 1 and np.ptp(lams) < 0.5:
            raise CheckFailed(
                _("for alpha = 0.000001 lam is {lam:.0f} each time; 0 and 1 are as likely").format(
                    lam=lams[0]
                )
            )


@question("training_recipes-mixup")
def test_mixup_chance(student, rng):
    """All chance comes from rng, and the partners are drawn anew each time."""
    x, y = marked_images(12)

    def draw(maker: Remote) -> list[np.ndarray]:
        x_mixed = mix(student, "mixup", x, y, 5.0, maker)[0]
        lam, partners = read_pairs(to_array(x_mixed, "x_mixed").reshape(12, 12), "x_mixed")
        return [np.round(lam, 9), partners]

    check_chance(student, rng, draw)


@question("training_recipes-mixup")
def test_mixup_precision(student, rng):
    """Images and labels in single precision (float32) stay so."""
    x, y = (part.astype(np.float32) for part in marked_images(12))
    check_precision(mix(student, "mixup", x, y, 2.0, generator(student, rng)))


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
        check_labels(y_mixed, y, 1 - boxes.share, boxes.partners)


@question("training_recipes-cutmix")
def test_cutmix_size(student, rng):
    """For lam = 1/2 a whole box has 0.71 of the rows and of the columns; borders cut some off."""
    H, W = 20, 40
    x, y = numbered_images(5, 1, H, W), np.eye(5)
    maker, inside = generator(student, rng), student.put(x)
    replies = student.batch([("cutmix", inside, y, 1e4, maker)] * 100)
    boxes = [read_boxes(mix_parts(reply, "cutmix")[0], x) for reply in replies]
    boxes = [box for box in boxes if box.share]
    if not boxes:
        raise CheckFailed(_("no image in x_mixed has pixels of a partner"))
    for side, length, name in (
        (max(box.bottom - box.top for box in boxes), H, _("rows")),
        (max(box.right - box.left for box in boxes), W, _("columns")),
    ):
        whole = round(length * 0.5**0.5)
        if abs(side - whole) > 1:
            raise CheckFailed(
                _(
                    "the largest box has {side} of {length} {name}, where {whole} are expected"
                ).format(side=side, length=length, name=name, whole=whole),
            )
    for cut, name in (
        (any(box.top == 0 and box.bottom < 12 for box in boxes), _("upper")),
        (any(box.bottom == H and box.top > 8 for box in boxes), _("lower")),
        (any(box.left == 0 and box.right < 24 for box in boxes), _("left")),
        (any(box.right == W and box.left > 16 for box in boxes), _("right")),
    ):
        if not cut:
            raise CheckFailed(
                _("none of 100 boxes is cut off at the {name} border").format(name=name),
                _("any pixel may be the centre of the box (not its corner), near the border, too"),
            )


@question("training_recipes-cutmix")
def test_cutmix_chance(student, rng):
    """All chance comes from rng: equal generators give equal boxes and partners."""
    images, labels = numbered_images(11, 1, 10, 16), np.eye(11)
    check_chance(student, rng, lambda maker: several_boxes(student, images, labels, maker))


@question("training_recipes-cutmix")
def test_cutmix_precision(student, rng):
    """Images and labels in single precision (float32) stay so."""
    x, y = numbered_images(5, 1, 6, 8), np.eye(5, dtype=np.float32)
    mixed = mix(student, "cutmix", x.astype(np.float32), y, 1.0, generator(student, rng))
    check_precision(mixed)


@question("training_recipes-early-stopping")
def test_early_stopping_by_hand(student, rng):
    """With patience 2, the losses 5, 4, 4.5, 3, 3.5, 3.2, 3.1 stop at the last but one."""
    stopping = student.EarlyStopping(2)
    got = [step(stopping, loss) for loss in (5.0, 4.0, 4.5, 3.0, 3.5, 3.2, 3.1)]
    want = np.array([False] * 5 + [True] * 2)
    assert_equal(np.array(got), want, _("what step returns"), show=True)
    assert_close(read_number(stopping.get("best"), "best"), 3.0, "best", show=True)


@question("training_recipes-early-stopping")
def test_early_stopping_equal(student, rng):
    """The same loss again is no improvement: with patience 2, the losses 1, 1, 1 stop."""
    stopping = student.EarlyStopping(2)
    got = [step(stopping, loss) for loss in (1.0, 1.0, 1.0)]
    want = np.array([False, False, True])
    assert_equal(np.array(got), want, _("what step returns"), show=True)


@question("training_recipes-early-stopping")
def test_early_stopping_min_delta(student, rng):
    """With min_delta 1 and patience 2, the losses 5, 5.5, 4.5 stop; 3.8 is an improvement again."""
    stopping = student.EarlyStopping(2, min_delta=1.0)
    stops, bests = [], []
    for loss in (5.0, 5.5, 4.5, 3.8):
        stops.append(step(stopping, loss))
        bests.append(read_number(stopping.get("best"), "best"))
    want = np.array([5.0, 5.0, 5.0, 3.8])
    assert_close(np.array(bests), want, _("best after each loss"), show=True)
    want = np.array([False, False, True, False])
    assert_equal(np.array(stops), want, _("what step returns"), show=True)


@question("training_recipes-early-stopping")
def test_early_stopping_two(student, rng):
    """Two trainings are watched independently of each other."""
    first, second = student.EarlyStopping(2), student.EarlyStopping(2)
    got = [step(each, loss) for each, loss in ((first, 1.0), (first, 2.0), (second, 3.0))]
    got += [step(each, loss) for each, loss in ((second, 4.0), (first, 2.0))]
    want = np.array([False] * 4 + [True])
    assert_equal(np.array(got), want, _("what step returns"), show=True)


@question("training_recipes-early-stopping")
def test_early_stopping_nan(student, rng):
    """NaN is no improvement: with patience 2, the losses 1, NaN, NaN stop."""
    stopping = student.EarlyStopping(2)
    got = [step(stopping, loss) for loss in (1.0, math.nan, math.nan)]
    want = np.array([False, False, True])
    assert_equal(np.array(got), want, _("what step returns"), show=True)


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
    values = {read_number(choice["rate"], "rate") for choice in choices}
    if len(values) == 1 or any(choice is choices[0] for choice in choices[1:]):
        raise CheckFailed(
            _("all 300 choices are the same"), _("draw anew, and make a new dictionary, each time")
        )
    check_range(sorted(values), space["rate"], "rate")
    if not 90 < below < 210:
        raise CheckFailed(
            _("{count} of 300 rates lie below 0.01").format(count=below),
            _("the rate itself is drawn evenly, not its logarithm") if below < 20 else "",
        )


@question("training_recipes-random-search")
def test_random_search_linear(student, rng):
    """Of 300 numbers between 2 and 2.5, about half lie below 2.25, apart from what rate has."""
    space = {"shift": ("linear", 2.0, 2.5), "rate": ("log", 1e-4, 1.0)}
    choices = search(student, space, 300, generator(student, rng))
    shift, rate = (np.array([read_number(c[name], name) for c in choices]) for name in space)
    check_range(shift.tolist(), space["shift"], "shift")
    below = np.count_nonzero(shift < 2.25)
    middle = np.count_nonzero(np.abs(shift - 2.25) < 0.125)
    if not (90 < below < 210 and 90 < middle < 210):
        raise CheckFailed(
            _("{below} of 300 lie in the lower half, and {middle} in the middle one").format(
                below=below, middle=middle
            ),
            _("rng.uniform(low, high) draws evenly"),
        )
    if not 75 < np.count_nonzero((shift < 2.25) == (rate < 0.01)) < 225:
        raise CheckFailed(
            _("large values of both come together"), _("draw anew for each name of a choice")
        )


@question("training_recipes-random-search")
def test_random_search_chance(student, rng):
    """All chance comes from rng: equal generators give equal choices."""
    space = {"rate": ("log", 1e-4, 1.0), "eps": ("linear", 0.0, 0.3), "width": list(range(50))}

    def draw(maker: Remote) -> list[np.ndarray]:
        choices = search(student, space, 10, maker)
        return [np.array([read_number(c[name], name) for c in choices]) for name in space]

    check_chance(student, rng, draw)


@question("training_recipes-random-search")
def test_random_search_items(student, rng):
    """Items of a list come back as they are: 8 as an int, None as None, a tuple as a tuple."""
    space = {"item": [8, None, (3, 3), "relu"]}
    choices = search(student, space, 100, generator(student, rng))
    for choice in choices:
        check_item(choice["item"], space["item"], "item")
    missing = [item for item in space["item"] if all(c["item"] != item for c in choices)]
    if missing:
        raise CheckFailed(
            _("{item!r} is not in 100 choices, where all have the same probability").format(
                item=missing[0]
            ),
            _("rng.integers(n) gives 0 to n - 1") if missing == space["item"][-1:] else "",
        )


# --- shared with the hidden checks ---------------------------------------------------------------


def check_weights_normal(W: np.ndarray) -> None:
    """Do the weights follow a normal distribution, as far as their tails tell?"""
    # Of normal numbers, 0.3 % are farther than three standard deviations from 0.
    if np.abs(W).max() < 3 * W.std():
        raise CheckFailed(
            _("the weights do not follow a normal distribution: none is far from 0"),
            _("rng.normal, not rng.uniform or rng.random"),
        )


def check_rows(got: object, shape: tuple[int, int]) -> None:
    """Has the result a row for each label, and a column for each class?"""
    got = to_array(got, _("the result"))
    if got.shape != shape:
        symptom = ""
        if got.shape == shape[::-1]:
            symptom = _("it is transposed")
        elif got.shape[:1] == shape[:1]:
            symptom = _("num_classes says how many classes there are; not all need occur in y")
        raise CheckFailed(
            _("{what} has shape {got}, where {want} is expected").format(
                what=_("the result"), got=got.shape, want=shape
            ),
            symptom,
        )


def rates_of_array(student: Student, name: str, steps: list[int], *settings: float) -> object:
    """The learning rates of an array of steps."""
    with explained(ARRAYS):
        return student.call(name, np.array(steps), *settings)


def marked_images(N: int) -> tuple[np.ndarray, np.ndarray]:
    """N images of N pixels, image i with a 1 at pixel i only, and one-hot labels."""
    return np.eye(N).reshape(N, 1, 1, N), np.eye(N)


def check_labels(y_mixed: object, y: np.ndarray, lam: float, partners: np.ndarray) -> None:
    """Are the labels, one-hot and all different, mixed as the images are?"""
    got = to_array(y_mixed, "y_mixed")
    check_shape(got, y.shape, "y_mixed")
    if lam < 1:
        own, others = read_pairs(got, "y_mixed")
        if not np.array_equal(others, partners):
            raise CheckFailed(_("the labels have other partners than the images"))
        if abs(own - lam) > 1e-6:
            raise CheckFailed(
                _("an image has {lam:.3g} of itself, its label {own:.3g}").format(lam=lam, own=own)
            )
    assert_close(got, lam * y + (1 - lam) * y[partners], "y_mixed")
