"""From the spool to the database, in a thread of the server: as soon as the database takes it."""

import logging
import threading
from collections import Counter
from pathlib import Path

from sqlalchemy import text

from lib import bulk, database, desk, spool

PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
_logger = logging.getLogger(__name__)


class Drain(threading.Thread):
    """Brings lines to the database until it is told to stop; then once more, for a time.

    Parameters
    ----------
    store : str or Path
    model_name : str
        Whose requests are counted.
    """

    def __init__(self, store: str | Path, model_name: str):
        super().__init__(name="drain", daemon=True)
        self.store, self.model_name = store, model_name
        self.is_reached = True
        self._stopped = threading.Event()
        self._counted: Counter[tuple[str, int, float]] = Counter()
        self._lock = threading.Lock()

    def count(self, status: int, upper_ms: float) -> None:
        """Count a request that was answered, by its status and its class of latency."""
        with self._lock:
            self._counted[database.now()[:16], status, upper_ms] += 1

    def run(self) -> None:
        """Work until stopped."""
        pause = PAUSE_SECONDS
        while not self._stopped.wait(pause):
            pause = PAUSE_SECONDS if self.once() else min(2 * pause, LONGEST_PAUSE_SECONDS)

    def once(self) -> bool:
        """Bring everything that waits to the database; return whether it was there to take it."""
        try:
            for path in spool.waiting(self.store):
                self._bring(path)
            self._note_requests()
        # The driver raises errors of its own, too, and a thread that ended would bring nothing any more.
        except Exception as error:  # noqa: BLE001
            if self.is_reached:
                _logger.warning("The database takes nothing; answers wait in the spool: %s", _first_line(error))
            self.is_reached = False
            return False
        if not self.is_reached:
            _logger.warning("The database is there again, and has taken what waited.")
        self.is_reached = True
        return True

    def _bring(self, path: Path) -> None:
        # Asked before reading, so that a line written meanwhile is not removed with the file.
        closed = spool.is_closed(path)
        n_found = spool.AT_ONCE
        # The few lines that come meanwhile wait for the next time, with those after them: each write has its price.
        while n_found == spool.AT_ONCE:
            found = list(spool.lines(path))
            n_found = len(found)
            if found:
                desk.write(self.store, [line for _, line in found])
                spool.take(path, found[-1][0])
        if closed:
            spool.remove(path)

    def _note_requests(self) -> None:
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            with bulk.alone(database.connect(self.store), self.model_name) as connection:
                connection.execute(
                    text("""INSERT INTO served_requests (model_name, minute, status, upper_ms, n)
                        VALUES (:model_name, :minute, :status, :upper_ms, :n)
                        ON CONFLICT (model_name, minute, status, upper_ms) DO UPDATE
                        SET n = served_requests.n + excluded.n"""),
                    [
                        {"model_name": self.model_name, "minute": minute, "status": status, "upper_ms": upper, "n": n}
                        for (minute, status, upper), n in counted.items()
                    ],
                )
        except Exception:
            with self._lock:
                self._counted += counted
            raise

    def stop(self, seconds: float) -> bool:
        """End the thread, try once more, and return whether nothing waits any more."""
        self._stopped.set()
        self.join(timeout=seconds)
        if self.is_alive():
            return False
        return self.once() and not spool.waiting(self.store)


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]
