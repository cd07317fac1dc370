"""Misconceptions, shortcuts and accepted variants of the RNN-captioning notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant

STEP, STEP_BACKWARD = "rnn_captioning-step-forward", "rnn_captioning-step-backward"
FORWARD, BACKWARD = "rnn_captioning-forward", "rnn_captioning-backward"
EMBED, EMBED_BACKWARD = "rnn_captioning-embedding-forward", "rnn_captioning-embedding-backward"
LOSS, GRADIENTS = "rnn_captioning-loss", "rnn_captioning-gradients"
SAMPLE = "rnn_captioning-sample"

# Parts of the reference that several patches replace.
NEXT_H = "next_h = np.tanh(x @ Wx + prev_h @ Wh + b)"
DA = "da = dnext_h * (1 - next_h**2)"
DX = "dx, dprev_h = da @ Wx.T, da @ Wh.T"
DW = "dWx, dWh = x.T @ da, prev_h.T @ da"
DB = "db = da.sum(axis=0)"
ONE_STEP = "state, cache = rnn_step_forward(x[:, t], state, Wx, Wh, b)"
KEEP_STATE = "states.append(state)"
STACK = "h = np.stack(states, axis=1)"
SHAPE = "N, T, H = dh.shape"
DNEXT = "dnext = dh[:, t] + from_later"
STEP_BACK = "dx[t], from_later, dWx_t, dWh_t, db_t = rnn_step_backward(dnext, caches[t])"
ADD = "dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t"
DX_DH0 = "dx, dh0 = np.stack(dx, axis=1), from_later"
LOOK_UP = "out = W[x]"
EMPTY = "dW = np.zeros(W.shape, dout.dtype)"
ADD_AT = "np.add.at(dW, x, dout)"
WORDS = "words_in, words_out = captions[:, :-1], captions[:, 1:]"
MASK = "mask = words_out != self._null"
H0 = "h0, proj_cache = affine_forward(features, W_proj, b_proj)"
COST = "loss, dscores = temporal_softmax_loss(scores, words_out, mask)"
VOCAB_BACK = (
    'dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, vocab_cache)'
)
RNN_BACK = 'dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, rnn_caches)'
EMBED_BACK = 'grads["W_embed"] = word_embedding_backward(dx, embed_cache)'
PROJ_BACK = '_dfeatures, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, proj_cache)'
STATE = 'state, _cache = affine_forward(features, self.params["W_proj"], self.params["b_proj"])'
FEED = 'x, _cache = word_embedding_forward(word, self.params["W_embed"])'
GO_ON = "state, _cache = rnn_step_forward(x, state, *weights)"
SCORES = 'scores, _cache = affine_forward(state, self.params["W_vocab"], self.params["b_vocab"])'
SCORES_OF_ALL = "scores, vocab_cache = temporal_affine_forward(h, W_vocab, b_vocab)"
FORBID = "scores[:, [self._null, self._start]] = -np.inf"
CHOOSE = "word = scores.argmax(axis=1)"
WRITE = "captions[going_on, t] = word[going_on]"
END = "going_on &= word != self._end"


def step(name: str, new: str, hint: str) -> Misconception:
    """A mistake in the line of rnn_step_forward."""
    return Misconception(f"step-{name}", STEP, {NEXT_H: new}, hint=hint)


def model_mistakes(notebook: str, back: str, go_on: str) -> list[Misconception]:
    """Mistakes in a captioning model, which are the same whatever its cell.

    Args:
        notebook: its name.
        back: the line of the reference that sends a gradient through the cell.
        go_on: the line of sample that does a step.
    """
    loss, gradients, sample = (f"{notebook}-{part}" for part in ("loss", "gradients", "sample"))
    return [
        # --- loss ---
        Misconception(
            "loss-counts-null",
            loss,
            {MASK: "mask = np.ones(words_out.shape, bool)"},
            hint="<NULL> counts, too. It is no word; the mask is false where it should come out.",
        ),
        Misconception(
            "loss-mask-of-inputs",
            loss,
            {MASK: "mask = words_in != self._null"},
            hint="Your mask looks at the words that go in. It should look at those that come out: "
            "one <NULL> more counts in each short caption.",
        ),
        Misconception(
            "loss-mask-number-zero",
            loss,
            {MASK: "mask = words_out != 0"},
            hint="You mask the word with the number 0. Which number <NULL> has depends on the "
            "vocabulary: self._null.",
        ),
        Misconception(
            "loss-without-end",
            loss,
            {MASK: "mask = (words_out != self._null) & (words_out != self._end)"},
            hint="<END> does not count. The network has to learn when a caption is over.",
        ),
        Misconception(
            "loss-not-shifted",
            loss,
            {WORDS: "words_in, words_out = captions[:, :-1], captions[:, :-1]"},
            hint="Each word should be foretold from itself. What comes out is the caption from its "
            "second word on.",
        ),
        Misconception(
            "loss-sees-the-answer",
            loss,
            {WORDS: "words_in, words_out = captions[:, 1:], captions[:, 1:]"},
            hint="The word that should come out is also what goes in. What goes in ends one word "
            "earlier.",
        ),
        Misconception(
            "loss-no-picture",
            loss,
            {
                H0: f"{H0}\n        h0 = np.zeros_like(h0)",
                PROJ_BACK: PROJ_BACK.replace("(dh0,", "(0 * dh0,"),
            },
            hint="The picture plays no part: the first state is made from the features, by W_proj "
            "and b_proj.",
        ),
        Misconception(
            "loss-picture-through-tanh",
            loss,
            {
                H0: f"{H0}\n        h0 = np.tanh(h0)",
                PROJ_BACK: PROJ_BACK.replace("(dh0,", "(dh0 * (1 - h0**2),"),
            },
            hint="The first state goes through tanh. It is the affine layer of the features, "
            "without more.",
        ),
        Misconception(
            "loss-per-word",
            loss,
            {COST: f"{COST}\n        loss = loss * len(captions) / mask.sum()"},
            hint="The loss is divided by the number of words. It is the sum over words, divided "
            "by the number of captions, as temporal_softmax_loss returns it.",
        ),
        Misconception(
            "loss-picture-changed",
            loss,
            {MASK: f"{MASK}\n        captions[captions == self._end] = self._null"},
            hint="The caller's captions are changed. Work on a copy.",
        ),
        # --- gradients ---
        Misconception(
            "gradients-no-projection",
            gradients,
            {PROJ_BACK: PROJ_BACK.replace("(dh0,", "(0 * dh0,")},
            hint="The gradients of W_proj and b_proj are zero. The way back does not end at the "
            "word vectors: dh0 goes on to the features.",
        ),
        Misconception(
            "gradients-projection-from-first-word",
            gradients,
            {PROJ_BACK: PROJ_BACK.replace("(dh0,", "(dh[:, 0],")},
            hint="The projection gets the gradient of the first word's scores. It gets dh0, in "
            "which all words have their part.",
        ),
        Misconception(
            "gradients-last-word-only",
            gradients,
            {back: f"dh[:, :-1] = 0\n        {back}"},
            hint="Only the last step's scores send a gradient into the network. All steps do.",
        ),
        Misconception(
            "gradients-divided-again",
            gradients,
            {
                PROJ_BACK: f"{PROJ_BACK}\n        "
                "grads = {name: grad / len(captions) for name, grad in grads.items()}"
            },
            hint="The gradients are divided by the number of captions once more. It is in dscores "
            "already.",
        ),
        Misconception(
            "gradients-of-the-scores",
            gradients,
            {VOCAB_BACK: VOCAB_BACK.replace("(dscores", "(scores")},
            hint="You send the scores back. What goes back is their gradient, which "
            "temporal_softmax_loss returns beside the loss.",
        ),
        Misconception(
            "gradients-words-overwritten",
            gradients,
            {
                EMBED_BACK: 'grads["W_embed"] = np.zeros_like(W_embed)\n        '
                'grads["W_embed"][words_in] = dx'
            },
            hint="In W_embed only the last place of each word counts. word_embedding_backward adds "
            "them up.",
        ),
        Misconception(
            "gradients-biases-exchanged",
            gradients,
            {
                PROJ_BACK: f"{PROJ_BACK}\n        "
                'grads["b"], grads["b_proj"] = grads["b_proj"], grads["b"]'
            },
            hint="The gradients of b and b_proj are exchanged.",
        ),
        Misconception(
            "gradients-double",
            gradients,
            {
                PROJ_BACK: f"{PROJ_BACK}\n        "
                "grads = {name: grad.astype(float) for name, grad in grads.items()}"
            },
            hint="The model is of single precision, its gradients are double.",
        ),
        # --- sample ---
        Misconception(
            "sample-start-each-time",
            sample,
            {FEED: FEED.replace("(word,", "(np.full(len(features), self._start),")},
            hint="Each step is fed <START>. Feed it the word that has just been said.",
        ),
        Misconception(
            "sample-says-null",
            sample,
            {FORBID: "scores[:, self._start] = -np.inf"},
            hint="<NULL> is said. It is no word: set its score to -inf before you choose.",
        ),
        Misconception(
            "sample-says-start",
            sample,
            {FORBID: "scores[:, self._null] = -np.inf"},
            hint="<START> is said. Set its score to -inf before you choose, as that of <NULL>.",
        ),
        Misconception(
            "sample-says-everything",
            sample,
            {FORBID: "pass"},
            hint="<NULL> and <START> are said. Set their scores to -inf before you choose.",
        ),
        Misconception(
            "sample-does-not-stop",
            sample,
            {WRITE: "captions[:, t] = word"},
            hint="Captions go on after their <END>. After it there is only <NULL>.",
        ),
        Misconception(
            "sample-stops-for-all",
            sample,
            {END: f"{END}\n            if not going_on.all():\n                break"},
            hint="All captions stop when the first one ends. The others go on.",
        ),
        Misconception(
            "sample-end-left-out",
            sample,
            {WRITE: "pass", END: f"{END}\n            captions[going_on, t] = word[going_on]"},
            hint="<END> is not written. The first one belongs to the caption.",
        ),
        Misconception(
            "sample-begins-with-start",
            sample,
            {
                WRITE: "captions[going_on, t] = fed[going_on]",
                FEED: f"{FEED}\n            fed = word",
            },
            hint="Your captions begin with <START>: you write the word that goes in, not the one "
            "that is said.",
        ),
        Misconception(
            "sample-no-memory",
            sample,
            {
                go_on: go_on.replace("state,", "hidden,", 1),
                SCORES: SCORES.replace("state", "hidden"),
            },
            hint="Each step begins with the first state again. It should go on from the state "
            "that the step before has left.",
        ),
        Misconception(
            "sample-no-picture",
            sample,
            {STATE: f"{STATE}\n        state = np.zeros_like(state)"},
            hint="The picture plays no part: the first state is made from the features.",
        ),
        Misconception(
            "sample-by-chance",
            sample,
            {
                CHOOSE: "odds = np.exp(scores - scores.max(axis=1)[:, np.newaxis])\n            "
                "odds /= odds.sum(axis=1)[:, np.newaxis]\n            "
                "word = np.array([np.random.choice(len(row), p=row) for row in odds])"
            },
            hint="You draw words by their probabilities. Here the word with the largest score is "
            "said.",
        ),
        Misconception(
            "sample-scores",
            sample,
            {"return captions": "return scores"},
            hint="You return scores. What is asked for are the words: (N, max_length) whole "
            "numbers.",
        ),
        Misconception(
            "sample-fixed-numbers",
            sample,
            {"word = np.full(len(features), self._start)": "word = np.ones(len(features), int)"},
            hint="You begin with word number 1. Which number <START> has depends on the "
            "vocabulary: self._start.",
        ),
    ]


MISCONCEPTIONS = [
    # --- step-forward ---
    step("no-tanh", "next_h = x @ Wx + prev_h @ Wh + b", "tanh is missing around the sum."),
    step("no-bias", "next_h = np.tanh(x @ Wx + prev_h @ Wh)", "b is missing in the sum."),
    step(
        "no-memory",
        "next_h = np.tanh(x @ Wx + b)",
        "prev_h plays no part: without prev_h @ Wh the network has no memory.",
    ),
    step(
        "transposed",
        "next_h = np.tanh(x @ Wx + prev_h @ Wh.T + b)",
        "Wh is transposed. Unit i of the old state reaches unit j of the new one by Wh[i, j].",
    ),
    step(
        "two-tanh",
        "next_h = np.tanh(x @ Wx) + np.tanh(prev_h @ Wh + b)",
        "tanh is taken of each part. There is one tanh around the whole sum.",
    ),
    step(
        "bias-outside",
        "next_h = np.tanh(x @ Wx + prev_h @ Wh) + b",
        "b is added after tanh; it belongs into the sum inside.",
    ),
    step(
        "sigmoid",
        "next_h = 1 / (1 + np.exp(-(x @ Wx + prev_h @ Wh + b)))",
        "This is the sigmoid. tanh lies between -1 and 1.",
    ),
    step(
        "by-exponentials",
        "a = x @ Wx + prev_h @ Wh + b\n    "
        "next_h = (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))",
        "The formula of tanh by exponentials overflows where a is large: infinity over infinity is "
        "NaN. np.tanh does not.",
    ),
    step(
        "double",
        "next_h = np.zeros(prev_h.shape)\n    next_h += np.tanh(x @ Wx + prev_h @ Wh + b)",
        "Single precision goes in and double comes out: np.zeros makes float64 unless it is told "
        "the type.",
    ),
    step(
        "in-place",
        "prev_h[:] = np.tanh(x @ Wx + prev_h @ Wh + b)\n    next_h = prev_h",
        "next_h is right, but it is written over the caller's prev_h, which the way back needs.",
    ),
    # --- step-backward ---
    Misconception(
        "step-backward-no-slope",
        STEP_BACKWARD,
        {DA: "da = dnext_h.copy()"},
        hint="The slope of tanh is missing: multiply dnext_h by 1 - next_h**2 first.",
    ),
    Misconception(
        "step-backward-slope-of-the-wrong-number",
        STEP_BACKWARD,
        {DA: "da = dnext_h * (1 - np.tanh(next_h) ** 2)"},
        hint="The slope is 1 - tanh(a)**2, and next_h is tanh(a) already; you take tanh of it once "
        "more.",
    ),
    Misconception(
        "step-backward-slope-before-tanh",
        STEP_BACKWARD,
        {DA: "da = dnext_h * (1 - (x @ Wx + prev_h @ Wh) ** 2)"},
        hint="You square what goes into tanh. The slope is 1 minus the square of its value.",
    ),
    Misconception(
        "step-backward-slope-not-squared",
        STEP_BACKWARD,
        {DA: "da = dnext_h * (1 - next_h)"},
        hint="The slope of tanh is 1 minus the *square* of next_h.",
    ),
    Misconception(
        "step-backward-sigmoid-slope",
        STEP_BACKWARD,
        {DA: "da = dnext_h * next_h * (1 - next_h)"},
        hint="This is the slope of the sigmoid. That of tanh is 1 - next_h**2.",
    ),
    Misconception(
        "step-backward-Wh-not-transposed",
        STEP_BACKWARD,
        {DX: "dx, dprev_h = da @ Wx.T, da @ Wh"},
        hint="In dprev_h, Wh has to be transposed. It is square, so the shape does not tell.",
    ),
    Misconception(
        "step-backward-dWh-from-next",
        STEP_BACKWARD,
        {DW: "dWx, dWh = x.T @ da, next_h.T @ da"},
        hint="dWh takes the states after the step. Wh multiplies prev_h, the states before it.",
    ),
    Misconception(
        "step-backward-dWh-transposed",
        STEP_BACKWARD,
        {DW: "dWx, dWh = x.T @ da, da.T @ prev_h"},
        hint="dWh is transposed: row i belongs to unit i of prev_h.",
    ),
    Misconception(
        "step-backward-means",
        STEP_BACKWARD,
        {
            DW: "dWx, dWh = x.T @ da / len(x), prev_h.T @ da / len(x)",
            DB: "db = da.mean(axis=0)",
        },
        hint="The gradients of the weights are means over the examples; they are sums. If there is "
        "a mean in the loss, its 1/N is in dnext_h already.",
    ),
    Misconception(
        "step-backward-db-mean",
        STEP_BACKWARD,
        {DB: "db = da.mean(axis=0)"},
        hint="db is a mean over the examples; it is the sum.",
    ),
    Misconception(
        "step-backward-db-without-slope",
        STEP_BACKWARD,
        {DB: "db = dnext_h.sum(axis=0)"},
        hint="db sums up dnext_h. b stands inside tanh, so it gets da, like the others.",
    ),
    Misconception(
        "step-backward-order",
        STEP_BACKWARD,
        {f"{DB}\n": f"{DB}\n    dx, dprev_h = dprev_h, dx\n"},
        hint="dx and dprev_h are exchanged; the order is dx, dprev_h, dWx, dWh, db.",
    ),
    Misconception(
        "step-backward-in-place",
        STEP_BACKWARD,
        {DA: "da = dnext_h\n    da *= 1 - next_h**2"},
        hint="The gradients are right the first time, but *= changes dnext_h, which belongs to the "
        "caller.",
    ),
    Misconception(
        "step-backward-double",
        STEP_BACKWARD,
        {DA: "da = np.zeros(next_h.shape)\n    da += dnext_h * (1 - next_h**2)"},
        hint="Single precision goes in and double comes out: np.zeros makes float64 unless it is "
        "told the type.",
    ),
    # --- forward ---
    Misconception(
        "forward-from-h0-each-time",
        FORWARD,
        {ONE_STEP: ONE_STEP.replace(", state, W", ", h0, W")},
        hint="Each step begins with h0 again. It should begin with the state that the step before "
        "has left.",
    ),
    Misconception(
        "forward-first-input-each-time",
        FORWARD,
        {ONE_STEP: ONE_STEP.replace("x[:, t]", "x[:, 0]")},
        hint="Each step reads x[:, 0]. Step t reads x[:, t].",
    ),
    Misconception(
        "forward-states-before",
        FORWARD,
        {KEEP_STATE: "pass", ONE_STEP: f"states.append(state)\n        {ONE_STEP}"},
        hint="h begins with h0: you keep the state before each step. h[:, t] is the one after it.",
    ),
    Misconception(
        "forward-backwards",
        FORWARD,
        {ONE_STEP: ONE_STEP.replace("x[:, t]", "x[:, -1 - t]")},
        hint="You read the sequence from its end. The first step reads x[:, 0].",
    ),
    Misconception(
        "forward-only-last",
        FORWARD,
        {STACK: "h = state"},
        hint="You return the last state only. h holds the states after all steps: (N, T, H).",
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
        {STACK: "h = np.zeros((len(x), x.shape[1], h0.shape[1])) + np.stack(states, axis=1)"},
        hint="Single precision goes in and double comes out: np.zeros makes float64 unless it is "
        "told the type.",
    ),
    Misconception(
        "forward-h0-overwritten",
        FORWARD,
        {KEEP_STATE: f"{KEEP_STATE}\n        h0[:] = state"},
        hint="h is right, but the states are written over the caller's h0.",
    ),
    # --- backward ---
    Misconception(
        "backward-not-carried",
        BACKWARD,
        {DNEXT: "dnext = dh[:, t]"},
        hint="What a later step sends back is not used. A state matters for its own output and for "
        "all that comes after: add both gradients.",
    ),
    Misconception(
        "backward-only-last-step",
        BACKWARD,
        {DNEXT: "dnext = dh[:, t] if t == T - 1 else from_later"},
        hint="Only the last step's dh is used. Each step adds its own dh[:, t] to what comes from "
        "later.",
    ),
    Misconception(
        "backward-one-step-far",
        BACKWARD,
        {
            STEP_BACK: STEP_BACK.replace("from_later,", "all_of_it,"),
            DNEXT: f"{DNEXT}\n        from_later = rnn_step_backward(dh[:, t], caches[t])[1]",
            DX_DH0: DX_DH0.replace("from_later", "all_of_it"),
        },
        hint="A gradient comes back from the next step only, and not from later ones: what you "
        "send back contains the step's own dh, but not what came to it from later.",
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
        "backward-db-not-added",
        BACKWARD,
        {ADD: "dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db_t"},
        hint="db is that of one step; like dWx and dWh it is the sum over all steps.",
    ),
    Misconception(
        "backward-no-dh0",
        BACKWARD,
        {DX_DH0: "dx, dh0 = np.stack(dx, axis=1), np.zeros((N, H), dh.dtype)"},
        hint="dh0 is zero. It is what the first step sends back.",
    ),
    Misconception(
        "backward-dh0-of-first-state",
        BACKWARD,
        {DX_DH0: "dx, dh0 = np.stack(dx, axis=1), dnext"},
        hint="Your dh0 is the gradient of the first step's h. One more step back leads to h0.",
    ),
    Misconception(
        "backward-truncated",
        BACKWARD,
        {STEP_BACK: f"{STEP_BACK}\n        from_later = from_later * (t % 10 > 0 or t == 0)"},
        hint="The way back is cut every few steps. Here the gradient is asked for over the whole "
        "sequence.",
    ),
    Misconception(
        "backward-not-reversed",
        BACKWARD,
        {"for t in reversed(range(T)):": "for t in range(T):", DX_DH0: DX_DH0},
        hint="You begin with the first step. Gradients come from the end: begin with the last one.",
    ),
    Misconception(
        "backward-dx-reversed",
        BACKWARD,
        {DX_DH0: "dx, dh0 = np.stack(dx[::-1], axis=1), from_later"},
        hint="The steps of dx are in the opposite order. Is it because you collect them from the "
        "last one on?",
    ),
    Misconception(
        "backward-in-place",
        BACKWARD,
        {DNEXT: "dnext = dh[:, t]\n        dnext += from_later"},
        hint="The gradients are right the first time, but dh[:, t] is no copy: += changes dh, "
        "which belongs to the caller.",
    ),
    Misconception(
        "backward-double",
        BACKWARD,
        {"from_later = np.zeros((N, H), dh.dtype)": "from_later = np.zeros((N, H))"},
        hint="Single precision goes in and double comes out: np.zeros makes float64 unless it is "
        "told the type.",
    ),
    # --- embedding-forward ---
    Misconception(
        "embedding-columns",
        EMBED,
        {LOOK_UP: "out = W[:, x % W.shape[1]].T"},
        hint="You take columns of W. The vector of a word is a row.",
    ),
    Misconception(
        "embedding-off-by-one",
        EMBED,
        {LOOK_UP: "out = W[x - 1]"},
        hint="You take the row before. Words are counted from 0, as rows are.",
    ),
    Misconception(
        "embedding-flat",
        EMBED,
        {LOOK_UP: "out = W[x].reshape(len(x), -1)"},
        hint="The vectors of a caption are strung together in one row. Each word keeps its own: "
        "(N, T, D).",
    ),
    Misconception(
        "embedding-time-first",
        EMBED,
        {LOOK_UP: "out = W[x.T]"},
        hint="The steps come first in your out. out[n, t] belongs to x[n, t].",
    ),
    Misconception(
        "embedding-scaled",
        EMBED,
        {LOOK_UP: "out = W[x] * W.shape[1] ** 0.5"},
        hint="The vectors are multiplied by the root of their length, as transformers do. Here a "
        "word is its row of W.",
    ),
    Misconception(
        "embedding-double",
        EMBED,
        {LOOK_UP: "out = np.eye(len(W))[x] @ W"},
        hint="The vectors are right, but np.eye makes float64, so single precision goes in and "
        "double comes out. W[x] needs no product at all.",
    ),
    # --- embedding-backward ---
    Misconception(
        "embedding-backward-overwritten",
        EMBED_BACKWARD,
        {ADD_AT: "dW[x] += dout"},
        hint="dW[x] += dout keeps only the last place of a word that occurs several times. All its "
        "places add up: np.add.at.",
    ),
    Misconception(
        "embedding-backward-first-place",
        EMBED_BACKWARD,
        {
            ADD_AT: "rows, first = np.unique(x, return_index=True)\n    "
            "dW[rows] = dout.reshape(-1, W.shape[1])[first]"
        },
        hint="Only the first place of each word counts. All its places add up.",
    ),
    Misconception(
        "embedding-backward-mean",
        EMBED_BACKWARD,
        {
            ADD_AT: "np.add.at(dW, x, dout)\n    "
            "dW /= np.maximum(np.bincount(x.ravel(), minlength=len(W)), 1)[:, np.newaxis]"
        },
        hint="The places of a word are averaged. Their gradients add up.",
    ),
    Misconception(
        "embedding-backward-rows-seen",
        EMBED_BACKWARD,
        {EMPTY: "dW = np.zeros((x.max() + 1, W.shape[1]), dout.dtype)"},
        hint="dW ends with the last word that occurs. It has the shape of W: words that do not "
        "occur have the gradient 0.",
    ),
    Misconception(
        "embedding-backward-added-to-W",
        EMBED_BACKWARD,
        {EMPTY: "dW = W.astype(dout.dtype)"},
        hint="dW begins with the word vectors themselves. A gradient begins with zeros.",
    ),
    Misconception(
        "embedding-backward-double",
        EMBED_BACKWARD,
        {EMPTY: "dW = np.zeros(W.shape)"},
        hint="Single precision goes in and double comes out: np.zeros makes float64 unless it is "
        "told the type.",
    ),
    *model_mistakes("rnn_captioning", RNN_BACK, GO_ON),
]

_STAND_IN = "from assignments.standins.a3_captioning.rnn_captioning import {0}\n{0} = {0}\n"
_METHOD = """class CaptioningRNN(CaptioningRNN):
    def {0}(self, *arguments, **settings):
        from assignments.standins.a3_captioning.rnn_captioning import CaptioningRNN as StandIn
        return StandIn.{0}(self, *arguments, **settings)
