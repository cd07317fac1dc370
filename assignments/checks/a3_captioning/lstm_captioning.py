"""What the public and hidden checks of lstm_captioning share with others."""

import numpy as np

from assignments.checks.a3_captioning.rnn_captioning import (
    PARTS,
    PARTS_OF_ALL,
    sequence_arrays,
    step_arrays,
)
from assignments.compare import (
    unpack,
    wrong_kind,
)
from assignments.student import CheckFailed, Remote, Student

STEP_ARGUMENTS = ("x", "prev_h", "prev_c", "Wx", "Wh", "b")
PARTS_OF_STEP = ("dx", "dprev_h", "dprev_c", "dWx", "dWh", "db")
ATTENTION_ARGUMENTS = ("x", "A", "Wx", "Wh", "Wattn", "b")


def lstm_arrays(
    rng: np.random.Generator, N: int = 3, D: int = 4, H: int = 5, scale: float = 1.0
) -> tuple[np.ndarray, ...]:
    """x, prev_h, prev_c, Wx, Wh and b of a step; some cells lie beyond 1 or -1."""
    x, prev_h, *weights = step_arrays(rng, N, D, H, scale, 4)
    return x, prev_h, rng.normal(0, 1.2, size=(N, H)), *weights


def attention_arrays(
    rng: np.random.Generator, N: int = 3, T: int = 4, D: int = 4, H: int = 5
) -> tuple[np.ndarray, ...]:
    """x, A, Wx, Wh, Wattn and b of a sequence with attention; some places stand out."""
    x, _h0, Wx, Wh, b = sequence_arrays(rng, N, T, D, H, 4)
    A = rng.normal(0, 1.5, size=(N, H, 4, 4)) + rng.normal(0, 0.5, size=(N, H, 1, 1))
    return x, A, Wx, Wh, rng.normal(0, 0.7 / H**0.5, size=(H, 4 * H)), b


def lstm_step(student: Student, *arrays: np.ndarray) -> tuple[object, object, Remote]:
    """next_h, next_c and the cache, which stays inside."""
    result = student.call("lstm_step_forward", *arrays, keep=True)
    if result.type_name not in ("tuple", "list"):
        want = "(next_h, next_c, cache)"
        raise CheckFailed(wrong_kind(result, "lstm_step_forward", want))
    return result.get("[0]"), result.get("[1]"), result.get("[2]", keep=True)


def step_gradients(
    student: Student, dnext_h: np.ndarray, dnext_c: np.ndarray, cache: object
) -> dict[str, object]:
    """The six gradients of a step by name."""
    result = student.lstm_step_backward(dnext_h, dnext_c, cache)
    parts = unpack(result, "lstm_step_backward", PARTS_OF_STEP)
    return dict(zip(PARTS_OF_STEP, parts, strict=True))


def all_gradients(student: Student, dh: np.ndarray, cache: object) -> dict[str, object]:
    """The five gradients of a sequence by name."""
    parts = unpack(student.lstm_backward(dh, cache), "lstm_backward", PARTS_OF_ALL)
    return dict(zip(PARTS_OF_ALL, parts, strict=True))


def gru_gradients(student: Student, dnext_h: np.ndarray, cache: object) -> dict[str, object]:
    """The five gradients of a step of a GRU by name."""
    parts = unpack(student.gru_step_backward(dnext_h, cache), "gru_step_backward", PARTS)
    return dict(zip(PARTS, parts, strict=True))


def attention(student: Student, prev_h: np.ndarray, A: np.ndarray) -> list:
    """context and weights."""
    result = student.dot_product_attention(prev_h, A)
    return unpack(result, "dot_product_attention", ("context", "weights"))
