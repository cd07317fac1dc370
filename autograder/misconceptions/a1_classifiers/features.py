"""Misconceptions, shortcuts and accepted variants of the features notebook."""

import io
from collections.abc import Callable

import numpy as np

from autograder.misconceptions import Misconception, Shortcut, Variant

EXTRACT, STANDARDIZE = "features-extract", "features-standardize"
CLASSIFY, BEST = "features-classify", "features-best"

# Parts of the reference that several patches replace.
ROWS = """rows = []
    for im in tqdm(imgs, disable=not verbose):
        row = np.concatenate([function(im) for function in feature_fns])
        rows.append(row)
    features = np.array(rows, dtype=np.float64)"""
ROW = "row = np.concatenate([function(im) for function in feature_fns])"
STACK = "features = np.array(rows, dtype=np.float64)"
MEAN = "mean = X_train.mean(axis=0)"
STD = "std = X_train.std(axis=0)"
CONSTANT = "constant = X_train.max(axis=0) == X_train.min(axis=0)"
SCALE = "scale = np.where(constant, 1.0, std)"
RESULTS = "standardized = [(X - mean) / scale for X in (X_train, *others)]"
INPUT = 'standardized = (features - weights["mean"]) / weights["std"]'
HIDDEN = 'hidden = np.maximum(standardized @ weights["W1"] + weights["b1"], 0)'
SCORES = 'scores = hidden @ weights["W2"] + weights["b2"]'
LABELS = "labels = np.argmax(scores, axis=1)"

Weights = dict[str, np.ndarray]


def weights_changed(change: Callable[[Weights], Weights]) -> dict[str, Callable[[bytes], bytes]]:
    """A patch of the file of weights."""

    def patched(data: bytes) -> bytes:
        with np.load(io.BytesIO(data)) as file:
            weights = dict(file)
        buffer = io.BytesIO()
        np.savez(buffer, **{**weights, **change(weights)})
        return buffer.getvalue()

    return {"features_weights.npz": patched}


def for_raw_features(weights: Weights) -> Weights:
    """The same net for features that are not standardised, beside mean and std all the same."""
    W1 = weights["W1"] / weights["std"][:, np.newaxis]
    return {"W1": W1, "b1": weights["b1"] - weights["mean"] @ W1}


def untrained(weights: Weights) -> Weights:
    rng = np.random.default_rng(0)
    return {name: rng.normal(0, 1e-2, weights[name].shape) for name in ("W1", "W2")}


