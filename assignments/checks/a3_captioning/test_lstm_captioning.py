"""Public checks of the LSTM-captioning notebook: gates to follow by hand, slopes, attention."""

import math
from collections.abc import Callable

import numpy as np

from assignments.checks.a1_classifiers.test_two_layer_net import (
    check_dout_unchanged,
    check_slopes,
    forward,
    unpack,
)
from assignments.checks.a2_networks.test_batch_normalization import check_shape, check_single
from assignments.checks.a3_captioning.test_rnn_captioning import (
    PARTS,
    PARTS_OF_ALL,
    WORDS,
    check_chain,
    check_loss_alike,
    check_loss_inputs,
    check_loss_random,
    check_loss_right_words,
    check_loss_slopes,
    check_never_null,
    check_pictures,
    make_model,
    random_params,
    sequence_arrays,
    single,
    step_arrays,
)
from assignments.compare import (
    assert_close,
    assert_equal,
    assert_unchanged,
    to_array,
    wrong_kind,
)
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a3_captioning import lstm_captioning as standins
from assignments.student import CheckFailed, Remote, Student

STEP_ARGUMENTS = ("x", "prev_h", "prev_c", "Wx", "Wh", "b")
PARTS_OF_STEP = ("dx", "dprev_h", "dprev_c", "dWx", "dWh", "db")
ATTENTION_ARGUMENTS = ("x", "A", "Wx", "Wh", "Wattn", "b")

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
    known = {
        _("the sign is flipped: e^-x, not e^x"): 1 - want,
        _("this is tanh"): np.tanh(x),
    }
    assert_close(student.sigmoid(x), want, "sigmoid", known=known, show=True)


@question("lstm_captioning-step-forward")
def test_step_by_hand(student, rng):
    """Gates of 3/4, 1/2, 1/4 and a g of 3/5 make tanh(next_c) = 3/5 and next_h = 3/20."""
    next_h, next_c, _cache = lstm_step(student, *hand_arrays())
    (right_h, right_c), others = (0.15, LOG2), mistaken_steps()
    known = {name: [[c]] for name, (_h, c) in others.items() if abs(c - right_c) > 1e-9}
    assert_close(next_c, np.array([[right_c]]), "next_c", known=known, show=True)
    known = {name: [[h]] for name, (h, _c) in others.items() if abs(h - right_h) > 1e-9}
    assert_close(next_h, np.array([[right_h]]), "next_h", known=known, show=True)


@question("lstm_captioning-step-forward")
def test_step_random(student, rng):
    """next_h and next_c, both (N, H), are right for five units."""
    arrays = lstm_arrays(rng)
    x, prev_h, prev_c, Wx, Wh, b = arrays
    next_h, next_c, _cache = lstm_step(student, *arrays)
    want_h, want_c, _right = standins.lstm_step_forward(*arrays)
    combed = [np.concatenate([w[..., k::4] for k in range(4)], -1) for w in (Wx, Wh, b)]
    known = {
        _("a block is H columns side by side; do you take every fourth?"): (
            standins.lstm_step_forward(x, prev_h, prev_c, *combed)[1]
        ),
        _("do the gates look at prev_c? They look at prev_h"): (
            standins.lstm_step_forward(x, prev_c, prev_c, Wx, Wh, b)[1]
        ),
    }
    assert_close(next_c, want_c, "next_c", known=known)
    known = {
        _("next_h tells of prev_c; it tells of next_c"): want_h / np.tanh(want_c) * np.tanh(prev_c)
    }
    assert_close(next_h, want_h, "next_h", known=known)


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
    check_single(next_h=next_h, next_c=next_c)


