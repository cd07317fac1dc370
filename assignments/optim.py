"""Update rules: how the parameters move, once their gradients are known.

Each is a function ``f(w, dw, config=None)`` that returns the next ``w`` and ``config``, which holds
settings and whatever the rule must remember from step to step. What is missing in it is filled in.
:class:`assignments.solver.Solver` takes any such function, or the name of one.
"""

from collections.abc import Callable

import numpy as np

from assignments.messages import _

__all__ = ["RULES", "UpdateRule", "find_rule", "sgd"]

UpdateRule = Callable[..., tuple[np.ndarray, dict]]

#: Names of update rules.
RULES = ("sgd", "sgd_momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "adamw")


def sgd(w: np.ndarray, dw: np.ndarray, config: dict | None = None) -> tuple[np.ndarray, dict]:
    """Stochastic gradient descent: one step against the gradient.

    w, dw: a parameter and its gradient, of the same shape; neither is changed.
    config: ``learning_rate``, the length of the step (default 1e-2).
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    return w - config["learning_rate"] * dw, config


def find_rule(name: str) -> UpdateRule:
    """The update rule of this name.

    All but sgd are written in ``a2_networks/fully_connected_nets``; here its stand-ins answer.

    Raises:
        ValueError: there is none.
    """
    if name not in RULES:
        raise ValueError(
            _("there is no update rule {name!r}; there are {names}").format(
                name=name, names=", ".join(RULES)
            )
        )
    if name == "sgd":
        return sgd
    # Only when asked for: PyTorch takes a second to import.
    from assignments.standins.a2_networks import fully_connected_nets

    return getattr(fully_connected_nets, name)
