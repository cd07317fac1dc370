"""Public checks of the fully-connected-nets notebook: small networks, and first steps by hand."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from assignments.checks.a1_classifiers.test_two_layer_net import (
    check_shape,
    check_spread,
    get_gradient,
    model_loss,
    try_parameters,
    unpack,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student, StudentError

NORMALIZATIONS = (None, "batchnorm", "layernorm")


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
    check_constants(params)


@question("fully_connected_nets-init")
def test_init_scale(student, rng):
    """Weights scatter around 0 with the standard deviation weight_scale; biases are 0."""
    net = student.FullyConnectedNet([80, 60], input_dim=50, num_classes=40, weight_scale=0.02)
    params = get_params(net)
    check_constants(params)
    for name in ("W1", "W2", "W3"):
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
    assert_close(net.loss(np.array([[1.0, 1.0]])), np.array([[1.0, -2.0, 1.5]]), "scores")


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


@question("fully_connected_nets-loss")
def test_loss_equal_scores(student, rng):
    """With all scores equal, the loss of four classes is log 4."""
    params = random_params(rng, 6, [5, 3], 4)
    params |= {"W3": np.zeros((3, 4)), "b3": np.zeros(4)}
    loss, _grads = model_loss(make_net(student, params), *random_data(rng, 6, 4))
    assert_close(loss, math.log(4), "loss")


@question("fully_connected_nets-loss")
def test_loss_regularisation(student, rng):
    """With reg = 0.1, half of 0.1 times the sum of all squared weights is added, and no more."""
    params = {"W1": np.full((2, 3), 2.0), "b1": np.array([5.0, 0.0, 0.0])}
    params |= {"gamma1": np.full(3, 3.0), "beta1": np.ones(3)}
    params |= {"W2": np.array([[1.0, 1.0], [3.0, 3.0], [0.0, 0.0]]), "b2": np.array([4.0, 4.0])}
    net = make_net(student, params, normalization="layernorm", reg=0.1)
    loss = model_loss(net, rng.normal(size=(3, 2)), np.array([0, 1, 1]))[0]
    # All scores are equal, so what is beyond log 2 is regularisation.
    added = to_array(loss, "loss", ndim=0) - math.log(2)
    assert_close(added, 0.05 * (6 * 4 + 2 * 1 + 2 * 9), _("the regularisation in the loss"))


@question("fully_connected_nets-gradients")
def test_gradients_slopes(student, rng):
    """With one and with three hidden layers, the gradients are the slopes of your loss."""
    for hidden_dims in ([5], [4, 5, 3]):
        params = random_params(rng, 4, hidden_dims, 3)
        check_slopes(student, make_net(student, params), params, *random_data(rng, 4, 3))


@question("fully_connected_nets-gradients")
def test_gradients_regularisation(student, rng):
    """What reg = 1 adds to them is the slope of the regularisation."""
    params = random_params(rng, 4, [5, 3], 3)
    data = random_data(rng, 4, 3)
    check_added_gradients(student, params, data)


@question("fully_connected_nets-normalization-dropout")
def test_layernorm_by_hand(student, rng):
    """A layer with layer normalisation before its ReLU: 3 and 1 become 1 and -1, then 3 and 0."""
    params = {"W1": np.array([[2.0, 1.0], [1.0, 0.0]]), "b1": np.zeros(2)}
    params |= {"gamma1": np.array([2.0, 3.0]), "beta1": np.ones(2)}
    params |= {"W2": np.eye(2), "b2": np.array([0.0, -1.0])}
    net = make_net(student, params, normalization="layernorm")
    assert_close(net.loss(np.ones((1, 2))), np.array([[3.0, -1.0]]), "scores", rtol=1e-4)


@question("fully_connected_nets-normalization-dropout")
def test_modes(student, rng):
    """Without y, an image's scores do not depend on the other images, and nothing is dropped."""
    params = random_params(rng, 6, [20, 20], 3, "batchnorm")
    net = make_net(student, params, normalization="batchnorm", dropout_keep_ratio=0.5)
    X = rng.normal(size=(4, 6))
    scores = to_array(net.loss(X), "scores", ndim=2)
    assert_close(net.loss(X[:2]), scores[:2], _("the scores of two images"))
    without = make_net(student, params, normalization="batchnorm")
    assert_close(scores, without.loss(X), _("the scores of a network with dropout"))


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
        what = _("the loss of the test scores, after 200 calls with y,")
        assert_close(in_test, losses[-1], what, rtol=1e-4)


