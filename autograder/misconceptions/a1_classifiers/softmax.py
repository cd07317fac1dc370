"""Misconceptions, shortcuts and accepted variants of the softmax notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant
from autograder.misconceptions.a1_classifiers.svm import regularisation_mistakes

NAIVE, VECTORIZED = "softmax-loss-naive", "softmax-loss-vectorized"
CLASSIFIERS, TRAIN, PREDICT = "softmax-classifiers", "softmax-train", "softmax-predict"

# Parts of the reference that several patches replace.
SHIFT = "shifted = scores - np.max(scores)\n"
TOTAL = "total = np.sum(np.exp(shifted))"
TERM = "loss += np.log(total) - shifted[y[i]]"
P = "p = np.exp(shifted[j]) / total"
COLUMN = "dW[:, j] += (p - (j == y[i])) * X[i]"
COLUMNS = f"""for j in range(num_classes):
            {P}
            {COLUMN}"""
LOSS = "loss = loss / num_train + reg * np.sum(W * W)"
GRADIENT = "dW = dW / num_train + 2 * reg * W"
NAIVE_END = f"{LOSS}\n    {GRADIENT}"

VECTOR_SHIFT = "shifted = scores - np.max(scores, axis=1, keepdims=True)"
TOTALS = "totals = np.sum(exps, axis=1, keepdims=True)"
LOSSES = "losses = np.log(totals[:, 0]) - shifted[rows, y]"
VECTOR_LOSS = "loss = np.mean(losses) + reg * np.sum(W * W)"
ERRORS = "errors = exps / totals"
MINUS_ONE = "errors[rows, y] -= 1"
VECTOR_GRADIENT = "dW = X.T @ errors / num_train + 2 * reg * W"
VECTOR_BODY = f"""num_train = len(X)
    rows = np.arange(num_train)
    scores = X @ W
    {VECTOR_SHIFT}
    exps = np.exp(shifted)
    {TOTALS}
    {LOSSES}
    {VECTOR_LOSS}

    {ERRORS}
    {MINUS_ONE}
    {VECTOR_GRADIENT}"""

SVM_LOSS = "return svm.svm_loss_vectorized(self.W, X, y, reg)"
SOFTMAX_LOSS = "return softmax_loss_vectorized(self.W, X, y, reg)"

STEPS = "for step in range(num_iters):"
DRAW = "batch = np.random.choice(num_train, batch_size)"
BATCH_LOSS = "loss, dW = self.loss(X[batch], y[batch], reg)"
NOTE = "loss_history.append(loss)"
MOVE = "self.W = self.W - learning_rate * dW"

WINNER = "y_pred = np.argmax(X @ self.W, axis=1)"

MISCONCEPTIONS = [
    # --- softmax-loss-naive ---
    Misconception(
        "naive-nothing-averaged",
        NAIVE,
        {LOSS: "loss = loss + reg * np.sum(W * W)", GRADIENT: "dW = dW + 2 * reg * W"},
        hint="You add up over the examples; the loss is their mean. Divide by N, the loss and the "
        "gradient both, before the regularisation comes in.",
    ),
    Misconception(
        "naive-gradient-not-averaged",
        NAIVE,
        {GRADIENT: "dW = dW + 2 * reg * W"},
        hint="The loss is averaged over the examples, but its gradient is not: divide dW by N, "
        "too, before the regularisation comes in.",
    ),
    Misconception(
        "naive-log-sign",
        NAIVE,
        {TERM: "loss += shifted[y[i]] - np.log(total)"},
        hint="The data loss has the wrong sign: the logarithm of a probability is negative, and "
        "the loss is minus that logarithm.",
    ),
    Misconception(
        "naive-probability-as-loss",
        NAIVE,
        {TERM: "loss += 1 - np.exp(shifted[y[i]]) / total"},
        hint="You take one minus the probability of the right class. The cross-entropy is minus "
        "its logarithm, which punishes confident mistakes much harder.",
    ),
    Misconception(
        "naive-log-base-two",
        NAIVE,
        {TERM: "loss += np.log2(total / np.exp(shifted[y[i]]))"},
        hint="You take the logarithm to base 2. The loss is the natural logarithm, np.log, as its "
        "gradient assumes.",
    ),
    Misconception(
        "naive-all-classes",
        NAIVE,
        {TERM: "loss += np.sum(np.log(total) - shifted)"},
        hint="You add up -log(p) of all classes. Only the right class's probability counts.",
    ),
    Misconception(
        "naive-total-without-right-class",
        NAIVE,
        {TERM: "loss += np.log(total - np.exp(shifted[y[i]])) - shifted[y[i]]"},
        hint="The right class is missing in the sum that you divide by. That sum goes over all "
        "classes, so that the probabilities add up to 1.",
    ),
    Misconception(
        "naive-gradient-without-minus-one",
        NAIVE,
        {COLUMN: "dW[:, j] += p * X[i]"},
        hint="Every column is pushed by its probability. The right class's score is in the loss a "
        "second time, with a minus: for that class it is p - 1.",
    ),
    Misconception(
        "naive-gradient-of-right-class-only",
        NAIVE,
        {COLUMN: "dW[:, j] += (p - 1) * X[i] * (j == y[i])"},
        hint="Only the right class's column gets a gradient. The other scores are in the sum of "
        "exponentials, so their columns get p times the example.",
    ),
    Misconception(
        "naive-gradient-sign",
        NAIVE,
        {COLUMN: "dW[:, j] += ((j == y[i]) - p) * X[i]"},
        hint="The gradient of the data loss has the wrong sign: with it, going downhill would "
        "lower the score of the right class.",
    ),
    Misconception(
        "naive-no-gradient",
        NAIVE,
        {COLUMNS: "pass", GRADIENT: "pass"},
        hint="The loss is right; now the gradient. How does -log(p) of the right class change with "
        "each of the scores, and a score with its column of W?",
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
        "naive-overflow",
        NAIVE,
        {SHIFT: "shifted = scores\n"},
        hint="np.exp of a score above 709 is infinite, and of all scores below -745 it is 0, so "
        "that you divide infinity by infinity or 0 by 0. Subtract the largest score of the example "
        "first: the probabilities stay the same.",
    ),
    Misconception(
        "naive-shift-of-all",
        NAIVE,
        {SHIFT: "shifted = scores - np.max(X @ W)\n"},
        hint="You subtract the largest score of all examples. One whose scores lie far below that "
        "has nothing left but zeros. Subtract from each example its own largest score.",
    ),
    Misconception(
        "naive-log-of-zero",
        NAIVE,
        {TERM: "loss += -np.log(np.exp(shifted[y[i]]) / total)"},
        hint="Where the right class's probability is so small that it rounds to 0, you take the "
        "logarithm of 0. Take the logarithm on paper first: -log(exp(s) / total) is log(total) - "
        "s.",
    ),
    Misconception(
        "naive-in-place",
        NAIVE,
        {NAIVE_END: f"{GRADIENT}\n    W *= W\n    loss = loss / num_train + reg * np.sum(W)"},
        hint="The loss is right, but W is not what it was: *= works on the caller's array, whose "
        "weights are now squared. Write W * W.",
    ),
    # --- softmax-loss-vectorized ---
    Misconception(
        "vectorized-over-examples",
        VECTORIZED,
        {TOTALS: "totals = np.sum(exps, axis=0, keepdims=True) * np.ones((num_train, 1))",
         LOSSES: "losses = np.log(totals[rows, y]) - shifted[rows, y]"},
        hint="The exponentials are added up over the examples (axis 0). The probabilities of one "
        "example, in one row, add up to 1: sum over axis 1.",
    ),
    Misconception(
        "vectorized-total-of-all",
        VECTORIZED,
        {TOTALS: "totals = np.full((num_train, 1), np.sum(exps))"},
        hint="np.sum without an axis adds up the exponentials of all examples. Each example has a "
        "sum of its own: axis=1, keepdims=True.",
    ),
    Misconception(
        "vectorized-mean-of-all",
        VECTORIZED,
        {
            VECTOR_LOSS: "loss = np.sum(losses) / scores.size + reg * np.sum(W * W)",
            VECTOR_GRADIENT: "dW = X.T @ errors / scores.size + 2 * reg * W",
        },
        hint="You average over the classes as well. There is one term for each example: divide by "
        "N only.",
    ),
    Misconception(
        "vectorized-not-averaged",
        VECTORIZED,
        {
            VECTOR_LOSS: "loss = np.sum(losses) + reg * np.sum(W * W)",
            VECTOR_GRADIENT: "dW = X.T @ errors + 2 * reg * W",
        },
        hint="You add up over the examples; the loss and its gradient are means over them.",
    ),
    Misconception(
        "vectorized-gradient-not-averaged",
        VECTORIZED,
        {VECTOR_GRADIENT: "dW = X.T @ errors + 2 * reg * W"},
        hint="The loss is averaged over the examples, but its gradient is not: divide the product "
        "by N, too.",
    ),
    Misconception(
        "vectorized-all-classes",
        VECTORIZED,
        {LOSSES: "losses = np.sum(np.log(totals) - shifted, axis=1)"},
        hint="You add up -log(p) of all classes. Only the right class's probability counts: p[np."
        "arange(N), y] picks it from each row.",
    ),
    Misconception(
        "vectorized-gradient-without-minus-one",
        VECTORIZED,
        {MINUS_ONE: "pass"},
        hint="Every column is pushed by its probability. For the right class it is p - 1, since "
        "its score is in the loss a second time, with a minus.",
    ),
    Misconception(
        "vectorized-minus-one-everywhere",
        VECTORIZED,
        {MINUS_ONE: "errors[:, y] -= 1"},
        hint="errors[:, y] takes whole columns, for every example. errors[np.arange(N), y] takes "
        "from each row the element of its own label.",
    ),
    Misconception(
        "vectorized-gradient-sign",
        VECTORIZED,
        {VECTOR_GRADIENT: "dW = -X.T @ errors / num_train + 2 * reg * W"},
        hint="The gradient of the data loss has the wrong sign: with it, going downhill would "
        "lower the score of the right class.",
    ),
    *regularisation_mistakes(
        VECTORIZED,
        "loss = np.mean(losses)",
        VECTOR_LOSS,
        "dW = X.T @ errors / num_train",
        VECTOR_GRADIENT,
    ),
    Misconception(
        "vectorized-overflow",
        VECTORIZED,
        {VECTOR_SHIFT: "shifted = scores"},
        hint="np.exp of a score above 709 is infinite, and of all scores below -745 it is 0, so "
        "that you divide infinity by infinity or 0 by 0. Subtract the largest score of each row "
        "first: the probabilities stay the same.",
    ),
    Misconception(
        "vectorized-shift-of-all",
        VECTORIZED,
        {VECTOR_SHIFT: "shifted = scores - np.max(scores)"},
        hint="np.max without an axis is the largest score of all examples. A row whose scores lie "
        "far below that has nothing left but zeros. Subtract from each row its own largest score.",
    ),
    Misconception(
        "vectorized-log-of-zero",
        VECTORIZED,
        {LOSSES: "losses = -np.log((exps / totals)[rows, y])"},
        hint="Where the right class's probability is so small that it rounds to 0, you take the "
        "logarithm of 0. Take the logarithm on paper first: -log(exp(s) / total) is log(total) - "
        "s.",
    ),
    Misconception(
        "vectorized-in-place",
        VECTORIZED,
        {
            VECTOR_LOSS: "loss = np.mean(losses)",
            VECTOR_GRADIENT: f"{VECTOR_GRADIENT}\n    penalty = W\n    penalty **= 2\n    "
            "loss += reg * np.sum(penalty)",
        },
        hint="The loss is right, but W is not what it was: `penalty = W` makes no copy, so **= "
        "squares the caller's weights. Write W**2.",
    ),
    Misconception(
        "vectorized-loops",
        VECTORIZED,
        {VECTOR_BODY: "loss, dW = softmax_loss_naive(W, X, y, reg)"},
        hint="The numbers are right, but Python still loops over the examples, here or in a "
        "function that is called. All scores are one matrix product, X @ W; work on whole arrays "
        "from there.",
    ),
    # --- softmax-classifiers ---
    Misconception(
        "classifiers-exchanged",
        CLASSIFIERS,
        {
            SVM_LOSS: "return softmax_loss_vectorized(self.W, X, y, reg=reg)",
            SOFTMAX_LOSS: "return svm.svm_loss_vectorized(self.W, X, y, reg)",
        },
        hint="The two losses are exchanged: the hinge loss belongs to LinearSVM, the cross-entropy "
        "to Softmax.",
    ),
    Misconception(
        "classifiers-all-softmax",
        CLASSIFIERS,
        {SVM_LOSS: "return softmax_loss_vectorized(self.W, X, y, reg)"},
        hint="LinearSVM has the loss of Softmax. Its own comes from your svm notebook: "
        "svm.svm_loss_vectorized.",
    ),
    Misconception(
        "classifiers-ignore-reg",
        CLASSIFIERS,
        {
            SVM_LOSS: "return svm.svm_loss_vectorized(self.W, X, y, 0.0)",
            SOFTMAX_LOSS: "return softmax_loss_vectorized(self.W, X, y, 0.0)",
        },
        hint="reg does not reach the loss, so nothing is regularised. Pass it on.",
    ),
    Misconception(
        "classifiers-loss-only",
        CLASSIFIERS,
        {
            SVM_LOSS: "return svm.svm_loss_vectorized(self.W, X, y, reg)[0]",
            SOFTMAX_LOSS: "return softmax_loss_vectorized(self.W, X, y, reg)[0]",
        },
        hint="Only the loss is returned. train needs the gradient as well: return both.",
    ),
    Misconception(
        "classifiers-exchange-arguments",
        CLASSIFIERS,
        {
            SVM_LOSS: "return svm.svm_loss_vectorized(X, self.W, y, reg)",
            SOFTMAX_LOSS: "return softmax_loss_vectorized(X, self.W, y, reg)",
        },
        hint="The order of the arguments is wrong: the weights come first, then the examples.",
    ),
    # --- softmax-train ---
    Misconception(
        "train-uphill",
        TRAIN,
        {MOVE: "self.W = self.W + learning_rate * dW"},
        hint="You add the gradient, which points uphill: the loss grows. Subtract it.",
    ),
    Misconception(
        "train-forgets-the-step",
        TRAIN,
        {MOVE: "W = self.W - learning_rate * dW"},
        hint="The step goes into a local variable, and self.W stays where it was.",
    ),
    Misconception(
        "train-no-learning-rate",
        TRAIN,
        {MOVE: "self.W = self.W - dW"},
        hint="The learning rate is not used; each step is as long as the gradient.",
    ),
    Misconception(
        "train-rate-by-batch",
        TRAIN,
        {MOVE: "self.W = self.W - learning_rate / batch_size * dW"},
        hint="You divide the step by the size of the batch. The loss is a mean already.",
    ),
    Misconception(
        "train-regularised-twice",
        TRAIN,
        {MOVE: "self.W = self.W - learning_rate * (dW + 2 * reg * self.W)"},
        hint="The gradient of the regularisation is in dW already; you subtract it twice.",
    ),
    Misconception(
        "train-one-step-short",
        TRAIN,
        {STEPS: "for step in range(1, num_iters):"},
        hint="There is one step too few: range(1, n) has n - 1 numbers.",
    ),
    Misconception(
        "train-last-loss",
        TRAIN,
        {NOTE: "loss_history = [float(loss)]"},
        hint="Only the last loss is kept; append each one to the history.",
    ),
    Misconception(
        "train-sparse-history",
        TRAIN,
        {NOTE: "loss_history += [float(loss)] * (step % 100 == 0)"},
        hint="The loss is kept only every 100 steps. Print as rarely as you like, but keep the "
        "loss of each step.",
    ),
    Misconception(
        "train-all-examples",
        TRAIN,
        {BATCH_LOSS: "loss, dW = self.loss(X, y, reg)"},
        hint="Each step goes through all training examples: gradient descent, but not a stochastic "
        "one. Hand the batch to the loss.",
    ),
    Misconception(
        "train-one-batch",
        TRAIN,
        {STEPS: f"{DRAW}\n        {STEPS}", f"            {DRAW}\n": ""},
        hint="The batch is drawn once, before the loop, so all steps see the same few examples. "
        "Draw a new one in each step.",
    ),
    Misconception(
        "train-first-examples",
        TRAIN,
        {DRAW: "batch = np.arange(batch_size)"},
        hint="Every batch holds the first examples; most of the training set is never seen. Draw "
        "at random from all N.",
    ),
    Misconception(
        "train-draws-from-the-first",
        TRAIN,
        {DRAW: "batch = np.random.choice(batch_size, batch_size)"},
        hint="You draw from the first batch_size examples only. np.random.choice(n, size) draws "
        "from 0 to n - 1: n is the number of training examples.",
    ),
    Misconception(
        "train-labels-apart",
        TRAIN,
        {BATCH_LOSS: "loss, dW = self.loss(X[batch], y[np.random.choice(num_train, batch_size)], "
         "reg)"},
        hint="Examples and labels are drawn apart, so that labels no longer belong to their "
        "examples. Draw positions once and use them for both.",
    ),
    Misconception(
        "train-ignores-reg",
        TRAIN,
        {BATCH_LOSS: "loss, dW = self.loss(X[batch], y[batch], 0.0)"},
        hint="reg does not reach the loss, so nothing is regularised.",
    ),
    # --- softmax-predict ---
    Misconception(
        "predict-smallest",
        PREDICT,
        {WINNER: "y_pred = np.argmin(X @ self.W, axis=1)"},
        hint="You choose the class with the smallest score.",
    ),
    Misconception(
        "predict-over-examples",
        PREDICT,
        {WINNER: "y_pred = np.argmax(X @ self.W, axis=0)"},
        hint="The maximum is taken over the examples (axis 0): which example has the largest score "
        "of each class. For each example, look along its row, over the classes.",
    ),
    Misconception(
        "predict-no-axis",
        PREDICT,
        {WINNER: "y_pred = np.argmax(X @ self.W)"},
        hint="np.argmax without an axis gives one position in the whole table of scores. There is "
        "a label to predict for each example: axis=1.",
    ),
    Misconception(
        "predict-scores",
        PREDICT,
        {WINNER: "y_pred = np.max(X @ self.W, axis=1)"},
        hint="You return the largest score itself; the label is its position, np.argmax.",
    ),
    Misconception(
        "predict-all-scores",
        PREDICT,
        {WINNER: "y_pred = X @ self.W"},
        hint="You return the scores of all classes. The prediction is the class with the largest.",
    ),
    Misconception(
        "predict-absolute",
        PREDICT,
        {WINNER: "y_pred = np.argmax(np.abs(X @ self.W), axis=1)"},
        hint="A score far below zero says that the class is unlikely; its size without its sign "
        "says nothing.",
    ),
    Misconception(
        "predict-in-place",
        PREDICT,
        {WINNER: f"X *= 2\n        {WINNER}"},
        hint="The labels are right, but X is not what it was: an operation like *= or -= works on "
        "the caller's array. Work on a copy.",
    ),
    Misconception(
        "predict-changes-weights",
        PREDICT,
        {WINNER: f"self.W -= np.mean(self.W)\n        {WINNER}"},
        hint="The labels are right, but predicting changes self.W. A prediction leaves the "
        "classifier as it was.",
    ),
]  # fmt: skip

SHORTCUTS = [
    Shortcut(
        "torch-cross-entropy",
        NAIVE,
        append="""import torch

