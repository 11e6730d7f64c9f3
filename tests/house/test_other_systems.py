"""Windows and macOS, of which none is here: what their scripts say, and that Orgo needs nothing that they have not."""

import ast
import hashlib
import json
import os
import plistlib
import re
import shutil
import struct
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.checkout import ROOT, clean_environment

# without POSIX, with pywin32
WINDOWS_PATH = ("tests/house/without_posix", "tests/house/on_windows", "src", "")
WINDOWS = ROOT / "deploy/windows/install.ps1"
SOURCES = sorted((ROOT / "src/orgo").rglob("*.py"))
EVERY_MODULE = """
import os, pkgutil, importlib, orgo, pathlib
from orgo.conf import boot, load
boot.start(load(pathlib.Path("."), os.environ))
for found in pkgutil.walk_packages(orgo.__path__, "orgo."):
    importlib.import_module(found.name)
from orgo.lib import locks
assert not hasattr(locks, "fcntl")
"""


@pytest.fixture(scope="module")
def windows() -> ModuleType:
    """The table of what Windows has not; reading it takes nothing away from this process."""
    import builtins

    kept = builtins.__import__
    spec = util.spec_from_file_location("without_posix", ROOT / "tests/house/without_posix/sitecustomize.py")
    assert spec and spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    builtins.__import__ = kept
    return module


# ---------------------------------------------------------------- the program


def test_no_call_is_made_that_windows_has_not(windows: ModuleType) -> None:
    """Names that only POSIX has are asked for by getattr, and its modules are imported where their absence is caught."""
    found = [
        f"{file.relative_to(ROOT)}:{line}: {word}"
        for file in SOURCES
        for line, word in posix_only(file, windows)
    ]

    assert found == []


def posix_only(file: Path, windows: ModuleType) -> Iterator[tuple[int, str]]:
    tree = ast.parse(file.read_text("utf-8"))
    caught = {
        id(node)
        for attempt in ast.walk(tree)
        if isinstance(attempt, ast.Try) and any("ImportError" in ast.dump(one) for one in attempt.handlers)
        for node in attempt.body
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in windows.NAMES.get(node.value.id, ()):
                yield node.lineno, f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = {alias.name for alias in node.names}
            if node.module in windows.MODULES or names & windows.NAMES.get(node.module or "", set()):
                yield node.lineno, f"from {node.module}"
        elif isinstance(node, ast.Import) and id(node) not in caught:
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in windows.MODULES)