@question("fully_connected_nets-normalization-dropout")
def test_normalization_slopes(student, rng):
    """With normalisation, with dropout and with both, all gradients are the slopes of your loss."""
    for normalization in NORMALIZATIONS:
        for keep in (1, 0.7):
            if normalization or keep != 1:
                params = random_params(rng, 4, [6, 5], 3, normalization)
                settings = {"normalization": normalization, "dropout_keep_ratio": keep, "seed": 1}
                net = make_net(student, params, **settings)
                check_slopes(student, net, params, *random_data(rng, 4, 3))


@question("fully_connected_nets-normalization-dropout")
def test_dropout_keeps(student, rng):
    """In training, dropout keeps the right share of hidden units, and all scores."""
    params = random_params(rng, 6, [500], 4)
    params |= {"W1": np.zeros((6, 500)), "b1": np.ones(500)}  # all units are 1
    net = make_net(student, params, dropout_keep_ratio=0.8, seed=0)
    _loss, grads = model_loss(net, *random_data(rng, 6, 4, count=1))
    # Nothing is learned by the weights of a unit that was dropped.
    kept = np.mean(np.any(to_array(get_gradient(grads, "W2"), "grads['W2']", ndim=2), axis=1))
    if abs(kept - 0.8) > 0.1:
        raise CheckFailed(
            _("with dropout_keep_ratio 0.8, a share of {kept} is kept").format(kept=kept)
        )
    if not np.all(to_array(get_gradient(grads, "b2"), "grads['b2']")):
        raise CheckFailed(_("a score is dropped, too"))


@question("fully_connected_nets-sgd-momentum")
def test_sgd_momentum_by_hand(student, rng):
    """Two steps by hand: downhill, then on with half of the velocity where the ground is flat."""
    settings = {"learning_rate": 0.1, "momentum": 0.5}
    w, config = careful_step(student, "sgd_momentum", [1.0, 2.0], [10.0, -20.0], settings)
    assert_close(w, np.array([0.0, 4.0]), _("next_w, after one step,"))
    w, config = careful_step(student, "sgd_momentum", w, [0.0, 0.0], config)
    assert_close(w, np.array([-0.5, 5.0]), _("next_w, after two steps,"))
    assert_close(get_state(config, "velocity"), np.array([-0.5, 1.0]), "config['velocity']")


@question("fully_connected_nets-nesterov")
def test_nesterov_by_hand(student, rng):
    """Two steps by hand, the second where the ground is flat."""
    settings = {"learning_rate": 0.1, "momentum": 0.5}
    w, config = careful_step(student, "nesterov", [1.0, 2.0], [10.0, -20.0], settings)
    assert_close(w, np.array([-0.5, 5.0]), _("next_w, after one step,"))
    w, config = careful_step(student, "nesterov", w, [0.0, 0.0], config)
    assert_close(w, np.array([-0.75, 5.5]), _("next_w, after two steps,"))
    assert_close(get_state(config, "velocity"), np.array([-0.5, 1.0]), "config['velocity']")


@question("fully_connected_nets-adagrad")
def test_adagrad_by_hand(student, rng):
    """Two steps by hand: 9 and 25 in the cache and an epsilon of 1 make steps of 3/4 and 4/6."""
    settings = {"learning_rate": 1.0, "epsilon": 1.0}
    w, config = careful_step(student, "adagrad", [1.0, 2.0], [3.0, -4.0], settings)
    assert_close(w, np.array([1 - 3 / 4, 2 + 4 / 5]), _("next_w, after one step,"))
    w, config = careful_step(student, "adagrad", w, [4.0, 3.0], config)
    want = np.array([1 - 3 / 4 - 4 / 6, 2 + 4 / 5 - 3 / 6])
    assert_close(w, want, _("next_w, after two steps,"))
    assert_close(get_state(config, "cache"), np.array([25.0, 25.0]), "config['cache']")


@question("fully_connected_nets-adadelta")
def test_adadelta_by_hand(student, rng):
    """A step by hand: cache 12, so a step of 2 / 4 times the gradient 4; and delta 3."""
    settings = {"decay_rate": 0.25, "epsilon": 4.0}
    w, config = careful_step(student, "adadelta", [1.0, 2.0], [4.0, -4.0], settings)
    assert_close(w, np.array([-1.0, 4.0]), _("next_w, after one step,"))
    assert_close(get_state(config, "cache"), np.array([12.0, 12.0]), "config['cache']")
    assert_close(get_state(config, "delta"), np.array([3.0, 3.0]), "config['delta']")


