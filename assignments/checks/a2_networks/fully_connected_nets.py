"""What the public and hidden checks of fully_connected_nets share with others."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import check_shape, get_gradient, model_loss
from assignments.compare import assert_close, to_array, unpack
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student, StudentError

NORMALIZATIONS = (None, "batchnorm", "layernorm")


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
