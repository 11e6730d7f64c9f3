"""The pages' commands that are not Orgo's own: what each of them names of this project has to be there.

They are looked up here; those that a cluster is not needed for are run as well, without changing anything
(tests/deploy/test_page_commands.py).
"""

import json
import re
import shlex
import subprocess
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from itertools import dropwhile
from typing import NamedTuple

import yaml

from orgo.conf.celery import JOBS
from tests.house.checkout import ROOT
from tests.house.doc_commands import lines

# Other people's programs, which are not looked into.
SHELL = ("cd", "chmod", "export", "mkdir", "source", "tee")
OTHERS = (
    *SHELL,
    *("curl", "docker build", "git clone", "git pull", "nginx", "openssl", "promtool"),
    *("kubectl create", "kubectl delete", "kubectl edit", "kubectl exec", "kubectl label", "kubectl rollout"),
    *("kubectl patch", "kubectl scale"),  # what they name: tests/deploy/test_page_commands.py
    *("celery beat", "helm uninstall", "python3 -m venv", "systemctl"),
)
# The test, or the CI, that runs the kind; docs/index.md has the others, with the reason why nobody does.
RUN_BY = {
    **dict.fromkeys(("make image", "make lint", "make servers", "make test"), ".ci/run"),
    **dict.fromkeys(("helm lint", "helm template"), "tests/deploy/test_chart.py"),
    **dict.fromkeys(
        ("helm install", "kubectl apply", "kubectl create", "kubectl patch"),
        "tests/deploy/test_page_commands.py",
    ),
    **dict.fromkeys(("python3 -m venv", "pip"), "tests/runbook/conftest.py"),
    "python": "tests/runbook/test_blueprint.py",
    **dict.fromkeys(("celery -A", "celery worker"), "tests/house/test_jobs.py"),
    "deploy/install.sh": "tests/house/on_machine.sh",
    "deploy/upgrade.sh": "tests/house/on_machine.sh",
    "deploy/uninstall.sh": "tests/house/on_machine.sh",
    "nginx": "tests/house/test_deploy.py",
    "openssl": "tests/house/test_doc_commands.py",
    "promtool": "tests/deploy/test_monitoring.py",
}
OWN = ("orgo", "./orgo")  # test_doc_commands.py
_INLINE = re.compile(r"`([^`]+)`")
_BEFORE = re.compile(r"sudo$|[A-Z_]+=")
_PUT_IN = re.compile(r"\$\([^)]*\)")  # what the shell puts in, of another program
_ENDS = ("&&", "||", "|", ";")
CHART = ROOT / "deploy" / "helm" / "orgo"


class Shown(NamedTuple):
    """A command on a page, by its words."""

    page: str
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {shlex.join(self.words)}"


def of_page(page: str, text: str) -> Iterator[Shown]:
    """All of a shell's blocks; of indented blocks and sentences what begins with a program that is known here."""
    for number, line, block in lines(text):
        for typed in [line] if block else _INLINE.findall(line):
            if block == "sh" or program(_bare(typed.split())):
                yield from (Shown(page, number, words) for words in _calls(typed) if words[0] not in OWN)


def program(words: Sequence[str]) -> str | None:
    """Which entry of CHECKS, OTHERS or OWN these words begin with; None where they begin with none."""
    line = " ".join(words) + " "
    return next((known for known in (*CHECKS, *OTHERS, *OWN) if re.match(_pattern(known), line)), None)


def kind(words: Sequence[str]) -> str | None:
    """The same, with the target of `make` and the script of deploy/ by its name."""
    known = program(words)
    own = {"make": " ".join(words[:2]), "deploy/*.sh": words[0]}
    return own.get(known, known) if known else None


def _pattern(known: str) -> str:
    """kubectl's namespace stands before its verb; `*` is any name of a file."""
    return re.escape(known).replace(r"\*", r"[\w/]+").replace(r"kubectl\ ", r"kubectl (?:-n \S+ )?") + " "


def _calls(line: str) -> Iterator[tuple[str, ...]]:
    """The commands of a line, without sudo and variables before them."""
    line = line.replace("\\", "/") if "powershell" in line else line
    line = _PUT_IN.sub("MADE", line)
    words = shlex.shlex(line, posix=True, punctuation_chars="&|;")
    words.whitespace_split = True
    call: list[str] = []
    for word in [*words, ";"]:
        if word not in _ENDS:
            call.append(word)
            continue
        if _bare(call):
            yield _bare(call)
        call = []


