"""Whatever a reply may carry, for property tests."""

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assignments.student import Remote
from assignments.values import TENSOR_DTYPES, Handle

__all__ = ["wire_values"]

DTYPES = [np.dtype(code) for code in np.typecodes["AllInteger"] + np.typecodes["AllFloat"] + "?"]
NUMBERS = st.sampled_from([0, 1, -1, 2, 0.5, np.nan, np.inf, -np.inf, 1e308, 255])


@st.composite
def numpy_arrays(draw) -> np.ndarray:
    shape = draw(arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    values = draw(st.lists(NUMBERS, min_size=27, max_size=27))
    with np.errstate(all="ignore"):
        some = np.array(values[: int(np.prod(shape))], np.float64).reshape(shape)
        return some.astype(draw(st.sampled_from(DTYPES)))


@st.composite
def tensors(draw) -> torch.Tensor:
    kind = getattr(torch, draw(st.sampled_from(sorted(TENSOR_DTYPES))))
    return torch.from_numpy(np.asarray(draw(numpy_arrays()).real, np.float64)).to(kind)


KEYS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.sampled_from(["a", "dx", ""]),
    st.binary(max_size=2),
    st.sampled_from([np.float64(np.nan), np.int8(1), np.float16(1)]),
)
SINGLE = st.one_of(
    KEYS,
    st.integers(-(2**7999), 2**7999),
    st.sampled_from([2**64, -(2**63) - 1, 2**1023, 2**1024, -(2**7000)]),
    st.complex_numbers(),
    st.text(max_size=3),
    numpy_arrays(),
    numpy_arrays().map(lambda array: array.reshape(-1)[0] if array.size else array),
    tensors(),
    st.sampled_from([np.dtype("f4"), np.float32, torch.float32, torch.bfloat16]),
    st.sampled_from([Handle(3, "Cache"), Remote(None, Handle(4, "generator"))]),
)


def wire_values() -> st.SearchStrategy:
    """Values of every type that crosses, and containers of them."""
    return st.recursive(
        SINGLE,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.lists(inner, max_size=4).map(tuple),
            st.dictionaries(KEYS, inner, max_size=3),
            st.sets(KEYS, max_size=3),
            st.frozensets(KEYS, max_size=3),
            st.builds(slice, inner, inner, inner),
        ),
        max_leaves=8,
    )
