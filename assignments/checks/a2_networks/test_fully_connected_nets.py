"""Public checks of the fully-connected-nets notebook: small networks, and first steps by hand."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import (
    check_spread,
    get_gradient,
    model_loss,
    try_parameters,
)
from assignments.checks.a2_networks.fully_connected_nets import (
    NORMALIZATIONS,
    check_added_gradients,
    check_constants,
    check_dtypes,
    check_shapes,
    count_layers,
    get_params,
    get_state,
    make_net,
    random_params,
    shapes_of,
    step,
)
from assignments.compare import assert_close, assert_unchanged, to_array, unpack
from assignments.gradients import numerical_gradient
from assignments.messages import N_, _
from assignments.questions import question
from assignments.standins.a2_networks import fully_connected_nets as standins
from assignments.student import CheckFailed, Remote, Student

ONE_STEP = N_("next_w after one step")
TWO_STEPS = N_("next_w after two steps")


@question("fully_connected_nets-init")
def test_init_shapes(student, rng):
    """With hidden layers of 5 and 4 units, W1 to W3 and b1 to b3 have the right shapes."""
    params = get_params(student.FullyConnectedNet([5, 4], input_dim=7, num_classes=3))
    check_shapes(params, shapes_of(7, [5, 4], 3))


@question("fully_connected_nets-init")
def test_init_normalization(student, rng):
    """With normalisation, each hidden layer has a gamma of ones and a beta of zeros."""
    net = student.FullyConnectedNet([5, 4], input_dim=7, num_classes=3, normalization="layernorm")
    params = get_params(net)
    check_shapes(params, shapes_of(7, [5, 4], 3, "layernorm"))
    check_constants(params, show=True)


@question("fully_connected_nets-init")
def test_init_scale(student, rng):
    """Weights scatter around 0 with the standard deviation weight_scale; biases are 0."""
    net = student.FullyConnectedNet([80, 60], input_dim=50, num_classes=40, weight_scale=0.02)
    params = get_params(net)
    check_constants(params, show=True)
    for name in ("W1", "W2", "W3"):
        if name not in params:
            raise CheckFailed(_("there is no params[{name!r}]").format(name=name))
        check_spread(params, name, 0.02)


@question("fully_connected_nets-init")
def test_init_dtype(student, rng):
    """All parameters are of the type that dtype says."""
    for dtype in (np.float32, np.float64):
        net = student.FullyConnectedNet([4], 6, 3, normalization="batchnorm", dtype=dtype)
        check_dtypes(get_params(net), dtype)


@question("fully_connected_nets-scores")
def test_scores_by_hand(student, rng):
    """A tiny network with two hidden layers gives the scores that you can compute by hand."""
    # Hidden units: 2 + 0 - 1 = 1 and 2 - 3 - 1 = -2, which becomes 0; then -3 + 4 = 1.
    params = {"W1": np.array([[2.0, 2.0], [0.0, -3.0]]), "b1": np.array([-1.0, -1.0])}
    params |= {"W2": np.array([[-3.0], [100.0]]), "b2": np.array([4.0])}
    params |= {"W3": np.array([[1.0, -2.0, 0.5]]), "b3": np.array([0.0, 0.0, 1.0])}
    net = make_net(student, params)
    want = np.array([[1.0, -2.0, 1.5]])
    assert_close(net.loss(np.array([[1.0, 1.0]])), want, "scores", show=True)


@question("fully_connected_nets-scores")
def test_scores_depths(student, rng):
    """Networks of one to four hidden layers give scores for images of shape (2, 2, 3)."""
    for hidden_dims in ([5], [5, 4], [3, 5, 4], [4, 3, 5, 2]):
        scores = make_net(student, random_params(rng, 12, hidden_dims, 4)).loss(
            rng.normal(size=(3, 2, 2, 3))
        )
        shape = to_array(scores, "scores").shape
        if shape != (3, 4):
            raise CheckFailed(
                _("scores has shape {got}, where {want} is expected").format(got=shape, want=(3, 4))
            )


@question("fully_connected_nets-scores")
def test_scores_inputs(student, rng):
    """X is not changed, and with dtype float32 the scores are float32."""
    net = make_net(student, random_params(rng, 6, [5, 4], 3), np.float32)
    scores = to_array(net.loss(rng.normal(size=(4, 6))), "scores")
    assert_unchanged(student.changed, {0: "X"})
    check_dtypes({"scores": scores}, np.float32)


@question("fully_connected_nets-loss")
def test_loss_equal_scores(student, rng):
    """With all scores equal, the loss of four classes is log 4."""
    params = random_params(rng, 6, [5, 3], 4)
    params |= {"W3": np.zeros((3, 4)), "b3": np.zeros(4)}
    loss, _grads = model_loss(make_net(student, params), *random_data(rng, 6, 4))
    assert_close(loss, math.log(4), "loss", show=True)


@question("fully_connected_nets-loss")
def test_loss_regularisation(student, rng):
    """With reg = 0.1, half of 0.1 times the sum of all squared weights is added, and no more."""
    params = {"W1": np.full((2, 3), 2.0), "b1": np.array([5.0, 0.0, 0.0])}
    params |= {"gamma1": np.full(3, 3.0), "beta1": np.ones(3)}
    params |= {"W2": np.array([[1.0, 1.0], [4.0, 4.0], [0.0, 0.0]]), "b2": np.array([4.0, 4.0])}
    net = make_net(student, params, normalization="layernorm", reg=0.1)
    loss = model_loss(net, rng.normal(size=(3, 2)), np.array([0, 1, 1]))[0]
    # All scores are equal, so what is beyond log 2 is regularisation.
    added = to_array(loss, "loss", ndim=0) - math.log(2)
    squares = 6 * 4 + 2 * 1 + 2 * 16
    assert_close(added, 0.05 * squares, _("the regularisation in the loss"), show=True)


@question("fully_connected_nets-gradients")
def test_gradients_numerical(student, rng):
    """With one and with three hidden layers, the gradients are the numerical ones of your loss."""
    for hidden_dims in ([5], [4, 5, 3]):
        params = random_params(rng, 4, hidden_dims, 3)
        net, data = make_net(student, params), random_data(rng, 4, 3)
        check_loss_first(net, params, *data)
        check_numerical(student, net, params, *data)


@question("fully_connected_nets-gradients")
def test_gradients_regularisation(student, rng):
    """What reg = 1 adds to them is the gradient of the regularisation."""
    check_added_gradients(student, random_params(rng, 4, [5, 3], 3), random_data(rng, 4, 3))


@question("fully_connected_nets-gradients")
def test_gradients_of_normalized(student, rng):
    """reg adds nothing to the gradients of gamma and beta, once there are any."""
    params, data = random_params(rng, 4, [5, 3], 3, "layernorm"), random_data(rng, 4, 3)
    settings = {"normalization": "layernorm"}
    grads = model_loss(make_net(student, params, **settings), *data)[1]
    params = {name: value for name, value in params.items() if has_gradient(grads, name)}
    check_added_gradients(student, params, data, **settings)


@question("fully_connected_nets-gradients")
def test_gradients_inputs(student, rng):
    """X, y and the parameters are not changed."""
    params = random_params(rng, 4, [5, 3], 3)
    net = make_net(student, params, reg=0.5)
    net.loss(*random_data(rng, 4, 3))
    assert_unchanged(student.changed, {0: "X", 1: "y"})
    for name, value in get_params(net).items():
        if not np.array_equal(value, params.get(name)):
            raise CheckFailed(_("params[{name!r}] is changed").format(name=name))


@question("fully_connected_nets-normalization-dropout")
def test_layernorm_by_hand(student, rng):
    """A layer with layer normalisation before its ReLU: 3 and 1 become 1 and -1, then 3 and 0."""
    params = {"W1": np.array([[2.0, 1.0], [1.0, 0.0]]), "b1": np.zeros(2)}
    params |= {"gamma1": np.array([2.0, 3.0]), "beta1": np.ones(2)}
    params |= {"W2": np.eye(2), "b2": np.array([0.0, -1.0])}
    net = make_net(student, params, normalization="layernorm")
    scores = net.loss(np.ones((1, 2)))
    assert_close(scores, np.array([[3.0, -1.0]]), "scores", rtol=1e-4, show=True)


@question("fully_connected_nets-normalization-dropout")
def test_modes(student, rng):
    """Without y, an image's scores do not depend on the other images, and nothing is dropped."""
    params = random_params(rng, 6, [20, 20], 3, "batchnorm")
    net = make_net(student, params, normalization="batchnorm", dropout_keep_ratio=0.5)
    X = rng.normal(size=(4, 6))
    scores = to_array(net.loss(X), "scores", ndim=2)
    without = make_net(student, params, normalization="batchnorm")
    same = to_array(without.loss(X), "scores", ndim=2)
    if not np.allclose(without.loss(X[:2]), same[:2]):
        raise CheckFailed(_("the scores of two images change when two others are left out"))
    if not np.allclose(scores, same):
        raise CheckFailed(_("without y, dropout changes the scores"))


