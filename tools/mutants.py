"""Mutants of the solutions: are mistakes that nobody recorded seen, and is nothing false said?

    python tools/mutants.py                            # 300 mutants, spread over all questions
    python tools/mutants.py -n 40 --notebooks svm knn  # fewer, of these notebooks
    python tools/mutants.py --json mutants.json        # and all that was found, for a program

A mutant is a solution with one thing changed: an operator, a comparison, a constant, an axis; what
is exchanged (operands, arguments, indices, results); a statement, a keyword or a method that is
gone; ``&=`` become ``=``; the last statement of a loop put behind it. None has the syntax tree of
a recorded mistake, variant or shortcut. They are drawn with a fixed seed, evenly from notebooks,
questions and kinds. Questions graded by what was trained are left out.

Each runs in a process of its own, with limits: the public checks on the inputs that everybody has
at home, then the hidden checks on the inputs by which grading names a mistake. What every call
answered is compared, number by number, as :mod:`assignments.causes` does, and exceptions by their
type and words:

- A mutant that answers both as a recorded mistake does *is* that mistake under another spelling. It
  is counted apart, and another one is drawn.
- One with full marks survives: it is another right answer, or a hole in the hidden checks.
- A cause that it is told, at home or in grading, is *true* where the hidden checks hear from the
  mutant all that they hear from the mistake. Where at least half of those that the mistake fails
  hear what is wrong in it, beside other wrong answers, it is true *in part*: a person judges, so
  the diff is listed with the question that is asked at home. Else it is *false*.

Exit status 1: of all mutants more than 3 % are told a false cause. A diff that is listed stands
as it would in ``autograder/mistakes``, if it should be recorded.
"""

import argparse
import ast
import contextlib
import difflib
import io
import json
import math
import multiprocessing
import random
import re
import resource
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from mutations import mutations
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from assignments.causes import Causes, Deviations, answers_of, deviations, failed_of
from assignments.checking import HOME_SEEDS, causes_at_home, find_checks
from assignments.notebook import Cell
from assignments.questions import Check, Seeds
from autograder.answer_key import AnswerKey, answer_key
from autograder.causes import GRADING_SEEDS, causes_of, stale_causes
from autograder.course import Course, CourseError, SourceNotebook
from autograder.mistakes import Fence, Patch, apply_patch, own_cells
from autograder.mistakes.edits import EditError, apply_diff
from autograder.sandbox.limits import Limits
from autograder.scoring import attempt_question
from autograder.verify import pool

#: The share of all mutants that may be told a false cause.
MOST_FALSE = 0.03

Result = TypeVar("Result")


# --- mutants of a notebook ------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant(Patch):
    """A solution with one thing changed, written as a mistake is written."""

    kind: str = ""

    @property
    def diff(self) -> str:
        return "\n".join(fence.text for fence in self.fences)


def drawn(key: AnswerKey, question: str, seed: int) -> Iterator[Mutant]:
    """The mutants of a question's solution that nobody recorded, in the order that chance gives.

    Kinds take turns, so that there are not constants alone.
    """
    cells = key.source.cells
    recorded = _recorded_forms(key)
    found = [
        (kind, at, source)
        for at in own_cells(cells, question)
        for kind, source in mutations(cells[at].source)
        if (at, _form(source)) not in recorded
    ]
    random.Random(f"{seed} {question}").shuffle(found)
    earlier: Counter[str] = Counter()
    turns = []
    for number, (kind, at, source) in enumerate(found):
        turns.append((earlier[kind], number, kind, at, source))
        earlier[kind] += 1
    for _turn, number, kind, at, source in sorted(turns):
        mutant = Mutant(f"mutant {number} of {question}", question, (), kind=kind)
        with contextlib.suppress(LookupError):  # nothing parts it from a line like it
            yield _with_diff(cells, mutant, at, source)


