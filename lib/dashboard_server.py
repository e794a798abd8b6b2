"""The verb `dashboard`: a Voila server that shows one notebook, to those who know the token, and nothing else.

Visitors run no code: Voila's socket takes messages of widgets only. Templates and themes cannot be chosen by address,
files are served from the folder of reports alone and only pages of runs, and the live kernels are culled and capped.
"""

import errno
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from lib import markup
from lib.errors import InputError
from lib.project import Project

TOKEN = "CUADERNO_DASHBOARD_TOKEN"  # noqa: S105  the name of a variable, and not what it holds
NOTEBOOK = "dashboard.ipynb"
LOCAL = ("127.0.0.1", "localhost", "::1")
EXTENSIONS = ["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "jupyterlab-plotly"]
IDLE_SECONDS = 15 * 60
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss: data:; frame-ancestors 'self'"
)


class Place(NamedTuple):
    """The address and the port to listen at, and how many may look at once."""

    host: str
    port: int
    visitors: int


def serve(project: Project, place: Place, *, browser: bool, say: Callable[[str], object]) -> None:
    """Serve the dashboard until it is interrupted.

    Parameters
    ----------
    project : Project
    place : Place
    browser : bool
        Whether to open a browser at it.
    say : callable
        Told where the page is, once.

    Raises
    ------
    InputError
        If the port cannot be had, or others could reach a page that asks for no token.
    """
    token = os.environ.get(TOKEN, "")
    check(place.host, place.port, token)
    os.environ["CUADERNO_STORE"], os.environ["CUADERNO_REPORTS"] = str(project.store), str(project.reports)
    server = _application(project, token, place.visitors)
    arguments = [
        "--no-browser",
        f"--Voila.ip={place.host}",
        f"--port={place.port}",
        str(project.root / "reports" / NOTEBOOK),
    ]
    server.initialize([*arguments, "--Voila.port_retries=0"])
    _own_page(server)
    address = f"http://{place.host}:{place.port}/"
    say(f"The dashboard is at {address}{'?token=…' if token else ''} until Ctrl-C.")
    if browser:
        import webbrowser

        webbrowser.open(f"{address}{f'?token={token}' if token else ''}")
    server.start()


def check(host: str, port: int, token: str) -> None:
    """Refuse a port that cannot be had, and an address that others can reach without a token.

    Raises
    ------
    InputError
    """
    if host not in LOCAL and not token:
        raise InputError(
            f"--host {host} lets others on the network look. Set {TOKEN} to a secret that they have to know, or leave "
            "--host out to keep the page to this machine."
        )
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
            raise InputError(f"Port {port} of {host} {why}. Choose another with --port.") from None


def _application(project: Project, token: str, visitors: int):
    """Return Voila with our settings, whatever a configuration file of the user's says of them."""
    from traitlets.config import Config
    from voila.app import Voila

    class Dashboard(Voila):
        """Voila with one page, its files, its health, and a limit of visitors."""

        config_file_paths: ClassVar[list[str]] = []

        def init_settings(self) -> dict[str, Any]:
            """Take requests for this machine's names only, unless others are meant to look."""
            found = super().init_settings()
            found["allow_remote_access"] = self.ip not in LOCAL
            found["headers"] = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
            return found | {"cuaderno_visitors": visitors, "ws_ping_interval": 60_000, "ws_ping_timeout": 60_000}

        def init_handlers(self) -> list:
            """Put our own page and files in the place of Voila's."""
            from lib import dashboard_handlers

            return dashboard_handlers.instead(super().init_handlers(), project)

    made = Dashboard(token=token, log_level=logging.ERROR)
    made.update_config(Config(_settings()))
    return made


def _settings() -> dict[str, Any]:
    return {
        "VoilaConfiguration": {
            "strip_sources": True,
            "show_tracebacks": False,
            "allow_template_override": "NO",
            "allow_theme_override": "NO",
            "preheat_kernel": True,
            "default_pool_size": 1,
            "template": "lab",
            "file_allowlist": ["nothing"],
            # Others that are installed could raise errors in the console, or fetch from the network.
            "extension_allowlist": EXTENSIONS,
            "page_config_hook": _page_config,
        },
        "VoilaExporter": {"template_file": "dashboard_page.html.j2"},
        # Without it each kernel warns in the log that others on this machine could listen.
        "KernelManager": {"transport_encryption": "auto"},
        "MappingKernelManager": {"cull_idle_timeout": IDLE_SECONDS, "cull_interval": 30, "cull_connected": False},
    }  # fmt: skip


def _page_config(current: dict[str, Any], **_: Any) -> dict[str, Any]:
    return {**current, "cuaderno": {"css": markup.css() + markup.live_css(), "title": "Cuaderno"}}


def _own_page(server) -> None:
    """Let the exporter find our template before Voila's own, which it extends."""
    server.template_paths = [str(Path(__file__).parent), *server.template_paths]
