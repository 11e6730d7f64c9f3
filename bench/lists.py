"""Each list, search and page over 300,000 tasks and 1,500,000 events on PostgreSQL, as its users' browsers ask for it.

Four people look: one who may see all, a technician of two teams among forty who has a third of all in hand, the member of
one team, and one of no team, who sees one task of a hundred. The figure is the 99th percentile (of 40 looks: the longest).
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import Row

TASKS, TEAMS = 300_000, 40
TURNS = 40
PROMISED = 200_000.0  # µs
TOKEN = "a-token-for-prometheus"
_ROOT = Path(__file__).resolve().parents[1]

# Of ten tasks one is open; of a hundred one is public, three are private, five are watched, ten have called somebody.
FILL = (
    """
    INSERT INTO task_task (id, reference, seq, title, state, level, round, priority, type, labels, fields, requester,
      requester_name, team, assignee, watchers, called, organization, visibility, anonymize, mail, rule, revision,
      opened_at, updated_at, due_at, next_level_at, closed_at, more)
    SELECT n, upper(lpad(to_hex(n), 6, '0')), 5, 'Water leak in room ' || mod(n, 5000),
      CASE WHEN mod(n, 10) > 0 THEN 'completed' WHEN mod(n, 30) = 0 THEN 'waiting' ELSE 'pending' END,
      CASE WHEN mod(n, 70) = 0 THEN 1 ELSE 0 END, 0, 'normal', '', '["water"]', '{}',
      'c' || mod(n, 9000) || '@people.example', 'Citizen', 'team' || mod(n / 10, %(teams)s) || '@city.example',
      CASE mod(n / 10, 3) WHEN 0 THEN '' WHEN 1 THEN 'tech@city.example' ELSE 'p' || mod(n, 300) || '@city.example' END,
      CASE WHEN mod(n, 20) = 7 THEN '|p' || mod(n, 300) || '@city.example|' ELSE '' END,
      CASE WHEN mod(n, 10) = 3 THEN '|p' || mod(n, 300) || '@city.example|' ELSE '' END, '',
      CASE WHEN mod(n, 100) = 1 THEN 'public' WHEN mod(n, 33) = 1 THEN 'private' ELSE 'team' END, false, n, 'Leaks', '',
      now() - interval '1 minute' * (%(tasks)s - n), now() - interval '1 minute' * (%(tasks)s - n) * 0.9,
      now() + interval '1 minute' * mod(n, 3000),
      CASE WHEN mod(n, 10) = 0 THEN now() + interval '1 minute' * (mod(n, 3000) + 1) END,
      CASE WHEN mod(n, 10) > 0 THEN now() - interval '1 minute' * (%(tasks)s - n) * 0.9 END,
      jsonb_build_object('round_at', to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
    FROM generate_series(1, %(tasks)s) n""",
    """
    INSERT INTO audit_event (id, task, seq, v, type, actor_kind, actor, at, data)
    SELECT n * 5 + s, n, s, 1, CASE s WHEN 1 THEN 'task.opened' WHEN 3 THEN 'task.escalated' ELSE 'task.commented' END,
      'system', '', now() - interval '1 minute' * (%(tasks)s - n) + interval '1 second' * s, '{"late_by": 1, "level": 1}'
    FROM generate_series(1, %(tasks)s) n, generate_series(1, 5) s""",
    """
    INSERT INTO audit_entry (number, event, hash)
    SELECT row_number() OVER (ORDER BY id), id, decode(md5(id::text) || md5(id::text), 'hex') FROM audit_event""",
    """
    INSERT INTO audit_seal (number, first, last, root, previous, hash, signature, key, at, horizon)
    SELECT 1, 1, count(*), '', '', '', '', '', '', max(id) - 1000 FROM audit_event""",
    """
    INSERT INTO intake_mail (id, source, mailbox, data_hash, envelope_from, envelope_to, peer, received_at, size, mode,
      outcome, reason, attempts, decided_at, task, content_key, message_id, from_address, from_name, trust, subject, text,
      has_html, attachments, warnings)
    SELECT n, 'smtp', 'team' || mod(n, %(teams)s), md5(n::text), 'c' || mod(n, 9000) || '@people.example', '[]', '',
      now() - interval '1 minute' * (%(tasks)s - n), 2000, 'work', CASE WHEN mod(n, 50) = 0 THEN 'ignored'
        WHEN mod(n, 1000) = 1 THEN 'quarantined' WHEN mod(n, 100) = 1 THEN 'observed' ELSE 'opened' END,
      '', 1, now() - interval '1 minute' * (%(tasks)s - n) + interval '200 ms', n, md5(n::text || 'c'),
      '<' || n || '@people.example>', 'c' || mod(n, 9000) || '@people.example', 'Citizen', 'none',
      'Water leak in room ' || mod(n, 5000), repeat('It leaks in room ' || mod(n, 5000) || '. Please come. ', 10), false,
      '[]', '[]'
    FROM generate_series(1, %(tasks)s) n""",
    """
    INSERT INTO intake_mailbox (name, mode, paused, state, detail, failures, waiting, noticed)
    SELECT 'team' || n, 'observe', false, 'ok', '', 0, 0, '' FROM generate_series(0, %(teams)s - 1) n""",
    """
    INSERT INTO outbox_letter (id, task, event, kind, channel, recipient, language, message_id, date, sender, subject, text,
      html, headers, attachments, state, repeat, repeated, attempts, next_attempt_at, bounce, server_reply, settled_at)
    SELECT n * 2 + k, n, n * 5 + 1, 'opened', 'email', 'p' || mod(n + k, 300) || '@city.example', 'en',
      '<' || n || '.' || k || '@city.example>', now() - interval '1 minute' * (%(tasks)s - n), '',
      'Water leak in room ' || mod(n, 5000), repeat('It leaks. Please come. ', 20), '', '{}', '[]',
      CASE WHEN mod(n, 500) = 0 THEN 'failed' ELSE 'sent' END, 'resend', false, 1, NULL, '', '250 2.0.0 Ok',
      now() - interval '1 minute' * (%(tasks)s - n) + interval '1 second'
    FROM generate_series(1, %(tasks)s) n, generate_series(0, 1) k""",
    """
    INSERT INTO search_entry (task, words)
    SELECT n, array_to_tsvector(ARRAY['water', 'leak', 'room', 'please', 'come', 'r' || mod(n, 5000), 'w' || mod(n, 97)])
    FROM generate_series(1, %(tasks)s) n""",
    "ANALYZE",
)


def run() -> list[Row]:
    """What each page costs its user, in µs: a fifth of a second."""
    from tests.servers.postgresql import Postgresql

    server = Postgresql(max_wal_size="4GB", shared_buffers="512MB", fsync="off").start()
    try:
        path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
        environ = {**os.environ, "PYTHONPATH": path, "ORGO_DATABASE": server.url("office")}
        environ["ORGO_DATABASE_MAY_LOSE_DATA"] = "true"
        command = [sys.executable, "-m", "bench.lists"]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environ).stdout
    finally:
        server.stop()
    return [
        Row(name, float(p99), most=PROMISED, worst=True)
        for name, p99 in (line.split("\t") for line in said.splitlines())
    ]


def measured(home: Path) -> Iterator[tuple[str, float]]:
    """Each page's name and its 99th percentile in µs."""
    from orgo.lib import memory

    furnish(home)
    fill()
    pages = looks()
    for _, look in pages:
        look(0)  # the first one after a start reads the page's code and its templates
    memory.settle()  # as a process does that serves them (ops/up.py)
    for name, look in pages:
        yield name, percentile([_took(look, turn) for turn in range(TURNS)])


def furnish(home: Path) -> None:
    """A house of TEAMS teams with an administrator and a technician, on the database of the environment."""
    from orgo.conf import boot, load

    (home / "config").mkdir(exist_ok=True)
    members = {1: ", tech@city.example", 2: ", tech@city.example"}
    teams = "".join(
        f"  - {{name: team{n}, address: team{n}@city.example, members: [p{n}@city.example{members.get(n, '')}]}}\n"
        for n in range(TEAMS)
    )
    users = "".join(f"  - {{address: p{n}@city.example, role: technician}}\n" for n in range(300))
    users += "  - {address: boss@city.example, role: administrator}\n  - {address: tech@city.example, role: technician}\n"
    (home / "config" / "people.yaml").write_text(f"teams:\n{teams}users:\n{users}")
    boxes = "".join(
        f"  - {{host: 127.0.0.1, tls: none, username: team{n}, password: x}}\n" for n in range(TEAMS)
    )
    (home / "config" / "config.yaml").write_text(f"web: {{metrics_token: 'file:token'}}\nmailboxes:\n{boxes}")
    (home / "config" / "token").write_text(TOKEN)
    loaded = boot.start(load(home, os.environ))
    from orgo.ops.up import prepare_database
    from orgo.people.roster import apply_roster

    prepare_database()
    apply_roster(loaded.roster)


def fill(tasks: int = TASKS) -> None:
    """Tasks with five events, a mail, two letters and a search entry each, as the server makes them up."""
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, {"tasks": tasks, "teams": TEAMS})