def groups(key: AnswerKey) -> list[tuple[str, ...]]:
    """The questions that are answered by code, not by what it trained: those of one solution."""
    cells, found = key.source.cells, dict[tuple[int, ...], list[str]]()
    for question in key.checks:
        own = tuple(own_cells(cells, question))
        if not any("experiment" in cells[at].tags for at in own):
            found.setdefault(own, []).append(question)
    return [tuple(group) for group in found.values()]


def _form(source: str) -> str:
    return ast.dump(ast.parse(source))


def _recorded_forms(key: AnswerKey) -> set[tuple[int, str]]:
    """Of the patches that change one cell and nothing else: which cell, and its syntax tree."""
    cells = key.source.cells
    forms = set()
    for patch in key.patches:
        patched = apply_patch(cells, patch)
        changed = [at for at, cell in enumerate(patched) if at >= len(cells) or cell != cells[at]]
        if len(changed) == 1 and changed[0] < len(cells):
            forms.add((changed[0], _form(patched[changed[0]].source)))
    return forms


def _with_diff(cells: list[Cell], mutant: Mutant, at: int, source: str) -> Mutant:
    """The mutant that makes this text of a cell, by the shortest diff.

    Raises:
        LookupError: there is none.
    """
    before = cells[at].source
    for context in range(5):
        diff = _diff(before.split("\n"), source.split("\n"), context)
        made = replace(mutant, fences=(Fence("diff", "", diff),))
        with contextlib.suppress(CourseError, EditError, SyntaxError):
            apply_diff(before, diff)
            if _form(apply_patch(cells, made)[at].source) == _form(source):
                return made
    raise LookupError(mutant.name)


def _diff(before: list[str], after: list[str], context: int) -> str:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    hunks = []
    for group in matcher.get_grouped_opcodes(context):
        rows: list[tuple[str, str]] = []
        for tag, first, last, new_first, new_last in group:
            mark = " " if tag == "equal" else "-"
            rows += [(mark, row) for row in before[first:last]]
            if tag != "equal":
                rows += [("+", row) for row in after[new_first:new_last]]
        rows = [(mark, row) for mark, row in rows if row.strip()]
        indent = min(len(row) - len(row.lstrip()) for _mark, row in rows)
        hunks.append("\n".join(mark + row[indent:] for mark, row in rows))
    return "\n@@\n".join(hunks)


# --- running them ---------------------------------------------------------------------------------

_FORK = multiprocessing.get_context("fork")
_MEMORY = 2 * 2**30
#: Seconds of waiting for each second of processor time.
_PATIENCE = 20


def in_child(work: Callable[[], Result], cpu: float) -> Result | None:
    """What some work returns in a process of its own; None if a limit ended that.

    Args:
        cpu: processor seconds that it may use.

    Raises:
        RuntimeError: the work raised an exception, which this names.
    """
    here, there = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=_limited, args=(work, cpu, there))
    child.start()
    there.close()
    fault, result = "", None
    try:
        if here.poll(_PATIENCE * cpu):
            fault, result = here.recv()
    except EOFError:
        pass
    finally:
        child.kill()
        child.join()
        here.close()
    if fault:
        raise RuntimeError(fault)
    return result


def _limited(work: Callable[[], object], cpu: float, there: Connection) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + _MEMORY
    seconds = math.ceil(cpu)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    silent = io.StringIO()
    warnings.simplefilter("ignore")
    try:
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            answer = "", work()
    except BaseException:
        answer = traceback.format_exc(), None
    there.send(answer)


@dataclass(frozen=True)
class Side:
    """At home, or in grading: the checks, their inputs, and what is known of wrong answers."""

    checks: Sequence[Check]
    seeds: Seeds
    causes: Causes


