"""Misconceptions, shortcuts and accepted variants of the LSTM-captioning notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant
from autograder.misconceptions.a3_captioning.rnn_captioning import model_mistakes

STEP, STEP_BACKWARD = "lstm_captioning-step-forward", "lstm_captioning-step-backward"
FORWARD, BACKWARD = "lstm_captioning-forward", "lstm_captioning-backward"
GRU, GRU_BACKWARD = "lstm_captioning-gru-step-forward", "lstm_captioning-gru-step-backward"
LOSS, GRADIENTS = "lstm_captioning-loss", "lstm_captioning-gradients"
SAMPLE = "lstm_captioning-sample"
ATTENTION, LOOKING = "lstm_captioning-attention", "lstm_captioning-attention-lstm"

# Parts of the reference that several patches replace.
SIGMOID = "return np.where(x >= 0, 1, e) / (1 + e)"
SUM = "a = x @ Wx + prev_h @ Wh + b"
SPLIT = "ai, af, ao, ag = np.split(a, 4, axis=1)"
GATES = "i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)"
NEXT_C = "next_c = i * g + f * prev_c"
NEXT_H = "next_h = o * np.tanh(next_c)"
TANH_C = "tanh_c = np.tanh(next_c)"
DC = "dc = dnext_c + dnext_h * o * (1 - tanh_c**2)"
OF_GATES = "di, df, do, dg = dc * g, dc * prev_c, dnext_h * tanh_c, dc * i"
SLOPES = "slopes = i * (1 - i), f * (1 - f), o * (1 - o), 1 - g**2"
DA = "da = np.hstack([di * slopes[0], df * slopes[1], do * slopes[2], dg * slopes[3]])"
DX = "dx, dprev_h, dprev_c = da @ Wx.T, da @ Wh.T, dc * f"
DW = "dWx, dWh = x.T @ da, prev_h.T @ da"
DB = "db = da.sum(axis=0)"
BEGIN = "states, state, cell = [], h0, np.zeros_like(h0)"
ONE_STEP = "state, cell, cache = lstm_step_forward(x[:, t], state, cell, Wx, Wh, b)"
KEEP_STATE = "states.append(state)"
STACK = "h = np.stack(states, axis=1)"
LATER = "later_h, later_c = np.zeros((N, H), dh.dtype), np.zeros((N, H), dh.dtype)"
DNEXT = "dnext = dh[:, t] + later_h"
STEP_BACK = "step = lstm_step_backward(dnext, later_c, caches[t])"
HAND_ON = "dx[t], later_h, later_c, dWx_t, dWh_t, db_t = step"
ADD = "dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t"
DX_DH0 = "dx, dh0 = np.stack(dx, axis=1), later_h"
INTO = "into, back = x @ Wx + b, prev_h @ Wh"
RZ = "r, z = np.split(sigmoid(into[:, : 2 * H] + back[:, : 2 * H]), 2, axis=1)"
N_GRU = "n = np.tanh(into[:, 2 * H :] + r * recall)"
MIX = "next_h = z * prev_h + (1 - z) * n"
DZ_DN = "dz, dn = dnext_h * (prev_h - n), dnext_h * (1 - z)"
DAN = "dan = dn * (1 - n**2)"
DAR_DAZ = "dar, daz = dan * recall * r * (1 - r), dz * z * (1 - z)"
DINTO = "dinto, dback = np.hstack([dar, daz, dan]), np.hstack([dar, daz, dan * r])"
DX_GRU = "dx, dprev_h = dinto @ Wx.T, dnext_h * z + dback @ Wh.T"
DW_GRU = "dWx, dWh = x.T @ dinto, prev_h.T @ dback"
DB_GRU = "db = dinto.sum(axis=0)"
H0 = "h0, proj_cache = affine_forward(features, W_proj, b_proj)"
STATES = "h, lstm_caches = lstm_forward(x, h0, Wx, Wh, b)"
COST = "loss, dscores = temporal_softmax_loss(scores, words_out, mask)"
LSTM_BACK = 'dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = lstm_backward(dh, lstm_caches)'
EMBED_BACK = 'grads["W_embed"] = word_embedding_backward(dx, embed_cache)'
PROJ_BACK = '_dfeatures, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, proj_cache)'
FIRST_CELL = "cell = np.zeros_like(state)"
GO_ON = "state, cell, _cache = lstm_step_forward(x, state, cell, *weights)"
SCORES = 'scores, _cache = affine_forward(state, self.params["W_vocab"], self.params["b_vocab"])'
END = "going_on &= word != self._end"
FITS = 'fits = np.einsum("nh,nhij->nij", prev_h, A) / H**0.5'
EXP = "e = np.exp(fits - fits.max(axis=(1, 2), keepdims=True))"
SHARES = "weights = e / e.sum(axis=(1, 2), keepdims=True)"
CONTEXT = 'context = np.einsum("nij,nhij->nh", weights, A)'
MEAN = "told, mean = [], A.mean(axis=(2, 3))"
FIRST = "state, cell = mean, mean"
BOTH_W = "weights = np.vstack([Wx, Wattn]), Wh, b"
LOOK = "context, _weights = dot_product_attention(state, A)"
BOTH = "both = np.hstack([x[:, t], context])"
LOOK_STEP = "state, cell, _cache = lstm_step_forward(both, state, cell, *weights)"
TELL = "told.append(state)"
STACK_TOLD = "h = np.stack(told, axis=1)"

_DOUBLE = (
    "Single precision goes in and double comes out: np.zeros makes float64 unless it is told the "
    "type."
)


def step(name: str, replace: dict[str, str], hint: str) -> Misconception:
    """A mistake in lstm_step_forward or sigmoid."""
    return Misconception(f"step-{name}", STEP, replace, hint=hint)


def back(name: str, replace: dict[str, str], hint: str) -> Misconception:
    """A mistake in lstm_step_backward."""
    return Misconception(f"step-backward-{name}", STEP_BACKWARD, replace, hint=hint)


def gru(name: str, replace: dict[str, str], hint: str) -> Misconception:
    """A mistake in gru_step_forward."""
    return Misconception(f"gru-{name}", GRU, replace, hint=hint)


def gru_back(name: str, replace: dict[str, str], hint: str) -> Misconception:
    """A mistake in gru_step_backward."""
    return Misconception(f"gru-backward-{name}", GRU_BACKWARD, replace, hint=hint)


def look(name: str, replace: dict[str, str], hint: str) -> Misconception:
    """A mistake in dot_product_attention."""
    return Misconception(f"attention-{name}", ATTENTION, replace, hint=hint)


def looking(name: str, replace: dict[str, str], hint: str) -> Misconception:
    """A mistake in attention_lstm_forward."""
    return Misconception(f"attention-lstm-{name}", LOOKING, replace, hint=hint)


MISCONCEPTIONS = [
    # --- step-forward ---
    step(
        "order-i-f-g-o",
        {SPLIT: "ai, af, ag, ao = np.split(a, 4, axis=1)"},
        "The blocks of your a are in the order i, f, g, o, which is PyTorch's. Here it is i, f, o, "
        "g.",
    ),
    step(
        "order-f-i-o-g",
        {SPLIT: "af, ai, ao, ag = np.split(a, 4, axis=1)"},
        "i and f have changed places: f multiplies the old cell, i what is new. Their blocks are "
        "in the order i, f, o, g.",
    ),
    step(
        "interleaved",
        {SPLIT: "ai, af, ao, ag = (a[:, k::4] for k in range(4))"},
        "You take every fourth column. A block is H columns side by side: the first H are those of "
        "i.",
    ),
    step(
        "g-sigmoid",
        {GATES: "i, f, o, g = (sigmoid(part) for part in (ai, af, ao, ag))"},
        "g goes through the sigmoid, as a gate. It is what is written, between -1 and 1: tanh.",
    ),
    step(
        "gates-tanh",
        {GATES: "i, f, o, g = (np.tanh(part) for part in (ai, af, ao, ag))"},
        "The gates go through tanh. A gate lies between 0 and 1: sigmoid.",
    ),
    step(
        "no-old-cell",
        {NEXT_C: "next_c = i * g"},
        "The old cell is gone: f * prev_c is missing in next_c.",
    ),
    step(
        "no-forget-gate",
        {NEXT_C: "next_c = prev_c + i * g"},
        "All of the old cell stays. The forget gate f multiplies it.",
    ),
    step(
        "no-input-gate",
        {NEXT_C: "next_c = f * prev_c + g"},
        "Everything is written: the input gate i is missing before g.",
    ),
    step(
        "forget-one-minus-i",
        {NEXT_C: "next_c = i * g + (1 - i) * prev_c"},
        "The old cell is multiplied by 1 - i, as in a GRU. An LSTM has a forget gate of its own, "
        "f.",
    ),
    step(
        "no-tanh-of-cell",
        {NEXT_H: "next_h = o * next_c"},
        "next_h is the output gate times the *tanh* of the cell.",
    ),
    step(
        "no-output-gate",
        {NEXT_H: "next_h = np.tanh(next_c)"},
        "The output gate o is missing in next_h.",
    ),
    step(
        "h-from-old-cell",
        {NEXT_H: "next_h = o * np.tanh(prev_c)"},
        "next_h tells of the old cell. It tells of the new one, next_c.",
    ),
    step(
        "cell-through-tanh",
        {NEXT_C: "next_c = np.tanh(i * g + f * prev_c)"},
        "The cell itself goes through tanh. It is kept as it is; only what next_h tells of it is "
        "tanh(next_c).",
    ),
    step("no-bias", {SUM: "a = x @ Wx + prev_h @ Wh"}, "b is missing in the sum."),
    step(
        "cell-in-the-sum",
        {SUM: "a = x @ Wx + prev_c @ Wh + b"},
        "The gates look at the old cell. They look at the old state, prev_h.",
    ),
    step(
        "sigmoid-overflows",
        {SIGMOID: "return np.exp(x) / (1 + np.exp(x))"},
        "e^x / (1 + e^x) is infinity over infinity where x is large, which is NaN. 1 / (1 + e^-x) "
        "is the same on paper and is not.",
    ),
    step(
        "sigmoid-sign",
        {SIGMOID: "return np.where(x >= 0, e, 1) / (1 + e)"},
        "Your sigmoid falls where it should rise: it is that of -x.",
    ),
    step(
        "double",
        {NEXT_H: f"next_c = np.zeros(prev_c.shape) + next_c\n    {NEXT_H}"},
        _DOUBLE,
    ),
    step(
        "in-place",
        {NEXT_C: "next_c = prev_c\n    next_c *= f\n    next_c += i * g"},
        "next_c is right, but it is written over the caller's prev_c, which the way back needs.",
    ),
    # --- step-backward ---
    back(
        "no-dnext-c",
        {DC: "dc = dnext_h * o * (1 - tanh_c**2)"},
        "dnext_c is not used. The cell gets a gradient from the later cell as well: add it.",
    ),
    back(
        "no-way-through-h",
        {DC: "dc = dnext_c.copy()"},
        "What comes to the cell through next_h is missing: next_h is made from next_c.",
    ),
    back(
        "no-slope-of-tanh-c",
        {DC: "dc = dnext_c + dnext_h * o"},
        "On the way from next_h to the cell the slope of tanh is missing: 1 - tanh(next_c)**2.",
    ),
    back(
        "slope-of-c-itself",
        {DC: "dc = dnext_c + dnext_h * o * (1 - next_c**2)"},
        "The slope is 1 minus the square of tanh(next_c); you square next_c itself.",
    ),
    back(
        "no-o-to-the-cell",
        {DC: "dc = dnext_c + dnext_h * (1 - tanh_c**2)"},
        "On the way from next_h to the cell the output gate is missing.",
    ),
    back(
        "dnext-c-through-o",
        {DC: "dc = (dnext_c + dnext_h) * o * (1 - tanh_c**2)"},
        "dnext_c goes through o and tanh in your dc. It belongs to the cell directly; only dnext_h "
        "comes through them.",
    ),
    back(
        "no-forget-in-dprev-c",
        {DX: DX.replace("dc * f", "dc * 1")},
        "dprev_c is dc. The old cell was multiplied by f, so its gradient is, too.",
    ),
    back(
        "dprev-c-from-dnext-c",
        {DX: DX.replace("dc * f", "dnext_c * f")},
        "dprev_c takes dnext_c alone. It takes all of dc, with what came through next_h.",
    ),
    back(
        "no-slopes-of-gates",
        {DA: "da = np.hstack([di, df, do, dg])"},
        "The slopes of the sigmoids and of tanh are missing: di * i * (1 - i) and so on.",
    ),
    back(
        "g-slope-of-sigmoid",
        {SLOPES: SLOPES.replace("1 - g**2", "g * (1 - g)")},
        "g comes from tanh, so its slope is 1 - g**2, not that of the sigmoid.",
    ),
    back(
        "slopes-of-sums",
        {SLOPES: "slopes = (1 - i, 1 - f, 1 - o, 1 - g**2)"},
        "The slope of the sigmoid is s * (1 - s); you have 1 - s.",
    ),
    back(
        "order-i-f-g-o",
        {DA: DA.replace("do * slopes[2], dg * slopes[3]", "dg * slopes[3], do * slopes[2]")},
        "Your da has the order i, f, g, o. It is that of a: i, f, o, g.",
    ),
    back(
        "o-from-cell",
        {OF_GATES: OF_GATES.replace("dnext_h * tanh_c", "dnext_h * next_c")},
        "o gets dnext_h times next_c; it multiplied tanh(next_c).",
    ),
    back(
        "o-from-dc",
        {OF_GATES: OF_GATES.replace("dnext_h * tanh_c", "dc * tanh_c")},
        "o gets its gradient from dnext_h, not from dc: it has no part in next_c.",
    ),
    back(
        "f-from-next-c",
        {OF_GATES: OF_GATES.replace("dc * prev_c", "dc * next_c")},
        "f multiplied the old cell, prev_c. Your df takes next_c.",
    ),
    back(
        "i-and-g-exchanged",
        {OF_GATES: "dg, df, do, di = dc * g, dc * prev_c, dnext_h * tanh_c, dc * i"},
        "i gets dc * g and g gets dc * i: of a product each factor gets the other one.",
    ),
    back(
        "order-of-results",
        {f"{DB}\n": f"{DB}\n    dprev_h, dprev_c = dprev_c, dprev_h\n"},
        "dprev_h and dprev_c are exchanged; the order is dx, dprev_h, dprev_c, dWx, dWh, db.",
    ),
    back(
        "means",
        {DW: f"{DW}\n    dWx, dWh = dWx / len(x), dWh / len(x)", DB: "db = da.mean(axis=0)"},
        "The gradients of the weights are means over the examples; they are sums. If there is a "
        "mean in the loss, its 1/N is in dnext_h already.",
    ),
    back(
        "in-place",
        {DC: "dc = dnext_c\n    dc += dnext_h * o * (1 - tanh_c**2)"},
        "The gradients are right the first time, but += changes dnext_c, which belongs to the "
        "caller.",
    ),
    back("double", {DA: f"{DA}\n    da = np.zeros(da.shape) + da"}, _DOUBLE),
    # --- forward ---
    Misconception(
        "forward-empty-cell-each-time",
        FORWARD,
        {ONE_STEP: ONE_STEP.replace("state, cell, Wx", "state, np.zeros_like(h0), Wx")},
        hint="Each step begins with an empty cell. It should begin with the cell that the step "
        "before has left.",
    ),
    Misconception(
        "forward-from-h0-each-time",
        FORWARD,
        {ONE_STEP: ONE_STEP.replace("state, cell, Wx", "h0, cell, Wx")},
        hint="Each step begins with h0 again. It should begin with the state that the step before "
        "has left.",
    ),
    Misconception(
        "forward-first-cell-is-h0",
        FORWARD,
        {BEGIN: "states, state, cell = [], h0, h0"},
        hint="The first cell is h0. It is zero.",
    ),
    Misconception(
        "forward-cells",
        FORWARD,
        {KEEP_STATE: "states.append(cell)"},
        hint="You return the cells. What is asked for are the states.",
    ),
    Misconception(
        "forward-exchanged",
        FORWARD,
        {ONE_STEP: ONE_STEP.replace("state, cell, cache", "cell, state, cache")},
        hint="State and cell are exchanged: lstm_step_forward returns next_h first.",
    ),
    Misconception(
        "forward-states-before",
        FORWARD,
        {KEEP_STATE: "pass", ONE_STEP: f"states.append(state)\n        {ONE_STEP}"},
        hint="h begins with h0: you keep the state before each step. h[:, t] is the one after it.",
    ),
    Misconception(
        "forward-time-first",
        FORWARD,
        {STACK: "h = np.stack(states)"},
        hint="The steps come first in your h: (T, N, H). Examples come first: (N, T, H).",
    ),
    Misconception(
        "forward-double",
        FORWARD,
        {BEGIN: "states, state, cell = [], h0, np.zeros(h0.shape)"},
        hint=_DOUBLE,
    ),
    # --- backward ---
    Misconception(
        "backward-cell-not-handed-on",
        BACKWARD,
        {HAND_ON: HAND_ON.replace("later_c,", "_later_c,")},
        hint="The cell's gradient is zero in each step. Hand on what the later step sends back, as "
        "you do for the state.",
    ),
    Misconception(
        "backward-state-not-handed-on",
        BACKWARD,
        {DNEXT: "dnext = dh[:, t]"},
        hint="The state's gradient from the later step is not used: add it to dh[:, t].",
    ),
    Misconception(
        "backward-only-last-step",
        BACKWARD,
        {DNEXT: "dnext = dh[:, t] if t == T - 1 else later_h"},
        hint="Only the last step's dh is used. Each step adds its own dh[:, t] to what comes from "
        "later.",
    ),
    Misconception(
        "backward-dh-to-the-cell",
        BACKWARD,
        {STEP_BACK: STEP_BACK.replace("later_c", "later_c + dh[:, t]")},
        hint="dh[:, t] is added to the cell's gradient, too. It belongs to the state alone; the "
        "step itself finds out what the cell gets of it.",
    ),
    Misconception(
        "backward-exchanged",
        BACKWARD,
        {HAND_ON: HAND_ON.replace("later_h, later_c", "later_c, later_h")},
        hint="You hand on the state's gradient as the cell's, and the other way round: "
        "lstm_step_backward returns dx, dprev_h, dprev_c.",
    ),
    Misconception(
        "backward-last-weights",
        BACKWARD,
        {ADD: "dWx, dWh, db = dWx_t, dWh_t, db_t"},
        hint="The gradients of the weights are those of one step: each step overwrites them. All "
        "steps share the weights, so their gradients add up.",
    ),
    Misconception(
        "backward-mean-weights",
        BACKWARD,
        {ADD: "dWx, dWh, db = dWx + dWx_t / T, dWh + dWh_t / T, db + db_t / T"},
        hint="The gradients of the weights are means over the steps; they are sums.",
    ),
    Misconception(
        "backward-no-dh0",
        BACKWARD,
        {DX_DH0: "dx, dh0 = np.stack(dx, axis=1), np.zeros((N, H), dh.dtype)"},
        hint="dh0 is zero. It is what the first step sends back.",
    ),
    Misconception(
        "backward-dh0-from-the-cell",
        BACKWARD,
        {DX_DH0: "dx, dh0 = np.stack(dx, axis=1), later_h + later_c"},
        hint="The gradient of the first cell is in your dh0. The first cell is zero, whatever h0 "
        "is.",
    ),
    Misconception(
        "backward-dx-reversed",
        BACKWARD,
        {DX_DH0: "dx, dh0 = np.stack(dx[::-1], axis=1), later_h"},
        hint="The steps of dx are in the opposite order. Is it because you collect them from the "
        "last one on?",
    ),
    Misconception(
        "backward-truncated",
        BACKWARD,
        {HAND_ON: f"{HAND_ON}\n        later_c = later_c * (t % 10 > 0)"},
        hint="The way back through the cell is cut every few steps. Here the gradient is asked for "
        "over the whole sequence.",
    ),
    Misconception(
        "backward-in-place",
        BACKWARD,
        {DNEXT: "dnext = dh[:, t]\n        dnext += later_h"},
        hint="The gradients are right the first time, but dh[:, t] is no copy: += changes dh, "
        "which belongs to the caller.",
    ),
    Misconception(
        "backward-double",
        BACKWARD,
        {LATER: "later_h, later_c = np.zeros((N, H)), np.zeros((N, H))"},
        hint=_DOUBLE,
    ),
    # --- gru-step-forward ---
    gru(
        "update-exchanged",
        {MIX: "next_h = z * n + (1 - z) * prev_h"},
        "z and 1 - z are exchanged. Here z is the share of the *old* state that stays.",
    ),
    gru(
        "no-reset",
        {N_GRU: "n = np.tanh(into[:, 2 * H :] + recall)"},
        "The reset gate r is computed and not used: it multiplies recall.",
    ),
    gru(
        "reset-before-the-matrix",
        {
            "recall = back[:, 2 * H :]": "recall = (r * prev_h) @ Wh[:, 2 * H :]",
            N_GRU: N_GRU.replace("r * recall", "recall"),
        },
        "r multiplies prev_h before the matrix. In our version (PyTorch's) it multiplies prev_h "
        "Un.",
    ),
    gru(
        "reset-of-everything",
        {N_GRU: "n = np.tanh(r * (into[:, 2 * H :] + recall))"},
        "r multiplies what comes from x, too. It multiplies recall alone.",
    ),
    gru(
        "order-z-r-n",
        {RZ: RZ.replace("r, z", "z, r")},
        "You take the first block for z. The order is r, z, n.",
    ),
    gru(
        "n-sigmoid",
        {N_GRU: N_GRU.replace("np.tanh", "sigmoid")},
        "n goes through the sigmoid. It is what is new, between -1 and 1: tanh.",
    ),
    gru(
        "no-bias",
        {INTO: "into, back = x @ Wx, prev_h @ Wh"},
        "b is missing.",
    ),
    gru(
        "bias-reset",
        {N_GRU: "n = np.tanh((x @ Wx)[:, 2 * H :] + r * (recall + b[2 * H :]))"},
        "The bias of n is multiplied by r. It stands beside x Wn, outside.",
    ),
    gru(
        "only-new",
        {MIX: "next_h = (1 - z) * n"},
        "The old state is lost: it keeps a share of z.",
    ),
    gru("double", {MIX: "next_h = np.zeros(z.shape) + z * prev_h + (1 - z) * n"}, _DOUBLE),
    gru(
        "in-place",
        {MIX: "prev_h *= z\n    prev_h += (1 - z) * n\n    next_h = prev_h"},
        "next_h is right, but it is written over the caller's prev_h, which the way back needs.",
    ),
    # --- gru-step-backward ---
    gru_back(
        "no-mixture",
        {DX_GRU: DX_GRU.replace("dnext_h * z + ", "")},
        "In dprev_h the direct way is missing: z * prev_h is a part of next_h.",
    ),
    gru_back(
        "only-mixture",
        {DX_GRU: DX_GRU.replace("dnext_h * z + dback @ Wh.T", "dnext_h * z")},
        "dprev_h has only what comes through z * prev_h. The old state is used in r, z and recall "
        "as well.",
    ),
    gru_back(
        "reset-left-out",
        {DINTO: DINTO.replace("dan * r]", "dan]")},
        "What goes back to recall is dan times r: r multiplied it on the way forward.",
    ),
    gru_back(
        "reset-everywhere",
        {DINTO: "dinto = dback = np.hstack([dar, daz, dan * r])"},
        "In dx, dWx and db of n the reset gate has no part: x Wn + bn stands outside of it.",
    ),
    gru_back(
        "z-sign",
        {DZ_DN: DZ_DN.replace("prev_h - n", "n - prev_h")},
        "The sign at z is flipped: with z, prev_h gains and n loses.",
    ),
    gru_back(
        "z-only-old",
        {DZ_DN: DZ_DN.replace("(prev_h - n)", "prev_h")},
        "z stands in next_h twice: its gradient is dnext_h * (prev_h - n).",
    ),
    gru_back(
        "n-gets-all",
        {DZ_DN: DZ_DN.replace("dnext_h * (1 - z)", "dnext_h * 1")},
        "n gets (1 - z) times dnext_h; you give it all.",
    ),
    gru_back(
        "no-slope-of-tanh",
        {DAN: "dan = dn.copy()"},
        "The slope of tanh is missing at n: 1 - n**2.",
    ),
    gru_back(
        "no-slopes-of-gates",
        {DAR_DAZ: "dar, daz = dan * recall, dz"},
        "The slopes of the sigmoid are missing at r and z.",
    ),
    gru_back(
        "r-from-state",
        {DAR_DAZ: DAR_DAZ.replace("dan * recall", "dan * prev_h")},
        "r multiplied recall, which is prev_h Un; your gradient of r takes prev_h itself.",
    ),
    gru_back(
        "order-z-r-n",
        {DINTO: DINTO.replace("dar, daz", "daz, dar")},
        "Your gradients are in the order z, r, n. It is r, z, n.",
    ),
    gru_back(
        "means",
        {
            DW_GRU: f"{DW_GRU}\n    dWx, dWh = dWx / len(x), dWh / len(x)",
            DB_GRU: "db = dinto.mean(axis=0)",
        },
        "The gradients of the weights are means over the examples; they are sums.",
    ),
    gru_back(
        "in-place",
        {DZ_DN: f"{DZ_DN}\n    dnext_h *= z", DX_GRU: DX_GRU.replace("dnext_h * z", "dnext_h")},
        "The gradients are right the first time, but *= changes dnext_h, which belongs to the "
        "caller.",
    ),
    # --- the model ---
    *model_mistakes("lstm_captioning", LSTM_BACK, GO_ON),
    Misconception(
        "sample-empty-cell",
        SAMPLE,
        {GO_ON: GO_ON.replace("state, cell, *", "state, np.zeros_like(cell), *")},
        hint="Each step begins with an empty cell. The cell goes on from step to step, as the "
        "state does.",
    ),
    Misconception(
        "sample-first-cell-from-picture",
        SAMPLE,
        {FIRST_CELL: "cell = state"},
        hint="The first cell is made from the picture. As in lstm_forward it is zero; the picture "
        "makes the first state.",
    ),
    Misconception(
        "sample-from-the-cell",
        SAMPLE,
        {SCORES: SCORES.replace("(state,", "(cell,")},
        hint="The scores are made from the cell. They are made from the state.",
    ),
    # --- attention ---
    look(
        "not-scaled",
        {FITS: FITS.replace(" / H**0.5", "")},
        "The fits are not divided by the square root of H.",
    ),
    look(
        "scaled-by-H",
        {FITS: FITS.replace("H**0.5", "H")},
        "The fits are divided by H. It is its square root.",
    ),
    look(
        "scaled-by-places",
        {FITS: FITS.replace("H**0.5", "4")},
        "The fits are divided by the square root of 16, the number of places. It is that of H.",
    ),
    look(
        "multiplied-by-root",
        {FITS: FITS.replace("/ H**0.5", "* H**0.5")},
        "The fits are multiplied by the square root of H; they are divided by it.",
    ),
    look(
        "rows-for-themselves",
        {SHARES: "weights = e / e.sum(axis=2, keepdims=True)"},
        "The weights of each row add up to 1. All 16 places of an example together should.",
    ),
    look(
        "columns-for-themselves",
        {SHARES: "weights = e / e.sum(axis=1, keepdims=True)"},
        "The weights of each column add up to 1. All 16 places of an example together should.",
    ),
    look(
        "all-examples-together",
        {SHARES: "weights = e / e.sum()"},
        "The weights of all examples together add up to 1. Each example has weights of its own.",
    ),
    look(
        "overflows",
        {EXP: "e = np.exp(fits)"},
        "Large fits overflow in exp. Subtract each example's largest fit first; the softmax stays "
        "the same.",
    ),
    look(
        "global-maximum",
        {EXP: "e = np.exp(fits - fits.max())"},
        "You subtract the largest fit of all examples. Where another example's fits are much "
        "smaller, all its exponentials vanish, and 0 / 0 is NaN. Take each example's own.",
    ),
    look(
        "no-softmax",
        {EXP: "e = fits"},
        "softmax is missing: the weights are the fits, divided by their sum.",
    ),
    look(
        "mean-of-places",
        {CONTEXT: "context = (weights[:, np.newaxis] * A).mean(axis=(2, 3))"},
        "The weighted places are averaged. The weights add up to 1 already, so add the places up.",
    ),
    look(
        "transposed-map",
        {CONTEXT: f"{CONTEXT}\n    weights = weights.swapaxes(1, 2)"},
        "Rows and columns of your weights are exchanged: weights[n, row, column] belongs to A[n, "
        ":, row, column].",
    ),
    look(
        "flat-weights",
        {CONTEXT: f"{CONTEXT}\n    weights = weights.reshape(-1, 16)"},
        "The weights are right, in one row. They are asked for as (N, 4, 4).",
    ),
    # --- attention-lstm ---
    looking(
        "first-cell-zero",
        {FIRST: "state, cell = mean, np.zeros_like(mean)"},
        "The first cell is zero. Here both, the first state and the first cell, are the mean of A.",
    ),
    looking(
        "first-state-zero",
        {FIRST: "state, cell = np.zeros_like(mean), mean"},
        "The first state is zero. Here both, the first state and the first cell, are the mean of "
        "A.",
    ),
    looking(
        "both-zero",
        {FIRST: "state, cell = np.zeros_like(mean), np.zeros_like(mean)"},
        "The first state and the first cell are zero. Both are the mean of A over its places.",
    ),
    looking(
        "sum-of-places",
        {MEAN: "told, mean = [], A.sum(axis=(2, 3))"},
        "You begin with the sum of A over its places; it is the mean.",
    ),
    looking(
        "one-look-for-all",
        {LOOK: "context, _weights = dot_product_attention(mean, A)"},
        "The network looks once, from the first state. It looks anew at each step, from the state "
        "before.",
    ),
    looking(
        "no-context",
        {BOTH: "both = np.hstack([x[:, t], 0 * context])"},
        "The context plays no part: context @ Wattn belongs into the sum.",
    ),
    looking(
        "wrong-matrix",
        {BOTH_W: "weights = np.vstack([Wx, Wh]), Wattn, b"},
        "Wh and Wattn are exchanged: Wh multiplies the state, Wattn the context.",
    ),
    looking(
        "looks-with-the-cell",
        {LOOK: "context, _weights = dot_product_attention(cell, A)"},
        "You look with the cell. The state is what is compared with the places.",
    ),
    looking(
        "mean-for-context",
        {LOOK: "context = mean"},
        "The context is the mean of A at each step: nothing is chosen. dot_product_attention "
        "weighs the places.",
    ),
    looking(
        "cell-not-carried",
        {LOOK_STEP: LOOK_STEP.replace("state, cell, *", "state, mean, *")},
        "Each step begins with the first cell again. It goes on with the cell that the step before "
        "has left.",
    ),
    looking(
        "only-last",
        {STACK_TOLD: "h = state"},
        "You return the last state only. h holds the states after all steps: (N, T, H).",
    ),
    looking(
        "time-first",
        {STACK_TOLD: "h = np.stack(told)"},
        "The steps come first in your h: (T, N, H). Examples come first: (N, T, H).",
    ),
]

_STAND_IN = "from assignments.standins.a3_captioning.lstm_captioning import {0}\n{0} = {0}\n"
_METHOD = """class CaptioningRNN(CaptioningRNN):
    def {0}(self, *arguments, **settings):
        from assignments.standins.a3_captioning.rnn_captioning import CaptioningRNN as StandIn
        return StandIn.{0}(self, *arguments, **settings)
