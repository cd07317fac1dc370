"""The stand-ins of a2_networks are right: each against formulas or slopes that it does not use."""

import numpy as np
import pytest

from assignments import layers
from assignments.gradients import numerical_gradient, one_by_one
from assignments.optim import RULES, find_rule
from assignments.standins.a2_networks.fully_connected_nets import FullyConnectedNet


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def same(a, b, rtol=1e-9):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


def slopes(forward, arrays, dout):
    """Numerical gradients of sum(out * dout) for a function of arrays that returns (out, cache)."""
    for place, array in enumerate(arrays):

        def total(value, place=place):
            moved = [*arrays[:place], value, *arrays[place + 1 :]]
            return float(np.sum(forward(*moved)[0] * dout))

        yield numerical_gradient(one_by_one(total), array)


@pytest.mark.parametrize("forward", [layers.batchnorm_forward, layers.dropout_forward])
def test_an_unknown_mode_is_named(rng, forward):
    with pytest.raises(ValueError, match="tset"):
        forward(
            *([np.ones((2, 2))] * (3 if forward is layers.batchnorm_forward else 1)),
            {"mode": "tset", "p": 1},
        )


def test_dropout_repeats_with_a_seed_of_its_own_or_of_numpy():
    x = np.ones((20, 20))

    def out(**param):
        return layers.dropout_forward(x, {"mode": "train", "p": 0.5, **param})[0]

    same(out(seed=0), out(seed=0))
    assert not np.array_equal(out(seed=0), out(seed=1))
    assert not np.array_equal(out(), out())
    np.random.seed(3)
    first = out()
    np.random.seed(3)
    same(out(), first)


def test_affine_relu_is_both(rng):
    arrays = [rng.normal(size=(4, 2, 3)), rng.normal(size=(6, 5)), rng.normal(size=5)]
    x, w, b = arrays
    out, cache = layers.affine_relu_forward(x, w, b)
    same(out, np.maximum(x.reshape(4, 6) @ w + b, 0))
    dout = rng.normal(size=(4, 5))
    wanted = slopes(layers.affine_relu_forward, arrays, dout)
    for got, want in zip(layers.affine_relu_backward(dout, cache), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-8)


# --- the network ---------------------------------------------------------------------------------


def scores_by_hand(net, X, training):
    """The scores of a network from the layers of `assignments.layers`."""
    hidden = X.reshape(len(X), -1)
    for layer in range(1, net.num_layers):
        hidden = hidden @ net.params[f"W{layer}"] + net.params[f"b{layer}"]
        if net.normalization:
            norm = getattr(layers, f"{net.normalization}_forward")
            param = {**net.bn_params[layer - 1], "mode": "train" if training else "test"}
            gamma, beta = net.params[f"gamma{layer}"], net.params[f"beta{layer}"]
            hidden, _cache = norm(hidden, gamma, beta, param)
        hidden = np.maximum(hidden, 0)
        if net.dropout_keep_ratio != 1 and training:
            param = {"p": net.dropout_keep_ratio, "seed": net.seed, "mode": "train"}
            hidden, _cache = layers.dropout_forward(hidden, param)
    return hidden @ net.params[f"W{net.num_layers}"] + net.params[f"b{net.num_layers}"]


@pytest.mark.parametrize("keep", [1, 0.6])
@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
def test_the_network_agrees_with_its_layers_and_its_slopes(rng, normalization, keep):
    X, y = rng.normal(size=(6, 2, 3)), rng.integers(4, size=6)
    settings = {"normalization": normalization, "dropout_keep_ratio": keep, "reg": 0.4}
    net = FullyConnectedNet([5, 7], 6, 4, weight_scale=0.6, dtype=np.float64, seed=3, **settings)
    net.params = {
        name: value + rng.normal(0, 0.3, value.shape) for name, value in net.params.items()
    }
    scores = scores_by_hand(net, X, True)
    loss, grads = net.loss(X, y)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    penalty = 0.2 * sum(np.sum(net.params[f"W{layer}"] ** 2) for layer in (1, 2, 3))
    same(loss, penalty - log_p[np.arange(6), y].mean())
    assert grads.keys() == net.params.keys()
    for name, value in net.params.items():
        params = dict(net.params)

        def loss_at(moved, name=name, params=params):
            net.params = {**params, name: moved}
            return net.loss(X, y)[0]

        want = numerical_gradient(one_by_one(loss_at), value)
        net.params = params
        np.testing.assert_allclose(grads[name], want, rtol=1e-5, atol=1e-7)
    same(net.loss(X), scores_by_hand(net, X, False))
    assert net.loss(X).dtype == np.float64


