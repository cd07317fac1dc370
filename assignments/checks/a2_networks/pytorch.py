"""What the public and hidden checks of pytorch share with others."""

from collections.abc import Sequence

import numpy as np
import torch

from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student, StudentError

WEIGHTS_FILE = "pytorch_weights.npz"
#: Each of these percentages of right labels on hidden images is worth a point.
SCALE = range(59, 74, 2)
CONVNET_PARAMS = ("conv_w1", "conv_b1", "conv_w2", "conv_b2", "fc_w", "fc_b")
MODULE_PARAMS = ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc.weight", "fc.bias")


def check_dtype(scores: torch.Tensor, dtype: torch.dtype) -> None:
    """Have the scores the type of the inputs?"""
    if scores.dtype != dtype:
        raise CheckFailed(
            _("the inputs are of type {want}, the scores of type {got}").format(
                want=dtype, got=scores.dtype
            )
        )


def check_shape(scores: object, shape: tuple[int, ...]) -> None:
    """Are these scores a tensor of this shape?"""
    what = _("the scores")
    if not isinstance(scores, torch.Tensor):
        if scores is None:
            raise CheckFailed(
                _("{what}: None, where a tensor is expected; is `return` missing?").format(
                    what=what
                )
            )
        kind = scores.type_name if isinstance(scores, Remote) else type(scores).__name__
        raise CheckFailed(
            _("{what}: of type {kind}, where a tensor is expected").format(what=what, kind=kind)
        )
    if tuple(scores.shape) != shape:
        raise CheckFailed(
            _("{what}: shape {got}, where {want} is expected").format(
                what=what, got=tuple(scores.shape), want=shape
            ),
            _("is it flattened, example by example, before the last product?")
            if scores.ndim != len(shape)
            else "",
        )


def moved(
    student: Student, batches: list[tuple[torch.Tensor, torch.Tensor]]
) -> list[tuple[Remote, Remote]]:
    """The same batches, on what looks like another device."""
    return [(student.make("elsewhere", x), student.make("elsewhere", y)) for x, y in batches]


