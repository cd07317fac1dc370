"""What the public and hidden checks of rnn_captioning share with others."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import get_gradient, model_loss, try_parameters
from assignments.compare import (
    assert_close,
    assert_equal,
    assert_single,
    assert_unchanged,
    to_array,
    unpack,
)
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.standins.a3_captioning import rnn_captioning as standins
from assignments.student import CheckFailed, Remote, Student

PARTS = ("dx", "dprev_h", "dWx", "dWh", "db")
PARTS_OF_ALL = ("dx", "dh0", "dWx", "dWh", "db")
#: The words of small models; <NULL>, <START> and <END> have other numbers than usual.
WORDS = {"a": 0, "<NULL>": 1, "red": 2, "<END>": 3, "bird": 4, "<START>": 5}
#: The parameters of the model, in the order of the backward pass.
PARAMETERS = ("W_vocab", "b_vocab", "Wh", "Wx", "b", "W_embed", "W_proj", "b_proj")


def single(arrays: Iterable[np.ndarray]) -> tuple[np.ndarray, ...]:
    """The same in single precision."""
    return tuple(array.astype(np.float32) for array in arrays)


def step_arrays(
    rng: np.random.Generator,
    N: int = 3,
    D: int = 4,
    H: int = 5,
    scale: float = 1.0,
    blocks: int = 1,
) -> tuple[np.ndarray, ...]:
    """x, prev_h, Wx, Wh and b of a step, so that tanh is neither linear nor flat."""
    x, prev_h = rng.normal(size=(N, D)), rng.uniform(-0.9, 0.9, size=(N, H))
    return x, prev_h, *weight_arrays(rng, D, H, scale, blocks)


def sequence_arrays(
    rng: np.random.Generator, N: int = 3, T: int = 4, D: int = 4, H: int = 5, blocks: int = 1
) -> tuple[np.ndarray, ...]:
    """x, h0, Wx, Wh and b of a sequence."""
    x, h0 = rng.normal(size=(N, T, D)), rng.uniform(-0.9, 0.9, size=(N, H))
    return x, h0, *weight_arrays(rng, D, H, blocks=blocks)


def weight_arrays(
    rng: np.random.Generator, D: int, H: int, scale: float = 1.0, blocks: int = 1
) -> tuple[np.ndarray, ...]:
    """Wx, Wh and b, with several blocks of H columns where a cell has gates."""
    Wx, Wh = (rng.normal(0, scale * 0.7 / size**0.5, size=(size, blocks * H)) for size in (D, H))
    return Wx, Wh, rng.normal(0, scale * 0.4, size=blocks * H)


def step_gradients(student: Student, dnext_h: np.ndarray, cache: object) -> dict[str, object]:
    """The five gradients of a step by name."""
    parts = unpack(student.rnn_step_backward(dnext_h, cache), "rnn_step_backward", PARTS)
    return dict(zip(PARTS, parts, strict=True))


def all_gradients(student: Student, dh: np.ndarray, cache: object) -> dict[str, object]:
    """The five gradients of a sequence by name."""
    parts = unpack(student.rnn_backward(dh, cache), "rnn_backward", PARTS_OF_ALL)
    return dict(zip(PARTS_OF_ALL, parts, strict=True))


def random_params(
    rng: np.random.Generator, D: int, W: int, H: int, V: int, blocks: int = 1
) -> dict[str, np.ndarray]:
    """Parameters of a captioning model, biases included, large enough to matter."""
    Wx, Wh, b = weight_arrays(rng, W, H, blocks=blocks)
    return {
        "W_embed": rng.normal(size=(V, W)),
        "W_proj": rng.normal(0, 1 / D**0.5, size=(D, H)),
        "b_proj": rng.normal(0, 0.5, size=H),
        "Wx": Wx,
        "Wh": Wh,
        "b": b,
        "W_vocab": rng.normal(0, 2 / H**0.5, size=(H, V)),
        "b_vocab": rng.normal(0, 0.5, size=V),
    }


def chain_params(blocks: int) -> dict[str, np.ndarray]:
    """A model without memory: <START> -> a -> red -> bird -> <END> -> a, but <NULL> -> bird."""
    links = np.zeros((6, 6))
    for word, after in pairwise(("<START>", "a", "red", "bird", "<END>", "a")):
        links[WORDS[word], WORDS[after]] = 2.0
    links[WORDS["<NULL>"], WORDS["bird"]] = 2.0
    return {
        "W_embed": np.eye(6),
        "W_proj": np.zeros((1, 6)),
        "b_proj": np.zeros(6),
        "Wx": in_last_block(3.0 * np.eye(6), blocks),
        "Wh": np.zeros((6, 6 * blocks)),
        "b": without_memory(6, blocks),
        "W_vocab": links,
        "b_vocab": np.zeros(6),
    }


def in_last_block(weights: np.ndarray, blocks: int) -> np.ndarray:
    """These weights in the last block of columns, zeros before: of an LSTM, those of g."""
    return np.hstack([*[np.zeros_like(weights)] * (blocks - 1), weights])


def without_memory(H: int, blocks: int) -> np.ndarray:
    """A bias that opens the gates i and o of an LSTM and closes f; zero where there are none."""
    return np.repeat([30.0, -30.0, 30.0, 0.0] if blocks == 4 else [0.0], H)


def cell_of(params: Mapping[str, np.ndarray]) -> str:
    """The type of the cell that has these parameters."""
    return "rnn" if params["b"].shape == params["b_proj"].shape else "lstm"


def make_model(
    student: Any,
    params: Mapping[str, np.ndarray],
    words: Mapping[str, int],
    dtype: type = np.float64,
) -> Remote:
    """The student's CaptioningRNN, with these parameters."""
    D, W, H = len(params["W_proj"]), params["W_embed"].shape[1], len(params["b_proj"])
    model = student.CaptioningRNN(dict(words), D, W, H, cell_of(params), dtype)
    for name, value in params.items():
        model.set(f"params[{name!r}]", value.astype(dtype))
    return model


