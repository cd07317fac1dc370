"""Public checks of the LSTM-captioning notebook: gates to follow by hand, attention."""

import math

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import check_slopes, forward
from assignments.checks.a2_networks.batch_normalization import check_shape
from assignments.checks.a3_captioning.lstm_captioning import (
    ATTENTION_ARGUMENTS,
    PARTS_OF_STEP,
    STEP_ARGUMENTS,
    all_gradients,
    attention,
    attention_arrays,
    gru_gradients,
    lstm_arrays,
    lstm_step,
    step_gradients,
)
from assignments.checks.a3_captioning.rnn_captioning import (
    PARTS,
    PARTS_OF_ALL,
    WORDS,
    check_chain,
    check_counting,
    check_gradients_numerical,
    check_gradients_single,
    check_loss_alike,
    check_loss_inputs,
    check_loss_random,
    check_loss_right_words,
    check_never_null,
    make_model,
    numbers,
    random_params,
    sequence_arrays,
    single,
    step_arrays,
)
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
from assignments.questions import question
from assignments.standins.a3_captioning import lstm_captioning as standins

#: tanh of LOG2 is 3/5; sigmoid of LOG3 is 3/4, and of -LOG3 1/4.
LOG2, LOG3 = math.log(2), math.log(3)
#: A bias that opens a gate.
OPEN = 40.0


# --- one step ------------------------------------------------------------------------------------


@question("lstm_captioning-step-forward")
def test_sigmoid(student, rng):
    """sigmoid is 1/2 at 0, 3/4 at log 3, 1/4 at -log 3, and 1 and 0 far away, without NaN."""
    x = np.array([[0.0, LOG3, -LOG3], [1000.0, -1000.0, 0.0]])
    want = np.array([[0.5, 0.75, 0.25], [1.0, 0.0, 0.5]])
    assert_close(student.sigmoid(x), want, "sigmoid", show=True)


@question("lstm_captioning-step-forward")
def test_step_by_hand(student, rng):
    """Gates of 3/4, 1/2, 1/4 and a g of 3/5 make tanh(next_c) = 3/5 and next_h = 3/20."""
    next_h, next_c, _cache = lstm_step(student, *hand_arrays())
    assert_close(next_c, np.array([[LOG2]]), "next_c", show=True)
    assert_close(next_h, np.array([[0.15]]), "next_h", show=True)


@question("lstm_captioning-step-forward")
def test_step_random(student, rng):
    """next_h and next_c, both (N, H), are right for five units."""
    arrays = lstm_arrays(rng)
    next_h, next_c, _cache = lstm_step(student, *arrays)
    want_h, want_c, _right = standins.lstm_step_forward(*arrays)
    assert_close(next_c, want_c, "next_c")
    assert_close(next_h, want_h, "next_h")


@question("lstm_captioning-step-forward")
def test_step_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.sigmoid(np.array([[0.0, 1.0, -1.0], [1000.0, -1000.0, 2.0]]))
    assert_unchanged(student.changed, {0: "x"})
    student.lstm_step_forward(*lstm_arrays(rng))
    assert_unchanged(student.changed, dict(enumerate(STEP_ARGUMENTS)))


@question("lstm_captioning-step-forward")
def test_step_single(student, rng):
    """Inputs in single precision give results in single precision."""
    next_h, next_c, _cache = lstm_step(student, *single(lstm_arrays(rng)))
    assert_single(next_h=next_h, next_c=next_c)


@question("lstm_captioning-step-backward")
def test_step_backward_by_hand(student, rng):
    """With all gates at 1/2, a dnext_h of 25 and a dnext_c of 10 make 18 at the cell, 9 before."""
    zero = np.zeros((1, 4))
    arrays = np.zeros((1, 1)), np.zeros((1, 1)), np.array([[2 * LOG2]]), zero, zero, np.zeros(4)
    _h, _c, cache = lstm_step(student, *arrays)
    got = step_gradients(student, np.array([[25.0]]), np.array([[10.0]]), cache)
    assert_close(got["dprev_c"], np.array([[9.0]]), "dprev_c", show=True)
    assert_close(got["db"], np.array([0.0, 9 * LOG2, 3.75, 9.0]), "db", show=True)


@question("lstm_captioning-step-backward")
def test_step_backward_four_gates(student, rng):
    """With i = 3/4, f = 1/2, o = 1/4, g = 3/5 and 20 at the cell, i gets 2.25, o 11.25, g 9.6."""
    arrays = hand_arrays()
    _h, _c, cache = lstm_step(student, *arrays)
    got = step_gradients(student, np.array([[100.0]]), np.array([[4.0]]), cache)
    want = np.array([2.25, 5 * arrays[2].item(), 11.25, 9.6])
    assert_close(got["db"], want, "db", show=True)


