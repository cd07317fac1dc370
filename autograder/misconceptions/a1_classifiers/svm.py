"""Misconceptions, shortcuts and accepted variants of the SVM notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant

NAIVE, VECTORIZED = "svm-loss-naive", "svm-loss-vectorized"

# Parts of the reference that several patches replace.
SKIP = "if j == y[i]:\n                continue"
MARGIN = "margin = scores[j] - scores[y[i]] + 1"
VIOLATED = "if margin > 0:\n                loss += margin"
WRONG_CLASS = "dW[:, j] += X[i]"
RIGHT_CLASS = "dW[:, y[i]] -= X[i]"
INNER = f"""for j in range(num_classes):
            {SKIP}
            {MARGIN}
            {VIOLATED}
                {WRONG_CLASS}
                {RIGHT_CLASS}"""
LOSS = "loss = loss / num_train + reg * np.sum(W * W)"
GRADIENT = "dW = dW / num_train + 2 * reg * W"
NAIVE_END = f"{LOSS}\n    {GRADIENT}"

RIGHT_SCORE = "right = scores[rows, y][:, np.newaxis]"
MARGINS = "margins = np.maximum(0, scores - right + 1)"
MARGINS_OF_RIGHT = "margins[rows, y] = 0"
VECTOR_LOSS = "loss = np.sum(margins) / num_train + reg * np.sum(W * W)"
PULL = "pull = (margins > 0).astype(np.float64)"
PULL_OF_RIGHT = "pull[rows, y] = -np.sum(pull, axis=1)"
VECTOR_GRADIENT = "dW = X.T @ pull / num_train + 2 * reg * W"
VECTOR_BODY = f"""num_train = len(X)
    rows = np.arange(num_train)
    scores = X @ W
    {RIGHT_SCORE}
    {MARGINS}
    {MARGINS_OF_RIGHT}
    {VECTOR_LOSS}

    {PULL}
    {PULL_OF_RIGHT}
    {VECTOR_GRADIENT}"""


def regularisation_mistakes(
    question: str, data_loss: str, loss: str, data_gradient: str, gradient: str
) -> list[Misconception]:
    """The mistakes that any loss with ``reg * sum(W * W)`` invites.

    Args:
        data_loss, loss: expressions of the reference, without and with the regularisation.
        data_gradient, gradient: the same of the gradient.
    """
    kind = question.rpartition("-")[2]
    return [
        Misconception(
            f"{kind}-no-regularisation",
            question,
            {loss: data_loss, gradient: data_gradient},
            hint="The regularisation is missing, reg * sum(W * W) in the loss and its derivative "
            "in the gradient.",
        ),
        Misconception(
            f"{kind}-no-gradient-of-regularisation",
            question,
            {gradient: data_gradient},
            hint="The regularisation is in the loss but not in the gradient. What is the "
            "derivative of reg * w**2?",
        ),
        Misconception(
            f"{kind}-half-gradient-of-regularisation",
            question,
            {gradient: f"{data_gradient} + reg * W"},
            hint="The gradient of the regularisation lacks its factor of 2: the derivative of "
            "w**2 is 2 * w.",
        ),
    ]


MISCONCEPTIONS = [
    # --- svm-loss-naive ---
    Misconception(
        "naive-no-margin",
        NAIVE,
        {MARGIN: "margin = scores[j] - scores[y[i]]"},
        hint="The margin of 1 is missing: a class costs something as soon as its score comes "
        "closer than 1 to the score of the right class, not only when it is larger.",
    ),
    Misconception(
        "naive-margin-subtracted",
        NAIVE,
        {MARGIN: "margin = scores[j] - scores[y[i]] - 1"},
        hint="The sign of the margin is wrong: you let a wrong class win by 1 before it costs "
        "anything. It should already cost when it loses by less than 1.",
    ),
    Misconception(
        "naive-difference-reversed",
        NAIVE,
        {MARGIN: "margin = scores[y[i]] - scores[j] + 1"},
        hint="The difference is the wrong way round: it should grow with the score of the wrong "
        "class and shrink with the score of the right one.",
    ),
    Misconception(
        "naive-counts-right-class",
        NAIVE,
        {SKIP: "pass"},
        hint="You count the right class as well. Its difference to itself is 0, so it adds its "
        "margin of 1 to the loss of every example; leave it out of the sum.",
    ),
    Misconception(
        "naive-negative-margins",
        NAIVE,
        {VIOLATED: "loss += margin\n            if margin > 0:"},
        hint="You also add the margins below zero, so that classes that are far behind make up for "
        "those that are too close. Each term of the loss is at least 0.",
    ),
    Misconception(
        "naive-gradient-of-all",
        NAIVE,
        {
            VIOLATED: "loss += max(0, margin)\n            if True:",
        },
        hint="The loss is right, but every class adds to the gradient. Where the margin is kept, "
        "the loss is 0 and stays 0 when W moves a little: no gradient comes from there.",
    ),
    Misconception(
        "naive-only-the-worst",
        NAIVE,
        {
            INNER: "others = np.where(np.arange(num_classes) == y[i], -np.inf, scores)\n        "
            "j = np.argmax(others)\n        "
            "margin = scores[j] - scores[y[i]] + 1\n        "
            "if margin > 0:\n            loss += margin\n            "
            "dW[:, j] += X[i]\n            dW[:, y[i]] -= X[i]"
        },
        hint="You count only the wrong class with the largest score. That is a hinge loss, too "
        "(Crammer and Singer's), but here the terms of all wrong classes are added up.",
    ),
    Misconception(
        "naive-squared-hinge",
        NAIVE,
        {
            VIOLATED: "if margin > 0:\n                loss += margin**2",
            WRONG_CLASS: "dW[:, j] += 2 * margin * X[i]",
            RIGHT_CLASS: "dW[:, y[i]] -= 2 * margin * X[i]",
        },
        hint="You square the margins. The squared hinge loss exists, but this one adds the margins "
        "as they are.",
    ),
    Misconception(
        "naive-nothing-averaged",
        NAIVE,
        {LOSS: "loss = loss + reg * np.sum(W * W)", GRADIENT: "dW = dW + 2 * reg * W"},
        hint="You add up over the examples; the loss is their mean. Divide by N, the loss and the "
        "gradient both, before the regularisation comes in.",
    ),
    Misconception(
        "naive-loss-not-averaged",
        NAIVE,
        {LOSS: "loss = loss + reg * np.sum(W * W)"},
        hint="The gradient is averaged over the examples, but the loss is their sum. Divide it by "
        "N, before the regularisation comes in.",
    ),
    Misconception(
        "naive-gradient-not-averaged",
        NAIVE,
        {GRADIENT: "dW = dW + 2 * reg * W"},
        hint="The loss is averaged over the examples, but its gradient is not: divide dW by N, "
        "too, before the regularisation comes in.",
    ),
    Misconception(
        "naive-averaged-over-classes",
        NAIVE,
        {
            LOSS: "loss = loss / num_train / num_classes + reg * np.sum(W * W)",
            GRADIENT: "dW = dW / num_train / num_classes + 2 * reg * W",
        },
        hint="You average over the classes as well. The terms of the classes are added up; only "
        "over the examples a mean is taken.",
    ),
    Misconception(
        "naive-no-gradient",
        NAIVE,
        {WRONG_CLASS: "pass", RIGHT_CLASS: "pass", GRADIENT: "pass"},
        hint="The loss is right; now the gradient. Ask of each term of the loss: which columns of "
        "W does it depend on, and how does it change with them?",
    ),
    Misconception(
        "naive-gradient-without-right-class",
        NAIVE,
        {RIGHT_CLASS: "pass"},
        hint="Only the columns of the wrong classes get a gradient. The score of the right class "
        "is in every violated margin as well, with a minus.",
    ),
    Misconception(
        "naive-right-class-once",
        NAIVE,
        {
            INNER: INNER.replace(f"\n                {RIGHT_CLASS}", "")
            + "\n        dW[:, y[i]] -= X[i]"
        },
        hint="The column of the right class moves once for each example. Its score is in each of "
        "the violated margins, so it moves once for each of them.",
    ),
    Misconception(
        "naive-gradient-sign",
        NAIVE,
        {WRONG_CLASS: "dW[:, j] -= X[i]", RIGHT_CLASS: "dW[:, y[i]] += X[i]"},
        hint="The gradient of the data loss has the wrong sign: with it, going downhill would lift "
        "the scores of the wrong classes.",
    ),
    *regularisation_mistakes(
        NAIVE, "loss = loss / num_train", LOSS, "dW = dW / num_train", GRADIENT
    ),
    Misconception(
        "naive-half-regularisation",
        NAIVE,
        {
            LOSS: "loss = loss / num_train + 0.5 * reg * np.sum(W * W)",
            GRADIENT: "dW = dW / num_train + reg * W",
        },
        hint="You take half of the regularisation. Some texts do, so that its derivative is reg * "
        "W; here it is reg * sum(W * W), without the half.",
    ),
    Misconception(
        "naive-regularisation-averaged",
        NAIVE,
        {
            LOSS: "loss = (loss + reg * np.sum(W * W)) / num_train",
            GRADIENT: "dW = (dW + 2 * reg * W) / num_train",
        },
        hint="You divide the regularisation by N as well. Average over the examples first, then "
        "add it.",
    ),
    Misconception(
        "naive-root-of-regularisation",
        NAIVE,
        {LOSS: "loss = loss / num_train + reg * np.linalg.norm(W)"},
        hint="You add the norm of W; the regularisation is the sum of squares, which is the norm "
        "squared.",
    ),
    Misconception(
        "naive-in-place",
        NAIVE,
        {NAIVE_END: f"{GRADIENT}\n    W *= W\n    loss = loss / num_train + reg * np.sum(W)"},
        hint="The loss is right, but W is not what it was: *= works on the caller's array, whose "
        "weights are now squared. Write W * W.",
    ),
    # --- svm-loss-vectorized ---
    Misconception(
        "vectorized-no-margin",
        VECTORIZED,
        {MARGINS: "margins = np.maximum(0, scores - right)"},
        hint="The margin of 1 is missing: a class costs something as soon as its score comes "
        "closer than 1 to the score of the right class.",
    ),
    Misconception(
        "vectorized-counts-right-class",
        VECTORIZED,
        {VECTOR_LOSS: f"margins[rows, y] = 1\n    {VECTOR_LOSS}\n    {MARGINS_OF_RIGHT}  # now"},
        hint="The loss counts the right class as well, which adds 1 for each example. Set its "
        "margins to 0 before you add up.",
    ),
    Misconception(
        "vectorized-right-class-everywhere",
        VECTORIZED,
        {MARGINS_OF_RIGHT: "pass"},
        hint="You count the right class as well: its margin is always 1, which adds 1 to the loss "
        "of each example and one too many to what its column is pulled by. Set it to 0.",
    ),
    Misconception(
        "vectorized-broadcast",
        VECTORIZED,
        {RIGHT_SCORE: "right = scores[rows, y]"},
        hint="The scores of the right classes have shape (N,), and NumPy aligns that with the C "
        "columns. Make them a column of shape (N, 1).",
    ),
    Misconception(
        "vectorized-first-rows",
        VECTORIZED,
        {RIGHT_SCORE: "right = scores[:, y[0]][:, np.newaxis]"},
        hint="You compare every example with the same class. scores[rows, y], with rows = "
        "np.arange(N), picks from each row the score of its own label.",
    ),
    Misconception(
        "vectorized-mean-of-all",
        VECTORIZED,
        {
            VECTOR_LOSS: "loss = np.mean(margins) + reg * np.sum(W * W)",
        },
        hint="np.mean averages over examples and classes. The classes are added up; only over the "
        "N examples a mean is taken.",
    ),
    Misconception(
        "vectorized-not-averaged",
        VECTORIZED,
        {
            VECTOR_LOSS: "loss = np.sum(margins) + reg * np.sum(W * W)",
            VECTOR_GRADIENT: "dW = X.T @ pull + 2 * reg * W",
        },
        hint="You add up over the examples; the loss and its gradient are means over them.",
    ),
    Misconception(
        "vectorized-gradient-not-averaged",
        VECTORIZED,
        {VECTOR_GRADIENT: "dW = X.T @ pull + 2 * reg * W"},
        hint="The loss is averaged over the examples, but its gradient is not: divide the product "
        "by N, too.",
    ),
    Misconception(
        "vectorized-pulled-by-margins",
        VECTORIZED,
        {PULL: "pull = margins.copy()"},
        hint="You weigh each example with the size of its margin, which is the gradient of half "
        "the squared hinge. The hinge has slope 1 wherever it is above zero: count, do not weigh.",
    ),
    Misconception(
        "vectorized-gradient-without-right-class",
        VECTORIZED,
        {PULL_OF_RIGHT: "pass"},
        hint="Only the columns of the wrong classes get a gradient. The column of the right class "
        "gets minus the example, once for each violated margin.",
    ),
    Misconception(
        "vectorized-right-class-once",
        VECTORIZED,
        {PULL_OF_RIGHT: "pull[rows, y] = -1"},
        hint="The column of the right class moves once for each example. Its score is in each of "
        "the violated margins: it moves as often as there are any in that row.",
    ),
    Misconception(
        "vectorized-pull-over-examples",
        VECTORIZED,
        {PULL_OF_RIGHT: "pull[rows, y] = -np.sum(pull, axis=0)[y]"},
        hint="You count violated margins over the examples (axis 0). For each example, count those "
        "in its row, over the classes (axis 1).",
    ),
    *regularisation_mistakes(
        VECTORIZED,
        "loss = np.sum(margins) / num_train",
        VECTOR_LOSS,
        "dW = X.T @ pull / num_train",
        VECTOR_GRADIENT,
    ),
    Misconception(
        "vectorized-in-place",
        VECTORIZED,
        {VECTOR_BODY: f"{VECTOR_BODY.rpartition(VECTOR_LOSS)[0]}"
         "loss = np.sum(margins) / num_train\n    penalty = W\n    "
         "\n    "
         f"{PULL}\n    {PULL_OF_RIGHT}\n    {VECTOR_GRADIENT}\n    "
         "penalty **= 2\n    loss += reg * np.sum(penalty)"},
        hint="The loss is right, but W is not what it was: `penalty = W` makes no copy, so **= "
        "squares the caller's weights. Write W**2.",
    ),
    Misconception(
        "vectorized-loops",
        VECTORIZED,
        {VECTOR_BODY: "loss, dW = svm_loss_naive(W, X, y, reg)"},
        hint="The numbers are right, but Python still loops over the examples, here or in a "
        "function that is called. All scores are one matrix product, X @ W; work on whole arrays "
        "from there.",
    ),
]  # fmt: skip

SHORTCUTS = [
    Shortcut(
        "torch-hinge",
        NAIVE,
        append="""import torch