@question("fully_connected_nets-rmsprop")
def test_rmsprop_by_hand(student, rng):
    """Two steps by hand: the cache is 4 and 1, then a quarter less, for lack of a gradient."""
    settings = {"learning_rate": 1.0, "decay_rate": 0.75, "epsilon": 0.5}
    w, config = careful_step(student, "rmsprop", [1.0, 2.0], [4.0, -2.0], settings)
    assert_close(w, np.array([1 - 4 / 2.5, 2 + 2 / 1.5]), _("next_w, after one step,"))
    w_before = w
    w, config = careful_step(student, "rmsprop", w, [0.0, 0.0], config)
    assert_close(w, w_before, _("next_w, after a step without a gradient,"))
    assert_close(get_state(config, "cache"), np.array([3.0, 0.75]), "config['cache']")


@question("fully_connected_nets-adam")
def test_adam_first_step(student, rng):
    """The first step has the length of the learning rate, whatever the gradient."""
    w, _config = step(
        student, "adam", [1.0, 2.0, 3.0], [0.01, -1000.0, 5.0], {"learning_rate": 0.1}
    )
    assert_close(w, np.array([0.9, 2.1, 2.9]), _("next_w, after one step,"), rtol=1e-5)


@question("fully_connected_nets-adam")
def test_adam_by_hand(student, rng):
    """A second step by hand, without a gradient: m is 2 and 1 there, v is 12 and 3, t is 2."""
    settings = {"learning_rate": 1.0, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}
    w, config = careful_step(student, "adam", [1.0, 2.0], [8.0, -4.0], settings)
    assert_close(w, np.array([1 - 8 / 9, 2 + 4 / 5]), _("next_w, after one step,"))
    w, config = careful_step(student, "adam", w, [0.0, 0.0], config)
    assert_close(get_state(config, "m"), np.array([2.0, -1.0]), "config['m']")
    assert_close(get_state(config, "v"), np.array([12.0, 3.0]), "config['v']")
    assert_equal(get_state(config, "t"), 2, "config['t']")
    # Corrected, m is divided by 3/4 and v by 7/16.
    moved = np.array([2, -1]) / 0.75 / (np.sqrt(np.array([12, 3]) / 0.4375) + 1)
    want = np.array([1 - 8 / 9, 2 + 4 / 5]) - moved
    assert_close(w, want, _("next_w, after two steps,"))


@question("fully_connected_nets-adamw")
def test_adamw_decay_alone(student, rng):
    """Without a gradient, each weight shrinks by a part of learning_rate * weight_decay."""
    settings = {"learning_rate": 0.1, "weight_decay": 0.5}
    w, config = careful_step(student, "adamw", [1.0, -20.0], [0.0, 0.0], settings)
    assert_close(w, np.array([0.95, -19.0]), _("next_w, after one step without a gradient,"))
    assert_close(get_state(config, "m"), np.zeros(2), "config['m']")


@question("fully_connected_nets-adamw")
def test_adamw_first_step(student, rng):
    """The first step has the length of the learning rate, and the decay besides."""
    settings = {"learning_rate": 0.1, "weight_decay": 0.5}
    w, _config = careful_step(student, "adamw", [1.0, -20.0], [3.0, 0.02], settings)
    assert_close(w, np.array([0.85, -19.1]), _("next_w, after one step,"), rtol=1e-5)


# --- shared with the hidden checks ---------------------------------------------------------------


def shapes_of(
    input_dim: int, hidden_dims: Sequence[int], num_classes: int, normalization: str | None = None
) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter."""
    widths = [input_dim, *hidden_dims, num_classes]
    shapes: dict[str, tuple[int, ...]] = {}
    for number, (before, after) in enumerate(pairwise(widths), start=1):
        shapes |= {f"W{number}": (before, after), f"b{number}": (after,)}
        if normalization and number <= len(hidden_dims):
            shapes |= {f"gamma{number}": (after,), f"beta{number}": (after,)}
    return shapes


def random_params(
    rng: np.random.Generator,
    input_dim: int,
    hidden_dims: Sequence[int],
    num_classes: int,
    normalization: str | None = None,
) -> dict[str, np.ndarray]:
    """Parameters of a network, none of them trivial."""
    made = {}
    for name, shape in shapes_of(input_dim, hidden_dims, num_classes, normalization).items():
        if name[0] == "W":
            made[name] = rng.normal(0, 1.5 / shape[0] ** 0.5, size=shape)
        elif name.startswith("gamma"):
            made[name] = rng.uniform(0.5, 2, size=shape)
        else:
            made[name] = rng.normal(0, 0.5, size=shape)
    return made


def random_data(
    rng: np.random.Generator, input_dim: int, num_classes: int, count: int = 6
) -> tuple[np.ndarray, np.ndarray]:
    """Examples and labels."""
    return rng.normal(size=(count, input_dim)), rng.integers(num_classes, size=count)


def make_net(
    student: Student, params: Mapping[str, np.ndarray], dtype: Any = np.float64, **settings: Any
) -> Remote:
    """The student's FullyConnectedNet with these parameters, and a depth to fit."""
    biases = [params[f"b{number}"] for number in range(1, 1 + count_layers(params))]
    net = student.FullyConnectedNet(
        [len(b) for b in biases[:-1]],
        input_dim=len(params["W1"]),
        num_classes=len(biases[-1]),
        dtype=dtype,
        **settings,
    )
    for name, value in params.items():
        net.set(f"params[{name!r}]", value.astype(dtype))
    return net


