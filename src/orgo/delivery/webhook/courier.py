"""Delivery to webhooks: signed, to checked addresses only, tried again until the other side says that it has it."""

from collections.abc import Callable, Mapping

import msgspec

from orgo.delivery.http import Client, Refused, Resolver, Unreachable, resolve
from orgo.delivery.ports import DeliveryError, Parcel, TakenOver
from orgo.delivery.webhook.body import Form, body_of, signature
from orgo.lib import clock
from orgo.lib.crash import crashpoint

PREFIX = "webhook:"
_LATER = (408, 425, 429)


class Hook(msgspec.Struct, frozen=True):
    """Where a webhook's letters go. The URL of a chat's hook is a secret itself."""

    url: str
    secret: str | None = None
    form: Form = "orgo"
    internal: bool = False
    ca_file: str | None = None

    def __repr__(self) -> str:
        return f"Hook(form={self.form})"


class WebhookCourier:
    """A courier to the webhooks of the configuration; a parcel's recipient is "webhook:" and a name."""

    def __init__(self, hooks: Mapping[str, Hook], resolver: Resolver = resolve) -> None:
        self._hooks = dict(hooks)
        self._resolver = resolver

    def deliver(self, parcel: Parcel, before_dot: Callable[[], bool]) -> str:
        """Deliver one letter; see delivery/ports.py.

        An answer that does not come is asked for again: the letter's id is in Orgo-Delivery and in the body, so that
        the other side knows a second copy.
        """
        hook = self._hooks.get(parcel.recipient.removeprefix(PREFIX))
        if hook is None:
            raise DeliveryError(f"no {parcel.recipient} in the configuration", permanent=True)
        if not before_dot():
            raise TakenOver
        return self._post(hook, parcel)

    def close(self) -> None:
        """Nothing is kept open."""

    def _post(self, hook: Hook, parcel: Parcel) -> str:
        client = Client(hook.url, internal=hook.internal, ca_file=hook.ca_file, resolver=self._resolver)
        body = body_of(parcel, hook.form)
        crashpoint("H7w.before_post")
        try:
            answer = client.post(body, _headers(hook, parcel, body))
        except Refused as error:
            raise DeliveryError(str(error), permanent=True) from error
        except Unreachable as error:
            raise DeliveryError(str(error), permanent=False) from error
        crashpoint("H7w.after_post")
        said = f"{answer.status} {answer.words}".strip()
        if 200 <= answer.status < 300:
            return said
        raise DeliveryError(said, permanent=answer.status < 500 and answer.status not in _LATER)


def _headers(hook: Hook, parcel: Parcel, body: bytes) -> dict[str, str]:
    timestamp = int(clock.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Orgo",
        "Orgo-Delivery": parcel.message_id.strip("<>"),
        "Orgo-Timestamp": str(timestamp),
    }
    if hook.secret:
        headers["Orgo-Signature"] = signature(hook.secret, timestamp, body)
    return headers
