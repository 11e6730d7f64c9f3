"""What the machine says of itself: its time zone, and what its folders lie on."""

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

_LOCALTIME = Path("/etc/localtime")
_TIMEZONE = Path("/etc/timezone")
_MOUNTS = Path("/proc/mounts")
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "glusterfs")


def machine_zone(environ: Mapping[str, str]) -> str:
    """The IANA name of the machine's time zone, "UTC" where it has none that can be known."""
    candidates = [environ.get("TZ", "").lstrip(":"), _linked(), _written()]
    name = next((name for name in candidates if _is_zone(name)), "UTC")
    return "UTC" if name in ("Etc/UTC", "Etc/UCT", "UCT", "Etc/Zulu", "Zulu") else name


def _linked() -> str:
    try:
        return str(_LOCALTIME.readlink()).partition("zoneinfo/")[2]
    except OSError:
        return ""


def _written() -> str:
    try:
        return _TIMEZONE.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def _is_zone(name: str) -> bool:
    if not name:
        return False
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def network_of(file: Path) -> str:
    """The kind of network file system that a file lies on or would lie on; empty where its disk is local, or nobody knows."""
    try:
        mounts = [line.split() for line in _MOUNTS.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return ""
    place = file.resolve()
    around = [entry for entry in mounts if place.is_relative_to(entry[1])]
    kind = max(around, key=lambda entry: len(entry[1]))[2] if around else ""
    return kind if kind in _NETWORK else ""