@question("lstm_captioning-step-backward")
def test_step_backward_numerical(student, rng):
    """All six gradients agree with numerical gradients of your lstm_step_forward."""
    arrays = list(lstm_arrays(rng))
    dnext_h, dnext_c = rng.normal(size=(2, 3, 5))
    _h, _c, cache = lstm_step(student, *arrays)
    got = step_gradients(student, dnext_h, dnext_c, cache)
    factors = {_("the number of examples"): 3.0}
    for place, part in enumerate(PARTS_OF_STEP):

        def sums(values: list[np.ndarray], place: int = place) -> list[float]:
            calls = [
                ("lstm_step_forward", *arrays[:place], value, *arrays[place + 1 :])
                for value in values
            ]
            names = ("next_h", "next_c", "cache")
            steps = [unpack(reply, "lstm_step_forward", names) for reply in student.batch(calls)]
            return [float(np.sum(h * dnext_h) + np.sum(c * dnext_c)) for h, c, _cache in steps]

        want = numerical_gradient(sums, arrays[place])
        assert_close(got[part], want, part, rtol=1e-5, atol=1e-6, factors=factors)


@question("lstm_captioning-step-backward")
def test_step_backward_inputs(student, rng):
    """dnext_h and dnext_c are not changed."""
    _h, _c, cache = lstm_step(student, *lstm_arrays(rng))
    student.lstm_step_backward(*rng.normal(size=(2, 3, 5)), cache)
    assert_unchanged(student.changed, {0: "dnext_h", 1: "dnext_c"})


@question("lstm_captioning-step-backward")
def test_step_backward_single(student, rng):
    """Inputs in single precision give gradients in single precision."""
    _h, _c, cache = lstm_step(student, *single(lstm_arrays(rng)))
    assert_single(**step_gradients(student, *single(rng.normal(size=(2, 3, 5))), cache))


# --- all steps -----------------------------------------------------------------------------------


@question("lstm_captioning-forward")
def test_forward_by_hand(student, rng):
    """With all gates open the cell adds up what comes in: 3/5, 3/5, 0."""
    x = np.array([LOG2, 0.0, -LOG2]).reshape(1, 3, 1)
    weights = np.array([[0.0, 0, 0, 1]]), np.zeros((1, 4)), np.array([OPEN, OPEN, OPEN, 0])
    h, _cache = forward(student, "lstm_forward", x, np.array([[0.5]]), *weights)
    assert_close(h, np.tanh([0.6, 0.6, 0]).reshape(x.shape), "h", show=True)


@question("lstm_captioning-forward")
def test_forward_step_by_step(student, rng):
    """Each h[:, t] is what your lstm_step_forward makes of x[:, t] and of state and cell before."""
    x, h0, *weights = sequence_arrays(rng, blocks=4)
    h = to_array(forward(student, "lstm_forward", x, h0, *weights)[0], "h")
    check_shape(h, (3, 4, 5), "h")
    state, cell = h0, np.zeros_like(h0)
    for t in range(4):
        state, cell, _cache = lstm_step(student, x[:, t], state, cell, *weights)
        assert_close(h[:, t], state, f"h[:, {t}]")


@question("lstm_captioning-forward")
def test_forward_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.lstm_forward(*sequence_arrays(rng, blocks=4))
    assert_unchanged(student.changed, dict(enumerate(("x", "h0", "Wx", "Wh", "b"))))


@question("lstm_captioning-forward")
def test_forward_single(student, rng):
    """Inputs in single precision give states in single precision."""
    h, _cache = forward(student, "lstm_forward", *single(sequence_arrays(rng, blocks=4)))
    assert_single(h=h)


