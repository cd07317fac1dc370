"""Misconceptions, shortcuts and accepted variants of the kNN notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant

TWO, ONE, NO = "knn-two-loops", "knn-one-loop", "knn-no-loops"
LABELS, PREDICT, FOLDS = "knn-predict-labels", "knn-predict", "knn-cross-validate"

# Parts of the reference that several patches replace.
PAIR = "dists[i, j] = np.sqrt(np.sum(difference**2))"
PAIR_FLOATS = "test = X.astype(np.float64)\n        train = self.X_train.astype(np.float64)"
ROW = "dists[i] = np.sqrt(np.sum(differences**2, axis=1))"
ROW_FLOATS = "X = X.astype(np.float64)\n        X_train = self.X_train.astype(np.float64)"
ROW_LOOP = f"""for i in range(num_test):
            differences = X_train - X[i]
            {ROW}"""
SQUARED = "squared = A_squared + B_squared - 2 * A @ B.T"
ROOT = "dists = np.sqrt(np.maximum(squared, 0))"
MATRIX_FLOATS = "A = X.astype(np.float64)\n        B = self.X_train.astype(np.float64)"
MATRIX = f"""{MATRIX_FLOATS}
        A_squared = np.sum(A**2, axis=1)[:, np.newaxis]
        B_squared = np.sum(B**2, axis=1)
        {SQUARED}
        {ROOT}"""
SORT = "nearest = np.argsort(dists[i])[:k]"
COUNT = "votes = np.bincount(self.y_train[nearest])"
WINNER = "y_pred[i] = np.argmax(votes)"
VOTE = f"""{COUNT}
            {WINNER}"""
VOTE_LOOP = f"""for i in range(num_test):
            {SORT}
            {VOTE}"""
CHOICE = """if num_loops == 0:
            dists = self.compute_distances_no_loops(X)
        elif num_loops == 1:
            dists = self.compute_distances_one_loop(X)
        elif num_loops == 2:
            dists = self.compute_distances_two_loops(X)
        else:
            raise ValueError(f"num_loops must be 0, 1 or 2, not {num_loops!r}")"""
RESULT = "return self.predict_labels(dists, k=k)"
SPLIT = """X_folds = np.array_split(X, num_folds)
    y_folds = np.array_split(y, num_folds)"""
X_REST = "X_rest = np.concatenate(X_folds[:fold] + X_folds[fold + 1 :])"
Y_REST = "y_rest = np.concatenate(y_folds[:fold] + y_folds[fold + 1 :])"
FOLD_TRAIN = "classifier.train(X_rest, y_rest)"
FOLD_DISTS = "dists = classifier.compute_distances_no_loops(X_folds[fold])"
FOLD_PREDICT = "y_pred = classifier.predict_labels(dists, k)"
ACCURACY = "accuracies[k].append(float(np.mean(y_pred == y_folds[fold])))"

MISCONCEPTIONS = [
    # --- knn-two-loops ---
    Misconception(
        "two-loops-no-square-root",
        TWO,
        {PAIR: "dists[i, j] = np.sum(difference**2)"},
        hint="You return squared distances. The order of the neighbours is the same, but a "
        "Euclidean distance is the square root of the sum.",
    ),
    Misconception(
        "two-loops-absolute-differences",
        TWO,
        {PAIR: "dists[i, j] = np.sum(np.abs(difference))"},
        hint="You add up absolute differences: the Manhattan (L1) distance. So it comes out, too, "
        "when the root is taken of each square. Square each difference, add up, then take one "
        "root.",
    ),
    Misconception(
        "two-loops-squares-the-sum",
        TWO,
        {PAIR: "dists[i, j] = np.sqrt(np.sum(difference) ** 2)"},
        hint="You add up the differences first and square their sum, so differences of opposite "
        "sign cancel. Square each one before adding up.",
    ),
    Misconception(
        "two-loops-mean",
        TWO,
        {PAIR: "dists[i, j] = np.sqrt(np.mean(difference**2))"},
        hint="You average the squared differences over the dimensions; the Euclidean distance adds "
        "them up.",
    ),
    Misconception(
        "two-loops-transposed",
        TWO,
        {
            PAIR: "dists[i, j] = np.sqrt(np.sum(difference**2))\n        dists = dists.T",
        },
        hint="Rows and columns are exchanged: row i belongs to test example i, column j to "
        "training example j.",
    ),
    Misconception(
        "two-loops-whole-row",
        TWO,
        {PAIR: "dists[i] = np.sqrt(np.sum(difference**2))"},
        hint="Within the inner loop you write a whole row, so that each pair overwrites those "
        "before it. One pair is one element: it has two indices.",
    ),
    Misconception(
        "two-loops-last-column",
        TWO,
        {"for j in range(num_train):": "for j in range(num_train - 1):"},
        hint="The last training example is never reached: range(n) already ends at n - 1.",
    ),
    Misconception(
        "two-loops-uint8",
        TWO,
        {PAIR_FLOATS: "test = X\n        train = self.X_train"},
        hint="You subtract pixels of type uint8, which wrap around: 3 - 5 gives 254. Convert both "
        "sets to floating point before you subtract.",
    ),
    Misconception(
        "two-loops-in-place",
        TWO,
        {
            PAIR_FLOATS: "test = np.asarray(X, dtype=np.float64)\n        "
            "train = np.asarray(self.X_train, dtype=np.float64)",
            "difference = test[i] - train[j]": "difference = test[i]\n                "
            "difference -= train[j]",
        },
        hint="A row such as X[i] is a view, not a copy: -= on it changes X itself, and so every "
        "distance that comes later. Write a - b instead.",
    ),
    # --- knn-one-loop ---
    Misconception(
        "one-loop-no-square-root",
        ONE,
        {ROW: "dists[i] = np.sum(differences**2, axis=1)"},
        hint="You return squared distances; take the square root of each sum.",
    ),
    Misconception(
        "one-loop-absolute-differences",
        ONE,
        {ROW: "dists[i] = np.sum(np.abs(differences), axis=1)"},
        hint="You add up absolute differences: the Manhattan (L1) distance. Square each "
        "difference, add up, then take one root.",
    ),
    Misconception(
        "one-loop-squares-the-sum",
        ONE,
        {ROW: "dists[i] = np.sqrt(np.sum(differences, axis=1) ** 2)"},
        hint="You add up the differences first and square their sum, so differences of opposite "
        "sign cancel. Square before adding up.",
    ),
    Misconception(
        "one-loop-wrong-axis",
        ONE,
        {ROW: "dists[i] = np.sqrt(np.sum(differences**2, axis=0))"},
        hint="You add up over the training examples. X_train - X[i] has one row for each of them; "
        "the sum runs along a row, over the D dimensions, which is axis 1.",
    ),
    Misconception(
        "one-loop-no-axis",
        ONE,
        {ROW: "dists[i] = np.sqrt(np.sum(differences**2))"},
        hint="np.sum without an axis adds up everything to one number, which then fills the whole "
        "row. Add up over the D dimensions only.",
    ),
    Misconception(
        "one-loop-uint8",
        ONE,
        {ROW_FLOATS: "X_train = self.X_train"},
        hint="You subtract pixels of type uint8, which wrap around: 3 - 5 gives 254. Convert both "
        "sets to floating point before you subtract.",
    ),
    Misconception(
        "one-loop-in-place",
        ONE,
        {
            ROW_FLOATS: "X_train = np.asarray(self.X_train, dtype=np.float64)",
            "differences = X_train - X[i]": "differences = X_train\n            "
            "differences -= X[i]",
        },
        hint="`differences = X_train` makes no copy, so -= shifts the training examples "
        "themselves, a little further with each test example. Write X_train - X[i].",
    ),
    Misconception(
        "one-loop-two-loops",
        ONE,
        {ROW_LOOP: "dists = self.compute_distances_two_loops(X)"},
        hint="This calls the version with two loops. Here one whole row of distances is to be "
        "computed at a time: NumPy subtracts X[i] from all rows of X_train at once.",
    ),
    # --- knn-no-loops ---
    Misconception(
        "no-loops-no-square-root",
        NO,
        {ROOT: "dists = np.maximum(squared, 0)"},
        hint="You return squared distances; take the square root at the end.",
    ),
    Misconception(
        "no-loops-plus-product",
        NO,
        {SQUARED: "squared = A_squared + B_squared + 2 * A @ B.T"},
        hint="The sign of the product is wrong: you compute ||a + b||. Expand (a - b)(a - b).",
    ),
    Misconception(
        "no-loops-one-product",
        NO,
        {SQUARED: "squared = A_squared + B_squared - A @ B.T"},
        hint="The product of a and b occurs twice when (a - b)(a - b) is expanded; you subtract it "
        "once.",
    ),
    Misconception(
        "no-loops-missing-train-norm",
        NO,
        {SQUARED: "squared = A_squared - 2 * A @ B.T"},
        hint="One of the three terms is missing: the squared norm of the training examples, one "
        "for each column.",
    ),
    Misconception(
        "no-loops-missing-test-norm",
        NO,
        {SQUARED: "squared = B_squared - 2 * A @ B.T"},
        hint="One of the three terms is missing: the squared norm of the test examples, one for "
        "each row.",
    ),
    Misconception(
        "no-loops-norms-not-squared",
        NO,
        {
            "A_squared = np.sum(A**2, axis=1)[:, np.newaxis]": "A_squared = np.linalg.norm("
            "A, axis=1)[:, np.newaxis]",
            "B_squared = np.sum(B**2, axis=1)": "B_squared = np.linalg.norm(B, axis=1)",
        },
        hint="The norms enter squared: np.linalg.norm gives ||a||, the formula has ||a||^2.",
    ),
    Misconception(
        "no-loops-transposed",
        NO,
        {ROOT: "dists = np.sqrt(np.maximum(squared, 0)).T"},
        hint="Rows and columns are exchanged: row i belongs to test example i, column j to "
        "training example j.",
    ),
    Misconception(
        "no-loops-row-shape",
        NO,
        {"A_squared = np.sum(A**2, axis=1)[:, np.newaxis]": "A_squared = np.sum(A**2, axis=1)"},
        hint="The squared norms of the test examples have shape (num_test,), which NumPy aligns "
        "with the columns. Make them a column of shape (num_test, 1), so that they broadcast along "
        "the rows.",
    ),
    Misconception(
        "no-loops-nan",
        NO,
        {ROOT: "dists = np.sqrt(squared)"},
        hint="Where a test and a training example are equal, rounding can leave a squared distance "
        "of about -1e-13, and its root is NaN. Raise negative values to 0 before you take the "
        "root.",
    ),
    Misconception(
        "no-loops-uint8",
        NO,
        {MATRIX_FLOATS: "A = X\n        B = self.X_train"},
        hint="You square and multiply pixels of type uint8, which only hold 0 to 255 and wrap "
        "around. Convert both sets to floating point first.",
    ),
    Misconception(
        "no-loops-in-place",
        NO,
        {
            MATRIX_FLOATS: "A = np.asarray(X, dtype=np.float64)\n        "
            "B = np.asarray(self.X_train, dtype=np.float64)",
            SQUARED: "A *= 2\n        squared = A_squared + B_squared - A @ B.T",
        },
        hint="The distances are right, but X is not what it was: an operation like *= or **= works "
        "on the caller's array. Write A * 2, or work on a copy.",
    ),
    Misconception(
        "no-loops-one-loop",
        NO,
        {MATRIX: "dists = self.compute_distances_one_loop(X)"},
        hint="The distances are right, but Python still loops over the examples, here or in a "
        "function that is called (a comprehension is a loop as well). All pairs of products are "
        "one matrix product: X @ X_train.T.",
    ),
    # --- knn-predict-labels ---
    Misconception(
        "labels-farthest",
        LABELS,
        {SORT: "nearest = np.argsort(-dists[i])[:k]"},
        hint="You take the k largest distances, hence the farthest examples. np.argsort begins "
        "with the smallest.",
    ),
    Misconception(
        "labels-ignores-k",
        LABELS,
        {SORT: "nearest = np.argsort(dists[i])[:1]"},
        hint="Only the single nearest neighbour votes, whatever k is.",
    ),
    Misconception(
        "labels-one-too-many",
        LABELS,
        {SORT: "nearest = np.argsort(dists[i])[: k + 1]"},
        hint="One neighbour too many votes: a[:k] already has k elements, from 0 to k - 1.",
    ),
    Misconception(
        "labels-skips-nearest",
        LABELS,
        {SORT: "nearest = np.argsort(dists[i])[1 : k + 1]"},
        hint="You skip the nearest neighbour. That would be right if each test example were among "
        "the training examples; here it is not.",
    ),
    Misconception(
        "labels-votes-of-indices",
        LABELS,
        {COUNT: "votes = np.bincount(nearest)"},
        hint="You count the positions of the neighbours, not their labels. np.argsort gives "
        "positions; self.y_train at these positions gives labels.",
    ),
    Misconception(
        "labels-most-votes",
        LABELS,
        {WINNER: "y_pred[i] = np.max(votes)"},
        hint="You return how many votes the winner got, not which label it is.",
    ),
    Misconception(
        "labels-average",
        LABELS,
        {VOTE: "y_pred[i] = np.round(np.mean(self.y_train[nearest]))"},
        hint="You average labels. Labels are names that happen to be numbers: between a cat (3) "
        "and a flower (5) there is no face (4). Count votes.",
    ),
    Misconception(
        "labels-everyone-votes",
        LABELS,
        {SORT: "nearest = np.argsort(dists[i])"},
        hint="All training examples vote, so the most frequent label of all wins everywhere. Keep "
        "the first k.",
    ),
    Misconception(
        "labels-sorts-columns",
        LABELS,
        {SORT: "nearest = np.argsort(dists, axis=0)[i, :k] % len(self.y_train)"},
        hint="You sort along the columns, which ranks test examples. The neighbours of test "
        "example i are found by sorting row i.",
    ),
    Misconception(
        "labels-ties-to-largest",
        LABELS,
        {WINNER: "y_pred[i] = np.flatnonzero(votes == votes.max())[-1]"},
        hint="Where labels have equally many votes, you take the largest label; the docstring asks "
        "for the smallest.",
    ),
    Misconception(
        "labels-ties-to-nearest",
        LABELS,
        {
            VOTE: "labels = list(self.y_train[nearest])\n            "
            "y_pred[i] = max(labels, key=labels.count)"
        },
        hint="Where labels have equally many votes, you take the one seen first, that of the "
        "nearest neighbour (Counter.most_common does so as well). The docstring asks for the "
        "smallest.",
    ),
    Misconception(
        "labels-overwrites-distances",
        LABELS,
        {
            SORT: "nearest = []\n            for _ in range(k):\n                "
            "nearest.append(np.argmin(dists[i]))\n                dists[i, nearest[-1]] = np.inf"
        },
        hint="The labels are right, but the distances of the caller are overwritten, and the next "
        "call, with another k, gets them spoilt. Work on a copy, or sort.",
    ),
    # --- knn-predict ---
    Misconception(
        "predict-ignores-num-loops",
        PREDICT,
        {CHOICE: "dists = self.compute_distances_no_loops(X)"},
        hint="The distances always come from the same method; num_loops should choose among the "
        "three.",
    ),
    Misconception(
        "predict-ignores-k",
        PREDICT,
        {RESULT: "return self.predict_labels(dists)"},
        hint="k is not passed on, so predict_labels uses its default of 1.",
    ),
    Misconception(
        "predict-swapped",
        PREDICT,
        {
            "if num_loops == 0:": "if num_loops == 2:",
            "elif num_loops == 2:": "elif num_loops == 0:",
        },
        hint="num_loops is the number of loops: 0 stands for compute_distances_no_loops and 2 for "
        "compute_distances_two_loops, not the other way round.",
    ),
    Misconception(
        "predict-returns-distances",
        PREDICT,
        {RESULT: "return dists"},
        hint="You return the distances. Labels are asked for: give the distances to "
        "predict_labels.",
    ),
    Misconception(
        "predict-returns-nothing",
        PREDICT,
        {RESULT: "self.predict_labels(dists, k=k)"},
        hint="The labels are computed but not returned.",
    ),
    Misconception(
        "predict-silent",
        PREDICT,
        {
            """elif num_loops == 2:
            dists = self.compute_distances_two_loops(X)
        else:
            raise ValueError(f"num_loops must be 0, 1 or 2, not {num_loops!r}")""": """else:
            dists = self.compute_distances_two_loops(X)"""
        },
        hint="A num_loops of 3 is taken as if it were another number. Raise a ValueError, so that "
        "a slip of the caller is seen at once.",
    ),
    Misconception(
        "predict-prints",
        PREDICT,
        {
            'raise ValueError(f"num_loops must be 0, 1 or 2, not {num_loops!r}")': "print("
            '"num_loops must be 0, 1 or 2")\n            return None'
        },
        hint="A wrong num_loops is only printed about, and the program goes on with None. Raise a "
        "ValueError.",
    ),
    # --- knn-cross-validate ---
    Misconception(
        "folds-tested-on-training",
        FOLDS,
        {
            FOLD_DISTS: "dists = classifier.compute_distances_no_loops(X_rest)",
            ACCURACY: "accuracies[k].append(float(np.mean(y_pred == y_rest)))",
        },
        hint="The accuracy is measured on the examples that the classifier was trained on, where "
        "each is its own nearest neighbour. Predict the fold that was held out.",
    ),
    Misconception(
        "folds-leak",
        FOLDS,
        {FOLD_TRAIN: "classifier.train(X, y)"},
        hint="The held-out fold is among the training data, so each of its examples finds itself "
        "as the nearest neighbour. Train on the other folds only.",
    ),
    Misconception(
        "folds-exchanged",
        FOLDS,
        {
            FOLD_TRAIN: "classifier.train(X_folds[fold], y_folds[fold])",
            FOLD_DISTS: "dists = classifier.compute_distances_no_loops(X_rest)",
            ACCURACY: "accuracies[k].append(float(np.mean(y_pred == y_rest)))",
        },
        hint="The roles are exchanged: you train on one fold and test on all others.",
    ),
    Misconception(
        "folds-shuffled-apart",
        FOLDS,
        {SPLIT: f"np.random.shuffle(X)\n    {SPLIT}"},
        hint="X is shuffled without y, so that labels no longer belong to their examples (and the "
        "caller's X is changed). The folds are to be taken in order.",
    ),
    Misconception(
        "folds-shuffled",
        FOLDS,
        {
            SPLIT: "order = np.random.permutation(len(X))\n    "
            "X_folds = np.array_split(X[order], num_folds)\n    "
            "y_folds = np.array_split(y[order], num_folds)"
        },
        hint="You shuffle before you split. That is often wise, but the docstring asks for folds "
        "in order; shuffle outside, where the caller can decide.",
    ),
    Misconception(
        "folds-mean",
        FOLDS,
        {"return accuracies": "return {k: np.mean(accuracies[k]) for k in k_choices}"},
        hint="You return the mean over the folds. Return the accuracy of each fold: how much they "
        "differ tells how far to trust the mean.",
    ),
    Misconception(
        "folds-count",
        FOLDS,
        {ACCURACY: "accuracies[k].append(float(np.sum(y_pred == y_folds[fold])))"},
        hint="You return how many are right; an accuracy is their share, from 0 to 1.",
    ),
    Misconception(
        "folds-error-rate",
        FOLDS,
        {ACCURACY: "accuracies[k].append(float(np.mean(y_pred != y_folds[fold])))"},
        hint="You return the share of wrong answers; accuracy is the share of right ones.",
    ),
    Misconception(
        "folds-last-only",
        FOLDS,
        {ACCURACY: "accuracies[k] = [float(np.mean(y_pred == y_folds[fold]))]"},
        hint="Each fold overwrites the result of the one before it; append to the list of k.",
    ),
    Misconception(
        "folds-ignores-k",
        FOLDS,
        {FOLD_PREDICT: "y_pred = classifier.predict_labels(dists)"},
        hint="k does not reach the vote, so every k has the accuracies of k = 1.",
    ),
    Misconception(
        "folds-drop-remainder",
        FOLDS,
        {
            SPLIT: """size = len(X) // num_folds
    X_folds = [X[i * size : (i + 1) * size] for i in range(num_folds)]
    y_folds = [y[i * size : (i + 1) * size] for i in range(num_folds)]"""
        },
        hint="When the number of examples cannot be divided by the number of folds, you drop some "
        "at the end. np.array_split makes folds that differ by one in size.",
    ),
]

SHORTCUTS = [
    Shortcut(
        "scipy-distances",
        NO,
        append="""from scipy.spatial.distance import cdist

