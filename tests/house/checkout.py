"""Runs the checkout's own commands in other processes, in folders of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def clean_environment(**more: str) -> dict[str, str]:
    """This environment without anything that would tell Orgo or Python what to do."""
    dropped = ("ORGO_", "PYTHON", "DJANGO_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}


def python(
    *arguments: str | Path, home: Path, stdin: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run this Python on a root file (or with any arguments) in `home`; it has no terminal."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=home,
        env=clean_environment(**more),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )
