"""A model in NumPy: a class with a dictionary ``params`` and a method ``loss(X, y=None)``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Unpack

import numpy as np
import torch
from torch.nn import functional as F

from assignments.compare import Tolerance, assert_close, to_array, unpack
from assignments.families import kinks
from assignments.families.exercise import Exercise
from assignments.gradients import numerical_gradient
from assignments.messages import N_, _
from assignments.student import CheckFailed, Remote, Student, StudentError

__all__ = [
    "Init",
    "Model",
    "Net",
    "Trainable",
    "check_shape",
    "check_spread",
    "get_gradient",
    "get_params",
    "model_loss",
    "try_parameters",
]

Params = Mapping[str, torch.Tensor]

#: What ``loss`` returns in training.
LOSS = ("loss", "grads")


@dataclass(frozen=True)
class Trainable:
    """A class ``name(**settings)`` with ``params`` and ``loss(X, y)``, which has gradients.

    Attributes:
        name: the class's.
        defaults: all settings of its constructor, in their order, with their defaults.
        shapes: the shapes of all parameters by name, in their order: ``shapes(**settings)``.
            Names with a W are weights, which are drawn and regularised, all others begin with 0.
    """

    name: str
    defaults: Mapping[str, Any]
    shapes: Callable[..., dict[str, tuple[int, ...]]]

    def shapes_for(self, settings: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
        """The shapes of all parameters; what settings leave out is the default."""
        return self.shapes(**{**self.defaults, **settings})

    def first_params(self, settings: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The parameters that training begins with."""
        scale = settings["weight_scale"]
        return {n: _first(n, shape, scale) for n, shape in self.shapes_for(settings).items()}

    def case(self, settings: Mapping, params: dict, X: np.ndarray, y: Any = None) -> "Net":
        """An object of the class with data."""
        raise NotImplementedError

    def standin(self) -> type:
        """The class itself, by the twin, for somebody who comes without it."""
        model = self

        class Standin:
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                given = dict(zip(model.defaults, args, strict=False)) | kwargs
                settings = {**model.defaults, **given}
                vars(self).update(settings)
                dtype = settings.get("dtype", np.float64)
                params = model.first_params(settings)
                self.params = {name: value.astype(dtype) for name, value in params.items()}

            def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
                """Scores (N, C), or with labels y the loss and its gradients by name."""
                # A student's own constructor may have made this object.
                net = model.case({**model.defaults, **vars(self)}, self.params, X, y)
                leaves = net.leaves(keep=True)
                if y is None:
                    return net.scores(leaves, training=False).detach().numpy()
                loss = net.loss(leaves)
                return loss.item(), net.gradients_of(loss, leaves)

        Standin.__name__ = Standin.__qualname__ = self.name
        return Standin


@dataclass(frozen=True)
class Model(Trainable):
    """A class ``name(**settings)`` with ``params`` and ``loss(X, y=None)``.

    ``loss`` returns the scores (N, C), or with labels the softmax loss, to which half of ``reg``
    times all squared weights is added, and its gradients by the names of the parameters.

    Attributes:
        images: the shape of one example: ``images(**settings)``.
        twin: the scores by PyTorch: ``twin(params, X, settings, training)``, with
            :func:`assignments.families.kinks.relu` in the place of ReLU.
    """

    images: Callable[..., tuple[int, ...]]
    twin: Callable[[Params, torch.Tensor, Mapping[str, Any], bool], torch.Tensor]

    @cached_property
    def init(self) -> "Init":
        """What is asked of the constructor."""
        return Init(self)

    @cached_property
    def scores(self) -> "Scores":
        """What is asked of ``loss`` without labels."""
        return Scores(self)

    @cached_property
    def loss(self) -> "LossValue":
        """What is asked of the loss."""
        return LossValue(self)

    @cached_property
    def gradients(self) -> "Gradients":
        """What is asked of the gradients."""
        return Gradients(self)

    def case(self, settings: Mapping, params: dict, X: np.ndarray, y: Any = None) -> "Net":
        return Net(self, settings, params, X, y)

    def net(
        self, rng: np.random.Generator, N: int = 8, shape: Any = None, **settings: Any
    ) -> "Net":
        """A random network with data, away from kinks, so that it has one gradient.

        Args:
            shape: of one example, where that is not the usual one.
        """
        shapes = self.shapes_for(settings)
        images = shape or self.images(**{**self.defaults, **settings})
        *_others, classes = list(shapes.values())[-1]
        y = rng.integers(classes, size=N)
        while True:
            params = {name: draw_parameter(rng, name, one) for name, one in shapes.items()}
            net = Net(self, settings, params, rng.normal(0.2, 1, size=(N, *images)), y)
            with kinks.watched() as seen, torch.no_grad():
                net.scores(net.leaves(), training=True)
            if seen.clear:
                return net