def _bare(words: list[str]) -> tuple[str, ...]:
    return tuple(dropwhile(_BEFORE.match, words))


# ---------------------------------------------------------------- what is asked of each


def check(words: tuple[str, ...]) -> None:
    """Raises AssertionError, in words, where a command is unknown or names something that is not there."""
    known = program(words)
    assert known, (
        f"{words[0]}: say in tests/house/other_commands.py what is asked of it, or that it is others'"
    )
    if known in CHECKS:
        CHECKS[known](words)


def _options(words: tuple[str, ...], *names: str) -> Namespace:
    """Options that take a word, each with all that it was given, and `rest`: what is no option."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    for name in names:
        parser.add_argument(*name.split(), action="append", default=[])
    found, left = parser.parse_known_args(words)
    found.rest = [word for word in left if not word.startswith("-")]
    return found


def _are_there(*paths: str) -> None:
    """Files and folders of the checkout; NAME is the reader's to choose, and so is a file without a folder."""
    missing = [path for path in paths if "NAME" not in path and not (ROOT / path).exists()]
    assert not missing, f"there is no {', '.join(missing)}"


def _compose(words: tuple[str, ...]) -> None:
    given = _options(words[2:], "--profile")
    if not given.rest:
        return
    assert given.profile, "every service has a profile: without one nothing is selected"
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    selected = {name for name, one in services.items() if set(one["profiles"]) & set(given.profile)}
    verb, *named = given.rest
    named = named[:1] if verb in ("exec", "run") else named
    named = [name.partition(":")[0] for name in named if ":" in name] if verb == "cp" else named
    assert selected and selected >= set(named), f"{given.profile} has {sorted(selected)}"


def _helm(words: tuple[str, ...]) -> None:
    given = _options(words[2:], "-f --values", "--set", "--set-string", "--set-file", "-n --namespace")
    if given.rest:
        _are_there(f"{given.rest[-1]}/Chart.yaml")
    _are_there(*(name for name in given.values if "/" in name))
    for one in (*given.set, *given.set_string, *given.set_file):
        _is_value(one.partition("=")[0])


def _is_value(key: str) -> None:
    here = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    for name in re.split(r"(?<!\\)\.", key):
        below = here.get("properties", {}).get(name, here.get("additionalProperties", True))
        assert below is not False, f"{key} is no value of the chart"
        here = below if isinstance(below, dict) else {}


def _kubectl_apply(words: tuple[str, ...]) -> None:
    given = _options(words, "-k", "-f", "-n")
    _are_there(*given.k, *given.f)


def _script(words: tuple[str, ...]) -> None:
    _are_there(words[0])
    said = subprocess.run(
        ["bash", ROOT / words[0], "--help"], capture_output=True, text=True, check=True
    ).stdout
    _are_known(re.findall(r"--[a-z-]+", said), [word for word in words if word.startswith("--")])


def _powershell(words: tuple[str, ...]) -> None:
    script = words[words.index("-File") + 1]
    _are_there(script)
    parameters = re.findall(r"^ +\[\w+\]\$(\w+)", (ROOT / script).read_text("utf-8"), re.MULTILINE)
    _are_known(parameters, [word[1:] for word in words[words.index(script) :] if word.startswith("-")])


def _are_known(known: list[str], given: list[str]) -> None:
    assert set(given) <= set(known), f"unknown: {sorted(set(given) - set(known))}"


def _make(words: tuple[str, ...]) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    _are_known(targets, [word for word in words[1:] if "=" not in word])


def _python(words: tuple[str, ...]) -> None:
    module = words[2].replace(".", "/") + ".py" if words[1] == "-m" else words[1]
    _are_there(module)


def _pip(words: tuple[str, ...]) -> None:
    _are_there(*_options(words, "-r").r)


def _celery(words: tuple[str, ...]) -> None:
    given = _options(words, "-A", "-Q")
    _are_there(*(f"{name}.py" for name in given.A))
    _are_known([*JOBS], [queue for queues in given.Q for queue in queues.split(",")])


CHECKS: dict[str, Callable[[tuple[str, ...]], None]] = {
    "docker compose": _compose,
    **dict.fromkeys(("helm install", "helm lint", "helm template", "helm upgrade"), _helm),
    "kubectl apply": _kubectl_apply,
    "deploy/*.sh": _script,
    "powershell": _powershell,
    "make": _make,
    "pip": _pip,
    **dict.fromkeys(("python", ".venv/bin/python"), _python),
    **dict.fromkeys(("celery -A", "celery worker"), _celery),
}
