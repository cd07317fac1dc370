"""Misconceptions, shortcuts and accepted variants of the two-layer-net notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant

AFFINE, AFFINE_BACK = "two_layer_net-affine-forward", "two_layer_net-affine-backward"
RELU, RELU_BACK = "two_layer_net-relu-forward", "two_layer_net-relu-backward"
SVM, SOFTMAX = "two_layer_net-svm-loss", "two_layer_net-softmax-loss"
INIT, SCORES = "two_layer_net-model-init", "two_layer_net-model-scores"
LOSS, GRADIENTS = "two_layer_net-model-loss", "two_layer_net-model-gradients"

# Parts of the reference that several patches replace.
OUT = "out = x.reshape(len(x), -1) @ w + b"
AFFINE_CACHE = "cache = (x, w, b)"
AFFINE_UNPACK = "x, w, _b = cache"
DX = "dx = (dout @ w.T).reshape(x.shape)"
DW = "dw = x.reshape(len(x), -1).T @ dout"
DB = "db = dout.sum(axis=0)"
RECTIFY = "out = np.maximum(x, 0)"
RELU_CACHE = "cache = x\n"
RELU_UNPACK = "x = cache\n"
RELU_DX = "dx = dout * (x > 0)"
MARGINS = "margins = np.maximum(x - x[rows, y][:, np.newaxis] + 1, 0)"
NOT_RIGHT_CLASS = "margins[rows, y] = 0"
SVM_SUM = "loss = margins.sum() / len(x)"
COUNTS = "dx = (margins > 0).astype(x.dtype)"
SVM_RIGHT_CLASS = "dx[rows, y] = -dx.sum(axis=1)"
SVM_MEAN = f"{SVM_RIGHT_CLASS}\n    dx /= len(x)"
SHIFTED = "shifted = x - x.max(axis=1, keepdims=True)"
LOG_P = "log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))"
SOFTMAX_MEAN = "loss = -log_p[rows, y].mean()"
P = "dx = np.exp(log_p)"
SOFTMAX_RIGHT_CLASS = "dx[rows, y] -= 1"
SOFTMAX_DX = f"{SOFTMAX_RIGHT_CLASS}\n    dx /= len(x)"
W1, B1 = (
    'self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)',
    'self.params["b1"] = np.zeros(hidden_dim)',
)
W2, B2 = (
    'self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)',
    'self.params["b2"] = np.zeros(num_classes)',
)
HIDDEN = "hidden, relu_cache = relu_forward(before)"
RETURN_SCORES = "            return scores"
SCORES_LINE = 'scores, affine2_cache = affine_forward(hidden, self.params["W2"], self.params["b2"])'
PENALTY = "loss = data_loss + 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2))"
DSCORES = "dhidden, dW2, db2 = affine_backward(dscores, affine2_cache)"
DBEFORE = "dbefore = relu_backward(dhidden, relu_cache)"
FIRST_LAYER = "_dX, dW1, db1 = affine_backward(dbefore, affine1_cache)"
GRADS = 'grads = {"W1": dW1 + self.reg * W1, "b1": db1, "W2": dW2 + self.reg * W2, "b2": db2}'


def score_mistakes(question: str, returned: str) -> list[Misconception]:
    """What is returned for scores, in any network; ``returned`` is the reference's line."""
    return [
        Misconception(
            "scores-probabilities",
            question,
            {
                returned: "            p = np.exp(scores)\n"
                "            return p / p.sum(axis=1, keepdims=True)"
            },
            hint="You return probabilities. Scores are asked for; softmax_loss does the rest.",
        ),
        Misconception(
            "scores-labels",
            question,
            {returned: "            return np.argmax(scores, axis=1)"},
            hint="You return predicted labels; the scores of all classes are asked for.",
        ),
    ]


def no_half(question: str, penalty: str) -> Misconception:
    """The regularisation of any network without its factor; ``penalty`` is the reference's line."""
    return Misconception(
        "loss-no-half",
        question,
        {penalty: penalty.replace("0.5 * ", "")},
        hint="The factor 0.5 of the regularisation is missing from the loss.",
    )


