"""All checks of the project, in an environment of its own made from nothing.

Usage: ``python3 check.py [pytest arguments]``. Needs Python 3.11, 3.12 or 3.13 with pip, nothing
else.
The environment is kept in ``.venv-check`` and made anew when ``pyproject.toml`` changed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE / ".venv-check"
STAMP = ENVIRONMENT / "made-for"
PROGRAMS = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = PROGRAMS / "python"

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
    ("sphinx-build", "-q", "-W", "-n", "--keep-going", "-c", "docs", ".", "build/docs"),
)

WHOLE = ("-q", "-n", "2", "--dist", "loadfile")
"""How all tests are run: two files at a time, since the tests of a file share what they train."""


def main() -> int:
    """Makes the environment, runs every check, the tests last; 0 when all pass."""
    make_environment()
    failed = [check[0] for check in CHECKS if run(*check)]
    tests = run("pytest", *(sys.argv[1:] or WHOLE))
    if failed:
        print(f"failed before the tests: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else tests


def make_environment() -> None:
    """A virtual environment with the project and its tools, unless it is there already."""
    wanted = hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    try:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = [str(PYTHON), "-m", "pip"]
    except subprocess.CalledProcessError:  # a Python without ensurepip: use the pip outside
        venv.create(ENVIRONMENT, with_pip=False, clear=True)
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    subprocess.run([*pip, "install", "-q", "-e", f"{HERE}[dev]"], check=True)
    STAMP.write_text(wanted)


def run(program: str, *arguments: str) -> int:
    """Runs a program of the environment; returns its exit code."""
    print(f"$ {program} {' '.join(arguments)}".rstrip(), flush=True)
    return subprocess.run([str(PROGRAMS / program), *arguments], cwd=HERE, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
