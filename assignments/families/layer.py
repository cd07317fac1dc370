"""A layer: a pair of functions, forward and backward, with PyTorch's gradients beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import torch

from assignments.compare import (
    Tolerance,
    assert_close,
    assert_unchanged,
    unpack,
    wrong_kind,
)
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student

__all__ = ["Layer", "in_single_precision", "shapes_of"]


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
        backward: the name of the backward function, where it is another.
    """

    name: str
    twin: Callable[..., Any]
    inputs: Callable[..., Sequence[Any]]
    arguments: tuple[str, ...] = ("x",)
    outputs: tuple[str, ...] = ("out",)
    backward: str = ""

    def __post_init__(self) -> None:
        named = self.backward or self.forward.replace("forward", "backward")
        object.__setattr__(self, "backward", named)

    @property
    def forward(self) -> str:
        """The name of the forward function."""
        pattern = self.name if "{}" in self.name else f"{self.name}_{{}}"
        return pattern.format("forward")

    # --- the student's side -----------------------------------------------------------------------

    def call(self, student: Student, arguments: Sequence[Any]) -> tuple[dict[str, Any], Remote]:
        """The outputs by name, and the cache, which stays inside."""
        result = student.call(self.forward, *arguments, keep=True)
        return self.unpacked(result)

    def unpacked(self, result: Remote) -> tuple[dict[str, Any], Remote]:
        """Outputs and cache of a result that stays inside."""
        if result.type_name in ("NoneType", "ndarray"):
            raise CheckFailed(
                wrong_kind(result, self.forward, f"({', '.join(self.outputs)}, cache)")
            )
        outs = {name: result.get(f"[{place}]") for place, name in enumerate(self.outputs)}
        return outs, result.get(f"[{len(self.outputs)}]", keep=True)

    def gradients(
        self, student: Student, douts: Sequence[np.ndarray], cache: Remote, parts: Sequence[str]
    ) -> dict[str, Any]:
        """What the student's backward function returns, by the names of the gradients."""
        result = student.call(self.backward, *douts, cache)
        found = [result] if len(parts) == 1 else unpack(result, self.backward, tuple(parts))
        return dict(zip(parts, found, strict=True))

    # --- what is right ----------------------------------------------------------------------------

    def parts(self, arguments: Sequence[Any]) -> dict[str, int]:
        """The names of the gradients, with the places of their arguments."""
        return {
            f"d{name}": place
            for place, (name, value) in enumerate(zip(self.arguments, arguments, strict=True))
            if isinstance(value, np.ndarray) and value.dtype.kind == "f"
        }

    def right(self, arguments: Sequence[Any]) -> dict[str, np.ndarray]:
        """The outputs that PyTorch computes, in double precision."""
        outs = self._twin(arguments)[0]
        return {name: out.detach().numpy() for name, out in zip(self.outputs, outs, strict=True)}

    def right_gradients(
        self, arguments: Sequence[Any], douts: Sequence[np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The gradients that PyTorch finds, by name."""
        outs, leaves = self._twin(arguments)
        weights = [torch.tensor(dout, dtype=torch.float64) for dout in douts]
        found = torch.autograd.grad(outs, leaves, weights)
        parts = self.parts(arguments)
        return {name: gradient.numpy() for name, gradient in zip(parts, found, strict=True)}

    def _twin(
        self, arguments: Sequence[Any], keep: bool = False
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Outputs and the arguments that gradients are asked for; in double precision, or kept."""
        given = list(arguments)
        leaves = []
        for place in self.parts(arguments).values():
            tensor = torch.tensor(given[place]) if keep else torch.tensor(given[place]).double()
            given[place] = tensor.requires_grad_()
            leaves.append(given[place])
        outs = self.twin(*given)
        return list(outs) if isinstance(outs, tuple) else [outs], leaves

    def standin(self) -> tuple[Callable[..., tuple], Callable[..., Any]]:
        """The pair itself, by the twin, for somebody who comes without it; precision is kept."""

        def forward(*arguments: Any) -> tuple:
            outs, _leaves = self._twin(arguments, keep=True)
            return *(out.detach().numpy() for out in outs), arguments

        def backward(*douts_and_cache: Any) -> Any:
            *douts, arguments = douts_and_cache
            outs, leaves = self._twin(arguments, keep=True)
            weights = [torch.tensor(dout, dtype=outs[0].dtype) for dout in douts]
            found = tuple(grad.numpy() for grad in torch.autograd.grad(outs, leaves, weights))
            return found if len(found) > 1 else found[0]

        return forward, backward

    def douts(self, rng: np.random.Generator, arguments: Sequence[Any]) -> list[np.ndarray]:
        """Gradients of some loss with respect to the outputs, of the outputs' precision."""
        single = any(getattr(value, "dtype", None) == np.float32 for value in arguments)
        drawn = [rng.normal(0.3, 1, size=out.shape) for out in self.right(arguments).values()]
        return [dout.astype(np.float32) for dout in drawn] if single else drawn

    # --- comparisons ------------------------------------------------------------------------------

    def check_forward(
        self,
        student: Student,
        arguments: Sequence[Any],
        note: str = "",
        **tolerance: Unpack[Tolerance],
    ) -> dict[str, Any]:
        """Are the outputs those of the twin?"""
        outs, _cache = self.call(student, arguments)
        for name, want in self.right(arguments).items():
            assert_close(outs[name], want, name + note, **tolerance)
        return outs

    def check_backward(
        self,
        student: Student,
        arguments: Sequence[Any],
        douts: Sequence[np.ndarray],
        only: Sequence[str] = (),
        note: str = "",
        times: int = 1,
        **tolerance: Unpack[Tolerance],
    ) -> dict[str, Any]:
        """Are the gradients those of the twin, also when they are asked for again?

        Args:
            only: names of gradients, all by default.
            times: how often they are asked for, with the same cache.
        """
        _outs, cache = self.call(student, arguments)
        want = self.right_gradients(arguments, douts)
        factors = {_("the number of examples"): float(len(douts[0]))}
        for _time in range(times):
            got = self.gradients(student, douts, cache, list(want))
            if times > 1:
                assert_unchanged(student.changed, self._dout_names())
            for name in only or want:
                assert_close(got[name], want[name], name + note, factors=factors, **tolerance)
        return got

    def check_inputs(self, student: Student, arguments: Sequence[Any]) -> None:
        """Does the forward function leave its arguments alone, and is it right?"""
        result = student.call(self.forward, *arguments, keep=True)
        assert_unchanged(student.changed, dict(enumerate(self.arguments)))
        outs, _cache = self.unpacked(result)
        for name, want in self.right(arguments).items():
            assert_close(outs[name], want, name)

    def _dout_names(self) -> dict[int | str, str]:
        return {place: f"d{name}" for place, name in enumerate(self.outputs)}


def in_single_precision(arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The arguments with all real arrays in single precision, those in settings, too."""

    def single(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: single(item) for key, item in value.items()}
        real = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(np.float32) if real else value

    return tuple(map(single, arguments))


def shapes_of(names: Sequence[str], arguments: Sequence[Any]) -> str:
    """What tells a call from another: ``" (x 4 x 5, stride 2)"``."""
    told = []
    for name, value in zip(names, arguments, strict=True):
        if isinstance(value, np.ndarray):
            told.append(f"{name} {' x '.join(map(str, value.shape))}")
        elif isinstance(value, Mapping):
            told += [f"{key} {one}" for key, one in value.items() if isinstance(one, int | str)]
    return f" ({', '.join(told)})"