MISCONCEPTIONS = [
    # --- affine-forward ---
    Misconception(
        "affine-no-bias",
        AFFINE,
        {OUT: "out = x.reshape(len(x), -1) @ w"},
        hint="The bias b is missing: it is added to every row of the product.",
    ),
    Misconception(
        "affine-minus-bias",
        AFFINE,
        {OUT: "out = x.reshape(len(x), -1) @ w - b"},
        hint="The bias has the wrong sign; it is added.",
    ),
    Misconception(
        "affine-bias-sum",
        AFFINE,
        {OUT: "out = x.reshape(len(x), -1) @ w + b.sum()"},
        hint="Each output has a bias of its own; you add the same number to all of them.",
    ),
    Misconception(
        "affine-wrong-reshape",
        AFFINE,
        {OUT: "out = x.reshape(-1, len(x)).T @ w + b"},
        hint="Your reshape mixes the examples: x.reshape(-1, N) does not put example j into column "
        "j. Keep the first axis, x.reshape(N, -1), so that a row is an example.",
    ),
    Misconception(
        "affine-channels-last",
        AFFINE,
        {OUT: 'out = x.reshape(len(x), -1, order="F") @ w + b'},
        hint="You read the numbers of an example in another order than x.reshape does, so that "
        "they meet the wrong weights.",
    ),
    Misconception(
        "affine-rows-only",
        AFFINE,
        {OUT: "out = x @ w + b"},
        hint="This works where an example is a row, and not where it is an image: reshape x to "
        "(N, D) first.",
    ),
    Misconception(
        "affine-mean",
        AFFINE,
        {OUT: "out = x.reshape(len(x), -1) @ w / w.shape[0] + b"},
        hint="You divide by the number of inputs; the product is a sum, not a mean.",
    ),
    Misconception(
        "affine-shape-in-place",
        AFFINE,
        {OUT: "x.shape = (len(x), -1)\n    out = x @ w + b"},
        hint="The outputs are right, but the caller's x has another shape afterwards. x.reshape "
        "gives a new view and leaves x alone; assigning to x.shape does not.",
    ),
    # --- affine-backward ---
    Misconception(
        "affine-dw-transposed",
        AFFINE_BACK,
        {DW: "dw = dout.T @ x.reshape(len(x), -1)"},
        hint="dw is transposed. It has the shape of w, (D, M): the examples, which are summed "
        "over, must be the inner axis of the product.",
    ),
    Misconception(
        "affine-dw-mean",
        AFFINE_BACK,
        {DW: f"{DW} / len(x)", DB: "db = dout.mean(axis=0)"},
        hint="You divide dw and db by the number of examples. The 1/N of the mean is in dout "
        "already, since the loss put it there; here gradients are added up.",
    ),
    Misconception(
        "affine-db-mean",
        AFFINE_BACK,
        {DB: "db = dout.mean(axis=0)"},
        hint="db is the sum over the examples, not their mean: the 1/N is in dout already.",
    ),
    Misconception(
        "affine-db-axis",
        AFFINE_BACK,
        {DB: "db = dout.sum(axis=1)"},
        hint="db is summed over the outputs. b has one number for each output, which every example "
        "uses, so the sum runs over the examples: axis 0.",
    ),
    Misconception(
        "affine-db-no-axis",
        AFFINE_BACK,
        {DB: "db = dout.sum()"},
        hint="db is a single number; it has the shape of b, a number for each output.",
    ),
    Misconception(
        "affine-db-is-dout",
        AFFINE_BACK,
        {DB: "db = dout"},
        hint="db has a row for each example. All examples use the same b, so their gradients are "
        "added up.",
    ),
    Misconception(
        "affine-dx-flat",
        AFFINE_BACK,
        {DX: "dx = dout @ w.T"},
        hint="The numbers in dx are right, but it has to have the shape of x: reshape it back. If "
        "x is flat in your cache already, affine_forward overwrites x before it makes the cache; "
        "give the flat array another name.",
    ),
    Misconception(
        "affine-dx-not-transposed",
        AFFINE_BACK,
        {DX: "dx = (dout @ w).reshape(x.shape)"},
        hint="The shapes in dout and w do not fit: dout is (N, M) and w is (D, M). For dx the sum "
        "runs over the M outputs, so w is transposed.",
    ),
    Misconception(
        "affine-gradients-swapped",
        AFFINE_BACK,
        {"return dx, dw, db": "return dw, dx, db"},
        hint="The gradients come back in another order than the inputs: dx, dw, db.",
    ),
    Misconception(
        "affine-dout-in-place",
        AFFINE_BACK,
        {DB: "db = dout[0]\n    for row in dout[1:]:\n        db += row"},
        hint="The gradients are right, but dout[0] is a view, not a copy: += on it changes dout, "
        "which the caller may still need.",
    ),
    # --- relu-forward ---
    Misconception(
        "relu-absolute",
        RELU,
        {RECTIFY: "out = np.abs(x)"},
        hint="You flip negative numbers instead of setting them to 0.",
    ),
    Misconception(
        "relu-minimum",
        RELU,
        {RECTIFY: "out = np.minimum(x, 0)"},
        hint="You keep the negative numbers and drop the positive ones: it should be the maximum "
        "of 0 and x.",
    ),
    Misconception(
        "relu-mask",
        RELU,
        {RECTIFY: "out = (x > 0).astype(x.dtype)"},
        hint="You return 1 where x is positive. That is the slope of ReLU; its value there is x.",
    ),
    Misconception(
        "relu-leaky",
        RELU,
        {RECTIFY: "out = np.maximum(x, 0.01 * x)"},
        hint="That is a leaky ReLU; a plain one is 0 for every negative number.",
    ),
    Misconception(
        "relu-maximum-of-all",
        RELU,
        {RECTIFY: "out = np.max(x, 0)"},
        hint="np.max(x, 0) is the largest number along axis 0. The larger of two numbers, place "
        "by place, is np.maximum(x, 0).",
    ),
    Misconception(
        "relu-in-place",
        RELU,
        {RECTIFY: "out = x\n    out[out < 0] = 0"},
        hint="`out = x` makes no copy, so that the caller's x loses its negative numbers as well.",
    ),
    Misconception(
        "relu-drops-negative",
        RELU,
        {RECTIFY: "out = x[x > 0]"},
        hint="x[x > 0] keeps only the positive numbers, in one row. The shape must stay, with 0 "
        "where a number was negative.",
    ),
    # --- relu-backward ---
    Misconception(
        "relu-backward-passes-all",
        RELU_BACK,
        {RELU_DX: "dx = dout.copy()"},
        hint="The gradient goes through everywhere. Where x was negative, out was 0 whatever x "
        "was, and the gradient is 0.",
    ),
    Misconception(
        "relu-backward-mask-of-dout",
        RELU_BACK,
        {RELU_DX: "dx = np.maximum(dout, 0)"},
        hint="You cut off negative gradients. Not the sign of dout decides, but that of x: a "
        "negative gradient goes through where x was positive.",
    ),
    Misconception(
        "relu-backward-only-mask",
        RELU_BACK,
        {RELU_DX: "dx = (x > 0).astype(dout.dtype)"},
        hint="That is the slope of ReLU alone. By the chain rule it is multiplied by dout.",
    ),
    Misconception(
        "relu-backward-inverted",
        RELU_BACK,
        {RELU_DX: "dx = dout * (x < 0)"},
        hint="The gradient goes through where x was negative; it should where x was positive.",
    ),
    Misconception(
        "relu-backward-times-x",
        RELU_BACK,
        {RELU_DX: "dx = dout * np.maximum(x, 0)"},
        hint="You multiply dout by ReLU's output instead of its slope, which is 1 or 0.",
    ),
    Misconception(
        "relu-backward-in-place",
        RELU_BACK,
        {RELU_DX: "dx = dout\n    dx[x <= 0] = 0"},
        hint="dx is right, but `dx = dout` makes no copy: the caller's dout is changed.",
    ),
    # --- svm-loss ---
    Misconception(
        "svm-no-margin",
        SVM,
        {MARGINS: "margins = np.maximum(x - x[rows, y][:, np.newaxis], 0)"},
        hint="The margin of 1 is missing: a wrong score costs something as soon as it comes "
        "closer than 1 to the right one.",
    ),
    Misconception(
        "svm-counts-right-class",
        SVM,
        {SVM_SUM: "loss = (margins.sum() + len(x)) / len(x)"},
        hint="The loss is too large by 1: the sum leaves out j = y[i], whose margin is always "
        "max(0, 0 + 1).",
    ),
    Misconception(
        "svm-counts-right-class-in-dx",
        SVM,
        {NOT_RIGHT_CLASS: "pass"},
        hint="The right class has a margin of 1 with itself, and you count it, in the loss and in "
        "the gradient. Set these margins to 0.",
    ),
    Misconception(
        "svm-sum",
        SVM,
        {SVM_SUM: "loss = margins.sum()", SVM_MEAN: SVM_RIGHT_CLASS},
        hint="You add up over the examples; the loss is their mean, and so is the gradient.",
    ),
    Misconception(
        "svm-gradient-sum",
        SVM,
        {SVM_MEAN: SVM_RIGHT_CLASS},
        hint="The loss is a mean over the examples, so its gradient is divided by N as well.",
    ),
    Misconception(
        "svm-mean-over-classes",
        SVM,
        {SVM_SUM: "loss = margins.mean()"},
        hint="You divide by the number of classes as well; the loss is a sum over classes and a "
        "mean over examples.",
    ),
    Misconception(
        "svm-squared",
        SVM,
        {SVM_SUM: "loss = (margins**2).sum() / len(x)", COUNTS: "dx = 2 * margins"},
        hint="You square the margins. That is a loss, too, but another one.",
    ),
    Misconception(
        "svm-wrong-sign",
        SVM,
        {MARGINS: "margins = np.maximum(x[rows, y][:, np.newaxis] - x + 1, 0)"},
        hint="The difference has the wrong sign: it is the score of the other class minus the "
        "score of the right one, so that a high right score lowers the loss.",
    ),
    Misconception(
        "svm-right-class-once",
        SVM,
        {SVM_RIGHT_CLASS: "dx[rows, y] = -1"},
        hint="The right score occurs in every margin, so its gradient is minus the number of "
        "margins that are above 0, not minus 1.",
    ),
    Misconception(
        "svm-no-right-class",
        SVM,
        {SVM_RIGHT_CLASS: "dx[rows, y] = 0"},
        hint="The gradient of the right class is missing: raising the right score lowers every "
        "margin above 0.",
    ),
    Misconception(
        "svm-gradient-of-margins",
        SVM,
        {COUNTS: "dx = margins.copy()"},
        hint="You use the margins themselves as the gradient. The slope of max(0, m) is 1 where m "
        "is above 0.",
    ),
    Misconception(
        "svm-largest-margin",
        SVM,
        {SVM_SUM: "loss = margins.max(axis=1).sum() / len(x)"},
        hint="You count only the worst margin of each example; all of them are added up.",
    ),
    Misconception(
        "svm-in-place",
        SVM,
        {MARGINS: f"{MARGINS}\n    x -= x[rows, y][:, np.newaxis]"},
        hint="The results are right, but the caller's scores are changed: an operation like -= "
        "works on the caller's array.",
    ),
    # --- softmax-loss ---
    Misconception(
        "softmax-overflow",
        SOFTMAX,
        {SHIFTED: "shifted = x"},
        hint="exp of a score above about 710 is infinite, and infinite divided by infinite is NaN. "
        "Subtract the largest score of each row first: the probabilities stay the same.",
    ),
    Misconception(
        "softmax-global-maximum",
        SOFTMAX,
        {SHIFTED: "shifted = x - x.max()"},
        hint="You subtract the largest of all scores. Where the scores of another row are far "
        "below it, all their exponentials are 0. Take the maximum of each row.",
    ),
    Misconception(
        "softmax-log-of-zero",
        SOFTMAX,
        {
            SOFTMAX_MEAN: "p = np.exp(shifted)\n    p /= p.sum(axis=1, keepdims=True)\n    "
            "loss = -np.log(p[rows, y]).mean()"
        },
        hint="A probability can be so small that it is 0 as a float, and log(0) is minus infinite. "
        "Do not compute the probability first: log p = x - log(sum(exp(x))).",
    ),
    Misconception(
        "softmax-log-of-nearly-zero",
        SOFTMAX,
        {
            SOFTMAX_MEAN: "p = np.exp(shifted)\n    p /= p.sum(axis=1, keepdims=True)\n    "
            "loss = -np.log(p[rows, y] + 1e-12).mean()"
        },
        hint="A small number added within the logarithm avoids infinity, but the loss is wrong "
        "then: 28 where it should be thousands. Compute log p = x - log(sum(exp(x))) instead.",
    ),
    Misconception(
        "softmax-sum",
        SOFTMAX,
        {SOFTMAX_MEAN: "loss = -log_p[rows, y].sum()", SOFTMAX_DX: SOFTMAX_RIGHT_CLASS},
        hint="You add up over the examples; the loss is their mean, and so is the gradient.",
    ),
    Misconception(
        "softmax-gradient-sum",
        SOFTMAX,
        {SOFTMAX_DX: SOFTMAX_RIGHT_CLASS},
        hint="The loss is a mean over the examples, so its gradient is divided by N as well.",
    ),
    Misconception(
        "softmax-no-minus-one",
        SOFTMAX,
        {SOFTMAX_DX: "dx /= len(x)"},
        hint="The gradient is the probabilities, minus 1 at the right class; the 1 is missing, "
        "so that even the right score would be pushed down.",
    ),
    Misconception(
        "softmax-minus-one-late",
        SOFTMAX,
        {SOFTMAX_DX: f"dx /= len(x)\n    {SOFTMAX_RIGHT_CLASS}"},
        hint="You divide by N before you subtract the 1; both parts of the gradient are divided.",
    ),
    Misconception(
        "softmax-sign",
        SOFTMAX,
        {SOFTMAX_MEAN: "loss = log_p[rows, y].mean()"},
        hint="The loss is negative: the logarithm of a probability is below 0, and the loss is "
        "minus that.",
    ),
    Misconception(
        "softmax-columns",
        SOFTMAX,
        {LOG_P: LOG_P.replace("axis=1", "axis=0")},
        hint="You normalise over the examples. The probabilities of one example, a row, add up to "
        "1: sum over axis 1.",
    ),
    Misconception(
        "softmax-bits",
        SOFTMAX,
        {SOFTMAX_MEAN: "loss = -log_p[rows, y].mean() / np.log(2)"},
        hint="That is the logarithm to base 2; the natural logarithm is asked for.",
    ),
    Misconception(
        "softmax-all-classes",
        SOFTMAX,
        {SOFTMAX_MEAN: "loss = -log_p.mean()"},
        hint="You average over all classes. Only the probability of the right class counts: pick "
        "one number from each row, by x[np.arange(N), y].",
    ),
    Misconception(
        "softmax-in-place",
        SOFTMAX,
        {SHIFTED: "x -= x.max(axis=1, keepdims=True)\n    shifted = x"},
        hint="The results are right, but -= changes the caller's scores.",
    ),
    # --- model-init ---
    Misconception(
        "init-zeros",
        INIT,
        {
            W1: 'self.params["W1"] = np.zeros((input_dim, hidden_dim))',
            W2: 'self.params["W2"] = np.zeros((hidden_dim, num_classes))',
        },
        hint="All weights are 0. Then all hidden units do the same and get the same gradient, and "
        "stay the same for ever; chance has to make them different.",
    ),
    Misconception(
        "init-uniform",
        INIT,
        {
            W1: W1.replace("randn", "rand"),
            W2: W2.replace("randn", "rand"),
        },
        hint="np.random.rand draws numbers from 0 to 1, none of them negative. A normal "
        "distribution around 0 is asked for.",
    ),
    Misconception(
        "init-no-scale",
        INIT,
        {
            W1: W1.replace("weight_scale * ", ""),
            W2: W2.replace("weight_scale * ", ""),
        },
        hint="weight_scale is not used; the weights have a standard deviation of 1.",
    ),
    Misconception(
        "init-scale-as-variance",
        INIT,
        {
            W1: W1.replace("weight_scale *", "np.sqrt(weight_scale) *"),
            W2: W2.replace("weight_scale *", "np.sqrt(weight_scale) *"),
        },
        hint="weight_scale is the standard deviation; you take it for the variance.",
    ),
    Misconception(
        "init-random-biases",
        INIT,
        {
            B1: 'self.params["b1"] = weight_scale * np.random.randn(hidden_dim)',
            B2: 'self.params["b2"] = weight_scale * np.random.randn(num_classes)',
        },
        hint="The biases are random; they begin at 0. The weights already make the units "
        "different.",
    ),
    Misconception(
        "init-biases-one",
        INIT,
        {
            B1: 'self.params["b1"] = np.ones(hidden_dim)',
            B2: 'self.params["b2"] = np.ones(num_classes)',
        },
        hint="The biases begin at 1; they should begin at 0.",
    ),
    Misconception(
        "init-bias-columns",
        INIT,
        {
            B1: 'self.params["b1"] = np.zeros((hidden_dim, 1))',
            B2: 'self.params["b2"] = np.zeros((num_classes, 1))',
        },
        hint="A bias is a plain row of numbers: its shape is (H,), not (H, 1), which would be "
        "added along the wrong axis.",
    ),
    Misconception(
        "init-transposed",
        INIT,
        {
            W1: W1.replace("input_dim, hidden_dim", "hidden_dim, input_dim"),
            W2: W2.replace("hidden_dim, num_classes", "num_classes, hidden_dim"),
        },
        hint="The weights are transposed: inputs come first, outputs second, so that x @ W works.",
    ),
    Misconception(
        "init-fixed-sizes",
        INIT,
        {
            W1: W1.replace("input_dim, hidden_dim", "3072, 100"),
            B1: B1.replace("hidden_dim", "100"),
            W2: W2.replace("hidden_dim, num_classes", "100, 10"),
            B2: B2.replace("num_classes", "10"),
        },
        hint="The sizes are always 3072, 100 and 10; use the arguments input_dim, hidden_dim and "
        "num_classes.",
    ),
    # --- model-scores ---
    Misconception(
        "scores-no-relu",
        SCORES,
        {
            HIDDEN: "hidden, relu_cache = before, None",
            DBEFORE: "dbefore = dhidden",
        },
        hint="There is no ReLU between the layers. Two linear layers in a row are a linear layer, "
        "and the hidden units gain nothing.",
    ),
    Misconception(
        "scores-relu-at-the-end",
        SCORES,
        {
            SCORES_LINE: f"{SCORES_LINE}\n        scores, end_cache = relu_forward(scores)",
            DSCORES: "dhidden, dW2, db2 = affine_backward(relu_backward(dscores, end_cache), "
            "affine2_cache)",
        },
        hint="There is a ReLU after the second layer as well. Scores may be negative; softmax "
        "wants to see them.",
    ),
    *score_mistakes(SCORES, RETURN_SCORES),
    Misconception(
        "scores-hidden",
        SCORES,
        {RETURN_SCORES: "            return hidden"},
        hint="You return the hidden units; the second layer makes scores of them.",
    ),
    Misconception(
        "scores-no-bias",
        SCORES,
        {
            RETURN_SCORES: '            return hidden @ self.params["W2"]',
        },
        hint="The bias b2 of the second layer is missing.",
    ),
    Misconception(
        "scores-shape-in-place",
        SCORES,
        {RETURN_SCORES: "            X.shape = (len(X), -1)\n            return scores"},
        hint="The scores are right, but the caller's X has another shape afterwards: use "
        "X.reshape, and do not assign to X.shape.",
    ),
    # --- model-loss ---
    Misconception(
        "loss-no-regularisation",
        LOSS,
        {PENALTY: "loss = data_loss"},
        hint="The regularisation is missing from the loss: 0.5 * reg times the sum of all squared "
        "weights.",
    ),
    no_half(LOSS, PENALTY),
    Misconception(
        "loss-first-weights-only",
        LOSS,
        {PENALTY: "loss = data_loss + 0.5 * self.reg * np.sum(W1**2)"},
        hint="Only W1 is regularised in the loss; the squares of W2 count as well.",
    ),
    Misconception(
        "loss-second-weights-only",
        LOSS,
        {PENALTY: "loss = data_loss + 0.5 * self.reg * np.sum(W2**2)"},
        hint="Only W2 is regularised in the loss; the squares of W1 count as well.",
    ),
    Misconception(
        "loss-biases-regularised",
        LOSS,
        {
            PENALTY: "loss = data_loss + 0.5 * self.reg * sum(np.sum(w**2) "
            "for w in self.params.values())"
        },
        hint="The biases are regularised as well; only the weights are to be.",
    ),
    Misconception(
        "loss-norms",
        LOSS,
        {PENALTY: "loss = data_loss + 0.5 * self.reg * (np.linalg.norm(W1) + np.linalg.norm(W2))"},
        hint="You add the norms of the weights; their squares are asked for.",
    ),
    Misconception(
        "loss-mean-of-squares",
        LOSS,
        {PENALTY: "loss = data_loss + 0.5 * self.reg * (np.mean(W1**2) + np.mean(W2**2))"},
        hint="You average the squared weights; they are added up.",
    ),
    Misconception(
        "loss-regularisation-over-examples",
        LOSS,
        {PENALTY: "loss = data_loss + 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2)) / len(X)"},
        hint="You divide the regularisation by the number of examples; only the data loss is a "
        "mean.",
    ),
    Misconception(
        "loss-mean-again",
        LOSS,
        {PENALTY: PENALTY.replace("data_loss", "data_loss / len(X)")},
        hint="You divide the data loss by N; softmax_loss has done so already.",
    ),
    # --- model-gradients ---
    Misconception(
        "gradients-no-regularisation",
        GRADIENTS,
        {GRADS: 'grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}'},
        hint="The gradient of the regularisation is missing: 0.5 * reg * W**2 has the gradient "
        "reg * W.",
    ),
    Misconception(
        "gradients-regularisation-twice",
        GRADIENTS,
        {GRADS: GRADS.replace("self.reg", "2 * self.reg")},
        hint="The gradient of the regularisation is twice what it should be: the factor 0.5 in the "
        "loss and the 2 of the square cancel.",
    ),
    Misconception(
        "gradients-regularisation-half",
        GRADIENTS,
        {GRADS: GRADS.replace("self.reg", "0.5 * self.reg")},
        hint="The gradient of the regularisation is half of what it should be: the derivative of "
        "W**2 is 2 W, and the 2 cancels the factor 0.5.",
    ),
    Misconception(
        "gradients-no-relu",
        GRADIENTS,
        {DBEFORE: "dbefore = dhidden"},
        hint="The way back skips the ReLU: what went through relu_forward comes back through "
        "relu_backward.",
    ),
    Misconception(
        "gradients-biases-regularised",
        GRADIENTS,
        {
            GRADS: 'grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}\n        '
            "grads = {name: grads[name] + self.reg * self.params[name] for name in grads}"
        },
        hint="The biases are regularised as well; only the weights are to be.",
    ),
    Misconception(
        "gradients-first-not-regularised",
        GRADIENTS,
        {GRADS: GRADS.replace("dW1 + self.reg * W1", "dW1")},
        hint="The gradient of W1 lacks its regularisation.",
    ),
    Misconception(
        "gradients-mean-again",
        GRADIENTS,
        {DSCORES: f"dscores = dscores / len(X)\n        {DSCORES}"},
        hint="You divide by N once more; softmax_loss has done so already.",
    ),
    Misconception(
        "gradients-lower-case",
        GRADIENTS,
        {GRADS: 'grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}'},
        hint="The gradients have to have the names of the parameters, W1 and not dW1: the solver "
        "looks them up by name.",
    ),
    Misconception(
        "gradients-steps",
        GRADIENTS,
        {
            GRADS: f"{GRADS}\n        for name in grads:\n            "
            "self.params[name] = self.params[name] - 0.01 * grads[name]"
        },
        hint="loss changes the parameters. It only tells the gradients; steps are up to the "
        "solver.",
    ),
]