@question("lstm_captioning-step-backward")
def test_step_backward_by_hand(student, rng):
    """With all gates at 1/2, a dnext_h of 25 and a dnext_c of 10 make 18 at the cell, 9 before."""
    zero = np.zeros((1, 4))
    arrays = np.zeros((1, 1)), np.zeros((1, 1)), np.array([[2 * LOG2]]), zero, zero, np.zeros(4)
    _h, _c, cache = lstm_step(student, *arrays)
    got = step_gradients(student, np.array([[25.0]]), np.array([[10.0]]), cache)
    known = {
        _("what comes to the cell through next_h is missing"): [[5.0]],
        _("dnext_c is not used"): [[4.0]],
        _("on the way from next_h to the cell the slope of tanh is missing"): [[11.25]],
        _("on the way from next_h to the cell the output gate is missing"): [[13.0]],
        _("f is missing: the old cell is multiplied by it"): [[18.0]],
        _("dnext_c goes through o and tanh; it belongs to the cell directly"): [[5.6]],
        _("the slope is 1 minus the square of tanh(next_c), not of next_c"): [
            [(25 * 0.5 * (1 - LOG2**2) + 10) / 2]
        ],
    }
    assert_close(got["dprev_c"], np.array([[9.0]]), "dprev_c", known=known, show=True)
    want = np.array([0.0, 9 * LOG2, 3.75, 9.0])
    known = {
        _("the slopes of the gates are missing"): [0.0, 36 * LOG2, 15.0, 9.0],
        _("the gradients are in the order i, f, g, o"): want[[0, 1, 3, 2]],
        _("the gradients are in the order f, i, o, g"): want[[1, 0, 2, 3]],
        _("o gets next_c where it should get tanh(next_c)"): [0.0, 9 * LOG2, 6.25 * LOG2, 9.0],
        _("o gets its gradient from dnext_h, not from that of the cell"): [0, 9 * LOG2, 2.7, 9],
        _("f gets next_c where it should get prev_c"): [0.0, 4.5 * LOG2, 3.75, 9.0],
        _("g comes from tanh; its slope is 1 - g**2"): [0.0, 9 * LOG2, 3.75, 0.0],
        _("the slope of the sigmoid is s * (1 - s)"): [0.0, 18 * LOG2, 7.5, 9.0],
        _("i and g are exchanged: of a product each factor gets the other"): [
            2.25,
            9 * LOG2,
            3.75,
            0.0,
        ],
    }
    assert_close(got["db"], want, "db", known=known, show=True)


@question("lstm_captioning-step-backward")
def test_step_backward_four_gates(student, rng):
    """With i = 3/4, f = 1/2, o = 1/4, g = 3/5 and 20 at the cell, i gets 2.25, o 11.25, g 9.6."""
    arrays = hand_arrays()
    _h, _c, cache = lstm_step(student, *arrays)
    got = step_gradients(student, np.array([[100.0]]), np.array([[4.0]]), cache)
    at_f = 5 * arrays[2].item()
    want = np.array([2.25, at_f, 11.25, 9.6])
    known = {
        _("the slope of i is missing"): [12.0, at_f, 11.25, 9.6],
        _("the slope of f is missing"): [2.25, 4 * at_f, 11.25, 9.6],
        _("the slope of o is missing"): [2.25, at_f, 60.0, 9.6],
        _("the slope of tanh at g is missing"): [2.25, at_f, 11.25, 15.0],
        _("the slopes of the gates are missing"): [12.0, 4 * at_f, 60.0, 9.6],
        _("all four slopes are missing"): [12.0, 4 * at_f, 60.0, 15.0],
        _("g gets f where it should get i"): [2.25, at_f, 11.25, 6.4],
        _("f goes through the slope of i"): [2.25, 0.75 * at_f, 11.25, 9.6],
        _("the gates get dnext_c alone; they get all that reaches the cell"): [
            0.45,
            0.2 * at_f,
            11.25,
            1.92,
        ],
    }
    assert_close(got["db"], want, "db", known=known, show=True)


@question("lstm_captioning-step-backward")
def test_step_backward_slopes(student, rng):
    """All six gradients are slopes of your lstm_step_forward, tried out number by number."""
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
    check_single(**step_gradients(student, *single(rng.normal(size=(2, 3, 5))), cache))


# --- all steps -----------------------------------------------------------------------------------


@question("lstm_captioning-forward")
def test_forward_by_hand(student, rng):
    """With all gates open the cell adds up what comes in: 3/5, 3/5, 0."""
    x = np.array([LOG2, 0.0, -LOG2]).reshape(1, 3, 1)
    weights = np.array([[0.0, 0, 0, 1]]), np.zeros((1, 4)), np.array([OPEN, OPEN, OPEN, 0])
    h, _cache = forward(student, "lstm_forward", x, np.array([[0.5]]), *weights)
    known = {
        _("each step begins with an empty cell, not with the cell before it"): [0.6, 0, -0.6],
        _("the first cell is h0; it is zero"): [1.1, 1.1, 0.5],
        _("the first cell is 1; it is zero"): [1.6, 1.6, 1.0],
    }
    known = {name: np.tanh(cells).reshape(x.shape) for name, cells in known.items()}
    known[_("these are the cells; what is asked for are the states")] = np.reshape(
        [0.6, 0.6, 0], x.shape
    )
    twice = np.tanh([0.6, np.tanh(0.6)])
    known[_("state and cell are exchanged: lstm_step_forward returns the state first")] = (
        np.reshape([0.6, twice[0], twice[1] - 0.6], x.shape)
    )
    before = np.reshape([0.5, *np.tanh([0.6, 0.6])], x.shape)
    known[_("these are the states before each step, not after it")] = before
    want = np.tanh([0.6, 0.6, 0]).reshape(x.shape)
    assert_close(h, want, "h", known=known, show=True)


