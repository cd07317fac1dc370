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

ONE_STEP = _("next_w after one step")
TWO_STEPS = _("next_w after two steps")
#: Mistakes that several update rules share.
STAYS = _("w has not moved")
UPHILL = _("the step goes uphill: is a minus missing?")
NOT_KEPT = _("the velocity of the first step is lost: is it in the config that is returned?")
NO_ROOT = _("the root is missing")
UNDER_ROOT = _("epsilon stands under the root; add it to the root")
RATES = _("decay_rate and 1 - decay_rate are exchanged")


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
    chances = np.exp(want) / np.exp(want).sum()
    known = {
        _("this is the net without ReLU"): [[-199.0, 398.0, -98.5]],
        _("there is a ReLU after the last layer"): np.maximum(want, 0),
        _("the last hidden unit is 0 where it should be 1: are b1 and b2 added?"): [[0.0, 0, 1]],
        _("b3 is missing"): [[1.0, -2.0, 0.5]],
        _("no bias is added"): np.zeros((1, 3)),
        _("these are probabilities; leave softmax to softmax_loss"): chances,
        _("these are logarithms of probabilities; leave softmax to softmax_loss"): np.log(chances),
    }
    assert_close(net.loss(np.array([[1.0, 1.0]])), want, "scores", known=known, show=True)


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
    known = {
        _("the sum over the examples, not the mean"): 6 * math.log(4),
        _("divided by the number of examples; softmax_loss has done that"): math.log(4) / 6,
        _("without regularisation it is the softmax loss: is that overwritten?"): 0.0,
    }
    assert_close(loss, math.log(4), "loss", known=known, show=True)


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
    W1_squared, W2_squared, b_squared = 6 * 4, 2 * 1 + 2 * 16, 25 + 2 * 16
    gamma_squared, beta_squared = 3 * 9, 3
    both = W1_squared + W2_squared
    extras = gamma_squared + beta_squared
    known = {
        _("the regularisation is missing"): 0.0,
        _("the factor 0.5 is missing"): 0.1 * both,
        _("the biases are in it, too"): 0.05 * (both + b_squared),
        _("gamma and beta are in it, too"): 0.05 * (both + extras),
        _("biases, gamma and beta are in it, too"): 0.05 * (both + b_squared + extras),
        _("only W1 is in it; here the last weights are W2"): 0.05 * W1_squared,
        _("only W2, the last weights, is in it"): 0.05 * W2_squared,
        _("it is divided by the number of examples"): 0.05 * both / 3,
        _("the weights are not squared"): 0.05 * (6 * 2 + 2 * 1 + 2 * 4),
        _("these are lengths of the weights; square them"): 0.05
        * (math.sqrt(W1_squared) + math.sqrt(W2_squared)),
    }
    what = _("the regularisation in the loss")
    assert_close(added, 0.05 * both, what, known=known, show=True)


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
    known = {
        _("these are the scores without normalisation"): [[3.0, 0.0]],
        _("the normalisation comes after the ReLU; it belongs before it"): [[3.0, -3.0]],
        _("gamma and beta are missing"): [[1.0, -1.0]],
    }
    scores = net.loss(np.ones((1, 2)))
    assert_close(scores, np.array([[3.0, -1.0]]), "scores", rtol=1e-4, known=known, show=True)


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
        raise CheckFailed(
            _("the scores of two images change when two others are left out"),
            _("is the mode in each of self.bn_params 'test' where y is None?"),
        )
    if not np.allclose(scores, same):
        raise CheckFailed(
            _("without y, dropout changes the scores"),
            _("is the mode in self.dropout_param 'test' where y is None?"),
        )


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
            raise CheckFailed(
                _("after 200 calls with y, the scores without y have another loss"),
                _(
                    "does batchnorm_forward get self.bn_params[l - 1] itself, with mode 'train' "
                    "where y is given?"
                ),
            )


@question("fully_connected_nets-normalization-dropout")
def test_normalization_slopes(student, rng):
    """With normalisation, with dropout and with both, all gradients are the slopes of your loss."""
    for normalization in NORMALIZATIONS:
        for keep in (1, 0.7):
            if normalization or keep != 1:
                params = random_params(rng, 4, [6, 5], 3, normalization)
                settings = {"normalization": normalization, "dropout_keep_ratio": keep, "seed": 1}
                net = make_net(student, params, **settings)
                where = f" (normalization={normalization!r}, dropout_keep_ratio={keep})"
                check_slopes(student, net, params, *random_data(rng, 4, 3), where=where)


