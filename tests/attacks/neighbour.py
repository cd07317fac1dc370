"""Attacks of a neighbour: another user, process or host, who reaches files, folders and ports."""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from bundle import ESCAPES
from harness import (
    A1,
    HONEST,
    Act,
    Outcome,
    Submitted,
    active_in_terminal,
    grade,
    hand_in,
    honest_lost,
    left_after,
    notebook_of,
    ours,
    stopped,
)

from autograder.bundle import write_bundle
from autograder.course import Course, CourseError

lying = partial(Submitted, attacker="neighbour")
acting = partial(Act, attacker="neighbour")

SECRET = "5e" * 32


def instead(make: Callable[[Path], object]) -> dict:
    """Arguments for something else that lies where the notebook should."""
    return {"base": "released", "content": b"", "place": lambda at: make(at / "knn.ipynb")}


def _socket(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as end:
        end.bind(path.name)


def _sparse(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(2**40)


def _link_to_the_secret(path: Path) -> None:
    secret = path.parents[3] / ".autograder-secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    os.link(secret, path)


def _tells_the_secret(outcome: Outcome) -> str:
    files = [outcome.course.journal_path]
    for folder in (outcome.course.feedback_dir, outcome.course.autograded_dir):
        files += [path for path in folder.rglob("*") if path.is_file()]
    told = [path.name for path in files if path.exists() and SECRET[:16] in path.read_text()]
    return f"the secret is in {told[0]}" if told else ""


PLANTED = ("numpy.py", "json.py", "sitecustomize.py", "conftest.py", "nbgrader_config.py",
           "jupyter_config.py", "assignments.py", "usercustomize.py")  # fmt: skip


def _plant(folder: Path) -> None:
    code = f"open({str(folder.parents[2] / 'planted')!r}, 'w').close()\n"
    for where in (folder, folder.parent, folder.parents[1]):
        for name in PLANTED:
            (where / name).write_text(code)


def _many_files(folder: Path) -> None:
    for number in range(3000):
        (folder / f"x{number}.ipynb").write_bytes(b"{}")


def _odd_timestamps(folder: Path) -> None:
    (folder / "timestamp.txt").symlink_to("/dev/zero")


# --- acts ----------------------------------------------------------------------------------------


def _honest_lost(outcome: Outcome) -> str:
    return "; ".join(honest_lost(outcome))


def _all_there(course: Course) -> str:
    """After another, undisturbed run: is everything there?"""
    outcome = grade(course)
    if broken := stopped(outcome):
        return f"the next run: {broken}"
    with sqlite3.connect(course.gradebook_path) as db:
        (students,) = db.execute("select count(*) from submitted_assignment").fetchone()
    if students < len(HONEST):
        return f"{students} submissions are in the gradebook"
    return _honest_lost(outcome)


@contextmanager
def _again_and_again(act: Callable[[], object]) -> Iterator[None]:
    """Do something all the time, while this lasts."""
    over = threading.Event()

    def repeat() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError, psutil.Error):
                act()
            time.sleep(0.002)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def moves_a_folder_while_it_is_read(course: Course) -> str:
    folder = hand_in(course, "eve", A1, {"knn.ipynb": b"{}"})
    away = folder.with_name("away")

    def move() -> None:
        folder.rename(away)
        away.rename(folder)

    with _again_and_again(move):
        outcome = grade(course)
    return stopped(outcome) or _honest_lost(outcome)


def swaps_a_link_for_a_file(course: Course) -> str:
    blank = json.dumps(notebook_of(course, A1, "knn", "released"))
    folder = hand_in(course, "eve", A1, {"knn.ipynb": blank})
    right = course.submitted_dir / HONEST[0] / A1 / "knn.ipynb"

    def swap() -> None:
        (folder / "link").symlink_to(right)
        os.replace(folder / "link", folder / "knn.ipynb")
        (folder / "file").write_text(blank)
        os.replace(folder / "file", folder / "knn.ipynb")

    with _again_and_again(swap):
        outcome = grade(course)
    if (score := outcome.reports["eve"]["score"]) > 0:
        return f"eve has {score} points"
    return _honest_lost(outcome)


def unreadable_folder(course: Course) -> str:
    hand_in(course, "unreadable", A1, {"knn.ipynb": b"{}"})
    folder = hand_in(course, "eve", A1, {"knn.ipynb": b"{}"})
    (folder / "unreadable.ipynb").write_bytes(b"{}")
    hand_in(course, "eva", A1, {}).joinpath("knn.ipynb").mkdir()
    outcome = grade(course, refusing=True)
    return stopped(outcome) or _honest_lost(outcome)


def journal_of_another_form(course: Course) -> str:
    lines = [
        b'{"student": "aaa-honest", "assignment": "a1_classifiers"}',
        b'{"student": {"a": 1}, "assignment": "a1_classifiers", "status": []}',
        b"[" * 100_000,
        b'{"student": "\\ud800", "assignment": "a1_classifiers", "score": 1e999, "schema": 99}',
        b"\0\0\xff\xfe",
        b"null",
        b"7" * 5000,
        b'{"student": "zzz-honest", "assignment": "a1_classifiers", "cut sho',
    ]
    course.journal_path.write_bytes(b"\n".join(lines))
    outcome = grade(course)
    return stopped(outcome) or _honest_lost(outcome)


def locks_the_gradebook(course: Course) -> str:
    grade(course)
    with contextlib.closing(sqlite3.connect(course.gradebook_path)) as db:
        db.execute("begin exclusive")
        locked = grade(course, A1, "--force", seconds=120)
        db.rollback()
    if "Traceback" in locked.printed:
        return f"a traceback: {locked.printed[-300:]}"
    return _all_there(course)


def reads_the_secret(course: Course) -> str:
    outcome = grade(course, through=["sh", "-c", 'umask 0; exec "$@"', "sh"])
    secret = course.root / ".autograder-secret"
    if secret.exists() and secret.stat().st_mode & 0o077:
        return f"the secret has mode {stat.filemode(secret.stat().st_mode)}"
    return _honest_lost(outcome)


def listening() -> set[str]:
    """Names of sockets of this machine that somebody may connect to without any file."""
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return {line[7] for line in lines if line[7:] and line[7][0] == "@" and line[3] == "00010000"}


def watches_the_processes(course: Course) -> str:
    secret = course.root / ".autograder-secret"
    secret.write_text(SECRET)
    seen: set[str] = set()

    def look(command: subprocess.Popen) -> None:
        while command.poll() is None:
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(command.pid)
                for process in (root, *root.children(recursive=True)):
                    with contextlib.suppress(psutil.Error, OSError):
                        told = Path(f"/proc/{process.pid}/cmdline").read_bytes()
                        told += Path(f"/proc/{process.pid}/environ").read_bytes()
                        if SECRET.encode() in told or bytes.fromhex(SECRET) in told:
                            seen.add("the secret is on a command line or in an environment")
                        for end in process.net_connections("inet"):
                            if end.status == psutil.CONN_LISTEN:
                                seen.add(f"something listens at {end.laddr}")
                        mine = {str(end.laddr) for end in process.net_connections("unix")}
                        seen.update(f"something listens at {name}" for name in mine & listening())
            time.sleep(0.05)

    grade(course, meanwhile=look)
    return "; ".join(sorted(seen))


def looks_into_tmp(course: Course) -> str:
    tmp = course.root / "tmp"
    tmp.mkdir()
    tmp.chmod(0o1777)
    seen: set[str] = set()

    def look(command: subprocess.Popen) -> None:
        while command.poll() is None:
            for path in tmp.rglob("*"):
                with contextlib.suppress(OSError):
                    mode = path.lstat().st_mode
                    inside = path.parent == tmp or path.parent.stat().st_mode & 0o005
                    if inside and mode & 0o006 and not stat.S_ISLNK(mode):
                        seen.add(f"{path.name} is open to all ({stat.filemode(mode)})")
            time.sleep(0.02)

    grade(course, env={"TMPDIR": str(tmp)}, meanwhile=look)
    seen.update(f"{path.name} is left in /tmp" for path in tmp.iterdir())
    return "; ".join(sorted(seen))


class _Evil:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return (open, (self.marker, "w"))


def poisons_the_cache(course: Course) -> str:
    from assignments.data import cache

    marker = course.root / "unpickled"
    poison = io.BytesIO()
    evil = np.array([_Evil(str(marker))], dtype=object)
    np.savez(poison, X=evil, fingerprint=np.array("right"))
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("ASSIGNMENTS_DATA")
        os.environ["ASSIGNMENTS_DATA"] = folder
        try:
            (Path(folder) / "poisoned.npz").write_bytes(poison.getvalue())
            arrays = cache.cached_arrays("poisoned", "right", lambda: {"X": np.arange(3)})
        finally:
            os.environ.pop("ASSIGNMENTS_DATA")
            if before is not None:
                os.environ["ASSIGNMENTS_DATA"] = before
    if marker.exists():
        return "an object in the cache was unpickled"
    return "" if arrays["X"].tolist() == [0, 1, 2] else "what the cache held was taken"


def listens_as_the_scheduler(course: Course) -> str:
    secret = course.root / ".autograder-secret"
    secret.write_text(SECRET)
    got = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)

        def listen(command: subprocess.Popen) -> None:
            while command.poll() is None:
                with contextlib.suppress(OSError):
                    end, _address = server.accept()
                    with end:
                        end.settimeout(2)
                        end.sendall(b"\x01\x00\x00\x00\x00\x00\x00\x00")
                        while data := end.recv(4096):
                            got.extend(data)

        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        outcome = grade(course, A1, "--scheduler", address, meanwhile=listen, seconds=60)
    if got and not got.startswith(b"\x16\x03"):  # a TLS handshake
        return f"it spoke in clear to whoever listened: {bytes(got[:40])!r}"
    if outcome.exit_code != 2:
        return f"exit code {outcome.exit_code}"
    return ""


