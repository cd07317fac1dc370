"""Public checks of the RNN-captioning notebook: numbers to follow by hand, and slopes."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from assignments.checks.a1_classifiers.test_two_layer_net import (
    check_dout_unchanged,
    check_slopes,
    forward,
    get_gradient,
    model_loss,
    try_parameters,
    unpack,
)
from assignments.checks.a2_networks.test_batch_normalization import check_shape
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a3_captioning import rnn_captioning as standins
from assignments.student import CheckFailed, Remote, Student

PARTS = ("dx", "dprev_h", "dWx", "dWh", "db")
PARTS_OF_ALL = ("dx", "dh0", "dWx", "dWh", "db")
WORDS = {"<NULL>": 0, "<START>": 1, "<END>": 2, "a": 3, "red": 4, "bird": 5}

#: tanh of this is 0.6, of half of it 1/3.
UNIT = math.log(2)


# --- one step ------------------------------------------------------------------------------------


@question("rnn_captioning-step-forward")
def test_step_by_hand(student, rng):
    """With log 2 and half of it going into the two units, next_h is 3/5 and 1/3."""
    x, prev_h = np.array([[1.0]]), np.array([[1.0, 0.0]])
    Wx, Wh = np.array([[2 * UNIT, 0.0]]), np.array([[-UNIT, UNIT], [0.0, 0.0]])
    b = np.array([0.0, -UNIT / 2])
    next_h, _cache = forward(student, "rnn_step_forward", x, prev_h, Wx, Wh, b)
    known = {
        _("tanh is missing"): [[UNIT, UNIT / 2]],
        _("b is missing"): [[0.6, 0.6]],
        _("what prev_h adds is missing"): [[15 / 17, -1 / 3]],
        _("Wh is transposed"): [[0.6, -1 / 3]],
        _("this is the sigmoid, where tanh is asked for"): [[2 / 3, 2**0.5 / (1 + 2**0.5)]],
    }
    assert_close(next_h, np.array([[0.6, 1 / 3]]), "next_h", known=known, show=True)


@question("rnn_captioning-step-forward")
def test_step_range(student, rng):
    """Every number of next_h lies between -1 and 1, whatever goes in."""
    arrays = step_arrays(rng, scale=5.0)
    next_h = to_array(forward(student, "rnn_step_forward", *arrays)[0], "next_h")
    check_shape(next_h, (3, 5), "next_h")
    if np.abs(next_h).max() > 1:
        raise CheckFailed(_("some numbers of next_h lie beyond 1 or -1"))


@question("rnn_captioning-step-forward")
def test_step_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.rnn_step_forward(*step_arrays(rng))
    assert_unchanged(student.changed, dict(enumerate(("x", "prev_h", "Wx", "Wh", "b"))))


@question("rnn_captioning-step-backward")
def test_step_backward_by_hand(student, rng):
    """Where next_h is 0.6, the slope of tanh is 1 - 0.36, and a dnext_h of 25 makes 16 of it."""
    x, prev_h = np.array([[0.0], [0.0]]), np.array([[2.0], [2.0]])
    weights = np.array([[3.0]]), np.array([[UNIT / 2]]), np.array([0.0])
    _next_h, cache = forward(student, "rnn_step_forward", x, prev_h, *weights)
    dnext_h = np.array([[25.0], [50.0]])
    got = step_gradients(student, dnext_h, cache)
    known = {
        _("the slope of tanh is missing"): [75.0],
        _("the slope of tanh is 1 minus the square of next_h"): [30.0],
        _("this is the mean over the examples"): [24.0],
    }
    assert_close(got["db"], np.array([48.0]), "db", known=known, show=True)
    dx = np.array([[48.0], [96.0]])
    assert_close(got["dx"], dx, "dx", show=True)
    assert_close(got["dprev_h"], dx * UNIT / 6, "dprev_h", show=True)
    assert_close(got["dWh"], np.array([[96.0]]), "dWh", show=True)


@question("rnn_captioning-step-backward")
def test_step_backward_slopes(student, rng):
    """All five gradients are slopes of your rnn_step_forward, tried out number by number."""
    arrays, dnext_h = step_arrays(rng), rng.normal(size=(3, 5))
    Wx, Wh = arrays[2:4]
    next_h, _cache = standins.rnn_step_forward(*arrays)
    no_slope, wrong_slope = (dnext_h * s for s in (1, 1 - np.tanh(next_h) ** 2))
    known = {
        name: {
            _("the slope of tanh is missing"): way(no_slope),
            _("is the slope of tanh taken of next_h, as if tanh were applied twice?"): way(
                wrong_slope
            ),
        }
        for name, way in {
            "dx": lambda d: np.einsum("nh,dh->nd", d, Wx),
            "dprev_h": lambda d: np.einsum("nh,gh->ng", d, Wh),
        }.items()
    }
    check_slopes(student, "rnn_step", list(arrays), dnext_h, PARTS, known=known)


@question("rnn_captioning-step-backward")
def test_step_backward_inputs(student, rng):
    """dnext_h is not changed."""
    check_dout_unchanged(student, "rnn_step", list(step_arrays(rng)), rng.normal(size=(3, 5)))


# --- all steps -----------------------------------------------------------------------------------


@question("rnn_captioning-forward")
def test_forward_by_hand(student, rng):
    """A single unit that is fed log 2, log 2 - 0.6, -log 2 - 0.6 says 0.6, 0.6 and -0.6."""
    x = np.array([UNIT, UNIT - 0.6, -UNIT - 0.6]).reshape(1, 3, 1)
    one = np.ones((1, 1))
    h, _cache = forward(student, "rnn_forward", x, np.zeros((1, 1)), one, one, np.zeros(1))
    known = {
        _("each step begins with h0 again, not with the h before it"): np.tanh(x),
        _("these are the states before each step, not after it"): np.array([0, 0.6, 0.6]).reshape(
            x.shape
        ),
    }
    assert_close(h, np.array([0.6, 0.6, -0.6]).reshape(x.shape), "h", known=known, show=True)


@question("rnn_captioning-forward")
def test_forward_step_by_step(student, rng):
    """Each h[:, t] is what your rnn_step_forward makes of x[:, t] and of the h before."""
    x, h0, *weights = sequence_arrays(rng)
    h = to_array(forward(student, "rnn_forward", x, h0, *weights)[0], "h")
    check_shape(h, (3, 4, 5), "h")
    state = h0
    for t in range(4):
        state, _cache = forward(student, "rnn_step_forward", x[:, t], state, *weights)
        assert_close(h[:, t], state, f"h[:, {t}]")


@question("rnn_captioning-forward")
def test_forward_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.rnn_forward(*sequence_arrays(rng))
    assert_unchanged(student.changed, dict(enumerate(("x", "h0", "Wx", "Wh", "b"))))


@question("rnn_captioning-backward")
def test_backward_last_step(student, rng):
    """When only the last step's h counts, dh0 has come back through all three steps."""
    # tanh is nearly the identity here, and each step multiplies by 2.
    x, zero = np.full((1, 3, 1), 1e-9), np.zeros((1, 1))
    _h, cache = forward(
        student, "rnn_forward", x, zero, np.ones((1, 1)), np.full((1, 1), 2.0), np.zeros(1)
    )
    got = all_gradients(student, np.array([0.0, 0.0, 1.0]).reshape(1, 3, 1), cache)
    alone = np.array([0.0, 0.0, 1.0]).reshape(1, 3, 1)
    known = {_("no gradient comes back from the step after"): alone}
    want = np.array([4.0, 2.0, 1.0]).reshape(1, 3, 1)
    assert_close(got["dx"], want, "dx", known=known, show=True)
    known = {_("this is the gradient of the first step's h, one step too early"): [[4.0]]}
    assert_close(got["dh0"], np.array([[8.0]]), "dh0", known=known, show=True)
    known = {
        _("this is the first step's alone; the steps add up"): [4.0],
        _("this is the last step's alone; the steps add up"): [1.0],
    }
    assert_close(got["db"], np.array([7.0]), "db", known=known, show=True)


