"""The root files: what they say where something is missing."""

import ast
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, python

FILES = ["main.py", "tasks.py", "setup.py", "orgo"]
AS_OLD = """
import runpy, sys
sys.version_info = (3, 9, 2)
sys.argv = [sys.argv[1]]
sys.prefix = {prefix!r}
runpy.run_path(sys.argv[0], run_name="__main__")
"""
WITHOUT_PACKAGES = AS_OLD.replace(
    "sys.version_info = (3, 9, 2)",
    "sys.path[:] = [folder for folder in sys.path if 'site-packages' not in folder]",
)


@pytest.mark.parametrize("name", [*FILES, "src/orgo/start.py", "src/orgo/__init__.py"])
def test_python_3_6_can_read_them(name: str) -> None:
    ast.parse((ROOT / name).read_text("utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("name", FILES)
def test_an_old_python_says_in_one_line_where_to_get_a_newer_one(name: str, tmp_path: Path) -> None:
    answer = python("-c", AS_OLD.format(prefix=str(ROOT / ".venv")), ROOT / name, home=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith("Orgo needs Python 3.11 or later")
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", FILES)
def test_without_packages_they_say_how_to_install_them(name: str, tmp_path: Path) -> None:
    answer = python(
        "-S", "-c", WITHOUT_PACKAGES.format(prefix=str(ROOT / ".venv")), ROOT / name, home=tmp_path
    )
    assert answer.returncode == 2
    assert "pip install -r requirements.txt" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
