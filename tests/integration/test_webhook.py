"""The way out by HTTP against real servers: what is signed, what is tried again, and what is never called."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orgo.delivery import http
from orgo.delivery.ports import DeliveryError, Parcel
from orgo.delivery.webhook.body import signature
from orgo.delivery.webhook.courier import Hook, WebhookCourier
from tests.servers import hook as servers
from tests.servers.dovecot import make_certificate

PARCEL = Parcel(
    recipient="webhook:ops",
    envelope_from="",
    message_id="<7qk3md.5@city.example>",
    date=datetime(2026, 9, 7, 8, tzinfo=UTC),
    subject="Level 1",
    text="Nobody has finished this.\n",
    html="",
    headers={"reference": "7QK3MD"},
)


@pytest.fixture
def server() -> Iterator[servers.Hook]:
    """A webhook's other side, in clear on loopback."""
    made = servers.Hook()
    yield made
    made.stop()


def post(hook: Hook, resolver: http.Resolver = http.resolve) -> str:
    return WebhookCourier({"ops": hook}, resolver).deliver(PARCEL, lambda: True)


def refused(hook: Hook, resolver: http.Resolver = http.resolve) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        post(hook, resolver)
    return caught.value


def test_what_arrives_is_signed_and_has_the_letter_s_id(server: servers.Hook) -> None:
    """The other side can prove who sent it, when, and whether it had it before."""
    reply = post(Hook(server.url(path="/in?to=ops"), secret="s3cret", internal=True))
    (call,) = server.calls
    assert reply == "200 ok"
    assert call.path == "/in?to=ops"
    expected = signature("s3cret", int(call.headers["Orgo-Timestamp"]), call.body)
    assert call.headers["Orgo-Signature"] == expected
    assert call.headers["Orgo-Delivery"] == json.loads(call.body)["id"] == "7qk3md.5@city.example"


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301, 302, 307])
def test_a_refusal_is_for_good(server: servers.Hook, status: int) -> None:
    """4xx and redirects are not tried again: a person has to change something."""
    server.answers = [status]
    assert refused(Hook(server.url(), internal=True)).permanent


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_trouble_is_tried_again(server: servers.Hook, status: int) -> None:
    """5xx, 408 and 429 may be over soon."""
    server.answers = [status]
    assert not refused(Hook(server.url(), internal=True)).permanent


def test_no_redirect_is_followed(server: servers.Hook) -> None:
    """A hook of the outside can't send Orgo on to somewhere inside."""
    canary = servers.Hook()
    server.answers, server.extra = [307], {"Location": canary.url()}
    refused(Hook(server.url(), internal=True))
    canary.stop()
    assert canary.calls == []


def test_no_proxy_of_the_environment_is_used(server: servers.Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shell that started Orgo had set does not see the letters."""
    proxy = servers.Hook()
    monkeypatch.setenv("http_proxy", proxy.url(path=""))
    monkeypatch.setenv("HTTP_PROXY", proxy.url(path=""))
    post(Hook(server.url(), internal=True))
    proxy.stop()
    assert (len(server.calls), proxy.calls) == (1, [])


INSIDE = [
    "127.0.0.1", "localhost", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "127.1", "[::1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "0.0.0.0", "[::]", "169.254.169.254", "[fe80::1]", "10.0.0.1", "192.168.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_inside_is_called(server: servers.Hook, host: str, scheme: str) -> None:
    """However an address is written, one of our own network is refused before a byte is sent."""
    error = refused(Hook(f"{scheme}://{host}:{server.port}/in"))
    assert error.permanent or "not known" in error.reason
    assert server.calls == []


def test_a_name_is_looked_up_once(server: servers.Hook) -> None:
    """The connection goes to the address that was judged: what the name answers a second time changes nothing."""
    answers = [["127.0.0.1"], ["203.0.113.9"]]

    def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    assert post(Hook(server.url("hook.example"), internal=True), rebinding) == "200 ok"
    assert answers == [["203.0.113.9"]]


def test_one_address_inside_is_enough_to_refuse(server: servers.Hook) -> None:
    """A name with an address outside and one inside is refused whole."""
    error = refused(Hook(f"https://hook.example:{server.port}/in"), lambda *_: ["93.184.216.34", "127.0.0.1"])
    assert error.permanent
    assert server.calls == []


def test_https_only_but_on_this_machine() -> None:
    """A letter never goes over a wire in clear, in our own network neither."""
    error = refused(Hook("http://hook.example/in", internal=True), lambda *_: ["10.1.2.3"])
    assert error.permanent
    assert "https" in error.reason


def test_the_certificate_is_checked_for_the_name(tmp_path: Path) -> None:
    """The connection goes to an address, but the certificate must be the name's, from an authority that is known."""
    both = tmp_path / "both.pem"
    make_certificate(tmp_path / "cert.pem", tmp_path / "key.pem", "hook.example")
    both.write_bytes((tmp_path / "cert.pem").read_bytes() + (tmp_path / "key.pem").read_bytes())
    server = servers.Hook(both)
    known = str(tmp_path / "cert.pem")
    here = lambda *_: ["127.0.0.1"]  # noqa: E731 - a resolver of one line
    try:
        right = Hook(server.url("hook.example"), internal=True, ca_file=known)
        assert post(right, here) == "200 ok"
        assert server.calls[0].headers["Host"] == f"hook.example:{server.port}"
        other_name = Hook(server.url("other.example"), internal=True, ca_file=known)
        unknown_authority = Hook(server.url("hook.example"), internal=True)
        for hook in (other_name, unknown_authority):
            error = refused(hook, here)
            assert not error.permanent
            assert "certificate" in error.reason.lower()
        assert len(server.calls) == 1
    finally:
        server.stop()


def test_a_server_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte now and then is never late for a read's time-out; the whole talk has an end all the same."""
    monkeypatch.setattr(http, "LONGEST_TALK", 0.5)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_drip, args=(listener, stop), daemon=True).start()
        error = refused(Hook(f"http://127.0.0.1:{listener.getsockname()[1]}/", internal=True))
        stop.set()
    assert not error.permanent


def _drip(listener: socket.socket, stop: threading.Event) -> None:
    talk, _ = listener.accept()
    with talk:
        while not stop.wait(0.05):
            try:
                talk.sendall(b"H")
            except OSError:
                return


def test_no_more_is_read_of_an_answer_than_is_shown(server: servers.Hook) -> None:
    """An answer of megabytes costs nothing."""
    server.words = b"x" * 5_000_000
    assert len(post(Hook(server.url(), internal=True))) < 400


def test_a_letter_that_another_sender_has_is_not_sent(server: servers.Hook) -> None:
    """The fence of the outbox holds here too."""
    courier = WebhookCourier({"ops": Hook(server.url(), internal=True)})
    with pytest.raises(DeliveryError):
        courier.deliver(PARCEL, lambda: False)
    assert server.calls == []
