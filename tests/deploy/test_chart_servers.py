"""What the chart tells its HAProxy and its RabbitMQ, read by these themselves."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.chart import objects

PLUGINS = Path("/usr/lib/rabbitmq/lib")
# As a start of RabbitMQ does: its schema, the file, and what comes of both.
READS = """
    {ok, [[File]]} = init:get_argument(file), {ok, [[Schema]]} = init:get_argument(schema),
    Found = cuttlefish_generator:map(cuttlefish_schema:files([Schema]), cuttlefish_conf:file(File)),
    case is_list(Found) of true -> halt(0); false -> io:format("~p~n", [Found]), halt(1) end.
"""


def told(rendered: dict[str, str], option: str, name: str) -> str:
    """A file of the ConfigMap of the chart's queue."""
    made = objects(rendered[option])
    (one,) = [one["data"] for one in made if one["kind"] == "ConfigMap" and name in one["data"]]
    return str(one[name])


def haproxy(file: Path) -> "subprocess.CompletedProcess[str]":
    # The servers' names are the cluster's: nobody here need be asked for long.
    environ = {**os.environ, "REDIS_PASSWORD": "open", "RES_OPTIONS": "timeout:1 attempts:1"}
    path = f"{os.environ['PATH']}:/usr/sbin"
    return run(["haproxy", "-c", "-f", str(file)], {**environ, "PATH": path})


def rabbitmq(file: Path) -> "subprocess.CompletedProcess[str]":
    (schema,) = PLUGINS.glob("*/plugins/rabbit-*/priv/schema/rabbit.schema")
    paths = [word for place in PLUGINS.glob("*/plugins/*/ebin") for word in ("-pa", str(place))]
    words = ["erl", "-noinput", *paths, "-file", str(file), "-schema", str(schema), "-eval", READS]
    return run(words, {**os.environ})


def run(words: list[str], environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("option", "name", "reader", "right", "wrong"),
    [
        pytest.param(
            "redis",
            "haproxy.cfg",
            haproxy,
            "expect",
            "expects",
            marks=pytest.mark.needs("haproxy"),
        ),
        pytest.param(
            "rabbitmq",
            "rabbitmq.conf",
            rabbitmq,
            "pause_minority",
            "pause_minorities",
            marks=pytest.mark.needs("rabbitmq"),
        ),
    ],
)
def test_a_server_understands_what_the_chart_tells_it_and_would_say_where_it_does_not(
    rendered: dict[str, str],
    tmp_path: Path,
    option: str,
    name: str,
    reader: Callable[[Path], "subprocess.CompletedProcess[str]"],
    right: str,
    wrong: str,
) -> None:
    file = tmp_path / name
    text = told(rendered, option, name)
    file.write_text(text)
    answer = reader(file)
    assert answer.returncode == 0, answer.stdout + answer.stderr

    assert right in text
    file.write_text(text.replace(right, wrong))
    answer = reader(file)
    assert answer.returncode != 0 and wrong in answer.stdout + answer.stderr
