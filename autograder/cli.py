"""The ``autograder`` command."""

import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from autograder.course import HOME, Course, CourseError
from autograder.record import Report, plain
from autograder.sandbox.box import PROTECTIONS
from autograder.sandbox.bubblewrap import SandboxUnavailable

if TYPE_CHECKING:
    from autograder.mine import Mine

__all__ = ["main"]

console = Console(width=None if sys.stdout.isatty() else 120)
errors = Console(stderr=True)

EXIT_CODES = """\b
Exit codes:
  0  all is well
  1  something was found: a failed verification, a missing protection, a machine failure
  2  the command could not start: wrong arguments, nothing to do, no sandbox
"""


class _Group(click.Group):
    """Says what went wrong in one sentence instead of a traceback, with exit code 2."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (CourseError, SandboxUnavailable) as error:
            errors.print(f"[bold red]autograder:[/] {escape(plain(str(error)))}", soft_wrap=True)
            ctx.exit(2)


def _examples(*lines: str) -> Callable:
    """Examples and exit codes below a command's help."""
    text = "\b\nExamples:\n" + "\n".join(f"  autograder {line}" for line in lines)

    def decorate(function: Callable) -> Callable:
        function.__doc__ = f"{function.__doc__}\n\n{text}\n\n{EXIT_CODES}"
        return function

    return decorate


@click.group(
    cls=_Group, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES
)
@click.option(
    "--course",
    "root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The course's folder; by default the current one if it has source/, else this checkout.",
)
@click.version_option(package_name="vision-assignments")
@click.pass_context
def main(ctx: click.Context, root: Path | None) -> None:
    """Make releases of notebook assignments, and grade what students hand in."""
    here = Path.cwd()
    ctx.obj = Course((root or (here if (here / "source").is_dir() else HOME)).resolve())


def _assignments(course: Course, names: tuple[str, ...]) -> list[str]:
    known = course.assignments()
    if not known:
        raise CourseError(f"there are no source notebooks under {course.source_dir}")
    for name in names:
        if name not in known:
            raise CourseError(f"no assignment {name!r}; there are: {', '.join(known)}")
    return list(names) or known


def _one_assignment(course: Course, name: str | None) -> str:
    names = _assignments(course, (name,) if name else ())
    if len(names) > 1:
        raise CourseError(f"which assignment? There are: {', '.join(names)}")
    return names[0]


@contextmanager
def _bar(total: int, what: str) -> Iterator[Callable[[str], None]]:
    """A progress bar; the function it gives moves it on by one."""
    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[now]}"),
    )
    with Progress(*columns, console=errors, transient=not errors.is_terminal) as progress:
        task = progress.add_task(what, total=total, now="")
        yield lambda now: progress.update(task, advance=1, now=escape(now))


@main.command()
@click.argument("assignments", nargs=-1)
@click.option("--check", is_flag=True, help="Only say whether the release is up to date.")
@click.pass_obj
@_examples("release", "release a1_classifiers", "release --check")
def release(course: Course, assignments: tuple[str, ...], check: bool) -> None:
    """Compile source notebooks into what students get: release/, and bundle/ for their machines."""
    from autograder import release as room
    from autograder.bundle import write_bundle
    from autograder.causes import stale_causes, write_causes
    from autograder.verify import pool

    stale = False
    for name in _assignments(course, assignments):
        sources = course.assignment(name).notebooks.values()
        if check:
            differing = room.check_fresh(course, name)
            differing += [line for source in sources for line in stale_causes(source, course.root)]
            stale |= bool(differing)
            state = f"stale: {', '.join(map(str, differing))}" if differing else "up to date"
            console.print(f"{name}: {state}")
        else:
            result = room.release(course, name)
            state = f"{len(result.written)} written, {len(result.unchanged)} unchanged"
            console.print(f"{name}: {state} in {course.release_dir / name}", soft_wrap=True)
            with pool() as executor:
                jobs = [executor.submit(write_causes, source, course.root) for source in sources]
                written = sum(len(job.result()) for job in jobs)
            console.print(f"{name}: {written} files of what mistakes answer are written anew")
            console.print(f"{name}: bundle {write_bundle(course, name)}", soft_wrap=True)
    if stale:
        console.print("Run 'autograder release' to make it anew.")
        sys.exit(1)