@question("fully_connected_nets-normalization-dropout")
def test_running_averages(student, rng):
    """After training on the same batch again and again, a test normalises as training does."""
    for hidden_dims in ([7], [5, 6]):
        params = random_params(rng, 4, hidden_dims, 3, "batchnorm")
        net = make_net(student, params, normalization="batchnorm")
        X, y = random_data(rng, 4, 3)
        losses = [to_array(model_loss(net, X, y)[0], "loss", ndim=0) for _call in range(200)]
        scores = to_array(net.loss(X), "scores", ndim=2)
        scores = scores - scores.max(axis=1, keepdims=True)
        in_test = np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y])
        if not np.isclose(in_test, losses[-1], rtol=1e-4):
            raise CheckFailed(_("after 200 calls with y, the scores without y have another loss"))


@question("fully_connected_nets-normalization-dropout")
def test_normalization_numerical(student, rng):
    """With normalisation, with dropout and with both, all gradients are the numerical ones."""
    for normalization in NORMALIZATIONS:
        for keep in (1, 0.7):
            if normalization or keep != 1:
                params = random_params(rng, 4, [6, 5], 3, normalization)
                settings = {"normalization": normalization, "dropout_keep_ratio": keep, "seed": 1}
                net = make_net(student, params, **settings)
                where = f" (normalization={normalization!r}, dropout_keep_ratio={keep})"
                check_numerical(student, net, params, *random_data(rng, 4, 3), where=where)


