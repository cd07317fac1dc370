"""Take from the project's own code what Windows does not have.

Copied as ``sitecustomize.py`` into a folder of PYTHONPATH, it works in every process of a test.
Libraries, which have Windows editions of their own, keep everything.
"""

import builtins
import types

OURS = ("assignments", "autograder")
MISSING_MODULES = {
    "crypt", "curses", "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog",
    "termios", "tty",
}  # fmt: skip
MISSING_NAMES = {
    "os": {
        "O_NOFOLLOW", "O_NONBLOCK", "fork", "forkpty", "geteuid", "getuid", "killpg",
        "register_at_fork", "sched_getaffinity", "setsid", "uname", "wait4",
    },
    "signal": {"SIGALRM", "SIGCHLD", "SIGKILL", "SIGUSR1", "alarm", "pause", "setitimer"},
    "socket": {"AF_UNIX", "recv_fds", "send_fds"},
    "time": {"clock_gettime", "tzset"},
}  # fmt: skip

_import = builtins.__import__


class _Poorer(types.ModuleType):
    """A module without some of its names."""

    def __init__(self, module: types.ModuleType) -> None:
        super().__init__(module.__name__)
        self._module = module

    def __getattr__(self, name: str) -> object:
        if name in MISSING_NAMES[self.__name__]:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} on Windows")
        return getattr(self._module, name)


def _import_as_on_windows(name, globals=None, *rest, **named):
    importer = (globals or {}).get("__spec__")
    if importer is None or importer.name.partition(".")[0] not in OURS:
        return _import(name, globals, *rest, **named)
    if name in MISSING_MODULES:
        raise ModuleNotFoundError(f"No module named {name!r} on Windows", name=name)
    module = _import(name, globals, *rest, **named)
    return _Poorer(module) if name in MISSING_NAMES else module


if __name__ == "sitecustomize":
    builtins.__import__ = _import_as_on_windows