@question("lstm_captioning-forward")
def test_forward_step_by_step(student, rng):
    """Each h[:, t] is what your lstm_step_forward makes of x[:, t] and of state and cell before."""
    x, h0, *weights = sequence_arrays(rng, blocks=4)
    h = to_array(forward(student, "lstm_forward", x, h0, *weights)[0], "h")
    check_shape(h, (3, 4, 5), "h")
    state, cell = h0, np.zeros_like(h0)
    for t in range(4):
        again, _cell, _cache = lstm_step(student, x[:, t], h0, cell, *weights)
        state, cell, _cache = lstm_step(student, x[:, t], state, cell, *weights)
        known = {_("each step begins with h0, not with the state before it"): again}
        assert_close(h[:, t], state, f"h[:, {t}]", known=known if t else None)


@question("lstm_captioning-forward")
def test_forward_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.lstm_forward(*sequence_arrays(rng, blocks=4))
    assert_unchanged(student.changed, dict(enumerate(("x", "h0", "Wx", "Wh", "b"))))


@question("lstm_captioning-forward")
def test_forward_single(student, rng):
    """Inputs in single precision give states in single precision."""
    h, _cache = forward(student, "lstm_forward", *single(sequence_arrays(rng, blocks=4)))
    check_single(h=h)


@question("lstm_captioning-backward")
def test_backward_through_the_cell(student, rng):
    """With a forget gate of 1/2, half of the cell's gradient arrives one step before."""
    # The states do not come back, and tanh is nearly the identity: only the cell remembers.
    x, zero = np.full((1, 3, 1), 1e-9), np.zeros((1, 1))
    weights = np.array([[0.0, 0, 0, 1]]), np.zeros((1, 4)), np.array([OPEN, 0, OPEN, 0])
    _h, cache = forward(student, "lstm_forward", x, zero, *weights)
    got = all_gradients(student, np.array([0.0, 0.0, 1.0]).reshape(1, 3, 1), cache)
    known = {_("the cell's gradient is not handed on to the step before"): [0.0, 0, 1]}
    known = {name: np.reshape(values, x.shape) for name, values in known.items()}
    want = np.array([0.25, 0.5, 1.0]).reshape(x.shape)
    assert_close(got["dx"], want, "dx", known=known, show=True)
    got = all_gradients(student, np.array([100.0, 10.0, 1.0]).reshape(1, 3, 1), cache)
    known = {
        _("only the last step's dh is used"): [0.25, 0.5, 1],
        _("the cell's gradient is not handed on to the step before"): [100.0, 10, 1],
        _("dh is added to the gradient of the cell, too"): [210.5, 21, 2],
    }
    known = {name: np.reshape(values, x.shape) for name, values in known.items()}
    want = np.array([105.25, 10.5, 1.0]).reshape(x.shape)
    assert_close(got["dx"], want, "dx", known=known, show=True)


@question("lstm_captioning-backward")
def test_backward_through_the_states(student, rng):
    """With the forget gate closed and a weight of 2, a state's gradient doubles step by step."""
    x, zero = np.full((1, 3, 1), 1e-9), np.zeros((1, 1))
    weights = (
        np.array([[0.0, 0, 0, 1]]),
        np.array([[0.0, 0, 0, 2]]),
        np.array([OPEN, -OPEN, OPEN, 0]),
    )
    _h, cache = forward(student, "lstm_forward", x, zero, *weights)
    got = all_gradients(student, np.array([0.0, 0.0, 1.0]).reshape(1, 3, 1), cache)
    alone = np.array([0.0, 0.0, 1.0]).reshape(x.shape)
    known = {_("the state's gradient is not handed on to the step before"): alone}
    want = np.array([4.0, 2.0, 1.0]).reshape(x.shape)
    assert_close(got["dx"], want, "dx", known=known, show=True)
    known = {_("this is the gradient of the first step's h, one step too early"): [[4.0]]}
    assert_close(got["dh0"], np.array([[8.0]]), "dh0", known=known, show=True)
    known = {
        _("this is the first step's alone; the steps add up"): [0.0, 0.0, 0.0, 4.0],
        _("this is the mean over the steps; they add up"): [0.0, 0.0, 0.0, 7 / 3],
    }
    want = np.array([0.0, 0.0, 0.0, 7.0])
    assert_close(got["db"], want, "db", rtol=1e-5, atol=1e-6, known=known, show=True)


