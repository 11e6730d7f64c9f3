"""Where Orgo's files are: its home, and the fixed order in which config.yaml, rules.yaml and people.yaml are looked for."""

import os
from collections.abc import Mapping
from pathlib import Path

from orgo.conf.kinds import expanded
from orgo.lib.problems import BadInput, Problem

CONTAINER_FOLDER = Path("/config")
_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


def home_of(environ: Mapping[str, str]) -> Path:
    """Orgo's home: the folder that ORGO_HOME names, else the current one."""
    named = environ.get("ORGO_HOME", "").strip()
    if not named:
        return Path.cwd()
    home = Path(expanded(named))
    if not home.is_dir():
        raise BadInput(
            Problem("there is no such folder", file=named, key="ORGO_HOME", hint="make it, or unset it")
        )
    return home.resolve()


def folders(home: Path, environ: Mapping[str, str]) -> list[Path]:
    """The folders that are looked through, in this order.

    That of ORGO_CONFIG; the home; `config` in it; in a container `/config`.
    """
    found = [named.parent] if (named := named_config(home, environ)) else []
    found += [home, home / "config"]
    if container := container_folder(environ):
        found.append(container)
    return list(dict.fromkeys(folder.resolve() for folder in found))


def in_container(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a container (Docker, Podman, Kubernetes)."""
    return "KUBERNETES_SERVICE_HOST" in environ or any(mark.exists() for mark in _CONTAINER_MARKS)


def container_folder(environ: Mapping[str, str]) -> Path | None:
    """`/config` in a container, where it is whoever starts the container that puts files there; None elsewhere."""
    return CONTAINER_FOLDER if in_container(environ) else None


def named_config(home: Path, environ: Mapping[str, str]) -> Path | None:
    """The file that ORGO_CONFIG names, from the home where it is relative."""
    named = environ.get("ORGO_CONFIG", "").strip()
    return home / expanded(named) if named else None


def find_config(home: Path, environ: Mapping[str, str]) -> Path | None:
    """config.yaml: the one that ORGO_CONFIG names, else the only one in `folders`, else None.

    Raises BadInput where ORGO_CONFIG names no file and where two folders have one.
    """
    named = named_config(home, environ)
    if named is None:
        return find("config.yaml", folders(home, environ), home)
    if not named.exists():
        raise BadInput(
            Problem(
                "no such file",
                file=str(named),
                key="ORGO_CONFIG",
                hint="ORGO_CONFIG names it; unset or mend it",
            )
        )
    return named


def find(name: str, places: list[Path], home: Path) -> Path | None:
    """The file `name` in one of `places`, or None; two of them at once raise BadInput naming both."""
    found = [folder / name for folder in places if os.path.lexists(folder / name)]
    if len(found) > 1:
        both = " and ".join(shown(path, home) for path in found)
        raise BadInput(
            Problem(
                f"found twice: {both}", file=shown(found[0], home), hint="keep one; Orgo does not guess which"
            )
        )
    return found[0] if found else None


def shown(path: Path, home: Path) -> str:
    """A path as messages write it: from the home on where it is inside."""
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)
