"""Public checks of the convolutional-networks notebook: small images, and numerical gradients."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import (
    check_shape,
    check_spread,
    forward,
    get_gradient,
    get_params,
    model_loss,
    try_parameters,
)
from assignments.checks.a2_networks.convolutional_networks import (
    CONV_PARTS,
    NAMES,
    NORM_PARTS,
    check_shapes,
    make_model,
    pooling,
    random_params,
)
from assignments.compare import assert_close, assert_unchanged, to_array, unpack
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Student


@question("convolutional_networks-conv-forward")
def test_conv_forward_by_hand(student, rng):
    """A 2 x 2 filter with 1 in its first and -1 in its last corner gives differences, plus 0.5."""
    x = np.array([[[[1.0, 2.0, 4.0], [5.0, 0.0, 2.0], [3.0, 7.0, 6.0]]]])
    w, b = np.array([[[[1.0, 0.0], [0.0, -1.0]]]]), np.array([0.5])
    out = conv_forward(student, x, w, b, stride=1, pad=0)
    want = np.array([[[[1.5, 0.5], [-1.5, -5.5]]]])
    assert_close(out, want, "out", show=True)


@question("convolutional_networks-conv-forward")
def test_conv_forward_padding(student, rng):
    """With pad = 1 a filter of 3 x 3 with a single 1, in its upper left corner, moves the image."""
    x, w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.zeros((1, 1, 3, 3))
    w[0, 0, 0, 0] = 1
    out = conv_forward(student, x, w, np.zeros(1), stride=1, pad=1)
    assert_close(out, np.array([[[[0.0, 0.0], [0.0, 1.0]]]]), "out", show=True)


@question("convolutional_networks-conv-forward")
def test_conv_forward_stride(student, rng):
    """With stride 2 and a filter of one 1, every second row and column of 5 x 4 pixels is left."""
    x, w = np.arange(20.0).reshape(1, 1, 5, 4), np.ones((1, 1, 1, 1))
    out = conv_forward(student, x, w, np.zeros(1), stride=2, pad=0)
    want = np.array([[[[0.0, 2.0], [8.0, 10.0], [16.0, 18.0]]]])
    assert_close(out, want, "out", show=True)


@question("convolutional_networks-conv-forward")
def test_conv_forward_channels(student, rng):
    """Two channels are added up, two filters make two channels, each with its own bias."""
    x = np.array([[[[1.0, 2.0]], [[10.0, 20.0]]]])
    w = np.array([[[[1.0]], [[1.0]]], [[[3.0]], [[0.0]]]])
    out = conv_forward(student, x, w, np.array([0.5, -0.5]), stride=1, pad=0)
    assert_close(out, np.array([[[[11.5, 22.5]], [[2.5, 5.5]]]]), "out", show=True)


@question("convolutional_networks-conv-forward")
def test_conv_forward_not_square(student, rng):
    """A filter of 1 x 2 with 1 and 10 adds ten times the right neighbour."""
    x, w = np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]), np.array([[[[1.0, 10.0]]]])
    out = conv_forward(student, x, w, np.zeros(1), stride=1, pad=0)
    assert_close(out, np.array([[[[21.0, 32.0], [54.0, 65.0]]]]), "out", show=True)


@question("convolutional_networks-conv-forward")
def test_conv_forward_inputs(student, rng):
    """Nothing that is passed in is changed."""
    arrays = [rng.normal(size=shape) for shape in ((1, 2, 3, 4), (2, 2, 2, 2), (2,))]
    student.conv_forward_naive(*arrays, {"stride": 1, "pad": 1})
    assert_unchanged(student.changed, {0: "x", 1: "w", 2: "b", 3: "conv_param"})


@question("convolutional_networks-conv-backward")
def test_conv_backward_by_hand(student, rng):
    """For x = (1, 2, 3), the filter (1, 10) and dout = (3, 5) the gradients are right."""
    x, w = np.array([[[[1.0, 2.0, 3.0]]]]), np.array([[[[1.0, 10.0]]]])
    dout = np.array([[[[3.0, 5.0]]]])
    dx, dw, db = conv_backward(student, x, w, dout, pad=0)
    assert_close(db, np.array([8.0]), "db", show=True)
    assert_close(dw, np.array([[[[13.0, 21.0]]]]), "dw", show=True)
    assert_close(dx, np.array([[[[3.0, 35.0, 50.0]]]]), "dx", show=True)


@question("convolutional_networks-conv-backward")
def test_conv_backward_padding(student, rng):
    """With pad = 1 a filter of 3 x 3 with a single 1, in its upper left corner, moves dout back."""
    x, w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.zeros((1, 1, 3, 3))
    w[0, 0, 0, 0] = 1
    dout = np.array([[[[5.0, 6.0], [7.0, 8.0]]]])
    dx, _dw, _db = conv_backward(student, x, w, dout, pad=1)
    assert_close(dx, np.array([[[[8.0, 0.0], [0.0, 0.0]]]]), "dx", show=True)


@question("convolutional_networks-conv-backward")
def test_conv_backward_numerical(student, rng):
    """dx, dw and db agree with numerical gradients of your conv_forward_naive."""
    arrays = [rng.normal(size=shape) for shape in ((2, 2, 3, 4), (3, 2, 2, 2), (3,))]
    check_gradients(student, "conv_{}_naive", arrays, [{"stride": 1, "pad": 1}], CONV_PARTS)


@question("convolutional_networks-conv-backward")
def test_conv_backward_stride(student, rng):
    """They are so with stride 2 and without padding, where some pixels are in no window."""
    arrays = [rng.normal(size=shape) for shape in ((1, 2, 4, 6), (2, 2, 2, 3), (2,))]
    check_gradients(student, "conv_{}_naive", arrays, [{"stride": 2, "pad": 0}], CONV_PARTS)


@question("convolutional_networks-conv-backward")
def test_conv_backward_inputs(student, rng):
    """dout is not changed."""
    arrays = [rng.normal(size=shape) for shape in ((2, 2, 3, 4), (3, 2, 2, 2), (3,))]
    check_dout_unchanged(student, "conv_{}_naive", arrays, [{"stride": 1, "pad": 0}])


@question("convolutional_networks-max-pool-forward")
def test_max_pool_forward_by_hand(student, rng):
    """Windows of 2 x 2 with stride 2 leave the largest of each; a fifth column is left out."""
    x = np.array([[[[1.0, 5.0, -4.0, -2.0, 9.0], [3.0, 2.0, -1.0, -3.0, 9.0]]]])
    want = np.array([[[[5.0, -1.0]], [[6.0, 0.0]]]])
    out = max_pool(student, np.concatenate([x, x + 1], axis=1), 2, 2, 2)
    assert_close(out, want, "out", show=True)


@question("convolutional_networks-max-pool-forward")
def test_max_pool_forward_overlapping(student, rng):
    """Windows of 1 x 2 with stride 1 overlap."""
    x = np.array([[[[1.0, 5.0, 2.0, 3.0], [9.0, 8.0, 7.0, 6.0]]]])
    want = np.array([[[[5.0, 5.0, 3.0], [9.0, 8.0, 7.0]]]])
    assert_close(max_pool(student, x, 1, 2, 1), want, "out", show=True)


@question("convolutional_networks-max-pool-forward")
def test_max_pool_forward_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.max_pool_forward_naive(rng.normal(size=(2, 2, 4, 4)), pooling(2, 2, 2))
    assert_unchanged(student.changed, {0: "x", 1: "pool_param"})


@question("convolutional_networks-max-pool-backward")
def test_max_pool_backward_by_hand(student, rng):
    """The gradient goes to the largest number of each window, and 0 to the others."""
    x = np.array([[[[1.0, 5.0, -4.0, -2.0], [3.0, 2.0, -1.0, -3.0]]]])
    dx = max_pool_backward(student, x, np.array([[[[10.0, 20.0]]]]), 2, 2, 2)
    want = np.array([[[[0.0, 10.0, 0.0, 0.0], [0.0, 0.0, 20.0, 0.0]]]])
    assert_close(dx, want, "dx", show=True)


@question("convolutional_networks-max-pool-backward")
def test_max_pool_backward_overlapping(student, rng):
    """The maximum of two windows gets the gradients of both."""
    dx = max_pool_backward(
        student, np.array([[[[1.0, 5.0, 2.0]]]]), np.array([[[[3.0, 4.0]]]]), 1, 2, 1
    )
    assert_close(dx, np.array([[[[0.0, 7.0, 0.0]]]]), "dx", show=True)


@question("convolutional_networks-max-pool-backward")
def test_max_pool_backward_ties(student, rng):
    """Of equal maxima, the first gets everything."""
    x = np.array([[[[0.0, 2.0], [2.0, 2.0]]]])
    dx = max_pool_backward(student, x, np.array([[[[6.0]]]]), 2, 2, 1)
    assert_close(dx, np.array([[[[0.0, 6.0], [0.0, 0.0]]]]), "dx", show=True)


@question("convolutional_networks-max-pool-backward")
def test_max_pool_backward_inputs(student, rng):
    """dout is not changed."""
    arrays = [rng.normal(size=(2, 2, 4, 4))]
    check_dout_unchanged(student, "max_pool_{}_naive", arrays, [pooling(2, 2, 2)])


@question("convolutional_networks-model-init")
def test_model_init_shapes(student, rng):
    """All six arrays have the right shapes, and the biases are 0."""
    params = get_params(student.ThreeLayerConvNet((2, 7, 10), 3, 5, 6, 4), NAMES)
    check_shapes(params, (2, 7, 10), 3, 5, 6, 4)
    for name in ("b1", "b2", "b3"):
        assert_close(params[name], np.zeros(params[name].shape), name, show=True)


@question("convolutional_networks-model-init")
def test_model_init_scale(student, rng):
    """The weights scatter around 0 with the standard deviation weight_scale."""
    model = student.ThreeLayerConvNet((3, 4, 4), 20, 7, 50, 30, weight_scale=0.02)
    params = get_params(model, NAMES)
    for name in ("W1", "W2", "W3"):
        check_spread(params, name, 0.02)


@question("convolutional_networks-model-init")
def test_model_init_precision(student, rng):
    """All arrays are in the precision that dtype names."""
    params = get_params(student.ThreeLayerConvNet((2, 6, 8), 3, 5, 7, 4, dtype=np.float32), NAMES)
    for name in NAMES:
        if params[name].dtype != np.float32:
            reason = _("{name} is {got}, where {want} is expected")
            raise CheckFailed(reason.format(name=name, got=params[name].dtype, want="float32"))


@question("convolutional_networks-model-scores")
def test_model_scores_by_hand(student, rng):
    """An image of 2 x 4 pixels gets the scores that you can compute by hand."""
    # The filter doubles each pixel. The largest are 6 and -2, which ReLU raises to 0.
    # Hidden units: 6 + 0 = 6, and -6 + 0 + 1 = -5, which ReLU raises to 0.
    params = {"W1": np.array([[[[2.0]]]]), "b1": np.zeros(1)}
    params |= {"W2": np.array([[1.0, -1.0], [1.0, 1.0]]), "b2": np.array([0.0, 1.0])}
    params |= {"W3": np.array([[0.5, -2.0], [7.0, 7.0]]), "b3": np.array([1.0, 0.0])}
    model = make_model(student, params, (1, 2, 4))
    X = np.array([[[[1.0, 2.0, -1.0, -2.0], [-1.0, 3.0, -4.0, -3.0]]]])
    want = np.array([[4.0, -12.0]])
    assert_close(model.loss(X), want, "scores", show=True)


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
    assert_close(loss, math.log(4), "loss", show=True)


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
    squares = 2 * 9 + 6 * 4 + 2 * 1 + 2 * 4  # of W1, W2 and W3
    assert_close(added, 0.05 * squares, _("the regularisation in the loss"), show=True)


@question("convolutional_networks-model-gradients")
def test_model_gradients_numerical(student, rng):
    """The six gradients agree with numerical gradients of your loss."""
    size = (2, 4, 5)
    params = random_params(rng, size, 2, 3, 6, 3)
    X, y = rng.normal(size=(4, *size)), rng.integers(3, size=4)
    model = make_model(student, params, size)
    _loss, grads = model_loss(model, X, y)
    right = ""
    for name in ("W3", "b3", "W2", "b2", "W1", "b1"):  # in the order of the backward pass
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
            if not right:
                raise
            symptom = _("grads[{name!r}] is right; look at the backward pass from there").format(
                name=right
            )
            raise CheckFailed(failure.reason, symptom) from failure
        right = name


@question("convolutional_networks-model-gradients")
def test_model_gradients_regularisation(student, rng):
    """What reg = 1 adds to them is the gradient of the regularisation."""
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


@question("convolutional_networks-model-gradients")
def test_model_gradients_inputs(student, rng):
    """X, y and the parameters are not changed."""
    size = (2, 4, 4)
    params = random_params(rng, size, 2, 3, 3, 3)
    model = make_model(student, params, size, reg=0.5)
    model.loss(rng.normal(size=(3, *size)), rng.integers(3, size=3))
    assert_unchanged(student.changed, {0: "X", 1: "y"})
    for name, value in get_params(model, NAMES).items():
        if not np.array_equal(value, params[name]):
            raise CheckFailed(_("params[{name!r}] is changed").format(name=name))


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
    bn_param = {"mode": "test", "eps": 1e-12}
    bn_param |= {"running_mean": np.array([4.0, 1.0]), "running_var": np.array([9.0, 4.0])}
    out = spatial_batchnorm(student, x, np.array([5.0, 2.0]), np.array([1.0, -3.0]), bn_param)
    want = np.stack([np.full((2, 2, 3), 11.0), np.full((2, 2, 3), -3.0)], axis=1)
    assert_close(out, want, "out", show=True)


@question("convolutional_networks-spatial-batchnorm-forward")
def test_spatial_batchnorm_forward_running(student, rng):
    """Training with momentum 0.75 leaves a quarter of each channel's mean in bn_param."""
    x = np.stack([np.full((2, 2, 3), 8.0), np.full((2, 2, 3), -4.0)], axis=1)
    averages = {"running_mean": np.zeros(2), "running_var": np.ones(2)}
    bn_param = student.put({"mode": "train", "momentum": 0.75, **averages})
    student.call("spatial_batchnorm_forward", x, np.ones(2), np.zeros(2), bn_param, keep=True)
    got, what = bn_param.get("['running_mean']"), "bn_param['running_mean']"
    assert_close(got, np.array([2.0, -1.0]), what, show=True)