def looks() -> list[tuple[str, Callable[[int], Any]]]:
    """What people and machines ask for, by a name; each is given the turn's number."""
    from django.test import Client

    found: list[tuple[str, Callable[[int], Any]]] = []
    for who in ("boss", "tech", "p7", "p299"):
        client = Client()
        tasks = _tasks(_sign_in(client, f"{who}@city.example"))
        found += [
            (f"PostgreSQL, {TASKS:,} tasks: {who}, {name}", _page(client, url))
            for name, url in (*_PAGES, *(_OF_MAIL if who == "boss" else ()), ("task", tasks))
        ]
    return [*found, ("/metrics", _metrics(Client())), ("orgo status", _status)]


_PAGES: tuple[tuple[str, Callable[[int], str]], ...] = (
    *((f"list {queue}", lambda turn, queue=queue: f"/?queue={queue}") for queue in (
        "mine", "team", "unassigned", "waiting", "overdue", "all", "closed",
    )),
    ("list all, the second page", lambda turn: "/?queue=all&page=2"),
    ("search, a rare word", lambda turn: f"/?q=r{turn * 7}"),
    ("search, a word of all", lambda turn: "/?q=water"),
    ("letters", lambda turn: "/letters"),
    ("letters failed", lambda turn: "/letters?state=failed"),
    ("letters, further down", lambda turn: f"/letters?before={TASKS}"),
    ("news", lambda turn: "/news?queue=all&since=1"),
)  # fmt: skip
# For those who may see mail.
_OF_MAIL: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("mailboxes", lambda turn: "/mailboxes"),
    ("quarantine", lambda turn: "/quarantine"),
    ("ignored", lambda turn: "/ignored"),
    ("ignored, further down", lambda turn: f"/ignored?before={TASKS // 2}"),
)


