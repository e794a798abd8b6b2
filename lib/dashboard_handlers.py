"""What the dashboard's server answers: the page, as long as there is a place; pages of runs; its health."""

import re
import time
from contextlib import suppress
from typing import Any, ClassVar

import tornado.httputil
import tornado.iostream
import tornado.web
from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.ioloop import IOLoop
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import AllowListFileHandler
from voila.tornado.handler import TornadoVoilaHandler

from lib import dashboard_health, markup
from lib.project import Project

RUN_PAGES = re.compile(
    r"[\w.-]+/(report|0\d_\w+|04_training/[\w.-]+)\.html|(replay|back_to_design)/[\w.-]+\.html|[\w.-]+\.html"
)
"""What a visitor may read beside the page itself: what `reports` and `twin` have written for people."""

FULL = (
    "<!DOCTYPE html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
    "<title>All places are taken</title><style>{css}</style><body class='alone'><main class='board'>"
    "<section class='health unwatched'><p class='word'>All places are taken</p><p class='why'>{n} people look at the "
    "dashboard now, as many as it was started for.</p><p class='next'>Try again in a minute, or read "
    "<a href='reports/index.html'>the page as of the last run</a>.</p></section></main></body></html>"
)

SECONDS_TO_CONNECT = 120
"""How long a page may take until it is at its kernel; who only fetched it, as previews of links do, has no place."""

SECONDS_OF_HEALTH = 20
"""How long a verdict on the page holds, so that asking often costs no kernels."""


class Plain:
    """Errors as a line of text: a visitor has no use for a traceback, nor for the name of a template."""

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answer with the status and its name."""
        self.set_header("Content-Type", "text/plain")
        self.finish(f"{status_code} {tornado.httputil.responses.get(status_code, 'Error')}\n")


class PageHandler(Plain, TornadoVoilaHandler):
    """The page, if there is a place left."""

    _kernel = ""

    @tornado.web.authenticated
    async def get(self, path: str | None = None) -> None:
        """Answer with the page, or say in a friendly way that all places are taken."""
        if path:
            raise tornado.web.HTTPError(404)
        manager, most = self.kernel_manager, self.settings["cuaderno_visitors"]
        ahead = manager.get_pool_size(self.notebook_path)
        if len(manager.list_kernel_ids()) - ahead >= most:
            self.set_status(503)
            self.set_header("Retry-After", "60")
            await self.finish(FULL.format(css=markup.css(), n=most))
            return
        await super().get()
        IOLoop.current().call_later(SECONDS_TO_CONNECT, end_unseen, manager, self._kernel)

    def write(self, chunk: Any) -> None:
        """Send a part of the page; one of them names the kernel."""
        self._kernel = dashboard_health.kernel_of(chunk if isinstance(chunk, str) else "") or self._kernel
        super().write(chunk)


async def end_unseen(manager: Any, kernel: str) -> None:
    """End a kernel to which no page is connected."""
    if kernel in manager and not manager.kernel_model(kernel)["connections"]:
        await ensure_async(manager.shutdown_kernel(kernel, now=True))


class RunPageHandler(Plain, JupyterHandler, tornado.web.StaticFileHandler):
    """The pages that runs have left, and the static twin; nothing else of the folder of reports."""

    def get_absolute_path(self, root: str, path: str) -> str:
        """Refuse whatever is not a page for people."""
        if not RUN_PAGES.fullmatch(path.replace("\\", "/")) or ".." in path:
            raise tornado.web.HTTPError(404)
        return super().get_absolute_path(root, path)

    @tornado.web.authenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """Answer with a page."""
        await tornado.web.StaticFileHandler.get(self, path, include_body)

    @tornado.web.authenticated
    async def head(self, path: str) -> None:
        """Answer as `get`, without the page."""
        await self.get(path, include_body=False)


class LeaveHandler(Plain, JupyterHandler):
    """Told by a page that its visitor leaves; his kernel ends, and his place is free."""

    ended: ClassVar[set[str]] = set()

    def check_xsrf_cookie(self) -> None:
        """Take a beacon, which carries no header: who knows the kernel's name has seen the page."""

    @tornado.web.authenticated
    async def post(self, kernel: str) -> None:
        """Say that it was heard, to a browser that no longer listens as a rule, and end the kernel once."""
        self.set_status(204)
        with suppress(tornado.iostream.StreamClosedError):
            await self.finish()
        if kernel in self.kernel_manager and kernel not in self.ended:
            self.ended.add(kernel)
            await ensure_async(self.kernel_manager.shutdown_kernel(kernel, now=True))


class HealthHandler(Plain, JupyterHandler):
    """Whether the page can be made: it is made, and read."""

    verdicts: ClassVar[dict[str, Any]] = {}

    @tornado.web.authenticated
    async def get(self) -> None:
        """Answer with 200 if the page is whole, else with 503 and why not."""
        if time.monotonic() - self.verdicts.get("at", -SECONDS_OF_HEALTH) >= SECONDS_OF_HEALTH:
            self.verdicts.update(verdict=await self._look(), at=time.monotonic())
        verdict = self.verdicts["verdict"]
        self.set_status(200 if verdict.healthy else 503)
        self.set_header("Content-Type", "application/json")
        await self.finish(dashboard_health.told(verdict))

    async def _look(self) -> dashboard_health.Verdict:
        token = self.identity_provider.token
        address = f"{self.request.protocol}://{self.request.host}{self.base_url}"
        headers = {"Authorization": f"token {token}"} if token else {}
        asked = HTTPRequest(address, headers=headers, request_timeout=60)
        answer = await AsyncHTTPClient().fetch(asked, raise_error=False)
        text = answer.body.decode(errors="replace") if answer.body else ""
        kernel = dashboard_health.kernel_of(text)
        if kernel in self.kernel_manager:
            await ensure_async(self.kernel_manager.shutdown_kernel(kernel, now=True))
        return dashboard_health.of(answer.code, text)


def instead(handlers: list, project: Project) -> list:
    """Return Voila's handlers with ours in the place of those for the page and for files."""
    base = handlers[-1][0].removesuffix("(.*)")
    kept = [each for each in handlers[:-1] if each[1] not in (AllowListFileHandler, VoilaShutdownKernelHandler)]
    ours = [
        # Voila's own page tells of leaving, too, at this address.
        (url_path_join(base, r"voila/api/shutdown/([\w-]+)"), LeaveHandler),
        (url_path_join(base, "health"), HealthHandler),
        (url_path_join(base, r"leave/([\w-]+)"), LeaveHandler),
        (url_path_join(base, r"reports/(.*)"), RunPageHandler, {"path": str(project.reports)}),
        (handlers[-1][0], PageHandler, handlers[-1][2]),
    ]
    return [*kept, *ours]