@question("fully_connected_nets-normalization-dropout")
def test_normalization_regularisation(student, rng):
    """reg adds nothing to the gradients of gamma and beta."""
    params = random_params(rng, 4, [5, 3], 3, "batchnorm")
    check_added_gradients(student, params, random_data(rng, 4, 3), normalization="batchnorm")


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
            _("with dropout_keep_ratio 0.8, a share of {kept:.2g} is kept").format(kept=kept),
            _("no unit is dropped: where is dropout_forward called?") if kept == 1 else "",
        )
    if not np.all(to_array(get_gradient(grads, "b2"), "grads['b2']")):
        raise CheckFailed(_("a score is dropped, too"))


@question("fully_connected_nets-sgd-momentum")
def test_sgd_momentum_by_hand(student, rng):
    """Two steps by hand: downhill, then on with half of the velocity where the ground is flat."""
    settings = {"learning_rate": 0.1, "momentum": 0.5}
    w, config = careful_step(student, "sgd_momentum", [1.0, 2.0], [10.0, -20.0], settings)
    known = {
        STAYS: [1.0, 2.0],
        UPHILL: [2.0, 0.0],
        _("the gradient has a factor 1 - momentum, which is not in the formula"): [0.5, 3.0],
        _("this is Nesterov's momentum"): [-0.5, 5.0],
    }
    assert_close(w, np.array([0.0, 4.0]), ONE_STEP, known=known, show=True)
    w, config = careful_step(student, "sgd_momentum", w, [0.0, 0.0], config)
    known = {NOT_KEPT: [0.0, 4.0], _("momentum is 0.9; take it from config"): [-0.9, 5.8]}
    assert_close(w, np.array([-0.5, 5.0]), TWO_STEPS, known=known, show=True)
    check_velocity(config)


@question("fully_connected_nets-sgd-momentum")
def test_sgd_momentum_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "sgd_momentum")


@question("fully_connected_nets-nesterov")
def test_nesterov_by_hand(student, rng):
    """Two steps by hand, the second where the ground is flat."""
    settings = {"learning_rate": 0.1, "momentum": 0.5}
    w, config = careful_step(student, "nesterov", [1.0, 2.0], [10.0, -20.0], settings)
    known = {
        STAYS: [1.0, 2.0],
        UPHILL: [2.5, -1.0],
        _("w moves by the new velocity alone; are the old one and the new one kept apart?"): [0, 4],
        _("the new velocity has the factor momentum; is it 1 + momentum?"): [0.5, 3.0],
    }
    assert_close(w, np.array([-0.5, 5.0]), ONE_STEP, known=known, show=True)
    w, config = careful_step(student, "nesterov", w, [0.0, 0.0], config)
    known = {
        NOT_KEPT: [-0.5, 5.0],
        _("the old velocity is added where it should be subtracted"): [-1.75, 7.5],
        _("the old velocity is not subtracted"): [-1.25, 6.5],
    }
    assert_close(w, np.array([-0.75, 5.5]), TWO_STEPS, known=known, show=True)
    check_velocity(config)


@question("fully_connected_nets-nesterov")
def test_nesterov_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "nesterov")


@question("fully_connected_nets-adagrad")
def test_adagrad_by_hand(student, rng):
    """Two steps by hand: 9 and 25 in the cache and an epsilon of 1 make steps of 3/4 and 4/6."""
    settings = {"learning_rate": 1.0, "epsilon": 1.0}
    start, slope = np.array([1.0, 2.0]), np.array([3.0, -4.0])
    w, config = careful_step(student, "adagrad", start, slope, settings)
    check_roots(w, slope)
    known = {
        STAYS: start,
        UPHILL: start + slope / [4, 5],
        NO_ROOT: start - slope / [10, 17],
        UNDER_ROOT: start - slope / np.sqrt([10, 17]),
        _("the cache is used before this gradient is added to it"): start - slope,
        _("the gradients are not squared"): start - slope / (np.sqrt(np.abs(slope)) + 1),
        _("is it divided by the root alone, without epsilon?"): start - [1, -1],
        _("the squares are summed over all numbers; each has a cache of its own"): start
        - slope / 6,
        _("this is the step without the gradient"): start - 1 / np.array([4, 5]),
    }
    assert_close(w, start - slope / [4, 5], ONE_STEP, known=known, show=True)
    before = w
    w, config = careful_step(student, "adagrad", w, [4.0, 3.0], config)
    known = {
        _("the squares of the gradient before are not in the cache"): before - [4 / 5, 3 / 4],
    }
    assert_close(w, before - [4 / 6, 3 / 6], TWO_STEPS, known=known, show=True)
    assert_close(get_state(config, "cache"), np.array([25.0, 25.0]), "config['cache']", show=True)