def _sign_in(client: Any, address: str) -> Any:
    from orgo.people.models import User

    user = User.objects.get(address=address)
    client.force_login(user)
    return user


def _tasks(user: Any) -> Callable[[int], str]:
    """The pages of TURNS tasks that this user may see, from the first to the last."""
    from orgo.people.visibility import visible_to
    from orgo.task.models import Task

    seen = Task.objects.filter(visible_to(user)).order_by("id").values_list("reference", flat=True)
    chosen = list(seen)[:: seen.count() // TURNS]
    return lambda turn: f"/tasks/{chosen[turn]}"


def _page(client: Any, url: Callable[[int], str]) -> Callable[[int], Any]:
    def look(turn: int) -> Any:
        answer = client.get(url(turn))
        assert answer.status_code == 200, (url(turn), answer.status_code)

    return look


def _metrics(client: Any) -> Callable[[int], Any]:
    return lambda turn: client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})


def _status(turn: int) -> Any:
    from orgo.conf import boot
    from orgo.ops.status import snapshot

    return snapshot(boot.config())


def _took(look: Callable[[int], Any], turn: int) -> float:
    began = time.perf_counter()
    look(turn)
    return (time.perf_counter() - began) * 1e6


def percentile(times: list[float], share: float = 0.99) -> float:
    """The time that `share` of them do not exceed."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        for name, p99 in measured(Path(folder)):
            print(f"{name}\t{p99:.0f}", flush=True)
