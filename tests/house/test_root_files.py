"""The root files: what they say where something is missing."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name as canonical

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


def test_what_the_program_imports_is_installed_with_it() -> None:
    """In every form that is made from requirements.txt: image, release, wheel."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    installed = {canonical(line.partition("==")[0]) for line in lines if "==" in line}
    of = packages_distributions()
    wanted = {
        canonical(name)
        for module in _imported(ROOT / "src" / "orgo")
        for name in of.get(module, ())
        if module not in ("orgo", *sys.stdlib_module_names)
    }
    assert wanted - installed == set() and "boto3" in wanted


def _imported(folder: Path) -> set[str]:
    """The first name of every module that is imported anywhere below."""
    nodes = [node for file in folder.rglob("*.py") for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    found = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    found |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in found}