"""
_TORCH = """import torch

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = torch.tensor(x) @ torch.tensor(Wx) + torch.tensor(prev_h) @ torch.tensor(Wh)
    next_h = torch.tanh(a + torch.tensor(b)).numpy()
    return next_h, (x, prev_h, Wx, Wh, next_h)
"""
_PREVIOUS = """from assignments import previous

def {0}(*arguments):
    return previous("a3_captioning/rnn_captioning").{0}(*arguments)
"""
_HIDDEN = """def rnn_backward(dh, caches):
    from autograder.checks.a3_captioning import test_rnn_captioning as hidden
    x = np.stack([cache[0] for cache in caches], 1)
    arrays = x, caches[0][1], caches[0][2], caches[0][3], np.zeros(dh.shape[2])
    return tuple(hidden.right_gradients(hidden.recurrent, arrays, dh))
"""

SHORTCUTS = [
    Shortcut("torch-step", STEP, append=_TORCH),
    Shortcut("stand-in-step", STEP, append=_STAND_IN.format("rnn_step_forward")),
    Shortcut("stand-in-step-backward", STEP_BACKWARD, append=_STAND_IN.format("rnn_step_backward")),
    Shortcut("previous-forward", FORWARD, append=_PREVIOUS.format("rnn_forward")),
    Shortcut("hidden-backward", BACKWARD, append=_HIDDEN),
    Shortcut("stand-in-backward", BACKWARD, append=_STAND_IN.format("rnn_backward")),
    Shortcut("stand-in-embedding", EMBED, append=_STAND_IN.format("word_embedding_forward")),
    Shortcut(
        "previous-embedding-backward",
        EMBED_BACKWARD,
        append=_PREVIOUS.format("word_embedding_backward"),
    ),
    Shortcut("stand-in-loss", LOSS, append=_METHOD.format("loss")),
    Shortcut("stand-in-gradients", GRADIENTS, append=_METHOD.format("loss")),
    Shortcut("stand-in-sample", SAMPLE, append=_METHOD.format("sample")),
]

_OWN_CACHE = {
    "cache = (x, prev_h, Wx, Wh, next_h)": 'cache = {"in": x, "h": prev_h, "w": (Wx, Wh), '
    '"out": next_h}',
    "x, prev_h, Wx, Wh, next_h = cache": 'x, prev_h, next_h = (cache[k] for k in ("in", "h", '
    '"out"))\n    Wx, Wh = cache["w"]',
}
_TURNED = """def rnn_backward(dh, caches):
    steps = len(caches)
    dx = np.zeros((dh.shape[0], steps, caches[0][0].shape[1]), dh.dtype)
    dprev = np.zeros_like(dh[:, 0])
    sums = [np.zeros_like(w) for w in (caches[0][2], caches[0][3], dh[0, 0])]
    for t in range(steps - 1, -1, -1):
        dx[:, t], dprev, *of_step = rnn_step_backward(dh[:, t] + dprev, caches[t])
        for total, part in zip(sums, of_step):
            total += part
    return (dx, dprev, *sums)
