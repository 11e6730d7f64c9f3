"""Makes `.venv` from the lock: `python tools/environment.py run|dev|servers`; standard library only, for it runs before all else.

`python tools/environment.py release FOLDER` makes an environment with Orgo itself in it, for deploy/install.sh.

It needs Python 3.11 with the module `venv` (every Debian has it) and one way to a package: uv, pip or ensurepip. Packages
are installed from requirements*.txt, each with its hash; pip's own settings of this machine decide where they come from.
"""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".venv"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# Each kind holds those before it.
FILES = {
    "run": ["requirements.txt"],
    "dev": ["requirements.txt", "requirements-dev.txt"],
    "servers": ["requirements.txt", "requirements-dev.txt", "requirements-servers.txt"],
}
# As pip writes it where a path may be long or hold a space: to a shell and to Python the first lines say different things.
COMMAND = """#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
import sys
from orgo.cli.main import main
sys.exit(main())
"""
NO_PIP = """
This Python ({python}) brings neither pip nor ensurepip, so nothing can be installed with it.
On Debian and Ubuntu:  sudo apt-get install python3-venv
Then start again."""


def main(kind: str) -> int:
    """Have the environment of this kind; returns the exit code.

    `run`: to run Orgo; `dev`: to test it as well; `servers`: with servers for the tests.
    """
    stamp = HOME / f".made-{kind}"
    if works() and stamp.is_file() and stamp.read_text() == digest(kind):
        stamp.touch()
        return 0
    if not works():
        print("Making .venv ...", flush=True)
        venv.create(HOME, clear=HOME.exists(), symlinks=os.name != "nt")
    print("Installing the packages of the lock (a minute the first time) ...", flush=True)
    if not install(kind):
        return 1
    (site_packages() / "orgo-checkout.pth").write_text(f"{ROOT / 'src'}\n")
    kinds = list(FILES)
    for made in kinds[: kinds.index(kind) + 1]:
        (HOME / f".made-{made}").write_text(digest(made))
    return 0


def release(folder: Path) -> int:
    """An environment in `folder` that holds all of Orgo and needs this checkout no more; returns the exit code."""
    global HOME, PYTHON
    HOME, PYTHON = folder, folder / PYTHON.relative_to(HOME)
    venv.create(HOME, clear=HOME.exists(), symlinks=os.name != "nt")
    print("Installing the packages of the lock (a minute the first time) ...", flush=True)
    if not install("run", "--only-binary=:all:"):
        return 1
    put_program()
    # Who runs it may not write there, and would compile all of it at each start; what is not for this Python is left out.
    run([str(PYTHON), "-m", "compileall", "-q", "-j", "0", str(site_packages())])
    return 0


def put_program() -> None:
    """Orgo with its samples and its command, as files: a build's own backend would come without a hash, and root would run it."""
    site = site_packages()
    for source, target in ((ROOT / "src/orgo", site / "orgo"), (ROOT / "config", site / "orgo/samples")):
        for file in source.rglob("*"):
            if file.is_file() and file.suffix != ".pyc":
                place = target / file.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)  # its mode is by the umask, not the checkout's
    command = PYTHON.with_name("orgo")
    command.write_text(COMMAND.format(python=shlex.quote(str(PYTHON))))
    command.chmod(0o755)


def digest(kind: str) -> str:
    """What the environment is made from, as one hash: another lock, another environment."""
    content = b"".join((ROOT / name).read_bytes() for name in ["uv.lock", *FILES[kind]])
    return hashlib.sha256(content + str(ROOT).encode()).hexdigest()


def works() -> bool:
    """Whether `.venv` has a Python that is new enough."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", check], capture_output=True).returncode == 0


def site_packages() -> Path:
    """The folder of `.venv` that packages go to."""
    answer = subprocess.check_output(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    return Path(answer.strip())


def install(kind: str, *how: str) -> bool:
    """Install what the files of this kind name; uv where it can be had (seconds), else pip. `how` are options that both know."""
    files = [argument for name in FILES[kind] for argument in ("-r", str(ROOT / name))]
    pip = find_pip()
    uv = find_uv(pip)
    if uv and run(
        [*uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", *how, *files],
        uv_settings(pip),
    ):
        return True
    if pip is None:
        print(NO_PIP.format(python=sys.executable), file=sys.stderr)
        return False
    quiet = ["install", "--quiet", "--quiet", "--no-compile", "--no-deps", "--require-hashes"]
    return run([*pip, *quiet, *how, *files], shown=True)


def find_pip() -> list[str] | None:
    """How pip is called for `.venv`: its own, this Python's (22.3 or later), or one that ensurepip puts there."""
    ways: list[tuple[list[str], Callable[[], bool]]] = [
        ([str(PYTHON), "-m", "pip"], lambda: True),
        ([sys.executable, "-m", "pip", "--python", str(PYTHON)], lambda: True),
        ([str(PYTHON), "-m", "pip"], lambda: run([str(PYTHON), "-m", "ensurepip"])),
        ([str(PYTHON), "-m", "pip"], by_virtualenv),
    ]
    return next((way for way, prepared in ways if prepared() and run([*way, "--version"])), None)


def by_virtualenv() -> bool:
    """Let virtualenv, which brings a pip of its own, make `.venv` anew."""
    return run([sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(HOME)])


def find_uv(pip: list[str] | None) -> list[str] | None:
    """uv as the lock names it, put into `.venv` by pip; without pip, one that is on this machine."""
    if pip is None:
        there = shutil.which("uv")
        return [there] if there else None
    with tempfile.TemporaryDirectory() as folder:
        line = re.search(r"^uv==.*\n(?:    .*\n)+", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
        only = Path(folder) / "uv.txt"
        only.write_text(line[0] if line else "")
        run([*pip, "install", "--quiet", "--no-compile", "--no-deps", "--require-hashes", "-r", str(only)])
    uv = PYTHON.with_name("uv.exe" if os.name == "nt" else "uv")
    return [str(uv)] if uv.exists() else None


def uv_settings(pip: list[str] | None) -> dict[str, str]:
    """What pip was told about this machine's index and certificates, in uv's words; what the user told uv wins."""
    told = {"UV_DEFAULT_INDEX": pip_setting(pip, "index-url"), "SSL_CERT_FILE": pip_setting(pip, "cert")}
    return {name: value for name, value in told.items() if value and name not in os.environ}


def pip_setting(pip: list[str] | None, key: str) -> str:
    """One value of pip's configuration, from its environment variable or its files; "" where there is none."""
    given = os.environ.get("PIP_" + key.upper().replace("-", "_"))
    if pip is None or given:
        return given or ""
    answer = subprocess.run([*pip, "config", "get", f"global.{key}"], capture_output=True, text=True)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def run(command: list[str], more: dict[str, str] | None = None, *, shown: bool = False) -> bool:
    """Whether the command succeeded; its words are shown only where they say why nothing else will be tried."""
    environment = {
        **os.environ,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_REQUIRE_VIRTUALENV": "0",
        **(more or {}),
    }
    return subprocess.run(command, env=environment, capture_output=not shown).returncode == 0


if __name__ == "__main__":
    sys.exit(release(Path(sys.argv[2]).resolve()) if sys.argv[1] == "release" else main(sys.argv[1]))