def _kill_sandboxes(command: subprocess.Popen) -> None:
    killed = 0
    while command.poll() is None and killed < 12:
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(command.pid).children(recursive=True):
                if "bwrap" in process.name():
                    process.kill()
                    killed += 1
        time.sleep(0.01)


def kills_sandboxes(course: Course) -> str:
    outcome = grade(course, meanwhile=_kill_sandboxes)
    if outcome.exit_code is None or outcome.exit_code < 0 or "Traceback" in outcome.printed:
        return f"the command ended with {outcome.exit_code}: {outcome.printed[-300:]}"
    return _all_there(course)


def _signalled(number: int, after: float, course: Course) -> str:
    def send(command: subprocess.Popen) -> None:
        time.sleep(after)
        command.send_signal(number)
        command.wait(60)

    with open(course.root / "printed.txt", "wb") as printed:
        from harness import command, environment

        process = subprocess.Popen(
            command("grade", A1), cwd=course.root, env=environment(), stdout=printed,
            stderr=printed, start_new_session=True,
        )  # fmt: skip
    try:
        send(process)
        return left_after(course) or _all_there(course)
    finally:
        for left in ours(course):
            with contextlib.suppress(psutil.Error):
                left.kill()


def fills_the_disk(course: Course) -> str:
    grade(course, through=["prlimit", "--fsize=150000", "--"], seconds=200)
    return _all_there(course)