@question("lstm_captioning-backward")
def test_backward_through_the_cell(student, rng):
    """With a forget gate of 1/2, half of the cell's gradient arrives one step before."""
    # The states do not come back, and tanh is nearly the identity: only the cell remembers.
    x, zero = np.full((1, 12, 1), 1e-9), np.zeros((1, 1))
    weights = np.array([[0.0, 0, 0, 1]]), np.zeros((1, 4)), np.array([OPEN, 0, OPEN, 0])
    dh, halves = np.zeros((1, 12, 1)), 0.5 ** np.arange(11, -1, -1)
    dh[0, -1] = 1.0
    _h, cache = forward(student, "lstm_forward", x, zero, *weights)
    got = all_gradients(student, dh, cache)
    assert_close(got["dx"], halves.reshape(x.shape), "dx", show=True)
    _h, cache = forward(student, "lstm_forward", x[:, :3], zero, *weights)
    got = all_gradients(student, np.array([100.0, 10.0, 1.0]).reshape(1, 3, 1), cache)
    assert_close(got["dx"], np.array([105.25, 10.5, 1.0]).reshape(1, 3, 1), "dx", show=True)


@question("lstm_captioning-backward")
def test_backward_through_the_states(student, rng):
    """With the forget gate closed and a weight of 2, a state's gradient doubles step by step."""
    x, zero, open_i_o = np.full((1, 3, 1), 1e-9), np.zeros((1, 1)), [OPEN, -OPEN, OPEN, 0]
    weights = np.array([[0.0, 0, 0, 1]]), np.array([[0.0, 0, 0, 2]]), np.array(open_i_o)
    _h, cache = forward(student, "lstm_forward", x, zero, *weights)
    got = all_gradients(student, np.array([0.0, 0.0, 1.0]).reshape(1, 3, 1), cache)
    assert_close(got["dx"], np.array([4.0, 2.0, 1.0]).reshape(x.shape), "dx", show=True)
    assert_close(got["dh0"], np.array([[8.0]]), "dh0", show=True)
    want = np.array([0.0, 0.0, 0.0, 7.0])
    assert_close(got["db"], want, "db", rtol=1e-5, atol=1e-6, show=True)


@question("lstm_captioning-backward")
def test_backward_numerical(student, rng):
    """All five gradients agree with numerical gradients of your lstm_forward."""
    arrays = list(sequence_arrays(rng, N=2, D=2, H=3, blocks=4))
    check_slopes(student, "lstm", arrays, rng.normal(size=(2, 4, 3)), PARTS_OF_ALL)


@question("lstm_captioning-backward")
def test_backward_inputs(student, rng):
    """dh is not changed."""
    _h, cache = forward(student, "lstm_forward", *sequence_arrays(rng, blocks=4))
    student.lstm_backward(rng.normal(size=(3, 4, 5)), cache)
    assert_unchanged(student.changed, {0: "dh"})


@question("lstm_captioning-backward")
def test_backward_single(student, rng):
    """Inputs in single precision give gradients in single precision."""
    _h, cache = forward(student, "lstm_forward", *single(sequence_arrays(rng, blocks=4)))
    assert_single(**all_gradients(student, rng.normal(size=(3, 4, 5)).astype(np.float32), cache))


# --- the GRU -------------------------------------------------------------------------------------


@question("lstm_captioning-gru-step-forward")
def test_gru_by_hand(student, rng):
    """With r = 1/4, z = 3/4 and n = 3/5, an old state of 1 becomes 9/10."""
    one = np.ones((1, 1))
    Wx, Wh = np.array([[0.0, 0.0, 2 * LOG2]]), np.array([[0.0, LOG3, 2 * LOG2]])
    b = np.array([-LOG3, 0.0, -1.5 * LOG2])
    next_h, _cache = forward(student, "gru_step_forward", one, one, Wx, Wh, b)
    assert_close(next_h, np.array([[0.9]]), "next_h", show=True)


@question("lstm_captioning-gru-step-forward")
def test_gru_random(student, rng):
    """next_h is right for several units, where Wh mixes them."""
    arrays = step_arrays(rng, blocks=3)
    next_h, _cache = forward(student, "gru_step_forward", *arrays)
    assert_close(next_h, standins.gru_step_forward(*arrays)[0], "next_h")


@question("lstm_captioning-gru-step-forward")
def test_gru_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.gru_step_forward(*step_arrays(rng, blocks=3))
    assert_unchanged(student.changed, dict(enumerate(("x", "prev_h", "Wx", "Wh", "b"))))