def count_layers(params: Mapping[str, np.ndarray]) -> int:
    """The number of affine layers."""
    return sum(name[0] == "W" for name in params)


def get_params(net: Remote) -> dict[str, np.ndarray]:
    """All parameters of a network as arrays."""
    params = net.get("params")
    if not isinstance(params, dict):
        raise CheckFailed(_("params is no dictionary"))
    return {name: to_array(value, str(name)) for name, value in params.items()}


def check_shapes(params: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]) -> None:
    """Are these the parameters, and have they these shapes?"""
    for name in shapes:
        if name not in params:
            raise CheckFailed(_("there is no params[{name!r}]").format(name=name))
        check_shape(params, name, shapes[name])
    if extra := sorted(params.keys() - shapes.keys()):
        raise CheckFailed(
            _("params has {names}, which this network does not need").format(names=", ".join(extra))
        )


def check_constants(params: dict[str, np.ndarray]) -> None:
    """Are biases and beta 0, and gamma 1?"""
    for name, value in params.items():
        if name[0] != "W":
            want = np.ones(value.shape) if name.startswith("gamma") else np.zeros(value.shape)
            assert_close(value, want, name)


def check_dtypes(params: dict[str, np.ndarray], dtype: Any) -> None:
    """Are all parameters of this type?"""
    for name, value in params.items():
        if value.dtype != dtype:
            raise CheckFailed(
                _("{name} is of type {got}, where {want} is expected").format(
                    name=name, got=value.dtype, want=np.dtype(dtype)
                )
            )


def check_slopes(
    student: Student, net: Remote, params: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray
) -> None:
    """Are the gradients of a network the slopes of its own loss?"""
    _loss, grads = model_loss(net, X, y)
    for name, value in params.items():
        answers = try_parameters(student, net, params, name, X, y)

        def losses(values: list[np.ndarray], answers: Callable = answers) -> list[float]:
            return [float(unpack(reply, "loss", ("loss", "grads"))[0]) for reply in answers(values)]

        want = numerical_gradient(losses, value)
        factors = {_("the number of examples"): float(len(X))}
        what = f"grads[{name!r}]"
        assert_close(get_gradient(grads, name), want, what, rtol=1e-5, atol=1e-6, factors=factors)


def check_added_gradients(
    student: Student,
    params: dict[str, np.ndarray],
    data: tuple[np.ndarray, np.ndarray],
    reg: float = 1.0,
    **settings: Any,
) -> None:
    """Does regularisation add reg * W to the gradients of the weights, and nothing to others?"""
    without, grads = (
        model_loss(make_net(student, params, reg=strength, **settings), *data)[1]
        for strength in (0.0, reg)
    )
    for name, value in params.items():
        added = to_array(get_gradient(grads, name)) - to_array(get_gradient(without, name))
        want = reg * value if name[0] == "W" else np.zeros_like(value)
        what = _("what reg = {reg:g} adds to {name}").format(reg=reg, name=f"grads[{name!r}]")
        assert_close(added, want, what, atol=1e-6)


def step(
    student: Student, rule: str, w: Any, dw: Any, config: Any, dtype: Any = np.float64
) -> tuple[np.ndarray, Any]:
    """The next w and config of the student's update rule."""
    w, dw = np.asarray(w, dtype), np.asarray(dw, dtype)
    next_w, config = unpack(student.call(rule, w, dw, config), rule, ("next_w", "config"))
    return to_array(next_w, "next_w", ndim=w.ndim), config


def careful_step(
    student: Student, rule: str, w: Any, dw: Any, config: Any
) -> tuple[np.ndarray, Any]:
    """The same, where w and dw have to stay as they are."""
    answer = step(student, rule, w, dw, config)
    assert_unchanged(student.changed, {0: "w", 1: "dw"})
    return answer


def get_state(config: Any, name: str) -> Any:
    """What a rule remembers under this name."""
    if isinstance(config, Remote):  # a subclass of dict
        try:
            return config.get(f"[{name!r}]")
        except StudentError:
            config = {}
    if not isinstance(config, dict) or name not in config:
        raise CheckFailed(_("config, as it is returned, has no {name!r}").format(name=name))
    return config[name]
