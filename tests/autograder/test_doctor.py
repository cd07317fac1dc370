"""The doctor finds a sound sandbox sound, and says what is wrong with one that is not."""

import dataclasses

import pytest
from boxes import needs_bubblewrap

from autograder import doctor
from autograder.doctor import Finding, diagnose
from autograder.sandbox import bubblewrap
from autograder.sandbox.limits import Limits, SandboxUnavailable


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


@needs_bubblewrap
def test_a_sound_machine():
    findings = by_name(diagnose())
    assert [f for f in findings.values() if not f.ok] == []
    assert {"network", "files", "cpu time", "wall time", "memory", "processes"} <= set(findings)
    assert {"libseccomp", "control groups", "system calls", "leftovers"} <= set(findings)
    assert all(finding.detail for finding in findings.values())


@needs_bubblewrap
@pytest.mark.parametrize(
    ("name", "leak"),
    [
        ("network", lambda line: after(line, "--unshare-all", "--share-net")),
        ("disk space", lambda line: without(line, "--remount-ro")),
        ("environment", lambda line: after(line, "--clearenv", "--setenv", "TOKEN", "1")),
    ],
)
def test_a_leak_is_found(name, leak, monkeypatch):
    command = bubblewrap.command
    monkeypatch.setattr(bubblewrap, "command", lambda *args: leak(command(*args)))
    monkeypatch.setattr(doctor, "_TRIALS", {name: doctor._TRIALS[name]})
    finding = by_name(diagnose())[name]
    assert not finding.ok, finding
    assert "Do not grade here" in finding.remedy


@needs_bubblewrap
@pytest.mark.parametrize("name", ["memory", "processes", "file size"])
def test_a_missing_limit_is_found(name, monkeypatch):
    keep = {"memory": "RLIMIT_AS", "processes": "RLIMIT_NPROC", "file size": "RLIMIT_FSIZE"}[name]
    limits = Limits.as_rlimits
    lax = {"RLIMIT_NPROC": 200, "RLIMIT_FSIZE": 2**30}
    monkeypatch.setattr(
        Limits,
        "as_rlimits",
        lambda self: {
            key: value if key != keep else lax.get(key, 2**50)
            for key, value in limits(self).items()
        },
    )
    monkeypatch.setattr(doctor, "_TRIALS", {name: doctor._TRIALS[name]})
    assert not by_name(diagnose())[name].ok


@needs_bubblewrap
def test_without_groups_it_is_as_sound_and_says_what_is_not_promised(monkeypatch):
    monkeypatch.setattr(doctor.Group, "make", lambda *_args, **_options: None)
    names = ("memory together", "cpu time of orphans", "processes")
    monkeypatch.setattr(doctor, "_TRIALS", {name: doctor._TRIALS[name] for name in names})
    findings = by_name(diagnose())
    assert [f for f in findings.values() if not f.ok] == []
    assert "Not promised" in findings["control groups"].detail


@needs_bubblewrap
def test_a_missing_filter_is_found(monkeypatch):
    monkeypatch.setattr(doctor.syscalls, "REFUSED", ("keyctl",))
    doctor.syscalls.program.cache_clear()
    try:
        monkeypatch.setattr(doctor, "_TRIALS", {"system calls": doctor._TRIALS["system calls"]})
        finding = by_name(diagnose())["system calls"]
    finally:
        doctor.syscalls.program.cache_clear()
    assert not finding.ok
    assert "shmget" in finding.detail
    assert "keyctl" not in finding.detail


@needs_bubblewrap
def test_what_is_left_for_the_next_notebook_is_found(monkeypatch):
    boot = bubblewrap._BOOT.replace(
        "import main;", "import main; import autograder.sandbox.inside as i; i._clear = int;"
    )
    assert boot != bubblewrap._BOOT
    monkeypatch.setattr(bubblewrap, "_BOOT", boot)
    monkeypatch.setattr(doctor, "_TRIALS", {"leftovers": doctor._TRIALS["leftovers"]})
    assert not by_name(diagnose())["leftovers"].ok


def test_without_the_library_for_filters(monkeypatch):
    def program():
        raise SandboxUnavailable("no filter. Install the system's package 'libseccomp2'")

    monkeypatch.setattr(doctor.syscalls, "program", program)
    findings = by_name(diagnose())
    assert "libseccomp2" in findings["libseccomp"].remedy
    assert findings["sandbox"].detail == "not tried"


def test_without_bubblewrap(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    findings = by_name(diagnose())
    assert not findings["bubblewrap"].ok
    assert "apt install bubblewrap" in findings["bubblewrap"].remedy
    assert findings["sandbox"].detail == "not tried"


@needs_bubblewrap
def test_closed_namespaces(monkeypatch):
    monkeypatch.setattr(bubblewrap, "_BOOT", "raise SystemExit('No permissions')")
    monkeypatch.setattr(doctor, "_read", lambda path: "0" if "max_user" in path else None)
    finding = by_name(diagnose())["sandbox"]
    assert "No permissions" in finding.detail
    assert "user.max_user_namespaces" in finding.remedy


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"kernel/apparmor_restrict_unprivileged_userns": "1"}, "apparmor_parser"),
        ({"user/max_user_namespaces": "0"}, "max_user_namespaces=15000"),
        ({"kernel/unprivileged_userns_clone": "0"}, "unprivileged_userns_clone=1"),
        ({"kernel/unprivileged_userns_clone": "1", "user/max_user_namespaces": "900"}, "bwrap"),
    ],
)
def test_why_namespaces_are_closed(settings, remedy, monkeypatch):
    monkeypatch.setattr(doctor, "_in_container", lambda: False)
    assert remedy in doctor._why_no_namespaces(settings.get)[1]


def test_in_a_container(monkeypatch):
    monkeypatch.setattr(doctor, "_in_container", lambda: True)
    assert "seccomp" in doctor._why_no_namespaces(lambda name: None)[1]


def test_findings_are_plain():
    assert [f.name for f in dataclasses.fields(Finding)] == ["name", "ok", "detail", "remedy"]


def without(line: list[str], option: str) -> list[str]:
    """A command line without an option of one argument."""
    kept, skip = [], False
    for part in line:
        if skip or part == option:
            skip = part == option
        else:
            kept.append(part)
    return kept


def after(line: list[str], option: str, *more: str) -> list[str]:
    """A command line with more after the last occurrence of an option."""
    at = len(line) - line[::-1].index(option)
    return [*line[:at], *more, *line[at:]]
