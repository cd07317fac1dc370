"""Public checks of the convolutional-networks notebook: small images, and slopes for gradients."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from assignments.checks.a1_classifiers.test_two_layer_net import (
    check_shape,
    check_spread,
    forward,
    get_gradient,
    model_loss,
    try_parameters,
    unpack,
)
from assignments.compare import assert_close, to_array
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student, StudentError

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")
CONV_PARTS = ("dx", "dw", "db")
NORM_PARTS = ("dx", "dgamma", "dbeta")


@question("convolutional_networks-conv-forward")
def test_conv_forward_by_hand(student, rng):
    """A 2 x 2 filter with 1 in its first and -1 in its last corner gives differences, plus 0.5."""
    x = np.array([[[[1.0, 2.0, 4.0], [5.0, 0.0, 2.0], [3.0, 7.0, 6.0]]]])
    w, b = np.array([[[[1.0, 0.0], [0.0, -1.0]]]]), np.array([0.5])
    out = conv_forward(student, x, w, b, stride=1, pad=0)
    assert_close(out, np.array([[[[1.5, 0.5], [-1.5, -5.5]]]]), "out")


@question("convolutional_networks-conv-forward")
def test_conv_forward_padding(student, rng):
    """With pad = 1 a filter of 3 x 3 with a single 1, in its upper left corner, moves the image."""
    x, w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.zeros((1, 1, 3, 3))
    w[0, 0, 0, 0] = 1
    out = conv_forward(student, x, w, np.zeros(1), stride=1, pad=1)
    assert_close(out, np.array([[[[0.0, 0.0], [0.0, 1.0]]]]), "out")


@question("convolutional_networks-conv-forward")
def test_conv_forward_stride(student, rng):
    """With stride 2, every second place counts; of 4 columns the last is left out."""
    x, w = np.arange(20.0).reshape(1, 1, 5, 4), np.ones((1, 1, 1, 1))
    out = conv_forward(student, x[..., :3], w, np.zeros(1), stride=2, pad=0)
    assert_close(out, np.array([[[[0.0, 2.0], [8.0, 10.0], [16.0, 18.0]]]]), "out")
    out = conv_forward(student, x, w, np.zeros(1), stride=2, pad=0)
    assert_close(out, np.array([[[[0.0, 2.0], [8.0, 10.0], [16.0, 18.0]]]]), "out")


@question("convolutional_networks-conv-forward")
def test_conv_forward_channels(student, rng):
    """Two channels are added up, two filters make two channels, each with its own bias."""
    x = np.array([[[[1.0, 2.0]], [[10.0, 20.0]]]])
    w = np.array([[[[1.0]], [[1.0]]], [[[3.0]], [[0.0]]]])
    out = conv_forward(student, x, w, np.array([0.5, -0.5]), stride=1, pad=0)
    assert_close(out, np.array([[[[11.5, 22.5]], [[2.5, 5.5]]]]), "out")


@question("convolutional_networks-conv-backward")
def test_conv_backward_slopes(student, rng):
    """dx, dw and db are the slopes of your conv_forward_naive, tried out number by number."""
    arrays = [rng.normal(size=shape) for shape in ((2, 2, 3, 4), (3, 2, 2, 2), (3,))]
    check_slopes(student, "conv_{}_naive", arrays, [{"stride": 1, "pad": 1}], CONV_PARTS)


@question("convolutional_networks-conv-backward")
def test_conv_backward_stride(student, rng):
    """They are so with stride 2 and without padding, where some pixels are in no window."""
    arrays = [rng.normal(size=shape) for shape in ((1, 2, 4, 6), (2, 2, 2, 3), (2,))]
    check_slopes(student, "conv_{}_naive", arrays, [{"stride": 2, "pad": 0}], CONV_PARTS)


@question("convolutional_networks-max-pool-forward")
def test_max_pool_forward_by_hand(student, rng):
    """Windows of 2 x 2 with stride 2 leave the largest number of each."""
    x = np.array([[[[1.0, 5.0, -4.0, -2.0], [3.0, 2.0, -1.0, -3.0]]]])
    assert_close(max_pool(student, x, 2, 2, 2), np.array([[[[5.0, -1.0]]]]), "out")


@question("convolutional_networks-max-pool-forward")
def test_max_pool_forward_overlapping(student, rng):
    """Windows of 1 x 2 with stride 1 overlap."""
    x = np.array([[[[1.0, 5.0, 2.0, 3.0], [9.0, 8.0, 7.0, 6.0]]]])
    want = np.array([[[[5.0, 5.0, 3.0], [9.0, 8.0, 7.0]]]])
    assert_close(max_pool(student, x, 1, 2, 1), want, "out")


@question("convolutional_networks-max-pool-backward")
def test_max_pool_backward_by_hand(student, rng):
    """The gradient goes to the largest number of each window, and 0 to the others."""
    x = np.array([[[[1.0, 5.0, -4.0, -2.0], [3.0, 2.0, -1.0, -3.0]]]])
    dx = max_pool_backward(student, x, np.array([[[[10.0, 20.0]]]]), 2, 2, 2)
    assert_close(dx, np.array([[[[0.0, 10.0, 0.0, 0.0], [0.0, 0.0, 20.0, 0.0]]]]), "dx")


@question("convolutional_networks-max-pool-backward")
def test_max_pool_backward_overlapping(student, rng):
    """The maximum of two windows gets the gradients of both."""
    dx = max_pool_backward(
        student, np.array([[[[1.0, 5.0, 2.0]]]]), np.array([[[[3.0, 4.0]]]]), 1, 2, 1
    )
    assert_close(dx, np.array([[[[0.0, 7.0, 0.0]]]]), "dx")


@question("convolutional_networks-max-pool-backward")
def test_max_pool_backward_ties(student, rng):
    """Of equal maxima, the first gets everything."""
    x = np.array([[[[0.0, 2.0], [2.0, 2.0]]]])
    dx = max_pool_backward(student, x, np.array([[[[6.0]]]]), 2, 2, 1)
    assert_close(dx, np.array([[[[0.0, 6.0], [0.0, 0.0]]]]), "dx")


@question("convolutional_networks-model-init")
def test_model_init_shapes(student, rng):
    """All six arrays have the right shapes, and the biases are 0."""
    params = get_params(student.ThreeLayerConvNet((2, 7, 10), 3, 5, 6, 4))
    check_shapes(params, (2, 7, 10), 3, 5, 6, 4)
    for name in ("b1", "b2", "b3"):
        assert_close(params[name], np.zeros(params[name].shape), name)


@question("convolutional_networks-model-init")
def test_model_init_scale(student, rng):
    """The weights scatter around 0 with the standard deviation weight_scale."""
    params = get_params(student.ThreeLayerConvNet((3, 4, 4), 20, 7, 50, 30, weight_scale=0.02))
    for name in ("W1", "W2", "W3"):
        check_spread(params, name, 0.02)


@question("convolutional_networks-model-scores")
def test_model_scores_by_hand(student, rng):
    """An image of 2 x 2 pixels gets the scores that you can compute by hand."""
    # The filter doubles each pixel: 2, 4, -2, 6; the largest is 6; hidden units 6 and ReLU(-5) = 0.
    params = {"W1": np.array([[[[2.0]]]]), "b1": np.zeros(1)}
    params |= {"W2": np.array([[1.0, -1.0]]), "b2": np.array([0.0, 1.0])}
    params |= {"W3": np.array([[0.5, 2.0], [7.0, 7.0]]), "b3": np.array([1.0, 0.0])}
    model = make_model(student, params, (1, 2, 2))
    X = np.array([[[[1.0, 2.0], [-1.0, 3.0]]]])
    assert_close(model.loss(X), np.array([[4.0, 12.0]]), "scores")


@question("convolutional_networks-model-scores")
def test_model_scores_shape(student, rng):
    """Three images of 5 x 6 pixels get a score for each of 4 classes."""
    params = random_params(rng, (2, 5, 6), 3, 3, 5, 4)
    scores = to_array(make_model(student, params, (2, 5, 6)).loss(rng.normal(size=(3, 2, 5, 6))))
    if scores.shape != (3, 4):
        raise CheckFailed(
            _("scores has shape {got}, where {want} is expected").format(
                got=scores.shape, want=(3, 4)
            )
        )


@question("convolutional_networks-model-loss")
def test_model_loss_equal_scores(student, rng):
    """With all scores equal, the loss of four classes is log 4."""
    params = random_params(rng, (2, 4, 4), 3, 3, 5, 4)
    params |= {"W3": np.zeros((5, 4)), "b3": np.zeros(4)}
    model = make_model(student, params, (2, 4, 4))
    loss = model_loss(model, rng.normal(size=(3, 2, 4, 4)), rng.integers(4, size=3))[0]
    assert_close(loss, math.log(4), "loss")


@question("convolutional_networks-model-loss")
def test_model_loss_regularisation(student, rng):
    """With reg = 0.1, half of 0.1 times the sum of all squared weights is added."""
    params = {"W1": np.full((2, 1, 1, 1), 3.0), "b1": np.array([5.0, 0.0])}
    params |= {"W2": np.full((2, 3), 2.0), "b2": np.zeros(3)}
    params |= {"W3": np.array([[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]]), "b3": np.array([4.0, 4.0])}
    model = make_model(student, params, (1, 2, 2), reg=0.1)
    loss = model_loss(model, rng.normal(size=(3, 1, 2, 2)), np.array([0, 1, 1]))[0]
    # All scores are equal, so what is beyond log 2 is regularisation.
    added = to_array(loss, "loss", ndim=0) - math.log(2)
    want = 0.05 * (2 * 9 + 6 * 4 + 2 * 1 + 2 * 4)
    assert_close(added, want, _("the regularisation in the loss"))


@question("convolutional_networks-model-gradients")
def test_model_gradients_slopes(student, rng):
    """The six gradients are the slopes of your loss, tried out number by number."""
    size = (2, 4, 5)
    params = random_params(rng, size, 2, 3, 3, 3)
    X, y = rng.normal(size=(3, *size)), rng.integers(3, size=3)
    model = make_model(student, params, size)
    _loss, grads = model_loss(model, X, y)
    for name in NAMES:
        answers = try_parameters(student, model, params, name, X, y)

        def losses(values: list[np.ndarray], answers: Callable = answers) -> list[float]:
            return [float(unpack(reply, "loss", ("loss", "grads"))[0]) for reply in answers(values)]

        want = numerical_gradient(losses, params[name])
        factors = {_("the number of examples"): float(len(X))}
        what = f"grads[{name!r}]"
        assert_close(get_gradient(grads, name), want, what, rtol=1e-5, atol=1e-6, factors=factors)


@question("convolutional_networks-model-gradients")
def test_model_gradients_regularisation(student, rng):
    """What reg = 1 adds to them is the slope of the regularisation."""
    size = (2, 4, 4)
    params = random_params(rng, size, 2, 3, 3, 3)
    X, y = rng.normal(size=(3, *size)), rng.integers(3, size=3)
    without, grads = (
        model_loss(make_model(student, params, size, reg), X, y)[1] for reg in (0.0, 1.0)
    )
    for name in NAMES:
        added = to_array(get_gradient(grads, name)) - to_array(get_gradient(without, name))
        want = params[name] if name.startswith("W") else np.zeros_like(params[name])
        what = _("what reg = 1 adds to {name}").format(name=f"grads[{name!r}]")
        assert_close(added, want, what, atol=1e-6)


@question("convolutional_networks-spatial-batchnorm-forward")
def test_spatial_batchnorm_forward_train(student, rng):
    """With gamma 1 and beta 0, each channel has mean 0 and standard deviation 1 in training."""
    x = rng.normal(size=(3, 4, 5, 2)) * [[[1]], [[4]], [[9]], [[2]]] + [[[5]], [[-2]], [[0]], [[1]]]
    out = spatial_batchnorm(student, x, np.ones(4), np.zeros(4), {"mode": "train", "eps": 1e-9})
    check_shape({"out": to_array(out, "out")}, "out", x.shape)
    assert_close(out.mean(axis=(0, 2, 3)), np.zeros(4), _("the mean of each channel"), atol=1e-6)
    assert_close(out.std(axis=(0, 2, 3)), np.ones(4), _("the deviation of each channel"), rtol=1e-5)


@question("convolutional_networks-spatial-batchnorm-forward")
def test_spatial_batchnorm_forward_test(student, rng):
    """In the test, the running averages are used: (10 - 4) / 3 is 2, times 5, plus 1, is 11."""
    x = np.stack([np.full((2, 2, 3), 10.0), np.full((2, 2, 3), 1.0)], axis=1)
    bn_param = {"mode": "test", "eps": 0.0}
    bn_param |= {"running_mean": np.array([4.0, 1.0]), "running_var": np.array([9.0, 4.0])}
    out = spatial_batchnorm(student, x, np.array([5.0, 2.0]), np.array([1.0, -3.0]), bn_param)
    want = np.stack([np.full((2, 2, 3), 11.0), np.full((2, 2, 3), -3.0)], axis=1)
    assert_close(out, want, "out")


@question("convolutional_networks-spatial-batchnorm-backward")
def test_spatial_batchnorm_backward_slopes(student, rng):
    """dx, dgamma and dbeta are the slopes of your forward function, tried out number by number."""
    arrays = [rng.normal(1, 2, size=shape) for shape in ((2, 3, 2, 3), (3,), (3,))]
    check_slopes(student, "spatial_batchnorm_{}", arrays, [{"mode": "train"}], NORM_PARTS)


@question("convolutional_networks-spatial-groupnorm-forward")
def test_spatial_groupnorm_forward_by_hand(student, rng):
    """Groups of two channels with the numbers 1 and 3 become -1 and 1, then gamma and beta."""
    x = np.array([1.0, 3.0, 30.0, 10.0]).reshape(1, 4, 1, 1)
    gamma, beta = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.5, 0.0, 0.0]]).reshape(2, 1, 4, 1, 1)
    out, _cache = forward(student, "spatial_groupnorm_forward", x, gamma, beta, 2, {"eps": 0.0})
    assert_close(out, np.array([-1.0, 2.5, 3.0, -4.0]).reshape(1, 4, 1, 1), "out")


@question("convolutional_networks-spatial-groupnorm-forward")
def test_spatial_groupnorm_forward_groups(student, rng):
    """With gamma 1 and beta 0, each group of each image has mean 0 and standard deviation 1."""
    x = rng.normal(3, 2, size=(2, 6, 4, 5))
    gamma, beta = np.ones((1, 6, 1, 1)), np.zeros((1, 6, 1, 1))
    out, _cache = forward(student, "spatial_groupnorm_forward", x, gamma, beta, 3, {"eps": 1e-9})
    check_shape({"out": to_array(out, "out")}, "out", x.shape)
    groups = out.reshape(2, 3, -1)
    assert_close(groups.mean(axis=2), np.zeros((2, 3)), _("the mean of each group"), atol=1e-6)
    assert_close(groups.std(axis=2), np.ones((2, 3)), _("the deviation of each group"), rtol=1e-5)


@question("convolutional_networks-spatial-groupnorm-backward")
def test_spatial_groupnorm_backward_slopes(student, rng):
    """dx, dgamma and dbeta are the slopes of your forward function, tried out number by number."""
    arrays = [rng.normal(1, 2, size=shape) for shape in ((2, 4, 2, 3), (1, 4, 1, 1), (1, 4, 1, 1))]
    check_slopes(student, "spatial_groupnorm_{}", arrays, [2, {}], NORM_PARTS)


# --- shared with the hidden checks ---------------------------------------------------------------


def conv_forward(
    student: Student, x: np.ndarray, w: np.ndarray, b: np.ndarray, stride: int, pad: int
) -> object:
    """out of the student's convolution."""
    param = {"stride": stride, "pad": pad}
    return forward(student, "conv_forward_naive", x, w, b, param)[0]


