"""deploy/monitoring/: alerts and dashboard are what promtool takes, and use what a running Orgo shows and nothing else."""

import json
import logging
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from orgo.conf.config import Keep
from orgo.conf.logfiles import KINDS
from orgo.conf.logging import set_up
from orgo.ops import measures
from tests.house.checkout import ROOT, clean_environment
from tests.office import CONFIG, Office
from tests.servers.ports import free_port

MONITORING = ROOT / "deploy" / "monitoring"
DASHBOARD = MONITORING / "orgo.dashboard.json"
KNOWN = {series for measure in measures.ALL for series in measure.series}
TOKEN = "0123456789abcdef" * 4


def promtool(*words: str | Path) -> str:
    found = subprocess.run(
        ["promtool", *map(str, words)], cwd=MONITORING, capture_output=True, text=True, timeout=120
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((MONITORING / "orgo.rules.yml").read_text())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    return list(json.loads(DASHBOARD.read_text())["panels"])


def expressions() -> Iterator[str]:
    """Every expression of the dashboard, with Grafana's own variables filled in."""
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "5m").replace("$job", ".*")


def names(text: str) -> set[str]:
    return set(re.findall(r"\borgo_\w+", text))


@pytest.mark.needs("promtool")
def test_the_rules_are_sound_and_each_alert_is_heard_when_it_should_be() -> None:
    assert "SUCCESS" in promtool("check", "rules", "orgo.rules.yml")
    assert "SUCCESS" in promtool("test", "rules", "orgo.rules.test.yml")


def test_no_alert_is_without_its_test_and_each_says_what_to_do() -> None:
    tested = (MONITORING / "orgo.rules.test.yml").read_text()

    for alert in alerts():
        assert f'alertname="{alert["alert"]}"' in tested, alert["alert"]
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert alert["annotations"].keys() == {"summary", "todo"}


@pytest.mark.needs("promtool")
def test_prometheus_takes_the_sample_and_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    promtool("check", "config", "--syntax-only", "prometheus.yml")
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(expressions())]
    (tmp_path / "dashboard.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    assert f"{len(rules)} rules found" in promtool("check", "rules", tmp_path / "dashboard.yml")


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in panels()]

    assert (dashboard["uid"], dashboard["title"]) == ("orgo", "Orgo")
    assert len(set(ids)) == len(ids) > 10
    assert not [pair for pair in combinations(panels(), 2) if overlap(*pair)]
    variables = {f"${{{one['name']}}}" for one in dashboard["templating"]["list"]}
    assert {panel["datasource"]["uid"] for panel in panels()} <= variables


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    first, second = one["gridPos"], other["gridPos"]
    return all(
        first[start] < second[start] + second[size] and second[start] < first[start] + first[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


@pytest.fixture
def complete(tmp_path: Path) -> Iterator[Office]:
    """An office that has all there is to measure."""
    more = (
        "web: {{metrics_token: 'file:token', public_url: 'https://orgo.city.example'}}\n"
        "mailboxes: [{{host: imap.city.example, username: info@city.example, password: 'file:token'}}]\n"
        "backup: {{key: 'file:token'}}\n"
    )
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "token").write_text(TOKEN)
    office = Office(tmp_path, config=CONFIG + more)
    yield office
    office.close()


def shown(office: Office) -> dict[str, float]:
    """The samples of the page, by name and labels."""
    from django.test import Client

    answer = Client(headers={"host": "orgo.city.example"}).get(
        "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, secure=True
    )
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    samples = (sample for family in families for sample in family.samples)
    return {" ".join([one.name, *one.labels.values()]): one.value for one in samples}


def test_a_running_orgo_shows_every_metric_that_is_told_of_and_no_other(complete: Office) -> None:
    from orgo.backup import state
    from orgo.intake.models import Mailbox
    from orgo.ops import certificates

    complete.mail()
    complete.clock.advance(hours=3)
    complete.settle()
    Mailbox.objects.create(name="info@city.example", state="ok", last_mail_at=complete.clock.now())
    Mailbox.objects.create(name="former@city.example", state="unreachable")
    state.read()
    state.sent(any=True)
    for server in certificates.servers(complete.config):
        certificates.note(server, complete.clock.now())
    found = shown(complete)

    assert {name.partition(" ")[0] for name in found} == KNOWN
    assert found["orgo_mailbox_up info@city.example ok"] == 1
    assert not [name for name in found if "former@city.example" in name]
    ends = complete.clock.now().timestamp()
    assert found["orgo_certificate_ends_timestamp_seconds imap.city.example:993"] == ends
    assert found["orgo_certificate_ends_timestamp_seconds orgo.city.example:443"] == ends
    assert found["orgo_disk_total_bytes"] > found["orgo_disk_free_bytes"] > 0


def test_alerts_and_dashboard_use_only_what_is_shown() -> None:
    used = names(" ".join(alert["expr"] for alert in alerts()))
    used |= names(" ".join(expressions()))

    assert used and used - KNOWN == set()


# ---------------------------------------------------------------- a real Prometheus


@pytest.mark.needs("promtool", "prometheus")
def test_a_real_prometheus_reads_a_running_orgo_by_the_sample(tmp_path: Path) -> None:
    page, own, token = free_port(), free_port(), tmp_path / "orgo.token"
    token.write_text(TOKEN)
    text = (MONITORING / "prometheus.yml").read_text().replace("/etc/prometheus/orgo.token", str(token))
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{page}").replace(": 30s", ": 1s")
    (tmp_path / "prometheus.yml").write_text(text)
    (tmp_path / "orgo.rules.yml").write_bytes((MONITORING / "orgo.rules.yml").read_bytes())
    orgo = [sys.executable, str(ROOT / "orgo"), "up"]
    keys = {"WEB__PORT": str(page), "WEB__METRICS_TOKEN": TOKEN, "INTAKE__SMTP__ENABLED": "false"}
    environment = clean_environment(
        ORGO_HOME=str(tmp_path), **{f"ORGO_{name}": key for name, key in keys.items()}
    )
    watch = ["prometheus", "--config.file=prometheus.yml", f"--web.listen-address=127.0.0.1:{own}"]
    with running(orgo, tmp_path, environment), running(watch, tmp_path, clean_environment()):
        found = asked(own, "query?query=orgo_info")
        (group,) = asked(own, "rules")["groups"]

    assert found["result"][0]["metric"]["job"] == "orgo"
    assert {rule["name"] for rule in group["rules"]} == {alert["alert"] for alert in alerts()}
    assert {rule["health"] for rule in group["rules"]} == {"ok"}


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """A program that works in `folder` until the end of the block."""
    said = (folder / f"{Path(command[0]).name}.log").open("wb")
    with said, subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said) as process:
        try:
            yield
        finally:
            process.terminate()