@question("lstm_captioning-backward")
def test_backward_slopes(student, rng):
    """All five gradients are slopes of your lstm_forward, tried out number by number."""
    arrays = list(sequence_arrays(rng, N=2, D=2, H=3, blocks=4))
    check_slopes(student, "lstm", arrays, rng.normal(size=(2, 4, 3)), PARTS_OF_ALL)


@question("lstm_captioning-backward")
def test_backward_inputs(student, rng):
    """dh is not changed."""
    arrays = list(sequence_arrays(rng, blocks=4))
    check_dout_unchanged(student, "lstm", arrays, rng.normal(size=(3, 4, 5)))


@question("lstm_captioning-backward")
def test_backward_single(student, rng):
    """Inputs in single precision give gradients in single precision."""
    _h, cache = forward(student, "lstm_forward", *single(sequence_arrays(rng, blocks=4)))
    check_single(**all_gradients(student, rng.normal(size=(3, 4, 5)).astype(np.float32), cache))


# --- the GRU -------------------------------------------------------------------------------------


@question("lstm_captioning-gru-step-forward")
def test_gru_by_hand(student, rng):
    """With r = 1/4, z = 3/4 and n = 3/5, an old state of 1 becomes 9/10."""
    one = np.ones((1, 1))
    Wx, Wh = np.array([[0.0, 0.0, 2 * LOG2]]), np.array([[0.0, LOG3, 2 * LOG2]])
    b = np.array([-LOG3, 0.0, -1.5 * LOG2])
    next_h, _cache = forward(student, "gru_step_forward", one, one, Wx, Wh, b)
    unreset, all_reset, exchanged = np.tanh(LOG2 * np.array([2.5, 0.625, 2.0]))
    # Without b, r is 1/2, and 3 log 2 goes into tanh.
    no_bias, bias_reset = np.tanh(3 * LOG2) / 4 + 0.75, np.tanh(2.125 * LOG2)
    known = {
        _("z and 1 - z are exchanged"): [[0.7]],
        _("r is not used"): [[unreset / 4 + 0.75]],
        _("r and z are exchanged"): [[0.75 * exchanged + 0.25]],
        _("z stands inside tanh, where r belongs"): [[exchanged / 4 + 0.75]],
        _("n counts in full; its share is 1 - z"): [[1.35]],
        _("r and z need what prev_h adds, too"): [[0.8]],
        _("tanh is missing"): [[LOG2 / 4 + 0.75]],
        _("r multiplies all that goes into tanh, not only recall"): [[all_reset / 4 + 0.75]],
        _("this is n alone; the old state keeps a share of z"): [[0.6]],
        _("the old state is lost; it keeps a share of z"): [[0.15]],
        _("n goes through the sigmoid; it goes through tanh"): [[1 / 6 + 0.75]],
        _("b is missing"): [[no_bias]],
        _("r multiplies the bias of n, too; it stands outside"): [[bias_reset / 4 + 0.75]],
    }
    assert_close(next_h, np.array([[0.9]]), "next_h", known=known, show=True)


@question("lstm_captioning-gru-step-forward")
def test_gru_random(student, rng):
    """next_h is right for several units, where Wh mixes them."""
    x, prev_h, Wx, Wh, b = step_arrays(rng, blocks=3)
    next_h, _cache = forward(student, "gru_step_forward", x, prev_h, Wx, Wh, b)
    want, _right = standins.gru_step_forward(x, prev_h, Wx, Wh, b)
    other = [np.hstack([w[..., 5:10], w[..., :5], w[..., 10:]]) for w in (Wx, Wh, b)]
    gates = standins.sigmoid(x @ Wx + prev_h @ Wh + b)
    r, z = gates[:, :5], gates[:, 5:10]
    n = np.tanh(x @ Wx[:, 10:] + b[10:] + (r * prev_h) @ Wh[:, 10:])
    turned = standins.gru_step_forward(
        x, prev_h, Wx, np.hstack([U.T for U in np.split(Wh, 3, 1)]), b
    )
    known = {
        _("r multiplies prev_h before Un does; it multiplies prev_h Un"): (1 - z) * n + z * prev_h,
        _("is the order of the blocks z, r, n?"): standins.gru_step_forward(x, prev_h, *other)[0],
        _("Wh is transposed"): turned[0],
    }
    assert_close(next_h, want, "next_h", known=known)


@question("lstm_captioning-gru-step-forward")
def test_gru_inputs(student, rng):
    """Nothing that is passed in is changed."""
    student.gru_step_forward(*step_arrays(rng, blocks=3))
    assert_unchanged(student.changed, dict(enumerate(("x", "prev_h", "Wx", "Wh", "b"))))