class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_no_loops(self, X):
        return cdist(X, self.X_train)
""",
    ),
    Shortcut(
        "torch-distances",
        NO,
        append="""import torch

class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_no_loops(self, X):
        return torch.cdist(torch.tensor(X).double(), torch.tensor(self.X_train).double()).numpy()
""",
    ),
    Shortcut(
        "scikit-learn-distances",
        TWO,
        append="""from sklearn.metrics import pairwise_distances

class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_two_loops(self, X):
        return pairwise_distances(X, self.X_train)
""",
    ),
    Shortcut(
        "stand-in-distances",
        ONE,
        append="""from assignments.standins.a1_classifiers.knn import KNearestNeighbor as StandIn

class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_one_loop(self, X):
        for _ in range(1):
            model = StandIn()
            model.train(self.X_train, self.y_train)
        return model.compute_distances_one_loop(X)
""",
    ),
    Shortcut(
        "scikit-learn-labels",
        LABELS,
        append="""from sklearn.neighbors import KNeighborsClassifier

class KNearestNeighbor(KNearestNeighbor):
    def predict_labels(self, dists, k=1):
        whole = KNeighborsClassifier(k, metric="precomputed")
        return whole.fit([[0] * len(self.y_train)] * len(self.y_train), self.y_train).predict(dists)