@main.command()
@click.argument("assignments", nargs=-1)
@click.option("--seeds", default=20, show_default=True, help="Run every check on so many seeds.")
@click.option("--coverage", is_flag=True, help="List what each hidden check catches.")
@click.option("--jobs", type=int, help="Worker processes; one a core by default.")
@click.pass_obj
@_examples("verify a1_classifiers", "verify --coverage", "verify --seeds 2")
def verify(
    course: Course, assignments: tuple[str, ...], seeds: int, coverage: bool, jobs: int | None
) -> None:
    """Prove the grader: references pass, mistakes are caught and named, nothing leaks."""
    from autograder import verify as room

    failed = False
    for name in _assignments(course, assignments):
        total = room.Verdict()
        notebooks = len(course.assignment(name).notebooks)
        with room.pool(jobs) as executor, _bar(3 + notebooks * (1 + seeds), name) as done:
            for what, verdict in room.verify_assignment(course, name, seeds, executor):
                total.add(verdict)
                done(what)
        if coverage:
            console.print(_coverage_table(name, total))
        for question, check in total.idle_checks():
            total.failures.append(f"the hidden check {check} of {question} catches nothing")
        for failure in dict.fromkeys(total.failures):
            console.print(f"[red]✗[/] {escape(failure)}", soft_wrap=True)
        verdict_line = f"{total.proved} claims hold, {len(set(total.failures))} do not"
        console.print(f"{name}: {verdict_line}")
        home = total.home
        console.print(
            f"{name}: of {home['mistakes']} mistakes, {home['named']} are named at home by a "
            f"sentence of their own, {home['silent']} pass every public check"
        )
        failed |= bool(total.failures)
    sys.exit(1 if failed else 0)


@main.command()
@click.option("--run", "most", type=int, help="Run at most so many of the notebooks that changed.")
@click.pass_obj
@_examples("site", "site --run 0")
def site(course: Course, most: int | None) -> None:
    """Build the course as a web site, build/site: notebooks, their figures, guides, glossary."""
    from autograder.site.build import build

    faults = build(course, most, lambda line: console.print(line, soft_wrap=True))
    for fault in faults:
        console.print(f"[red]✗[/] {escape(fault)}", soft_wrap=True)
    if faults:
        console.print(f"The site has {len(faults)} faults; mend them before anybody gets it.")
        sys.exit(1)
    console.print(f"Open {course.root / 'build' / 'site' / 'index.html'}", soft_wrap=True)


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
@_examples("texts build/locale")
def texts(course: Course, folder: Path) -> None:
    """List all texts that students read, for translators: students.pot and grader.pot."""
    from autograder.texts import write_catalogues

    for path, count in write_catalogues(course, folder).items():
        console.print(f"{path}: {count} texts", soft_wrap=True)


def _coverage_table(name: str, verdict) -> Table:
    table = Table(title=f"{name}: what each hidden check catches")
    table.add_column("question")
    table.add_column("hidden check")
    table.add_column("mistakes")
    last = ""
    for (question, check), caught in verdict.caught.items():
        names = ", ".join(sorted(caught)) or "[bold red]nothing[/]"
        table.add_row("" if question == last else question, check, names)
        last = question
    return table


def _sandbox_option(function: Callable) -> Callable:
    return click.option(
        "--sandbox",
        "protection",
        type=click.Choice(PROTECTIONS),
        default="bubblewrap",
        show_default=True,
        help="'none' runs student code unprotected: only for your own.",
    )(function)


@main.command()
@click.argument("target")
@click.option("--student", "students", multiple=True, help="Only this student; may be repeated.")
@click.option("--force", is_flag=True, help="Grade again what has not changed, too.")
@click.option("--jobs", type=int, help="Submissions that compute at once; one a core by default.")
@click.option("--scheduler", help="Address of a Dask scheduler whose workers grade (tls://...).")
@click.option(
    "--tls",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder with ca.pem, cert.pem and key.pem for it; by default as Dask is configured.",
)
@_sandbox_option
@click.pass_obj
@_examples(
    "grade a1_classifiers",
    "grade a1_classifiers --student alice --force",
    "grade a1_classifiers --scheduler tls://10.0.0.5:8786 --tls certificates",
    "grade knn.ipynb --sandbox=none",
)
def grade(
    course: Course,
    target: str,
    students: tuple[str, ...],
    force: bool,
    jobs: int | None,
    scheduler: str | None,
    tls: Path | None,
    protection: str,
) -> None:
    """Grade the submissions of an assignment, or one notebook file of your own.

    TARGET is an assignment (submissions lie in submitted/<student>/<assignment>) or a path of a
    notebook, which is graded and shown without touching the gradebook.
    """
    if target.endswith(".ipynb"):
        _grade_file(course, Path(target), protection)
        return
    assignment = _one_assignment(course, target)
    elsewhere = _cluster(scheduler, tls) if scheduler else None
    if not _grade_class(course, assignment, students, force, jobs, protection, elsewhere):
        sys.exit(1)