MISCONCEPTIONS = [
    # --- features-extract ---
    Misconception(
        "extract-last-function",
        EXTRACT,
        {ROW: "for function in feature_fns:\n            row = function(im)"},
        hint="Each function overwrites what the one before it found: only the features of the last "
        "one are left. All of them belong into the row, side by side.",
    ),
    Misconception(
        "extract-first-function",
        EXTRACT,
        {ROW: "for function in feature_fns:\n            row = function(im)\n            break"},
        hint="Only the first function is used. Go through all of feature_fns for every image.",
    ),
    Misconception(
        "extract-reversed",
        EXTRACT,
        {
            ROW: "row = np.zeros(0)\n        for function in feature_fns:\n"
            "            row = np.concatenate([function(im), row])"
        },
        hint="The features of a later function stand before those of an earlier one. The order of "
        "the columns is the order of feature_fns.",
    ),
    Misconception(
        "extract-transposed",
        EXTRACT,
        {STACK: "features = np.array(rows, dtype=np.float64).T"},
        hint="Rows and columns are exchanged: an image is a row, a feature is a column.",
    ),
    Misconception(
        "extract-flat",
        EXTRACT,
        {STACK: "features = np.concatenate(rows).astype(np.float64)"},
        hint="The rows of all images hang together in one long array. np.concatenate joins arrays "
        "end to end; to put one below the other, use np.array or np.stack.",
    ),
    Misconception(
        "extract-first-image",
        EXTRACT,
        {ROW: "row = np.concatenate([function(imgs[0]) for function in feature_fns])"},
        hint="Every row holds the features of the first image. In a loop over images, give the "
        "functions the image whose turn it is.",
    ),
    Misconception(
        "extract-pixels-dtype",
        EXTRACT,
        {STACK: "features = np.array(rows).astype(imgs.dtype)"},
        hint="The features are stored in the type of the images. uint8 has neither fractions nor "
        "negative numbers nor anything above 255, so they are cut to pieces: make the array of "
        "floats.",
    ),
    Misconception(
        "extract-divided-by-255",
        EXTRACT,
        {ROW: "row = np.concatenate([function(im / 255) for function in feature_fns])"},
        hint="You divide the images by 255 first. The functions are to see each image as it is in "
        "imgs; color_histogram_hsv, for one, expects numbers up to 255.",
    ),
    Misconception(
        "extract-in-place",
        EXTRACT,
        {
            ROW: f"{ROW}\n        if imgs.dtype == np.float64:\n"
            "            im -= im.mean(axis=(0, 1))"
        },
        hint="An image of imgs is a view: -= on it changes the caller's images. Write im - mean, "
        "if you need it at all.",
    ),
    # --- features-standardize ---
    Misconception(
        "standardize-own-statistics",
        STANDARDIZE,
        {
            RESULTS: "standardized = [(X - X.mean(axis=0)) / np.where(X.max(axis=0) == "
            "X.min(axis=0), 1, X.std(axis=0))\n                    for X in (X_train, *others)]"
        },
        hint="Every array is standardised by its own mean and standard deviation. Validation and "
        "test data are shifted and scaled by the statistics of X_train, since a classifier that "
        "was trained on X_train has to recognise them.",
    ),
    Misconception(
        "standardize-pooled-statistics",
        STANDARDIZE,
        {
            MEAN: "everything = np.concatenate([X_train, *others])\n"
            "    mean = everything.mean(axis=0)",
            STD: "std = everything.std(axis=0)",
        },
        hint="Mean and standard deviation are taken over all arrays together, so validation and "
        "test data leak into training. Only X_train may be looked at.",
    ),
    Misconception(
        "standardize-one-number",
        STANDARDIZE,
        {MEAN: "mean = X_train.mean()", STD: "std = X_train.std()"},
        hint="One mean and one standard deviation serve all columns. Each column needs its own: "
        "axis=0.",
    ),
    Misconception(
        "standardize-rows",
        STANDARDIZE,
        {
            RESULTS: "standardized = [(X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, "
            "keepdims=True)\n                    for X in (X_train, *others)]"
        },
        hint="You standardise each row. A row is one image; what is to have mean 0 and standard "
        "deviation 1 is each column, over all images of X_train.",
    ),
    Misconception(
        "standardize-variance",
        STANDARDIZE,
        {STD: "std = X_train.var(axis=0)"},
        hint="You divide by the variance. The standard deviation is its square root.",
    ),
    Misconception(
        "standardize-not-scaled",
        STANDARDIZE,
        {SCALE: "scale = 1.0"},
        hint="The columns have mean 0 now, but still their own sizes: divide each by its standard "
        "deviation.",
    ),
    Misconception(
        "standardize-not-shifted",
        STANDARDIZE,
        {RESULTS: "standardized = [X / scale for X in (X_train, *others)]"},
        hint="The columns are scaled, but not shifted: subtract the mean of each first.",
    ),
    Misconception(
        "standardize-others-not-shifted",
        STANDARDIZE,
        {
            RESULTS: "standardized = [(X_train - mean) / scale, *(X / scale for X in others)]",
        },
        hint="X_train is right, but from the other arrays you do not subtract the mean. They are "
        "treated exactly like X_train, with its mean and its standard deviation.",
    ),
    Misconception(
        "standardize-sample-deviation",
        STANDARDIZE,
        {STD: "std = X_train.std(axis=0, ddof=1)"},
        hint="You divide by the sample standard deviation (ddof=1, with N - 1). The docstring asks "
        "for the root of the mean squared deviation, np.std as it is.",
    ),
    Misconception(
        "standardize-to-unit-range",
        STANDARDIZE,
        {
            MEAN: "mean = X_train.min(axis=0)",
            STD: "std = X_train.max(axis=0) - X_train.min(axis=0)",
        },
        hint="You bring the columns to the range from 0 to 1 (min-max scaling). Asked for are mean "
        "0 and standard deviation 1.",
    ),
    Misconception(
        "standardize-division-by-zero",
        STANDARDIZE,
        {SCALE: "scale = std"},
        hint="A column that never varies in X_train has standard deviation 0, or about 1e-17 from "
        "rounding, and dividing by it gives NaN or huge numbers. Divide such a column by 1.",
    ),
    Misconception(
        "standardize-zero-only",
        STANDARDIZE,
        {SCALE: "scale = np.where(std == 0, 1.0, std)"},
        hint="std == 0 does not find every constant column: the mean of a repeated 0.1 is not "
        "exactly 0.1, so its standard deviation is about 1e-17, and dividing by that blows up "
        "rounding errors. Compare the column's largest number with its smallest, or treat tiny "
        "deviations as 0.",
    ),
    Misconception(
        "standardize-in-place",
        STANDARDIZE,
        {
            RESULTS: "standardized = []\n    for X in (X_train, *others):\n"
            "        if X.dtype.kind == 'f':\n            X -= mean\n            X /= scale\n"
            "        else:\n            X = (X - mean) / scale\n        standardized.append(X)"
        },
        hint="-= and /= change the caller's arrays. Write (X - mean) / std, which makes a new one.",
    ),
    # --- features-classify ---
    Misconception(
        "classify-not-standardized",
        CLASSIFY,
        {INPUT: "standardized = features"},
        hint="The features go into the net as they are. It was trained on standardised ones: "
        "subtract the saved mean and divide by the saved std.",
    ),
    Misconception(
        "classify-own-statistics",
        CLASSIFY,
        {INPUT: "standardized = (features - features.mean(axis=0)) / features.std(axis=0)"},
        hint="You standardise by the mean and the standard deviation of the new images. The net "
        "knows those of its training data, which are saved with the weights.",
    ),
    Misconception(
        "classify-no-relu",
        CLASSIFY,
        {HIDDEN: 'hidden = standardized @ weights["W1"] + weights["b1"]'},
        hint="Between the two layers the ReLU is missing: negative numbers become 0 there.",
    ),
    Misconception(
        "classify-no-bias-1",
        CLASSIFY,
        {HIDDEN: 'hidden = np.maximum(standardized @ weights["W1"], 0)'},
        hint="The bias of the first layer, b1, is missing.",
    ),
    Misconception(
        "classify-no-bias-2",
        CLASSIFY,
        {SCORES: 'scores = hidden @ weights["W2"]'},
        hint="The bias of the second layer, b2, is missing.",
    ),
    Misconception(
        "classify-relu-on-scores",
        CLASSIFY,
        {SCORES: 'scores = np.maximum(hidden @ weights["W2"] + weights["b2"], 0)'},
        hint="You apply ReLU to the scores as well. Where all scores are negative, all become 0 "
        "and the first class wins by chance.",
    ),
    Misconception(
        "classify-lowest-score",
        CLASSIFY,
        {LABELS: "labels = np.argmin(scores, axis=1)"},
        hint="You choose the class with the lowest score. The highest one wins.",
    ),
    Misconception(
        "classify-best-image",
        CLASSIFY,
        {LABELS: "labels = np.argmax(scores, axis=0)"},
        hint="np.argmax runs over the images: it finds the best image for each class. Choose the "
        "best class for each image, axis 1.",
    ),
    # --- features-best ---
    Misconception(
        "best-untrained",
        BEST,
        files=weights_changed(untrained),
        hint="These weights classify no better than guessing: they look untrained. Did you save "
        "the net that was trained?",
    ),
    Misconception(
        "best-trained-on-raw-features",
        BEST,
        files=weights_changed(for_raw_features),
        hint="The net was trained on features that were not standardised, but the saved mean and "
        "std are applied when it predicts. Train on what classify makes of the features.",
    ),
    Misconception(
        "best-labels-shifted",
        BEST,
        files=weights_changed(
            lambda weights: {
                "W2": np.roll(weights["W2"], 1, axis=1),
                "b2": np.roll(weights["b2"], 1),
            }
        ),
        hint="Nearly every label is off by one: labels run from 0 to 9.",
    ),
]

