"""The command that starts a sandbox: what is mounted, what is shut off, as whom it runs.

Root drops to an unused user first, because the kernel exempts root from the limit on processes.
That user may not be able to read the interpreter's folder, so root stacks two bubblewraps: the
outer one, still root, only lays out the mounts; the inner one, already without privileges, shuts
everything off.
"""

import importlib.metadata
import itertools
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import assignments
from autograder.sandbox.limits import Limits, SandboxUnavailable

__all__ = ["SITE", "SandboxUnavailable", "command", "find_bwrap", "package_mounts"]

#: Where the mounted packages lie inside.
SITE = "/site"

#: The files of this project that the inside needs; nothing else of it is mounted.
OUR_FILES = (
    "assignments/__init__.py",
    "assignments/messages.py",
    "assignments/notebook.py",
    "assignments/probes.py",
    "assignments/values.py",
    "assignments/workspace.py",
    "autograder/__init__.py",
    "autograder/sandbox/__init__.py",
    "autograder/sandbox/inside.py",
    "autograder/sandbox/late.py",
    "autograder/sandbox/wire.py",
)

_sandboxes = itertools.count()


def find_bwrap() -> str:
    """The path of bubblewrap.

    Raises:
        SandboxUnavailable: it is not installed.
    """
    if path := shutil.which("bwrap"):
        return path
    raise SandboxUnavailable(
        "bubblewrap is not installed, and without it student code would run unprotected. "
        "Install the package 'bubblewrap' of your system (Debian and Ubuntu: apt install "
        "bubblewrap; Fedora: dnf install bubblewrap), then run 'autograder doctor'. "
        "For your own work on your own machine, '--sandbox=none' grades without protection."
    )


#: What the processor can do. PyTorch asks this file; without it, half precision fails.
_PROCESSOR = ("--ro-bind", "/proc/cpuinfo", "/proc/cpuinfo")


def command(
    inside: Sequence[str], packages: Iterable[str], limits: Limits, seccomp: int, info: int
) -> list[str]:
    """The command line that runs ``python inside...`` in a sandbox, as its process 1.

    Args:
        inside: arguments to the interpreter.
        packages: names of distributions (``"numpy"``) to mount, with what they require.
        limits: sizes of the private file systems.
        seccomp: descriptor from which bubblewrap reads the filter of system calls.
        info: descriptor to which it writes, as JSON, the number of that process out here.
    """
    bwrap = find_bwrap()
    python = Path(sys.executable).resolve()
    mounts = _with_parents(
        [
            *_system_mounts(),
            *_interpreter_mounts(python),
            *package_mounts(tuple(sorted(packages))),
        ]
    )
    shut_off = [
        "--unshare-all", "--unshare-user", "--disable-userns", "--as-pid-1",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--seccomp", str(seccomp), "--info-fd", str(info),
        "--dev", "/dev",
        "--size", str(limits.tmp), "--tmpfs", "/dev/shm",
        "--remount-ro", "/dev",
        "--size", str(limits.tmp), "--tmpfs", "/tmp",
        "--remount-ro", "/",
        "--chdir", "/tmp",
        "--hostname", "sandbox",
        "--clearenv", *_environment(),
        "--", str(python), "-I", "-S", "-c", _BOOT, *inside,
    ]  # fmt: skip
    if os.getuid() != 0:
        return [bwrap, *mounts, *_PROCESSOR, *shut_off]
    uid = str(_unused_user())
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise SandboxUnavailable(
            "setpriv (of util-linux) is not installed; root needs it to drop its privileges before "
            "the sandbox starts. Install util-linux or run the autograder as another user."
        )
    tools = ["--ro-bind", bwrap, "/run/bwrap", "--ro-bind", setpriv, "/run/setpriv"]
    become = ["/run/setpriv", "--reuid", uid, "--regid", uid, "--clear-groups"]
    return [
        bwrap, "--die-with-parent", *mounts, *tools,
        "--dir", "/tmp", "--dev", "/dev", "--bind", "/proc", "/proc", "--",
        *become, "/run/bwrap", "--bind", "/", "/",
        "--tmpfs", "/run", "--remount-ro", "/run",
        "--tmpfs", "/proc", *_PROCESSOR, "--remount-ro", "/proc",
        *shut_off,
    ]  # fmt: skip


