"""Public checks of the RNN-captioning notebook: numbers to follow by hand, numerical gradients."""

import math

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import check_slopes, forward
from assignments.checks.a2_networks.batch_normalization import check_shape
from assignments.checks.a3_captioning.rnn_captioning import (
    PARTS,
    PARTS_OF_ALL,
    all_gradients,
    check_chain,
    check_counting,
    check_gradients_numerical,
    check_gradients_single,
    check_loss_alike,
    check_loss_inputs,
    check_loss_random,
    check_loss_right_words,
    check_never_null,
    sequence_arrays,
    single,
    step_arrays,
    step_gradients,
)
from assignments.compare import assert_close, assert_single, assert_unchanged, to_array, unpack
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a3_captioning.rnn_captioning import truncated_gradients
from assignments.student import CheckFailed, Student

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
    assert_close(next_h, np.array([[0.6, 1 / 3]]), "next_h", show=True)


@question("rnn_captioning-step-forward")
def test_step_range(student, rng):
    """Every number of next_h lies between -1 and 1, even where thousands go into tanh."""
    arrays = step_arrays(rng, scale=5000.0)
    next_h = to_array(forward(student, "rnn_step_forward", *arrays)[0], "next_h")
    check_shape(next_h, (3, 5), "next_h")
    if not (np.abs(next_h) <= 1).all():
        raise CheckFailed(_("some numbers of next_h do not lie between -1 and 1"))


@question("rnn_captioning-step-forward")
def test_step_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.rnn_step_forward(*step_arrays(rng))
    assert_unchanged(student.changed, dict(enumerate(("x", "prev_h", "Wx", "Wh", "b"))))


@question("rnn_captioning-step-forward")
def test_step_single(student, rng):
    """Inputs in single precision give next_h in single precision."""
    assert_single(next_h=forward(student, "rnn_step_forward", *single(step_arrays(rng)))[0])


@question("rnn_captioning-step-backward")
def test_step_backward_by_hand(student, rng):
    """Where next_h is 0.6, the derivative of tanh is 1 - 0.36: a dnext_h of 25 becomes 16."""
    x, prev_h = np.array([[0.0], [0.0]]), np.array([[2.0], [2.0]])
    weights = np.array([[3.0]]), np.array([[UNIT / 2]]), np.array([0.0])
    _next_h, cache = forward(student, "rnn_step_forward", x, prev_h, *weights)
    got = step_gradients(student, np.array([[25.0], [50.0]]), cache)
    assert_close(got["db"], np.array([48.0]), "db", show=True)
    dx = np.array([[48.0], [96.0]])
    assert_close(got["dx"], dx, "dx", show=True)
    assert_close(got["dprev_h"], dx * UNIT / 6, "dprev_h", show=True)
    assert_close(got["dWh"], np.array([[96.0]]), "dWh", show=True)


@question("rnn_captioning-step-backward")
def test_step_backward_numerical(student, rng):
    """All five gradients agree with numerical gradients of your rnn_step_forward."""
    check_slopes(student, "rnn_step", list(step_arrays(rng)), rng.normal(size=(3, 5)), PARTS)


@question("rnn_captioning-step-backward")
def test_step_backward_inputs(student, rng):
    """dnext_h is not changed."""
    _next_h, cache = forward(student, "rnn_step_forward", *step_arrays(rng))
    student.rnn_step_backward(rng.normal(size=(3, 5)), cache)
    assert_unchanged(student.changed, {0: "dnext_h"})


@question("rnn_captioning-step-backward")
def test_step_backward_single(student, rng):
    """Inputs in single precision give gradients in single precision."""
    _next_h, cache = forward(student, "rnn_step_forward", *single(step_arrays(rng)))
    assert_single(**step_gradients(student, rng.normal(size=(3, 5)).astype(np.float32), cache))


# --- all steps -----------------------------------------------------------------------------------


@question("rnn_captioning-forward")
def test_forward_by_hand(student, rng):
    """A single unit that is fed log 2, log 2 - 0.6, -log 2 - 0.6 says 0.6, 0.6 and -0.6."""
    x = np.array([UNIT, UNIT - 0.6, -UNIT - 0.6]).reshape(1, 3, 1)
    one = np.ones((1, 1))
    h, _cache = forward(student, "rnn_forward", x, np.zeros((1, 1)), one, one, np.zeros(1))
    assert_close(h, np.array([0.6, 0.6, -0.6]).reshape(x.shape), "h", show=True)


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


@question("rnn_captioning-forward")
def test_forward_single(student, rng):
    """Inputs in single precision give states in single precision."""
    assert_single(h=forward(student, "rnn_forward", *single(sequence_arrays(rng)))[0])