@question("rnn_captioning-backward")
def test_backward_every_step(student, rng):
    """When every step's h counts, what comes from its own output and from later is added."""
    x, zero = np.full((1, 3, 1), 1e-9), np.zeros((1, 1))
    _h, cache = forward(
        student, "rnn_forward", x, zero, np.ones((1, 1)), np.full((1, 1), 2.0), np.zeros(1)
    )
    got = all_gradients(student, np.array([100.0, 10.0, 1.0]).reshape(1, 3, 1), cache)
    known = {
        _("only the last step's dh is used"): [4.0, 2.0, 1.0],
        _("no gradient comes back from the step after"): [100.0, 10.0, 1.0],
        _("it comes back from the very next step only"): [120.0, 12.0, 1.0],
    }
    known = {name: np.reshape(values, x.shape) for name, values in known.items()}
    want = np.array([124.0, 12.0, 1.0]).reshape(x.shape)
    assert_close(got["dx"], want, "dx", known=known, show=True)


@question("rnn_captioning-backward")
def test_backward_slopes(student, rng):
    """All five gradients are slopes of your rnn_forward, tried out number by number."""
    arrays = list(sequence_arrays(rng, N=2, D=2, H=3))
    check_slopes(student, "rnn", arrays, rng.normal(size=(2, 4, 3)), PARTS_OF_ALL)


