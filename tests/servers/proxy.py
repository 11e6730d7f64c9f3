"""A TCP proxy that breaks what it carries: cut after so many bytes, stalled, half closed, a byte at a time."""

import socket
import threading
from types import TracebackType
from typing import Literal, Self

Fault = Literal["cut", "stall", "half-close", "trickle", "none"]


class Proxy:
    """Carries connections to `port` on loopback until `after` bytes have gone to the `to` side (all connections together).

    Then it does what `fault` says: "cut" ends both directions and lets nobody in again, "stall" carries nothing more, "half-close" ends the one
    direction only. `pull` takes the network away until `plug`: what is open ends, and nobody is let in. `freeze` lets what is open carry nothing more and tells nobody, as a firewall does
    that forgot it. "trickle" sends every byte by itself from the beginning, "none" only counts. `carried` counts bytes.
    """

    def __init__(
        self, port: int, fault: Fault = "none", after: int = 0, to: Literal["client", "server"] = "client"
    ) -> None:
        self.target, self.fault, self.after, self.to = port, fault, after, to
        self.carried = 0
        self.broken = threading.Event()
        self._pulled = threading.Event()
        self._open: list[socket.socket] = []
        self._frozen: list[socket.socket] = []
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._drop()

    def pull(self) -> None:
        """The network is gone."""
        self._pulled.set()
        self._drop()

    def freeze(self) -> None:
        """What is open now is forgotten; new connections are carried."""
        self._frozen = list(self._open)

    def plug(self) -> None:
        """It is back."""
        self._pulled.clear()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
                if self._pulled.is_set() or (self.fault == "cut" and self.broken.is_set()):
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
            except OSError:
                return
            for way in (client, server):
                way.settimeout(None)
                way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open += [client, server]
            threading.Thread(
                target=self._carry, args=(client, server, self.to == "server"), daemon=True
            ).start()
            threading.Thread(
                target=self._carry, args=(server, client, self.to == "client"), daemon=True
            ).start()

    def _carry(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        try:
            while data := source.recv(65_536):
                if target in self._frozen:
                    continue
                if self._send(target, data) if counted else self._pass(target, data):
                    continue
                return
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _pass(self, target: socket.socket, data: bytes) -> bool:
        """The other direction: as it is, until something broke."""
        if self.broken.is_set() and self.fault != "half-close":
            return False
        target.sendall(data)
        return True

    def _send(self, target: socket.socket, data: bytes) -> bool:
        """The counted direction: as far as it goes."""
        with self._lock:
            room = len(data) if self.fault in ("none", "trickle") else max(0, self.after - self.carried)
            whole = len(data) <= room
            data = data[:room]
            self.carried += len(data)
        for piece in [data[n : n + 1] for n in range(len(data))] if self.fault == "trickle" else [data]:
            target.sendall(piece)
        if whole:
            return True
        self.broken.set()
        if self.fault == "cut":
            self._drop()
        elif self.fault == "half-close":
            target.shutdown(socket.SHUT_WR)
        return False

    def _drop(self) -> None:
        for way in self._open:
            try:
                way.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
            finally:
                way.close()
