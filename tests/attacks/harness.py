"""How an attack is written down, tried on the grader of this checkout, and judged.

Most attacks are submissions. A whole class of them, with students who did nothing wrong among
them, is graded by one run of the ``autograder`` command, and judged by what it leaves: the journal,
the pages and what it printed. The rest are acts of a neighbour: functions of a course folder.
"""

import base64
import contextlib
import copy
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import psutil
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from autograder.course import HOME, Course
from autograder.demo import solved

__all__ = [
    "A1",
    "A2",
    "HONEST",
    "TOLD",
    "Act",
    "Attack",
    "Outcome",
    "Submitted",
    "command",
    "course_of",
    "grade",
    "hand_in",
    "latest",
    "left_after",
    "notebook_of",
    "stopped",
    "submit",
    "try_class",
]

A1, A2 = "a1_classifiers", "a2_networks"

#: Students who did nothing wrong; one comes before all attackers, one after them.
HONEST = ("aaa-honest", "zzz-honest")

#: What attacking code says once it got what it wanted; no source cell holds it in one piece.
TOLD = "ATTACK" + "-OK"

#: Seconds that a whole class may take.
CLASS_BUDGET = 600

#: Those who sleep are given a smaller budget here, so that the tests need not wait for them.
SHORT_BUDGET: int | None = 20


@dataclass(frozen=True, kw_only=True)
class Attack:
    """Something that must not work.

    Attributes:
        name: of the attack, and of the student who hands it in.
        attacker: ``"bundle"`` (a student with release and package), ``"clone"`` (one who knows all
            that the repository holds) or ``"neighbour"`` (on the machine or network).
        cause: why it could work: a heading of docs/security.md.
        success: what would count as success, in a sentence.
        succeeded_at_2207fe8: did it, before these defences were built? Measured, see README.md.
    """

    name: str
    attacker: Literal["bundle", "clone", "neighbour"]
    cause: str
    success: str
    succeeded_at_2207fe8: bool


@dataclass(frozen=True, kw_only=True)
class Submitted(Attack):
    """An attack that is handed in.

    Whatever it is for, it succeeds, too, if it is not graded, if the run does not end, if anybody
    else's points change, or if something active reaches a page or the terminal.

    Attributes:
        assignment, notebook: what is handed in.
        base: ``"released"``, with nothing solved, or ``"solved"``.
        cell: the solution cell that ``code`` stands in; its whole content runs when loaded.
        code: what is written below the solution.
        edit: changes the notebook, as JSON data, in place.
        content: the bytes of the notebook instead.
        files: what lies beside it: bytes, or what makes them.
        place: does something in the student's folder of this assignment.
        folder: the name of the student's folder, if not that of the attack.
        earns: shares of points, by question, that it may have at most; other questions of a
            released notebook may have none.
        keeps: questions that must have all their points, since the work is right.
        again: code that is handed in instead a second time.
        edit_again: changes the notebook the second time, in place.
        learned: from the reports of both hand-ins as text, did the first help the second?
        after: looks at what the run left for one more way in which it succeeded, or ``""``.
        counts: must there be a report of it at all?
        sleeps: must the budget of a submission end it?
    """

    assignment: str = A1
    notebook: str = "knn"
    base: Literal["released", "solved"] = "solved"
    cell: str = ""
    code: str = ""
    edit: Callable[[dict], Any] | None = None
    content: bytes | None = None
    files: Mapping[str, bytes | Callable[[Course], bytes]] = field(default_factory=dict)
    place: Callable[[Path], Any] | None = None
    folder: str | bytes = ""
    earns: Mapping[str, float] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()
    again: str | None = None
    edit_again: Callable[[dict], Any] | None = None
    learned: Callable[[str, str], bool] | None = None
    after: "Callable[[Outcome], str] | None" = None
    counts: bool = True
    sleeps: bool = False

    def data(self, course: Course, second: bool = False) -> bytes | None:
        """The notebook to hand in."""
        if self.content is not None:
            return self.content
        code = self.again if second and self.again is not None else self.code
        nb = notebook_of(course, self.assignment, self.notebook, self.base, code, self.cell)
        if self.edit is not None:
            self.edit(nb)
        if second and self.edit_again is not None:
            self.edit_again(nb)
        return json.dumps(nb).encode()