@question("fully_connected_nets-adagrad")
def test_adagrad_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "adagrad")


@question("fully_connected_nets-adadelta")
def test_adadelta_by_hand(student, rng):
    """A step by hand: cache 12, so a step of 2 / 4 times the gradient 4; and delta 3."""
    settings = {"decay_rate": 0.25, "epsilon": 4.0}
    w, config = careful_step(student, "adadelta", [1.0, 2.0], [4.0, -4.0], settings)
    places = {
        _("nothing moves: is epsilon under the upper root, too?"): 0,
        UPHILL: -2,
        _("epsilon is added to the roots; here it stands under them"): 16 / (math.sqrt(12) + 4),
        _("the cache is used before this gradient is in it"): 4,
        RATES: 8 / math.sqrt(8),
        _("the two roots are exchanged"): 8,
        _("the cache is a sum, as in AdaGrad, not a running mean"): 8 / math.sqrt(20),
        _("delta is used after this step is in it; take the one before"): math.sqrt(7),
        _("there is a learning rate, which the formula does not have"): 0.02,
    }
    known = {sentence: [1.0 - moved, 2.0 + moved] for sentence, moved in places.items()}
    assert_close(w, np.array([-1.0, 4.0]), ONE_STEP, known=known, show=True)
    assert_close(get_state(config, "cache"), np.array([12.0, 12.0]), "config['cache']", show=True)
    known = {
        _("it is a mean of squared gradients; it should be one of squared steps"): [12.0, 12.0],
        _("the steps are not squared"): [-1.5, 1.5],
        RATES: [1.0, 1.0],
    }
    delta = get_state(config, "delta")
    assert_close(delta, np.array([3.0, 3.0]), "config['delta']", known=known, show=True)


@question("fully_connected_nets-adadelta")
def test_adadelta_goes_on(student, rng):
    """From cache 36 and delta 12, the cache becomes 21, and the step is 4 / 5 of the gradient."""
    config = {"decay_rate": 0.25, "epsilon": 4.0, "cache": np.array([36.0])}
    config |= {"delta": np.array([12.0])}
    w, config = careful_step(student, "adadelta", [1.0], [4.0], config)
    known = {
        _("the step begins with zeros; read cache and delta from config"): [-1.0],
        _("delta begins with zeros; read it from config"): [1 - 8 / 5],
        _("the cache begins with zeros; read it from config"): [-3.0],
    }
    assert_close(w, np.array([-2.2]), ONE_STEP, known=known, show=True)


@question("fully_connected_nets-adadelta")
def test_adadelta_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "adadelta")


@question("fully_connected_nets-rmsprop")
def test_rmsprop_by_hand(student, rng):
    """Two steps by hand: the cache is 4 and 1, then a quarter less, for lack of a gradient."""
    settings = {"learning_rate": 1.0, "decay_rate": 0.75, "epsilon": 0.5}
    start, slope = np.array([1.0, 2.0]), np.array([4.0, -2.0])
    w, config = careful_step(student, "rmsprop", start, slope, settings)
    check_roots(w, slope)
    known = {
        STAYS: start,
        UPHILL: start + slope / [2.5, 1.5],
        NO_ROOT: start - slope / [4.5, 1.5],
        UNDER_ROOT: start - slope / np.sqrt([4.5, 1.5]),
        RATES: start - slope / (np.sqrt([12, 3]) + 0.5),
        _("the cache is the whole square: where is the factor 1 - decay_rate?"): start
        - slope / [4.5, 2.5],
        _("the cache is used before this gradient is in it"): start - slope / 0.5,
    }
    assert_close(w, start - slope / [2.5, 1.5], ONE_STEP, known=known, show=True)
    w_before = w
    w, config = careful_step(student, "rmsprop", w, [0.0, 0.0], config)
    assert_close(w, w_before, _("next_w after a step without a gradient"))
    known = {_("the cache before is lost; read it from config"): [0.0, 0.0], RATES: [1.0, 0.25]}
    cache = get_state(config, "cache")
    assert_close(cache, np.array([3.0, 0.75]), "config['cache']", known=known, show=True)


@question("fully_connected_nets-rmsprop")
def test_rmsprop_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "rmsprop")


