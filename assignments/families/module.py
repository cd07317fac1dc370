"""A module of PyTorch: a class with parameters and ``forward``, and its twin with the same weights.

The twin is the stand-in: the same mathematics by PyTorch's functions, its parameters by the same
names.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from inspect import signature
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import nn

from assignments.compare import assert_close, to_array
from assignments.families.exercise import Exercise
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student

__all__ = ["Case", "Module", "parameter_shapes", "path_of", "random_weights"]

#: Copies of an example that go through dropout together.
COPIES = 4000


@dataclass(frozen=True)
class Case:
    """A module with weights, and what goes into it.

    Attributes:
        settings: what the constructor gets.
        twin: the twin with these settings and weights, in double precision and in eval mode.
        inputs: what ``forward`` gets.
        dtype: the precision of the student's module.
    """

    settings: Sequence[Any]
    twin: nn.Module
    inputs: Sequence[Any]
    dtype: torch.dtype = torch.float64


@dataclass(frozen=True)
class Module(Exercise):
    """A class ``name(*settings)`` of PyTorch, whose ``forward(*arguments)`` returns a tensor.

    Attributes:
        twin: the same by PyTorch's functions; parameters and sub-modules have the same names.
        inputs: draws what the constructor and what ``forward`` gets:
            ``inputs(rng, *size) -> (settings, arguments)``.
        arguments: the names of what ``forward`` gets, of which the last may be left out.
        parts: sub-modules in whose place the check answers, without gradients, as those of the
            twin do: a mistake in a part does not count twice. In a list, each is answered.
        output: the name of the result.
    """

    name: str
    twin: Callable[..., nn.Module]
    inputs: Callable[..., tuple[Sequence[Any], Sequence[Any]]]
    arguments: tuple[str, ...] = ("x",)
    parts: tuple[str, ...] = ()
    output: str = "out"

    def draw(self, rng: np.random.Generator, size: Any) -> Case:
        settings, inputs = self.inputs(rng, *size)
        twin = random_weights(self.twin(*settings), rng)
        for name in self.parts:
            _answer(twin, name, getattr(twin, name))
        return Case(settings, twin.double().eval(), inputs)

    def by_hand(self, given: dict[str, Any]) -> tuple[Case, dict[str, Any]]:
        """Settings and arguments by name; ``params`` and ``parts``, each by name.

        Of the parameters that are left out, weights of norms are 1, all others 0.
        """
        taken = {name: given.pop(name) for name in signature(self.twin).parameters if name in given}
        settings = signature(self.twin).bind(**taken).args
        twin = self.twin(*settings).double().eval()
        for name, part in given.pop("parts", {}).items():
            _answer(twin, name, part)
        for name, value in twin.named_parameters():
            nn.init.constant_(value, float(value.ndim == 1 and name.endswith("weight")))
        params = {name: _tensor(value) for name, value in given.pop("params", {}).items()}
        assert not twin.load_state_dict(params, strict=False).unexpected_keys
        inputs = [_tensor(given.pop(name)) for name in self.arguments if name in given]
        return Case(settings, twin, inputs), given

    def single(self, case: Case) -> Case:
        inputs = [x.float() if _is_real(x) else x for x in case.inputs]
        return replace(case, inputs=inputs, dtype=torch.float32)

    def note(self, case: Case) -> str:
        numbers = ", ".join(str(value) for value in case.settings if isinstance(value, int | float))
        told = [f"{self.name}({numbers})"]
        for name, x in zip(self.arguments, case.inputs, strict=False):
            told += [f"{name} {' x '.join(map(str, x.shape))}"] if _is_real(x) else []
        return f" ({', '.join(told)})"

    def call(self, student: Student, case: Case) -> Any:
        return self.made(student, case)(*case.inputs)

    def read(self, answer: Any, case: Case) -> dict[str, Any]:
        return {self.output: answer}

    def right(self, case: Case) -> dict[str, torch.Tensor]:
        inputs = [x.double() if _is_real(x) else x for x in case.inputs]
        return {self.output: case.twin(*inputs).detach()}

    # --- the student's module ---------------------------------------------------------------------

    def fresh(self, student: Student, *settings: Any) -> Remote:
        """The student's module as it is made, in double precision."""
        module = student.call(self.name, *settings, keep=True)
        module.double()
        return module

    def made(self, student: Student, case: Case) -> Remote:
        """The student's module with the weights of the case and its answers, in eval mode.

        Raises:
            CheckFailed: a parameter is missing or has another shape.
        """
        module = student.call(self.name, *case.settings, keep=True)
        for name, part in _parts(case.twin).items():
            served = [student.make("answered", student.serve(one)) for one in part]
            listed = isinstance(getattr(case.twin, name), nn.Sequential)
            module.set(name, student.make("torch.nn.Sequential", *served) if listed else served[0])
        module.to(case.dtype)
        module.eval()
        state = module.state_dict()
        found = {name: tuple(value.shape) for name, value in state.items()}
        student.retell({name: str(shape) for name, shape in found.items()})
        weights = {n: w.detach() for n, w in case.twin.state_dict().items() if n in _loaded(case)}
        check_shapes(found, {name: tuple(value.shape) for name, value in weights.items()})
        module.load_state_dict({**_beyond(found, weights), **weights}, strict=False)
        return module

    # --- further checks ---------------------------------------------------------------------------

    def check_parameters(self, student: Student, case: Case) -> None:
        """Has a module the parameters that the docstring names, and no others?"""
        found = parameter_shapes(student, self.fresh(student, *case.settings))
        own = {n: tuple(p.shape) for n, p in self.twin(*case.settings).named_parameters()}
        check_shapes(found, own)
        if found.keys() - own.keys():
            raise CheckFailed(_("there are more parameters than the docstring names"))

    def check_gradients(self, student: Student, case: Case) -> None:
        """Do the right gradients reach all that comes in and all parameters?"""
        places = [place for place, x in enumerate(case.inputs) if _is_real(x)]
        leaves, kept = list(case.inputs), list(case.inputs)
        module = self.made(student, case)
        for place in places:
            leaves[place] = case.inputs[place].clone().requires_grad_()
            kept[place] = student.put(case.inputs[place])
            kept[place].requires_grad_()
        out = case.twin(*leaves)
        dout = torch.arange(1.0, out.numel() + 1, dtype=out.dtype).sin().view_as(out)
        params = dict(case.twin.named_parameters())
        wanted = torch.autograd.grad(
            out, [*(leaves[place] for place in places), *params.values()], dout, allow_unused=True
        )
        student.backward(module(*kept, keep=True), dout)
        found = [(self.arguments[place], kept[place], "grad") for place in places]
        found += [(name, module, f"{path_of(name)}.grad") for name in params]
        for (name, owner, path), want in zip(found, wanted, strict=True):
            if want is None:  # it stops at a part that the check answers
                continue
            if (got := owner.get(path)) is None:
                raise CheckFailed(_("no gradient reaches {name}").format(name=name))
            what = _("the gradient of {name}").format(name=name)
            assert_close(got, want, what, rtol=1e-5, atol=1e-8)

    def check_training(self, student: Student, case: Case) -> None:
        """In training mode, is the answer right, and what the call leaves in running averages?"""
        module, twin = self.made(student, case), deepcopy(case.twin).train()
        module.train()
        want = twin(*case.inputs).detach()
        what = _("{what} in training mode").format(what=self.output)
        assert_close(module(*case.inputs), want, what)
        for name, value in twin.named_buffers():
            if "running" in name:
                what = _("{name} after a step").format(name=name)
                assert_close(module.get(path_of(name)), value, what)

    def check_dropout(self, student: Student, case: Case) -> None:
        """In training, do answers to one example vary as those of the twin?

        Compared are the means of all numbers and of the products of any two, over many copies.
        """
        inputs = [
            x[:1].expand(COPIES, *x.shape[1:]).clone() if _is_real(x) else x for x in case.inputs
        ]
        module, twin = self.made(student, case), deepcopy(case.twin).train()
        module.train()
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            want = to_array(twin(*inputs)).reshape(COPIES, -1)
        answer = to_array(module(*inputs), self.output)
        if answer.size != want.size:
            raise CheckFailed(_("in training, the result has another shape than in eval mode"))
        got = answer.reshape(COPIES, -1)
        ours, theirs = _moments(got), _moments(want)
        chance = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / COPIES)
        apart = np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) > 6 * chance + 1e-6
        if apart.any() or not np.isfinite(got).all():
            less = got.var(axis=0).sum() < want.var(axis=0).sum()
            raise CheckFailed(
                _("in training, dropout does not act as described"),
                _("too little is dropped") if less else _("too much is dropped"),
            )

    def check_asked(self, student: Student, case: Case) -> None:
        """Do the parts get what they should get, and as often?"""
        module, parts = self.made(student, case), _parts(case.twin)
        asked = {name: [one.asked for one in part] for name, part in parts.items()}
        module(*case.inputs)
        found = deepcopy(asked)
        for calls in chain(*asked.values()):
            calls.clear()
        case.twin(*case.inputs)
        for name, ours in found.items():
            for got, want in zip(ours, asked[name], strict=True):
                _compare_calls(name, got, want)


