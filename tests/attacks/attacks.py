"""All attacks that are tried."""

import clone
import neighbour
from harness import Attack

import bundle

__all__ = ["ATTACKS"]

ATTACKS: list[Attack] = [*bundle.ATTACKS, *clone.ATTACKS, *neighbour.ATTACKS]