@dataclass(frozen=True, kw_only=True)
class Act(Attack):
    """Something that a neighbour does, with a course folder or a part of the grader.

    Attributes:
        act: does it in a new course of honest students, and returns how it succeeded, or ``""``.
    """

    act: Callable[[Course], str]


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left."""

    course: Course
    assignment: str
    exit_code: int | None
    seconds: float
    printed: str
    reports: Mapping[str, dict]

    def pages(self, student: str) -> Iterable[Path]:
        """Feedback pages and autograded notebooks of a student."""
        for folder in (self.course.feedback_dir, self.course.autograded_dir):
            with contextlib.suppress(OSError, ValueError):
                yield from (folder / student / self.assignment).glob("*.*")


# --- courses and submissions ---------------------------------------------------------------------

#: The solution cell that code is added to, by notebook.
_CELLS = {
    "knn": "knn-classifier",
    "two_layer_net": "two_layer_net-model-code",
    "features": "features-classifier",
    "fully_connected_nets": "fully_connected_nets-adamw-code",
    "pytorch": "pytorch-accuracy-code",
}


def course_of(root: Path, notebooks: Mapping[str, Iterable[str]] | None = None) -> Course:
    """A course of a few notebooks, by assignment, in which nobody handed in yet."""
    course = Course(root)
    for assignment, names in (notebooks or {A1: ["knn"]}).items():
        for folder in ("source", "release"):
            target = root / folder / assignment
            target.mkdir(parents=True, exist_ok=True)
            for name in names:
                shutil.copy(HOME / folder / assignment / f"{name}.ipynb", target)
    shutil.copy(HOME / "nbgrader_config.py", root)
    return course


def notebook_of(
    course: Course, assignment: str, name: str, base: str, code: str = "", cell: str = ""
) -> dict:
    """A notebook as JSON data, with code below the solution of one of its cells."""
    if base == "solved":
        nb = solved(course, course.assignment(assignment).notebooks[name])
    else:
        path = course.release_dir / assignment / f"{name}.ipynb"
        nb = json.loads(path.read_text(encoding="utf-8"))
    nb = copy.deepcopy(nb)
    if code:
        (target,) = [c for c in nb["cells"] if _grade_id(c) == (cell or _CELLS[name])]
        target["source"] = ["".join(target["source"]) + "\n\n" + code]
    return nb


def _grade_id(cell: dict) -> str:
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")


def hand_in(
    course: Course, student: str | bytes, assignment: str, files: Mapping[str, bytes | str]
):
    """Put files into a student's folder, whose name may be any bytes; returns the folder."""
    folder = course.submitted_dir / os.fsdecode(student) / assignment
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def hand_in_honestly(course: Course, assignment: str = A1, notebook: str = "knn") -> None:
    nb = json.dumps(notebook_of(course, assignment, notebook, "solved"))
    for student in HONEST:
        hand_in(course, student, assignment, {f"{notebook}.ipynb": nb})


# --- the command ---------------------------------------------------------------------------------


_WITH_BUDGET = """\
from dataclasses import replace
from autograder import batch, cli
from autograder.grading import Budget
usual = batch.course_settings
batch.course_settings = lambda *arguments: replace(
    usual(*arguments), budget=Budget(seconds={}, hard={})
)
cli.main()
"""


#: The kernel lets root read everything: here a hook refuses it what lies in some folders.
_REFUSING = """\
import sys
def refuse(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and "/unreadable" in str(arguments[0]):
        raise PermissionError(13, "Permission denied", arguments[0])
sys.addaudithook(refuse)
from autograder import cli
cli.main()
"""


def command(*arguments: str, budget: int | None = None, refusing: bool = False) -> list[str]:
    """The ``autograder`` command of this environment.

    Args:
        budget: seconds that a submission may take, if not as many as usual.
        refusing: must whatever begins with "unreadable" be unreadable?
    """
    if refusing:
        return [sys.executable, "-P", "-c", _REFUSING, *arguments]
    if budget is not None:
        return [sys.executable, "-P", "-c", _WITH_BUDGET.format(budget, 3 * budget), *arguments]
    return [str(Path(sys.executable).with_name("autograder")), *arguments]