@question("convolutional_networks-spatial-batchnorm-backward")
def test_spatial_batchnorm_backward_numerical(student, rng):
    """dx, dgamma and dbeta agree with numerical gradients of your forward function."""
    arrays = [rng.normal(1, 2, size=shape) for shape in ((2, 3, 2, 3), (3,), (3,))]
    check_gradients(student, "spatial_batchnorm_{}", arrays, [{"mode": "train"}], NORM_PARTS)


@question("convolutional_networks-spatial-batchnorm-backward")
def test_spatial_batchnorm_backward_inputs(student, rng):
    """dout is not changed."""
    arrays = [rng.normal(1, 2, size=shape) for shape in ((2, 3, 2, 3), (3,), (3,))]
    check_dout_unchanged(student, "spatial_batchnorm_{}", arrays, [{"mode": "train"}])


@question("convolutional_networks-spatial-groupnorm-forward")
def test_spatial_groupnorm_forward_by_hand(student, rng):
    """8, 2, 2 and 0 in two channels have mean 3 and deviation 3; gamma and beta come after that."""
    x = [[[8, 2], [2, 0]], [[30, 10], [10, 30]]], [[[0, 2], [2, 8]], [[5, 7], [5, 7]]]
    x_hat = [[[5, -1], [-1, -3]], [[3, -3], [-3, 3]]], [[[-3, -1], [-1, 5]], [[-3, 3], [-3, 3]]]
    x, x_hat = (np.array(part, dtype=float).reshape(2, 4, 1, 2) for part in (x, x_hat))
    gamma, beta = np.array([[3.0, 6, 9, 12], [0, 1, 0, -1]]).reshape(2, 1, 4, 1, 1)
    out, _cache = forward(student, "spatial_groupnorm_forward", x, gamma, beta, 2, {"eps": 0.0})
    assert_close(out, gamma * x_hat / 3 + beta, "out", show=True)


