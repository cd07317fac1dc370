"""Measure how much a convolution is worth on emoji10, with the notebooks' own solutions.

    python bench/emoji10_convnet.py [--seed 0]

The network of ``convolutional_networks`` (16 filters of 3 x 3, NumPy, fast layers) and that of
``two_layer_net``, with about as many weights, on 9,000 images, with Adam. The epoch with the best
accuracy on 1,000 validation images counts. Takes about a minute on two cores; ends with exit status
1 when the convolutional network is not better by `STEP` on the 2,000 test images.
"""

import argparse
import time

import numpy as np

from assignments.data import load_data
from assignments.solver import Model, Solver
from autograder.answer_key import answer_key
from autograder.course import Course

STEP = 0.05
EPOCHS = 8


def solution(assignment: str, notebook: str, name: str) -> type:
    """A class of a notebook's own solution."""
    return getattr(answer_key(Course().assignment(assignment).notebooks[notebook]).reference, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the first weights (default 0)")
    seed = parser.parse_args().seed
    images = load_data("emoji10")
    mean = images.X_train[:9000].mean(axis=0) / 255

    def prepare(X: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray((X / 255 - mean).astype(np.float32).transpose(0, 3, 1, 2))

    X = prepare(images.X_train)
    data = {"X_train": X[:9000], "y_train": images.y_train[:9000]}
    data |= {"X_val": X[9000:], "y_val": images.y_train[9000:]}
    two_layer_net = solution("a1_classifiers", "two_layer_net", "TwoLayerNet")
    convnet = solution("a2_networks", "convolutional_networks", "ThreeLayerConvNet")

    def train(name: str, model: Model, learning_rate: float) -> float:
        model.params = {key: value.astype(np.float32) for key, value in model.params.items()}
        solver = Solver(
            model,
            data,
            update_rule="adam",
            optim_config={"learning_rate": learning_rate},
            lr_decay=0.9,
            num_epochs=EPOCHS,
            seed=seed,
            progress=False,
        )
        start = time.process_time()
        solver.train()
        seconds = time.process_time() - start
        accuracy = solver.accuracy(prepare(images.X_test), images.y_test)
        size = sum(value.size for value in model.params.values())
        print(
            f"{name:<24} {size:>8,} weights   {seconds:5.1f} s of processor time   "
            f"validation {solver.best_val_acc:.3f}   test {accuracy:.3f}",
            flush=True,
        )
        return accuracy

    np.random.seed(seed)
    flat = train("two-layer net", two_layer_net(hidden_dim=130, weight_scale=1e-2, reg=1e-3), 1e-3)
    np.random.seed(seed)
    net = convnet(num_filters=16, filter_size=3, weight_scale=3e-2, reg=1e-3)
    gain = train("convolutional network", net, 2e-3) - flat
    if gain < STEP:
        raise SystemExit(f"The convolution is worth {gain:.3f}; it should be {STEP} or more.")


if __name__ == "__main__":
    main()