"""
_PREVIOUS = """class CaptioningRNN(CaptioningRNN):
    def {0}(self, *arguments, **settings):
        from assignments import previous
        other = previous("a3_captioning/rnn_captioning").CaptioningRNN
        return other.{0}(self, *arguments, **settings)
"""
_TORCH = """import torch

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    def ifgo(w):
        i, f, o, g = torch.tensor(w).chunk(4, dim=-1)
        return torch.cat([i, f, g, o], dim=-1)
    Wx, Wh, b = ifgo(Wx), ifgo(Wh), ifgo(b)
    state = torch.tensor(prev_h), torch.tensor(prev_c)
    h, c = torch.lstm_cell(torch.tensor(x), state, Wx.T, Wh.T, b, 0 * b)
    return h.numpy(), c.numpy(), None
"""
_SCIPY = """def sigmoid(x):
    from scipy.special import expit
    return expit(x)
"""
_HIDDEN = """def lstm_backward(dh, caches):
    from autograder.checks.a3_captioning import captioners as hidden
    x = np.stack([cache[0] for cache in caches], 1)
    arrays = x, caches[0][1], *caches[0][3:5], np.zeros(4 * dh.shape[2])
    return tuple(hidden.right_gradients(hidden.LSTM.states, arrays, dh))
"""
_IMPORTED = """def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    import assignments.standins.a3_captioning.lstm_captioning as other
    return other.attention_lstm_forward(x, A, Wx, Wh, Wattn, b)