@question("convolutional_networks-spatial-groupnorm-forward")
def test_spatial_groupnorm_forward_inputs(student, rng):
    """x, gamma and beta are not changed, though reshape may give another view of them."""
    arrays = [rng.normal(1, 2, size=shape) for shape in ((2, 4, 2, 3), (1, 4, 1, 1), (1, 4, 1, 1))]
    student.call("spatial_groupnorm_forward", *arrays, 2, {}, keep=True)
    assert_unchanged(student.changed, {0: "x", 1: "gamma", 2: "beta"})


@question("convolutional_networks-spatial-groupnorm-forward")
def test_spatial_groupnorm_forward_eps(student, rng):
    """With eps = 3, the numbers 1 and 3 become -0.5 and 0.5: their variance, 1, plus 3 is 4."""
    x, ones = np.array([1.0, 3.0]).reshape(1, 2, 1, 1), np.ones((1, 2, 1, 1))
    out, _cache = forward(student, "spatial_groupnorm_forward", x, ones, 0 * ones, 1, {"eps": 3.0})
    assert_close(out, (x - 2) / 2, "out", show=True)


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
def test_spatial_groupnorm_backward_by_hand(student, rng):
    """For one group, (1, 1, 5, 5), and dout = (8, 0, 0, 0), the gradients are right."""
    x, dout, gamma = np.array(
        [[1.0, 1.0, 5.0, 5.0], [8.0, 0.0, 0.0, 0.0], [3.0, 2.0, 2.0, 2.0]]
    ).reshape(3, 1, 4, 1, 1)
    _out, cache = forward(
        student, "spatial_groupnorm_forward", x, gamma, np.zeros(gamma.shape), 1, {"eps": 0.0}
    )
    result = student.call("spatial_groupnorm_backward", dout, cache)
    dx, dgamma, dbeta = unpack(result, "spatial_groupnorm_backward", NORM_PARTS)
    assert_close(dbeta, dout, "dbeta", show=True)
    assert_close(dgamma, -dout, "dgamma", show=True)  # dout times the normalised number, -1
    want = np.array([6.0, -6.0, 0.0, 0.0]).reshape(x.shape)
    assert_close(dx, want, "dx", show=True)


