"""What the public and hidden checks of two_layer_net share with others."""

from collections.abc import Callable, Sequence

import numpy as np

from assignments.compare import assert_close, to_array, unpack, wrong_kind
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student, StudentError

NAMES = ("W1", "b1", "W2", "b2")


def forward(
    student: Student, name: str, *arrays: object, keep: bool = False
) -> tuple[object, Remote]:
    """out and cache of a forward function; the cache stays inside, and out too if it is to."""
    result = student.call(name, *arrays, keep=True)
    if result.type_name in ("NoneType", "ndarray"):
        raise CheckFailed(wrong_kind(result, name, "(out, cache)"))
    return result.get("[0]", keep=keep), result.get("[1]", keep=True)


def get_params(model: Remote, names: Sequence[str] = NAMES) -> dict[str, np.ndarray]:
    """The parameters of a model as arrays."""
    params = {}
    for name in names:
        try:
            params[name] = to_array(model.get(f"params[{name!r}]"), name)
        except StudentError as error:
            if error.blank:
                raise
            raise CheckFailed(_("there is no params[{name!r}]").format(name=name)) from error
    return params


def check_shape(params: dict[str, np.ndarray], name: str, shape: tuple[int, ...]) -> None:
    """Has this parameter the right shape?"""
    if params[name].shape != shape:
        raise CheckFailed(
            _("{name} has shape {got}, where {want} is expected").format(
                name=name, got=params[name].shape, want=shape
            )
        )


def check_spread(params: dict[str, np.ndarray], name: str, scale: float) -> None:
    """Do the weights scatter around 0 with this standard deviation, as far as chance allows?"""
    weights = params[name]
    if abs(weights.mean()) > 6 * weights.std() / weights.size**0.5:
        raise CheckFailed(_("the mean of {name} is not 0").format(name=name))
    # The standard deviation of n normal numbers is itself off by about 1 / sqrt(2n).
    if abs(weights.std() / scale - 1) > 6 / (2 * weights.size) ** 0.5:
        raise CheckFailed(
            _("the standard deviation of {name} is not weight_scale").format(name=name),
            _("it is {ratio:.3g} times weight_scale").format(ratio=weights.std() / scale),
        )


def random_params(
    rng: np.random.Generator, input_dim: int, hidden_dim: int, num_classes: int
) -> dict[str, np.ndarray]:
    """Parameters of a two-layer net, biases included, large enough to matter."""
    D, H, C = input_dim, hidden_dim, num_classes
    return {
        "W1": rng.normal(0, 1 / D**0.5, size=(D, H)),
        "b1": rng.normal(0, 0.5, size=H),
        "W2": rng.normal(0, 2 / H**0.5, size=(H, C)),
        "b2": rng.normal(0, 0.5, size=C),
    }


def make_model(student: Student, params: dict[str, np.ndarray], reg: float = 0.0) -> Remote:
    """The student's TwoLayerNet, with these parameters."""
    D, H = params["W1"].shape
    model = student.TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=len(params["b2"]), reg=reg)
    for name in NAMES:
        model.set(f"params[{name!r}]", params[name])
    return model


def model_loss(model: Remote, X: np.ndarray, y: np.ndarray) -> tuple[object, object]:
    """loss and gradients of a model."""
    loss, grads = unpack(model.loss(X, y), "loss", ("loss", "grads"))
    return loss, grads


def get_gradient(grads: object, name: str) -> object:
    """One of the gradients that a model's loss returned."""
    if isinstance(grads, Remote):  # a subclass of dict
        try:
            return grads.get(f"[{name!r}]")
        except StudentError:
            grads = {}
    if not isinstance(grads, dict) or name not in grads:
        raise CheckFailed(_("there is no gradient {name!r} in grads").format(name=name))
    return grads[name]


def try_parameters(
    student: Student, model: Remote, params: dict[str, np.ndarray], name: str, *data: np.ndarray
) -> Callable[[list[np.ndarray]], list]:
    """A function from many values of one parameter to what the model's loss says of the data."""
    update = model.get("params.update", keep=True)
    loss = model.get("loss", keep=True)

    def answers(values: list[np.ndarray]) -> list:
        calls: list[tuple] = []
        for value in values:
            calls += [(update, {name: value}), (loss, *data)]
        return student.batch([*calls, (update, {name: params[name]})])[1:-1:2]

    return answers


def check_slopes(
    student: Student,
    layer: str,
    arrays: list,
    dout: np.ndarray,
    parts: tuple[str, ...],
    backward: str = "",
) -> None:
    """Are the gradients of a layer, from <layer>_backward or another, those of sum(out * dout)?

    Args:
        parts: names of the gradients.
    """
    backward = backward or f"{layer}_backward"
    _out, cache = forward(student, f"{layer}_forward", *arrays)
    result = student.call(backward, dout, cache)
    gradients = [result] if len(parts) == 1 else unpack(result, backward, parts)
    for place, (gradient, part) in enumerate(zip(gradients, parts, strict=True)):

        def weighted_sums(values: list[np.ndarray], place: int = place) -> list[float]:
            calls = [
                (f"{layer}_forward", *arrays[:place], value, *arrays[place + 1 :])
                for value in values
            ]
            names = ("out", "cache")
            outs = [unpack(reply, f"{layer}_forward", names)[0] for reply in student.batch(calls)]
            return [float(np.sum(to_array(out, "out") * dout)) for out in outs]

        want = numerical_gradient(weighted_sums, arrays[place])
        factors = {_("the number of examples"): float(len(dout))}
        assert_close(gradient, want, part, rtol=1e-5, atol=1e-6, factors=factors)
