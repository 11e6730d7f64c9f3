"""Builds the image without a container engine, and starts what was built: `make image`.

It needs root, and Debian's buildah and debootstrap. The base is the Debian of tools/debian.py with a Python and its pip.
buildah's isolation is `chroot`: no kernel's help is needed.
"""

import subprocess
import sys
from pathlib import Path

import debian

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "var" / "image"
BASE, IMAGE = "localhost/orgo-base", "localhost/orgo:local"
PYTHON = """
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends python3 python3-venv python-is-python3 ca-certificates >/dev/null
# Registries' images of Python have a pip in /usr/local, so this one has too.
wheel=$(ls /usr/share/python-wheels/pip-*.whl)
export PYTHONPATH=$wheel PIP_NO_INDEX=1 PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore
python3 -m pip install -q --ignore-installed "$wheel"
unset PYTHONPATH
command -v pip
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /etc/apt/apt.conf.d/90of-the-machine
"""
# Checks of the trial. A command that begins with `!` never ends a script under `set -e`: what must not be is asked by `if`.
CHECKS = r"""
has_nothing_to_build_with() {
    for tool in pip pip3 gcc cc g++ make; do
        if command -v "$tool"; then echo "the image has $tool" >&2; return 1; fi
    done
}
wrote_only_where_it_may() {  # $1: a file made before, $2: the root
    root=${2%/}
    written=$(find "$root/" -xdev \( -path "$root/orgo/var" -o -path "$root/tmp" -o -path "$root/proc" -o -path "$root/dev" \
        -o -path "$root/sys" -o -path "$root/run" \) -prune -o -newer "$1" -print 2>/dev/null) || true
    if [ -n "$written" ]; then echo "a read-only file system would have refused: $written" >&2; return 1; fi
}
"""
# Inside: nobody's root, nothing to build with, its configuration in /config; it is set up, started, healthy, makes a task of a
# mail, ends when told to, and has written nowhere but to its volume and /tmp.
TRIAL = f"""
set -eu
{CHECKS}
touch /tmp/started
test "$(id -u)" = 10001
has_nothing_to_build_with
if touch /opt/orgo/written 2>/dev/null; then exit 1; fi
orgo init --yes --no-link
orgo up >/tmp/up.log 2>&1 & up=$!
until_it_is_so() {{ for n in $(seq 150); do "$@" >/dev/null 2>&1 && return; sleep 0.4; done; cat /tmp/up.log; return 1; }}
until_it_is_so python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:18000/readyz', timeout=4)"
orgo mail send-sample
listed() {{ orgo task list | grep -q 'Water Leak in Room 102'; }}
until_it_is_so listed
orgo task list
kill -TERM $up; wait $up
wrote_only_where_it_may /tmp/started /
"""


def main() -> int:
    """Build, try, say how large it is; returns the exit code."""
    if missing := debian.missing("buildah"):
        print(f"this needs {missing}", file=sys.stderr)
        return 2
    PLACE.mkdir(parents=True, exist_ok=True)
    _base()
    _buildah(
        "build",
        "--isolation",
        "chroot",
        "--format",
        "docker",
        "--build-arg",
        f"BASE={BASE}",
        "-t",
        IMAGE,
        str(ROOT),
    )
    _try()
    _buildah("images", IMAGE)
    return 0


def _base() -> None:
    """The image that ours begins with, made once."""
    if BASE in _buildah("images", "--format", "{{.Name}}", quiet=True):
        return
    container = _buildah("from", "scratch", quiet=True)
    _buildah("copy", "--quiet", container, str(debian.tree()), "/")
    _buildah("run", "--isolation", "chroot", container, "--", "sh", "-c", PYTHON)
    _buildah("commit", "--quiet", container, BASE)
    _buildah("rm", container)


def _try() -> None:
    """Run TRIAL in a container of the image, with this checkout's configuration where compose.yaml mounts it."""
    container = _buildah("from", IMAGE, quiet=True)
    _buildah("copy", "--quiet", "--chown", "0:0", container, str(ROOT / "config"), "/config")
    ports = ["--env", "ORGO_WEB__PORT=18000", "--env", "ORGO_INTAKE__SMTP__PORT=18025"]
    try:
        _buildah("run", "--isolation", "chroot", *ports, container, "--", "sh", "-c", TRIAL)
    finally:
        _buildah("rm", container)


def _buildah(*words: str, quiet: bool = False) -> str:
    """What buildah prints; shown too, unless `quiet`. Its images lie below var/image. Raises CalledProcessError."""
    order = [
        "buildah",
        "--root",
        str(PLACE / "store"),
        "--runroot",
        str(PLACE / "run"),
        "--storage-driver",
        "vfs",
        *words,
    ]
    done = subprocess.run(order, check=True, stdout=subprocess.PIPE if quiet else None, text=True)
    return (done.stdout or "").strip()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} ended with {error.returncode}")