def svm_loss_naive(W, X, y, reg):
    W = torch.tensor(W, requires_grad=True)
    loss = torch.nn.functional.multi_margin_loss(torch.tensor(X) @ W, torch.tensor(y))
    loss = loss * W.shape[1] + reg * (W * W).sum()
    loss.backward()
    return loss.item(), W.grad.numpy()
""",
    ),
    Shortcut(
        "stand-in-loss",
        VECTORIZED,
        append="import assignments.standins.a1_classifiers.svm as finished\n"
        "svm_loss_vectorized = finished.svm_loss_vectorized\n",
    ),
    Shortcut(
        "own-notebook-as-previous",
        VECTORIZED,
        append="""from assignments import previous

def svm_loss_vectorized(W, X, y, reg):
    return previous("a1_classifiers/svm").svm_loss_vectorized(W, X, y, reg)
""",
    ),
    Shortcut(
        "hidden-checks-oracle",
        NAIVE,
        append="""
def svm_loss_naive(W, X, y, reg):
    from autograder.checks.a1_classifiers.test_svm import hinge
    return hinge(W, X, y, reg)
""",
    ),
]

VARIANTS = [
    Variant(
        "naive-maximum",
        NAIVE,
        {
            VIOLATED: "loss += max(0.0, margin)\n            if margin > 0:",
        },
    ),
    Variant(
        "naive-loop-over-examples",
        NAIVE,
        {
            INNER: "margins = np.maximum(0, scores - scores[y[i]] + 1)\n        "
            "margins[y[i]] = 0\n        loss += margins.sum()\n        "
            "pull = (margins > 0).astype(float)\n        pull[y[i]] = -pull.sum()\n        "
            "dW += np.outer(X[i], pull)"
        },
    ),
    Variant(
        "naive-averaged-on-the-way",
        NAIVE,
        {
            VIOLATED: "if margin > 0:\n                loss += margin / num_train",
            WRONG_CLASS: "dW[:, j] += X[i] / num_train",
            RIGHT_CLASS: "dW[:, y[i]] -= X[i] / num_train",
            LOSS: "loss += reg * np.linalg.norm(W) ** 2",
            GRADIENT: "dW += reg * 2 * W",
        },
    ),
    Variant(
        "naive-array-loss",
        NAIVE,
        {LOSS: f"{LOSS}\n    loss = np.array(loss)"},
    ),
    Variant(
        "naive-plain-python",
        NAIVE,
        {
            "scores = X[i] @ W": "scores = [sum(float(x) * w for x, w in zip(X[i], W[:, c])) "
            "for c in range(num_classes)]"
        },
    ),
    Variant(
        "vectorized-mask",
        VECTORIZED,
        {
            MARGINS_OF_RIGHT: "margins *= np.arange(W.shape[1]) != y[:, np.newaxis]",
            PULL_OF_RIGHT: "right_class = np.arange(W.shape[1]) == y[:, np.newaxis]\n    "
            "pull = pull - right_class * pull.sum(axis=1, keepdims=True)",
        },
    ),
    Variant(
        "vectorized-minus-one",
        VECTORIZED,
        {
            MARGINS_OF_RIGHT: "pass",
            VECTOR_LOSS: "loss = np.mean(margins.sum(axis=1) - 1) + reg * np.sum(W**2)",
            PULL_OF_RIGHT: "np.subtract.at(pull, (rows, y), pull.sum(axis=1))",
        },
    ),
    Variant(
        "vectorized-transposed",
        VECTORIZED,
        {
            "scores = X @ W": "scores = np.dot(W.T, X.T).T",
            RIGHT_SCORE: "right = np.take_along_axis(scores, y.reshape(-1, 1), axis=1)",
            VECTOR_GRADIENT: "dW = np.einsum('nd,nc->dc', X, pull) / len(y) + reg * (W + W)",
        },
    ),
    Variant(
        "vectorized-float32",
        VECTORIZED,
        {VECTOR_GRADIENT: f"{VECTOR_GRADIENT}\n    dW = dW.astype(np.float32)"},
    ),
]