def _first(name: str, shape: tuple[int, ...], scale: float) -> np.ndarray:
    if "W" in name:
        return np.random.normal(0, scale, shape)
    return np.ones(shape) if name.startswith("gamma") else np.zeros(shape)


def draw_parameter(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A parameter that is not trivial, large enough to matter."""
    if "W" in name:
        inputs = np.prod(shape[1:]) if len(shape) > 2 else shape[0]
        return rng.normal(0, 1.5 / inputs**0.5, size=shape)
    if name.startswith("gamma"):
        return rng.uniform(0.5, 2, size=shape)
    return rng.normal(0, 0.5, size=shape)


@dataclass(frozen=True)
class Net:
    """A model with parameters and data, and what is right for them.

    Attributes:
        X, y: examples (N, ...) and labels (N,).
    """

    model: Any
    settings: Mapping[str, Any]
    params: dict[str, np.ndarray]
    X: np.ndarray
    y: Any = None

    @property
    def weights(self) -> list[str]:
        """The names of what regularisation counts."""
        return [name for name in self.params if "W" in name]

    def setting(self, name: str) -> Any:
        """A setting, or its default."""
        return {**self.model.defaults, **self.settings}.get(name)

    def leaves(self, keep: bool = False) -> dict[str, torch.Tensor]:
        """The parameters as tensors with gradients, in double precision or as they are."""
        dtype = None if keep else torch.float64
        return {
            name: torch.tensor(array, dtype=dtype).requires_grad_()
            for name, array in self.params.items()
        }

    def scores(self, leaves: Params, training: bool) -> torch.Tensor:
        """The right scores."""
        X = torch.tensor(self.X, dtype=next(iter(leaves.values())).dtype)
        return self.model.twin(leaves, X, {**self.model.defaults, **self.settings}, training)

    def loss_of(self, scores: torch.Tensor, leaves: Params) -> torch.Tensor:
        """The right loss of these scores."""
        squares = sum(leaves[name].square().sum() for name in self.weights)
        labels = torch.tensor(self.y, dtype=torch.int64)
        return F.cross_entropy(scores, labels) + self.setting("reg") / 2 * squares

    def loss(self, leaves: Params) -> torch.Tensor:
        """The right loss."""
        return self.loss_of(self.scores(leaves, training=True), leaves)

    def gradients_of(self, loss: torch.Tensor, leaves: Params) -> dict[str, np.ndarray]:
        """The right gradients by name."""
        found = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
        return {name: grad.numpy() for name, grad in zip(leaves, found, strict=True)}

    def changed(self, **settings: Any) -> "Net":
        """The same with other settings."""
        return replace(self, settings={**self.settings, **settings})

    def made(self, student: Student) -> Remote:
        """The student's model with these parameters."""
        settings = {n: v for n, v in self.settings.items() if n in self.model.defaults}
        if "dtype" in self.model.defaults:
            settings = {"dtype": np.float64, **settings}
        model = student.call(self.model.name, **settings, keep=True)
        for name, array in self.params.items():
            model.set(f"params[{name!r}]", array.astype(settings.get("dtype", array.dtype)))
        return model


class Init(Exercise):
    """The constructor of a model; a case is its settings."""

    arguments = ()

    def __init__(self, model: Model) -> None:
        self.model, self.name = model, model.name

    def draw(self, rng: np.random.Generator, size: Any) -> Any:
        return size

    def note(self, case: Mapping[str, Any]) -> str:
        return ""

    def call(self, student: Student, case: Mapping[str, Any]) -> Remote:
        return student.call(self.name, **case, keep=True)

    def read(self, answer: Remote, case: Mapping[str, Any]) -> dict[str, np.ndarray]:
        return get_params(answer, list(self.model.shapes_for(case)))

    def right(self, case: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError("weights are drawn; only what is not drawn has a right value")

    def check(self, student: Student, case: Mapping[str, Any], *_args: Any, **_kwargs: Any) -> Any:
        """Are there all parameters and no others, in the right shapes, where not drawn, as told?"""
        answer = self.call(student, case)
        params, shapes = self.read(answer, case), self.model.shapes_for(case)
        for name, shape in shapes.items():
            check_shape(params, name, shape)
        if extra := sorted(set(map(str, answer.get("params"))) - shapes.keys()):
            reason = _("params has {names}, which this network does not need")
            raise CheckFailed(reason.format(names=", ".join(extra)[:100]))
        for name in shapes:
            if "W" not in name:
                first = _first(name, shapes[name], 0)
                assert_close(params[name], first, name, show=True)
        return params

    def check_spread(self, student: Student, case: Mapping[str, Any]) -> None:
        """Do all weights scatter around 0 with the standard deviation weight_scale?"""
        params = self.read(self.call(student, case), case)
        scale = case.get("weight_scale", self.model.defaults["weight_scale"])
        for name, shape in self.model.shapes_for(case).items():
            check_shape(params, name, shape)
            if "W" in name:
                check_spread(params, name, scale)

    def check_defaults(self, student: Student, case: Mapping[str, Any]) -> None:
        """Is it made as documented where nothing else is said?"""
        self.check(student, case)
        self.check_spread(student, case)

    def check_precision(self, student: Student, case: Mapping[str, Any]) -> None:
        """Are all parameters in the precision that was asked for?"""
        dtype = np.dtype(case.get("dtype", self.model.defaults["dtype"]))
        for name, value in self.read(self.call(student, case), case).items():
            if value.dtype != dtype:
                reason = _("{name} is {got}, where {want} is expected")
                raise CheckFailed(reason.format(name=name, got=value.dtype, want=dtype))


class OfNet(Exercise):
    """An exercise whose case is a network with data.

    An example by hand says the settings that it needs, all parameters, X and y.
    """

    name = "loss"
    arguments: tuple[str, ...] = ("X", "y")

    def __init__(self, model: Any) -> None:
        self.model = model

    def draw(self, rng: np.random.Generator, size: Any) -> Net:
        return self.model.net(rng, **size) if isinstance(size, Mapping) else self.model.net(rng)

    def by_hand(self, given: dict[str, Any]) -> tuple[Net, dict[str, Any]]:
        settings = {n: given.pop(n) for n in self.model.defaults if n in given}
        params = {n: given.pop(n) for n in self.model.shapes_for(settings)}
        return self.model.case(settings, params, given.pop("X"), given.pop("y", None)), given

    def single(self, case: Net) -> Net:
        return case.changed(dtype=np.float32)

    def note(self, case: Net) -> str:
        told = {n: v for n, v in case.settings.items() if isinstance(v, int | float | str | tuple)}
        told = {"X": case.X.shape, **told}
        return f" ({', '.join(f'{name} {value}' for name, value in told.items())})"

    def factors(self, case: Net) -> dict[str, float]:
        return {_("the number of examples"): float(len(case.X))}


class Scores(OfNet):
    """The scores of a model: ``loss(X)``."""

    UNTOUCHED: ClassVar[str] = N_("X is as it was, and the scores are right, also the second time.")

    def call(self, student: Student, case: Net) -> Any:
        return case.made(student).loss(case.X)

    def read(self, answer: Any, case: Net) -> dict[str, Any]:
        return {"scores": answer}

    def right(self, case: Net) -> dict[str, np.ndarray]:
        return {"scores": case.scores(case.leaves(), training=False).detach().numpy()}

    def watched(self, case: Net) -> dict[int | str, str]:
        return {0: "X"}

    def check_precision(self, student: Student, case: Net) -> None:
        """Are the scores right, and in the precision of the parameters?"""
        got = self.check(student, case, rtol=1e-4, atol=1e-5)
        dtype, want = to_array(got["scores"], "scores").dtype, np.dtype(case.setting("dtype"))
        if dtype != want:
            reason = _("{name} is {got}, where {want} is expected")
            raise CheckFailed(reason.format(name="scores", got=dtype, want=want))


class _Training(OfNet):
    """What ``loss(X, y)`` returns: (loss, grads).

    A mistake in the scores is paid for there. What comes after may follow from the model's own
    scores, as long as these depend on all weights.
    """

    def check(
        self,
        student: Student,
        case: Net,
        only: Sequence[str] = (),
        note: str = "",
        want: Mapping[str, Any] | None = None,
        show: bool = False,
        **tolerance: Unpack[Tolerance],
    ) -> dict[str, Any]:
        try:
            return super().check(student, case, only, note, want, show, **tolerance)
        except CheckFailed:
            if want is not None or not self.follows(student, case, only):
                raise
            return {}

    def watched(self, case: Net) -> dict[int | str, str]:
        return dict(enumerate(self.arguments))

    def assert_untouched(self, student: Student, case: Net, answer: tuple[Remote, Any]) -> None:
        super().assert_untouched(student, case, answer)
        assert_params_unchanged(answer[0], case)

    def follows(self, student: Student, case: Net, only: Sequence[str]) -> bool:
        """Does the answer follow from the model's own scores?"""
        own = self.own(student, case)
        try:
            self.check_own(student, case, own, only)
            return own.depend_on_weights()
        except CheckFailed:
            return False

    def own(self, student: Student, case: Net) -> "OwnScores":
        """What the answer may follow from."""
        return OwnScores(student, case)

    def check_own(self, student: Student, case: Net, own: "OwnScores", only: Any) -> None:
        """The answer, held against what follows from the model's own scores."""
        raise NotImplementedError


class LossValue(_Training):
    """The loss of a model in training, without its gradients.

    These stay inside, so that a mistake in the loss is recognised whatever there is of them yet.
    """

    def call(self, student: Student, case: Net) -> tuple[Remote, Remote]:
        model = case.made(student)
        return model, student.call(model.get("loss", keep=True), case.X, case.y, keep=True)

    def read(self, answer: tuple[Remote, Remote], case: Net) -> dict[str, Any]:
        whole = answer[1].type_name in ("tuple", "list")
        return {"loss": answer[1].get("[0]") if whole else unpack(answer[1], "loss", LOSS)[0]}

    def right(self, case: Net) -> dict[str, Any]:
        return {"loss": case.loss(case.leaves()).item()}

    def check_own(self, student: Student, case: Net, own: "OwnScores", only: Any) -> None:
        name = case.weights[0]
        (want,) = own.losses(name)([case.params[name]])
        assert_close(self.read(self.call(student, case), case)["loss"], want, "loss")


class Gradients(_Training):
    """The gradients of a model in training, by the names of its parameters."""

    UNTOUCHED: ClassVar[str] = N_("Computing them leaves X, y and the parameters as they were.")

    def call(self, student: Student, case: Net) -> tuple[Remote, Any]:
        model = case.made(student)
        return model, student.call(model.get("loss", keep=True), case.X, case.y)

    def read(self, answer: tuple[Remote, Any], case: Net) -> dict[str, Any]:
        _loss, grads = unpack(answer[1], "loss", LOSS)
        return _Lookup(grads)

    def right(self, case: Net) -> dict[str, np.ndarray]:
        leaves = case.leaves()
        return case.gradients_of(case.loss(leaves), leaves)

    def check_untouched(self, student: Student, case: Net, times: int = 1) -> None:
        for _time in range(times):
            self.assert_untouched(student, case, self.call(student, case))
        self.check(student, case, [name for name in case.params if name.startswith("b")])

    def check_own(self, student: Student, case: Net, own: "OwnScores", only: Any) -> None:
        found = self.read(self.call(student, case), case)
        for name in only or case.params:
            want = numerical_gradient(own.losses(name), case.params[name])
            assert_close(found[name], want, name, rtol=1e-5, atol=1e-7)

    def check_numerical(self, student: Student, case: Net) -> None:
        """Are the gradients the numerical ones of the model's own loss, from the last layer on?

        Where they are not, and the loss is wrong, that is to be mended first.
        """
        model, answer = self.call(student, case)
        loss, _grads = unpack(answer, "loss", LOSS)
        found, right = self.read((model, answer), case), ""
        for name in _backwards(case.params):
            answers = try_parameters(student, model, case.params, name, case.X, case.y)

            def losses(values: list[np.ndarray], answers: Callable = answers) -> list[float]:
                pairs = (unpack(reply, "loss", LOSS) for reply in answers(values))
                return [float(loss) for loss, _grads in pairs]

            want, what = numerical_gradient(losses, case.params[name]), f"grads[{name!r}]"
            factors = self.factors(case)
            try:
                assert_close(found[name], want, what, rtol=1e-5, atol=1e-6, factors=factors)
            except CheckFailed as failure:
                self._check_loss_first(loss, case)
                if failure.symptom or not right:
                    raise
                symptom = _("grads[{name!r}] is right; look at the backward pass from there")
                raise CheckFailed(failure.reason, symptom.format(name=right)) from failure
            right = name

    def _check_loss_first(self, loss: Any, case: Net) -> None:
        try:
            assert_close(loss, case.loss(case.leaves()).item(), "loss")
        except CheckFailed as failure:
            reason = _("your loss is wrong here, so that its gradients say nothing; mend it first")
            raise CheckFailed(reason) from failure

    def check_regularisation(self, student: Student, case: Net) -> None:
        """Is what reg adds the gradient of the regularisation, and nothing for other parameters?"""
        reg = case.setting("reg")
        without, found = (
            self.read(self.call(student, one), one) for one in (case.changed(reg=0.0), case)
        )
        for name, value in case.params.items():
            if name.startswith(("gamma", "beta")) and not _has(without, name):
                continue  # normalisation may be still to be written
            added = to_array(found[name]) - to_array(without[name])
            want = reg * value if name in case.weights else np.zeros_like(value)
            what = _("what reg = {reg:g} adds to {name}").format(reg=reg, name=f"grads[{name!r}]")
            assert_close(added, want, what, atol=1e-6)


@dataclass(frozen=True)
class OwnScores:
    """What follows from the scores of the student's own model, right or wrong."""

    student: Student
    net: Net
    model: Remote = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", self.net.made(self.student))

    def losses(self, name: str) -> Callable[[list[np.ndarray]], list[float]]:
        """A function from many values of a parameter to the right losses of the own scores."""
        net = self.net
        answers = try_parameters(self.student, self.model, net.params, name, net.X)

        @torch.no_grad()
        def losses(values: list[np.ndarray]) -> list[float]:
            found = []
            for value, answer in zip(values, answers(values), strict=True):
                leaves = replace(net, params={**net.params, name: value}).leaves()
                scores = torch.tensor(to_array(answer, "scores", ndim=2), dtype=torch.float64)
                found.append(float(net.loss_of(scores, leaves)))
            return found

        return losses

    def depend_on_weights(self) -> bool:
        """Have the own scores the right shape, and do they depend on all weights?"""
        net = self.net
        right = net.scores(net.leaves(), training=False).shape
        for name in net.weights:
            answers = try_parameters(self.student, self.model, net.params, name, net.X)
            W = net.params[name]
            one, other = (to_array(scores, "scores", ndim=2) for scores in answers([W, 1.5 * W]))
            if one.shape != right or np.array_equal(one, other):
                return False
        return True


class _Lookup(dict):
    """The gradients that a model's loss returned; one is looked for when it is asked for."""

    def __init__(self, grads: object) -> None:
        super().__init__()
        self._grads = grads

    def __missing__(self, name: str) -> object:
        self[name] = get_gradient(self._grads, name)
        return self[name]


def _has(grads: Mapping[str, Any], name: str) -> bool:
    try:
        return grads[name] is not None
    except CheckFailed:
        return False


def _backwards(params: Mapping[str, Any]) -> Iterator[str]:
    """The names in the order of the backward pass: by layers from the last, weights first."""
    layers = dict.fromkeys(name.lstrip("Wabegmt") for name in params)
    for layer in reversed(layers):
        yield from (name for name in params if name.lstrip("Wabegmt") == layer)


# --- a student's model ----------------------------------------------------------------------------


def get_params(model: Remote, names: Sequence[str]) -> dict[str, np.ndarray]:
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


def assert_params_unchanged(model: Remote, net: Net) -> None:
    """Are the parameters as they were given?"""
    for name, value in get_params(model, list(net.params)).items():
        if not np.array_equal(value, net.params[name]):
            reason = _("loss changes params[{name!r}]; leave steps to the solver")
            raise CheckFailed(reason.format(name=name))


def check_shape(params: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...]) -> None:
    """Has this parameter the right shape?"""
    if params[name].shape != shape:
        reason = _("{name} has shape {got}, where {want} is expected")
        raise CheckFailed(reason.format(name=name, got=params[name].shape, want=shape))


def check_spread(params: Mapping[str, np.ndarray], name: str, scale: float) -> None:
    """Are the weights drawn one by one, around 0, with this standard deviation?

    Raises:
        CheckFailed: they are further off than chance allows.
    """
    weights = params[name]
    if abs(weights.mean()) > 6 * weights.std() / weights.size**0.5:
        raise CheckFailed(_("the mean of {name} is not 0").format(name=name))
    # The standard deviation of n normal numbers is itself off by about 1 / sqrt(2n).
    if abs(weights.std() / scale - 1) > 6 / (2 * weights.size) ** 0.5:
        raise CheckFailed(
            _("the standard deviation of {name} is not weight_scale").format(name=name),
            _("it is {ratio:.3g} times weight_scale").format(ratio=weights.std() / scale),
        )
    if np.unique(weights).size < weights.size / 2:
        reason = _("the numbers in {name} repeat; each is to be drawn anew")
        raise CheckFailed(reason.format(name=name))


def model_loss(model: Remote, X: np.ndarray, y: np.ndarray) -> tuple[object, object]:
    """loss and gradients of a model."""
    loss, grads = unpack(model.loss(X, y), "loss", LOSS)
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
    student: Student, model: Remote, params: Mapping[str, np.ndarray], name: str, *data: Any
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