def _cluster(address: str, tls: Path | None) -> Executor:
    """The workers of a Dask scheduler, which is reached over TLS or not at all."""
    try:
        from distributed import Client, Security
    except ImportError:
        raise CourseError(
            "--scheduler needs Dask Distributed: pip install 'vision-assignments[cluster]'"
        ) from None
    if not address.startswith("tls://"):
        raise CourseError(
            f"{address} is not encrypted: whoever reached that port would run code on all workers. "
            "Start the scheduler and the workers with certificates, and name it tls://HOST:PORT "
            "(docs/instructors.md says how)"
        )
    files = {name: tls / f"{name}.pem" for name in ("ca", "cert", "key")} if tls else {}
    if missing := [str(path) for path in files.values() if not path.is_file()]:
        raise CourseError(f"--tls: there is no {', no '.join(missing)}")
    names = {"ca": "tls_ca_file", "cert": "tls_client_cert", "key": "tls_client_key"}
    security = Security(
        require_encryption=True, **{names[name]: str(path) for name, path in files.items()}
    )
    try:
        return Client(address, timeout=10, security=security).get_executor()
    except (OSError, ValueError, TypeError) as error:
        raise CourseError(f"no Dask scheduler answers at {address}: {error}") from None


def _grade_class(
    course: Course,
    assignment: str,
    students: tuple[str, ...],
    force: bool,
    jobs: int | None,
    protection: str,
    elsewhere: Executor | None = None,
) -> bool:
    """Grade with a progress bar, then print the table; is every submission graded?"""
    from autograder import batch

    settings = batch.course_settings(course, protection)
    _latest(course, assignment)
    submissions, refused = batch.plan_class(course, assignment, students)
    reports, unchanged = [], 0
    with _bar(len(submissions), f"grading {assignment}") as done:
        for report, was_there in batch.grade_class(
            course, assignment, settings, submissions, jobs, force, elsewhere
        ):
            reports.append(report)
            unchanged += was_there
            done(report.student)
    reports.sort(key=lambda report: report.student)
    console.print(_class_table(assignment, reports))
    if protection == "none":
        console.print("[bold red]Graded without a sandbox: student code ran unprotected.[/]")
    if unchanged:
        console.print(
            f"{unchanged} unchanged since they were last graded (--force grades them too)"
        )
    for folder in refused:
        errors.print(escape(str(folder)), soft_wrap=True)
    failed = any(report.status == "machine" for report in reports)
    if failed:
        console.print("Some submissions were not graded because of this machine; run it again.")
    return not (failed or refused)