# --- parts that the check answers -----------------------------------------------------------------


class _Answers(nn.Module):
    """What a part answers, without gradients, whatever the precision; notes what it is asked."""

    def __init__(self, part: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self._part = (part,)  # in a tuple, so that its parameters are none of the twin's
        self.asked: list[dict[str, Any]] = []

    @torch.no_grad()
    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        (part,) = self._part
        names = signature(part.forward if isinstance(part, nn.Module) else part)
        self.asked.append(dict(names.bind(*args, **kwargs).arguments))
        dtype = next((x.dtype for x in args if _is_real(x)), torch.float64)
        wide = [x.double() if _is_real(x) else x for x in args]
        # What may look nowhere is NaN, and would make all else NaN in the next part.
        out = part(*wide, **{n: x.double() if _is_real(x) else x for n, x in kwargs.items()})
        return out.nan_to_num().to(dtype)


def _answer(twin: nn.Module, name: str, part: Any) -> None:
    """Let a part, or each of a list, answer in the place of a sub-module."""
    several = isinstance(part, nn.ModuleList | nn.Sequential | list)
    one = nn.Sequential(*map(_Answers, part)) if several else _Answers(part)
    if isinstance(part, nn.Module):
        part.double().eval()
    setattr(twin, name, one)


def _parts(twin: nn.Module) -> dict[str, list[_Answers]]:
    """The parts that the check answers, those of a list one after the other."""
    parts: dict[str, list[_Answers]] = {}
    for path, module in twin.named_modules():
        if isinstance(module, _Answers):
            parts.setdefault(path.partition(".")[0], []).append(module)
    return parts


def _compare_calls(name: str, got: list[dict[str, Any]], want: list[dict[str, Any]]) -> None:
    if len(got) != len(want):
        reason = _("{name} is called {got} times, where {want} are expected")
        raise CheckFailed(reason.format(name=name, got=len(got), want=len(want)))
    for ours, theirs in zip(got, want, strict=True):
        for argument in ours | theirs:
            own, right = ours.get(argument), theirs.get(argument)
            what = _("what {name} gets as {argument}").format(name=name, argument=argument)
            if own is None and right is not None:
                raise CheckFailed(
                    _("{name} gets no {argument}").format(name=name, argument=argument)
                )
            if right is None and own is not None:
                reason = _("{name} gets a {argument}, where none is expected")
                raise CheckFailed(reason.format(name=name, argument=argument))
            if right is not None:
                assert_close(own, right, what)


# --- weights --------------------------------------------------------------------------------------


def random_weights(module: nn.Module, rng: np.random.Generator) -> nn.Module:
    """Draw all parameters and running averages, norms too, so that none is trivial."""
    module.double().eval()
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith("running_var") or (value.ndim == 1 and name.endswith("weight")):
                value.copy_(torch.from_numpy(rng.uniform(0.5, 1.5, size=value.shape)))
            elif name.endswith("running_mean") or name in dict(module.named_parameters()):
                fan_in = np.prod(value.shape[1:]) if value.ndim in (2, 4) else 1
                value.copy_(torch.from_numpy(rng.normal(0, fan_in**-0.5, size=value.shape)))
    return module


def _loaded(case: Case) -> set[str]:
    """What of the twin's state goes over to the student's: parameters and running averages."""
    running = (name for name, _buffer in case.twin.named_buffers() if "running" in name)
    return {*running, *(name for name, _parameter in case.twin.named_parameters())}


def _beyond(
    found: Mapping[str, tuple[int, ...]], weights: Mapping[str, Any]
) -> dict[str, torch.Tensor]:
    """What a module has beyond that: biases are 0, weights take means, the same for everybody."""
    beyond = {}
    for name in found.keys() - weights.keys():
        if name.endswith(".bias"):
            beyond[name] = torch.zeros(found[name])
        elif name.endswith(".weight") and len(found[name]) > 1:
            beyond[name] = torch.full(found[name], 1 / float(np.prod(found[name][1:])))
    return beyond


def check_shapes(
    found: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]
) -> None:
    """Are there parameters of these names and shapes?"""
    for name, shape in wanted.items():
        if name not in found:
            reason = _("there is no parameter {name}; are the names those of the docstring?")
            raise CheckFailed(reason.format(name=name))
        if found[name] != shape:
            reason = _("{what} has shape {got}, where {want} is expected")
            raise CheckFailed(reason.format(what=name, got=found[name], want=shape))


def parameter_shapes(student: Student, module: Remote) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter by its name."""
    named = student.iterate(module.named_parameters(keep=True))
    shapes = {name: tuple(value.shape) for name, value in named}
    student.retell({name: str(shape) for name, shape in shapes.items()})
    return shapes


def path_of(name: str) -> str:
    """The path of what a state names so: ``"layers[0].weight"`` of ``"layers.0.weight"``."""
    steps = (f"[{step}]" if step.isdigit() else f".{step}" for step in name.split("."))
    return "".join(steps).removeprefix(".")


# --- tensors --------------------------------------------------------------------------------------


def _is_real(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _tensor(value: Any) -> Any:
    """What is written down by hand as a tensor; all else stays."""
    if isinstance(value, list):
        return torch.tensor(value, dtype=torch.float64)
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value


def _moments(answers: np.ndarray) -> np.ndarray:
    """Of each answer, all numbers and the products of any two."""
    products = answers[:, :, None] * answers[:, None]
    return np.concatenate([answers, products.reshape(len(answers), -1)], axis=1)
