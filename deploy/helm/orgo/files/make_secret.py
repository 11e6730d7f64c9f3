"""Makes the Secret of this release where there is none: passwords by Python's `secrets`, kept in the cluster alone.

It runs once in a Job, with a service account that may make Secrets and read this one. One that is there is left as it is.
"""

import base64
import json
import os
import secrets
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

ACCOUNT = Path(os.environ.get("ACCOUNT", "/var/run/secrets/kubernetes.io/serviceaccount"))
SERVER = os.environ.get("SERVER", "https://kubernetes.default.svc")
NAME, RELEASE = os.environ["SECRET_NAME"], os.environ["RELEASE"]


def main() -> int:
    """Returns the exit code: 0 where the Secret is there at the end."""
    namespace = (ACCOUNT / "namespace").read_text().strip()
    place = f"{SERVER}/api/v1/namespaces/{namespace}/secrets"
    if call(f"{place}/{NAME}") == 200:
        print(f"{NAME} is there already and stays as it is")
        return 0
    code = call(place, json.dumps(secret(namespace)).encode())
    if code not in (201, 409):  # 409: another one made it just now
        print(f"{NAME} could not be made: the API answers {code}", file=sys.stderr)
        return 1
    print(f"{NAME} is made")
    return 0


def secret(namespace: str) -> dict[str, object]:
    """The Secret with new words in it: letters and digits, so that they can stand in an address.

    The database's name is good in other namespaces too: KEDA asks it from its own.
    """
    database, redis, rabbitmq = (secrets.token_hex(24) for _ in range(3))
    values = {
        "web-secret-key": secrets.token_hex(48),
        "database-password": database,
        "database-url": f"postgresql://orgo:{database}@{RELEASE}-postgresql.{namespace}.svc/orgo",
        "redis-password": redis,
        "redis-url": f"redis://:{redis}@{RELEASE}-redis:6379/0",
        "rabbitmq-password": rabbitmq,
        "rabbitmq-cookie": secrets.token_hex(24),
        "rabbitmq-url": f"amqp://orgo:{rabbitmq}@{RELEASE}-rabbitmq:5672//",
    }
    coded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": NAME}, "type": "Opaque", "data": coded}


def call(address: str, body: bytes | None = None) -> int:
    """The API's answer as its number."""
    token = (ACCOUNT / "token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(address, data=body, headers=headers)
    trust = (
        ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt")) if address.startswith("https:") else None
    )
    try:
        with urllib.request.urlopen(request, timeout=20, context=trust) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


if __name__ == "__main__":
    sys.exit(main())
