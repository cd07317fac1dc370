"""tools/install_system_packages.sh, with stand-ins for the system's commands."""

import shutil
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "install_system_packages.sh"


@pytest.fixture
def system(tmp_path):
    """A PATH of its own: give it commands, then run the script there."""
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / "cp").symlink_to(shutil.which("cp"))

    class System:
        log = tmp_path / "log"

        def has(self, name: str, body: str) -> None:
            path = commands / name
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)

        def run(self, *packages: str) -> subprocess.CompletedProcess:
            return subprocess.run(
                ["/bin/sh", TOOL, *packages],
                env={"PATH": str(commands), "LOG": str(self.log), "BIN": str(commands)},
                capture_output=True,
                text=True,
            )

        @property
        def calls(self) -> list[str]:
            return self.log.read_text().splitlines() if self.log.exists() else []

    return System()


APT = 'echo "$@" >> "$LOG"\n[ "$1" = update ] || cp "$0" "$BIN/bwrap"'


def test_root_installs_what_is_missing(system):
    system.has("id", "echo 0")
    system.has("apt-get", APT)
    done = system.run("bubblewrap")
    assert done.returncode == 0
    assert done.stderr == ""
    assert [call.split()[0] for call in system.calls] == ["update", "install"]
    assert system.calls[1].endswith(" bubblewrap")


def test_what_is_there_is_left_alone(system):
    system.has("id", "echo 0")
    system.has("apt-get", APT)
    system.has("bwrap", "exit 0")
    done = system.run("bubblewrap")
    assert (done.returncode, done.stdout, done.stderr, system.calls) == (0, "", "", [])


def test_without_rights_it_says_what_to_install(system):
    system.has("id", "echo 1000")
    system.has("sudo", "exit 1")
    system.has("apt-get", APT)
    done = system.run("bubblewrap", "chromium")
    assert done.returncode == 0
    assert system.calls == []
    assert "apt-get install bubblewrap" in done.stderr
    assert "apt-get install chromium" in done.stderr


def test_a_failed_installation_is_told(system):
    system.has("id", "echo 0")
    system.has("apt-get", "exit 100")
    done = system.run("bubblewrap")
    assert done.returncode == 0
    assert "Could not install bubblewrap" in done.stderr