@question("lstm_captioning-gru-step-forward")
def test_gru_single(student, rng):
    """Inputs in single precision give next_h in single precision."""
    next_h, _cache = forward(student, "gru_step_forward", *single(step_arrays(rng, blocks=3)))
    check_single(next_h=next_h)


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_by_hand(student, rng):
    """With r = z = 1/2 and n = 3/5, a dnext_h of 100 makes 50, 32 and a quarter of -60 at z."""
    zero, b = np.zeros((1, 3)), np.array([0.0, 0.0, LOG2])
    _h, cache = forward(student, "gru_step_forward", *np.zeros((2, 1, 1)), zero, zero, b)
    parts = unpack(
        student.gru_step_backward(np.array([[100.0]]), cache), "gru_step_backward", PARTS
    )
    got = dict(zip(PARTS, parts, strict=True))
    known = {_("what comes back through z * prev_h is missing"): [[0.0]]}
    assert_close(got["dprev_h"], np.array([[50.0]]), "dprev_h", known=known, show=True)
    want = np.array([0.0, -15.0, 32.0])
    known = {
        _("the sign at z is flipped: z takes from n and gives to prev_h"): [0.0, 15.0, 32.0],
        _("at z, n is missing"): [0.0, 0.0, 32.0],
        _("the slope of tanh is missing"): [0.0, -15.0, 50.0],
        _("the slope of the sigmoid is missing"): [0.0, -60.0, 32.0],
        _("n gets (1 - z) times dnext_h"): [0.0, -15.0, 64.0],
        _("at b, r has no part: b stands outside of it"): [0.0, -15.0, 16.0],
        _("is the order of the blocks r, z, n?"): [-15.0, 0.0, 32.0],
    }
    assert_close(got["db"], want, "db", known=known, show=True)


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_two_gates(student, rng):
    """With r = 1/4, z = 3/4, n = 3/5, recall = 2: a dnext_h of 100 makes 6, 7.5, 16; 83 before."""
    Wh, b = np.array([[0.0, 0.0, 2.0]]), np.array([-LOG3, LOG3, LOG2 - 0.5])
    arrays = np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 3)), Wh, b
    _h, cache = forward(student, "gru_step_forward", *arrays)
    parts = unpack(
        student.gru_step_backward(np.array([[100.0]]), cache), "gru_step_backward", PARTS
    )
    got = dict(zip(PARTS, parts, strict=True))
    known = {
        _("at r, the slope of the sigmoid is missing"): [32.0, 7.5, 16.0],
        _("r gets prev_h where it should get recall"): [3.0, 7.5, 16.0],
        _("recall is prev_h Un alone: at r, it is multiplied by r"): [1.5, 7.5, 16.0],
        _("n gets z times dnext_h; its share is 1 - z"): [18.0, 7.5, 48.0],
    }
    assert_close(got["db"], np.array([6.0, 7.5, 16.0]), "db", known=known, show=True)
    known = {
        _("what comes back through z * prev_h is missing"): [[8.0]],
        _("only z * prev_h hands back; r, z and recall do, too"): [[75.0]],
        _("at recall, r is missing"): [[107.0]],
        _("prev_h gets 1 - z times dnext_h; its share is z"): [[33.0]],
    }
    assert_close(got["dprev_h"], np.array([[83.0]]), "dprev_h", known=known, show=True)


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_slopes(student, rng):
    """All five gradients are slopes of your gru_step_forward, tried out number by number."""
    arrays = list(step_arrays(rng, blocks=3))
    check_slopes(student, "gru_step", arrays, rng.normal(size=(3, 5)), PARTS)


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_inputs(student, rng):
    """dnext_h is not changed."""
    arrays = list(step_arrays(rng, blocks=3))
    check_dout_unchanged(student, "gru_step", arrays, rng.normal(size=(3, 5)))


@question("lstm_captioning-gru-step-backward")
def test_gru_backward_single(student, rng):
    """Inputs in single precision give gradients in single precision."""
    _h, cache = forward(student, "gru_step_forward", *single(step_arrays(rng, blocks=3)))
    dnext_h = rng.normal(size=(3, 5)).astype(np.float32)
    parts = unpack(student.gru_step_backward(dnext_h, cache), "gru_step_backward", PARTS)
    check_single(**dict(zip(PARTS, parts, strict=True)))


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
def test_gradients_slopes(student, rng):
    """All eight gradients are slopes of your loss, tried out number by number."""
    check_loss_slopes(student, rng, 4)