def _unused_user() -> int:
    """A user for root to run a sandbox as: of the numbers that exist here, one near the end.

    The kernel counts processes by user, so no two running sandboxes should share one.
    """
    with open("/proc/self/uid_map", encoding="ascii") as file:
        users = max(sum(map(int, line.split()[::2])) for line in file)  # first + count
    number = os.getpid() * 256 + next(_sandboxes) % 256
    users = min(users, 2**31)  # bubblewrap reads no larger numbers
    return users - 1 - number % (users // 2)


def _with_parents(mounts: list[tuple[str, ...]]) -> list[str]:
    """The mounts, after the folders that they lie in.

    bubblewrap makes missing folders readable for their owner alone.
    """
    parents = {str(parent) for mount in mounts for parent in Path(mount[-1]).parents}
    folders = [part for parent in sorted(parents - {"/"}) for part in ("--dir", parent)]
    return folders + [part for mount in mounts for part in mount]


#: The limits come first, so that nothing inside has ever none. The interpreter starts without site
#: and without user paths; this is its whole search path.
_BOOT = (
    "import json, resource, sys\n"
    "for name, value in json.loads(sys.argv[2]).items():"
    " resource.setrlimit(getattr(resource, name), (value, value))\n"
    f"sys.path.append({SITE!r}); "
    "from autograder.sandbox.inside import main; main(sys.argv[1:])"
)


def _environment() -> list[str]:
    threads = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
    variables = {f"{name}_NUM_THREADS": "1" for name in threads} | {
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "HOME": "/tmp",
        "PATH": "/nowhere",
    }
    return [part for item in variables.items() for part in ("--setenv", *item)]


@cache
def _system_mounts() -> tuple[tuple[str, ...], ...]:
    """The shared libraries of the system, and nothing else of it."""
    mounts: list[tuple[str, ...]] = []
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    for folder in ("/lib", "/lib64", "/usr/lib", "/usr/lib64"):
        path = Path(folder)
        if path.is_symlink():
            mounts.append(("--symlink", os.readlink(path), folder))
        elif (path / triplet).is_dir() and triplet:
            mounts.append(("--ro-bind", f"{folder}/{triplet}", f"{folder}/{triplet}"))
        elif path.is_dir() and (folder.endswith("64") or not triplet):
            mounts.append(("--ro-bind", folder, folder))
    if Path("/etc/ld.so.cache").exists():
        mounts.append(("--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"))
    return tuple(mounts)


@cache
def _interpreter_mounts(python: Path) -> tuple[tuple[str, ...], ...]:
    """The interpreter and its standard library, without any of its site-packages."""
    library = sysconfig.get_path("stdlib")
    shared = Path(sysconfig.get_config_var("LIBDIR") or "/nowhere")
    mounts: list[tuple[str, ...]] = [
        ("--ro-bind", str(python), str(python)),
        ("--ro-bind", library, library),
    ]
    for packages in ("site-packages", "dist-packages", "test", "idlelib"):
        if (Path(library) / packages).is_dir():
            hidden = f"{library}/{packages}"
            mounts += [("--tmpfs", hidden), ("--remount-ro", hidden)]
    for libpython in shared.glob("libpython*.so*"):
        if not str(libpython).startswith(("/usr/lib/", "/lib/")):
            mounts.append(("--ro-bind", str(libpython), str(libpython)))
    return tuple(mounts)


@cache
def package_mounts(packages: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Mounts of some distributions, of what they require, and of our own few files."""
    mounts: list[tuple[str, ...]] = []
    for entry in sorted(_entries(packages)):
        mounts.append(("--ro-bind", str(entry), f"{SITE}/{entry.name}"))
    ours = Path(assignments.__file__).resolve().parents[1]
    for name in OUR_FILES:
        mounts.append(("--ro-bind", str(ours / name), f"{SITE}/{name}"))
    return tuple(mounts)


def _entries(packages: Iterable[str]) -> set[Path]:
    """The files and folders in site-packages that belong to some distributions and their needs."""
    waiting, seen, entries = ["msgpack", "numpy", *packages], set(), set()
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if name in packages:
                raise SandboxUnavailable(
                    f"the package {name!r}, which a notebook's checks name, is not installed"
                ) from None
            continue
        for top in _tops(distribution):
            if top not in ("..", "bin", "__pycache__") and not top.endswith((".dist-info", ".pth")):
                entries.add(Path(str(distribution.locate_file(top))).resolve())
        for requirement in distribution.requires or ():
            if "extra ==" not in requirement:
                waiting.append(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0])
    return {entry for entry in entries if entry.exists()}


def _tops(distribution: importlib.metadata.Distribution) -> set[str]:
    """The first parts of a distribution's files, without the seconds that ``files`` takes."""
    record = distribution.read_text("RECORD")
    if record is None:
        return {file.parts[0] for file in distribution.files or ()}
    lines = filter(None, record.splitlines())
    return {line.strip('"').partition(",")[0].partition("/")[0] for line in lines}