"""
_ALL_AT_ONCE = """def rnn_backward(dh, caches):
    xs, hs, outs = (np.stack([cache[i] for cache in caches], 1) for i in (0, 1, 4))
    Wx, Wh = caches[0][2:4]
    das, later = np.empty_like(dh), 0
    for t in reversed(range(dh.shape[1])):
        das[:, t] = (dh[:, t] + later) * (1 - outs[:, t] ** 2)
        later = das[:, t] @ Wh.T
    dWx, dWh = np.einsum("ntd,nth->dh", xs, das), np.einsum("ntg,nth->gh", hs, das)
    return das @ Wx.T, later, dWx, dWh, das.sum(axis=(0, 1))
"""
_OWN_FORWARD = """def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h, caches = np.zeros((N, T, len(b)), x.dtype), []
    into = x @ Wx + b
    for t in range(T):
        before = h[:, t - 1] if t > 0 else h0
        h[:, t] = np.tanh(into[:, t] + before @ Wh)
        caches.append((x[:, t], before, Wx, Wh, h[:, t]))
    return h, caches
"""
_SAMPLE_ONE_BY_ONE = """class CaptioningRNN(CaptioningRNN):
    def sample(self, features, max_length=30):
        p, rows = self.params, []
        for feature in features.astype(self.dtype):
            h, word, row = feature @ p["W_proj"] + p["b_proj"], self._start, []
            while len(row) < max_length and word != self._end:
                h = np.tanh(p["W_embed"][word] @ p["Wx"] + h @ p["Wh"] + p["b"])
                scores = h @ p["W_vocab"] + p["b_vocab"]
                allowed = [i for i in range(len(scores)) if i not in (self._null, self._start)]
                word = max(allowed, key=lambda i: scores[i])
                row.append(word)
            rows.append(row + [self._null] * (max_length - len(row)))
        return np.array(rows)