@question("fully_connected_nets-normalization-dropout")
def test_batchnorm_takes_the_bias(student, rng):
    """Batch normalisation subtracts what a bias before it adds: that bias has the gradient 0."""
    params = random_params(rng, 4, [6], 3, "batchnorm")
    _loss, grads = model_loss(
        make_net(student, params, normalization="batchnorm"), *random_data(rng, 4, 3)
    )
    assert_close(get_gradient(grads, "b1"), np.zeros(6), "grads['b1']")


@question("fully_connected_nets-normalization-dropout")
def test_normalization_regularisation(student, rng):
    """reg adds nothing to the gradients of gamma and beta."""
    params = random_params(rng, 4, [5, 3], 3, "batchnorm")
    check_added_gradients(student, params, random_data(rng, 4, 3), normalization="batchnorm")


@question("fully_connected_nets-normalization-dropout")
def test_dropout_keeps(student, rng):
    """In training, dropout keeps the right share of hidden units, normalised ones, too."""
    for normalization in (None, "layernorm"):
        params = random_params(rng, 6, [500], 4, normalization)
        params |= {"W1": np.zeros((6, 500)), "b1": np.full(500, 5.0)}  # all units are 5
        if normalization:
            params["beta1"] = np.full(500, 5.0)
        settings = {"normalization": normalization, "dropout_keep_ratio": 0.8, "seed": 0}
        net = make_net(student, params, **settings)
        _loss, grads = model_loss(net, *random_data(rng, 6, 4, count=1))
        # Nothing is learned by the weights of a unit that was dropped.
        dW2 = to_array(get_gradient(grads, "W2"), "grads['W2']", ndim=2)
        kept = np.mean(np.any(dW2, axis=1))
        if abs(kept - 0.8) > 0.1:
            raise CheckFailed(
                _("with dropout_keep_ratio 0.8, a share of {kept:.2g} is kept").format(kept=kept)
            )
        if not np.all(to_array(get_gradient(grads, "b2"), "grads['b2']")):
            raise CheckFailed(_("a score is dropped, too"))


