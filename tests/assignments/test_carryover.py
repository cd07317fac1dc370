"""previous(): one's own work where it is finished, stand-ins where it is not."""

import json

import numpy as np
import pytest

from assignments import previous

OWN = """
def svm_loss_naive(W, X, y, reg):
    return "mine"

def svm_loss_vectorized(W, X, y, reg):
    raise NotImplementedError
"""
OWN_CLASS = """
class KNearestNeighbor:
    def train(self, X, y):
        self.X_train, self.y_train = X, y

    def compute_distances_no_loops(self, X):
        raise NotImplementedError
"""
INPUTS = np.eye(2), np.ones((3, 2)), np.array([0, 1, 1]), 0.5


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder of assignments, with the working directory in one of them."""
    monkeypatch.delenv("ASSIGNMENTS_HOME", raising=False)
    here = tmp_path / "a2_networks"
    here.mkdir()
    monkeypatch.chdir(here)
    return tmp_path


def save(path, *sources):
    path.parent.mkdir(exist_ok=True)
    cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in sources]
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")


def test_own_functions_and_standins_together(home, capsys):
    save(home / "a1_classifiers/svm.ipynb", OWN)
    svm = previous("a1_classifiers/svm")
    said = capsys.readouterr().out
    assert svm.svm_loss_naive(*INPUTS) == "mine"
    loss, dW = svm.svm_loss_vectorized(*INPUTS)
    assert loss == pytest.approx(1 + 0.5 * 2)
    assert dW.shape == (2, 2)
    assert "svm.ipynb" in said
    assert "not finished: svm_loss_vectorized." in said


@pytest.mark.parametrize("place", ["a1_classifiers/svm.ipynb", "a2_networks/svm.ipynb"])
def test_found_beside_this_folder_and_in_it(home, place):
    save(home / place, OWN)
    assert previous("a1_classifiers/svm").svm_loss_naive(*INPUTS) == "mine"


def test_home_is_where_the_environment_says(home, tmp_path, monkeypatch):
    save(home / "elsewhere" / "svm.ipynb", OWN)
    monkeypatch.setenv("ASSIGNMENTS_HOME", str(tmp_path))
    assert previous("elsewhere/svm").svm_loss_naive(*INPUTS) == "mine"


def test_unfinished_methods_are_filled_one_by_one(home, capsys):
    save(home / "a1_classifiers/knn.ipynb", OWN_CLASS)
    classifier = previous("a1_classifiers/knn").KNearestNeighbor()
    classifier.train(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([0, 1]))
    assert classifier.compute_distances_no_loops(np.zeros((1, 2))).tolist() == [[0.0, 5.0]]
    assert classifier.predict(np.array([[3.0, 3.0]])).tolist() == [1]
    said = capsys.readouterr().out
    assert "KNearestNeighbor.compute_distances_no_loops" in said
    assert "KNearestNeighbor.train" not in said


def test_without_the_notebook_standins_answer(home, capsys):
    svm = previous("a1_classifiers/svm")
    assert svm.svm_loss_naive(*INPUTS)[0] == pytest.approx(2.0)
    said = capsys.readouterr().out
    assert f"no such notebook in {home / 'a1_classifiers'}" in said
    assert "ASSIGNMENTS_HOME" in said


def test_a_damaged_notebook_is_no_end(home, capsys):
    path = home / "a1_classifiers/svm.ipynb"
    path.parent.mkdir()
    path.write_text("{", encoding="utf-8")
    assert previous("a1_classifiers/svm").svm_loss_naive(*INPUTS)[0] == pytest.approx(2.0)
    assert "cannot be read" in capsys.readouterr().out


def test_what_fails_in_it_is_filled(home, capsys):
    save(home / "a1_classifiers/svm.ipynb", "def svm_loss_naive(W:\n    return 1")
    assert previous("a1_classifiers/svm").svm_loss_naive(*INPUTS)[0] == pytest.approx(2.0)
    assert "svm_loss_naive" in capsys.readouterr().out


def test_a_method_that_does_not_parse_is_filled(home, capsys):
    broken = OWN_CLASS.replace("raise NotImplementedError", "return ((X")
    save(home / "a1_classifiers/knn.ipynb", broken)
    classifier = previous("a1_classifiers/knn").KNearestNeighbor()
    classifier.train(np.zeros((1, 2)), np.array([0]))
    assert classifier.compute_distances_no_loops(np.zeros((1, 2))).tolist() == [[0.0]]
    assert "KNearestNeighbor.compute_distances_no_loops" in capsys.readouterr().out


def test_unknown_notebook(home):
    with pytest.raises(LookupError, match="a1_classifiers/smv"):
        previous("a1_classifiers/smv")