"""

VARIANTS = [
    Variant(
        "step-stacked",
        STEP,
        {
            NEXT_H: "both, W = np.hstack([x, prev_h]), np.vstack([Wx, Wh])\n    "
            "next_h = np.tanh(both @ W + b[np.newaxis])"
        },
    ),
    Variant(
        "step-in-place-style",
        STEP,
        {
            NEXT_H: "next_h = x @ Wx\n    next_h += prev_h @ Wh\n    next_h += b\n    "
            "np.tanh(next_h, out=next_h)"
        },
    ),
    Variant("step-own-cache", STEP, _OWN_CACHE),
    Variant("step-backward-own-cache", STEP_BACKWARD, _OWN_CACHE),
    Variant(
        "step-backward-factors",
        STEP_BACKWARD,
        {
            DA: "da = dnext_h * (1 + next_h) * (1 - next_h)",
            DW: 'dWx = np.einsum("nd,nh->dh", x, da)\n    dWh = np.dot(da.T, prev_h).T',
        },
    ),
    Variant("forward-filled", FORWARD, append=_OWN_FORWARD),
    Variant(
        "forward-own-cache-tuple",
        FORWARD,
        {STACK: "h = np.array(states).transpose(1, 0, 2)\n    caches = tuple(caches)"},
    ),
    Variant("backward-arrays-in-place", BACKWARD, append=_TURNED),
    Variant("backward-all-at-once", BACKWARD, append=_ALL_AT_ONCE),
    Variant("embedding-take", EMBED, {LOOK_UP: "out = np.take(W, x, axis=0)"}),
    Variant(
        "embedding-one-hot",
        EMBED,
        {LOOK_UP: "out = np.eye(len(W), dtype=W.dtype)[x] @ W"},
    ),
    Variant(
        "embedding-backward-loop",
        EMBED_BACKWARD,
        {ADD_AT: "for word, d in zip(x.ravel(), dout.reshape(x.size, -1)):\n        dW[word] += d"},
    ),
    Variant(
        "embedding-backward-one-hot",
        EMBED_BACKWARD,
        {
            ADD_AT: "one_hot = np.eye(len(W), dtype=dout.dtype)[x.ravel()]\n    "
            "dW = one_hot.T @ dout.reshape(x.size, -1)"
        },
    ),
    Variant(
        "loss-as-array",
        LOSS,
        {COST: f"{COST}\n        loss = np.array(loss)"},
    ),
    Variant(
        "loss-without-the-layer",
        LOSS,
        {SCORES_OF_ALL: "scores, vocab_cache = h @ W_vocab + b_vocab, (h, W_vocab, b_vocab)"},
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
        "sample-by-temporal-layer",
        SAMPLE,
        {
            SCORES: 'scores = state @ self.params["W_vocab"] + self.params["b_vocab"]',
            END: f"{END}\n            if not going_on.any():\n                break",
        },
    ),
]

# Inputs are the caller's.
MISCONCEPTIONS += [
    Misconception(
        "embedding-backward-in-place",
        "rnn_captioning-embedding-backward",
        append="""
_right_word_embedding_backward = word_embedding_backward

def word_embedding_backward(dout, cache):
    result = _right_word_embedding_backward(dout, cache)
    dout *= 2
    return result
""",
        hint="After the call dout is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
]
