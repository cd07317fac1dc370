"""Update rules: how the parameters move, once their gradients are known.

Each is a function ``f(w, dw, config=None)`` that returns the next ``w`` and ``config``, which holds
settings and whatever the rule must remember from step to step. What is missing in it is filled in.
:class:`assignments.solver.Solver` takes any such function.
"""

import numpy as np

__all__ = ["sgd"]


def sgd(w: np.ndarray, dw: np.ndarray, config: dict | None = None) -> tuple[np.ndarray, dict]:
    """Stochastic gradient descent: one step against the gradient.

    w, dw: a parameter and its gradient, of the same shape; neither is changed.
    config: ``learning_rate``, the length of the step (default 1e-2).
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    return w - config["learning_rate"] * dw, config
