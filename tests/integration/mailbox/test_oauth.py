"""XOAUTH2 against a real Dovecot and a token endpoint of our own: tokens are asked for, kept, renewed, never shown."""

import http.server
import json
import ssl
import threading
import urllib.parse

import pytest

from orgo.intake.mailbox import token
from orgo.intake.mailbox.ports import AuthFailed, Malformed, Unreachable
from tests.integration.mailbox.conftest import leak
from tests.servers.dovecot import Dovecot

pytestmark = pytest.mark.needs("dovecot")
SETTINGS = """
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {file}
}}
"""


class Authority:
    """A token endpoint, and the place where Dovecot asks whether a token is good."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[dict[str, str]] = []
        self.good: dict[str, str] = {}
        self.user = ""
        self.answer: tuple[int, object] | None = None
        # The refresh token that is good for the next use, where each use gives a new one.
        self.consent: str | None = None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = outer.reply(self.path, dict(urllib.parse.parse_qsl(body)))
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reply(self, path: str, form: dict[str, str]) -> tuple[int, object]:
        if path == "/introspect":
            user = self.good.get(form.get("token", ""))
            return 200, {"active": user is not None, "username": user or ""}
        self.asked.append(form)
        if self.answer is not None:
            return self.answer
        if self.consent is not None and form.get("refresh_token") != self.consent:
            return 400, {"error": "invalid_grant", "error_description": "it was used before"}
        access = f"token-{len(self.asked)}"
        self.good[access] = self.user
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 3600}
        if self.consent is not None:
            self.consent = answer["refresh_token"] = f"consent-{len(self.asked)}"
        return 200, answer

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def authority():
    made = Authority()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(authority, tmp_path_factory):
    """A Dovecot that asks the authority about tokens."""
    file = tmp_path_factory.mktemp("oauth") / "oauth2.conf.ext"
    file.write_text(
        f"introspection_url = {authority.url}/introspect\nintrospection_mode = post\n"
        "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
    )
    file.chmod(0o644)
    made = Dovecot(SETTINGS.format(file=file))
    yield made
    made.stop()


@pytest.fixture
def there(office, server, authority):
    """A live mailbox that is signed in to with tokens."""
    from tests.integration.mailbox.conftest import Box

    authority.asked.clear()
    authority.good.clear()
    authority.answer = authority.consent = None
    keys = {
        "auth": "xoauth2",
        "token_url": f"{authority.url}/token",
        "client_id": "orgo",
        "client_secret": "s3cret",
    }
    made = Box(office, server, **keys).live()
    authority.user = made.user
    return made


def test_a_token_in_the_applications_own_name_opens_the_mailbox_and_is_kept(there, authority):
    there.account = there.account.model_copy(update={"scope": "https://outlook.example/.default"})
    there.put(leak(1))
    assert there.fetch() == 1
    assert there.fetch() == 0
    assert authority.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "orgo",
            "client_secret": "s3cret",
            "scope": "https://outlook.example/.default",
        }
    ]


def test_a_refresh_token_is_used_where_there_is_one(there, authority):
    from pydantic import SecretStr

    there.account = there.account.model_copy(
        update={"refresh_token": SecretStr("r3fresh"), "client_secret": None}
    )
    there.fetch()
    assert authority.asked == [
        {"grant_type": "refresh_token", "client_id": "orgo", "refresh_token": "r3fresh"}
    ]


@pytest.fixture
def rotating(there, authority):
    """The authority gives a new refresh token with each use, and takes only the newest."""
    from pydantic import SecretStr

    there.account = there.account.model_copy(update={"refresh_token": SecretStr("r3fresh")})
    authority.consent = "r3fresh"
    return there


def _expire(there):
    there.office.clock.advance(hours=2)


def _kept(there):
    return list((there.office.config.var / "secrets").glob("*.refresh"))


def test_a_new_refresh_token_is_kept_and_used_by_the_next_process_too(rotating, authority):
    for _ in range(3):
        rotating.fetch()
        _expire(rotating)
        token._tokens.clear()  # as a new process begins
    assert [form["refresh_token"] for form in authority.asked] == ["r3fresh", "consent-1", "consent-2"]
    (file,) = _kept(rotating)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_consent_that_is_configured_anew_counts_again(rotating, authority):
    from pydantic import SecretStr

    rotating.fetch()
    _expire(rotating)
    rotating.account = rotating.account.model_copy(update={"refresh_token": SecretStr("again")})
    authority.consent = "again"
    rotating.fetch()
    assert authority.asked[-1]["refresh_token"] == "again"


def test_a_kept_consent_that_is_refused_is_given_up_for_the_configured_one(rotating, authority):
    rotating.fetch()
    _expire(rotating)
    authority.consent = "r3fresh"
    with pytest.raises(AuthFailed, match="used before"):
        rotating.fetch()
    rotating.fetch()
    assert authority.asked[-1]["refresh_token"] == "r3fresh"


def test_an_application_that_is_refused_does_not_cost_the_consent(rotating, authority):
    """An expired secret is mended in the configuration; the refresh token is as good as before."""
    rotating.fetch()
    _expire(rotating)
    authority.answer = 401, {"error": "invalid_client", "error_description": "its secret has expired"}
    with pytest.raises(AuthFailed):
        rotating.fetch()
    authority.answer = None
    rotating.fetch()
    assert authority.asked[-1]["refresh_token"] == "consent-1"


def test_a_file_that_can_not_be_read_is_no_consent(rotating, authority):
    rotating.fetch()
    _expire(rotating)
    (file,) = _kept(rotating)
    file.write_text("half of")
    authority.consent = "r3fresh"
    rotating.fetch()
    assert rotating.row().state == "ok"


def test_the_token_endpoint_of_an_internal_authority_is_believed_by_ca_file(there, authority, tmp_path):
    from orgo.intake.mailbox.ports import Certificate
    from tests.servers.dovecot import make_certificate

    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make_certificate(certificate, key, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    inner = Authority(context)
    inner.user = there.user
    there.account = there.account.model_copy(update={"token_url": f"https://localhost:{inner.port}/token"})
    with pytest.raises(Certificate):
        token.access_token(there.account)
    there.account = there.account.model_copy(update={"ca_file": certificate})
    assert token.access_token(there.account) == "token-1"
    inner.close()


def test_a_token_is_renewed_before_it_expires(there, authority, office):
    there.fetch()
    office.clock.advance(minutes=58)
    there.fetch()
    assert len(authority.asked) == 1
    office.clock.advance(minutes=1)
    there.fetch()
    assert len(authority.asked) == 2


def test_a_token_that_the_mail_server_does_not_take_is_asked_for_anew(there, authority):
    there.fetch()
    authority.good.clear()
    with pytest.raises(AuthFailed) as found:
        there.fetch()
    assert "token-1" not in str(found.value)
    there.fetch()
    assert len(authority.asked) == 2
    assert there.row().state == "ok"


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        (
            (400, {"error": "invalid_client", "error_description": "AADSTS7000215: expired\r\nsecret"}),
            AuthFailed,
            "AADSTS7000215",
        ),
        ((401, b"<html>no</html>"), AuthFailed, "401"),
        ((200, b"<html>a proxy's page</html>"), Malformed, "JSON"),
        ((200, {"token_type": "Bearer"}), AuthFailed, "no token"),
        ((503, b""), Unreachable, "503"),
        ((302, b""), AuthFailed, "302"),
    ],
)
def test_what_the_token_endpoint_says_is_told_without_the_secret(there, authority, answer, kind, word):
    authority.answer = answer
    with pytest.raises(kind) as found:
        there.fetch()
    assert word in str(found.value)
    assert "s3cret" not in str(found.value)
    assert there.row().state == kind.state


def test_an_endpoint_that_is_not_there_is_unreachable(there):
    there.account = there.account.model_copy(update={"token_url": "http://127.0.0.1:1/token"})
    with pytest.raises(Unreachable):
        token.access_token(there.account)