def grades_at_the_same_time(course: Course) -> str:
    second: list[Outcome] = []

    def again(command: subprocess.Popen) -> None:
        time.sleep(1.5)
        if command.poll() is None:
            second.append(grade(course))

    first = grade(course, meanwhile=again)
    if broken := stopped(first):
        return f"the first: {broken}"
    if second and (second[0].exit_code != 2 or "Traceback" in second[0].printed):
        return f"the second ends with {second[0].exit_code}: {second[0].printed[-200:]}"
    return _all_there(course)


def links_the_secret_into_the_release(course: Course) -> str:
    secret = course.root / ".autograder-secret"
    secret.write_text(SECRET)
    (course.release_dir / A1 / "data.txt").symlink_to(secret)
    try:
        path = write_bundle(course, A1)
    except CourseError:
        return ""
    with zipfile.ZipFile(path) as archive:
        told = [name for name in archive.namelist() if SECRET.encode() in archive.read(name)]
    return f"the bundle gives students the secret, in {told[0]}" if told else ""


def odd_journal_and_names(course: Course) -> str:
    """Every later command meets those names, too."""
    from harness import command, environment

    for name in ("=cmd|' /C calc'!A0", "-rf", "[red]x[/red]" + ESCAPES.replace("/", ""), "\n\n"):
        hand_in(course, name, A1, {"knn.ipynb": b"{}"})
    grade(course)
    found = []
    for arguments in (["report", A1], ["feedback", A1], ["export", "grades.csv"]):
        done = subprocess.run(
            command(*arguments), cwd=course.root, env=environment(), capture_output=True, text=True
        )
        found += active_in_terminal(done.stdout + done.stderr)
        if "Traceback" in done.stderr:
            found.append(f"{arguments[0]} ends in a traceback: {done.stderr[-200:]}")
    csv = (course.root / "grades.csv").read_text() if (course.root / "grades.csv").exists() else ""
    if any(field.startswith(("=", "@")) for line in csv.splitlines() for field in line.split(",")):
        found.append("a spreadsheet takes a student's name for a formula")
    return "; ".join(found)


