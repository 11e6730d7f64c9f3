"""The sample configurations that are shipped: the plain one, and one for each kind of organization."""

import json
import os
import re
import shlex
import shutil
from pathlib import Path

from orgo.conf import places
from orgo.lib.problems import BadInput, Problem, nearest

_PACKAGE = Path(__file__).resolve().parents[1]
_ORGANIZATIONS = "organizations"
_FILES = ("config.yaml", "people.yaml", "rules.yaml")
# As they are shipped: in a checkout those in `config/` are somebody's own once they are edited.
PLAIN = Path(__file__).parent / "plain"
_BARE = re.compile(r"[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+")  # what YAML needs no quotes for
# What every home gets, whatever its organization: a mail to try, and how a scenario is written.
_COMMON = ("samples", "scenarios/README.md")


def samples_folder() -> Path:
    """The sample configuration: beside the package where it is installed, at the root of a checkout."""
    return _PACKAGE.parents[1] / "config" if in_checkout() else _PACKAGE / "samples"


def in_checkout() -> bool:
    """Whether this is a checkout, with `main.py` and `./orgo` at its root."""
    return not (_PACKAGE / "samples").is_dir()


def command(home: Path) -> str:
    """What to type in `home` for the command `orgo`: a checkout's own, by its path, where there is none on the PATH."""
    root = _PACKAGE.parents[1]
    if not in_checkout() or shutil.which("orgo"):
        return "orgo"
    if home == root:
        return "./orgo"
    return shlex.quote(
        os.path.relpath(root / "orgo", home) if home.is_relative_to(root) else str(root / "orgo")
    )


def names() -> list[str]:
    """The kinds of organization there is a sample for."""
    return sorted(path.parent.name for path in (samples_folder() / _ORGANIZATIONS).glob("*/config.yaml"))


def need_sample(name: str) -> Path:
    """The folder of the sample for this kind of organization. Raises BadInput that lists them."""
    known = names()
    if name not in known:
        near = nearest(name, known)
        hint = (f"did you mean {near}? " if near else "") + f"there are: {', '.join(known)}"
        raise BadInput(Problem(f"there is no sample {name!r}", key="--sample", hint=hint))
    return samples_folder() / _ORGANIZATIONS / name


def need_new_home(home: Path, name: str) -> None:
    """Raises BadInput where `home` has a configuration, people or rules already: those are somebody's work."""
    there = [path for path in (home, home / "config") for path in map(path.joinpath, _FILES)]
    found = next((path for path in there if os.path.lexists(path)), None)
    found = found or places.find_config(home, os.environ)
    if found is not None:
        again = f"orgo init --sample {name} FOLDER"
        raise BadInput(
            Problem(
                f"there is a {found.name} already, and a sample overwrites nothing",
                file=str(found),
                hint=f"name a new folder: {again}",
            )
        )


def copy_plain(home: Path) -> list[str]:
    """The plain sample into a home without any configuration; returns what was written."""
    if places.find_config(home, os.environ) is not None:
        return []
    source = samples_folder()
    files = [
        path for path in _files(source) if path.relative_to(source).parts[0] not in (_ORGANIZATIONS, *_FILES)
    ]
    return _copy(_files(PLAIN), PLAIN, home) + _copy(files, source, home)


def untouched(home: Path) -> list[str]:
    """Those files of the plain sample in a home's `config/` that nobody has edited yet."""
    return [
        f"config/{name}"
        for name in _FILES
        if (home / "config" / name).is_file()
        and (home / "config" / name).read_bytes() == (PLAIN / name).read_bytes()
    ]


def copy_sample(home: Path, name: str) -> list[str]:
    """The sample for this kind of organization into a new home; returns what was written. Raises BadInput."""
    source = need_sample(name)
    need_new_home(home, name)
    home.mkdir(parents=True, exist_ok=True)
    written = _copy(_files(source), source, home)
    plain = samples_folder()
    common = [path for part in _COMMON for path in _files(plain / part)]
    return written + _copy(common, plain, home)


def put_instead(home: Path, written: list[str], usual: str, wanted: str) -> None:
    """Have another address in the place of a sample's own, in files that were just written or are as they were shipped."""
    shown = wanted if _BARE.fullmatch(wanted) else json.dumps(wanted)
    for file in (home / name for name in written if name.endswith(".yaml")):
        text = file.read_text("utf-8")
        file.write_text(text.replace(usual, shown), "utf-8")


def next_steps(home: Path, name: str | None, offline: bool) -> list[str]:
    """What to type next, one line each; nothing where it is the plain set-up."""
    if name is None and not offline:
        return []
    orgo = command(home)
    steps = [] if home == Path.cwd() else [f"cd {shlex.quote(str(home))}"]
    if name is not None:
        steps += [
            "edit config/people.yaml and config/config.yaml: your own names, addresses and hours",
            f"{orgo} config check && {orgo} rules check",
            f"{orgo} simulate config/scenarios/*.yaml    # who would hear what, when; nothing is sent",
        ]
    if offline:
        steps += [
            f"{orgo} import PATH --as work    # .pst, .ost, .msg, .eml, mbox, Maildir; or put mail files into var/drop",
            f"{orgo} doctor    # what works without a network, and what waits for one",
        ]
    return [*steps, f"{orgo} up    # all of Orgo; the page is at the address of the link above"]


def _files(source: Path) -> list[Path]:
    return [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())


def _copy(files: list[Path], source: Path, home: Path) -> list[str]:
    """Copies into `config/` of the home; what is there already, also beside it, is kept."""
    written = []
    for file in files:
        target = home / "config" / file.relative_to(source)
        if not target.exists() and not (home / file.name).exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            written.append(places.shown(target, home))
    return written