def softmax_loss_naive(W, X, y, reg):
    W = torch.tensor(W, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(torch.tensor(X) @ W, torch.tensor(y))
    loss = loss + reg * (W * W).sum()
    loss.backward()
    return loss.item(), W.grad.numpy()
""",
    ),
    Shortcut(
        "stand-in-loss",
        VECTORIZED,
        append="import assignments.standins.a1_classifiers.softmax as finished\n"
        "softmax_loss_vectorized = finished.softmax_loss_vectorized\n",
    ),
    Shortcut(
        "own-notebook-as-previous",
        VECTORIZED,
        append="""from assignments import previous

def softmax_loss_vectorized(W, X, y, reg):
    return previous("a1_classifiers/softmax").softmax_loss_vectorized(W, X, y, reg)
""",
    ),
    Shortcut(
        "stand-in-classifiers",
        CLASSIFIERS,
        append="import assignments.standins.a1_classifiers.softmax as finished\n"
        "LinearSVM, Softmax = finished.LinearSVM, finished.Softmax\n",
    ),
    Shortcut(
        "stand-in-training",
        TRAIN,
        append="import assignments.standins.a1_classifiers.softmax as finished\n"
        "LinearClassifier, Softmax = finished.LinearClassifier, finished.Softmax\n",
    ),
    Shortcut(
        "scikit-learn-predict",
        PREDICT,
        append="""from sklearn.linear_model import LogisticRegression

class Softmax(Softmax):
    def predict(self, X):
        model = LogisticRegression()
        model.classes_, model.coef_, model.intercept_ = range(self.W.shape[1]), self.W.T, 0
        return model.predict(X)

class LinearSVM(Softmax):
    pass
""",
    ),
]

VARIANTS = [
    Variant(
        "naive-exponential-of-difference",
        NAIVE,
        {
            TERM: "loss += np.log(np.sum(np.exp(shifted))) - scores[y[i]] + np.max(scores)",
            P: "p = np.exp(shifted[j] - np.log(total))",
        },
    ),
    Variant(
        "naive-outer-product",
        NAIVE,
        {
            COLUMNS: "errors = np.exp(shifted) / total\n        errors[y[i]] -= 1\n        "
            "dW += np.outer(X[i], errors)"
        },
    ),
    Variant(
        "naive-two-cases",
        NAIVE,
        {
            COLUMN: """if j == y[i]:
                dW[:, j] -= (1 - p) * X[i]
            else:
                dW[:, j] += p * X[i]"""
        },
    ),
    Variant("naive-array-loss", NAIVE, {LOSS: f"{LOSS}\n    loss = np.array(loss)"}),
    Variant(
        "vectorized-log-probabilities",
        VECTORIZED,
        {
            LOSSES: "losses = -(shifted - np.log(totals))[rows, y]",
            VECTOR_LOSS: "loss = losses.mean() + reg * np.linalg.norm(W) ** 2",
        },
    ),
    Variant(
        "vectorized-one-hot",
        VECTORIZED,
        {
            MINUS_ONE: "errors = errors - np.eye(W.shape[1])[y]",
            VECTOR_GRADIENT: "dW = np.einsum('nd,nc->dc', X, errors) / len(y) + reg * (W + W)",
        },
    ),
    Variant(
        "vectorized-transposed",
        VECTORIZED,
        {
            "scores = X @ W\n    shifted": "scores = W.T.dot(X.T).T\n    shifted",
            VECTOR_GRADIENT: "dW = errors.T.dot(X).T / num_train\n    dW += 2 * reg * W",
        },
    ),
    Variant(
        "vectorized-float32",
        VECTORIZED,
        {VECTOR_GRADIENT: f"{VECTOR_GRADIENT}\n    dW = dW.astype(np.float32)"},
    ),
    Variant(
        "classifiers-naive",
        CLASSIFIERS,
        {
            SVM_LOSS: "return svm.svm_loss_naive(self.W, X, y, reg)",
            SOFTMAX_LOSS: "return softmax_loss_naive(self.W, X, y, reg)",
        },
    ),
    Variant(
        "classifiers-unpacked",
        CLASSIFIERS,
        {
            SVM_LOSS: "loss, dW = svm.svm_loss_vectorized(W=self.W, X=X, y=y, reg=reg)\n        "
            "return loss, dW",
            SOFTMAX_LOSS: "return tuple(softmax_loss_vectorized(self.W, X, y, reg=reg))",
        },
    ),
    Variant(
        "train-without-repetition",
        TRAIN,
        {DRAW: "batch = np.random.choice(num_train, batch_size, replace=False)"},
    ),
    Variant(
        "train-generator",
        TRAIN,
        {
            STEPS: f"rng = np.random.default_rng()\n        {STEPS}",
            DRAW: "batch = rng.integers(num_train, size=batch_size)",
        },
    ),
    Variant(
        "train-in-place",
        TRAIN,
        {NOTE: "loss_history += [loss]", MOVE: "self.W -= learning_rate * dW"},
    ),
    Variant(
        "train-epochs",
        TRAIN,
        {
            STEPS: f"unseen = np.array([], int)\n        {STEPS}",
            DRAW: "if len(unseen) < batch_size:\n                "
            "unseen = np.random.permutation(num_train)\n            "
            "batch, unseen = unseen[:batch_size], unseen[batch_size:]",
        },
    ),
    Variant(
        "train-progress-bar",
        TRAIN,
        {STEPS: "import tqdm\n\n        for step in tqdm.trange(num_iters, disable=not verbose):"},
    ),
    Variant(
        "predict-transposed",
        PREDICT,
        {WINNER: "y_pred = (self.W.T @ X.T).argmax(axis=0)"},
    ),
    Variant(
        "predict-loop",
        PREDICT,
        {WINNER: "y_pred = np.array([int(np.argmax(x @ self.W)) for x in X])"},
    ),
    Variant("predict-floats", PREDICT, {WINNER: f"{WINNER}.astype(float)"}),
]