def test_the_network_begins_as_described():
    net = FullyConnectedNet([30, 40], 50, 6, normalization="batchnorm", weight_scale=0.1)
    shapes = {name: value.shape for name, value in net.params.items()}
    assert shapes == {
        **{"W1": (50, 30), "b1": (30,), "gamma1": (30,), "beta1": (30,)},
        **{"W2": (30, 40), "b2": (40,), "gamma2": (40,), "beta2": (40,), "W3": (40, 6), "b3": (6,)},
    }
    assert {value.dtype for value in net.params.values()} == {np.dtype(np.float32)}
    assert abs(net.params["W1"].std() - 0.1) < 0.01
    assert np.all(net.params["gamma2"] == 1)
    assert not any(net.params[name].any() for name in ("b1", "beta1", "beta2", "b3"))
    loss, grads = net.loss(np.ones((2, 50)), np.array([1, 2]))
    assert type(loss) is float
    assert {grad.dtype for grad in grads.values()} == {np.dtype(np.float32)}


# --- update rules --------------------------------------------------------------------------------


def by_hand(rule, w, gradients, c):
    """Where the steps of a rule lead, number by number as the papers write them; c: its config."""
    v = m = cache = delta = 0.0
    for t, g in enumerate(gradients, start=1):
        lr, eps = c.get("learning_rate"), c.get("epsilon")
        match rule:
            case "sgd":
                step = -lr * g
            case "sgd_momentum":
                step = v = c["momentum"] * v - lr * g
            case "nesterov":
                before, v = v, c["momentum"] * v - lr * g
                step = -c["momentum"] * before + (1 + c["momentum"]) * v
            case "adagrad":
                cache += g**2
                step = -lr * g / (cache**0.5 + eps)
            case "adadelta":
                cache = c["decay_rate"] * cache + (1 - c["decay_rate"]) * g**2
                step = -((delta + eps) ** 0.5) / (cache + eps) ** 0.5 * g
                delta = c["decay_rate"] * delta + (1 - c["decay_rate"]) * step**2
            case "rmsprop":
                cache = c["decay_rate"] * cache + (1 - c["decay_rate"]) * g**2
                step = -lr * g / (cache**0.5 + eps)
            case "adam" | "adamw":
                m = c["beta1"] * m + (1 - c["beta1"]) * g
                v = c["beta2"] * v + (1 - c["beta2"]) * g**2
                m_hat, v_hat = m / (1 - c["beta1"] ** t), v / (1 - c["beta2"] ** t)
                decay = c["weight_decay"] * w if rule == "adamw" else 0
                step = -lr * (m_hat / (v_hat**0.5 + eps) + decay)
        w = w + step
    return w


DEFAULTS = {
    "sgd": {"learning_rate": 1e-2},
    "sgd_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
    "nesterov": {"learning_rate": 1e-2, "momentum": 0.9},
    "adagrad": {"learning_rate": 1e-2, "epsilon": 1e-8},
    "adadelta": {"decay_rate": 0.95, "epsilon": 1e-6},
    "rmsprop": {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
    "adam": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
DEFAULTS["adamw"] = {**DEFAULTS["adam"], "weight_decay": 1e-2}


@pytest.mark.parametrize("rule", RULES)
def test_ten_steps_are_as_the_papers_have_them(rng, rule):
    odd = {"learning_rate": 0.2, "momentum": 0.6, "decay_rate": 0.8, "epsilon": 0.01}
    odd |= {"beta1": 0.7, "beta2": 0.95, "weight_decay": 0.3}
    for settings in ({}, {key: odd[key] for key in DEFAULTS[rule]}):
        start, gradients = rng.normal(size=(3, 4)), rng.normal(size=(10, 3, 4))
        w, config = start, settings or None
        for dw in gradients:
            before = w.copy(), dw.copy()
            next_w, config = find_rule(rule)(w, dw, config)
            assert np.array_equal(w, before[0])
            assert np.array_equal(dw, before[1])
            w = next_w
        same(w, by_hand(rule, start, gradients, {**DEFAULTS[rule], **settings}))
        assert {**DEFAULTS[rule], **settings}.items() <= config.items()


@pytest.mark.parametrize("rule", RULES)
def test_single_precision_stays(rng, rule):
    w, dw = rng.normal(size=(2, 5)).astype(np.float32)
    w, config = find_rule(rule)(w, dw)
    w, config = find_rule(rule)(w, dw, config)
    assert w.dtype == np.float32
    assert all(
        np.asarray(value).dtype != np.float64 or np.ndim(value) == 0 for value in config.values()
    )


@pytest.mark.parametrize("rule", ["sgd_momentum", "nesterov"])
def test_the_learning_rate_may_change_between_steps(rule):
    w, config = find_rule(rule)(np.ones(1), np.ones(1), {"learning_rate": 0.5})
    _w, config = find_rule(rule)(w, np.zeros(1), {**config, "learning_rate": 0.0})
    same(config["velocity"], [-0.45])


def test_an_unknown_rule_is_named():
    with pytest.raises(ValueError, match=r"'adma'.*adamw"):
        find_rule("adma")