@question("fully_connected_nets-sgd-momentum")
def test_sgd_momentum_by_hand(student, rng):
    """Two steps by hand: one downhill, and one without a gradient, by half of the velocity."""
    settings = {"learning_rate": 0.1, "momentum": 0.5}
    w, config = careful_step(student, "sgd_momentum", [1.0, 2.0], [10.0, -20.0], settings)
    assert_close(w, np.array([0.0, 4.0]), _(ONE_STEP), show=True)
    w, config = careful_step(student, "sgd_momentum", w, [0.0, 0.0], config)
    assert_close(w, np.array([-0.5, 5.0]), _(TWO_STEPS), show=True)
    check_state(config, velocity=[-0.5, 1.0])


@question("fully_connected_nets-sgd-momentum")
def test_sgd_momentum_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "sgd_momentum")


@question("fully_connected_nets-nesterov")
def test_nesterov_by_hand(student, rng):
    """Two steps by hand, the second without a gradient."""
    settings = {"learning_rate": 0.1, "momentum": 0.5}
    w, config = careful_step(student, "nesterov", [1.0, 2.0], [10.0, -20.0], settings)
    assert_close(w, np.array([-0.5, 5.0]), _(ONE_STEP), show=True)
    w, config = careful_step(student, "nesterov", w, [0.0, 0.0], config)
    assert_close(w, np.array([-0.75, 5.5]), _(TWO_STEPS), show=True)
    check_state(config, velocity=[-0.5, 1.0])


@question("fully_connected_nets-nesterov")
def test_nesterov_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "nesterov")


@question("fully_connected_nets-adagrad")
def test_adagrad_by_hand(student, rng):
    """Two steps by hand: 9 and 25 in the cache and an epsilon of 1 make steps of 3/4 and 4/6."""
    settings = {"learning_rate": 1.0, "epsilon": 1.0}
    start, dw = np.array([1.0, 2.0]), np.array([3.0, -4.0])
    w, config = careful_step(student, "adagrad", start, dw, settings)
    check_roots(w, dw)
    assert_close(w, start - dw / [4, 5], _(ONE_STEP), show=True)
    before = w
    w, config = careful_step(student, "adagrad", w, [4.0, 3.0], config)
    assert_close(w, before - [4 / 6, 3 / 6], _(TWO_STEPS), show=True)
    check_state(config, cache=[25.0, 25.0])


@question("fully_connected_nets-adagrad")
def test_adagrad_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "adagrad")


@question("fully_connected_nets-adadelta")
def test_adadelta_by_hand(student, rng):
    """A step by hand: cache 12, so a step of 2 / 4 times the gradient 4; and delta 3."""
    settings = {"decay_rate": 0.25, "epsilon": 4.0}
    w, config = careful_step(student, "adadelta", [1.0, 2.0], [4.0, -4.0], settings)
    assert_close(w, np.array([-1.0, 4.0]), _(ONE_STEP), show=True)
    check_state(config, cache=[12.0, 12.0], delta=[3.0, 3.0])


@question("fully_connected_nets-adadelta")
def test_adadelta_goes_on(student, rng):
    """From cache 36 and delta 12, the cache becomes 21, and the step is 4 / 5 of the gradient."""
    config = {"decay_rate": 0.25, "epsilon": 4.0, "cache": np.array([36.0])}
    config |= {"delta": np.array([12.0])}
    w, config = careful_step(student, "adadelta", [1.0], [4.0], config)
    assert_close(w, np.array([-2.2]), _(ONE_STEP), show=True)


@question("fully_connected_nets-adadelta")
def test_adadelta_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "adadelta")


@question("fully_connected_nets-rmsprop")
def test_rmsprop_by_hand(student, rng):
    """Two steps by hand: the cache is 4 and 1, then a quarter less, for lack of a gradient."""
    settings = {"learning_rate": 1.0, "decay_rate": 0.75, "epsilon": 0.5}
    start, dw = np.array([1.0, 2.0]), np.array([4.0, -2.0])
    w, config = careful_step(student, "rmsprop", start, dw, settings)
    check_roots(w, dw)
    assert_close(w, start - dw / [2.5, 1.5], _(ONE_STEP), show=True)
    before = w
    w, config = careful_step(student, "rmsprop", w, [0.0, 0.0], config)
    assert_close(w, before, _("next_w after a step without a gradient"))
    check_state(config, cache=[3.0, 0.75])