def pooling(height: int, width: int, stride: int) -> dict[str, int]:
    """pool_param."""
    return {"pool_height": height, "pool_width": width, "stride": stride}


def max_pool(student: Student, x: np.ndarray, height: int, width: int, stride: int) -> object:
    """out of the student's max pooling."""
    return forward(student, "max_pool_forward_naive", x, pooling(height, width, stride))[0]


def max_pool_backward(
    student: Student, x: np.ndarray, dout: np.ndarray, height: int, width: int, stride: int
) -> object:
    """dx of the student's max pooling."""
    param = pooling(height, width, stride)
    _out, cache = forward(student, "max_pool_forward_naive", x, param)
    return student.max_pool_backward_naive(dout, cache)


def spatial_batchnorm(
    student: Student, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict
) -> object:
    """out of the student's spatial batch normalisation."""
    return forward(student, "spatial_batchnorm_forward", x, gamma, beta, bn_param)[0]


def get_params(model: Remote) -> dict[str, np.ndarray]:
    """The six parameters of a model as arrays."""
    params = {}
    for name in NAMES:
        try:
            params[name] = to_array(model.get(f"params[{name!r}]"), name)
        except StudentError as error:
            if error.blank:
                raise
            raise CheckFailed(_("there is no params[{name!r}]").format(name=name)) from error
    return params