@question("rnn_captioning-backward")
def test_backward_inputs(student, rng):
    """dh is not changed."""
    check_dout_unchanged(student, "rnn", list(sequence_arrays(rng)), rng.normal(size=(3, 4, 5)))


# --- words as vectors ----------------------------------------------------------------------------


@question("rnn_captioning-embedding-forward")
def test_embedding_by_hand(student, rng):
    """Word 2 becomes row 2 of W, wherever it stands."""
    W = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    out, _cache = forward(student, "word_embedding_forward", np.array([[2, 0], [2, 1]]), W)
    want = np.array([[[5.0, 6.0], [1.0, 2.0]], [[5.0, 6.0], [3.0, 4.0]]])
    assert_close(out, want, "out", show=True)


@question("rnn_captioning-embedding-forward")
def test_embedding_one_word_each(student, rng):
    """It works for one word of each caption, x of shape (N,), too."""
    W = rng.normal(size=(4, 3))
    out, _cache = forward(student, "word_embedding_forward", np.array([3, 1]), W)
    assert_close(out, np.stack([W[3], W[1]]), "out")


@question("rnn_captioning-embedding-backward")
def test_embedding_backward_by_hand(student, rng):
    """Row 2 of dW is the sum over the two places where word 2 stands; row 3 is 0."""
    x, W = np.array([[2, 0], [2, 1]]), np.zeros((4, 2))
    _out, cache = forward(student, "word_embedding_forward", x, W)
    dout = np.array([[[1.0, 2.0], [10.0, 20.0]], [[100.0, 200.0], [1000.0, 2000.0]]])
    dW = student.word_embedding_backward(dout, cache)
    want = np.array([[10.0, 20.0], [1000.0, 2000.0], [101.0, 202.0], [0.0, 0.0]])
    last, first, mean = want.copy(), want.copy(), want.copy()
    last[2], first[2], mean[2] = dout[1, 0], dout[0, 0], want[2] / 2
    known = {
        _("of a word that occurs twice, only the last place counts"): last,
        _("of a word that occurs twice, only the first place counts"): first,
        _("the places of a word are averaged, not added"): mean,
        _("words that do not occur have their row, too"): want[:3],
    }
    assert_close(dW, want, "dW", known=known, show=True)


@question("rnn_captioning-embedding-backward")
def test_embedding_backward_slopes(student, rng):
    """dW is the slope of your word_embedding_forward, tried out number by number."""
    x, W, dout = rng.integers(4, size=(3, 4)), rng.normal(size=(5, 2)), rng.normal(size=(3, 4, 2))
    _out, cache = forward(student, "word_embedding_forward", x, W)
    dW = student.word_embedding_backward(dout, cache)

    def weighted_sums(values: list[np.ndarray]) -> list[float]:
        replies = student.batch([("word_embedding_forward", x, value) for value in values])
        outs = [unpack(reply, "word_embedding_forward", ("out", "cache"))[0] for reply in replies]
        return [float(np.sum(to_array(out, "out") * dout)) for out in outs]

    assert_close(dW, numerical_gradient(weighted_sums, W), "dW", rtol=1e-5, atol=1e-6)