ATTACKS = [
    # --- a shared submitted/ folder ---
    lying(
        **instead(lambda at: at.symlink_to(f"../../{HONEST[0]}/{A1}/knn.ipynb")),
        name="link-to-another-notebook",
        cause="bookkeeping",
        success="a link to somebody else's notebook earns their points",
        succeeded_at_2207fe8=False,
    ),
    lying(
        base="released",
        content=b"",
        counts=False,
        place=lambda at: [shutil.rmtree(at), at.symlink_to(f"../{HONEST[0]}/{A1}")],
        name="link-to-another-folder",
        cause="bookkeeping",
        success="a link to somebody else's folder earns their points",
        succeeded_at_2207fe8=False,
    ),
    lying(
        **instead(_link_to_the_secret),
        after=_tells_the_secret,
        name="hard-link-to-the-secret",
        cause="bookkeeping",
        success="a hard link makes a page or the journal tell the course's secret",
        succeeded_at_2207fe8=False,
    ),
    lying(
        **instead(os.mkfifo),
        name="pipe-for-a-notebook",
        cause="fence",
        success="the grader waits for a pipe that nobody writes to",
        succeeded_at_2207fe8=False,
    ),
    lying(
        **instead(lambda at: (at / "knn.ipynb").mkdir(parents=True)),
        name="folder-for-a-notebook",
        cause="fence",
        success="a folder with the name of a notebook stops the class",
        succeeded_at_2207fe8=True,
    ),
    lying(
        **instead(_socket),
        name="socket-for-a-notebook",
        cause="fence",
        success="a socket with the name of a notebook stops the class",
        succeeded_at_2207fe8=False,
    ),
    lying(
        **instead(_sparse),
        name="notebook-of-a-terabyte",
        cause="budget",
        success="a file of a terabyte of nothing is read",
        succeeded_at_2207fe8=False,
    ),
    lying(
        name="files-by-the-thousand",
        cause="budget",
        place=_many_files,
        success="thousands of further notebooks are all read",
        succeeded_at_2207fe8=False,
    ),
    lying(
        name="folder-name-of-odd-bytes",
        cause="fence",
        folder=b"odd-\xff\xfe\x80",
        counts=False,
        success="a folder name that is no text stops the class",
        succeeded_at_2207fe8=True,
    ),
    lying(
        name="folder-name-that-clears-the-screen",
        cause="rendering",
        folder=f"[red]{ESCAPES}\n<script>alert(4711)<!--",
        counts=False,
        success="the name of a folder sends escape sequences to the terminal",
        succeeded_at_2207fe8=True,
    ),
    lying(
        name="folder-name-of-sql",
        cause="bookkeeping",
        folder="x'; drop table grade; --",
        counts=False,
        success="the name of a folder is a command to the gradebook",
        succeeded_at_2207fe8=False,
    ),
    lying(
        name="folder-name-in-capitals",
        cause="bookkeeping",
        base="released",
        folder=HONEST[0].upper(),
        counts=False,
        success="a name that differs from another's in capitals alone replaces their grade",
        succeeded_at_2207fe8=False,
    ),
    lying(
        name="folder-name-of-255-bytes",
        cause="fence",
        folder="x" * 255,
        counts=False,
        success="a name as long as the file system allows stops the class",
        succeeded_at_2207fe8=False,
    ),
    lying(
        name="handed-in-in-the-year-1",
        cause="fence",
        files={"timestamp.txt": b"0001-01-01 00:00:00 +14:00"},
        success="a timestamp that no calendar of the gradebook holds stops the class",
        succeeded_at_2207fe8=True,
    ),
    lying(
        name="timestamp-without-end",
        cause="fence",
        place=_odd_timestamps,
        success="a timestamp that is a link to /dev/zero is read",
        succeeded_at_2207fe8=False,
    ),
    lying(
        name="modules-beside-the-notebook",
        cause="isolation",
        place=_plant,
        after=lambda o: "it was" if (o.course.root / "planted").exists() else "",
        success="a module in a submission is imported by the grader",
        succeeded_at_2207fe8=False,
    ),
    # --- other processes, and those who reach the machine ---
    acting(
        name="folder-that-moves",
        cause="fence",
        act=moves_a_folder_while_it_is_read,
        success="a folder that comes and goes while it is read stops the class",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="link-swapped-for-a-file",
        cause="bookkeeping",
        act=swaps_a_link_for_a_file,
        success="a link put in the place of a file at the right moment is followed",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="folder-that-cannot-be-read",
        cause="fence",
        act=unreadable_folder,
        success="a folder or a file that cannot be read stops the class",
        succeeded_at_2207fe8=True,
    ),
    acting(
        name="journal-of-another-form",
        cause="bookkeeping",
        act=journal_of_another_form,
        success="lines of another form in the journal stop the class, or pass for grades",
        succeeded_at_2207fe8=True,
    ),
    acting(
        name="gradebook-locked",
        cause="bookkeeping",
        act=locks_the_gradebook,
        success="a process that locks the gradebook makes the command fail without a word, or lose",
        succeeded_at_2207fe8=True,
    ),
    acting(
        name="secret-with-any-umask",
        cause="isolation",
        act=reads_the_secret,
        success="another user of the machine can read the course's secret",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="processes-watched",
        cause="isolation",
        act=watches_the_processes,
        success="the secret is on a command line, or grading listens at a port",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="temporary-files-watched",
        cause="isolation",
        act=looks_into_tmp,
        success="files in /tmp are open to others, or stay there",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="cache-with-a-pickle",
        cause="isolation",
        act=poisons_the_cache,
        success="an object in the cache of pictures is unpickled",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="scheduler-in-clear",
        cause="network",
        act=listens_as_the_scheduler,
        success="who listens at the scheduler's address is sent tasks, with the secret, in clear",
        succeeded_at_2207fe8=True,
    ),
    acting(
        name="sandboxes-killed",
        cause="bookkeeping",
        act=kills_sandboxes,
        success="a sandbox that is killed takes the command or somebody's points with it",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="command-killed",
        cause="bookkeeping",
        act=partial(_signalled, signal.SIGKILL, 4.0),
        success="after kill -9 of the command processes stay, or work is lost",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="command-interrupted",
        cause="bookkeeping",
        act=partial(_signalled, signal.SIGINT, 3.0),
        success="after Ctrl-C processes stay, or work is lost",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="command-hung-up",
        cause="bookkeeping",
        act=partial(_signalled, signal.SIGHUP, 3.5),
        success="after the terminal is closed processes stay, or work is lost",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="disk-that-is-full",
        cause="bookkeeping",
        act=fills_the_disk,
        success="a disk that fills up during a run costs grades after the next",
        succeeded_at_2207fe8=False,
    ),
    acting(
        name="two-at-once",
        cause="bookkeeping",
        act=grades_at_the_same_time,
        success="two runs at once end in an error of SQL, or lose work",
        succeeded_at_2207fe8=True,
    ),
    acting(
        name="secret-linked-into-the-release",
        cause="isolation",
        act=links_the_secret_into_the_release,
        success="a link in the release makes the students' bundle carry the secret",
        succeeded_at_2207fe8=True,
    ),
    acting(
        name="names-for-other-commands",
        cause="rendering",
        act=odd_journal_and_names,
        success="names of folders act in the terminal or spreadsheet of report, feedback, export",
        succeeded_at_2207fe8=False,
    ),
]