@question("lstm_captioning-gradients")
def test_gradients_inputs(student, rng):
    """Features, captions and parameters are not changed."""
    check_loss_inputs(student, rng, 4)


@question("lstm_captioning-sample")
def test_sample_chain(student, rng):
    """A model that has learned only which word follows which says: a red bird."""
    check_chain(student, rng, 4)


@question("lstm_captioning-sample")
def test_sample_never_says_null(student, rng):
    """<NULL> and <START> are not said, even where their scores are the largest."""
    check_never_null(student, rng, 4)


@question("lstm_captioning-sample")
def test_sample_pictures(student, rng):
    """Of two pictures one is "a", the other "bird"."""
    check_pictures(student, rng, 4)


@question("lstm_captioning-sample")
def test_sample_cell(student, rng):
    """A model that counts in its cell says "a" twice, and then ends: the cell goes on, too."""
    params = {
        name: np.zeros_like(value) for name, value in random_params(rng, 1, 1, 1, 6, 4).items()
    }
    # Each step adds tanh(1) to the cell; after the third, END is likelier than "a".
    params["b"] = np.array([OPEN, OPEN, OPEN, 1.0])
    params["W_vocab"][0, [2, 3]] = 20.0, 10.0
    params["b_vocab"][2], params["W_proj"][:] = -9.5, 1.0
    said = make_model(student, params, WORDS).sample(np.array([[1.0]]), max_length=5)
    known = {
        _("each step begins with an empty cell"): [[3, 3, 3, 3, 3]],
        _("is the first cell made from the picture (it is zero), or are the scores the cell's?"): [
            [3, 2, 0, 0, 0]
        ],
    }
    assert_equal(said, np.array([[3, 3, 2, 0, 0]]), "captions", known=known, show=True)


@question("lstm_captioning-sample")
def test_sample_state(student, rng):
    """A model that counts in its state says: a red bird. A picture may make it begin later."""
    params = {
        name: np.zeros_like(value) for name, value in random_params(rng, 1, 1, 2, 6, 4).items()
    }
    # Without a memory in the cell, the state is the tanh of tanh of g: it grows step by step.
    params["b"] = np.repeat([OPEN, -OPEN, OPEN, 0.0], 2)
    params["b"][6:] = 0.1, 0.0
    params["Wh"][0, 6] = 2.5
    params["W_embed"][2], params["Wx"][0, 6] = 1.0, 5.0  # <END> leads to the largest state
    states, state = [], 0.0
    for _step in range(4):
        state = math.tanh(math.tanh(0.1 + 2.5 * state))
        states.append(state)
    # A word's score is largest at its own state: 2 s * state - s**2.
    order = [3, 4, 5, 2]
    params["W_vocab"][0, order] = 200 * np.array(states)
    params["b_vocab"][order] = -100 * np.array(states) ** 2 - 1
    params["b_vocab"][:2] = -1000.0
    params["W_proj"][0, 0] = states[0]
    said = make_model(student, params, WORDS).sample(np.array([[0.0], [1.0]]), max_length=5)
    want = np.array([[3, 4, 5, 2, 0], [4, 5, 2, 0, 0]])
    known = {
        _("each step begins with the first state"): [[3] * 5, [4] * 5],
        _("the first word that goes in is <END>; it is <START>"): [[2, 0, 0, 0, 0]] * 2,
        _("all captions end with the first one that does"): [[3, 4, 5, 0, 0], [4, 5, 2, 0, 0]],
    }
    assert_equal(said, want, "captions", known=known, show=True)


# --- attention -----------------------------------------------------------------------------------


@question("lstm_captioning-attention")
def test_attention_by_hand(student, rng):
    """Of 9 numbers a place, one place fits by 3 log 3: divided by 3, it weighs 3, the others 1."""
    prev_h, A = np.zeros((1, 9)), np.zeros((1, 9, 4, 4))
    prev_h[0, :3], A[0, :5, 2, 1] = LOG3, (1.0, 1.0, 1.0, 6.0, -6.0)
    context, weights = attention(student, prev_h, A)

    def share(weight: float) -> np.ndarray:
        weights = np.ones((1, 4, 4))
        weights[0, 2, 1] = weight
        return weights / weights.sum()

    known = {
        _("the fits are not divided by the root of H"): share(27.0),
        _("the fits are divided by H, not by its root"): share(3 ** (1 / 3)),
        _("the fits are multiplied by the root of H; they are divided by it"): share(3.0**9),
        _("the fits are divided by the root of 16, the number of places; it is that of H"): share(
            3**0.75
        ),
        _("the weights of each row add up to 1; all 16 together should"): row_by_row(share(3.0), 2),
        _("the weights of each column add up to 1; all 16 together should"): row_by_row(
            share(3.0), 1
        ),
        _("softmax is missing: these are the fits"): np.log(share(3.0) * 18),
    }
    assert_close(weights, share(3.0), "weights", known=known, show=True)
    want = A[:, :, 2, 1] / 6
    known = {
        _("this is the mean of all places; each counts by its weight"): want * 6 / 16,
        _("is the context divided by 16?"): want / 16,
    }
    assert_close(context, want, "context", known=known, show=True)