"""

SHORTCUTS = [
    Shortcut("torch-step", STEP, append=_TORCH),
    Shortcut("scipy-sigmoid", STEP, append=_SCIPY),
    Shortcut("stand-in-step", STEP, append=_STAND_IN.format("lstm_step_forward")),
    Shortcut(
        "stand-in-step-backward", STEP_BACKWARD, append=_STAND_IN.format("lstm_step_backward")
    ),
    Shortcut("stand-in-forward", FORWARD, append=_STAND_IN.format("lstm_forward")),
    Shortcut("hidden-backward", BACKWARD, append=_HIDDEN),
    Shortcut("stand-in-backward", BACKWARD, append=_STAND_IN.format("lstm_backward")),
    Shortcut("stand-in-gru", GRU, append=_STAND_IN.format("gru_step_forward")),
    Shortcut("stand-in-gru-backward", GRU_BACKWARD, append=_STAND_IN.format("gru_step_backward")),
    Shortcut("stand-in-loss", LOSS, append=_METHOD.format("loss")),
    Shortcut("previous-loss", LOSS, append=_PREVIOUS.format("loss")),
    Shortcut("stand-in-gradients", GRADIENTS, append=_METHOD.format("loss")),
    Shortcut("previous-sample", SAMPLE, append=_PREVIOUS.format("sample")),
    Shortcut("stand-in-attention", ATTENTION, append=_STAND_IN.format("dot_product_attention")),
    Shortcut("stand-in-attention-lstm", LOOKING, append=_IMPORTED),
]

_OWN_CACHE = {
    "cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)": (
        'cache = {"x": x, "before": (prev_h, prev_c), "W": (Wx, Wh), "gates": (i, f, o, g), '
        '"c": next_c}'
    ),
    "x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache": 'x, (prev_h, prev_c) = cache["x"], '
    'cache["before"]\n    (Wx, Wh), (i, f, o, g), next_c = cache["W"], cache["gates"], cache["c"]',
}
_BY_COLUMNS = """def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b.reshape(1, -1)
    i = sigmoid(a[:, 0:H])
    f = sigmoid(a[:, H:2 * H])
    o = sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:])
    next_c = np.multiply(f, prev_c) + np.multiply(i, g)
    next_h = np.multiply(o, np.tanh(next_c))
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
"""
_GATE_BY_GATE = """def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    H = prev_h.shape[1]
    dc = dnext_c + dnext_h * o / np.cosh(next_c) ** 2
    da = np.empty((len(x), 4 * H), dtype=x.dtype)
    da[:, :H] = dc * g * (i - i**2)
    da[:, H : 2 * H] = dc * prev_c * (f - f**2)
    da[:, 2 * H : 3 * H] = dnext_h * np.tanh(next_c) * (o - o**2)
    da[:, 3 * H :] = dc * i * (1 + g) * (1 - g)
    dWx = np.einsum("nd,nh->dh", x, da)
    return da.dot(Wx.T), da.dot(Wh.T), dc * f, dWx, (da.T @ prev_h).T, np.sum(da, 0)
