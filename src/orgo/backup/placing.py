"""Where the files of a backup go: into the home, beside those that are there, or aside where Orgo may not write."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from orgo.backup.contents import KEYS
from orgo.conf import places
from orgo.conf.load import database_of
from orgo.lib.files import copy_whole, may_write
from orgo.lib.problems import BadInput

ASIDE = Path("var", "from-backup")
_CONFIG = "config.yaml"
_LOOKED_FOR = (_CONFIG, "people.yaml", "rules.yaml")
_TOP = (Path(), Path("config"))


class _Place(msgspec.Struct, frozen=True):
    """Where a file belongs, the one that Orgo takes now in its stead (the same place where there is none), its place aside."""

    target: Path
    there: Path
    aside: Path


def put_files(files: Path, home: Path, environ: Mapping[str, str], new: str | None) -> list[str]:
    """Put the files of an unpacked backup, in the folder `files`, into a home; returns those that stand beside others.

    What is there already stays, but for keys, without which the database is worth less. In a new home (`new` is its
    database) all that `orgo init` wrote gives way, config.yaml only where the backup's names that same database. What would
    have to be written where Orgo may not, or into a container's folder, goes to var/from-backup.
    """
    beside: list[str] = []
    config_too = new is not None and _names(files, new)
    for name, file in _all_of(files):
        is_key = name.parent == Path("var") and name.name in KEYS
        wins = is_key or (config_too if name.name == _CONFIG else new is not None)
        beside += _put(
            file, _place(name, home, environ), wins=wins, container=places.container_folder(environ)
        )
    return beside


def put_lacking(files: Path, home: Path, environ: Mapping[str, str]) -> list[str]:
    """Put those files of an unpacked backup that are not there at all, where Orgo may write; returns their places."""
    put: list[str] = []
    for name, file in _all_of(files):
        place = _place(name, home, environ)
        if not place.there.exists() and _is_ours(place.target, places.container_folder(environ)):
            put.append(_beside(file, place.target))
    return put


def _all_of(files: Path) -> list[tuple[Path, Path]]:
    """The files of an unpacked backup, in order: their names in it, and where they lie."""
    return [(file.relative_to(files), file) for file in sorted(files.rglob("*")) if file.is_file()]


def _names(files: Path, url: str) -> bool:
    """Whether the backup's configuration names this database."""
    try:
        return database_of(files, {}) == url
    except BadInput:
        return False


def _place(name: Path, home: Path, environ: Mapping[str, str]) -> _Place:
    target = _target(name, home, environ)
    return _Place(target, _twin(name, target, home, environ) or target, home / ASIDE / name)


def _target(name: Path, home: Path, environ: Mapping[str, str]) -> Path:
    """What lay in `config` belongs to the folder that is the configuration's here (backup/contents.py: what lay outside too)."""
    named, container = places.named_config(home, environ), places.container_folder(environ)
    if named and name.name == _CONFIG and name.parent in _TOP:
        return named
    if not name.is_relative_to("config"):
        return home / name
    if named and not named.resolve().is_relative_to(home.resolve()):
        return named.parent / name.relative_to("config")
    if container and container.is_dir():
        return container / name.relative_to("config")
    return home / name


def _twin(name: Path, target: Path, home: Path, environ: Mapping[str, str]) -> Path | None:
    """The other place where a file of this name is looked for, if one is there: Orgo takes no two."""
    is_named = name.name == _CONFIG and places.named_config(home, environ)
    if name.name not in _LOOKED_FOR or name.parent not in _TOP or is_named:
        return None
    found = [folder / name.name for folder in places.folders(home, environ)]
    return next((file for file in found if file.exists() and file != target.resolve()), None)


def _put(file: Path, place: _Place, *, wins: bool, container: Path | None) -> list[str]:
    target, there = place.target, place.there
    same = there.exists() and there.read_bytes() == file.read_bytes()
    if not (_is_ours(target, container) and _is_ours(there, container)):
        return [] if same else [_beside(file, place.aside)]
    if same or not there.exists():
        _beside(file, there)  # once more: whether what a killed restore put there is on the disk is not known
        return []
    if not wins:
        return [_beside(file, target.with_name(f"{target.name}.from-backup"))]
    former = _beside(there, there.with_name(f"{there.name}.before-restore"))
    _beside(file, target)
    if there != target:
        there.unlink()
    return [former]


def _is_ours(file: Path, container: Path | None) -> bool:
    return not (container and file.is_relative_to(container)) and may_write(file.parent)


def _beside(file: Path, target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    copy_whole(file, target)
    return str(target)