@question("lstm_captioning-attention")
def test_attention_random(student, rng):
    """Context and weights are right for three examples of five numbers a place."""
    prev_h, A = rng.normal(size=(3, 5)), rng.normal(size=(3, 5, 4, 4))
    context, weights = attention(student, prev_h, A)
    want, right = standins.dot_product_attention(prev_h, A)
    if abs(to_array(weights, "weights").sum() - 1) < 1e-6:
        reason = _("the weights of all examples together add up to 1; those of each should")
        raise CheckFailed(reason)
    assert_close(weights, right, "weights")
    assert_close(context, want, "context")


@question("lstm_captioning-attention")
def test_attention_large(student, rng):
    """Fits of 1000 make no NaN, neither there nor in an example whose fits are all 0."""
    # The fits of the third example are 1000, 1000 - log 3, and zeros.
    prev_h, A = np.zeros((3, 4)), np.zeros((3, 4, 4, 4))
    prev_h[[0, 2]], A[[0, 2], :, 1, 3] = 500.0, 1.0
    A[0, :, 0, 0], A[2, :, 0, 0] = -1.0, 1 - LOG3 / 1000
    context, weights = attention(student, prev_h, A)
    want = np.full((3, 4, 4), 1 / 16)
    want[[0, 2]] = 0.0
    want[0, 1, 3] = 1.0
    cut = want.copy()
    want[2, 1, 3], want[2, 0, 0] = 0.75, 0.25
    cut[2, [1, 0], [3, 0]] = 0.5
    known = {_("large fits are cut off, and so alike; subtract the largest instead"): cut}
    assert_close(weights, want, "weights", known=known, show=True)
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
    mean = A.mean(axis=(2, 3))
    zero, beside = np.zeros_like(mean), np.vstack([Wx, Wattn])

    def states(
        h: np.ndarray,
        c: np.ndarray,
        see: Callable = lambda h, c: h,
        W: np.ndarray = beside,
        Wh: np.ndarray = Wh,
        keep: Callable = lambda h, c: (h, c),
    ) -> np.ndarray:
        """The states from these first ones, where the context is what `see` looks at or makes."""
        told = []
        for word in x.swapaxes(0, 1):
            seen = see(h, c)
            looked = seen if seen is None else standins.dot_product_attention(seen, A)[0]
            more = zero if looked is None else looked
            both = np.hstack([word, more])
            h, c, _cache = standins.lstm_step_forward(both, h, c, W, Wh, b)
            told.append(h)
            h, c = keep(h, c)
        return np.stack(told, axis=1)

    total = 16 * mean
    known = {
        _("the first cell is zero; it is the mean of A"): states(mean, zero),
        _("the first state is zero; it is the mean of A"): states(zero, mean),
        _("the first state and cell are zero; both are the mean of A"): states(zero, zero),
        _("you begin with the sum of A over its places; it is the mean"): states(total, total),
        _("the context plays no part"): states(mean, mean, lambda h, c: None),
        _("the context is the mean of A; attention chooses"): states(mean, mean, lambda h, c: zero),
        _("it looks with the first state at each step; it looks with the state before"): states(
            mean, mean, lambda h, c: mean
        ),
        _("it looks with the cell; it looks with the state"): states(mean, mean, lambda h, c: c),
        _("each step begins with the first cell"): states(mean, mean, keep=lambda h, c: (h, mean)),
        _("each step begins with the first state"): states(mean, mean, keep=lambda h, c: (mean, c)),
        _("x meets Wattn, the context Wx: put both pairs side by side in the same order"): states(
            mean, mean, W=np.vstack([Wattn, Wx])
        ),
        _("Wh and Wattn are exchanged"): states(mean, mean, W=np.vstack([Wx, Wh]), Wh=Wattn),
    }
    assert_close(h, want, "h", known=known)


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