"""
_FILLED = """def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h, caches = np.zeros((N, T, H), dtype=x.dtype), []
    prev_h, prev_c = h0.copy(), np.zeros((N, H), dtype=x.dtype)
    for t in range(T):
        h[:, t, :], prev_c, cache = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        prev_h = h[:, t, :]
        caches.append(cache)
    return h, tuple(caches)
"""
_BACK_IN_PLACE = """def lstm_backward(dh, caches):
    N, T, H = dh.shape
    x, Wx, Wh = caches[0][0], caches[0][3], caches[0][4]
    dx = np.zeros((N, T, x.shape[1]), dh.dtype)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(4 * H, dh.dtype)
    dprev_h = dprev_c = np.zeros((N, H), dh.dtype)
    for t in range(T - 1, -1, -1):
        dx[:, t], dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(
            dprev_h + dh[:, t], dprev_c, caches[t]
        )
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev_h, dWx, dWh, db
"""
_GRU_BY_GATES = """def gru_step_forward(x, prev_h, Wx, Wh, b):
    (Wr, Wz, Wn), (Ur, Uz, Un) = np.split(Wx, 3, axis=1), np.split(Wh, 3, axis=1)
    br, bz, bn = np.split(b, 3)
    r = sigmoid(x @ Wr + prev_h @ Ur + br)
    z = sigmoid(x @ Wz + prev_h @ Uz + bz)
    recall = prev_h @ Un
    n = np.tanh(x @ Wn + bn + r * recall)
    next_h = n + z * (prev_h - n)
    return next_h, (x, prev_h, Wx, Wh, r, z, n, recall)