def right_loss(
    params: Mapping[str, np.ndarray], features: np.ndarray, captions: np.ndarray
) -> float:
    """The loss that it should have, for WORDS."""
    net = standins.CaptioningRNN(WORDS, cell_type=cell_of(params), dtype=np.float64)
    net.params = dict(params)
    return net.loss(features, captions)[0]


def check_untouched(
    student: Student,
    model: Remote,
    params: Mapping[str, np.ndarray],
    features: np.ndarray,
    captions: np.ndarray,
) -> None:
    """Does loss leave its arguments and the parameters as they were?"""
    model.loss(features, captions)
    assert_unchanged(student.changed, {0: "features", 1: "captions"})
    for name, value in params.items():
        if not np.array_equal(to_array(model.get(f"params[{name!r}]"), name), value):
            raise CheckFailed(_("loss changes params[{name!r}]").format(name=name))


def numbers(*captions: str) -> np.ndarray:
    """Captions of as many words each, as numbers."""
    return np.array([[WORDS[word] for word in caption.split()] for caption in captions])


def words_in_order(order: Sequence[int]) -> dict[str, int]:
    """A vocabulary in which word number i of a fixed list has the number order[i]."""
    listed = ["<NULL>", "<START>", "<END>", *(f"word{i}" for i in range(3, len(order)))]
    return {word: int(number) for word, number in zip(listed, order, strict=True)}


CAPTIONS = numbers("<START> bird <END> <NULL> <NULL>", "<START> a red bird <END>")


