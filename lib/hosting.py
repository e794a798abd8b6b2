"""A server process: its socket, its signals, its end."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from threadpoolctl import ThreadpoolController

from lib import answers, serving
from lib.errors import InputError
from lib.following import Follower

TOKEN = "CUADERNO_SERVE_TOKEN"  # noqa: S105  (the name of a variable)
SWITCH_SECONDS = 0.0005
LOCAL = ("127.0.0.1", "localhost", "::1")


class _Uvicorn(uvicorn.Server):
    """Ends on a signal without raising it again: a server that was asked to end, and did, has done what it should."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with contextlib.suppress(KeyboardInterrupt), super().capture_signals():
            yield
            self._captured_signals.clear()


def serve(store: Path, *, model: str, key: str, host: str, port: int, limits: serving.Limits, tell) -> None:
    """Serve the champion until a signal comes.

    Parameters
    ----------
    store : Path
    model : str
        Which model, where the store has several.
    key : str
        The column by which requests name their rows.
    host : str
        Beyond this machine only with a token.
    port : int
        0 for any that is free.
    limits : Limits
    tell : callable
        Told a line when the server listens, and one when it has ended.

    Raises
    ------
    InputError
        If there is no champion, the port is taken, or the host is not this machine and there is no token.
    """
    token = os.environ.get(TOKEN, "")
    if host not in LOCAL and not token:
        raise InputError(f"Serving beyond this machine, on {host}, needs a token: set {TOKEN} in the environment.")
    with _listening(host, port) as listener:
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
        follower = Follower(store, answers.in_use(store, model), key)
        server = serving.Server(store, follower, token=token, limits=limits)
        where = f"http://{host}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            serving.application(server), log_config=None, access_log=False, lifespan="off",
            timeout_graceful_shutdown=int(limits.seconds) + 1, server_header=False, timeout_keep_alive=30,
        )  # fmt: skip
        # Several threads for a few rows wait for each other longer than they work, on a busy machine most of all.
        ThreadpoolController().limit(limits=1)
        # An answer waits no longer than this for the thread that writes to the database.
        sys.setswitchinterval(SWITCH_SECONDS)
        server.start()
        tell(f"Serving {follower.model_name}, version {follower.version}, at {where}; what it takes: {where}/docs")
        try:
            _Uvicorn(config).run(sockets=[listener])
        finally:
            clean = server.stop()
    rest = "every answer is in the database" if clean else f"answers wait in {store / 'spool'} for the next server"
    tell(f"Ended; {rest}.")


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Named as TCP, for asyncio switches the delay of small packets off only then: 40 ms for each answer.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        raise InputError(
            f"Port {port} on {host} cannot be used: {error.strerror or error}. Give another with --port."
        ) from None
    with listener:
        yield listener