@question("rnn_captioning-backward")
def test_backward_last_step(student, rng):
    """When only the last of 12 steps counts, its gradient doubles step by step: 4096 at h0."""
    # tanh is nearly the identity here, and each step multiplies by 2.
    x, dh = np.full((1, 12, 1), 1e-9), np.zeros((1, 12, 1))
    dh[0, -1] = 1.0
    _h, cache = forward(student, "rnn_forward", x, *doubling())
    got = all_gradients(student, dh, cache)
    want = 2.0 ** np.arange(11, -1, -1).reshape(x.shape)
    assert_close(got["dx"], want, "dx", show=True)
    assert_close(got["dh0"], np.array([[4096.0]]), "dh0", show=True)
    assert_close(got["db"], np.array([4095.0]), "db", show=True)


@question("rnn_captioning-backward")
def test_backward_every_step(student, rng):
    """When every step's h counts, what comes from its own output and from later is added."""
    x, dh = np.full((1, 3, 1), 1e-9), np.array([100.0, 10.0, 1.0]).reshape(1, 3, 1)
    _h, cache = forward(student, "rnn_forward", x, *doubling())
    want = np.array([124.0, 12.0, 1.0]).reshape(x.shape)
    assert_close(all_gradients(student, dh, cache)["dx"], want, "dx", show=True)


@question("rnn_captioning-backward")
def test_backward_numerical(student, rng):
    """All five gradients agree with numerical gradients of your rnn_forward."""
    arrays = list(sequence_arrays(rng, N=2, D=2, H=3))
    check_slopes(student, "rnn", arrays, rng.normal(size=(2, 4, 3)), PARTS_OF_ALL)


@question("rnn_captioning-backward")
def test_backward_inputs(student, rng):
    """dh is not changed."""
    _h, cache = forward(student, "rnn_forward", *sequence_arrays(rng))
    student.rnn_backward(rng.normal(size=(3, 4, 5)), cache)
    assert_unchanged(student.changed, {0: "dh"})


@question("rnn_captioning-backward")
def test_backward_single(student, rng):
    """Inputs in single precision give gradients in single precision."""
    _h, cache = forward(student, "rnn_forward", *single(sequence_arrays(rng)))
    assert_single(**all_gradients(student, rng.normal(size=(3, 4, 5)).astype(np.float32), cache))


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


@question("rnn_captioning-embedding-forward")
def test_embedding_single(student, rng):
    """Vectors in single precision stay so."""
    W = rng.normal(size=(4, 3)).astype(np.float32)
    assert_single(out=forward(student, "word_embedding_forward", np.array([3, 1]), W)[0])


@question("rnn_captioning-embedding-backward")
def test_embedding_backward_by_hand(student, rng):
    """Row 2 of dW is the sum over the two places where word 2 stands; row 3 is 0."""
    x, W = np.array([[2, 0], [2, 1]]), np.zeros((4, 2))
    _out, cache = forward(student, "word_embedding_forward", x, W)
    dout = np.array([[[1.0, 2.0], [10.0, 20.0]], [[100.0, 200.0], [1000.0, 2000.0]]])
    dW = student.word_embedding_backward(dout, cache)
    want = np.array([[10.0, 20.0], [1000.0, 2000.0], [101.0, 202.0], [0.0, 0.0]])
    assert_close(dW, want, "dW", show=True)


@question("rnn_captioning-embedding-backward")
def test_embedding_backward_numerical(student, rng):
    """dW agrees with the numerical gradient of your word_embedding_forward."""
    x, W, dout = rng.integers(4, size=(3, 4)), rng.normal(size=(5, 2)), rng.normal(size=(3, 4, 2))
    _out, cache = forward(student, "word_embedding_forward", x, W)
    dW = student.word_embedding_backward(dout, cache)

    def weighted_sums(values: list[np.ndarray]) -> list[float]:
        replies = student.batch([("word_embedding_forward", x, value) for value in values])
        outs = [unpack(reply, "word_embedding_forward", ("out", "cache"))[0] for reply in replies]
        return [float(np.sum(to_array(out, "out") * dout)) for out in outs]

    assert_close(dW, numerical_gradient(weighted_sums, W), "dW", rtol=1e-5, atol=1e-6)