def shapes_of(
    input_dim: tuple[int, int, int], filters: int, size: int, hidden: int, classes: int
) -> dict[str, tuple[int, ...]]:
    """The right shapes of the six parameters."""
    C, H, W = input_dim
    return {
        "W1": (filters, C, size, size),
        "b1": (filters,),
        "W2": (filters * (H // 2) * (W // 2), hidden),
        "b2": (hidden,),
        "W3": (hidden, classes),
        "b3": (classes,),
    }


def check_shapes(
    params: dict[str, np.ndarray],
    input_dim: tuple[int, int, int],
    filters: int,
    size: int,
    hidden: int,
    classes: int,
) -> None:
    """Have all six parameters the right shapes?"""
    for name, shape in shapes_of(input_dim, filters, size, hidden, classes).items():
        check_shape(params, name, shape)


def random_params(
    rng: np.random.Generator,
    input_dim: tuple[int, int, int],
    filters: int,
    size: int,
    hidden: int,
    classes: int,
) -> dict[str, np.ndarray]:
    """Parameters of a ThreeLayerConvNet, biases included, large enough to matter."""
    params = {}
    for name, shape in shapes_of(input_dim, filters, size, hidden, classes).items():
        inputs = np.prod(shape[1:]) if len(shape) == 4 else shape[0]
        scale = 0.3 if len(shape) == 1 else 1.5 / inputs**0.5
        params[name] = rng.normal(0, scale, size=shape)
    return params


def make_model(
    student: Student,
    params: dict[str, np.ndarray],
    input_dim: tuple[int, int, int],
    reg: float = 0.0,
    dtype: type = np.float64,
) -> Remote:
    """The student's ThreeLayerConvNet, with these parameters."""
    filters, _channels, size, _size = params["W1"].shape
    hidden, classes = params["W3"].shape
    model = student.ThreeLayerConvNet(
        input_dim=input_dim,
        num_filters=filters,
        filter_size=size,
        hidden_dim=hidden,
        num_classes=classes,
        reg=reg,
        dtype=dtype,
    )
    for name in NAMES:
        model.set(f"params[{name!r}]", params[name].astype(dtype))
    return model


def check_slopes(
    student: Student,
    names: str,
    arrays: Sequence[np.ndarray],
    settings: Sequence[object],
    parts: tuple[str, ...],
) -> None:
    """Are the gradients of a layer the slopes of sum(out * dout)?

    names: of its functions, "conv_{}_naive". settings: what forward takes after the arrays.
    """
    before, after = (names.format(way) for way in ("forward", "backward"))
    out, cache = forward(student, before, *arrays, *settings)
    dout = np.random.default_rng(0).normal(size=to_array(out, "out").shape)
    gradients = unpack(student.call(after, dout, cache), after, parts)
    for place, (gradient, part) in enumerate(zip(gradients, parts, strict=True)):

        def weighted_sums(values: list[np.ndarray], place: int = place) -> list[float]:
            calls = [
                (before, *arrays[:place], value, *arrays[place + 1 :], *settings)
                for value in values
            ]
            outs = [unpack(reply, before, ("out", "cache"))[0] for reply in student.batch(calls)]
            return [float(np.sum(to_array(out, "out") * dout)) for out in outs]

        want = numerical_gradient(weighted_sums, arrays[place])
        factors = {_("the number of examples"): float(len(dout))}
        assert_close(gradient, want, part, rtol=1e-5, atol=1e-6, factors=factors)
