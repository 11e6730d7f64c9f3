"""Compares the files that are made from others with what they would be now: schema.sql, requirements*.txt, a page, migrations.

usage: python tools/check_generated.py [--write]
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = "# Made from uv.lock by `make schema`. {}\n"
WORDS = {
    "requirements.txt": "What Orgo needs to run, with hashes; without the project itself.",
    "requirements-dev.txt": "What its tests and checks need besides.",
    "requirements-servers.txt": "Servers for the tests of people without root.",
}
GROUPS = {
    "requirements.txt": ["--no-dev"],
    "requirements-dev.txt": ["--only-group", "dev"],
    "requirements-servers.txt": ["--only-group", "servers"],
}


def main(write: bool) -> int:
    """Say which file is out of date, or write them all; returns 1 where one is."""
    made: dict[str, Callable[[], str]] = {name: lambda name=name: requirements(name) for name in GROUPS}  # type: ignore[misc]
    made["schema.sql"] = lambda: script("make_schema.py")
    made["docs/operator/metrics.md"] = lambda: script("metrics_page.py")
    wrong = [name for name, text in made.items() if not same(name, text(), write)]
    for name in wrong:
        print(f"{name} is out of date: `make schema` writes it anew", file=sys.stderr)
    models = missing_migrations()
    if models:
        print(
            f"models without their migration (manage them with django-admin makemigrations):\n{models}",
            file=sys.stderr,
        )
    if not wrong and not models:
        print("generated files are up to date")
    return 1 if wrong or models else 0


def same(name: str, text: str, write: bool) -> bool:
    """Whether the file has this text; with `write` it gets it."""
    if write:
        (ROOT / name).write_text(text, "utf-8")
    return (ROOT / name).is_file() and (ROOT / name).read_text("utf-8") == text


def requirements(name: str) -> str:
    """The lock in pip's form."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "export", "--frozen", "--quiet", "--no-header", "--no-emit-project", *GROUPS[name]]
    return HEAD.format(WORDS[name]) + run(command)


def script(name: str, *arguments: str) -> str:
    """What a script of this folder prints."""
    return run([sys.executable, str(ROOT / "tools" / name), *arguments])


def missing_migrations() -> str:
    """What Django would write a migration for; "" where nothing is missing."""
    code = (
        "from orgo.conf import boot, load; import pathlib, sys; boot.start(load(pathlib.Path(sys.argv[1]), {}));"
        "from django.core.management import call_command as c; c('makemigrations', check_changes=True, dry_run=True)"
    )
    with tempfile.TemporaryDirectory() as home:
        answer = subprocess.run(
            [sys.executable, "-c", code, home], env=_environment(), capture_output=True, text=True
        )
    return "" if answer.returncode == 0 else (answer.stdout or answer.stderr).strip()


def run(command: list[str]) -> str:
    """What a command prints; where it fails its own words are shown and this check ends."""
    answer = subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, text=True)
    if answer.returncode:
        sys.exit(f"{command[0]}: {answer.stderr.strip()}")
    return answer.stdout


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src")}


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
