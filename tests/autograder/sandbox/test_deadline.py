"""A hostile argument cannot keep the grader busy, nor fill its memory."""

import contextlib
import threading
import time

import numpy as np
import pytest

from autograder.sandbox.deadline import DeadlinePassed, call_within

GB = 2**30


def forever():
    while True:
        try:
            while True:
                pass
        except Exception:
            continue


def test_endless_work_is_interrupted_again_and_again():
    for _ in range(3):
        with pytest.raises(DeadlinePassed):
            call_within(0.05, GB, forever)


def test_it_works_in_any_thread():
    caught = []

    def work():
        try:
            call_within(0.05, GB, forever)
        except DeadlinePassed:
            caught.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert caught == [True]


def test_work_in_time_is_left_alone():
    assert call_within(5, GB, max, 1, 2) == 2
    with pytest.raises(ZeroDivisionError):
        call_within(5, GB, lambda: 1 / 0)


def test_nothing_strikes_after_the_call():
    for _ in range(20):
        with contextlib.suppress(DeadlinePassed):
            # One operation in C, which ends after its deadline.
            call_within(0.0, GB, time.sleep, 0.01)
    time.sleep(0.3)


def test_memory_is_bounded_and_freed_again():
    with pytest.raises(MemoryError):
        call_within(5, GB // 4, np.ones, GB // 4)
    assert np.ones(GB // 16).size == GB // 16