# --- the model -----------------------------------------------------------------------------------


@question("rnn_captioning-loss")
def test_loss_all_words_alike(student, rng):
    """If six words are always equally likely, each word that counts costs log 6."""
    check_loss_alike(student, rng, 1)


@question("rnn_captioning-loss")
def test_loss_right_words(student, rng):
    """If the likelihood of a word is the same at each step, the loss adds up the right words'."""
    check_loss_right_words(student, rng, 1)


@question("rnn_captioning-loss")
def test_loss_picture_and_words(student, rng):
    """The loss of two captions is right for parameters drawn at random."""
    check_loss_random(student, rng, 1)


@question("rnn_captioning-gradients")
def test_gradients_slopes(student, rng):
    """All eight gradients are slopes of your loss, tried out number by number."""
    check_loss_slopes(student, rng, 1)


@question("rnn_captioning-gradients")
def test_gradients_inputs(student, rng):
    """Features, captions and parameters are not changed."""
    check_loss_inputs(student, rng, 1)


@question("rnn_captioning-sample")
def test_sample_chain(student, rng):
    """A model that has learned only which word follows which says: a red bird."""
    check_chain(student, rng, 1)


@question("rnn_captioning-sample")
def test_sample_never_says_null(student, rng):
    """<NULL> and <START> are not said, even where their scores are the largest."""
    check_never_null(student, rng, 1)


@question("rnn_captioning-sample")
def test_sample_pictures(student, rng):
    """Of two pictures one is "a", the other "bird": the state goes from step to step."""
    check_pictures(student, rng, 1)


# --- shared with the hidden checks ---------------------------------------------------------------

#: The parameters of the model, in the order of the way back.
WAY_BACK = ("W_vocab", "b_vocab", "Wh", "Wx", "b", "W_embed", "W_proj", "b_proj")


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
    """A model without memory: <START> -> a -> red -> bird -> <END> -> a."""
    links = np.zeros((6, 6))
    links[[1, 3, 4, 5, 2], [3, 4, 5, 2, 3]] = 10.0
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


def words_in_order(order: Sequence[int]) -> dict[str, int]:
    """A vocabulary in which word number i of a fixed list has the number order[i]."""
    listed = ["<NULL>", "<START>", "<END>", *(f"word{i}" for i in range(3, len(order)))]
    return {word: int(number) for word, number in zip(listed, order, strict=True)}


# --- checks of a captioning model whose cell has this many blocks of weights ---------------------