def ours(course: Course) -> list[psutil.Process]:
    """Processes that work on a course: the command and its workers, and orphaned sandboxes."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            orphan = process.ppid() == 1 and "bwrap" in process.name()
            if (orphan and str(HOME) in " ".join(process.cmdline())) or Path(
                process.cwd()
            ) == course.root:
                found.append(process)
    return found


def left_after(course: Course, seconds: float = 5.0) -> str:
    """Which of :func:`ours` are still there after so many seconds, or ``""``."""
    end = time.monotonic() + seconds
    while (left := ours(course)) and time.monotonic() < end:
        time.sleep(0.1)
    return f"{len(left)} processes are left" if left else ""


def environment(**more: str) -> dict[str, str]:
    """The environment in which the command is that of this checkout."""
    return {**os.environ, "PYTHONPATH": str(HOME), "COLUMNS": "160", "ATTACK_TOKEN": "x", **more}


def grade(
    course: Course,
    assignment: str = A1,
    *options: str,
    seconds: float = CLASS_BUDGET,
    env: Mapping[str, str] | None = None,
    meanwhile: Callable[[subprocess.Popen], Any] | None = None,
    through: Sequence[str] = (),
    budget: int | None = None,
    refusing: bool = False,
) -> Outcome:
    """Run ``autograder grade``.

    Args:
        seconds: after which it is ended; its exit code is None then.
        through: a command that runs the command.
        budget, refusing: see :func:`command`.
        meanwhile: what to do while it runs.
    """
    started = time.monotonic()
    # Files, not pipes: what a process left behind may hold a pipe open.
    with open(course.root / "printed.txt", "w+b") as printed:
        process = subprocess.Popen(
            [*through, *command("grade", assignment, *options, budget=budget, refusing=refusing)],
            cwd=course.root,
            env=environment(**(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        exit_code: int | None = None
        try:
            if meanwhile is not None:
                meanwhile(process)
            exit_code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
        took = time.monotonic() - started
        printed.seek(0)
        text = printed.read().decode(errors="replace")
    return Outcome(course, assignment, exit_code, took, text, latest(course))


def latest(course: Course) -> dict[str, dict]:
    """The last report of each student in the journal."""
    reports = {}
    if course.journal_path.exists():
        for line in course.journal_path.read_bytes().splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                report = json.loads(line)
                report["score"], report["notebooks"]
                reports[report["student"]] = report
    return reports


# --- judging -------------------------------------------------------------------------------------


def try_class(attacks: Iterable[Submitted], root: Path) -> dict[str, list[str]]:
    """Hand in all attacks, grade the class, and say for each how it succeeded.

    What harms the class as a whole stands under :data:`THE_CLASS`: which attack it was, a class of
    half of them tells.
    """
    attacks = list(attacks)
    (assignment,) = {attack.assignment for attack in attacks}
    beside = {Path(name).stem for attack in attacks for name in attack.files if "ipynb" in name}
    asked = beside & set(_CELLS) | {attack.notebook for attack in attacks}
    notebooks = sorted(asked | {_HONEST_NOTEBOOK[assignment]})
    needed = {A1: ["two_layer_net"]} if assignment == A2 else {}
    course = course_of(root, {**needed, assignment: notebooks})
    hand_in_honestly(course, assignment, _HONEST_NOTEBOOK[assignment])
    for attack in attacks:
        submit(course, attack)
    budget = SHORT_BUDGET if all(attack.sleeps for attack in attacks) else None
    first = grade(course, assignment, budget=budget)
    found = {THE_CLASS: harm(first)}
    found |= {attack.name: _successes(attack, first) for attack in attacks}
    twice = [attack for attack in attacks if attack.learned is not None]
    if twice and first.exit_code is not None:
        for attack in twice:
            submit(course, attack, second=True)
        second = grade(course, assignment)
        for attack in twice:
            texts = [json.dumps(run.reports.get(attack.name)) for run in (first, second)]
            if attack.learned is not None and attack.learned(*texts):
                found[attack.name].append("the first hand-in helped the second")
    return found


#: What happened to the class as a whole.
THE_CLASS = "the class"

_HONEST_NOTEBOOK = {A1: "knn", A2: "dropout"}


def submit(course: Course, attack: Submitted, second: bool = False) -> None:
    data = attack.data(course, second)
    notebook = {} if data is None else {f"{attack.notebook}.ipynb": data}
    beside = {name: f(course) if callable(f) else f for name, f in attack.files.items()}
    files = {**({} if attack.place and attack.content == b"" else notebook), **beside}
    folder = hand_in(course, attack.folder or attack.name, attack.assignment, files)
    if attack.place is not None and not second:
        attack.place(folder)


def _successes(attack: Submitted, outcome: Outcome) -> list[str]:
    """How an attack succeeded."""
    found: list[str] = []
    if attack.after is not None:
        found += filter(None, [attack.after(outcome)])
    report = outcome.reports.get(attack.name)
    if report is None:
        return [*found, "it was not graded"] if attack.counts else found
    if report["status"] == "machine":
        found.append(f"it passed for a failure of the machine: {report['reason'][:200]}")
    if attack.sleeps and '"limit": "budget"' not in json.dumps(report):
        found.append("its budget did not end it")
    if TOLD in json.dumps(report):
        found.append(f"it says so: {_around(json.dumps(report), TOLD)}")
    notebook = report["notebooks"].get(attack.notebook, {})
    for name, question in notebook.get("questions", {}).items():
        share = question["score"] / question["max_score"] if question["max_score"] else 0.0
        most = attack.earns.get(name, 0.0 if attack.base == "released" else 1.0)
        if share > most + 1e-6:
            found.append(f"{name}: {question['score']:g} of {question['max_score']:g} points")
        if name in attack.keeps and share < 1:
            reasons = [c["reason"] for c in question["checks"] if not c["passed"]]
            found.append(f"{name} lost points for right work: {reasons[:1]}")
    for path in outcome.pages(attack.name):
        found += active_in_file(path)
    return found


def harm(outcome: Outcome) -> list[str]:
    """What a run did to those who did nothing wrong, and to the terminal."""
    return [
        *filter(None, [stopped(outcome)]),
        *honest_lost(outcome),
        *active_in_terminal(outcome.printed),
    ]


def stopped(outcome: Outcome) -> str:
    """How a run broke off, or ``""``; exit code 1 is that of a run that names what it refused."""
    if outcome.exit_code is None:
        return "the run did not end in time"
    if outcome.exit_code not in (0, 1) or "Traceback" in outcome.printed:
        return f"the command ended with exit code {outcome.exit_code}: {outcome.printed[-1500:]}"
    return ""


def honest_lost(outcome: Outcome) -> list[str]:
    """What students who did nothing wrong lost."""
    found = []
    for student in HONEST:
        report = outcome.reports.get(student)
        if report is None or report["status"] != "graded":
            found.append(f"{student} was not graded")
            continue
        notebook = report["notebooks"][_HONEST_NOTEBOOK[outcome.assignment]]
        for name, question in notebook["questions"].items():
            if question["score"] != question["max_score"]:
                found.append(f"{student} lost points in {name}")
        if not any(path.suffix == ".html" for path in outcome.pages(student)):
            found.append(f"{student} has no page")
    return found


def _around(text: str, what: str) -> str:
    at = text.index(what)
    return text[max(0, at - 60) : at + 120]


#: What makes a terminal do something: control characters, and those that turn text around.
_ACTIVE_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def active_in_terminal(text: str) -> list[str]:
    found = _ACTIVE_CHARACTERS.search(text)
    return [f"the terminal is sent {found[0]!r}: {_around(text, found[0])!r}"] if found else []


def active_in_file(path: Path) -> list[str]:
    """What a page or an autograded notebook would do in a browser."""
    text = path.read_text(encoding="utf-8", errors="replace")
    found: list[str] = []
    if path.suffix == ".html":
        found = active_in_html(text)
    elif path.suffix == ".ipynb":
        nb = json.loads(text)
        for cell in nb["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                found += active_in_html(str(markdown2html_mistune(source)))
            elif cell["cell_type"] == "raw":
                found += active_in_html(source)
            for output in cell.get("outputs", []):
                kinds = set(output.get("data", {})) - {"text/plain", "image/png"}
                found += [f"an output of type {kind}" for kind in kinds]
    return [f"{path.name} has {what}" for what in dict.fromkeys(found)]


_ACTIVE_TAGS = {
    "audio", "base", "button", "embed", "form", "frame", "iframe", "input", "link", "math",
    "object", "script", "svg", "textarea", "video",
}  # fmt: skip


#: What our own pages and tables in Markdown carry.
_STYLE = re.compile(r"width:[\d.]+%;?|text-align:\w+;?")


class _Active(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ACTIVE_TAGS:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            value = re.sub(r"[\s\x00-\x20]", "", value or "").lower()
            scheme = re.match(r"[\w+.-]*:", value)
            if name.startswith("on") or (name == "http-equiv" and "refresh" in value):
                self.found.append(f"{name}= on <{tag}>")
            elif name == "style" and not _STYLE.fullmatch(value):
                self.found.append(f"style={value[:40]}")
            elif name in ("href", "action", "src", "srcset", "data", "formaction", "xlink:href"):
                allowed = ("http:", "https:", "mailto:") if name == "href" else ()
                png = value.startswith("data:image/png;base64,")
                if (scheme and scheme[0] not in allowed and not png) or value.startswith("//"):
                    self.found.append(f"{name}={value[:60]}")


def active_in_html(text: str) -> list[str]:
    parser = _Active()
    parser.feed(text)
    parser.close()
    styles = len(re.findall(r"(?i)<style", text))
    return parser.found + (["a style sheet of its own"] if styles > 1 else [])


# --- for tables of attacks -----------------------------------------------------------------------


def two_loops(body: str) -> str:
    """A class whose first distance method has this body, below the real one."""
    lines = "".join(f"        {line}\n" for line in body.strip("\n").splitlines())
    return (
        "class KNearestNeighbor(KNearestNeighbor):\n"
        f"    def compute_distances_two_loops(self, X):\n{lines}"
    )


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def tried(attack: Attack, root: Path) -> list[str]:
    """Try an attack alone, in a course of its own; returns how it succeeded."""
    if isinstance(attack, Submitted):
        return [what for found in try_class([attack], root).values() for what in found]
    assert isinstance(attack, Act)
    course = course_of(root)
    hand_in_honestly(course)
    found = attack.act(course)
    return [found] if found else []