@question("convolutional_networks-spatial-groupnorm-backward")
def test_spatial_groupnorm_backward_numerical(student, rng):
    """dx, dgamma and dbeta agree with numerical gradients of your forward function."""
    arrays = [rng.normal(1, 2, size=shape) for shape in ((2, 4, 2, 3), (1, 4, 1, 1), (1, 4, 1, 1))]
    check_gradients(student, "spatial_groupnorm_{}", arrays, [2, {"eps": 0.5}], NORM_PARTS)


@question("convolutional_networks-spatial-groupnorm-backward")
def test_spatial_groupnorm_backward_inputs(student, rng):
    """dout is not changed."""
    arrays = [rng.normal(1, 2, size=shape) for shape in ((2, 4, 2, 3), (1, 4, 1, 1), (1, 4, 1, 1))]
    check_dout_unchanged(student, "spatial_groupnorm_{}", arrays, [2, {}])


# --- shared with the hidden checks ---------------------------------------------------------------


def conv_forward(
    student: Student, x: np.ndarray, w: np.ndarray, b: np.ndarray, stride: int, pad: int
) -> object:
    """out of the student's convolution."""
    param = {"stride": stride, "pad": pad}
    return forward(student, "conv_forward_naive", x, w, b, param)[0]


def conv_backward(
    student: Student, x: np.ndarray, w: np.ndarray, dout: np.ndarray, pad: int
) -> list:
    """dx, dw and db of the student's convolution with stride 1 and a bias of 0."""
    param = {"stride": 1, "pad": pad}
    _out, cache = forward(student, "conv_forward_naive", x, w, np.zeros(len(w)), param)
    return unpack(student.conv_backward_naive(dout, cache), "conv_backward_naive", CONV_PARTS)


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