def check_loss_alike(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """If six words are always equally likely, each word that counts costs log 6."""
    params = random_params(rng, 5, 3, 4, 6, blocks)
    params |= {"W_vocab": np.zeros((4, 6)), "b_vocab": np.zeros(6)}
    model = make_model(student, params, WORDS)
    loss, _grads = model_loss(model, rng.normal(size=(2, 5)), CAPTIONS)
    # Two words and four are to be said, <END> among them: three a caption.
    factors = {_("the number of captions"): 2.0}
    assert_close(loss, 3 * math.log(6), "loss", factors=factors, show=True)


def check_loss_right_words(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """If the likelihood of a word is the same at each step, the loss adds up the right words'."""
    p = np.array([1, 2, 4, 8, 16, 32]) / 63
    params = random_params(rng, 5, 3, 4, 6, blocks)
    params |= {"W_vocab": np.zeros((4, 6)), "b_vocab": np.log(p)}
    model = make_model(student, params, WORDS)
    loss, _grads = model_loss(model, rng.normal(size=(1, 5)), CAPTIONS[1:])
    assert_close(loss, -np.log(p[CAPTIONS[1, 1:]]).sum(), "loss", show=True)


def check_loss_random(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """The loss of two captions is right for parameters drawn at random."""
    params, features = random_params(rng, 5, 3, 4, 6, blocks), rng.normal(size=(2, 5))
    loss, _grads = model_loss(make_model(student, params, WORDS), features, CAPTIONS)
    assert_close(loss, right_loss(params, features, CAPTIONS), "loss")


def check_gradients_numerical(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """All eight gradients agree with numerical gradients of your loss."""
    params, features = random_params(rng, 3, 2, 3, 6, blocks), rng.normal(size=(2, 3))
    model = make_model(student, params, WORDS)
    _loss, grads = model_loss(model, features, CAPTIONS)
    for name in PARAMETERS:
        answers = try_parameters(student, model, params, name, features, CAPTIONS)

        def losses(values: list[np.ndarray], answers: Callable = answers) -> list[float]:
            return [float(unpack(reply, "loss", ("loss", "grads"))[0]) for reply in answers(values)]

        want = numerical_gradient(losses, params[name])
        factors = {_("the number of captions"): 2.0}
        what = f"grads[{name!r}]"
        assert_close(get_gradient(grads, name), want, what, rtol=1e-5, atol=1e-6, factors=factors)


def check_gradients_single(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """All eight gradients of a model in single precision are in single precision."""
    model = make_model(student, random_params(rng, 5, 3, 4, 6, blocks), WORDS, np.float32)
    _loss, grads = model_loss(model, rng.normal(size=(2, 5)), CAPTIONS)
    assert_single(**{f"grads[{name!r}]": get_gradient(grads, name) for name in PARAMETERS})


def check_loss_inputs(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """Features, captions and parameters are not changed."""
    params = random_params(rng, 5, 3, 4, 6, blocks)
    model = make_model(student, params, WORDS)
    check_untouched(student, model, params, rng.normal(size=(1, 5)), CAPTIONS[1:])


def check_chain(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """A model that has learned only which word follows which says: a red bird."""
    model = make_model(student, chain_params(blocks), WORDS)
    want = numbers(*["a red bird <END> <NULL> <NULL>"] * 2)
    assert_equal(model.sample(np.zeros((2, 1)), max_length=6), want, "captions", show=True)


def check_never_null(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """<NULL> and <START> are not said, even where their scores are the largest."""
    params, null, start = chain_params(blocks), WORDS["<NULL>"], WORDS["<START>"]
    params["W_vocab"][start, null] = 4.0
    params["W_vocab"][[WORDS["a"], null], start] = 4.0
    said = make_model(student, params, WORDS).sample(np.zeros((1, 1)), max_length=5)
    assert_equal(said, numbers("a red bird <END> <NULL>"), "captions", show=True)


def check_counting(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """A model that counts in its state says: a red bird. A picture may make it begin later."""
    states = [0.0]
    for _step in range(4):
        state = math.tanh(0.1 + 2.5 * states[-1])
        # The cell of the LSTM has no memory here: its state is tanh(g).
        states.append(math.tanh(state) if blocks == 4 else state)
    params = random_params(rng, 1, 1, 1, 6, blocks)
    params = {name: np.zeros_like(value) for name, value in params.items()}
    params["Wh"][0, -1], params["b"] = 2.5, without_memory(1, blocks)
    params["b"][-1] = 0.1
    # <END> leads to the largest state.
    params["W_embed"][WORDS["<END>"]], params["Wx"][0, -1] = 1.0, 5.0
    # A word's score is largest at its own state: 2 s * state - s**2.
    (order,), own = numbers("a red bird <END>"), np.array(states[1:])
    params["W_vocab"][0, order], params["b_vocab"][order] = 200 * own, -100 * own**2 - 1
    params["b_vocab"][numbers("<NULL> <START>")] = -1000.0
    params["W_proj"][0, 0] = states[1]
    said = make_model(student, params, WORDS).sample(np.array([[0.0], [1.0]]), max_length=5)
    want = numbers("a red bird <END> <NULL>", "red bird <END> <NULL> <NULL>")
    assert_equal(said, want, "captions", show=True)