@question("fully_connected_nets-rmsprop")
def test_rmsprop_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "rmsprop")


@question("fully_connected_nets-adam")
def test_adam_first_step(student, rng):
    """The first step has the length of the learning rate, whatever the gradient."""
    start, dw = np.array([1.0, 2.0, 3.0]), np.array([0.1, -1000.0, 5.0])
    w, _config = step(student, "adam", start, dw, {"learning_rate": 0.1})
    check_roots(w, dw)
    assert_close(w, start - 0.1 * np.sign(dw), _(ONE_STEP), rtol=1e-5, show=True)


@question("fully_connected_nets-adam")
def test_adam_begins_to_count(student, rng):
    """A step without a gradient moves nothing, but counts: t is 1."""
    check_count(student, {}, 1)


@question("fully_connected_nets-adam")
def test_adam_counts_on(student, rng):
    """After three such steps, the next one makes t 4."""
    check_count(student, {"m": np.zeros(2), "v": np.zeros(2), "t": 3}, 4)


@question("fully_connected_nets-adam")
def test_adam_by_hand(student, rng):
    """A second step by hand, without a gradient: m is 2 and 1 there, v is 12 and 3, t is 2."""
    settings = {"learning_rate": 1.0, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}
    start = np.array([1.0, 2.0])
    w, config = careful_step(student, "adam", start, [8.0, -4.0], settings)
    assert_close(w, start - [8 / 9, -4 / 5], _(ONE_STEP), show=True)
    w, config = careful_step(student, "adam", w, [0.0, 0.0], config)
    check_state(config, m=[2.0, -1.0], v=[12.0, 3.0], t=2)
    # Corrected, m is divided by 3/4 and v by 7/16.
    m, v, first = np.array([2, -1]), np.array([12, 3]), np.array([1 - 8 / 9, 2 + 4 / 5])
    want = first - m / 0.75 / (np.sqrt(v / 0.4375) + 1)
    assert_close(w, want, _(TWO_STEPS), show=True)


@question("fully_connected_nets-adam")
def test_adam_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "adam")


@question("fully_connected_nets-adamw")
def test_adamw_decay_alone(student, rng):
    """Without a gradient, each weight shrinks by a part of learning_rate * weight_decay."""
    settings = {"learning_rate": 0.1, "weight_decay": 0.5}
    w, config = careful_step(student, "adamw", [1.0, -20.0], [0.0, 0.0], settings)
    what = _("next_w after one step without a gradient")
    assert_close(w, np.array([0.95, -19.0]), what, show=True)
    check_state(config, m=[0.0, 0.0])


@question("fully_connected_nets-adamw")
def test_adamw_first_step(student, rng):
    """The first step has the length of the learning rate, and the decay besides."""
    settings = {"learning_rate": 0.1, "weight_decay": 0.5}
    w, _config = careful_step(student, "adamw", [1.0, -20.0], [3.0, 0.02], settings)
    assert_close(w, np.array([0.85, -19.1]), _(ONE_STEP), rtol=1e-5, show=True)


@question("fully_connected_nets-adamw")
def test_adamw_defaults(student, rng):
    """Without a config, the learning rate is 0.001 and weight_decay 0.01."""
    w, config = step(student, "adamw", [1000.0], [0.0], None)
    check_state(config, weight_decay=0.01, learning_rate=0.001)
    assert_close(w, np.array([999.99]), _(ONE_STEP), rtol=1e-9, show=True)


@question("fully_connected_nets-adamw")
def test_adamw_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "adamw")


def check_state(config: Any, **states: Any) -> None:
    """Is this what a rule remembers?"""
    for name, want in states.items():
        assert_close(get_state(config, name), np.asarray(want), f"config[{name!r}]", show=True)