@question("lstm_captioning-gru-step-forward")
def test_gru_single(student, rng):
    """Inputs in single precision give next_h in single precision."""
    next_h, _cache = forward(student, "gru_step_forward", *single(step_arrays(rng, blocks=3)))
    assert_single(next_h=next_h)


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_by_hand(student, rng):
    """With r = z = 1/2 and n = 3/5, a dnext_h of 100 makes 50, 32 and a quarter of -60 at z."""
    zero, b = np.zeros((1, 3)), np.array([0.0, 0.0, LOG2])
    _h, cache = forward(student, "gru_step_forward", *np.zeros((2, 1, 1)), zero, zero, b)
    got = gru_gradients(student, np.array([[100.0]]), cache)
    assert_close(got["dprev_h"], np.array([[50.0]]), "dprev_h", show=True)
    assert_close(got["db"], np.array([0.0, -15.0, 32.0]), "db", show=True)


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_two_gates(student, rng):
    """With r = 1/4, z = 3/4, n = 3/5, recall = 2: a dnext_h of 100 makes 6, 7.5, 16; 83 before."""
    Wh, b = np.array([[0.0, 0.0, 2.0]]), np.array([-LOG3, LOG3, LOG2 - 0.5])
    arrays = np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 3)), Wh, b
    _h, cache = forward(student, "gru_step_forward", *arrays)
    got = gru_gradients(student, np.array([[100.0]]), cache)
    assert_close(got["db"], np.array([6.0, 7.5, 16.0]), "db", show=True)
    assert_close(got["dprev_h"], np.array([[83.0]]), "dprev_h", show=True)


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_numerical(student, rng):
    """All five gradients agree with numerical gradients of your gru_step_forward."""
    arrays = list(step_arrays(rng, blocks=3))
    check_slopes(student, "gru_step", arrays, rng.normal(size=(3, 5)), PARTS)


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_inputs(student, rng):
    """dnext_h is not changed."""
    _h, cache = forward(student, "gru_step_forward", *step_arrays(rng, blocks=3))
    student.gru_step_backward(rng.normal(size=(3, 5)), cache)
    assert_unchanged(student.changed, {0: "dnext_h"})


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_single(student, rng):
    """Inputs in single precision give gradients in single precision."""
    _h, cache = forward(student, "gru_step_forward", *single(step_arrays(rng, blocks=3)))
    assert_single(**gru_gradients(student, rng.normal(size=(3, 5)).astype(np.float32), cache))


# --- the model -----------------------------------------------------------------------------------


@question("lstm_captioning-loss")
def test_loss_all_words_alike(student, rng):
    """If six words are always equally likely, each word that counts costs log 6."""
    check_loss_alike(student, rng, 4)


@question("lstm_captioning-loss")
def test_loss_right_words(student, rng):
    """If the likelihood of a word is the same at each step, the loss adds up the right words'."""
    check_loss_right_words(student, rng, 4)


@question("lstm_captioning-loss")
def test_loss_picture_and_words(student, rng):
    """The loss of two captions is right for parameters drawn at random."""
    check_loss_random(student, rng, 4)


@question("lstm_captioning-gradients")
def test_gradients_numerical(student, rng):
    """All eight gradients agree with numerical gradients of your loss."""
    check_gradients_numerical(student, rng, 4)


@question("lstm_captioning-gradients")
def test_gradients_inputs(student, rng):
    """Features, captions and parameters are not changed."""
    check_loss_inputs(student, rng, 4)


@question("lstm_captioning-gradients")
def test_gradients_single(student, rng):
    """All eight gradients of a model in single precision are in single precision."""
    check_gradients_single(student, rng, 4)


@question("lstm_captioning-sample")
def test_sample_chain(student, rng):
    """A model that has learned only which word follows which says: a red bird."""
    check_chain(student, rng, 4)


@question("lstm_captioning-sample")
def test_sample_never_says_null(student, rng):
    """<NULL> and <START> are not said, even where their scores are the largest."""
    check_never_null(student, rng, 4)


@question("lstm_captioning-sample")
def test_sample_state(student, rng):
    """A model that counts in its state says: a red bird. A picture may make it begin later."""
    check_counting(student, rng, 4)


@question("lstm_captioning-sample")
def test_sample_cell(student, rng):
    """A model that counts in its cell says "a" twice, and then ends: the cell goes on, too."""
    params = random_params(rng, 1, 1, 1, 6, 4)
    params = {name: np.zeros_like(value) for name, value in params.items()}
    # Each step adds tanh(1) to the cell; after the third, <END> is likelier than "a".
    params["b"] = np.array([OPEN, OPEN, OPEN, 1.0])
    params["W_vocab"][0, [WORDS["<END>"], WORDS["a"]]] = 20.0, 10.0
    params["b_vocab"][WORDS["<END>"]], params["W_proj"][:] = -9.5, 1.0
    said = make_model(student, params, WORDS).sample(np.array([[1.0]]), max_length=5)
    assert_equal(said, numbers("a a <END> <NULL> <NULL>"), "captions", show=True)