"""
_GRU_BACK_BY_GATES = """def gru_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, r, z, n, recall = cache
    H = prev_h.shape[1]
    Ur, Uz, Un = Wh[:, :H], Wh[:, H : 2 * H], Wh[:, 2 * H :]
    dn = dnext_h * (1 - z) * (1 - n * n)
    drecall = dn * r
    dr = dn * recall * r * (1 - r)
    dz = (dnext_h * prev_h - dnext_h * n) * z * (1 - z)
    dprev_h = dnext_h * z
    dprev_h = dprev_h + dr @ Ur.T + dz @ Uz.T + drecall @ Un.T
    da = np.concatenate((dr, dz, dn), axis=1)
    dWh = np.concatenate([prev_h.T @ d for d in (dr, dz, drecall)], axis=1)
    return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(0)
"""
_SAMPLE_ONE_BY_ONE = """class CaptioningRNN(CaptioningRNN):
    def sample(self, features, max_length=30):
        p, rows = self.params, []
        for feature in features.astype(self.dtype):
            h = (feature @ p["W_proj"] + p["b_proj"])[np.newaxis]
            c, word, row = 0 * h, self._start, []
            while len(row) < max_length and word != self._end:
                x = p["W_embed"][[word]]
                h, c, _cache = lstm_step_forward(x, h, c, p["Wx"], p["Wh"], p["b"])
                scores = (h @ p["W_vocab"] + p["b_vocab"])[0]
                allowed = [i for i in range(len(scores)) if i not in (self._null, self._start)]
                word = max(allowed, key=lambda i: scores[i])
                row.append(word)
            rows.append(row + [self._null] * (max_length - len(row)))
        return np.array(rows)
