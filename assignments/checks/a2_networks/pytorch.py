"""What pytorch asks for, declared once, and what is watched while a model is used.

The notebook is no source of later ones, so there are no stand-ins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from assignments.compare import assert_close
from assignments.families.function import Function
from assignments.families.module import Case, Module
from assignments.messages import N_, _
from assignments.student import CheckFailed, Remote, Student, explained

WEIGHTS_FILE = "pytorch_weights.npz"
#: Each of these percentages of right labels on hidden images is worth the same.
SCALE = range(59, 74, 2)

# Parts of PyTorch's messages about a network, and what a mistake that leads there may be.
ERRORS = {
    "shapes cannot be multiplied": N_(
        "print the shapes before the product: is each example a row, is a weight transposed?"
    ),
    "Kernel size can't be greater": N_("is padding missing? It is 2 for 5 x 5, and 1 for 3 x 3"),
    "channels, but got": N_("a layer gets another number of channels than it was made for"),
    "is not a Module subclass": N_("a sequence takes layers: nn.ReLU(), with brackets, not F.relu"),
    "does not require grad": N_(
        "was a step taken outside of PyTorch's record (detach, data, numpy, no_grad)?"
    ),
}


# --- networks ------------------------------------------------------------------------------------


def normal(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> torch.Tensor:
    """Normal numbers in double precision."""
    return torch.from_numpy(rng.normal(0, scale, size=shape))


@dataclass(frozen=True)
class Network(Function):
    """The scores ``name(x, params)`` of a tensor x and a list of tensors.

    Attributes:
        names: of the parameters.
    """

    arguments: tuple[str, ...] = ("x", "params")
    outputs: tuple[str, ...] = ("scores",)
    names: tuple[str, ...] = ()

    def by_hand(self, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        params = [torch.tensor(p, dtype=torch.float64) for p in given.pop("params")]
        return (torch.from_numpy(given.pop("x")), params), given

    def single(self, case: Any) -> Any:
        x, params = case
        return x.float(), [p.float() for p in params]

    def note(self, case: Any) -> str:
        return f" (x {' x '.join(map(str, case[0].shape))})"

    def call(self, student: Student, case: Any) -> Any:
        with explained(ERRORS):
            return super().call(student, case)

    def right(self, case: Any) -> dict[str, Any]:
        x, params = case
        return {"scores": self.twin(x.double(), [p.double() for p in params])}

    def check_dtype(self, student: Student, case: Any) -> None:
        """Have the scores dtype and precision of the inputs, in double and in single precision?"""
        for one, rtol in ((case, 1e-9), (self.single(case), 1e-4)):
            scores = self.check(student, one, rtol=rtol, atol=rtol / 10)["scores"]
            if scores.dtype != one[0].dtype:
                reason = _("the inputs are of type {want}, the scores of type {got}")
                raise CheckFailed(reason.format(want=one[0].dtype, got=scores.dtype))

    def check_gradients(self, student: Student, case: Any) -> None:
        """Does backward on the scores lead to the right gradients of all parameters?"""
        x, params = case
        leaves = [p.clone().requires_grad_() for p in params]
        kept = student.put([p.clone().requires_grad_() for p in params])
        out = self.twin(x, leaves)
        dout = torch.arange(1.0, out.numel() + 1, dtype=out.dtype).sin().view_as(out)
        with explained(ERRORS):
            student.backward(student.call(self.name, x, kept, keep=True), dout)
        wanted = torch.autograd.grad(out, leaves, dout)
        for place, (name, want) in enumerate(zip(self.names, wanted, strict=True)):
            if (got := kept.get(f"[{place}].grad")) is None:
                raise CheckFailed(
                    _("no gradient reaches {name}").format(name=name),
                    _("is it used at all, and without detach, data or no_grad?"),
                )
            assert_close(got, want, _("the gradient of {name}").format(name=name))


def two_layers(x: torch.Tensor, params: Sequence[torch.Tensor]) -> torch.Tensor:
    """Example by example."""
    w1, w2 = params
    return torch.stack([w2.T @ (w1.T @ one.ravel()).clamp(min=0) for one in x])


def convolutions(x: torch.Tensor, params: Sequence[torch.Tensor]) -> torch.Tensor:
    """Convolution - ReLU - convolution - ReLU - affine, each convolution as a product."""
    *pairs, fc_w, fc_b = params
    for w, b in zip(pairs[::2], pairs[1::2], strict=True):
        size = w.shape[2]
        columns = nn.functional.unfold(x, size, padding=size // 2)
        x = (w.flatten(1) @ columns + b[:, None]).clamp(min=0).unflatten(2, x.shape[2:])
    return torch.einsum("nd,dc->nc", x.flatten(1), fc_w) + fc_b


def two_layer_inputs(
    rng: np.random.Generator, N: int = 7, shape: tuple[int, ...] = (2, 3, 2), H: int = 9, C: int = 5
) -> Sequence[Any]:
    """Examples of any shape, and w1 and w2."""
    return normal(rng, N, *shape), [normal(rng, int(np.prod(shape)), H), normal(rng, H, C)]


def convnet_inputs(
    rng: np.random.Generator,
    N: int = 4,
    C: int = 3,
    size: tuple[int, int] = (7, 6),
    channels: tuple[int, int] = (4, 5),
    classes: int = 6,
) -> Sequence[Any]:
    """Images, and the six parameters."""
    one, other = channels
    shapes = ((one, C, 5, 5), (one,), (other, one, 3, 3), (other,))
    fc = (other * size[0] * size[1], classes), (classes,)
    params = [normal(rng, *s, scale=1.0 if len(s) == 1 else 0.3) for s in (*shapes, *fc)]
    return normal(rng, N, C, *size), params


two_layer_fc = Network("two_layer_fc", two_layers, two_layer_inputs, names=("w1", "w2"))
three_layer_convnet = Network(
    "three_layer_convnet",
    convolutions,
    convnet_inputs,
    names=("conv_w1", "conv_b1", "conv_w2", "conv_b2", "fc_w", "fc_b"),
)


class Convnet(nn.Module):
    """The same, for images of 32 x 32 pixels, with parameters by the names of layers."""

    def __init__(self, in_channel: int, channel_1: int, channel_2: int, num_classes: int) -> None:
        super().__init__()
        for name, shape in {
            "conv1": (channel_1, in_channel, 5, 5),
            "conv2": (channel_2, channel_1, 3, 3),
            "fc": (num_classes, channel_2 * 32 * 32),
        }.items():
            layer = nn.Module()
            layer.weight = nn.Parameter(torch.empty(shape))
            layer.bias = nn.Parameter(torch.empty(shape[0]))
            self.add_module(name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *params, fc_w, fc_b = self.parameters()
        return convolutions(x, [*params, fc_w.T, fc_b])


def small_images(rng: np.random.Generator, settings: Sequence[int], N: int = 3) -> Any:
    """What a network is made with, and N images of 32 x 32 pixels."""
    return settings, [normal(rng, N, settings[0], 32, 32)]


class Network32(Module):
    """A network for images of 32 x 32 pixels."""

    def call(self, student: Student, case: Case) -> Any:
        with explained(ERRORS):
            return super().call(student, case)


class Sequential(Network32):
    """A function that returns an nn.Sequential, whose parameters count in their order."""

    def made(self, student: Student, case: Case) -> Remote:
        with explained(ERRORS):
            model = student.call(self.name, *case.settings, keep=True)
        if model.type_name != "Sequential":
            reason = _("the result is a {kind}, not an nn.Sequential")
            raise CheckFailed(reason.format(kind=model.type_name))
        state, right = model.state_dict(), [p.detach() for p in case.twin.parameters()]
        got, want = ([tuple(value.shape) for value in values] for values in (state.values(), right))
        student.retell([str(shape) for shape in got])
        if got != want:
            reason = _("its parameters have the shapes {got}, where {want} are expected")
            raise CheckFailed(reason.format(got=got, want=want))
        model.to(case.dtype)
        model.load_state_dict(dict(zip(state, right, strict=True)))
        return model

    def check_layers(self, student: Student, case: Case) -> None:
        """Is it an nn.Sequential with these parameters?"""
        self.made(student, case)


module = Network32("ThreeLayerConvNet", Convnet, small_images, output="scores")
sequence = Sequential("sequential_convnet", Convnet, small_images, output="scores")


# --- loops over batches --------------------------------------------------------------------------

# The same about a loop over batches.
LOOP_ERRORS = {
    "'list' object has no attribute": N_("a loader need only give batches; count what comes"),
    "on the same device": N_("move x and y: x.to(device) returns what was moved"),
    "not implemented for 'Long'": N_("cross_entropy takes the scores first, then the labels"),
    "does not require grad": N_("is the loss computed under no_grad, or with loss.item()?"),
    "must match the size of tensor b": N_(
        "argmax over dim=1, the classes, gives a label for each example"
    ),
}

Batches = Sequence[tuple[Any, Any]]


def looped(student: Student, name: str, *arguments: Any, keep: bool = False) -> Any:
    """What accuracy or train_epoch returns."""
    with explained(LOOP_ERRORS):
        return student.call(name, *arguments, keep=keep)


def moved(student: Student, batches: Batches) -> Batches:
    """The same batches, on what looks like another device."""
    return [(student.make("elsewhere", x), student.make("elsewhere", y)) for x, y in batches]


def check_evaluation(student: Student, model: Remote, batches: Batches, was_training: bool) -> None:
    """Is a watched model called once a batch, in eval mode, unrecorded, and left as it was?"""
    model.train(was_training)
    looped(student, "accuracy", model, batches)
    seen = model.get("seen")
    check_number_of_calls(seen, batches)
    if any(training for training, _recorded in seen):
        raise CheckFailed(_("the model is evaluated in train mode; call model.eval() before"))
    if any(recorded for _training, recorded in seen):
        raise CheckFailed(_("gradients are recorded during the evaluation, which nobody needs"))
    if model.get("training") is not was_training:
        before, after = ("train", "eval") if was_training else ("eval", "train")
        reason = _("the model came in {before} mode, and is left in {after} mode")
        raise CheckFailed(reason.format(before=before, after=after))
    model(batches[0][0], keep=True)
    if not model.get("seen")[-1][1]:
        raise CheckFailed(
            _("afterwards nothing is recorded any more, so that no training is possible"),
            _("`with torch.no_grad():` ends by itself"),
        )


def check_trained(model: Remote, batches: Batches) -> None:
    """Was a watched model called once a batch, in train mode, and left in it?"""
    seen = model.get("seen")
    check_number_of_calls(seen, batches)
    if not all(training for training, _recorded in seen):
        raise CheckFailed(_("the model is trained in eval mode; call model.train() before"))
    if model.get("training") is not True:
        raise CheckFailed(_("the model is left in eval mode"))


def check_number_of_calls(seen: Sequence[Any], batches: Batches) -> None:
    """Was a watched model called once a batch?"""
    if len(seen) != len(batches):
        reason = _("the model was called {calls} times for {batches} batches")
        raise CheckFailed(reason.format(calls=len(seen), batches=len(batches)))


def check_plain_number(student: Student) -> None:
    """Is what came last a number without a graph?"""
    if getattr(student.transcript[-1].value, "requires_grad", False):
        raise CheckFailed(
            _("the mean loss still holds the graphs of all batches"), _("add up loss.item()")
        )