_STAND_IN = "from assignments.standins.a1_classifiers.two_layer_net import {0}\n{0} = {0}\n"
_STAND_IN_NET = (
    "from assignments.standins.a1_classifiers.two_layer_net import TwoLayerNet as StandIn\n\n"
    "class TwoLayerNet(TwoLayerNet):\n    def __init__(self, *args, **kwargs):\n"
    "        self.net = StandIn(*args, **kwargs)\n        self.params = self.net.params\n\n"
    "    def loss(self, X, y=None):\n        return self.net.loss(X, y)\n"
)

SHORTCUTS = [
    Shortcut(
        "torch-affine",
        AFFINE,
        append="""import torch

def affine_forward(x, w, b):
    rows = torch.tensor(x).flatten(1)
    return torch.nn.functional.linear(rows, torch.tensor(w).T, torch.tensor(b)).numpy(), (x, w, b)
""",
    ),
    Shortcut("stand-in-affine-backward", AFFINE_BACK, append=_STAND_IN.format("affine_backward")),
    Shortcut("stand-in-relu", RELU, append=_STAND_IN.format("relu_forward")),
    Shortcut("stand-in-relu-backward", RELU_BACK, append=_STAND_IN.format("relu_backward")),
    Shortcut(
        "scikit-learn-hinge",
        SVM,
        append="""from sklearn.metrics import hinge_loss

def svm_loss(x, y):
    return hinge_loss(y, x, labels=range(x.shape[1])), x
""",
    ),
    Shortcut(
        "hidden-checks-svm",
        SVM,
        append="""def svm_loss(x, y):
    from autograder.checks.a1_classifiers.test_two_layer_net import hinge, loss_and_slope
    loss, dx = loss_and_slope(hinge, x, y)
    return loss.item(), dx.numpy()
""",
    ),
    Shortcut(
        "scipy-softmax",
        SOFTMAX,
        append="""import numpy as np
from scipy.special import log_softmax

def softmax_loss(x, y):
    log_p = log_softmax(x, axis=1)
    return -log_p[np.arange(len(x)), y].mean(), (np.exp(log_p) - np.eye(x.shape[1])[y]) / len(x)
""",
    ),
    Shortcut(
        "previous-softmax",
        SOFTMAX,
        append="""from assignments import previous

def softmax_loss(x, y):
    return previous("a1_classifiers/two_layer_net").softmax_loss(x, y)
""",
    ),
    Shortcut("stand-in-init", INIT, append=_STAND_IN_NET),
    Shortcut("stand-in-scores", SCORES, append=_STAND_IN_NET),
    Shortcut("stand-in-loss", LOSS, append=_STAND_IN_NET),
    Shortcut("stand-in-gradients", GRADIENTS, append=_STAND_IN_NET),
]