def without_posix(home: Path, *words: str, queue: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=home, env=clean_environment(ORGO_QUEUE=queue, PYTHONPATH=":".join(f"{ROOT}/{one}" for one in WINDOWS_PATH)),
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.slow
def test_it_works_where_posix_is_not(tmp_path: Path) -> None:
    taken = without_posix(tmp_path, "-c", "exec('import fcntl', {'__name__': 'orgo.lib.locks'})")
    every = without_posix(tmp_path, "-c", EVERY_MODULE, queue="redis://127.0.0.1:1/0")
    begun = without_posix(tmp_path, "-m", "orgo", "init", "--yes", "--sample", "hospital")
    routed = without_posix(tmp_path, "-m", "orgo", "mail", "route", "config/samples/water-leak.eml")
    tried = without_posix(tmp_path, "-m", "orgo", "selftest", "--json")

    assert "on Windows" in taken.stderr
    assert (every.returncode, every.stderr) == (0, "")
    assert begun.returncode == 0, begun.stderr
    assert "Routed To: facilities@st-anne.example" in routed.stdout, routed.stderr
    assert [json.loads(line)["passed"] for line in tried.stdout.splitlines()][:2] == [True, True], (
        tried.stderr
    )


# glibc 2.28 is that of RHEL 8, the oldest that Orgo is for.
GLIBC = r".*manylinux(1|2010|2014|_2_([5-9]|1\d|2[0-8]))_"
MACHINES: dict[str, dict[str, str]] = {
    "win_amd64": {"sys_platform": "win32", "platform_machine": "AMD64"},
    "macosx.*(arm64|universal2)": {"sys_platform": "darwin", "platform_machine": "arm64"},
    f"{GLIBC}x86_64.*": {"sys_platform": "linux", "platform_machine": "x86_64"},
    f"{GLIBC}aarch64.*": {"sys_platform": "linux", "platform_machine": "aarch64"},
}


@pytest.mark.parametrize("platform", MACHINES)
@pytest.mark.parametrize("python", ["311", "312", "313", "314"])
def test_every_package_can_be_had_without_a_compiler(platform: str, python: str) -> None:
    lines = re.findall(r"^([^\s#].*==.*?) *\\$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    machine = {**MACHINES[platform], "python_full_version": f"3.{python[1:]}.0"}
    wanted = {
        canonicalize_name(one.name)
        for one in map(Requirement, lines)
        if one.marker is None or one.marker.evaluate(machine)
    }
    packages = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    fits = re.compile(rf"(none-any|(cp{python}|abi3|py3-none).*-{platform})\.whl$")
    lacking = [
        package["name"]
        for package in packages
        if package["name"] in wanted
        and not any(fits.search(wheel["url"]) for wheel in package.get("wheels", []))
    ]

    assert lacking == [] and len(wanted) > 50


def test_on_windows_a_checkout_finds_its_own_environment(tmp_path: Path) -> None:
    (tmp_path / "src/orgo").mkdir(parents=True)
    for name in ("orgo", "src/orgo/start.py", "src/orgo/__init__.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    own = tmp_path / ".venv/Scripts/python.exe"
    own.parent.mkdir(parents=True)
    own.write_text('#!/bin/sh\necho "own $*"\nexit 3\n')
    own.chmod(0o755)
    as_windows = "import os, sys, runpy; os.name = 'nt'; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-S", "-c", as_windows, tmp_path / "orgo", "status"], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == f"own {tmp_path}/orgo status\n"


# ---------------------------------------------------------------- the scripts


def wrong_nodes(node: Any) -> Iterator[Any]:
    if node.type == "ERROR" or node.is_missing:
        yield node
    for child in node.children:
        yield from wrong_nodes(child)


def test_the_script_for_windows_is_powershell() -> None:
    import tree_sitter
    import tree_sitter_powershell

    text = WINDOWS.read_bytes()
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(text)
    found = [f"line {node.start_point[0] + 1}: {node.text!r}" for node in wrong_nodes(tree.root_node)]

    assert found == []
    assert text.isascii()  # Windows PowerShell reads a file without a mark in the machine's own code page


def test_the_script_for_windows_calls_only_what_is_there() -> None:
    """Each function that is called is one of its own or of Windows PowerShell's."""
    text = WINDOWS.read_text()
    own = set(re.findall(r"^function ([\w-]+)", text, re.MULTILINE))
    code = "\n".join(line.partition("#")[0] for line in text.partition("#>")[2].splitlines())
    code = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "", code)
    called = set(re.findall(r"\b([A-Z]\w+-[A-Z]\w+)\b", code))

    assert own >= {"Install-Service", "Install-Portable", "Uninstall-Service"}
    assert called - own == KNOWN


def function(name: str) -> str:
    """The text of one function of the script for Windows."""
    found = re.search(rf"^function {name}\b.*?^}}", WINDOWS.read_text(), re.MULTILINE | re.DOTALL)
    assert found, name
    return found[0]


def test_the_account_of_the_windows_service_has_the_number_that_windows_makes_of_its_name() -> None:
    def number(name: str) -> str:
        parts = struct.unpack("<5I", hashlib.sha1(name.upper().encode("utf-16-le")).digest())
        return f"S-1-5-80-{'-'.join(map(str, parts))}"

    known = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
    assert number("TrustedInstaller") == known
    assert f"$ServiceSid = '*{number('Orgo')}'" in WINDOWS.read_text()


def test_on_windows_a_service_is_registered_as_the_one_that_is_there() -> None:
    """What the script names in other words than its own is there: the module, its service, what is given to it."""
    text = function("Register-Orgo")
    (module,) = re.findall(r"-m (\S+) `\"\$OrgoHome`\"\"$", text, re.MULTILINE)
    service = (ROOT / "src" / module.replace(".", "/")).with_suffix(".py").read_text()
    assert re.findall(r'_svc_name_ = "(.*)"', service) == re.findall(
        r"^\$ServiceName = '(.*)'", WINDOWS.read_text(), re.MULTILINE
    )
    # a half made one would start as SYSTEM: who it is and that it starts is said last, in one
    assert "-StartupType Disabled" in text
    assert text.rstrip("}\n").endswith("'start=', 'delayed-auto', 'obj=', $ServiceAccount)")
    assert {"'failure'", "'failureflag'", "'privs'"} <= set(re.findall(r"'\w+'", text))


def test_on_windows_the_former_task_ends_before_the_copy_and_goes_when_the_service_runs() -> None:
    order = re.findall(
        r"Stop-Orgo|Backup-Home|Register-Orgo|Start-Service|Test-Alive|Remove-FormerTask",
        function("Install-Service"),
    )
    assert order == [
        "Stop-Orgo",
        "Backup-Home",
        "Register-Orgo",
        "Start-Service",
        "Test-Alive",
        "Remove-FormerTask",
    ]
    assert "Remove-FormerTask" in function("Uninstall-Service") and "'delete'" in function(
        "Uninstall-Service"
    )


def test_on_windows_what_a_killed_run_left_half_made_goes_before_the_next() -> None:
    for name in ("New-Release", "Backup-Home"):
        text = function(name)
        assert text.index("Clear-Part ") < text.index("Copy-Item "), name
    assert "-Filter $Filter | Remove-Item -Recurse" in function("Clear-Part")


def test_on_windows_nothing_is_installed_that_the_lock_has_no_hash_of() -> None:
    text = function("New-Release")
    assert "'--only-binary=:all:', '--require-hashes', '-r', (Join-Path $Source 'requirements.txt')" in text
    assert re.findall(r"Invoke-Program \$own (.*)", text) == [
        "$pip",
        "@('-I', '-m', 'compileall', '-q', $program)",
    ]


KNOWN = set(
    "Copy-Item Disable-ScheduledTask Get-ChildItem Get-CimInstance Get-Command Get-Content Get-FileHash Get-Item"
    " Get-ScheduledTask Get-Service Invoke-CimMethod Join-Path Move-Item New-Item New-Object New-Service Out-Null"
    " Remove-EventLog Remove-Item Rename-Item Resolve-Path Select-Object Select-String Set-Service Set-StrictMode Sort-Object"
    " Split-Path Start-Service Start-Sleep Stop-Process Stop-ScheduledTask Stop-Service Test-Path"
    " Unregister-ScheduledTask Where-Object Write-Output"
    " ConvertFrom-Json ForEach-Object".split()
)


AGENT = ROOT / "deploy/macos/org.orgo.orgo.plist"
MAKER = """
import os, sys
os.mkdir(sys.argv[2] + "/bin")
with open(sys.argv[2] + "/bin/orgo", "w") as file:
    file.write('#!/bin/sh\\necho "$ORGO_HOME $*" >>"$HOME/done"\\n')
os.chmod(file.name, 0o755)
"""


def test_the_agent_for_macos_is_a_property_list() -> None:
    agent = plistlib.loads(AGENT.read_bytes())

    assert agent["Label"] == AGENT.stem
    assert agent["ProgramArguments"][1:] == ["up"] and agent["RunAtLoad"] and agent["KeepAlive"]
    assert agent["Umask"] == 0o077


@pytest.fixture
def mac(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """deploy/macos/install.sh for a user with a name of his own, with a launchctl that writes down what it is told."""
    source, home = tmp_path / "source", tmp_path / "Users/R & D's"
    for name in ("deploy/macos", "config"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "requirements.txt", "deploy/words.sh"):
        shutil.copy(ROOT / name, source / name)
    (source / "src").mkdir()
    (source / "tools").mkdir()
    (source / "tools/environment.py").write_text(MAKER)
    home.mkdir(parents=True)
    launchctl = tmp_path / "bin/launchctl"
    launchctl.parent.mkdir()
    launchctl.write_text('#!/bin/sh\necho "launchctl $*" >>"$HOME/done"\n')
    launchctl.chmod(0o755)
    path = f"{launchctl.parent}:{os.environ['PATH']}"

    def install(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", source / "deploy/macos/install.sh", *words],
            env=clean_environment(HOME=str(home), PYTHON=sys.executable, PATH=path),
            cwd=home, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return install


def test_on_a_mac_it_is_installed_for_one_user_and_taken_away(
    mac: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    home = tmp_path / "Users/R & D's"
    folder = home / "Library/Application Support/Orgo"
    looked, refused = mac("--dry-run"), mac("--sample", "circus")
    assert looked.returncode == 0 and "This was --dry-run" in looked.stdout and not list(home.glob("Lib*"))
    assert refused.returncode == 2 and "there is no sample circus" in refused.stderr

    for _ in range(2):
        done = mac("--sample", "school")
        assert done.returncode == 0, done.stderr
    agent = plistlib.loads((home / "Library/LaunchAgents" / AGENT.name).read_bytes())
    assert agent["ProgramArguments"] == [f"{folder}/current/bin/orgo", "up"]
    assert agent["EnvironmentVariables"] == {"ORGO_HOME": f"{folder}/home"}
    told = (home / "done").read_text()
    assert f"{folder}/home init --yes --sample school" in told
    assert f"launchctl bootstrap gui/{os.getuid()} {home}/Library/LaunchAgents/{AGENT.name}" in told
    assert len(list((folder / "backups").iterdir())) == 1

    assert mac("--uninstall").returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == ["backups", "home"]
