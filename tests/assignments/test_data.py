"""`load_data`: the same arrays under every name."""

import numpy as np
import pytest

from assignments.data import Dataset, cifar10, load_data
from assignments.data import emoji10 as emoji10_module


@pytest.fixture(scope="module", autouse=True)
def small_and_in_a_cache_of_its_own(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSIGNMENTS_DATA", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(emoji10_module, "NUM_TRAIN", 1_000)
        patch.setattr(emoji10_module, "NUM_TEST", 200)
        yield


@pytest.fixture(scope="module")
def emoji10() -> Dataset:
    return load_data("emoji10")


def test_shapes_and_types(emoji10):
    assert emoji10.X_train.shape == (1_000, 32, 32, 3)
    assert emoji10.X_test.shape == (200, 32, 32, 3)
    assert emoji10.X_train.dtype == emoji10.X_test.dtype == np.uint8
    assert emoji10.y_train.dtype == emoji10.y_test.dtype == np.int64
    assert len(emoji10.class_names) == 10


def test_every_class_has_its_share(emoji10):
    assert (np.bincount(emoji10.y_train) == 100).all()
    assert (np.bincount(emoji10.y_test) == 20).all()


def test_the_second_load_returns_the_same(emoji10):
    again = load_data("emoji10")
    for first, second in zip(emoji10, again, strict=True):
        np.testing.assert_array_equal(first, second)


def test_changing_what_was_loaded_changes_no_later_load(emoji10):
    load_data("emoji10").X_train[:] = 0
    assert load_data("emoji10").X_train.any()


def test_fewer_images_are_the_first_ones(emoji10):
    few = load_data("emoji10", num_train=50, num_test=20)
    np.testing.assert_array_equal(few.X_train, emoji10.X_train[:50])
    np.testing.assert_array_equal(few.y_test, emoji10.y_test[:20])


def test_a_seed_chooses_others_and_always_the_same(emoji10):
    one, same, other = (load_data("emoji10", 50, 20, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.X_train, same.X_train)
    assert not np.array_equal(one.X_train, other.X_train)
    assert not np.array_equal(one.X_train, emoji10.X_train[:50])


def test_a_seed_keeps_images_and_labels_together(emoji10):
    label = {image.tobytes(): y for image, y in zip(emoji10.X_train, emoji10.y_train, strict=True)}
    chosen = load_data("emoji10", num_train=100, seed=3)
    for image, y in zip(chosen.X_train, chosen.y_train, strict=True):
        assert label[image.tobytes()] == y


@pytest.mark.parametrize("number", [0, -1, 1_001])
def test_an_impossible_number_is_named(number):
    with pytest.raises(ValueError, match=rf"num_train is {number}.*from 1 to 1000"):
        load_data("emoji10", num_train=number)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'emoji11'.*emoji10, cifar10"):
        load_data("emoji11")


def test_cifar10_that_was_not_downloaded_names_the_command():
    with pytest.raises(FileNotFoundError, match=r"python -m assignments\.data fetch cifar10"):
        load_data("cifar10")


def test_real_and_embedded_sets_have_the_same_form(monkeypatch, emoji10):
    arrays = {
        "X_train": np.zeros((30, 32, 32, 3), np.uint8),
        "y_train": np.zeros(30, np.int64),
        "X_test": np.zeros((10, 32, 32, 3), np.uint8),
        "y_test": np.zeros(10, np.int64),
    }
    monkeypatch.setattr(cifar10, "load", lambda: arrays)
    real = load_data("cifar10", num_train=20)
    assert real.X_train.shape == (20, 32, 32, 3)
    assert real.class_names[0] == "airplane"
    assert type(real) is type(emoji10)