def asked(port: int, what: str) -> dict[str, Any]:
    """What Prometheus answers as soon as it has read Orgo once."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{what}") as answer:
                found: dict[str, Any] = json.load(answer)["data"]
            if found.get("result") or all(rule["health"] == "ok" for rule in found["groups"][0]["rules"]):
                return found
        except (OSError, KeyError, IndexError):
            pass
        time.sleep(0.2)
    raise AssertionError(f"{what} was not answered")


# ---------------------------------------------------------------- the log's samples


def test_the_samples_for_log_stores_name_what_a_line_has(capsys: pytest.CaptureFixture[str]) -> None:
    line = line_of(capsys)
    filebeat = yaml.safe_load((MONITORING / "filebeat.yml").read_text())
    alloy = (MONITORING / "orgo.alloy").read_text()
    loki = yaml.safe_load((MONITORING / "loki.yml").read_text())
    used = set(re.findall(r"orgo\.(\w+)", json.dumps(filebeat).replace("[orgo.kind]", "orgo.kind")))
    used |= set(re.findall(r"(\w+) = \"\w+\"", re.search(r"expressions = {(.*)}", alloy)[1]))  # type: ignore[index]
    periods = {one["selector"]: one["period"] for one in loki["limits_config"]["retention_stream"]}

    assert used == {"timestamp", "level", "kind", "logger", "event", "exception"} <= line.keys()
    assert datetime.fromisoformat(line["timestamp"]).tzinfo == UTC
    assert alloy.count("{") == alloy.count("}")
    assert periods == {
        f'{{app="orgo", kind="{kind}"}}': f"{Keep.model_fields[kind].default.days * 24}h" for kind in KINDS
    }


def line_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """A line of the log with all that it may have."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        set_up("json")
        logging.getLogger("orgo").error("it failed", exc_info=ValueError("x"))
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    line: dict[str, Any] = json.loads(capsys.readouterr().err)
    return line
