"""A layer: a pair of functions, forward and backward, with PyTorch's gradients beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch

from assignments.compare import assert_close, to_array, unpack, wrong_kind
from assignments.families.exercise import Exercise
from assignments.gradients import numerical_gradient
from assignments.messages import N_, _
from assignments.student import CheckFailed, Remote, Student

__all__ = ["Backward", "Forward", "Layer"]


@dataclass(frozen=True)
class Layer:
    """A pair ``<name>_forward(*arguments) -> (*outputs, cache)`` and ``<name>_backward``.

    ``<name>_backward(*douts, cache)`` returns the gradients of all arguments that are arrays of
    real numbers, in their order: ``dx`` for ``x``.

    Attributes:
        name: the pair's, with ``{}`` where the names do not follow the rule: ``"conv_{}_naive"``.
        twin: the same function of tensors by PyTorch, without the cache; further arguments
            (words, settings) come to it as they are.
        inputs: draws all arguments of a call: ``inputs(rng, *size)``.
        arguments: their names.
        outputs: the names of what comes before the cache.
        counted: what the first axes of the first output count, by which a gradient is wrong
            without its mean.
        second: another name of the backward function.
    """

    name: str
    twin: Callable[..., Any]
    inputs: Callable[..., Sequence[Any]]
    arguments: tuple[str, ...] = ("x",)
    outputs: tuple[str, ...] = ("out",)
    counted: tuple[str, ...] = (N_("the number of examples"),)
    second: str = ""

    @cached_property
    def forward(self) -> "Forward":
        """What is asked of the forward function."""
        pattern = self.name if "{}" in self.name else f"{self.name}_{{}}"
        return Forward(self, pattern.format("forward"))

    @cached_property
    def backward(self) -> "Backward":
        """What is asked of the backward function."""
        return Backward(self, self.second or self.forward.name.replace("forward", "backward"))

    def gradients(self, arguments: Sequence[Any]) -> dict[str, int]:
        """The names of the gradients, with the places of their arguments."""
        return {
            f"d{name}": place
            for place, (name, value) in enumerate(zip(self.arguments, arguments, strict=True))
            if isinstance(value, np.ndarray) and value.dtype.kind == "f"
        }

    def by_twin(
        self, arguments: Sequence[Any], dtype: torch.dtype | None = torch.float64
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Outputs and the arguments that gradients are asked for.

        Args:
            dtype: in which precision; None keeps that of the arguments.
        """
        given, leaves = list(arguments), []
        for place in self.gradients(arguments).values():
            given[place] = torch.tensor(given[place], dtype=dtype).requires_grad_()
            leaves.append(given[place])
        outs = self.twin(*given)
        return list(outs) if isinstance(outs, tuple) else [outs], leaves

    def standin(self) -> tuple[Callable[..., tuple], Callable[..., Any]]:
        """The pair itself, by the twin, for somebody who comes without it; precision is kept."""

        def forward(*arguments: Any) -> tuple:
            outs, _leaves = self.by_twin(arguments, None)
            cache = tuple(dict(one) if isinstance(one, dict) else one for one in arguments)
            return *(out.detach().numpy() for out in outs), cache

        def backward(*douts_and_cache: Any) -> Any:
            *douts, arguments = douts_and_cache
            outs, leaves = self.by_twin(arguments, None)
            weights = [torch.tensor(dout, dtype=outs[0].dtype) for dout in douts]
            found = tuple(grad.numpy() for grad in torch.autograd.grad(outs, leaves, weights))
            return found if len(found) > 1 else found[0]

        return forward, backward


