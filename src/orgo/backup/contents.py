"""Which files belong to a backup beside the database: configuration, rules, people, templates, the keys of this house."""

import os
from collections.abc import Iterator
from pathlib import Path

from orgo.conf.config import Config

# What answers to letters and the trail's seals are checked with (audit/keys.py has these names, and needs Django). The audit
# head comes from the snapshot itself.
KEYS = ("secret.key", "audit.key", "audit.pub")
_DATABASES = (".db", ".sqlite3", "-wal", "-shm", "-journal", ".lock")
_SECRETS = (".key", ".pem", ".p12", ".pfx")


def files_of(config: Config) -> dict[str, Path]:
    """The files by the path that they get under a home again. Secrets that the configuration names by `file:` are left out."""
    named = [file for file in (config.file, config.rules, config.people) if file is not None]
    found = [*named, *_documents(config)]
    secrets = set(_secrets(config))
    files = {_place(file, config): file for file in found if file.resolve() not in secrets}
    keys = {f"var/{name}": config.var / name for name in KEYS if (config.var / name).is_file()}
    return files | keys


def secrets_of(config: Config) -> list[str]:
    """Where the secrets come from that the configuration names: "file NAME", "environment NAME"."""
    notes = (source.partition(" (")[2].rpartition(")")[0] for source in config.sources.values())
    return sorted({note for note in notes if note.startswith(("file ", "environment "))})


def _documents(config: Config) -> Iterator[Path]:
    """Templates of letters and documents that rules attach: all of their folder but secrets, databases and hidden files."""
    leave = {config.var.resolve(), config.backup.folder(config.home) if config.backup else None}
    for folder, folders, files in os.walk(config.files, followlinks=True):
        here = Path(folder)
        folders[:] = [
            name
            for name in folders
            if name[0] != "."
            and (here / name).resolve() not in leave
            and _is_inside(here / name, config.files)
        ]
        for name in sorted(files):
            if name[0] != "." and not name.endswith(_DATABASES + _SECRETS) and (here / name).is_file():
                yield here / name


def _is_inside(folder: Path, root: Path) -> bool:
    """A folder, or a link into one named "..", as Kubernetes mounts a ConfigMap; what other links lead to is left."""
    real, root = folder.resolve(), root.resolve()
    mounted = real.is_relative_to(root) and str(real.relative_to(root)).startswith("..")
    return mounted or not folder.is_symlink()


def _secrets(config: Config) -> Iterator[Path]:
    """The files that the configuration names by `file:`."""
    folder = config.file.parent if config.file else config.home
    for source in config.sources.values():
        named = source.partition("(file ")[2].rpartition(")")[0]
        if named:
            base = config.home if source.startswith("environment") else folder
            yield (base / Path(named).expanduser()).resolve()


def _place(file: Path, config: Config) -> str:
    """Under the home where it was; what lay outside (/etc/orgo) comes into `config`."""
    for root, before in ((config.home, Path()), (config.files, Path("config"))):
        if file.is_relative_to(root):
            return (before / file.relative_to(root)).as_posix()
    return f"config/{file.name}"