"""
_ATTENTION_FLAT = """def dot_product_attention(prev_h, A):
    N, H, D, _ = A.shape
    places = A.reshape(N, H, D * D)
    fits = (prev_h[:, None, :] @ places).squeeze(1) / np.sqrt(H)
    fits -= np.max(fits, axis=1, keepdims=True)
    weights = np.exp(fits) / np.exp(fits).sum(axis=1, keepdims=True)
    context = (places @ weights[:, :, None])[:, :, 0]
    return context, weights.reshape(N, D, D)
"""
_ATTENTION_LOOP = """def dot_product_attention(prev_h, A):
    contexts, maps = [], []
    for h, places in zip(prev_h, A):
        fits = np.tensordot(h, places, axes=1) / len(h) ** 0.5
        share = np.exp(fits - fits.max())
        share = share / share.sum()
        maps.append(share)
        contexts.append((share * places).sum(axis=(1, 2)))
    return np.array(contexts), np.array(maps)
"""
_LOOKING_WRITTEN_OUT = """def attention_lstm_forward(x, A, Wx, Wh, Wattn, b):
    N, T, D = x.shape
    H = A.shape[1]
    prev_h = A.mean(axis=(2, 3))
    prev_c = prev_h.copy()
    h = np.zeros((N, T, H))
    for t in range(T):
        attn, _ = dot_product_attention(prev_h, A)
        a = x[:, t, :].dot(Wx) + prev_h.dot(Wh) + attn.dot(Wattn) + b
        i, f, o = (sigmoid(a[:, k * H : (k + 1) * H]) for k in range(3))
        prev_c = f * prev_c + i * np.tanh(a[:, 3 * H :])
        prev_h = o * np.tanh(prev_c)
        h[:, t, :] = prev_h
    return h
