"""How large the experiments of a notebook are: full for readers, reduced for tests."""

import os
from typing import TypeVar

__all__ = ["scaled"]

T = TypeVar("T")


def scaled(full: T, reduced: T) -> T:
    """Return ``full``, or ``reduced`` where the environment says ``ASSIGNMENTS_SCALE=reduced``.

    Only experiments use it; no solution and no check depends on it.
    """
    return reduced if os.environ.get("ASSIGNMENTS_SCALE") == "reduced" else full
