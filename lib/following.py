"""Which champion answers: the one that promotion or rollback has made, within a second, without a restart."""

import json
import logging
import threading
from pathlib import Path

from lib import answers, champion
from lib.answers import Answerer
from lib.desk import Desk
from lib.errors import CuadernoError

PAUSE_SECONDS = 0.3
_logger = logging.getLogger(__name__)


class Follower(threading.Thread):
    """Watches the champion's pointer, and loads the new champion beside the one that answers.

    Parameters
    ----------
    store : str or Path
    answerer : Answerer
        The champion at the start.
    key : str
        As `Desk` takes it.
    """

    def __init__(self, store: str | Path, answerer: Answerer, key: str = ""):
        super().__init__(name="follower", daemon=True)
        self.store, self.key = Path(store), key
        self.model_name = answerer.champion.model_name
        self.desk = Desk(answerer, key)
        self.changes = 0
        self._pointer = champion.pointer(store, self.model_name)
        self._seen: tuple | None = None
        self._refused = ""
        self._stopped = threading.Event()

    def run(self) -> None:
        """Watch until stopped."""
        while not self._stopped.wait(PAUSE_SECONDS):
            self.look()

    def look(self) -> None:
        """Take the new champion if there is one; whatever is wrong with it, the one that answers goes on."""
        stamp = self._stamp()
        if stamp == self._seen or stamp is None:
            return
        try:
            if self._is_in_use():
                self._seen = stamp
                return
            found = answers.in_use(self.store, self.model_name)
        except (CuadernoError, OSError, ValueError) as error:
            if str(error) != self._refused:
                _logger.error("The new champion is not used, version %s goes on: %s", self.version, error)
            self._refused = str(error)
            return
        self._seen, self._refused = stamp, ""
        _logger.warning("Version %s answers instead of version %s.", found.champion.version, self.version)
        self.desk = Desk(found, self.key)
        self.changes += 1

    def _is_in_use(self) -> bool:
        told, now = json.loads(self._pointer.read_text(encoding="utf-8")), self.desk.answerer.champion
        return (told["version"], told["sha256"]) == (now.version, now.sha256)

    @property
    def version(self) -> int:
        """The version that answers."""
        return self.desk.answerer.champion.version

    def stop(self) -> None:
        """End the watch."""
        self._stopped.set()
        self.join(timeout=10)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._pointer.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