"""

VARIANTS = [
    Variant("step-by-columns", STEP, append=_BY_COLUMNS),
    Variant("sigmoid-by-tanh", STEP, {SIGMOID: "return 0.5 * (1 + np.tanh(x / 2))"}),
    Variant("sigmoid-with-warnings", STEP, {SIGMOID: "return 1 / (1 + np.exp(-x))"}),
    Variant(
        "sigmoid-by-places",
        STEP,
        {
            SIGMOID: "out = np.empty_like(x)\n    out[x >= 0] = 1 / (1 + np.exp(-x[x >= 0]))\n    "
            "below = np.exp(x[x < 0])\n    out[x < 0] = below / (1 + below)\n    return out"
        },
    ),
    Variant("step-own-cache", STEP, _OWN_CACHE),
    Variant("step-backward-own-cache", STEP_BACKWARD, _OWN_CACHE),
    Variant("step-backward-gate-by-gate", STEP_BACKWARD, append=_GATE_BY_GATE),
    Variant("forward-filled", FORWARD, append=_FILLED),
    Variant(
        "forward-first-cell-copied",
        FORWARD,
        {BEGIN: "states, state, cell = [], h0.copy(), 0 * h0"},
    ),
    Variant("backward-arrays-in-place", BACKWARD, append=_BACK_IN_PLACE),
    Variant("backward-own-cache", BACKWARD, _OWN_CACHE),
    Variant("gru-gate-by-gate", GRU, append=_GRU_BY_GATES),
    Variant(
        "gru-own-cache",
        GRU,
        {
            "cache = (x, prev_h, Wx, Wh, r, z, n, recall)": "cache = [x, prev_h, Wx, Wh, r, z, n, "
            "recall, next_h]",
            "x, prev_h, Wx, Wh, r, z, n, recall = cache": "x, prev_h, Wx, Wh, r, z, n, recall, _h "
            "= cache",
        },
    ),
    Variant("gru-backward-gate-by-gate", GRU_BACKWARD, append=_GRU_BACK_BY_GATES),
    Variant(
        "gru-backward-written-out",
        GRU_BACKWARD,
        {
            DAN: "dan = dn * (1 + n) * (1 - n)",
            DW_GRU: 'dWx = np.einsum("nd,nh->dh", x, dinto)\n    dWh = np.dot(dback.T, prev_h).T',
        },
    ),
    Variant("loss-as-array", LOSS, {COST: f"{COST}\n        loss = np.array(loss)"}),
    Variant(
        "loss-projection-written-out",
        LOSS,
        {H0: "h0, proj_cache = features @ W_proj + b_proj, (features, W_proj, b_proj)"},
    ),
    Variant(
        "gradients-update",
        GRADIENTS,
        {EMBED_BACK: "grads.update(W_embed=word_embedding_backward(dx, embed_cache))"},
    ),
    Variant(
        "gradients-projection-written-out",
        GRADIENTS,
        {
            PROJ_BACK: 'grads["W_proj"] = features.T @ dh0\n        '
            'grads["b_proj"] = np.sum(dh0, axis=0)'
        },
    ),
    Variant("sample-one-by-one", SAMPLE, append=_SAMPLE_ONE_BY_ONE),
    Variant(
        "sample-stops-early",
        SAMPLE,
        {END: f"{END}\n            if not going_on.any():\n                break"},
    ),
    Variant("attention-flat", ATTENTION, append=_ATTENTION_FLAT),
    Variant("attention-loop", ATTENTION, append=_ATTENTION_LOOP),
    Variant("attention-lstm-written-out", LOOKING, append=_LOOKING_WRITTEN_OUT),
    Variant(
        "attention-lstm-one-sum",
        LOOKING,
        {
            BOTH_W: "weights = np.eye(Wx.shape[1], dtype=b.dtype), Wh, b",
            BOTH: "both = x[:, t] @ Wx + context @ Wattn",
        },
    ),
]