VARIANTS = [
    Variant(
        "affine-tensordot",
        AFFINE,
        {
            OUT: "out = np.tensordot(x, w.reshape(*x.shape[1:], -1), axes=x.ndim - 1)\n    "
            "out = out + b"
        },
    ),
    Variant(
        "affine-loop",
        AFFINE,
        {OUT: "out = np.array([np.dot(example.ravel(), w) + b for example in x])"},
    ),
    Variant(
        "affine-float32",
        AFFINE,
        {OUT: f"{OUT}\n    out = out.astype(np.float32)"},
    ),
    Variant(
        "affine-named-cache",
        AFFINE_BACK,
        {
            AFFINE_CACHE: "import collections\n\n    "
            'cache = collections.namedtuple("Cache", "x w b")(x, w, b)'
        },
    ),
    Variant(
        "affine-dictionary-cache",
        AFFINE_BACK,
        {
            AFFINE_CACHE: 'cache = {"rows": x.reshape(len(x), -1), "shape": x.shape, "w": w}',
            AFFINE_UNPACK: 'rows, w = cache["rows"], cache["w"]',
            DX: 'dx = (dout @ w.T).reshape(cache["shape"])',
            DW: "dw = rows.T @ dout",
        },
    ),
    Variant(
        "affine-object-cache",
        AFFINE_BACK,
        {
            AFFINE_CACHE: "import types\n\n    cache = types.SimpleNamespace(x=x, w=w, b=b)",
            AFFINE_UNPACK: "x, w = cache.x, cache.w",
        },
    ),
    Variant(
        "affine-einsum",
        AFFINE_BACK,
        {
            DX: 'dx = np.einsum("nm,dm->nd", dout, w).reshape(x.shape)',
            DW: 'dw = np.einsum("nd,nm->dm", x.reshape(len(x), -1), dout)',
            DB: "db = np.ones(len(x)) @ dout",
        },
    ),
    Variant("relu-where", RELU, {RECTIFY: "out = np.where(x > 0, x, 0)"}),
    Variant("relu-product", RELU, {RECTIFY: "out = x * (x > 0)"}),
    Variant(
        "relu-copy",
        RELU,
        {RECTIFY: "out = x.copy()\n    out[out < 0] = 0"},
    ),
    Variant(
        "relu-mask-cache",
        RELU_BACK,
        {RELU_CACHE: "cache = x > 0\n", RELU_UNPACK: "x = cache.astype(float)\n"},
    ),
    Variant("relu-out-cache", RELU_BACK, {RELU_CACHE: "cache = out\n"}),
    Variant("relu-at-zero", RELU_BACK, {RELU_DX: "dx = np.where(x >= 0, dout, 0)"}),
    Variant(
        "relu-float32",
        RELU_BACK,
        {RELU_DX: f"{RELU_DX}\n    dx = dx.astype(np.float32)"},
    ),
    Variant(
        "svm-loops",
        SVM,
        {
            COUNTS: f"""{COUNTS}
    loss = 0.0
    for i in range(len(x)):
        for j in range(x.shape[1]):
            if j != y[i]:
                loss += max(0, x[i, j] - x[i, y[i]] + 1) / len(x)"""
        },
    ),
    Variant("svm-loss-as-array", SVM, {SVM_SUM: "loss = np.array(margins.sum() / len(x))"}),
    Variant(
        "svm-one-hot",
        SVM,
        {
            SVM_RIGHT_CLASS: "dx = dx - dx.sum(axis=1, keepdims=True) * "
            "(np.arange(x.shape[1]) == y[:, None])"
        },
    ),
    Variant(
        "softmax-logaddexp",
        SOFTMAX,
        {LOG_P: "log_p = x - np.logaddexp.reduce(x, axis=1)[:, np.newaxis]"},
    ),
    Variant(
        "softmax-loss-as-array",
        SOFTMAX,
        {SOFTMAX_MEAN: "loss = np.asarray(np.sum(-log_p[rows, y]) / len(x))"},
    ),
    Variant(
        "softmax-one-hot",
        SOFTMAX,
        {
            P: "dx = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)",
            SOFTMAX_DX: "dx = (dx - np.eye(x.shape[1])[y]) / len(x)",
        },
    ),
    Variant(
        "softmax-float32",
        SOFTMAX,
        {SOFTMAX_DX: f"{SOFTMAX_DX}\n    dx = dx.astype(np.float32)"},
    ),
    Variant(
        "init-generator",
        INIT,
        {
            W1: "rng = np.random.default_rng()\n        "
            'self.params["W1"] = rng.normal(0, weight_scale, size=(input_dim, hidden_dim))',
            W2: 'self.params["W2"] = rng.normal(0, weight_scale, size=(hidden_dim, num_classes))',
        },
    ),
    Variant(
        "init-float32",
        INIT,
        {
            B2: f"{B2}\n        for name in self.params:\n            "
            "self.params[name] = self.params[name].astype(np.float32)"
        },
    ),
    Variant(
        "scores-written-out",
        SCORES,
        {
            RETURN_SCORES: "            hidden = np.maximum(X.reshape(len(X), -1) @ "
            'self.params["W1"] + self.params["b1"], 0)\n            '
            'return hidden @ self.params["W2"] + self.params["b2"]'
        },
    ),
    Variant(
        "scores-float32",
        SCORES,
        {RETURN_SCORES: "            return scores.astype(np.float32)"},
    ),
    Variant(
        "loss-as-array",
        LOSS,
        {PENALTY: f"{PENALTY}\n        loss = np.asarray(loss)"},
    ),
    Variant(
        "loss-norms-squared",
        LOSS,
        {
            PENALTY: "loss = data_loss\n        for name in ('W1', 'W2'):\n            "
            "loss += self.reg / 2 * np.linalg.norm(self.params[name]) ** 2"
        },
    ),
    Variant(
        "gradients-written-out",
        GRADIENTS,
        {
            DSCORES: "dW2, db2 = hidden.T @ dscores, dscores.sum(axis=0)\n        "
            "dhidden = dscores @ W2.T",
            DBEFORE: "dbefore = np.where(hidden > 0, dhidden, 0)",
            FIRST_LAYER: "dW1, db1 = X.reshape(len(X), -1).T @ dbefore, dbefore.sum(axis=0)",
        },
    ),
    Variant(
        "gradients-ordered",
        GRADIENTS,
        {
            GRADS: f"import collections\n\n        {GRADS}\n        "
            "grads = collections.OrderedDict(reversed(grads.items()))"
        },
    ),
    Variant(
        "gradients-float32",
        GRADIENTS,
        {
            GRADS: f"{GRADS}\n        grads = "
            "{name: dw.astype(np.float32) for name, dw in grads.items()}"
        },
    ),
]
