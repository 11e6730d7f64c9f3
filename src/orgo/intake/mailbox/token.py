"""Access tokens for XOAUTH2 (Microsoft 365, Google): asked for at the token endpoint, kept in memory until they expire.

By refresh token (RFC 6749 section 6, see consent.py) where one is configured, else in the application's own name (section 4.4).
"""

import json
import ssl
import threading
from datetime import datetime, timedelta
from typing import Any

import urllib3

from orgo.conf.config import Mailbox
from orgo.intake.mailbox import consent
from orgo.intake.mailbox.ports import AuthFailed, Certificate, Malformed, Unreachable
from orgo.lib import clock
from orgo.lib.text import clean_header, clip

TIMEOUT = 30.0
_EARLY = timedelta(seconds=60)
_USUAL_LIFE = 300
_MOST = 65_536
_tokens: dict[tuple[str, str, str], tuple[str, datetime]] = {}
_lock = threading.Lock()


def access_token(account: Mailbox) -> str:
    """A token that is good for a minute at least. Raises AuthFailed, Unreachable, Certificate or Malformed."""
    key = _key(account)
    with _lock:
        token, until = _tokens.get(key, ("", clock.now()))
    if token and clock.now() < until:
        return token
    token, until = _asked(account)
    with _lock:
        _tokens[key] = (token, until)
    return token


def forget(account: Mailbox) -> None:
    """The server did not take the token: ask for a new one next time."""
    with _lock:
        _tokens.pop(_key(account), None)


def _key(account: Mailbox) -> tuple[str, str, str]:
    return account.name, account.token_url or "", account.client_id or ""


def _asked(account: Mailbox) -> tuple[str, datetime]:
    refresh = consent.newest(account)
    answer = _post(account, refresh)
    found = _json(answer)
    if answer.status >= 500 or answer.status == 429:
        raise Unreachable(f"{account.token_url} answers {answer.status}")
    token = found.get("access_token")
    if answer.status != 200 or not isinstance(token, str) or not token:
        said = f"{found.get('error', answer.status)}: {found.get('error_description', '')}"
        if refresh and found.get("error") == "invalid_grant":
            consent.forget(account)
        raise AuthFailed(f"{account.token_url} gives no token: {clip(clean_header(said), 200)}")
    given = found.get("refresh_token")
    if refresh and isinstance(given, str) and given:
        consent.keep(account, given)
    life = found.get("expires_in", _USUAL_LIFE)
    seconds = int(life) if str(life).isdigit() else _USUAL_LIFE
    return token, clock.now() + max(timedelta(0), timedelta(seconds=min(seconds, 86_400)) - _EARLY)


def _post(account: Mailbox, refresh: str | None) -> urllib3.BaseHTTPResponse:
    assert account.token_url is not None
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(TIMEOUT), retries=False, ssl_context=_certificates(account)
    )
    try:
        return pool.request(
            "POST", account.token_url, fields=_form(account, refresh), encode_multipart=False, redirect=False
        )
    except urllib3.exceptions.SSLError as error:
        raise Certificate(f"the certificate of {account.token_url} is not believed: {error}") from None
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"{account.token_url} can't be reached: {type(error).__name__}") from None
    finally:
        pool.clear()


def _certificates(account: Mailbox) -> ssl.SSLContext:
    """The system's authorities, and those of `ca_file`: the mail server's may be internal, or the token endpoint's."""
    believed = ssl.create_default_context()
    try:
        if account.ca_file is not None:
            believed.load_verify_locations(account.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Certificate(f"ca_file {account.ca_file} can't be read: {error}") from error
    return believed


def _form(account: Mailbox, refresh: str | None) -> dict[str, str]:
    form = {"grant_type": "client_credentials", "client_id": account.client_id or ""}
    if account.client_secret:
        form["client_secret"] = account.client_secret.get_secret_value()
    if refresh:
        form |= {"grant_type": "refresh_token", "refresh_token": refresh}
    return form | ({"scope": account.scope} if account.scope else {})


def _json(answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    try:
        found = json.loads(answer.data[:_MOST])
    except ValueError:
        found = None
    if not isinstance(found, dict):
        if answer.status == 200:
            raise Malformed("the token endpoint did not answer with JSON")
        return {}
    return found
