"""An update rule: a function that takes one step, and PyTorch's optimizer beside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Unpack

import numpy as np
import torch

from assignments.compare import Tolerance, assert_close, assert_unchanged, to_array, unpack
from assignments.families.exercise import Exercise
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student, StudentError

__all__ = ["Path", "UpdateRule", "get_state"]


class Path(NamedTuple):
    """Steps with given gradients.

    Attributes:
        w: where they begin.
        dw: (steps, *w.shape), the gradient of each step.
        config: the settings, and what is remembered, of the first step.
    """

    w: np.ndarray
    dw: np.ndarray
    config: Mapping[str, Any] | None


@dataclass(frozen=True)
class UpdateRule(Exercise):
    """A function ``name(w, dw, config=None) -> (next_w, config)``.

    ``config`` holds settings, filled with defaults where they are missing, and what the rule
    remembers from step to step, which begins with 0.

    Attributes:
        optimizer: PyTorch's.
        settings: by their names in ``config``, PyTorch's names and the defaults. ``"betas"`` stands
            for the tuple of ``beta1`` and ``beta2``.
        states: by their names in ``config``, PyTorch's names of what is remembered.
        fixed: further settings of PyTorch's.
    """

    name: str
    optimizer: type[torch.optim.Optimizer]
    settings: Mapping[str, tuple[str, float]]
    states: Mapping[str, str]
    fixed: Mapping[str, Any] | None = None

    arguments = ("w", "dw", "config")

    @property
    def defaults(self) -> dict[str, float]:
        """The settings where nothing else is said."""
        return {name: default for name, (_torch, default) in self.settings.items()}

    def inputs(  # type: ignore[override]
        self,
        rng: np.random.Generator,
        config: Mapping[str, Any] | None = None,
        shape: tuple[int, ...] = (3, 4),
        steps: int = 10,
    ) -> Path:
        w, dw = rng.normal(1, 1, size=shape), rng.normal(0.3, 2, size=(steps, *shape))
        return Path(w, dw, config)

    def call(self, student: Student, case: Path) -> list[tuple[np.ndarray, Any]]:
        """``next_w`` and config after each step."""
        return [(w, config) for w, config, _changed in self._steps(student, case)]

    def _steps(self, student: Student, case: Path) -> Iterator[tuple[np.ndarray, Any, Any]]:
        w, config = case.w, case.config
        for dw in case.dw:
            answer = student.call(self.name, w, dw, config)
            changed = student.changed
            next_w, config = unpack(answer, self.name, ("next_w", "config"))
            w = to_array(next_w, "next_w", ndim=case.w.ndim)
            yield w, config, changed

    def read(self, answer: Any, case: Path) -> dict[str, Any]:
        return {"next_w": [w for w, _config in answer], "config": answer[-1][1]}

    def right(self, case: Path) -> dict[str, Any]:
        w, config, places = case.w, dict(case.config or {}), []
        for dw in case.dw:
            w, config = self.step(w, dw, config)
            places.append(w)
        return {"next_w": places, **{name: config[name] for name in self.states}}

    def step(
        self, w: np.ndarray, dw: np.ndarray, config: Mapping[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """One step of PyTorch's optimizer: the stand-in for somebody who comes without the rule."""
        begun = {name: 0 if name == "t" else np.zeros_like(w) for name in self.states}
        config = {**self.defaults, **begun, **(config or {})}
        parameter = torch.from_numpy(np.array(w)).requires_grad_()
        parameter.grad = torch.from_numpy(np.array(dw, w.dtype))
        given = {theirs: config[ours] for ours, (theirs, _default) in self.settings.items()}
        if "beta1" in given:
            given["betas"] = given.pop("beta1"), given.pop("beta2")
        state = {"step": torch.tensor(0.0)} | {
            theirs: torch.tensor(config[ours], dtype=torch.float32)
            if ours == "t"
            else torch.from_numpy(np.array(config[ours], w.dtype))
            for ours, theirs in self.states.items()
        }
        if "velocity" in self.states:
            # PyTorch's buffer is against the velocity, and without the learning rate of its step.
            parameter.grad *= given["lr"]
            given["lr"], state["momentum_buffer"] = 1.0, -state["momentum_buffer"]
        optimizer = self.optimizer([parameter], **{**given, **(self.fixed or {})})
        optimizer.state[parameter] = state
        optimizer.step()
        after: dict[str, Any] = {o: state[theirs].numpy() for o, theirs in self.states.items()}
        if "velocity" in after:
            after["velocity"] = -after["velocity"]
        if "t" in after:
            after["t"] = int(after["t"])
        return parameter.detach().numpy(), {**config, **after}

    # --- comparisons ------------------------------------------------------------------------------

    def by_hand(self, given: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
        case = Path(given.pop("w"), given.pop("dw"), given.pop("config", None))
        return case, given

    def note(self, case: Path) -> str:
        return ""

    def check(
        self,
        student: Student,
        case: Path,
        only: Sequence[str] = (),
        note: str = "",
        want: Mapping[str, Any] | None = None,
        show: bool = False,
        **tolerance: Unpack[Tolerance],
    ) -> dict[str, Any]:
        """Is the parameter where it should be after each step, and is that remembered?

        By hand, w and dw have to stay as they are, and config keeps its names.
        """
        want = self.right(case) if want is None else want
        config: Any = None
        for number, (w, config, changed) in enumerate(self._steps(student, case)):  # noqa: B007
            if show:
                assert_unchanged(changed, {0: "w", 1: "dw"})
            if np.array_equal(np.isnan(w), np.less(case.dw[number], 0)) and np.isnan(w).any():
                raise CheckFailed(
                    _("next_w contains NaN where the gradient is negative"),
                    _("a root of a negative number: is the gradient squared?"),
                )
            told = _("next_w after step {number}").format(number=number + 1)
            assert_close(w, want["next_w"][number], told, show=show, **tolerance)
        for name in {**want, **(case.config or {})}:
            if name != "next_w":
                state = get_state(config, name)
                right = want.get(name, (case.config or {}).get(name))
                if name in want or name in self.settings:
                    assert_close(state, np.asarray(right), f"config[{name!r}]", show=show)
        return {}

    def check_defaults(self, student: Student, case: Path) -> None:
        """Without a config, and with an empty one, are the settings the defaults?"""
        self.check(student, case._replace(config=None))
        self.check(student, case._replace(config={}))
        ones = Path(np.ones(3), np.ones((1, 3)), None)
        ((_w, config),) = self.call(student, ones)
        for name, value in self.defaults.items():
            assert_close(get_state(config, name), value, f"config[{name!r}]")

    def check_falling_rate(self, student: Student, case: Path) -> None:
        """Does a velocity that was gained at one learning rate stay when the rate falls?"""
        w, config = case.w, dict(case.config or {})
        right_w, right = w, config
        for number, dw in enumerate(case.dw):
            rate = 0.3 * 0.7**number
            ((w, got),) = self.call(student, Path(w, dw[None], {**config, "learning_rate": rate}))
            right_w, right = self.step(right_w, dw, {**right, "learning_rate": rate})
            assert_close(w, right_w, _("next_w, where the learning rate falls,"))
            config = own_dict(got)
        for name in self.states:
            assert_close(get_state(config, name), right[name], f"config[{name!r}]")

    def check_kept(self, student: Student, case: Path) -> None:
        """Are w and dw as they were, and is next_w another array of the type and shape of w?"""
        for dtype, shape in ((np.float64, (2, 3, 2)), (np.float32, (4,))):
            size = int(np.prod(shape))
            w, config = np.resize(case.w, shape).astype(dtype), case.config
            for dw in np.resize(case.dw, (2, size)).reshape(2, *shape).astype(dtype):
                before = w
                ((w, config, changed),) = self._steps(student, Path(w, dw[None], config))
                assert_unchanged(changed, {0: "w", 1: "dw"})
                if w.shape != shape or w.dtype != dtype:
                    raise CheckFailed(
                        _(
                            "next_w is of type {got} and shape {shape}, where {want} is expected"
                        ).format(got=w.dtype, shape=w.shape, want=f"{np.dtype(dtype)}, {shape}"),
                        _("np.zeros_like(w) has the type of w, np.zeros(w.shape) has not")
                        if w.shape == shape
                        else "",
                    )
                if np.array_equal(w, before):
                    raise CheckFailed(_("next_w is w; there was no step"))


def own_dict(answer: Any) -> dict:
    """The answer, if it is a dictionary."""
    if not isinstance(answer, dict):
        raise CheckFailed(_("a dictionary is expected, and something else is returned"))
    return answer


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
