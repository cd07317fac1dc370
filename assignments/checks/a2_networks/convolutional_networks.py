"""What the public and hidden checks of convolutional_networks share with others."""

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import (
    check_shape,
)
from assignments.student import Remote, Student

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")
CONV_PARTS = ("dx", "dw", "db")
NORM_PARTS = ("dx", "dgamma", "dbeta")


def pooling(height: int, width: int, stride: int) -> dict[str, int]:
    """pool_param."""
    return {"pool_height": height, "pool_width": width, "stride": stride}


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