@question("fully_connected_nets-adam")
def test_adam_first_step(student, rng):
    """The first step has the length of the learning rate, whatever the gradient."""
    start, slope = np.array([1.0, 2.0, 3.0]), np.array([0.1, -1000.0, 5.0])
    w, _config = step(student, "adam", start, slope, {"learning_rate": 0.1})
    if np.isnan(w).all():
        raise CheckFailed(
            _("next_w contains NaN"),
            _("is t still 0 in the first step? Then 1 - beta**t is 0, and it is a divisor"),
        )
    check_roots(w, slope)
    # m is 0.1 times the gradient and v 0.001 times its square, before they are corrected.
    parts = {
        _("neither m nor v is corrected"): (0.1, 0.001),
        _("m is corrected, v is not"): (1, 0.001),
        _("v is corrected, m is not"): (0.1, 1),
        _("t is 2 in the first step; it should be 1"): (0.1 / 0.19, 0.001 / 0.001999),
        _("m and v are multiplied by 1 - beta**t; divide them by it"): (0.01, 1e-6),
        UPHILL: (-1, 1),
    }
    known = {
        sentence: start - 0.1 * m * slope / (np.sqrt(v * slope**2) + 1e-8)
        for sentence, (m, v) in parts.items()
    }
    known |= {NO_ROOT: start - 0.1 / slope}
    want = start - 0.1 * np.sign(slope)
    assert_close(w, want, ONE_STEP, rtol=1e-5, known=known, show=True)


@question("fully_connected_nets-adam")
def test_adam_by_hand(student, rng):
    """A second step by hand, without a gradient: m is 2 and 1 there, v is 12 and 3, t is 2."""
    settings = {"learning_rate": 1.0, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}
    start = np.array([1.0, 2.0])
    w, config = careful_step(student, "adam", start, [8.0, -4.0], settings)
    known = {
        UNDER_ROOT: start - [8 / math.sqrt(65), -4 / math.sqrt(17)],
        _("m and v are not corrected, or epsilon is added before v is"): start
        - [8 / (2 * (4 + 1)), -4 / (2 * (2 + 1))],
    }
    assert_close(w, start - [8 / 9, -4 / 5], ONE_STEP, known=known, show=True)
    w, config = careful_step(student, "adam", w, [0.0, 0.0], config)
    known = {
        _("this is m after its correction; keep the one before"): [16 / 3, -8 / 3],
        _("beta1 and beta2 are exchanged"): [1.5, -0.75],
        _("it begins with zeros; read it from config"): [0.0, 0.0],
    }
    assert_close(
        get_state(config, "m"), np.array([2.0, -1.0]), "config['m']", known=known, show=True
    )
    known = {
        _("this is v after its correction; keep the one before"): np.array([48, 12]) / 0.4375,
        _("it begins with zeros; read it from config"): [0.0, 0.0],
    }
    assert_close(
        get_state(config, "v"), np.array([12.0, 3.0]), "config['v']", known=known, show=True
    )
    assert_equal(get_state(config, "t"), 2, "config['t']", show=True)
    # Corrected, m is divided by 3/4 and v by 7/16.
    m, v, first = np.array([2, -1]), np.array([12, 3]), np.array([1 - 8 / 9, 2 + 4 / 5])
    known = {
        _("the corrections are still those of the first step; is t counted?"): first
        - m / 0.5 / (np.sqrt(v / 0.25) + 1),
        _("m and v are not corrected"): first - m / (np.sqrt(v) + 1),
    }
    want = first - m / 0.75 / (np.sqrt(v / 0.4375) + 1)
    assert_close(w, want, TWO_STEPS, known=known, show=True)


@question("fully_connected_nets-adam")
def test_adam_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "adam")


@question("fully_connected_nets-adamw")
def test_adamw_decay_alone(student, rng):
    """Without a gradient, each weight shrinks by a part of learning_rate * weight_decay."""
    settings = {"learning_rate": 0.1, "weight_decay": 0.5}
    w, config = careful_step(student, "adamw", [1.0, -20.0], [0.0, 0.0], settings)
    known = {
        _("the decay is missing"): [1.0, -20.0],
        _("the decay goes through m and v: it is added to the gradient"): [0.9, -19.9],
        _("the decay is not multiplied by the learning rate"): [0.5, -10.0],
        _("the weights grow: is a minus missing?"): [1.05, -21.0],
        _("half of the decay: here there is no factor 0.5"): [0.975, -19.5],
        _("all weights lose the same; they should lose the same part of themselves"): [
            0.95,
            -19.95,
        ],
    }
    what = _("next_w after one step without a gradient")
    assert_close(w, np.array([0.95, -19.0]), what, known=known, show=True)
    assert_close(get_state(config, "m"), np.zeros(2), "config['m']", show=True)