def check_loss_alike(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """If six words are always equally likely, each word that counts costs log 6."""
    params = random_params(rng, 5, 3, 4, 6, blocks) | {
        "W_vocab": np.zeros((4, 6)),
        "b_vocab": np.zeros(6),
    }
    model = make_model(student, params, WORDS)
    # Words to say: "bird <END>" and "a red bird <END>".
    captions = np.array([[1, 5, 2, 0, 0], [1, 3, 4, 5, 2]])
    loss, _grads = model_loss(model, rng.normal(size=(2, 5)), captions)
    each = math.log(6)
    known = {
        _("<NULL> counts, too"): 4 * each,
        _("the words that go in are counted, <START> among them, not those to say"): 3.5 * each,
        _("saying <END> counts, too"): 2 * each,
        _("this is the mean over words; it is the mean over captions"): each,
        _("this is the sum over captions; it is their mean"): 6 * each,
    }
    assert_close(loss, 3 * each, "loss", known=known, show=True)


def check_loss_right_words(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """If the likelihood of a word is the same at each step, the loss adds up the right words'."""
    p = np.array([1, 2, 4, 8, 16, 32]) / 63
    params = random_params(rng, 5, 3, 4, 6, blocks) | {
        "W_vocab": np.zeros((4, 6)),
        "b_vocab": np.log(p),
    }
    model = make_model(student, params, WORDS)
    loss, _grads = model_loss(model, rng.normal(size=(1, 5)), np.array([[1, 3, 4, 5, 2]]))
    said, heard = (-np.log(p[words]).sum() for words in ([3, 4, 5, 2], [1, 3, 4, 5]))
    known = {_("each word is to be foretold from itself: is captions_out shifted?"): heard}
    assert_close(loss, said, "loss", known=known, show=True)


def check_loss_random(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """The loss of two captions is right for parameters drawn at random."""
    params, features = random_params(rng, 5, 3, 4, 6, blocks), rng.normal(size=(2, 5))
    captions = np.array([[1, 5, 2, 0, 0], [1, 3, 4, 5, 2]])
    loss, _grads = model_loss(make_model(student, params, WORDS), features, captions)
    no_bias = params | {"b_proj": np.zeros(4)}
    known = {
        _("the picture does not matter: is h0 made from the features?"): right_loss(
            no_bias, 0 * features, captions
        ),
        _("b_proj is missing"): right_loss(no_bias, features, captions),
    }
    assert_close(loss, right_loss(params, features, captions), "loss", known=known)


def check_loss_slopes(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """All eight gradients are slopes of your loss, tried out number by number."""
    params, features = random_params(rng, 3, 2, 3, 6, blocks), rng.normal(size=(2, 3))
    captions = np.array([[1, 5, 2, 0, 0], [1, 3, 4, 5, 2]])
    model = make_model(student, params, WORDS)
    _loss, grads = model_loss(model, features, captions)
    for name in WAY_BACK:
        answers = try_parameters(student, model, params, name, features, captions)

        def losses(values: list[np.ndarray], answers: Callable = answers) -> list[float]:
            return [float(unpack(reply, "loss", ("loss", "grads"))[0]) for reply in answers(values)]

        want = numerical_gradient(losses, params[name])
        factors = {_("the number of captions"): 2.0}
        what = f"grads[{name!r}]"
        assert_close(get_gradient(grads, name), want, what, rtol=1e-5, atol=1e-6, factors=factors)


def check_loss_inputs(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """Features, captions and parameters are not changed."""
    params = random_params(rng, 5, 3, 4, 6, blocks)
    model = make_model(student, params, WORDS)
    check_untouched(student, model, params, rng.normal(size=(1, 5)), np.array([[1, 3, 4, 5, 2]]))


def check_chain(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """A model that has learned only which word follows which says: a red bird."""
    model = make_model(student, chain_params(blocks), WORDS)
    said = model.sample(np.zeros((2, 1)), max_length=6)
    want = np.array([[3, 4, 5, 2, 0, 0]] * 2)
    known = {
        _("<START> comes first; the first word is the one after it"): [[1, 3, 4, 5, 2, 0]] * 2,
        _("each step is fed <START>, not the word just said"): [[3] * 6] * 2,
        _("after <END> it goes on"): [[3, 4, 5, 2, 3, 4]] * 2,
        _("the first <END> belongs to the caption"): [[3, 4, 5, 0, 0, 0]] * 2,
    }
    assert_equal(said, want, "captions", known=known, show=True)


def check_never_null(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """<NULL> and <START> are not said, even where their scores are the largest."""
    params = chain_params(blocks)
    params["b_vocab"] = np.array([50.0, 40.0, 0.0, 0.0, 0.0, 0.0])
    said = make_model(student, params, WORDS).sample(np.zeros((1, 1)), max_length=5)
    assert_equal(said, np.array([[3, 4, 5, 2, 0]]), "captions", show=True)


def check_pictures(student: Student, rng: np.random.Generator, blocks: int) -> None:
    """Of two pictures one is "a", the other "bird": the state goes from step to step."""
    params = random_params(rng, 1, 2, 2, 6, blocks)
    zero = {name: np.zeros_like(value) for name, value in params.items()}
    zero["W_proj"] = np.array([[2.0, 0.0]])
    zero["Wh"] = in_last_block(np.array([[4.0, 0.0], [0.0, 0.0]]), blocks)
    zero["b"] = without_memory(2, blocks)
    zero["W_vocab"][0, [3, 5]] = 1.0, -1.0
    said = make_model(student, zero, WORDS).sample(np.array([[1.0], [-1.0]]), max_length=3)
    want = np.array([[3, 3, 3], [5, 5, 5]])
    known = {_("the picture does not matter: is h0 made from the features?"): [[2, 0, 0]] * 2}
    assert_equal(said, want, "captions", known=known, show=True)
