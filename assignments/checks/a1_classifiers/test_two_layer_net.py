"""Public checks of the two-layer-net notebook: small numbers, and numerical gradients."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from assignments.checks.a1_classifiers import softmax
from assignments.checks.a1_classifiers.softmax import LABELS, SCORES
from assignments.checks.a1_classifiers.svm import (
    GRADIENT_BY_HAND,
    assert_gradient_by_hand,
    only,
)
from assignments.checks.a1_classifiers.two_layer_net import (
    NAMES,
    check_shape,
    check_slopes,
    check_spread,
    forward,
    get_gradient,
    get_params,
    make_model,
    model_loss,
    random_params,
    try_parameters,
)
from assignments.compare import assert_close, assert_unchanged, to_array, unpack
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a1_classifiers import two_layer_net as standins
from assignments.student import CheckFailed, Student

PARTS = ("loss", "dx")


@question("two_layer_net-affine-forward")
def test_affine_forward_by_hand(student, rng):
    """The two examples (1, 2) and (3, 4) get the outputs that you can compute in your head."""
    w, b = np.array([[1.0, 0.0, 10.0], [0.0, 1.0, 100.0]]), np.array([0.5, 0.0, -1.0])
    out, _cache = forward(student, "affine_forward", np.array([[1.0, 2.0], [3.0, 4.0]]), w, b)
    assert_close(out, np.array([[1.5, 2.0, 209.0], [3.5, 4.0, 429.0]]), "out", show=True)


@question("two_layer_net-affine-forward")
def test_affine_forward_images(student, rng):
    """Examples that are small images are read row by row, as NumPy reads them."""
    x, b = np.arange(8.0).reshape(2, 2, 2), np.array([10.0, 20.0, 30.0, 40.0])
    out, _cache = forward(student, "affine_forward", x, np.eye(4), b)
    want = np.array([[10.0, 21.0, 32.0, 43.0], [14.0, 25.0, 36.0, 47.0]])
    assert_close(out, want, "out", show=True)


@question("two_layer_net-affine-forward")
def test_affine_forward_inputs(student, rng):
    """Nothing that is passed in is changed."""
    x, w, b = rng.normal(size=(2, 3, 2)), rng.normal(size=(6, 4)), rng.normal(size=4)
    student.affine_forward(x, w, b)
    assert_unchanged(student.changed, {0: "x", 1: "w", 2: "b"})


@question("two_layer_net-affine-backward")
def test_affine_backward_gradients(student, rng):
    """dx, dw and db agree with the numerical gradients of your affine_forward."""
    arrays = [rng.normal(size=shape) for shape in ((3, 4), (4, 2), (2,))]
    check_slopes(student, "affine", arrays, rng.normal(size=(3, 2)), ("dx", "dw", "db"))


@question("two_layer_net-affine-backward")
def test_affine_backward_shapes(student, rng):
    """For examples that are images, dx has the shape of x, dw that of w and db that of b."""
    arrays = [rng.normal(size=shape) for shape in ((2, 3, 2), (6, 4), (4,))]
    check_slopes(student, "affine", arrays, rng.normal(size=(2, 4)), ("dx", "dw", "db"))


@question("two_layer_net-affine-backward")
def test_affine_backward_inputs(student, rng):
    """dout is not changed."""
    arrays = [rng.normal(size=shape) for shape in ((3, 4), (4, 2), (2,))]
    check_dout_unchanged(student, "affine", arrays, rng.normal(size=(3, 2)))


@question("two_layer_net-relu-forward")
def test_relu_forward_by_hand(student, rng):
    """Negative numbers become 0, all others stay."""
    x = np.array([[-2.0, 0.0, 0.5], [3.0, -0.1, 1.0]])
    out, _cache = forward(student, "relu_forward", x)
    assert_close(out, np.array([[0.0, 0.0, 0.5], [3.0, 0.0, 1.0]]), "out", show=True)


@question("two_layer_net-relu-forward")
def test_relu_forward_inputs(student, rng):
    """x is not changed."""
    student.relu_forward(np.array([[-2.0, 0.0, 0.5], [3.0, -0.1, 1.0]]))
    assert_unchanged(student.changed, {0: "x"})


@question("two_layer_net-relu-backward")
def test_relu_backward_gradient(student, rng):
    """dx agrees with the numerical gradient of your relu_forward."""
    x = rng.uniform(0.1, 1, size=(3, 4)) * rng.choice([-1, 1], size=(3, 4))
    check_slopes(student, "relu", [x], rng.normal(size=(3, 4)), ("dx",))


@question("two_layer_net-relu-backward")
def test_relu_backward_inputs(student, rng):
    """dout is not changed."""
    check_dout_unchanged(student, "relu", [rng.normal(size=(3, 4))], rng.normal(size=(3, 4)))


@question("two_layer_net-svm-loss")
def test_svm_loss_by_hand(student, rng):
    """The loss of two examples is right: margins 2.5 and 0 in one, 0.5 and 0.7 in the other."""
    x = np.array([[1.0, 2.5, -3.0], [0.2, 0.4, 0.7]])
    loss = part_of(student, "loss", "svm_loss", x, np.array([0, 2]))
    factors = {_("the number of classes"): 3}
    assert_close(loss, (2.5 + 0.5 + 0.7) / 2, "loss", factors=factors, show=True)


@question("two_layer_net-svm-loss")
def test_svm_loss_gradient_by_hand(student, rng):
    """For scores 1, 2, 3 (right: the first) and 0, 3, 1 (right: the second), dx is right."""
    x, _X, y = GRADIENT_BY_HAND
    assert_gradient_by_hand(part_of(student, "dx", "svm_loss", x, y), "dx")


@question("two_layer_net-svm-loss")
def test_svm_loss_gradient(student, rng):
    """dx agrees with the numerical gradient of your loss."""
    check_loss_gradient(student, "svm_loss", rng.normal(size=(5, 4)), rng.integers(4, size=5))


@question("two_layer_net-svm-loss")
def test_svm_loss_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.svm_loss(rng.normal(size=(5, 4)), rng.integers(4, size=5))
    assert_unchanged(student.changed, {0: "x", 1: "y"})


@question("two_layer_net-softmax-loss")
def test_softmax_loss_by_hand(student, rng):
    """For p = 1/8, 3/8, 4/8 (right: the second) and 4/8, 3/8, 1/8 (the third) the loss is right."""
    softmax.assert_loss_by_hand(part_of(student, "loss", "softmax_loss", SCORES, LABELS))


@question("two_layer_net-softmax-loss")
def test_softmax_loss_gradient_by_hand(student, rng):
    """There, dx is half of (1/8, -5/8, 4/8) and half of (4/8, 3/8, -7/8)."""
    softmax.assert_gradient_by_hand(part_of(student, "dx", "softmax_loss", SCORES, LABELS), "dx")


@question("two_layer_net-softmax-loss")
def test_softmax_loss_gradient(student, rng):
    """dx agrees with the numerical gradient of your loss."""
    check_loss_gradient(student, "softmax_loss", rng.normal(size=(5, 4)), rng.integers(4, size=5))


@question("two_layer_net-softmax-loss")
def test_softmax_loss_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.softmax_loss(rng.normal(size=(5, 4)), rng.integers(4, size=5))
    assert_unchanged(student.changed, {0: "x", 1: "y"})


@question("two_layer_net-softmax-loss")
def test_softmax_loss_large(student, rng):
    """Scores of thousands are no trouble: the loss is neither infinite nor NaN."""
    x, y = np.array([[0.0, 2000.0], [-3000.0, -3000.0]]), np.array([0, 1])
    loss, _dx = unpack(student.softmax_loss(x, y), "softmax_loss", PARTS)
    assert_close(loss, (2000.0 + math.log(2)) / 2, "loss", show=True)


@question("two_layer_net-model-init")
def test_model_init_shapes(student, rng):
    """W1, b1, W2 and b2 have the right shapes, and the biases are 0."""
    params = get_params(student.TwoLayerNet(input_dim=7, hidden_dim=5, num_classes=3))
    for name, shape in zip(NAMES, ((7, 5), (5,), (5, 3), (3,)), strict=True):
        check_shape(params, name, shape)
    for name in ("b1", "b2"):
        assert_close(params[name], np.zeros(params[name].shape), name)


@question("two_layer_net-model-init")
def test_model_init_scale(student, rng):
    """The weights scatter around 0 with the standard deviation weight_scale."""
    model = student.TwoLayerNet(input_dim=80, hidden_dim=100, num_classes=50, weight_scale=0.02)
    params = get_params(model)
    check_spread(params, "W1", 0.02)
    check_spread(params, "W2", 0.02)


@question("two_layer_net-model-scores")
def test_model_scores_by_hand(student, rng):
    """A tiny network with two hidden units gives the scores that you can compute by hand."""
    # Hidden units: 2 + 0 - 1 = 1, and 2 - 3 - 1 = -2, which ReLU sets to 0.
    params = {"W1": np.array([[2.0, 2.0], [0.0, -3.0]]), "b1": np.array([-1.0, -1.0])}
    params |= {"W2": np.array([[1.0, -2.0, 0.5], [7.0, 7.0, 7.0]]), "b2": np.array([0.0, 1.0, 0.0])}
    model = make_model(student, params)
    scores = model.loss(np.array([[1.0, 1.0]]))
    assert_close(scores, np.array([[1.0, -1.0, 0.5]]), "scores", show=True)


@question("two_layer_net-model-scores")
def test_model_scores_images(student, rng):
    """Images of shape (2, 2, 3) go in as they are."""
    model = make_model(student, random_params(rng, 12, 5, 4))
    X = rng.normal(size=(3, 2, 2, 3))
    scores = to_array(model.loss(X), "scores")
    if scores.shape != (3, 4):
        raise CheckFailed(
            _("scores has shape {got}, where {want} is expected").format(
                got=scores.shape, want=(3, 4)
            )
        )
    assert_close(scores, model.loss(X.reshape(3, 12)), "scores")


@question("two_layer_net-model-scores")
def test_model_scores_inputs(student, rng):
    """X is not changed."""
    make_model(student, random_params(rng, 4, 5, 3)).loss(rng.normal(size=(6, 2, 2)))
    assert_unchanged(student.changed, {0: "X"})


@question("two_layer_net-model-loss")
def test_model_loss_equal_scores(student, rng):
    """With all scores equal, the loss of four classes is log 4."""
    params = random_params(rng, 6, 5, 4)
    params |= {"W2": np.zeros((5, 4)), "b2": np.zeros(4)}
    model = make_model(student, params)
    loss = only(student, 0, model_loss(model, rng.normal(size=(3, 6)), rng.integers(4, size=3)))
    assert_close(loss, math.log(4), "loss", show=True)


@question("two_layer_net-model-loss")
def test_model_loss_regularisation(student, rng):
    """With reg = 0.1, half of 0.1 times the sum of all squared weights is added."""
    params = {"W1": np.full((2, 3), 2.0), "b1": np.array([5.0, 0.0, 0.0])}
    params |= {"W2": np.array([[1.0, 1.0], [3.0, 3.0], [0.0, 0.0]]), "b2": np.array([4.0, 4.0])}
    model = make_model(student, params, reg=0.1)
    loss = only(student, 0, model_loss(model, rng.normal(size=(3, 2)), np.array([0, 1, 1])))
    # All scores are equal, so what is beyond log 2 is regularisation.
    added = to_array(loss, "loss", ndim=0) - math.log(2)
    squares = 6 * 2.0**2 + 2 * 1.0**2 + 2 * 3.0**2
    assert_close(added, 0.05 * squares, _("the regularisation in the loss"), show=True)


@question("two_layer_net-model-gradients")
def test_model_gradients_numerical(student, rng):
    """The four gradients agree with the numerical gradients of your loss."""
    params = random_params(rng, 4, 5, 3)
    X, y = rng.normal(size=(6, 4)), rng.integers(3, size=6)
    model = make_model(student, params)
    _loss, grads = model_loss(model, X, y)
    for name in ("W2", "b2", "W1", "b1"):  # in the order of the backward pass
        answers = try_parameters(student, model, params, name, X, y)

        def losses(values: list[np.ndarray], answers: Callable = answers) -> list[float]:
            return [float(unpack(reply, "loss", ("loss", "grads"))[0]) for reply in answers(values)]

        want = numerical_gradient(losses, params[name])
        factors = {_("the number of examples"): float(len(X))}
        what = f"grads[{name!r}]"
        got = get_gradient(grads, name)
        try:
            assert_close(got, want, what, rtol=1e-5, atol=1e-6, factors=factors)
        except CheckFailed as failure:
            if name != "W1":
                raise
            symptom = _("W2 and b2 are right; look between the second affine layer and the first")
            raise CheckFailed(failure.reason, symptom) from failure


@question("two_layer_net-model-gradients")
def test_model_gradients_regularisation(student, rng):
    """What reg = 1 adds to them is the gradient of the regularisation."""
    params = random_params(rng, 4, 5, 3)
    X, y = rng.normal(size=(6, 4)), rng.integers(3, size=6)
    without, grads = (model_loss(make_model(student, params, reg), X, y)[1] for reg in (0.0, 1.0))
    for name in NAMES:
        added = to_array(get_gradient(grads, name)) - to_array(get_gradient(without, name))
        want = params[name] if name.startswith("W") else np.zeros_like(params[name])
        what = _("what reg = 1 adds to {name}").format(name=f"grads[{name!r}]")
        assert_close(added, want, what, atol=1e-6)


@question("two_layer_net-model-gradients")
def test_model_gradients_inputs(student, rng):
    """X, y and the parameters are not changed."""
    params = random_params(rng, 4, 5, 3)
    model = make_model(student, params, reg=0.5)
    model.loss(rng.normal(size=(6, 4)), rng.integers(3, size=6))
    assert_unchanged(student.changed, {0: "X", 1: "y"})
    for name, value in get_params(model).items():
        if not np.array_equal(value, params[name]):
            raise CheckFailed(_("params[{name!r}] is changed").format(name=name))


# --- shared with the hidden checks ---------------------------------------------------------------


def check_dout_unchanged(
    student: Student, layer: str, arrays: list[np.ndarray], dout: np.ndarray
) -> None:
    """Does a layer's backward pass leave dout alone?"""
    _out, cache = forward(student, f"{layer}_forward", *arrays)
    student.call(f"{layer}_backward", dout, cache)
    assert_unchanged(student.changed, {0: "dout"})


def part_of(student: Student, part: str, name: str, x: np.ndarray, y: np.ndarray) -> Any:
    """The loss or the dx that a loss function returns, looked at alone."""
    return only(student, PARTS.index(part), unpack(student.call(name, x, y), name, PARTS))


def check_loss_gradient(student: Student, name: str, x: np.ndarray, y: np.ndarray) -> None:
    """Is dx the gradient of a loss? Where the loss is wrong, its own gradient says nothing."""
    loss, dx = unpack(student.call(name, x, y), name, PARTS)
    only(student, 1, (loss, dx))
    try:
        assert_close(loss, getattr(standins, name)(x, y)[0], "loss")
    except CheckFailed as failure:
        reason = _("your loss is wrong here, so that its gradient says nothing; mend it first")
        raise CheckFailed(reason) from failure

    def losses(values: list[np.ndarray]) -> list[float]:
        replies = student.batch([(name, value, y) for value in values])
        return [float(unpack(reply, name, PARTS)[0]) for reply in replies]

    factors = {_("the number of examples"): float(len(x))}
    want = numerical_gradient(losses, x)
    assert_close(dx, want, "dx", rtol=1e-5, atol=1e-6, factors=factors)