@dataclass(frozen=True)
class Forward(Exercise):
    """The forward function of a layer."""

    layer: Layer
    name: str
    arguments: tuple[str, ...] = field(init=False)
    inputs: Callable[..., Sequence[Any]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", self.layer.arguments)
        object.__setattr__(self, "inputs", self.layer.inputs)

    def call(self, student: Student, case: Any) -> Any:
        return student.call(self.name, *case, keep=True)

    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        self._check_kind(answer)
        return {name: answer.get(f"[{place}]") for place, name in enumerate(self.layer.outputs)}

    def cache(self, answer: Any) -> Remote:
        """The cache of an answer, which stays inside."""
        self._check_kind(answer)
        return answer.get(f"[{len(self.layer.outputs)}]", keep=True)

    def _check_kind(self, answer: Remote) -> None:
        if answer.type_name in ("NoneType", "ndarray"):
            parts = ", ".join(self.layer.outputs)
            raise CheckFailed(wrong_kind(answer, self.name, f"({parts}, cache)"))

    def right(self, case: Any) -> dict[str, np.ndarray]:
        outs, _leaves = self.layer.by_twin(case)
        found = (out.detach().numpy() for out in outs)
        return dict(zip(self.layer.outputs, found, strict=True))


@dataclass(frozen=True)
class Backward(Exercise):
    """The backward function of a layer; a case ends with the gradients of the outputs."""

    layer: Layer
    name: str
    arguments: tuple[str, ...] = field(init=False)

    IN_SINGLE: ClassVar[str] = N_("Inputs in single precision give right gradients in it.")

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", (*self.layer.arguments, *self.douts))

    @property
    def douts(self) -> tuple[str, ...]:
        """The names of the gradients that come in."""
        return tuple(f"d{name}" for name in self.layer.outputs)

    def inputs(self, rng: np.random.Generator, *size: Any) -> Sequence[Any]:  # type: ignore[override]
        arguments = self.layer.inputs(rng, *size)
        outs = self.layer.forward.right(arguments).values()
        single = any(getattr(value, "dtype", None) == np.float32 for value in arguments)
        douts = [rng.normal(0.3, 1, size=out.shape) for out in outs]
        return (*arguments, *(dout.astype(np.float32) if single else dout for dout in douts))

    def split(self, case: Any) -> tuple[Sequence[Any], Sequence[np.ndarray]]:
        """The arguments of the forward function, and the gradients of its outputs."""
        place = len(self.layer.arguments)
        return case[:place], case[place:]

    def call(self, student: Student, case: Any) -> Any:
        return student.call(self.name, *self.split(case)[1], self.cache(student, case))

    def cache(self, student: Student, case: Any) -> Remote:
        """What the student's own forward function hands over."""
        forward = self.layer.forward
        return forward.cache(forward.call(student, self.split(case)[0]))

    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        parts = tuple(self.layer.gradients(self.split(case)[0]))
        found = [answer] if len(parts) == 1 else unpack(answer, self.name, parts)
        return dict(zip(parts, found, strict=True))

    def right(self, case: Any) -> dict[str, np.ndarray]:
        arguments, douts = self.split(case)
        outs, leaves = self.layer.by_twin(arguments)
        weights = [torch.tensor(dout, dtype=torch.float64) for dout in douts]
        found = (gradient.numpy() for gradient in torch.autograd.grad(outs, leaves, weights))
        return dict(zip(self.layer.gradients(arguments), found, strict=True))

    def factors(self, case: Any) -> dict[str, float]:
        dout = self.split(case)[1][0]
        counts = zip(self.layer.counted, dout.shape, strict=False)
        return {_(what): float(count) for what, count in counts}

    def watched(self, case: Any) -> dict[int | str, str]:
        return dict(enumerate(self.douts))

    def note(self, case: Any) -> str:
        return self.layer.forward.note(self.split(case)[0])

    def check_untouched(self, student: Student, case: Any, times: int = 1) -> None:
        """Is dout left alone, and are the gradients right, also when the cache was used before?"""
        cache, want = self.cache(student, case), self.right(case)
        for _time in range(times):
            answer = student.call(self.name, *self.split(case)[1], cache)
            self.assert_untouched(student, case, answer)
            got = self.read(answer, case)
            for part in want:
                assert_close(got[part], want[part], part)

    def check_numerical(self, student: Student, case: Any) -> None:
        """Are the gradients the numerical ones of the student's own forward function, if right?"""
        arguments, douts = self.split(case)
        forward, outputs = self.layer.forward.name, (*self.layer.outputs, "cache")
        got = self.read(self.call(student, case), case)
        try:
            self.layer.forward.check(student, arguments)
        except CheckFailed as failure:
            reason = _("{name} is wrong here, so its gradients say nothing; mend it first")
            raise CheckFailed(reason.format(name=forward)) from failure
        for part, place in self.layer.gradients(arguments).items():

            def weighted_sums(values: list[np.ndarray], place: int = place) -> list[float]:
                calls = [
                    (forward, *arguments[:place], value, *arguments[place + 1 :])
                    for value in values
                ]
                sums = []
                for reply in student.batch(calls):
                    outs = unpack(reply, forward, outputs)
                    pairs = zip(self.layer.outputs, outs[:-1], douts, strict=True)
                    sums.append(sum(float(np.sum(to_array(o, n) * d)) for n, o, d in pairs))
                return sums

            want = numerical_gradient(weighted_sums, arguments[place])
            factors = self.factors(case)
            assert_close(got[part], want, part, rtol=1e-5, atol=1e-6, factors=factors)