def check_dout_unchanged(
    student: Student, names: str, arrays: Sequence[np.ndarray], settings: Sequence[object]
) -> None:
    """Does a layer's backward pass leave dout alone? The arguments are those of check_gradients."""
    out, cache = forward(student, names.format("forward"), *arrays, *settings)
    dout = np.random.default_rng(0).normal(size=to_array(out, "out").shape)
    student.call(names.format("backward"), dout, cache)
    assert_unchanged(student.changed, {0: "dout"})


def check_gradients(
    student: Student,
    names: str,
    arrays: Sequence[np.ndarray],
    settings: Sequence[object],
    parts: tuple[str, ...],
) -> None:
    """Are the gradients of a layer the numerical gradients of sum(out * dout)?

    names: of its functions, "conv_{}_naive". settings: what forward takes after the arrays.
    """
    before, after = (names.format(step) for step in ("forward", "backward"))
    out, cache = forward(student, before, *arrays, *settings)
    dout = np.random.default_rng(0).normal(size=to_array(out, "out").shape)
    gradients = unpack(student.call(after, dout, cache), after, parts)
    factors = {_("the number of examples"): float(len(dout))}
    for place, (gradient, part) in enumerate(zip(gradients, parts, strict=True)):

        def weighted_sums(values: list[np.ndarray], place: int = place) -> list[float]:
            calls = [
                (before, *arrays[:place], value, *arrays[place + 1 :], *settings)
                for value in values
            ]
            outs = [unpack(reply, before, ("out", "cache"))[0] for reply in student.batch(calls)]
            return [float(np.sum(to_array(out, "out") * dout)) for out in outs]

        want = numerical_gradient(weighted_sums, arrays[place])
        assert_close(gradient, want, part, rtol=1e-5, atol=1e-6, factors=factors)
