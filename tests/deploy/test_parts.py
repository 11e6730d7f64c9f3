"""What the containers need of Orgo: the Secret's maker, a set-up without a link, names of the page, quorum queues."""

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orgo.conf import load
from orgo.conf.celery import make_app
from tests.deploy.chart import CHART
from tests.house.checkout import ROOT, clean_environment, python


class Api(ThreadingHTTPServer):
    """As much of the API server as keeps one Secret; whoever has not the token is refused."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.kept: dict[str, dict] = {}
        self.allowed = True


class Answer(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self.say(200 if self.path.rpartition("/")[2] in self.server.kept else 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.allowed:
            self.server.kept[body["metadata"]["name"]] = body
        self.say(201 if self.server.allowed else 403)

    def say(self, code: int) -> None:
        right = (
            self.headers["Authorization"] == "Bearer the-token" and "/namespaces/city/secrets" in self.path
        )
        self.send_response(code if right else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def make(api: Api, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "token").write_text("the-token\n")
    (folder / "namespace").write_text("city")
    given = {
        "ACCOUNT": str(folder),
        "SERVER": f"http://127.0.0.1:{api.server_port}",
        "SECRET_NAME": "orgo-generated",
        "RELEASE": "orgo",
    }
    command = [sys.executable, str(CHART / "files" / "make_secret.py")]
    return subprocess.run(command, env=clean_environment(**given), capture_output=True, text=True, timeout=60)


def test_the_secret_is_made_once_and_then_left_alone(api: Api, tmp_path: Path) -> None:
    assert make(api, tmp_path).returncode == 0
    first = json.dumps(api.kept)
    values = {
        key: base64.b64decode(value).decode() for key, value in api.kept["orgo-generated"]["data"].items()
    }
    assert (
        values["database-url"]
        == f"postgresql://orgo:{values['database-password']}@orgo-postgresql.city.svc/orgo"
    )
    again = make(api, tmp_path)
    assert (again.returncode, json.dumps(api.kept)) == (0, first)
    assert not any(value in again.stdout + again.stderr for value in values.values())
    for kind in ("database-url", "redis-url", "rabbitmq-url"):
        key = "ORGO_DATABASE" if kind == "database-url" else "ORGO_QUEUE"
        assert load(tmp_path, {key: values[kind]}).warnings == ()


def test_a_secret_that_may_not_be_made_ends_the_job_with_an_error(api: Api, tmp_path: Path) -> None:
    api.allowed = False
    answer = make(api, tmp_path)
    assert (answer.returncode, "403" in answer.stderr) == (1, True)


def test_a_set_up_without_a_link_prints_none(tmp_path: Path) -> None:
    answer = python(ROOT / "orgo", "init", "--yes", "--no-link", home=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "Administrator: admin@organization.com" in answer.stdout
    assert "sign-in" not in answer.stdout


@pytest.mark.parametrize(("more", "answered"), [({}, False), ({"ORGO_WEB__ALSO_HOSTS": "10.0.0.7"}, True)])
def test_the_page_answers_to_a_pods_address_where_that_is_named(
    tmp_path: Path, more: dict[str, str], answered: bool
) -> None:
    code = "from orgo.conf import boot; boot.start(); from django.conf import settings; print('10.0.0.7' in settings.ALLOWED_HOSTS)"
    given = {"ORGO_WEB__PUBLIC_URL": "https://orgo.organization.com", "PYTHONPATH": str(ROOT / "src"), **more}
    assert python("-c", code, home=tmp_path, **given).stdout.strip() == str(answered)


TO_THE_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orgo.dead"}


@pytest.mark.parametrize(
    ("queue", "kind", "argument"),
    [
        ("amqp://mq//", "quorum", {**TO_THE_DEAD, "x-queue-type": "quorum"}),
        ("amqp://mq//", "classic", TO_THE_DEAD),
        ("redis://r:6379/0", "quorum", None),
    ],
)
def test_queues_are_of_the_kind_that_is_configured(
    tmp_path: Path, queue: str, kind: str, argument: dict | None
) -> None:
    app = make_app(load(tmp_path, {"ORGO_QUEUE": queue, "ORGO_QUEUE_TYPE": kind}))
    assert [one.queue_arguments for one in app.conf.task_queues] == [argument] * 4