def check_count(student: Student, config: dict[str, Any], t: int) -> None:
    """Is this Adam's t after a step that moves nothing?"""
    w, config = careful_step(student, "adam", [1.0, 2.0], [0.0, 0.0], config)
    assert_close(w, np.array([1.0, 2.0]), _(ONE_STEP), show=True)
    check_state(config, t=t)


def check_roots(next_w: np.ndarray, dw: np.ndarray) -> None:
    """Is there no root of a negative gradient?"""
    if np.array_equal(np.isnan(next_w), np.less(dw, 0)):
        raise CheckFailed(
            _("next_w contains NaN where the gradient is negative"),
            _("a root of a negative number: is the gradient squared?"),
        )


def check_type(student: Student, rule: str) -> None:
    """Does a parameter keep its type and shape, over two steps?"""
    for shape in ((2, 3), (4,)):
        w, config = np.ones(shape, np.float32), None
        for _step in range(2):
            w, config = step(student, rule, w, np.full(shape, 0.5), config, np.float32)
            if w.dtype != np.float32 or w.shape != shape:
                raise CheckFailed(
                    _("next_w is of type {got} and shape {shape}, where {want} is expected").format(
                        got=w.dtype, shape=w.shape, want=f"float32, {shape}"
                    ),
                    _("np.zeros_like(w) has the type of w, np.zeros(w.shape) has not")
                    if w.shape == shape
                    else "",
                )


# --- shared with the hidden checks ---------------------------------------------------------------


def random_data(
    rng: np.random.Generator, input_dim: int, num_classes: int, count: int = 6
) -> tuple[np.ndarray, np.ndarray]:
    """Examples and labels."""
    return rng.normal(size=(count, input_dim)), rng.integers(num_classes, size=count)


def check_loss_first(
    net: Remote, params: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray
) -> None:
    """Is the loss of a plain network right? Where it is not, its gradients say nothing."""
    widths = [len(params[f"b{layer}"]) for layer in range(1, 1 + count_layers(params))]
    right = standins.FullyConnectedNet(widths[:-1], X.shape[1], widths[-1], dtype=np.float64)
    right.params = params
    try:
        assert_close(model_loss(net, X, y)[0], right.loss(X, y)[0], "loss")
    except CheckFailed as failure:
        reason = _("your loss is wrong here, so that its gradients say nothing; mend it first")
        raise CheckFailed(reason) from failure


def check_numerical(
    student: Student,
    net: Remote,
    params: dict[str, np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    where: str = "",
) -> None:
    """Are the gradients of a network the numerical ones of its own loss?

    where: said after the name of a gradient.
    """
    _loss, grads = model_loss(net, X, y)
    found = {name: get_gradient(grads, name) for name in params}
    factors = {_("the number of examples"): float(len(X))}
    for layer in range(count_layers(params), 0, -1):  # in the order of the backward pass
        for name in (name for name in params if name.lstrip("Wabegmt") == str(layer)):
            answers = try_parameters(student, net, params, name, X, y)

            def losses(values: list[np.ndarray], answers: Callable = answers) -> list[float]:
                return [
                    float(unpack(reply, "loss", ("loss", "grads"))[0]) for reply in answers(values)
                ]

            want, what = numerical_gradient(losses, params[name]), f"grads[{name!r}]{where}"
            try:
                assert_close(found[name], want, what, rtol=1e-5, atol=1e-6, factors=factors)
            except CheckFailed as failure:
                if failure.symptom or layer == count_layers(params):
                    raise
                symptom = _(
                    "the gradients of layer {later} are right; look at the backward pass from it"
                ).format(later=layer + 1)
                raise CheckFailed(failure.reason, symptom) from failure


def has_gradient(grads: object, name: str) -> bool:
    """Is there a gradient of this name?"""
    try:
        get_gradient(grads, name)
    except CheckFailed:
        return False
    return True


def careful_step(
    student: Student, rule: str, w: Any, dw: Any, config: Any
) -> tuple[np.ndarray, Any]:
    """The same, where w and dw have to stay as they are, and config keeps its names."""
    next_w, new = step(student, rule, w, dw, config)
    assert_unchanged(student.changed, {0: "w", 1: "dw"})
    for name in config:  # the settings that were given, and what was remembered
        get_state(new, name)
    return next_w, new