SHORTCUTS = [
    Shortcut(
        "reads-the-reference-weights",
        BEST,
        append="""def predict_images(images, weights):
    import glob
    import numpy as np
    found = glob.glob("/**/features_weights.npz", recursive=True)
    found += glob.glob("/**/heldout/**/sprites.webp", recursive=True)
    with np.load(found[0]) as file:
        return classify(extract_features(images, FEATURES), dict(file))
""",
    ),
    Shortcut(
        "hidden-checks-labels",
        BEST,
        append="""def predict_images(images, weights):
    from autograder.heldout import heldout_images
    return heldout_images(0)[1]
""",
    ),
    Shortcut(
        "scikit-learn-standardize",
        STANDARDIZE,
        append="""def standardize_features(X_train, *others):
    from sklearn.preprocessing import StandardScaler
    scaler = StandardScaler().fit(X_train)
    return tuple(scaler.transform(X) for X in (X_train, *others))
""",
    ),
    Shortcut(
        "hidden-checks-extract",
        EXTRACT,
        append="""def extract_features(imgs, feature_fns, verbose=False):
    from assignments.checks.a1_classifiers.test_features import features_of
    return features_of(imgs, feature_fns)
""",
    ),
    Shortcut(
        "hidden-checks-classify",
        CLASSIFY,
        append="""def classify(features, weights):
    from autograder.checks.a1_classifiers.test_features import want_labels
    return want_labels(features, weights)
""",
    ),
]

