"""All attacks that are tried."""

import bundle
import clone
import neighbour
from harness import Attack

__all__ = ["ATTACKS"]

ATTACKS: list[Attack] = [*bundle.ATTACKS, *clone.ATTACKS, *neighbour.ATTACKS]
