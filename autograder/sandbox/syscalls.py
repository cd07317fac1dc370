"""The system calls that student code may not make: a seccomp filter for the sandbox.

Refused is what gets around the limits (shared memory of System V and memfds lie in no folder and
outlive a process), what looks into other processes, and what numerical code never needs but an
attack on the kernel does. Whatever the kernel learns after this file was written does not exist
inside; nor do the interfaces of 32 bits, which the library refuses unasked.
"""

import errno
import os
import socket
from collections.abc import Iterable
from functools import cache

from autograder.sandbox.limits import SandboxUnavailable

__all__ = ["REFUSED", "filter_file", "numbers", "program"]

#: Each fails with EPERM.
REFUSED = (
    # Memory and messages that outlive who made them, or lie in no folder.
    *("shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semctl", "semtimedop"),
    *("msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink", "mq_notify"),
    *("mq_timedsend", "mq_timedreceive", "mq_getsetattr", "memfd_create", "memfd_secret"),
    # Looking into other processes, and changing how they run.
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd"),
    *("process_madvise", "process_mrelease", "move_pages", "migrate_pages"),
    *("setpriority", "ioprio_set", "sched_setscheduler", "sched_setparam", "sched_setattr"),
    # Large parts of the kernel that nobody here needs.
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open"),
    *("userfaultfd", "keyctl", "add_key", "request_key", "fanotify_init", "fanotify_mark"),
    *("io_setup", "io_submit", "io_destroy", "io_getevents", "io_cancel", "io_pgetevents"),
    # Mounts and namespaces.
    *("mount", "umount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree"),
    *("move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
    *("name_to_handle_at", "open_by_handle_at"),
    # The machine as a whole.
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot"),
    *("swapon", "swapoff", "quotactl", "quotactl_fd", "acct", "syslog", "vhangup"),
    *("clock_settime", "clock_adjtime", "adjtimex", "settimeofday", "stime", "sethostname"),
    *("setdomainname", "iopl", "ioperm", "modify_ldt", "personality", "lookup_dcookie"),
    *("uselib", "ustat", "sysfs", "_sysctl", "nfsservctl", "create_module", "query_module"),
)

#: These the kernel is said to lack, so that the C library does without them.
_ABSENT = ("clone3",)
#: Newer system calls have the same number on every architecture: all from here on are absent, too.
_NEWER = range(453, 512)
#: Numbers of calls that the library may be too old to know by name.
_NUMBERS = {
    "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443,
    "memfd_secret": 447, "process_mrelease": 448,
}  # fmt: skip

#: Flags of ``clone`` that make namespaces.
_NAMESPACES = (
    0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip

#: Families of sockets that exist; netlink tells the interfaces. Others (vsock, packet, alg) reach
#: out of the sandbox or deep into the kernel.
_FAMILIES = {1, socket.AF_INET, socket.AF_INET6, 16}


@cache
def program() -> bytes:
    """The filter as a program for the kernel.

    Raises:
        SandboxUnavailable: the library that writes it is missing; the message says how to mend it.
    """
    try:
        import pyseccomp as seccomp
    except (ImportError, RuntimeError, OSError) as error:
        raise SandboxUnavailable(
            f"the filter of system calls cannot be made ({error}), and without it student code "
            "could get around its limits. Install the system's package 'libseccomp2' (Debian and "
            "Ubuntu: apt install libseccomp2; Fedora: dnf install libseccomp) and, in this "
            "environment, 'pyseccomp' ('make setup' does), then run 'autograder doctor'."
        ) from None
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    refuse, absent = seccomp.ERRNO(errno.EPERM), seccomp.ERRNO(errno.ENOSYS)
    for name in REFUSED:
        rules.add_rule(refuse, _NUMBERS.get(name, name))
    for call in (*_ABSENT, *_NEWER):
        rules.add_rule(absent, call)
    for flag in _NAMESPACES:
        rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    # Of itself alone: the limits and the core of process 1 are no student's business.
    for name in ("prlimit64", "sched_setaffinity"):
        rules.add_rule(refuse, name, seccomp.Arg(0, seccomp.NE, 0))
    unknown = seccomp.ERRNO(errno.EAFNOSUPPORT)
    for name in ("socket", "socketpair"):
        rules.add_rule(unknown, name, seccomp.Arg(0, seccomp.GT, max(_FAMILIES)))
        for family in set(range(max(_FAMILIES))) - _FAMILIES:
            rules.add_rule(unknown, name, seccomp.Arg(0, seccomp.EQ, family))
    with open(filter_file(b""), "r+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def numbers(names: Iterable[str]) -> dict[str, int]:
    """The numbers that calls have on this machine; those that it lacks are left out."""
    import pyseccomp as seccomp

    known = {
        name: _NUMBERS.get(name) or seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
        for name in names
    }
    return {name: number for name, number in known.items() if number >= 0}


def filter_file(content: bytes) -> int:
    """A new descriptor, which reads as this content and lies in no folder."""
    descriptor = os.memfd_create("filter")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