def _class_table(assignment: str, reports: list[Report]) -> Table:
    table = Table(title=f"{assignment}, automatic points")
    table.add_column("student", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("main reason")
    for report in reports:
        table.add_row(
            escape(report.student),
            "-" if report.status == "machine" else f"{report.score:g} / {report.max_score:g}",
            _status_word(report),
            escape(textwrap.shorten(report.reason, 160, placeholder=" …")),
        )
    return table


def _status_word(report: Report) -> str:
    if report.status != "graded":
        return "[red]not graded[/]" if report.status == "machine" else f"[red]{report.status}[/]"
    if report.score == report.max_score:
        return "[green]full marks[/]"
    questions = report.questions().values()
    if any(question.status == "stopped" for question in questions):
        return "[red]stopped[/]"
    if all(question.status == "blank" for question in questions):
        return "[yellow]blank[/]"
    return "[yellow]partial[/]" if report.score else "[red]nothing right[/]"


def _grade_file(course: Course, path: Path, protection: str) -> None:
    from autograder.autograded import check_lines
    from autograder.course import Assignment
    from autograder.grading import Settings, grade_submission
    from autograder.submission import read_submission

    if not path.is_file():
        raise CourseError(f"there is no file {path}")
    homes = [
        assignment
        for name in course.assignments()
        if path.stem in (assignment := course.assignment(name)).notebooks
    ]
    if not homes:
        known = [nb for a in course.assignments() for nb in course.assignment(a).notebooks]
        raise CourseError(
            f"{path.name} has no checks; keep the name of the released notebook, one of: "
            + ", ".join(f"{name}.ipynb" for name in known)
        )
    assignment = Assignment(homes[0].name, {path.stem: homes[0].notebooks[path.stem]})
    submission = read_submission(path.resolve().parent, "you", assignment.name)
    settings = Settings(b"one's own work", protection)
    if protection == "none":  # where this is asked for, the system may know no forks
        report = grade_submission(submission, assignment, settings)
    else:
        from autograder.fence import Fence, grade_fenced

        with Fence(assignment, settings) as fence:
            report = grade_fenced(fence, submission, fence.settings)
    notebook = report.notebooks[path.stem]
    for line in [notebook.reason, *notebook.notes]:
        if line:
            console.print(escape(line))
    for name, question in notebook.questions.items():
        console.print("\n" + "\n".join(map(escape, check_lines(name, question))))
    if protection == "none":
        console.print("\nGraded without a sandbox.")
    console.print(f"\n[bold]{report.score:g} of {report.max_score:g} automatic points[/]")


@main.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print all results as JSON, nothing else.")
@click.pass_obj
@_examples("mine", "mine my/ --json")
def mine(course: Course, folder: Path | None, as_json: bool) -> None:
    """Grade all of your own notebooks with the hidden checks: for those who learn alone.

    FOLDER is yours, by default my/ of the clone ('make learn' makes it). Your code runs
    unprotected, as with --sandbox=none, so this works on any system; the gradebook is not touched.
    """
    from autograder import mine as room

    folder = (folder or course.root / "my").resolve()
    started = room.begun(course, folder)
    questions = [
        question
        for assignment in started.values()
        for notebook in assignment.notebooks.values()
        for question in notebook.auto_questions()
    ]
    with _bar(len(questions), "grading your notebooks") as done:
        results = room.grade_mine(course, folder, started, done)
    if as_json:
        click.echo(json.dumps([result.as_json() for result in results], indent=1))
        return
    console.print(_my_table(results))
    for result in results:
        if result.not_begun:
            names = ", ".join(result.not_begun)
            console.print(f"{result.source.name}, not begun: {names}", soft_wrap=True)
    lost = [entry for result in results for entry in result.lost()]
    if lost:
        console.print("\n[bold]What to mend first[/]")
    for name, question in lost[:_FIRST]:
        reasons = [check.reason for check in question.checks if not check.passed]
        told = [hint.text for hint in question.hints[:1]] or reasons[:1] or [question.reason]
        points = f"{question.max_score - question.score:g} of {question.max_score:g} points lost"
        console.print(f"  [bold]{name}[/]: {points}")
        console.print(f"    {escape(told[0])}", soft_wrap=True)
    if len(lost) > _FIRST:
        console.print(f"  ... and {len(lost) - _FIRST} more; the pages have them all.")
    if any(result.pages for result in results):
        console.print(f"\nThe whole story: {folder / room.FEEDBACK}", soft_wrap=True)
    console.print("Graded without a sandbox: your own code ran unprotected.")


#: Of all questions that lost points, so many are named with what to do.
_FIRST = 10


def _my_table(results: list["Mine"]) -> Table:
    table = Table(title="Your notebooks, with the hidden checks")
    table.add_column("notebook", no_wrap=True)
    for what in ("points", "of", "marked by yourself"):
        table.add_column(what, justify="right")
    for result in results:
        for name in result.report.notebooks:
            score = sum(q.score for q in result.report.notebooks[name].questions.values())
            own = result.marked_in(name)
            table.add_row(name, f"{score:g}", f"{result.max_score_of(name):g}", f"{own:g}")
        table.add_row(
            f"[bold]{result.source.name}[/]",
            f"[bold]{result.report.score:g}[/]",
            f"{result.max_score:g}",
            f"{sum(result.marked.values()):g}",
            end_section=True,
        )
    table.add_row(
        "[bold]the course[/]",
        f"[bold]{sum(result.report.score for result in results):g}[/]",
        f"{sum(result.max_score for result in results):g}",
        f"{sum(sum(result.marked.values()) for result in results):g}",
    )
    return table


def _latest(course: Course, assignment: str) -> dict[str, Report]:
    """The last report of each student; says how many lines of the journal were passed over."""
    from autograder.journal import Journal

    journal = Journal(course.journal_path)
    reports = {student: entry.report for student, entry in journal.latest(assignment).items()}
    if warning := journal.warning():
        errors.print(escape(warning), soft_wrap=True)
    return reports


def _graded(course: Course, assignment: str) -> dict[str, Report]:
    """The last report of each student, of whom there is one at least."""
    if reports := _latest(course, assignment):
        return reports
    raise CourseError(f"nothing of {assignment} is graded yet; run 'autograder grade {assignment}'")


@main.command()
@click.argument("assignment", required=False)
@click.option("--student", "students", multiple=True, help="Only this student; may be repeated.")
@click.pass_obj
@_examples("feedback a1_classifiers", "feedback a1_classifiers --student alice")
def feedback(course: Course, assignment: str | None, students: tuple[str, ...]) -> None:
    """Write feedback pages again, with the scores and comments given by hand since."""
    from autograder.gradebook import Gradebook
    from autograder.pages import render_pages, save_pages

    name = _one_assignment(course, assignment)
    reports = _graded(course, name)
    if missing := set(students) - set(reports):
        raise CourseError(f"not graded yet: {', '.join(sorted(missing))}")
    written = 0
    with Gradebook(course) as book:
        for student, report in reports.items():
            if (not students or student in students) and report.status != "machine":
                (marks,) = book.marks(name, student)
                pages = render_pages(course, report, marks=marks)
                written += len(save_pages(course, report, pages))
    console.print(f"{written} pages in {course.feedback_dir}/<student>/{name}/")


@main.command()
@click.argument("assignment", required=False)
@click.pass_obj
@_examples("report a1_classifiers")
def report(course: Course, assignment: str | None) -> None:
    """Sum up a class: questions, mistakes, who needs attention."""
    from autograder import report as room
    from autograder.gradebook import Gradebook

    name = _one_assignment(course, assignment)
    reports = list(_graded(course, name).values())
    with Gradebook(course) as book:
        summary = room.class_report(course, name, reports, book.marks(name))
    console.print(summary.table())
    console.print(f"written: {summary.write(course)}", soft_wrap=True)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="grades.csv")