def mistaken_steps() -> dict[str, tuple[float, float]]:
    """next_h and next_c that known mistakes make of hand_arrays."""
    c = 2 * LOG2 - 0.9

    def step(i: float, f: float, o: float, g: float) -> tuple[float, float]:
        return o * math.tanh(f * c + i * g), f * c + i * g

    return {
        _("is the order of the blocks i, f, g, o?"): step(0.75, 0.5, 2 / 3, -0.8),
        _("is the order of the blocks f, i, o, g?"): step(0.5, 0.75, 0.25, 0.6),
        _("g goes through the sigmoid; it goes through tanh"): step(0.75, 0.5, 0.25, 2 / 3),
        _("the old cell is missing"): step(0.75, 0.0, 0.25, 0.6),
        _("the forget gate is not used: all of the old cell stays"): step(0.75, 1.0, 0.25, 0.6),
        _("the input gate is not used"): step(1.0, 0.5, 0.25, 0.6),
        _("the output gate is not used"): step(0.75, 0.5, 1.0, 0.6),
        _("tanh of the cell is missing"): (0.25 * LOG2, LOG2),
        _("next_h tells of prev_c; it tells of next_c"): (0.25 * math.tanh(c), LOG2),
        _("the cell itself goes through tanh; only what next_h tells of it does"): (
            0.25 * math.tanh(0.6),
            0.6,
        ),
        _("the gates go through tanh; they go through the sigmoid"): step(0.8, 0.0, -0.8, 0.6),
        _("is g multiplied by o, or does sigmoid fall where it should rise?"): step(
            0.25, 0.5, 0.75, 0.6
        ),
        _("f is 1 - i; it has weights of its own"): step(0.75, 0.25, 0.25, 0.6),
        _("b is missing"): step(0.75, 0.5, 0.25, 0.0),
        _("what prev_h adds is missing"): step(0.9, 0.25, 0.5, 0.6),
        _("what x adds is missing"): step(0.25, 0.75, 0.25, 0.6),
        _("f multiplies prev_h; it multiplies prev_c"): (0.25 * math.tanh(0.95), 0.95),
        _("next_h and next_c are exchanged: next_h comes first"): (LOG2, 0.15),
    }


def lstm_arrays(
    rng: np.random.Generator, N: int = 3, D: int = 4, H: int = 5, scale: float = 1.0
) -> tuple[np.ndarray, ...]:
    """x, prev_h, prev_c, Wx, Wh and b of a step; some cells lie beyond 1 or -1."""
    x, prev_h, *weights = step_arrays(rng, N, D, H, scale, 4)
    return x, prev_h, rng.normal(0, 1.2, size=(N, H)), *weights


def attention_arrays(
    rng: np.random.Generator, N: int = 3, T: int = 4, D: int = 4, H: int = 5
) -> tuple[np.ndarray, ...]:
    """x, A, Wx, Wh, Wattn and b of a sequence with attention; some places stand out."""
    x, _h0, Wx, Wh, b = sequence_arrays(rng, N, T, D, H, 4)
    A = rng.normal(0, 1.5, size=(N, H, 4, 4)) + rng.normal(0, 0.5, size=(N, H, 1, 1))
    return x, A, Wx, Wh, rng.normal(0, 0.7 / H**0.5, size=(H, 4 * H)), b


def row_by_row(weights: np.ndarray, axis: int) -> np.ndarray:
    """Weights that add up to 1 along one axis."""
    return weights / weights.sum(axis=axis, keepdims=True)


def lstm_step(student: Student, *arrays: np.ndarray) -> tuple[object, object, Remote]:
    """next_h, next_c and the cache, which stays inside."""
    result = student.call("lstm_step_forward", *arrays, keep=True)
    if result.type_name not in ("tuple", "list"):
        want = "(next_h, next_c, cache)"
        raise CheckFailed(wrong_kind(result, "lstm_step_forward", want))
    return result.get("[0]"), result.get("[1]"), result.get("[2]", keep=True)


def step_gradients(
    student: Student, dnext_h: np.ndarray, dnext_c: np.ndarray, cache: object
) -> dict[str, object]:
    """The six gradients of a step by name."""
    result = student.lstm_step_backward(dnext_h, dnext_c, cache)
    parts = unpack(result, "lstm_step_backward", PARTS_OF_STEP)
    return dict(zip(PARTS_OF_STEP, parts, strict=True))


def all_gradients(student: Student, dh: np.ndarray, cache: object) -> dict[str, object]:
    """The five gradients of a sequence by name."""
    parts = unpack(student.lstm_backward(dh, cache), "lstm_backward", PARTS_OF_ALL)
    return dict(zip(PARTS_OF_ALL, parts, strict=True))


def attention(student: Student, prev_h: np.ndarray, A: np.ndarray) -> list:
    """context and weights."""
    result = student.dot_product_attention(prev_h, A)
    return unpack(result, "dot_product_attention", ("context", "weights"))
