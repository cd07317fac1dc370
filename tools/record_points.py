"""What every recorded mistake and variant gets, question by question: a record to change checks by.

    python tools/record_points.py points.json            # before
    python tools/record_points.py points.json --compare  # after: what is worth more, or less

Each mistake and each accepted variant of the course is graded on its own question on three seeds,
and its public checks are run as at home. No variant may lose a point and no mistake may win one
unless the change says why.
"""

import argparse
import contextlib
import io
import json
import sys
import warnings
from concurrent.futures import Future
from pathlib import Path

from assignments.checking import HOME_SEEDS, find_checks
from assignments.questions import Seeds
from autograder.answer_key import answer_key
from autograder.course import Course, SourceNotebook
from autograder.mistakes import Shortcut
from autograder.scoring import attempt_question
from autograder.verify import pool

SEEDS = 3


def record(source: SourceNotebook) -> dict[str, dict]:
    """For each patch: shares on three seeds, public checks passed, the first symptom at home."""
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return dict(_record(source))


def _record(source: SourceNotebook):
    key = answer_key(source)
    for patch in key.patches:
        if isinstance(patch, Shortcut):
            continue
        session = key.session(patch)
        shares = [
            attempt_question(session, key, patch.question, Seeds(b"record", (str(seed),))).share
            for seed in range(SEEDS)
        ]
        checks = find_checks(patch.question)
        results = attempt_question(session, key, patch.question, HOME_SEEDS, checks=checks).results
        yield (
            f"{source.name}/{patch.name}",
            {
                "question": patch.question,
                "kind": type(patch).__name__,
                "shares": [round(share, 4) for share in shares],
                "home": [sum(result.passed for result in results), len(results)],
                "symptom": next((result.symptom for result in results if result.symptom), ""),
                "reasons": [result.reason for result in results if result.reason],
            },
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--notebooks", nargs="*", help="only these")
    arguments = parser.parse_args()
    course = Course()
    with pool() as executor:
        jobs: list[Future] = [
            executor.submit(record, source)
            for name in course.assignments()
            for source in course.assignment(name).notebooks.values()
            if not arguments.notebooks or source.name in arguments.notebooks
        ]
        found = {name: entry for job in jobs for name, entry in job.result().items()}
    if not arguments.compare:
        arguments.file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 0
    before = json.loads(arguments.file.read_text(encoding="utf-8"))
    notebooks = {name.partition("/")[0] for name in found}
    worse = 0
    for name, old in before.items():
        if name.partition("/")[0] not in notebooks:
            continue
        if name not in found:
            print(f"{name}: gone")
            worse += 1
            continue
        new = found[name]
        if old["kind"] == "Variant" and min(new["shares"]) < min(old["shares"]):
            print(f"{name}: a right answer gets {min(new['shares'])}, was {min(old['shares'])}")
            worse += 1
        if old["kind"] != "Variant" and max(new["shares"]) > max(old["shares"]) + 1e-9:
            print(f"{name}: a mistake gets {max(new['shares'])}, was {max(old['shares'])}")
            worse += 1
    print(f"{len(found)} compared, {worse} to explain")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