def scores_and_gradients(
    student: Student,
    function: str,
    x: torch.Tensor,
    params: Sequence[torch.Tensor],
    names: Sequence[str],
    dout: torch.Tensor,
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """What a function of inputs and parameters returns, and the gradients of its parameters."""
    kept = student.put([p.detach().requires_grad_() for p in params])
    out = student.call(function, x, kept, keep=True)
    scores = out.get()
    check_shape(scores, tuple(dout.shape))
    walk_back(student, out, dout)
    return scores, [gradient_of(kept, f"[{i}]", name) for i, name in enumerate(names)]


def walk_back(student: Student, out: Remote, dout: torch.Tensor) -> None:
    """Call backward on the scores."""
    try:
        student.backward(out, dout)
    except StudentError as error:
        raise CheckFailed(
            _(
                "backward() on the scores fails: {error}. Was a step taken outside of PyTorch's "
                "record (detach, data, numpy, no_grad)?"
            ).format(error=f"{error.type}: {error.message}"[:100])
        ) from None


def check_recording(model: Remote, x: torch.Tensor) -> None:
    """Does a watched model, called after an evaluation, record again?"""
    model(x, keep=True)
    if not model.get("seen")[-1][1]:
        raise CheckFailed(
            _("afterwards nothing is recorded any more, so that no training is possible"),
            _("`with torch.no_grad():` ends by itself"),
        )


def gradient_of(owner: Remote, path: str, name: str) -> torch.Tensor:
    """The gradient that backward left with a parameter."""
    gradient = owner.get(f"{path}.grad")
    if gradient is None:
        raise CheckFailed(
            _(
                "backward() on the scores leaves no gradient with {name}: nothing that was "
                "recorded leads from it to the scores"
            ).format(name=name),
            _("is it used at all, and without detach, data or no_grad?"),
        )
    return gradient


def convnet_params(
    rng: np.random.Generator, C: int, channel_1: int, channel_2: int, pixels: int, classes: int
) -> list[torch.Tensor]:
    """Random parameters of the three-layer network, in the order of CONVNET_PARAMS."""
    shapes = (
        (channel_1, C, 5, 5), (channel_1,), (channel_2, channel_1, 3, 3), (channel_2,),
        (channel_2 * pixels, classes), (classes,),
    )  # fmt: skip
    return [
        torch.from_numpy(rng.normal(0, 1 if len(shape) == 1 else 0.3, size=shape)).float()
        for shape in shapes
    ]


def layer_shapes(C: int, channel_1: int, channel_2: int, classes: int) -> list[tuple[int, ...]]:
    """Weight and bias of the two convolutions and of the linear layer, for 32 x 32 pixels."""
    return [
        (channel_1, C, 5, 5), (channel_1,), (channel_2, channel_1, 3, 3), (channel_2,),
        (classes, channel_2 * 32 * 32), (classes,),
    ]  # fmt: skip


def check_parameters(student: Student, model: Remote, *sizes: int) -> None:
    """Has the module its three layers, with these parameters and no others?"""
    found = student.iterate(model.state_dict(keep=True))
    missing = [name for name in MODULE_PARAMS if name not in found]
    others = [str(name) for name in found if name not in MODULE_PARAMS]
    if missing:
        symptom = _("is each layer an attribute of self, by the name in the docstring?")
        if others:
            symptom = _("there are others instead: {names}; names are part of the work").format(
                names=", ".join(others)[:100]
            )
        elif all(name.endswith("bias") for name in missing):
            symptom = _("all three layers have a bias")
        names = ", ".join(missing)
        raise CheckFailed(_("parameters are missing: {names}").format(names=names), symptom)
    if others:
        names = ", ".join(others)[:100]
        raise CheckFailed(
            _("there are parameters that should not be there: {names}").format(names=names)
        )
    for name, want in zip(MODULE_PARAMS, layer_shapes(*sizes), strict=True):
        got = model.get(f"{name}.shape")
        if got != want:
            raise CheckFailed(
                _("{name}: shape {got}, where {want} is expected").format(
                    name=name, got=got, want=want
                ),
                _cause_of_shape(tuple(got), want),
            )


def _cause_of_shape(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    if len(got) == len(want) == 4:
        if got[2:] != want[2:]:
            return _("the filters have another size: the first are 5 x 5, the second 3 x 3")
        if got[:2] == want[1::-1]:
            return _("nn.Conv2d takes the channels that come in first, then those that go out")
        return _("the numbers of channels are those that __init__ is given")
    if len(got) == len(want) == 2:
        if got[0] != want[0]:
            return _("nn.Linear takes its inputs first, then its outputs, num_classes")
        return _("its inputs: one number for each of channel_2 channels and 32 x 32 pixels")
    return ""


def check_sequential(model: Remote, *sizes: int) -> list[str]:
    """Is it an nn.Sequential with these parameters? Returns their names."""
    kind = getattr(model, "type_name", type(model).__name__)
    if kind != "Sequential":
        raise CheckFailed(
            _("the result is a {kind}, not an nn.Sequential").format(kind=kind),
            _("is `return` missing?") if model is None else "",
        )
    state = model.state_dict()
    got, want = [tuple(value.shape) for value in state.values()], layer_shapes(*sizes)
    if got != want:
        different = [pair for pair in zip(got, want, strict=False) if pair[0] != pair[1]]
        if len(got) != len(want):
            symptom = _("two convolutions and an affine layer, each with a bias, are six")
        else:
            symptom = _cause_of_shape(*different[0])
        raise CheckFailed(
            _("its parameters have the shapes {got}, where {want} are expected").format(
                got=got, want=want
            ),
            symptom,
        )
    return list(state)


def check_evaluation(model: Remote, batches: int, was_training: bool) -> None:
    """Was a watched model called once a batch, in eval mode, without gradients, and put back?"""
    seen = model.get("seen")
    if len(seen) != batches:
        raise CheckFailed(
            _("the model was called {calls} times for {batches} batches").format(
                calls=len(seen), batches=batches
            )
        )
    if any(training for training, _recorded in seen):
        raise CheckFailed(_("the model is evaluated in train mode; call model.eval() before"))
    if any(recorded for _training, recorded in seen):
        raise CheckFailed(_("gradients are recorded during the evaluation, which nobody needs"))
    if model.get("training") is not was_training:
        raise CheckFailed(
            _("the model came in {before} mode, and is left in {after} mode").format(
                before="train" if was_training else "eval",
                after="eval" if was_training else "train",
            )
        )