@question("fully_connected_nets-adamw")
def test_adamw_first_step(student, rng):
    """The first step has the length of the learning rate, and the decay besides."""
    settings = {"learning_rate": 0.1, "weight_decay": 0.5}
    w, _config = careful_step(student, "adamw", [1.0, -20.0], [3.0, 0.02], settings)
    known = {
        _("the decay is missing"): [0.9, -20.1],
        _("the decay goes through m and v: it is added to the gradient"): [0.9, -19.9],
        _("the decay shrinks the weights after the step; take those before"): [0.855, -19.095],
    }
    assert_close(w, np.array([0.85, -19.1]), ONE_STEP, rtol=1e-5, known=known, show=True)


@question("fully_connected_nets-adamw")
def test_adamw_defaults(student, rng):
    """Without a config, the learning rate is 0.001 and weight_decay 0.01."""
    w, config = step(student, "adamw", [1000.0], [0.0], None)
    assert_close(get_state(config, "weight_decay"), 0.01, "config['weight_decay']", show=True)
    assert_close(get_state(config, "learning_rate"), 0.001, "config['learning_rate']", show=True)
    assert_close(w, np.array([999.99]), ONE_STEP, rtol=1e-9, show=True)


@question("fully_connected_nets-adamw")
def test_adamw_type(student, rng):
    """next_w has the type of w, also in single precision."""
    check_type(student, "adamw")


def check_velocity(config: Any) -> None:
    """Is it what was added to w in the second of the steps by hand?"""
    known = {
        _("the learning rate is not in it; it should be what is added to w"): [5.0, -10.0],
        _("the learning rate is not in it, and its sign is flipped"): [-5.0, 10.0],
        _("its sign is flipped; it should be what is added to w"): [0.5, -1.0],
    }
    velocity = get_state(config, "velocity")
    what = "config['velocity']"
    assert_close(velocity, np.array([-0.5, 1.0]), what, known=known, show=True)


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
            _("params has {names}, which this network does not need").format(
                names=", ".join(extra)[:100]
            )
        )


def check_constants(params: dict[str, np.ndarray], show: bool = False) -> None:
    """Are biases and beta 0, and gamma 1?"""
    for name, value in params.items():
        if name[0] != "W":
            want = np.ones(value.shape) if name.startswith("gamma") else np.zeros(value.shape)
            assert_close(value, want, name, show=show)


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
    student: Student,
    net: Remote,
    params: dict[str, np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    where: str = "",
) -> None:
    """Are the gradients of a network the slopes of its own loss?

    where: said after the name of a gradient.
    """
    _loss, grads = model_loss(net, X, y)
    found = {name: get_gradient(grads, name) for name in params}
    factors = {_("the number of examples"): float(len(X))}
    for layer in range(count_layers(params), 0, -1):  # in the order of the way back
        slopes = {}
        for name in (name for name in params if name.lstrip("Wabegmt") == str(layer)):
            answers = try_parameters(student, net, params, name, X, y)

            def losses(values: list[np.ndarray], answers: Callable = answers) -> list[float]:
                return [
                    float(unpack(reply, "loss", ("loss", "grads"))[0]) for reply in answers(values)
                ]

            slopes[name] = numerical_gradient(losses, params[name])
        for name, want in slopes.items():
            known = {
                _("it is the gradient of {name}").format(name=other): slope
                for other, slope in slopes.items()
                if other != name
            }
            what = f"grads[{name!r}]{where}"
            try:
                assert_close(
                    found[name], want, what, rtol=1e-5, atol=1e-6, factors=factors, known=known
                )
            except CheckFailed as failure:
                if failure.symptom or layer == count_layers(params):
                    raise
                symptom = _(
                    "the gradients of layer {later} are right; look at the way back from it"
                ).format(later=layer + 1)
                raise CheckFailed(failure.reason, symptom) from failure


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
        known = {
            _("the regularisation is missing"): np.zeros_like(want),
            _("only the weights W are regularised"): reg * value,
        }
        assert_close(added, want, what, atol=1e-6, known=known)


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
    """The same, where w and dw have to stay as they are, and config keeps its names."""
    next_w, new = step(student, rule, w, dw, config)
    assert_unchanged(student.changed, {0: "w", 1: "dw"})
    for name in config:  # the settings that were given, and what was remembered
        get_state(new, name)
    return next_w, new


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