@click.option("--assignment", help="Only this assignment.")
@click.pass_obj
@_examples("export", "export grades.csv --assignment a1_classifiers")
def export(course: Course, file: Path, assignment: str | None) -> None:
    """Write the gradebook's scores to a CSV file."""
    from autograder import export as room

    if not course.gradebook_path.exists():
        raise CourseError(
            f"there is no gradebook at {course.gradebook_path}; run 'autograder grade ASSIGNMENT'"
        )
    rows = room.export(course, file, assignment)
    console.print(f"{rows} rows in {file}", soft_wrap=True)


@main.command()
@_examples("doctor")
def doctor() -> None:
    """Prove each limit of the sandbox by provoking it, and say how to mend what is missing."""
    from autograder import doctor as room

    table = Table(title="autograder doctor")
    table.add_column("")
    table.add_column("what", no_wrap=True)
    table.add_column("found")
    healthy = True
    for finding in room.diagnose():
        healthy &= finding.ok
        mark = "[green]✓[/]" if finding.ok else "[bold red]✗[/]"
        remedy = f"\n[bold]{escape(finding.remedy)}[/]" if finding.remedy and not finding.ok else ""
        table.add_row(mark, escape(finding.name), escape(finding.detail) + remedy)
    console.print(table)
    sys.exit(0 if healthy else 1)


@main.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the sample course is made; by default demo/ in this checkout.",
)
@_sandbox_option
@_examples("demo", "demo --folder /tmp/demo")
def demo(folder: Path | None, protection: str) -> None:
    """Make a sample class, grade it, and show what came out."""
    from autograder import demo as room
    from autograder import export as exporting

    course = room.make_course(folder or HOME / "demo")
    assignment = room.ASSIGNMENT
    console.print(f"A class of {room.size(course)} handed in {assignment}; grading it:")
    _grade_class(course, assignment, (), True, None, protection)
    grades = course.root / "grades.csv"
    exporting.export(course, grades, assignment)
    first = room.a_feedback_page(course)
    console.print("\nWritten:")
    for what, path in (
        ("gradebook", course.gradebook_path),
        ("scores as CSV", grades),
        ("journal", course.journal_path),
        ("autograded notebooks", course.autograded_dir),
        ("a feedback page a student, such as", first),
    ):
        console.print(f"  {what}: [bold]{path}[/]", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
