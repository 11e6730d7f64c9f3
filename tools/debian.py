"""A clean Debian in var/debian, as debootstrap makes it, for `make image` and the tests of deploy/; root's, made once.

`python tools/debian.py` has it and prints where it is.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[1] / "var" / "debian"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
# Where Debian's ca-certificates, which writes its file anew when it comes, looks for more.
LOCAL_AUTHORITIES = "/usr/local/share/ca-certificates/of-the-machine.crt"
TRUSTED = ((AUTHORITIES, AUTHORITIES), (AUTHORITIES, LOCAL_AUTHORITIES), ("/etc/pip.conf", "/etc/pip.conf"))
# What apt is told of proxies and of clocks that differ from the mirror's.
TO_THE_MIRROR = ("Acquire::http", "Acquire::https", "Acquire::Check-Valid-Until", "Acquire::Check-Date")


def missing(*more: str) -> str:
    """What has to be there first, in words; `more` are further commands. Empty where all of it is."""
    wanted = [name for name in ("debootstrap", *more) if not shutil.which(name)]
    root = [] if os.geteuid() == 0 else ["root"]
    return " and ".join([*root, *(f"Debian's {name}" for name in wanted)])


def tree() -> Path:
    """The folder of the clean Debian: the smallest there is, and what this machine trusts. Raises CalledProcessError."""
    TREE.parent.mkdir(exist_ok=True)
    with TREE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not TREE.exists():
            half = TREE.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            subprocess.run(
                ["debootstrap", "--variant=minbase", "stable", str(half)], check=True, stdout=sys.stderr
            )
            half.rename(TREE)
        _trust(TREE)  # each time: certificates end, and ways change
    return TREE


def _trust(folder: Path) -> None:
    """What this machine trusts and goes through to get packages, for those that are installed in `folder`."""
    for source, target in TRUSTED:
        if Path(source).exists():
            place = Path(f"{folder}{target}")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)
    if shutil.which("apt-config"):
        own = subprocess.check_output(["apt-config", "dump", "--no-empty", *TO_THE_MIRROR])
        (folder / "etc/apt/apt.conf.d/90of-the-machine").write_bytes(own)


if __name__ == "__main__":
    if lacking := missing():
        print(f"this needs {lacking}", file=sys.stderr)
        sys.exit(2)
    try:
        print(tree())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} ended with {error.returncode}")
