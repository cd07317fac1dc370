"""Make .venv with everything the project needs, in the versions of requirements.lock.

Needs nothing but Python, on any system; `make setup` and tools/learn.py call it. Does nothing when
.venv is up to date.

python tools/install.py                           # PyTorch from the usual index
python tools/install.py --torch-index ADDRESS     # PyTorch from its CPU wheel index (README.md)
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
#: Touched when all is installed.
INSTALLED = VENV / ".installed"
LOCK = ROOT / "requirements.lock"

OLDEST = (3, 11)


def install(torch_index: str = "") -> None:
    """Bring .venv up to date.

    Args:
        torch_index: address of the index that torch and torchvision come from, without CUDA.

    Raises:
        SystemExit: this Python is too old, or a step failed; pip has said why.
    """
    if sys.version_info < OLDEST:
        sys.exit(f"This is Python {sys.version.split()[0]}. Install Python 3.11 or newer.")
    if is_up_to_date():
        return
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", str(VENV))
    print(f"Installing the packages of {LOCK.name} into {VENV.name} ...", flush=True)
    lock = LOCK.read_text(encoding="utf-8")
    if torch_index:
        torch = re.findall(r"^(torch[a-z]*==[^ ;\n]*)", lock, re.MULTILINE)
        pip("install", "--no-deps", "--index-url", torch_index, *torch)
        rest = VENV / "requirements.txt"
        lines = [ln for ln in lock.splitlines() if not re.match("torch|nvidia-|cuda-|triton", ln)]
        rest.write_text("\n".join(lines) + "\n", encoding="utf-8")
        pip("install", "-r", str(rest))
    else:
        pip("install", "-r", str(LOCK))
    pip("install", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    INSTALLED.touch()


def is_up_to_date() -> bool:
    """Was all installed since the lock and the project file last changed?"""
    asked = max(path.stat().st_mtime for path in (LOCK, ROOT / "pyproject.toml"))
    return INSTALLED.exists() and INSTALLED.stat().st_mtime >= asked


def pip(*arguments: str) -> None:
    run(str(PYTHON), "-m", "pip", *arguments)


def run(*command: str) -> None:
    """Run a command; this one ends with it when it fails."""
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    if os.environ.get("CI"):
        quiet["PIP_QUIET"] = "1"
    done = subprocess.run(command, env={**os.environ, **quiet})
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--torch-index", default="", help="address of PyTorch's CPU wheel index")
    install(parser.parse_args().torch_index)


if __name__ == "__main__":
    main()
