"""An S3 store that answers nothing, or not to the end, is away; what is raised says so and nothing else."""

import pytest

from orgo.conf.s3 import Away, Client, Patience, S3Store
from tests.servers.scripted import Script, Scripted, hears

HALF = (hears("GET"), hears("\r"), b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")


def client(server: Scripted) -> Client:
    keys = {"endpoint": f"http://127.0.0.1:{server.port}", "access_key": "a", "secret_key": "b"}
    return Client("s3://bucket/orgo", S3Store.model_validate(keys), Patience(connect=5, read=0.2, attempts=1))


@pytest.mark.parametrize("script", [("close",), ("silence",), (*HALF, "close"), (*HALF, "silence")])
def test_a_store_that_accepts_and_then_fails_is_away(script: Script) -> None:
    with Scripted(script) as server:
        store = client(server)
        with pytest.raises(Away, match="s3://bucket/orgo"), store.asking("name"):
            store.calls.get_object(**store.key("name"))["Body"].read()
        assert len(server.heard) == 1