# --- attention -----------------------------------------------------------------------------------


@question("lstm_captioning-attention")
def test_attention_by_hand(student, rng):
    """Of 9 numbers a place, one place scores 3 log 3: divided by 3, it has 3 times the weight."""
    prev_h, A = np.zeros((1, 9)), np.zeros((1, 9, 4, 4))
    prev_h[0, :3], A[0, :5, 2, 1] = LOG3, (1.0, 1.0, 1.0, 6.0, -6.0)
    context, weights = attention(student, prev_h, A)
    want = np.full((1, 4, 4), 1 / 18)
    want[0, 2, 1] = 3 / 18
    assert_close(weights, want, "weights", show=True)
    assert_close(context, A[:, :, 2, 1] / 6, "context", show=True)


@question("lstm_captioning-attention")
def test_attention_random(student, rng):
    """Context and weights are right for three examples of five numbers a place."""
    prev_h, A = rng.normal(size=(3, 5)), rng.normal(size=(3, 5, 4, 4))
    context, weights = attention(student, prev_h, A)
    want, right = standins.dot_product_attention(prev_h, A)
    assert_close(weights, right, "weights")
    assert_close(context, want, "context")


@question("lstm_captioning-attention")
def test_attention_large(student, rng):
    """Scores of 1000 make no NaN, neither there nor in an example whose scores are all 0."""
    # The scores of the third example are 1000, 1000 - log 3, and zeros.
    prev_h, A = np.zeros((3, 4)), np.zeros((3, 4, 4, 4))
    prev_h[[0, 2]], A[[0, 2], :, 1, 3] = 500.0, 1.0
    A[0, :, 0, 0], A[2, :, 0, 0] = -1.0, 1 - LOG3 / 1000
    context, weights = attention(student, prev_h, A)
    want = np.full((3, 4, 4), 1 / 16)
    want[[0, 2]] = 0.0
    want[0, 1, 3] = 1.0
    want[2, 1, 3], want[2, 0, 0] = 0.75, 0.25
    assert_close(weights, want, "weights", show=True)
    means = np.array([[1.0], [0.0], [1 - LOG3 / 4000]])
    assert_close(context, means * np.ones(4), "context", show=True)


@question("lstm_captioning-attention")
def test_attention_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.dot_product_attention(rng.normal(size=(3, 5)), rng.normal(size=(3, 5, 4, 4)))
    assert_unchanged(student.changed, {0: "prev_h", 1: "A"})


@question("lstm_captioning-attention-lstm")
def test_attention_lstm_first_steps(student, rng):
    """The states of three examples and four steps are right, the first one first."""
    x, A, Wx, Wh, Wattn, b = attention_arrays(rng)
    h = to_array(student.attention_lstm_forward(x, A, Wx, Wh, Wattn, b), "h")
    check_shape(h, (3, 4, 5), "h")
    want = standins.attention_lstm_forward(x, A, Wx, Wh, Wattn, b)
    assert_close(h, want, "h")


@question("lstm_captioning-attention-lstm")
def test_attention_lstm_your_parts(student, rng):
    """Without Wattn it is your LSTM, step by step, from the mean of A."""
    x, A, Wx, Wh, Wattn, b = attention_arrays(rng)
    h = to_array(student.attention_lstm_forward(x, A, Wx, Wh, 0 * Wattn, b), "h")
    check_shape(h, (3, 4, 5), "h")
    state = cell = A.mean(axis=(2, 3))
    for t in range(4):
        state, cell, _cache = lstm_step(student, x[:, t], state, cell, Wx, Wh, b)
        assert_close(h[:, t], state, f"h[:, {t}]")


@question("lstm_captioning-attention-lstm")
def test_attention_lstm_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.attention_lstm_forward(*attention_arrays(rng))
    assert_unchanged(student.changed, dict(enumerate(ATTENTION_ARGUMENTS)))


# --- shared with the hidden checks ---------------------------------------------------------------


def hand_arrays() -> tuple[np.ndarray, ...]:
    """A step of one unit in which i = 3/4, f = 1/2, o = 1/4, g = 3/5, and next_c = log 2."""
    one = np.ones((1, 1))
    Wx, Wh = np.array([[2 * LOG3, -LOG3, 0.0, 0.0]]), np.array([[-LOG3, LOG3, -LOG3, 0.0]])
    return one, one, np.array([[2 * LOG2 - 0.9]]), Wx, Wh, np.array([0.0, 0.0, 0.0, LOG2])