@question("rnn_captioning-embedding-backward")
def test_embedding_backward_single(student, rng):
    """dout is not changed, and single precision stays so."""
    W, dout = single((rng.normal(size=(4, 3)), rng.normal(size=(2, 3))))
    _out, cache = forward(student, "word_embedding_forward", np.array([3, 1]), W)
    dW = student.word_embedding_backward(dout, cache)
    assert_unchanged(student.changed, {0: "dout"})
    assert_single(dW=dW)


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
def test_gradients_numerical(student, rng):
    """All eight gradients agree with numerical gradients of your loss."""
    check_gradients_numerical(student, rng, 1)


@question("rnn_captioning-gradients")
def test_gradients_inputs(student, rng):
    """Features, captions and parameters are not changed."""
    check_loss_inputs(student, rng, 1)


@question("rnn_captioning-gradients")
def test_gradients_single(student, rng):
    """All eight gradients of a model in single precision are in single precision."""
    check_gradients_single(student, rng, 1)


@question("rnn_captioning-sample")
def test_sample_chain(student, rng):
    """A model that has learned only which word follows which says: a red bird."""
    check_chain(student, rng, 1)


@question("rnn_captioning-sample")
def test_sample_never_says_null(student, rng):
    """<NULL> and <START> are not said, even where their scores are the largest."""
    check_never_null(student, rng, 1)


@question("rnn_captioning-sample")
def test_sample_state(student, rng):
    """A model that counts in its state says: a red bird. A picture may make it begin later."""
    check_counting(student, rng, 1)


# --- the stretch exercise ------------------------------------------------------------------------


@question("rnn_captioning-star-truncated")
def test_truncated_by_hand(student, rng):
    """When only the last of 4 steps counts, pieces of 2 leave the gradients 0, 0, 2 and 1."""
    x, dh = np.full((1, 4, 1), 1e-9), np.array([0.0, 0.0, 0.0, 1.0]).reshape(1, 4, 1)
    got = gradients_in_pieces(student, (x, *doubling()), dh, 2)
    assert_close(got["dx"], np.array([0.0, 0.0, 2.0, 1.0]).reshape(x.shape), "dx", show=True)
    assert_close(got["dh0"], np.zeros((1, 1)), "dh0", show=True)
    assert_close(got["db"], np.array([3.0]), "db", show=True)


@question("rnn_captioning-star-truncated")
def test_truncated_every_step(student, rng):
    """Where each of 4 steps counts, pieces of 2 give the gradients 3, 1, 3 and 1, and dh0 is 6."""
    x, dh = np.full((1, 4, 1), 1e-9), np.ones((1, 4, 1))
    got = gradients_in_pieces(student, (x, *doubling()), dh, 2)
    assert_close(got["dx"], np.array([3.0, 1.0, 3.0, 1.0]).reshape(x.shape), "dx", show=True)
    assert_close(got["dh0"], np.array([[6.0]]), "dh0", show=True)


@question("rnn_captioning-star-truncated")
def test_truncated_values(student, rng):
    """All five gradients are those of PyTorch, in pieces of 3 of 7 steps and of single steps."""
    arrays, dh = sequence_arrays(rng, T=7), rng.normal(size=(3, 7, 5))
    for piece in (3, 1):
        got = gradients_in_pieces(student, arrays, dh, piece)
        want = truncated_gradients(arrays, dh, piece)
        for name, value in zip(PARTS_OF_ALL, want, strict=True):
            assert_close(got[name], value, f"{name} (piece {piece})")


@question("rnn_captioning-star-truncated")
def test_truncated_whole(student, rng):
    """A piece that is as long as the sequence, or longer, cuts nothing."""
    arrays, dh = sequence_arrays(rng), rng.normal(size=(3, 4, 5))
    want = truncated_gradients(arrays, dh, 4)
    for piece in (4, 9):
        got = gradients_in_pieces(student, arrays, dh, piece)
        for name, value in zip(PARTS_OF_ALL, want, strict=True):
            assert_close(got[name], value, f"{name} (piece {piece})")


def gradients_in_pieces(
    student: Student, arrays: tuple[np.ndarray, ...], dh: np.ndarray, piece: int
) -> dict[str, object]:
    """The five gradients by name; dh is left alone."""
    _h, cache = forward(student, "rnn_forward", *arrays)
    answer = student.rnn_backward_truncated(dh, cache, piece)
    assert_unchanged(student.changed, {0: "dh"})
    parts = unpack(answer, "rnn_backward_truncated", PARTS_OF_ALL)
    return dict(zip(PARTS_OF_ALL, parts, strict=True))


# --- shared with the hidden checks ---------------------------------------------------------------


def doubling() -> tuple[np.ndarray, ...]:
    """h0, Wx, Wh and b of one unit, which adds its input to twice its state."""
    return np.zeros((1, 1)), np.ones((1, 1)), np.full((1, 1), 2.0), np.zeros(1)