VARIANTS = [
    Variant(
        "extract-filled-array",
        EXTRACT,
        {
            ROWS: """first = np.concatenate([function(imgs[0]) for function in feature_fns])
    features = np.zeros((len(imgs), first.size))
    for i in range(len(imgs)):
        features[i] = np.concatenate([function(imgs[i]) for function in feature_fns])
        if verbose and i % 1000 == 999:
            print(f"{i + 1} of {len(imgs)} images")"""
        },
    ),
    Variant(
        "extract-function-by-function",
        EXTRACT,
        {
            ROWS: "features = np.hstack(\n        "
            "[np.stack([function(im) for im in imgs]) for function in feature_fns]\n    )"
        },
    ),
    Variant(
        "extract-float32",
        EXTRACT,
        {STACK: "features = np.array(rows, dtype=np.float32)"},
    ),
    Variant(
        "standardize-epsilon",
        STANDARDIZE,
        {SCALE: "scale = std + 1e-8"},
    ),
    Variant(
        "standardize-threshold",
        STANDARDIZE,
        {SCALE: "scale = np.maximum(std, 1e-6)"},
    ),
    Variant(
        "standardize-list",
        STANDARDIZE,
        {
            "    return tuple(standardized)": "    return standardized",
            STD: "std = np.sqrt(((X_train - mean) ** 2).mean(axis=0))",
        },
    ),
    Variant(
        "standardize-column-by-column",
        STANDARDIZE,
        {
            RESULTS: """standardized = [np.zeros(X.shape) for X in (X_train, *others)]
    for number, X in enumerate((X_train, *others)):
        for column in range(X.shape[1]):
            standardized[number][:, column] = (X[:, column] - mean[column]) / scale[column]"""
        },
    ),
    Variant(
        "classify-where",
        CLASSIFY,
        {
            HIDDEN: 'hidden = standardized.dot(weights["W1"]) + weights["b1"]\n'
            "    hidden = np.where(hidden > 0, hidden, 0)"
        },
    ),
    Variant(
        "classify-image-by-image",
        CLASSIFY,
        {LABELS: "labels = [int(np.argmax(row)) for row in scores]\n    labels = np.array(labels)"},
    ),
    Variant(
        "best-predicts-in-parts",
        BEST,
        append="""def predict_images(images, weights):
    import numpy as np
    parts = [classify(extract_features(part, FEATURES), weights)
             for part in np.array_split(images, 3)]
    return np.concatenate(parts)
""",
    ),
    Variant(
        "best-in-single-precision",
        BEST,
        files=weights_changed(
            lambda weights: {
                name: weights[name].astype(np.float32)
                for name in ("mean", "std", "W1", "b1", "W2", "b2")
            }
        ),
    ),
]

# Inputs are the caller's.
MISCONCEPTIONS += [
    Misconception(
        "classify-in-place",
        "features-classify",
        append="""
_right_classify = classify

def classify(features, weights):
    result = _right_classify(features, weights)
    features *= 2
    return result
""",
        hint="After the call features is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
]
