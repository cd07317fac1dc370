"""What hostile submissions cost a class, and whether killed runs are made up for.

    python bench/hostile_class.py [--students 30] [--kills 30] [--seed 0]

Grades a class of right submissions, then the same class with one submission among them of each kind
that once stopped a class, kept the grader busy, or slept; says whose grade changed (nobody's may)
and how much later the run ended (docs/security.md promises at most 180 s). Then runs are killed at
random moments: the gradebook and all pages must be in the end what they are without.
"""

import argparse
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS / "attacks"), str(TESTS / "helpers")]

from harness import stopped  # noqa: E402
from hostile_class import HOSTILE, earned, hostile_run, killed_runs  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alone, among = hostile_run(Path(folder), options.students)
        before, after = earned(alone), earned(among)
        changed = [name for name in before if before[name] != after.get(name)]
        print(f"{options.students} students alone: {alone.seconds:.0f} s")
        print(f"with {len(HOSTILE)} hostile submissions: {among.seconds:.0f} s")
        print(
            f"later by {among.seconds - alone.seconds:.0f} s; changed grades: {changed or 'none'}"
        )
    with tempfile.TemporaryDirectory() as folder:
        found = killed_runs(Path(folder), min(options.students, 8), options.kills, options.seed)
        print(f"{options.kills} kills: {found or 'the same gradebook and pages, no process left'}")
    sys.exit(1 if changed or found or stopped(among) else 0)


if __name__ == "__main__":
    main()