@dataclass(frozen=True)
class Answers:
    """What the checks of one side heard, and what is said about it.

    Attributes:
        parts: of each check, digests of all that it was answered.
        failed: the checks that did not pass.
        share: of the question's points.
        told: the mistakes that are named.
        suspects: mistakes each of which, known alone, would be named.
    """

    parts: Deviations
    failed: frozenset[str]
    share: float
    told: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()

    def same(self, other: "Answers | None") -> bool:
        """Are these the same answers, all of them?"""
        return other is not None and self.failed == other.failed and alike(self.parts, other.parts)


def alike(one: Deviations, other: Deviations) -> bool:
    """Do these answers have the same parts, and is each the same up to rounding?"""
    return (
        one.keys() == other.keys()
        and all(one[check].keys() == other[check].keys() for check in one)
        and not deviations(one, other)
    )


def _without_numbers(parts: Deviations) -> Deviations:
    """Answers whose exceptions tell words alone: the shapes in them are those of other lines."""
    return {
        check: {
            name: (digest[0], " ".join(re.findall("[a-z]+", digest[1])))
            if name.endswith("!")
            else digest
            for name, digest in answers.items()
        }
        for check, answers in parts.items()
    }


def sides(key: AnswerKey, question: str) -> tuple[Side, Side]:
    """At home, and in grading."""
    return (
        Side(find_checks(question), HOME_SEEDS, causes_at_home(question)),
        Side(key.checks[question], GRADING_SEEDS, causes_of(key).get(question, Causes())),
    )


def answers(key: AnswerKey, patch: Patch | None, question: str, side: Side) -> Answers:
    """What a patched solution answers on one side."""
    session = key.session(patch)
    attempt = attempt_question(session, key, question, side.seeds, checks=side.checks)
    causes = side.causes
    return Answers(
        _without_numbers(answers_of(attempt.results)),
        failed_of(attempt.results),
        attempt.share,
        tuple(one.name for one in causes.find(attempt.results)),
        tuple(
            one.name for one in causes.mistakes if Causes(causes.right, [one]).find(attempt.results)
        ),
    )


