"""Backups in a folder of another machine, by SFTP: its key is known beforehand, and what was cut off goes on where it was."""

import base64
import io
import posixpath
import socket
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import paramiko

from orgo.backup.stores import BLOBS, Body, Stored, time_of
from orgo.conf.backup import Backup
from orgo.conf.s3 import Away
from orgo.lib.crash import crashpoint

_PORT = 22
_SECONDS = 20.0
_PIECE = 1 << 20
# So much is asked for at once, and held: with three round trips to each, 70 Mbit/s over a line of 300 ms.
_WINDOW = 8 << 20
# The end of what arrived may not be whole where the connection was cut: that much is sent again.
_AGAIN = 1 << 20
_KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class Elsewhere:
    """A folder that is there already. The connection is made when it is needed, and ends with this object."""

    def __init__(self, backup: Backup) -> None:
        assert backup.sftp is not None  # conf/checks.py has made sure of it
        place = urlsplit(backup.to)
        self.words, self._settings = backup.to, backup.sftp
        self._user, self._host, self._port = place.username or "", place.hostname or "", place.port or _PORT
        self._path = place.path.removeprefix("/~/") if place.path.startswith("/~/") else place.path

    def all(self) -> list[Stored]:
        with self._asking():
            found = self._sftp.listdir_attr(self._path)
        stored = [
            Stored(one.filename, at, one.st_size or 0) for one in found if (at := time_of(one.filename))
        ]
        return sorted(stored, key=lambda one: one.at)

    def put(self, file: Path, folder: str = "") -> None:
        """By way of a `.part`, which goes on where it was cut off; a blob, sealed anew each time, begins anew."""
        place = posixpath.join(self._path, folder, file.name)
        with self._asking():
            if folder:
                with suppress(OSError):  # it is there already
                    self._sftp.mkdir(posixpath.join(self._path, folder))
                with suppress(FileNotFoundError):
                    self._sftp.remove(f"{place}.part")
            self._send(file, f"{place}.part")
            crashpoint("H13.before_rename")
            self._sftp.posix_rename(f"{place}.part", place)

    def _send(self, file: Path, part: str) -> None:
        there = 0
        with suppress(FileNotFoundError):
            there = max(0, (self._sftp.stat(part).st_size or 0) - _AGAIN)
        with file.open("rb") as source, self._sftp.open(part, "r+b" if there else "wb") as target:
            target.set_pipelined(True)
            source.seek(there)
            target.seek(there)
            while data := source.read(_PIECE):
                target.write(data)
                crashpoint("H13.sending")
        size = file.stat().st_size
        arrived = self._sftp.stat(part).st_size
        if arrived != size:
            self._sftp.remove(part)
            raise Away(f"{self.words}: {arrived} bytes arrived of {size}")

    def open(self, name: str) -> BinaryIO:
        with self._asking(name):
            found = Ahead(self._sftp, posixpath.join(self._path, name))
        return cast(BinaryIO, Body(found, self._asking))

    def blobs(self) -> set[str]:
        with self._asking():
            names = self._sftp.listdir(self._path)
            found = self._sftp.listdir(posixpath.join(self._path, BLOBS)) if BLOBS in names else []
        return {name for name in found if "." not in name}

    def keep_blobs(self, names: Iterable[str]) -> None:
        """Nothing removes them but `prune`."""

    def remove(self, name: str) -> None:
        with self._asking(), suppress(FileNotFoundError):
            self._sftp.remove(posixpath.join(self._path, name))

    @cached_property
    def _sftp(self) -> paramiko.SFTPClient:
        kind, _, key = self._settings.host_key.partition(" ")
        identity, password = self._settings.identity, self._settings.password
        connection = socket.create_connection((self._host, self._port), timeout=_SECONDS)
        transport = paramiko.Transport(connection)
        weakref.finalize(self, _end, transport, connection)
        transport.banner_timeout = transport.auth_timeout = _SECONDS
        transport.connect(
            hostkey=paramiko.PKey.from_type_string(kind, base64.b64decode(key)),
            username=self._user,
            password=password.get_secret_value() if password else None,
            pkey=_private(identity.get_secret_value()) if identity else None,
        )
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        client.get_channel().settimeout(3 * _SECONDS)
        return client

    @contextmanager
    def _asking(self, name: str = "") -> Iterator[None]:
        """What the client raises becomes Away; FileNotFoundError where `name` is not there."""
        try:
            yield
        except FileNotFoundError as error:
            if name:
                raise
            raise Away(f"{self.words}: there is no such folder") from error
        except paramiko.AuthenticationException as error:
            raise Away(f"{self.words}: the machine does not let {self._user} in") from error
        except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
            raise Away(f"{self.words}: {error or type(error).__name__}") from error


class Ahead:
    """Reads a file from afar by windows, each asked for at once: one request at a time would wait for the line, and
    paramiko's own prefetch holds all of the file. A window is read by a handle of its own: where answers come faster
    than it asks, paramiko asks for a piece twice and holds the second answer as long as the handle.

    Raises FileNotFoundError where there is no such file.
    """

    def __init__(self, client: paramiko.SFTPClient, place: str) -> None:
        self._client, self._place = client, place
        self._at, self._size = 0, client.stat(place).st_size or 0
        self._window = io.BytesIO()

    def read(self, size: int | None = None) -> bytes:
        """At most `size` bytes, at least one; none at the end."""
        data = self._window.read(size)
        if data or self._at == self._size:
            return data
        length = min(self._size - self._at, _WINDOW)
        try:
            with self._client.open(self._place, "rb") as file:
                (found,) = file.readv([(self._at, length)])
        except FileNotFoundError as error:
            raise EOFError("it was removed while it was read") from error
        if len(found) != length:
            raise EOFError(f"it ended {self._size - self._at - len(found)} bytes too early")
        self._at += length
        self._window = io.BytesIO(found)
        return self._window.read(size)

    def close(self) -> None:
        """Nothing is open between two windows."""
        self._window = io.BytesIO()


def _end(transport: paramiko.Transport, connection: socket.socket) -> None:
    transport.close()
    connection.close()


def _private(text: str) -> paramiko.PKey:
    """A private key in OpenSSH's form, of whichever kind. Raises SSHException; the key is never said."""
    for kind in _KEYS:
        with suppress(paramiko.SSHException, ValueError):
            return kind.from_private_key(io.StringIO(text + "\n"))
    raise paramiko.SSHException(
        "sftp.identity is no private key that can be read (is it under a passphrase?)"
    )
