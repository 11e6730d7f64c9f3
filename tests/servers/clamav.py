"""A clamd of the tests' own, with one signature: EICAR's test file. Debian's package has none, and fetching them takes a network."""

import shutil
import subprocess
import tempfile
import threading
from hashlib import md5
from pathlib import Path

from orgo.intake.scanner import Clamd, ScannerDown

# The file that every scanner calls malware (eicar.org); in two halves, so that none takes this one for it.
EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()
CONFIG = """
LocalSocket {folder}/clamd.ctl
DatabaseDirectory {folder}/signatures
PidFile {folder}/clamd.pid
LogFile {folder}/log
StreamMaxLength 3M
Foreground yes
"""


class Clamav:
    """A scanner that lives until `stop`; `scanner` asks it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="orgo-clamav-"))
        (self.folder / "signatures").mkdir()
        digest = md5(EICAR, usedforsecurity=False).hexdigest()
        (self.folder / "signatures" / "own.hdb").write_text(f"{digest}:{len(EICAR)}:Eicar-Test\n")
        (self.folder / "clamd.conf").write_text(CONFIG.format(folder=self.folder))
        self.folder.chmod(0o755)
        self.scanner = Clamd(self.folder / "clamd.ctl", timeout=10.0)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Clamav":
        """Start it; returns when it answers."""
        command = ["clamd", "--config-file", str(self.folder / "clamd.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                self.scanner.answers()
                return self
            except ScannerDown:
                if self._process.poll() is not None:
                    break
                threading.Event().wait(0.1)
        raise RuntimeError(f"clamd does not answer: {(self.folder / 'log').read_text()}")

    def halt(self) -> None:
        """End it, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it and take its folder away."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)