# --- judging --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A cause that a mutant is told.

    Attributes:
        mistake: its name.
        home: the question that the check at home asks.
        where: ``"home"``, ``"grading"`` or both.
        verdict: ``"true"``, ``"false"`` or ``"in part"``.
    """

    mistake: str
    home: str
    where: tuple[str, ...]
    verdict: str


@dataclass(frozen=True)
class Judged:
    """A mutant with what became of it.

    Attributes:
        recorded: the mistake that it is under another spelling, or "".
        share: of the question's points.
        failed_at_home: does it fail a public check?
        stopped: on which sides it went beyond a limit.
    """

    notebook: str
    question: str
    kind: str
    diff: str
    recorded: str
    share: float
    failed_at_home: bool
    stopped: tuple[str, ...]
    told: tuple[Told, ...] = field(default=())

    @property
    def wrong(self) -> bool:
        """Does it fail any check?"""
        return self.failed_at_home or self.share < 1

    @property
    def verdict(self) -> str:
        """The worst of what it was told; "" if that was nothing."""
        verdicts = [told.verdict for told in self.told]
        return next((one for one in ("false", "in part", "true") if one in verdicts), "")


def judge_group(
    source: SourceNotebook, group: Sequence[str], count: int, seed: int
) -> list[Judged]:
    """Draw, run and judge mutants until so many are no recorded mistake, or there are no more.

    Args:
        group: the questions that one solution answers; the first that a mutant fails counts.
    """
    key = answer_key(source)
    key.patches, key.reference  # noqa: B018 - loaded here, they are in every child
    judges = [_Judge(key, question) for question in group]
    found: list[Judged] = []
    left = count
    for mutant in drawn(key, group[0], seed) if count else ():
        for judge in judges:
            judged = judge(mutant)
            if judged.wrong:
                break
        found.append(judged)
        left -= not judged.recorded
        if not left:
            break
    return found


class _Judge:
    """Runs mutants of a question, and the recorded mistakes that they are held against."""

    def __init__(self, key: AnswerKey, question: str) -> None:
        self.key = key
        self.question = question
        self.mistakes = {mistake.name: mistake for mistake in key.mistakes(question)}
        self.right = sides(key, question)[1].causes.right
        self.of_mistake = cache(lambda name: self.run(self.mistakes[name]))

    def run(self, patch: Patch) -> list[Answers | None]:
        """What it answers at home and in grading; None where a limit ended it."""
        found = []
        for side in sides(self.key, self.question):
            used = [check.marker.cpu or Limits.cpu for check in side.checks]
            work = partial(answers, self.key, patch, self.question, side)
            found.append(in_child(work, 4 * max(used)))  # our own side counts, too
        return found

    def __call__(self, mutant: Mutant) -> Judged:
        home, grading = ran = self.run(replace(mutant, question=self.question))
        return Judged(
            self.key.source.name,
            self.question,
            mutant.kind,
            mutant.diff,
            self.recorded(ran),
            grading.share if grading else 0.0,
            home is None or bool(home.failed),
            tuple(name for name, side in zip(("home", "grading"), ran, strict=True) if not side),
            tuple(self.told(ran)),
        )

    def recorded(self, ran: Sequence[Answers | None]) -> str:
        """The mistake whose answers these are, all of them, or ""."""
        if not any(one and one.failed for one in ran):
            return ""
        for name in dict.fromkeys(name for one in ran if one for name in one.suspects):
            if all(
                one and one.same(its) for one, its in zip(ran, self.of_mistake(name), strict=True)
            ):
                return name
        return ""

    def told(self, ran: Sequence[Answers | None]) -> Iterator[Told]:
        where = {"home": ran[0], "grading": ran[1]}
        for name in dict.fromkeys(name for one in ran if one for name in one.told):
            places = tuple(place for place, one in where.items() if one and name in one.told)
            verdict = verdict_of(ran[1], self.of_mistake(name)[1], self.right)
            yield Told(name, self.mistakes[name].home, places, verdict)


def verdict_of(mutant: Answers | None, mistake: Answers | None, right: Deviations) -> str:
    """Does a mutant make the mistake that it was told?

    Args:
        mutant, mistake: what they answer in grading.
        right: what the reference answers.
    """
    if mutant is None or mistake is None:
        return "in part"  # it never ends there, so nobody can compare
    if mutant.same(mistake):
        return "true"
    heard = sum(_heard(check, mutant, mistake, right) for check in mistake.failed)
    return "in part" if 2 * heard >= len(mistake.failed) else "false"


def _heard(check: str, mutant: Answers, mistake: Answers, right: Deviations) -> bool:
    """Does a check that a mistake fails hear from a mutant what is wrong in it?"""
    ours, theirs = mutant.parts.get(check, {}), mistake.parts.get(check, {})
    # An exception is in no right answer, so then all that the check hears must be the same.
    wrong = deviations({check: theirs}, right).get(check, theirs)
    ours = {name: digest for name, digest in ours.items() if name in wrong or wrong is theirs}
    return check in mutant.failed and alike({check: ours}, {check: wrong})


# --- the report -----------------------------------------------------------------------------------

#: The columns of the table, and what each counts.
_COLUMNS: dict[str, Callable[[Judged], bool]] = {
    "new": lambda one: True,
    "full marks": lambda one: one.share == 1,
    "fail at home": lambda one: one.failed_at_home,
    "stopped": lambda one: bool(one.stopped),
    "told": lambda one: bool(one.told),
    "true": lambda one: one.verdict == "true",
    "in part": lambda one: one.verdict == "in part",
    "false": lambda one: one.verdict == "false",
}


def totals(judged: Iterable[Judged]) -> dict[str, int]:
    """How many there are of each; ``known``: recorded mistakes under another spelling, apart."""
    judged = list(judged)
    new = [one for one in judged if not one.recorded]
    counts = {name: sum(map(counted, new)) for name, counted in _COLUMNS.items()}
    return counts | {"known": len(judged) - len(new)}


def table(judged: Sequence[Judged]) -> Table:
    made = Table(title="Mutants of the solutions", box=box.SIMPLE, padding=(0, 1, 0, 0))
    made.add_column("notebook")
    for heading in (*_COLUMNS, "known"):
        made.add_column(heading, justify="right")
    for name in dict.fromkeys(one.notebook for one in judged):
        counts = totals(one for one in judged if one.notebook == name)
        made.add_row(name, *map(str, counts.values()))
    made.add_section()
    made.add_row("all", *map(str, totals(judged).values()))
    return made


def listed(title: str, judged: Sequence[Judged]) -> str:
    """Mutants for a person to look at: the diff, and what is asked at home."""
    lines = [f"{title}: {len(judged)}"]
    for one in judged:
        lines += ["", f"{one.question} ({one.kind})"]
        lines += [f"    {row}" for row in one.diff.splitlines()]
        lines += [
            f"  {told.verdict}, {' and '.join(told.where)}: {told.mistake} ? {told.home}"
            for told in one.told
        ]
    return "\n".join(lines)


def spread(names: Sequence[str], count: int) -> dict[str, int]:
    """A number shared out evenly."""
    size = len(names)
    return {name: (at + 1) * count // size - at * count // size for at, name in enumerate(names)}


def shares(groups: Sequence[tuple[str, ...]], count: int) -> Iterator[tuple[tuple[str, ...], int]]:
    """A number shared out to groups of questions, evenly by question."""
    each = spread([question for group in groups for question in group], count)
    return ((group, sum(each[question] for question in group)) for group in groups)


def report(judged: Sequence[Judged], console: Console) -> int:
    """Print what was found; 1 if too many are told a false cause."""
    new = [one for one in judged if not one.recorded]
    console.print(table(judged))
    for title, chosen in (
        ("Full marks in grading", [one for one in new if one.share == 1]),
        ("Told a cause that is true in part", [one for one in new if one.verdict == "in part"]),
        ("Told a false cause", [one for one in new if one.verdict == "false"]),
    ):
        console.print(escape(listed(title, chosen)), highlight=False, soft_wrap=True)
        console.print()
    false = sum(one.verdict == "false" for one in new)
    told = sum(bool(one.told) for one in new)
    console.print(
        f"{false} of {len(new)} mutants are told a false cause ({false / max(len(new), 1):.1%}; "
        f"at most {MOST_FALSE:.0%}), of {told} that are told one"
    )
    return 1 if not new or false > MOST_FALSE * len(new) else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-n", "--count", type=int, default=300, help="mutants in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--notebooks", nargs="*", help="only of these")
    parser.add_argument("--jobs", type=int, help="processes, one a core by default")
    parser.add_argument("--json", type=Path, help="a file for all that was found")
    options = parser.parse_args()
    course = Course()
    sources = {
        source.name: source
        for name in course.assignments()
        for source in course.assignment(name).notebooks.values()
        if not options.notebooks or source.name in options.notebooks
    }
    if unknown := set(options.notebooks or ()) - sources.keys():
        parser.error(f"there is no notebook {', '.join(sorted(unknown))}")
    if stale := [line for source in sources.values() for line in stale_causes(source, course.root)]:
        parser.error(f"{stale[0]}; run 'autograder release' first")
    with pool(options.jobs) as executor:
        jobs = [
            executor.submit(judge_group, sources[name], group, number, options.seed)
            for name, count in spread(list(sources), options.count).items()
            for group, number in shares(groups(answer_key(sources[name])), count)
        ]
        console = Console(stderr=True)
        for _job in track(as_completed(jobs), "mutants of questions", len(jobs), console=console):
            pass
        judged = [one for job in jobs for one in job.result()]
    if options.json:
        found = {
            "seed": options.seed,
            "totals": totals(judged),
            "mutants": list(map(asdict, judged)),
        }
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return report(judged, Console())


if __name__ == "__main__":
    sys.exit(main())