""",
    ),
    Shortcut(
        "scikit-learn-predict",
        PREDICT,
        append="""from sklearn.neighbors import KNeighborsClassifier

class KNearestNeighbor(KNearestNeighbor):
    def predict(self, X, k=1, num_loops=0):
        return KNeighborsClassifier(k).fit(self.X_train, self.y_train).predict(X)
""",
    ),
    Shortcut(
        "stand-in-folds",
        FOLDS,
        append="from assignments.standins.a1_classifiers.knn import cross_validate_k\n"
        "cross_validate_k = cross_validate_k\n",
    ),
    Shortcut(
        "hidden-checks-folds",
        FOLDS,
        append="""import numpy as np

def cross_validate_k(X, y, k_choices, num_folds=5):
    from autograder.checks.a1_classifiers.test_knn import fold_accuracies
    return dict(zip(k_choices, fold_accuracies(X, y, k_choices, num_folds).tolist()))
""",
    ),
]

VARIANTS = [
    Variant("two-loops-norm", TWO, {PAIR: "dists[i, j] = np.linalg.norm(difference)"}),
    Variant("two-loops-dot", TWO, {PAIR: "dists[i, j] = np.dot(difference, difference) ** 0.5"}),
    Variant(
        "two-loops-plain-python",
        TWO,
        {PAIR: "dists[i, j] = sum(float(d) ** 2 for d in difference) ** 0.5"},
    ),
    Variant(
        "two-loops-float32",
        TWO,
        {
            PAIR_FLOATS: "test = X.astype(np.float32)\n        "
            "train = self.X_train.astype(np.float32)\n        dists = dists.astype(np.float32)"
        },
    ),
    Variant(
        "one-loop-norm",
        ONE,
        {ROW: "dists[i, :] = np.linalg.norm(differences, axis=1)"},
    ),
    Variant(
        "one-loop-columns",
        ONE,
        {
            ROW_LOOP: "for j in range(num_train):\n            "
            "dists[:, j] = np.sqrt(np.square(X - X_train[j]).sum(axis=-1))"
        },
    ),
    Variant(
        "one-loop-stacked",
        ONE,
        {ROW_LOOP: "dists = np.stack([np.linalg.norm(X_train - x, axis=1) for x in X])"},
    ),
    Variant(
        "one-loop-while",
        ONE,
        {
            ROW_LOOP: f"""i = 0
        while i < num_test:
            differences = X_train - X[i]
            {ROW}
            i += 1"""
        },
    ),
    Variant(
        "no-loops-einsum",
        NO,
        {
            SQUARED: 'squared = np.einsum("nd,nd->n", A, A)[:, None]\n        '
            'squared = squared + np.einsum("md,md->m", B, B) - 2 * np.einsum("nd,md->nm", A, B)'
        },
    ),
    Variant(
        "no-loops-broadcasting",
        NO,
        {
            f"{SQUARED}\n        {ROOT}": "dists = np.sqrt("
            "np.sum((A[:, np.newaxis] - B[np.newaxis]) ** 2, axis=2))"
        },
    ),
    Variant("no-loops-absolute", NO, {ROOT: "dists = np.sqrt(np.abs(squared))"}),
    Variant("no-loops-clip", NO, {ROOT: "dists = np.clip(squared, 0, None) ** 0.5"}),
    Variant(
        "no-loops-float32-result", NO, {ROOT: f"{ROOT}\n        dists = dists.astype(np.float32)"}
    ),
    Variant(
        "labels-unique",
        LABELS,
        {
            VOTE: "labels, votes = np.unique(self.y_train[nearest], return_counts=True)\n"
            "            y_pred[i] = labels[votes.argmax()]"
        },
    ),
    Variant(
        "labels-partition",
        LABELS,
        {SORT: "nearest = np.argpartition(dists[i], k - 1)[:k]"},
    ),
    Variant(
        "labels-counter",
        LABELS,
        {
            VOTE: "import collections\n\n            "
            "counts = collections.Counter(sorted(self.y_train[nearest]))\n            "
            "y_pred[i] = counts.most_common(1)[0][0]"
        },
    ),
    Variant(
        "labels-no-loop",
        LABELS,
        {
            VOTE_LOOP: "labels = np.unique(self.y_train)\n        "
            "nearest = self.y_train[np.argsort(dists, axis=1)[:, :k]]\n        "
            "votes = np.sum(nearest[:, :, np.newaxis] == labels, axis=1)\n        "
            "y_pred = labels[np.argmax(votes, axis=1)]"
        },
    ),
    Variant(
        "labels-as-floats",
        LABELS,
        {VOTE_LOOP: f"y_pred = np.zeros(num_test)\n        {VOTE_LOOP}"},
    ),
    Variant(
        "predict-dictionary",
        PREDICT,
        {
            CHOICE: """methods = {
            0: self.compute_distances_no_loops,
            1: self.compute_distances_one_loop,
            2: self.compute_distances_two_loops,
        }
        if num_loops not in methods:
            raise ValueError("num_loops must be 0, 1 or 2")
        dists = methods[num_loops](X)"""
        },
    ),
    Variant(
        "predict-by-name",
        PREDICT,
        {
            CHOICE: """names = dict(enumerate(("no_loops", "one_loop", "two_loops")))
        if names.get(num_loops) is None:
            raise ValueError("num_loops must be 0, 1 or 2")
        dists = getattr(self, f"compute_distances_{names[num_loops]}")(X)"""
        },
    ),
    Variant(
        "folds-predict",
        FOLDS,
        {
            FOLD_DISTS: "held_out = X_folds[fold]",
            FOLD_PREDICT: "y_pred = classifier.predict(held_out, k=k)",
        },
    ),
    Variant(
        "folds-defaultdict",
        FOLDS,
        {
            "accuracies = {k: [] for k in k_choices}": "import collections\n\n    "
            "accuracies = collections.defaultdict(list)",
        },
    ),
    Variant(
        "folds-indices",
        FOLDS,
        {
            X_REST: "held_out = np.array_split(np.arange(len(X)), num_folds)[fold]\n        "
            "X_rest = np.delete(X, held_out, axis=0)",
            Y_REST: "y_rest = np.delete(y, held_out)",
        },
    ),
    Variant(
        "folds-arrays",
        FOLDS,
        {
            "return accuracies": "return {k: np.array(accuracies[k]) for k in k_choices}",
        },
    ),
]
