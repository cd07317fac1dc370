"""What two_layer_net asks for, declared once; its stand-ins follow.

They are for a student who comes to a later notebook without having finished this one. No gradient
is written out here.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.families import kinks
from assignments.families.function import Function
from assignments.families.layer import Layer
from assignments.families.loss import Loss
from assignments.families.model import Model, Params
from assignments.standins.a1_classifiers.svm import hinge

__all__ = [
    "TwoLayerNet",
    "affine_backward",
    "affine_forward",
    "relu_backward",
    "relu_forward",
    "softmax_loss",
    "svm_loss",
]


def affine_inputs(
    rng: np.random.Generator, shape: tuple[int, ...], outputs: int
) -> tuple[np.ndarray, ...]:
    """x, w and b, none centred on zero."""
    inputs = int(np.prod(shape[1:]))
    x = rng.normal(0.3, 1, size=shape)
    return x, rng.normal(0.2, 1, size=(inputs, outputs)), rng.normal(0.5, 2, size=outputs)


affine = Layer(
    "affine",
    twin=lambda x, w, b: F.linear(x.flatten(1).to(w.dtype), w.T, b),
    inputs=affine_inputs,
    arguments=("x", "w", "b"),
)
affine_forward, affine_backward = affine.standin()


def away_from_zero(rng: np.random.Generator, *shape: int) -> tuple[np.ndarray]:
    """Numbers of both signs, none close to the kink of ReLU."""
    return (rng.choice([-1.0, 1.0], size=shape) * (0.02 + rng.exponential(size=shape)),)


relu = Layer("relu", twin=F.relu, inputs=away_from_zero)
relu_forward, relu_backward = relu.standin()


def scores_and_labels(
    rng: np.random.Generator, examples: int = 9, classes: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Scores with margins of every kind, none close to the kink of the hinge.

    The first of several examples has no margin at all.
    """
    y = rng.integers(classes, size=examples)
    while True:
        x = rng.normal(0.4, 1.2, size=(examples, classes))
        x[: examples > 1, y[0]] = x[0].max() + 1.5
        if np.abs(x - x[np.arange(examples), y][:, None] + 1).min() > 0.02:
            return x, y


svm = Loss("svm_loss", hinge, scores_and_labels)
svm_loss = svm.standin()
softmax = Loss("softmax_loss", F.cross_entropy, scores_and_labels)
softmax_loss = softmax.standin()


def net_shapes(
    input_dim: int, hidden_dim: int, num_classes: int, **_others: Any
) -> dict[str, tuple[int, ...]]:
    """affine - ReLU - affine."""
    first = {"W1": (input_dim, hidden_dim), "b1": (hidden_dim,)}
    return {**first, "W2": (hidden_dim, num_classes), "b2": (num_classes,)}


def net_scores(p: Params, X: torch.Tensor, settings: Mapping, training: bool) -> torch.Tensor:
    """affine - ReLU - affine."""
    return affine.twin(kinks.relu(affine.twin(X, p["W1"], p["b1"])), p["W2"], p["b2"])


net = Model(
    "TwoLayerNet",
    defaults={
        "input_dim": 3072, "hidden_dim": 100, "num_classes": 10, "weight_scale": 1e-3, "reg": 0.0,
    },
    shapes=net_shapes,
    images=lambda input_dim, **_others: (input_dim,),
    twin=net_scores,
)  # fmt: skip
TwoLayerNet = net.standin()


# --- asked for in its stretch exercise -----------------------------------------------------------


leaky = Layer(
    "leaky_relu",
    twin=lambda x, slope: F.leaky_relu(x, slope),
    inputs=lambda rng, *shape: (*away_from_zero(rng, *shape), 0.2),
    arguments=("x", "slope"),
)
dead_units = Function(
    "count_dead_units",
    twin=lambda hidden: int(np.count_nonzero(hidden.max(axis=0) == 0)),
    inputs=lambda rng, N, H: (np.maximum(rng.normal(size=(N, H)), 0) * (rng.random(size=H) < 0.6),),
    arguments=("hidden",),
    outputs=("count",),
)
