"""The demo: its check says yes when all is well and no when anything is not, and its page shows the city at work."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

import pytest
from urllib3 import encode_multipart_formdata

from orgo.cli.main import main
from orgo.demo import check
from orgo.demo.samples import MAILS
from tests.house.checkout import ROOT, clean_environment, python
from tests.house.test_stop import until
from tests.servers.ports import free_port

# Each breaks one thing of a run that would come out right; the command is run as it is.
RUN = "\nimport sys; from orgo.cli.main import main; sys.exit(main(['demo', '--check', '--json']))"
BROKEN = {
    "every mail ended where its sample says": """
from dataclasses import replace
from orgo.demo import check, samples
first, *rest = samples.samples()
spoilt = replace(first, make=lambda: b"From: a@b.example\\nSubject: lunch\\n\\nAt noon?\\n")
check.samples = lambda: (spoilt, *rest)
""",
    "every letter reached the catcher once": """
from orgo.demo.catcher import Catcher
keep = Catcher._keep
def forgetful(self, letter):
    keep(self, letter)
    if self._number == 7: self.caught.pop()
Catcher._keep = forgetful
""",
    "every due level fired once": """
from msgspec.structs import replace
from orgo.flow import planner
plan = planner._next_step
def skipping(policy, calendar, history, now, **more):
    seen = replace(history, fired=(*history.fired, 2))
    return plan(policy, calendar, seen, now, **more)
planner._next_step = skipping
""",
}


def test_the_check_finds_that_all_came_out_right(tmp_path: Path) -> None:
    done = python(ROOT / "orgo", "demo", "--check", "--json", home=tmp_path)
    found = json.loads(done.stdout)

    assert (done.returncode, done.stderr) == (0, "")
    assert sum(found[outcome] for outcome in check.OUTCOMES) == found["mails"] > 100
    assert found["lost"] == 0 and found["escalations"] > 20
    assert [one["name"] for one in found["checks"] if not one["ok"]] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", list(BROKEN))
def test_one_thing_that_went_wrong_is_found_and_is_exit_code_1(name: str, tmp_path: Path) -> None:
    done = python("-c", BROKEN[name] + RUN, home=tmp_path, PYTHONPATH=str(ROOT / "src"))
    wrong = {one["name"]: one["detail"] for one in json.loads(done.stdout)["checks"] if not one["ok"]}

    assert (done.returncode, list(wrong)) == (1, [name])
    assert wrong[name]


def test_a_lost_mail_is_exit_code_1_whatever_the_checks_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, Any] = {"mails": 1, "lost": 1, "checks": []}
    monkeypatch.setattr(check, "check", lambda: found)

    assert main(["demo", "--check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == found


class Visitor:
    """Somebody with a browser, as far as cookies and forms go."""

    def __init__(self, link: str) -> None:
        self.home, _, secret = link.partition("/sign-in/")
        self._jar = CookieJar()
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(self._jar))
        self.get(f"/sign-in/{secret}")
        self.post(f"/sign-in/{secret}", {})

    def get(self, path: str) -> str:
        return self._read(Request(self.home + path))

    def post(self, path: str, fields: Mapping[str, str | tuple[str, bytes]]) -> str:
        token = next(cookie.value for cookie in self._jar if cookie.name == "csrftoken") or ""
        body, kind = encode_multipart_formdata({"csrfmiddlewaretoken": token, **fields})
        return self._read(Request(self.home + path, data=body, headers={"Content-Type": kind}))

    def _read(self, request: Request) -> str:
        with self._opener.open(request, timeout=60) as answer:
            return str(answer.read().decode())


def hear_ctrl_c() -> None:
    """A test run in the background may ignore it, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def demo(home: Path) -> Iterator[str]:
    """A demo that runs in `home` until Ctrl-C, which is its ordinary end; gives what it printed."""
    command = [sys.executable, str(ROOT / "orgo"), "demo", "--port", str(free_port())]
    environment = clean_environment(ORGO_HOME=str(home))
    with (home / "errors").open("w") as errors:
        started = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            preexec_fn=hear_ctrl_c,  # noqa: PLW1509 - one call of the system
        )
    assert started.stdout is not None
    try:
        printed = ""
        while "Stop with Ctrl-C" not in printed:
            line = started.stdout.readline()
            assert line, (home / "errors").read_text()
            printed += line
        yield printed
    finally:
        started.send_signal(signal.SIGINT)
        more, _ = started.communicate(timeout=60)
    assert (started.returncode, more.strip()) == (0, "")


def test_the_demo_prints_a_link_and_nothing_that_pushes_it_away(tmp_path: Path) -> None:
    with demo(tmp_path) as printed:
        (link,) = re.findall(r"http://\S+/sign-in/\S+", printed)
        visitor = Visitor(link)
        until(lambda: re.search(r'href="/caught/\d+"', visitor.get("/caught")) is not None)
        mail = ("leak.eml", (MAILS / "01-water-leak-photo.eml").read_bytes())
        dropped = json.loads(visitor.post("/mail/drop", {"mail": mail}))["mail"]
        until(lambda: bool(json.loads(visitor.get(f"/mail/{dropped}/where"))["outcome"]))
        ended = json.loads(visitor.get(f"/mail/{dropped}/where"))
        menu = visitor.get("/")

    assert ended["outcome"] in ("opened", "linked") and ended["task"]
    assert "What people got" in menu and "What people got" in printed
    assert (tmp_path / "errors").read_text() == ""
    assert "Routed To:" in (tmp_path / "var" / "demo" / "orgo.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [(), ("--fresh",)])
def test_a_second_demo_in_the_same_folder_says_where_the_first_is_and_deletes_nothing(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    with demo(tmp_path) as printed:
        (address,) = re.findall(r"(http://\S+)/sign-in/", printed)
        before = (tmp_path / "var" / "demo" / "var" / "orgo.db").stat().st_ino
        second = python(ROOT / "orgo", "demo", *words, home=tmp_path, ORGO_HOME=str(tmp_path))
        after = (tmp_path / "var" / "demo" / "var" / "orgo.db").stat().st_ino

    assert (second.returncode, second.stdout, after) == (2, "", before)
    assert f"var/demo: a demo is running here, its page is {address}; stop it" in second.stderr
