"""The Dockerfile and compose.yaml, by hadolint, by a reader of the compose specification and by what Orgo knows.

`make image` builds the image and starts it.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from orgo.cli.main import root
from orgo.conf import load
from tests.conftest import absent
from tests.house.checkout import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVERS = ("postgresql", "redis", "rabbitmq")
OWN = {name: one for name, one in COMPOSE["services"].items() if name not in SERVERS}


def test_hadolint_finds_nothing(tools: Path) -> None:
    answer = subprocess.run(
        [str(tools / "hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout


def last_stage() -> str:
    return DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_the_image_is_nobodys_root_and_has_nothing_to_build_with() -> None:
    assert DOCKERFILE.count("\nFROM ${BASE}") == 2 and DOCKERFILE.count("ARG BASE=") == 1
    assert re.findall(r"^USER (\S+)", last_stage(), re.MULTILINE) == ["10001:10001"]
    assert not re.search(r"pip install|apt-get|gcc|COPY (?!--from=build)", last_stage())
    assert "HEALTHCHECK" in last_stage() and "/readyz" in last_stage()


def trial(check: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """One check of the image's trial, with the shell's options that it has there."""
    sys.path.insert(0, str(ROOT / "tools"))
    import image

    script = f"set -eu\n{image.CHECKS}\n{check}\necho through"
    return subprocess.run(["/bin/sh", "-c", script], env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("tool", ["pip", "gcc"])
def test_the_images_trial_ends_where_there_is_something_to_build_with(tmp_path: Path, tool: str) -> None:
    assert trial("has_nothing_to_build_with", PATH=str(tmp_path)).stdout == "through\n"
    (tmp_path / tool).touch(mode=0o755)
    answer = trial("has_nothing_to_build_with", PATH=str(tmp_path))
    assert answer.returncode == 1 and f"the image has {tool}" in answer.stderr


@pytest.mark.parametrize(
    ("written", "said"), [("orgo/var/orgo.db", ""), ("orgo/config/config.yaml", "/orgo/config")]
)
def test_the_images_trial_ends_where_a_read_only_file_system_was_written_to(
    tmp_path: Path, written: str, said: str
) -> None:
    for folder in ("orgo/var", "orgo/config", "usr"):
        (tmp_path / "root" / folder).mkdir(parents=True)
    for path in [tmp_path, *tmp_path.rglob("*")]:
        os.utime(path, (1, 1))
    started = tmp_path / "started"
    started.touch()
    os.utime(started, (2, 2))
    (tmp_path / "root" / written).touch()

    answer = trial(f"wrote_only_where_it_may {started} {tmp_path}/root", PATH=os.environ["PATH"])
    assert answer.returncode == bool(said) and said in answer.stderr


def test_only_what_is_copied_goes_to_the_builder() -> None:
    sources = set(re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE))
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert sources == {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert all((ROOT / source).exists() for source in sources)


def read_by_the_specification(**services: dict[str, Any]) -> list[str]:
    """The services of compose.yaml with these beside them, read strictly; variables have their defaults. Raises ValueError."""
    try:
        from compose_spec import PyCompose
    except ImportError:
        absent("needs compose-spec, which has no wheel for this machine")
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text("utf-8"))
    given = yaml.safe_load(text)
    made = PyCompose.from_json(json.dumps({**given, "services": {**given["services"], **services}}))
    made.validate()
    return list(made.service_names())


def test_compose_keeps_to_the_specification() -> None:
    assert set(read_by_the_specification()) == set(COMPOSE["services"])


@pytest.mark.parametrize(
    ("service", "word"),
    [
        ({"imagine": "orgo"}, "imagine"),
        ({"image": "orgo", "networks": ["none-such"]}, "none-such"),
        ({"image": "orgo", "stop_grace_period": "soon"}, "soon"),
        ({"image": "orgo", "depends_on": {"redis": {"condition": "service_fine"}}}, "service_fine"),
    ],
)
def test_the_specification_would_say_no(service: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_by_the_specification(another=service)


@pytest.mark.parametrize(
    ("profile", "servers", "workers"),
    [("small", set(), 0), ("standard", {"postgresql", "redis"}, 1), ("large", {"postgresql", "rabbitmq"}, 2)],
)
def test_each_profile_is_whole(profile: str, servers: set[str], workers: int) -> None:
    inside = {name: one for name, one in COMPOSE["services"].items() if profile in one["profiles"]}
    assert set(inside) & set(SERVERS) == servers
    assert (
        sum(
            one.get("deploy", {}).get("replicas", 1)
            for name, one in inside.items()
            if name.startswith("worker")
        )
        == workers
    )
    for one in inside.values():
        assert set(one.get("depends_on", {})) <= set(inside)


@pytest.mark.parametrize("name", sorted(OWN))
def test_each_part_runs_a_command_that_is_there(name: str, tmp_path: Path) -> None:
    one = OWN[name]
    if one.get("entrypoint") == ["celery"]:
        assert one["command"][:3] == ["-A", "tasks", "worker"]
    else:
        answer = CliRunner().invoke(root, [*one["command"], "--help"])
        assert answer.exit_code == 0, shlex.join(one["command"])
    given = {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for key, value in one["environment"].items()}
    assert [str(problem) for problem in load(tmp_path, given).warnings] == []


@pytest.mark.parametrize("name", sorted(OWN))
def test_each_part_is_closed(name: str) -> None:
    one = OWN[name]
    assert (one["read_only"], one["cap_drop"], one["security_opt"]) == (
        True,
        ["ALL"],
        ["no-new-privileges:true"],
    )
    assert "./config:/config:ro" in one["volumes"]


def test_what_the_page_says_of_secrets_and_backups_is_what_each_part_has(tmp_path: Path) -> None:
    """The page's config.yaml with the page's secrets.env, which every part gets where it is there, and Git never."""
    page = (ROOT / "docs" / "operator" / "containers.md").read_text("utf-8")
    (config,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (secrets,) = (block for block in re.findall(r"```ini\n(.*?)```", page, re.DOTALL) if "KEY" in block)
    given = dict(line.replace("'...'", "0f" * 32).split("=") for line in secrets.splitlines())
    (tmp_path / "config.yaml").write_text(config)

    read = load(tmp_path, given)

    assert (
        read.backup and read.smtp and read.smtp.password and [account.password for account in read.accounts]
    )
    assert [str(problem) for problem in read.warnings] == []
    for one in OWN.values():
        assert one["env_file"] == [{"path": "secrets.env", "required": False}]
        assert f"${{ORGO_BACKUPS:-backups}}:{read.backup.to}" in one["volumes"]
    assert "backups" in COMPOSE["volumes"] and f" {read.backup.to} " in last_stage()
    assert "secrets.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_no_password_stands_in_it() -> None:
    for name, one in COMPOSE["services"].items():
        for key, value in one.get("environment", {}).items():
            if "PASS" in key:
                assert re.fullmatch(r"\$\{\w+:-\}", value), f"{name}: {key}"
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert all(
        one["networks"] == ["back"] and "ports" not in one
        for name, one in COMPOSE["services"].items()
        if name in SERVERS
    )
