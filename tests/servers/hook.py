"""A webhook's other side: a real HTTP server on loopback that keeps what it is sent and answers as it is told."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple


class Call(NamedTuple):
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Hook:
    """`answers` are the statuses of the next calls, in order; 200 when none is left. `extra` are headers of each answer."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.calls: list[Call] = []
        self.answers: list[int] = []
        self.extra: dict[str, str] = {}
        self.words = b"ok"
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.calls.append(Call(self.path, dict(self.headers.items()), body))
                self.send_response(hook.answers.pop(0) if hook.answers else 200)
                for name, value in hook.extra.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(hook.words)))
                self.end_headers()
                self.wfile.write(hook.words)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.scheme = "https" if certificate else "http"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, host: str = "127.0.0.1", path: str = "/in") -> str:
        """The server's address under a name."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
