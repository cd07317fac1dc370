"""The doctor finds a sound sandbox sound, and says what is wrong with one that is not."""

import dataclasses

import pytest
from boxes import needs_bubblewrap

from autograder import doctor
from autograder.doctor import Finding, diagnose
from autograder.sandbox import bubblewrap
from autograder.sandbox.limits import Limits


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


@needs_bubblewrap
def test_a_sound_machine():
    findings = by_name(diagnose())
    assert [f for f in findings.values() if not f.ok] == []
    assert {"network", "files", "cpu time", "wall time", "memory", "processes"} <= set(findings)
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
