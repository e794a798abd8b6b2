"""The dashboard in a real browser: every view, control and state, with pictures kept in `.pytest_cache/dashboard`."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boards
import pytest

from lib import dashboard_health, dashboard_server, database, locks, project, sections, twin
from lib.errors import InputError

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / ".pytest_cache" / "dashboard"
TOKEN = "a-token-of-the-tests"
SECONDS = 90

pytestmark = pytest.mark.skipif(boards.CHROMIUM is None, reason="no Chromium on this machine")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Server:
    """The verb as users start it, on a project whose content each test puts there."""

    def __init__(self, folder):
        self.project, self.port = project.at(folder), free_port()
        self.log = folder.parent / "log.txt"
        self.process = None

    def start(self, *options):
        environment = {**os.environ, dashboard_server.TOKEN: TOKEN}
        environment |= {"CUADERNO_STORE": str(self.project.store), "CUADERNO_REPORTS": str(self.project.reports)}
        environment.pop(database.ADDRESS, None)
        command = [
            sys.executable,
            ROOT / "pipeline.py",
            "dashboard",
            "--no-browser",
            "--port",
            str(self.port),
            *options,
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + SECONDS
        while self.status("voila/static/voila.js") != 200:
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.3)
        return self

    def address(self, path=""):
        return f"http://127.0.0.1:{self.port}/{path}"

    def answer(self, path="", *, token=TOKEN, host=None, method="GET"):
        headers = {"Authorization": f"token {token}"} if token else {}
        asked = urllib.request.Request(
            self.address(path), headers={**headers, **({"Host": host} if host else {})}, method=method
        )
        try:
            with urllib.request.urlopen(asked, timeout=SECONDS) as found:
                return found.status, found.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def status(self, path):
        try:
            return self.answer(path)[0]
        except OSError:
            return 0

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = Server(tmp_path_factory.mktemp("served") / "project").start("--visitors", "2")
    yield started
    assert started.stop() == 0, started.log.read_text()
    told = started.log.read_text()
    assert not re.search("Uncaught exception|without encryption|403 POST", told), told


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=boards.CHROMIUM, args=boards.FLAGS.split())
        yield started
        started.close()


def put(server, state, full_store):
    """Make the served project one of the states."""
    # It is made in a new folder, for a connection to a database that was in the old one would write where nobody reads.
    made = make(state, full_store, Path(tempfile.mkdtemp(dir=server.log.parent)))
    for folder in (server.project.store, server.project.reports):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made.root, server.project.root, dirs_exist_ok=True)


def make(state, full_store, folder):
    """Return a project in one of the states."""
    made = project.at(folder)
    if state in CHANGES:
        shutil.copytree(full_store.root, folder, dirs_exist_ok=True)
        CHANGES[state](made)
    elif state != "empty":
        getattr(boards, state)(made)
    return made


CHANGES = {
    "full": lambda made: None,
    "away": boards.lose,
    "without labels": lambda made: boards.change_windows(made, performance=None),
    "one class": lambda made: boards.change_windows(made, performance=ONE_CLASS),
    "alarm": lambda made: boards.change_windows(made, alarms=[ALARM], in_words=ALARM["what"]),
}
ONE_CLASS = {"metric": "roc_auc", "value": None, "low": None, "high": None, "n": 12}
ALARM = {
    "name": "performance", "severity": "stop", "what": "The score has fallen to 0.61; the contract asks for 0.68.",
    "since": "2026-02-26", "value": 0.61, "limit": 0.68, "todo": "`cycle` retrains on newer rows and compares.",
}  # fmt: skip


class Look:
    """A visit: the page, what it asked for, and what it said in the console."""

    def __init__(self, browser, server, *, width=1440, scheme="light", prepare=lambda page: None):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.errors, self.asked = [], []
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.set_default_timeout(SECONDS * 1000)
        prepare(self.page)
        try:
            self.page.goto(server.address(f"?token={TOKEN}"), wait_until="commit")
            self.page.wait_for_selector("text=Every run, refused ones too")
            self.page.wait_for_selector("table.runs, .later .note", state="attached")
        except Exception:
            self.picture("not-whole")
            self.__exit__()  # or this visitor's place would be missing in the tests that follow
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Leaving the page ends its kernel, as a visitor's leaving does.
        self.page.goto("about:blank")
        self.context.close()

    def outside(self):
        here = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "about:")
        return [url for url in self.asked if not url.startswith(here)]

    def picture(self, name):
        keep(self.page, name)

    def faults(self):
        return faults(self.page)


def keep(page, name):
    """Keep a picture of a page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def faults(page):
    """Return what keeps people from using a page, as axe finds it."""
    from axe_core_python.sync_playwright import Axe

    found = Axe().run(page)["violations"]
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (375, "light"), (375, "dark")])
def test_every_view_is_shown_without_a_network_or_an_error_and_axe_finds_no_serious_fault(
    server, browser, full_store, width, scheme
):
    put(server, "full", full_store)
    with Look(browser, server, width=width, scheme=scheme) as look:
        page = look.page
        for section in sections.ALL:
            assert page.locator(f"h2#{section.slug}").count() == 1
        page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length >= 16")
        look.picture(f"full-{width}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".health .word").inner_text().startswith("✓ Healthy")
        assert look.errors == look.outside() == []
        assert look.faults() == []


STATES = {
    "empty": "pipeline.py run",
    "running": "A run is at work since",
    "refused": "The newest model was refused. score on test rows: found 0.51",
    "fresh": "Predict with uv run pipeline.py score",
    "without labels": "No labels have come for these windows",
    "one class": "labels of one class only",
    "alarm": "The score has fallen to 0.61",
    "away": "The database cannot be",
}


@pytest.mark.parametrize("state", ["empty", "running", "refused", "without labels", "one class", "away"])
def test_the_page_shows_sense_where_there_is_little(server, browser, full_store, state):
    put(server, state, full_store)
    with locks.hold(server.project.locks / "run-now", "run now"), Look(browser, server) as look:
        look.page.wait_for_function(f"document.body.innerText.includes({json.dumps(STATES[state])})")
        look.picture(f"state-{state.replace(' ', '-')}")
        assert look.errors == [] and "Traceback" not in look.page.content()
        assert look.faults() == []


@pytest.mark.parametrize("state", [*STATES, "full"])
def test_the_static_page_of_each_state_fits_a_phone_and_a_desk(browser, full_store, state, tmp_path):
    made = make(state, full_store, tmp_path)
    with locks.hold(made.locks / "run-now", "run now"):
        page = twin.write(made).as_uri()
    for width, scheme in [
        (1440, "light"),
        (375, "dark"),
        *([(1440, "dark"), (375, "light")] if state == "full" else []),
    ]:
        shown = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
        shown.goto(page)
        keep(shown, f"static-{state.replace(' ', '-')}-{width}-{scheme}")
        assert STATES.get(state, "Healthy") in shown.inner_text("body")
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert faults(shown) == []
        shown.context.close()


def busy(page):
    """Let the library that draws take the browser's only thread for longer than a view waits for its kernel."""

    def answer(route):
        found = route.fetch()
        wait = "{ const start = Date.now(); while (Date.now() - start < 2500); }\n"
        route.fulfill(response=found, body=wait + found.text())

    page.route(re.compile(r"/jupyterlab-plotly/static/(?!remoteEntry|style)"), answer)


def test_the_static_page_prints_with_its_folded_tables_and_without_what_is_for_clicking(browser, full):
    page = browser.new_context().new_page()
    page.goto(twin.write(full).as_uri())
    folded = page.locator("details.view-table:not([open]) table")
    seen = "all => all.filter(each => each.checkVisibility({contentVisibilityAuto: true})).length"
    assert folded.count() > 1 and folded.evaluate_all(seen) == 0
    page.emulate_media(media="print")
    assert folded.evaluate_all(seen) == folded.count()
    assert not page.locator(".board .sections").is_visible()
    page.context.close()


def test_the_views_come_also_where_the_browser_is_slow_to_draw(server, browser, full_store):
    put(server, "full", full_store)
    with Look(browser, server, prepare=busy) as look:
        look.page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length >= 16")
        assert look.page.get_by_text("model not found").count() == look.page.get_by_text("did not come").count() == 0
        assert look.errors == []


def test_each_control_changes_its_view_and_a_table_can_be_saved(server, browser, full_store):
    put(server, "full", full_store)
    with Look(browser, server) as look:
        page = look.page
        page.get_by_label("Period", exact=True).select_option("last 7 days")
        page.wait_for_selector("text=7 windows from")
        page.get_by_label("Version", exact=True).select_option("version 1")
        page.wait_for_function("!document.body.innerText.includes('90 windows from')")
        page.get_by_label("Input", exact=True).select_option("carrier")
        page.wait_for_function(
            "[...document.querySelectorAll('.figure-title')].some(t => t.textContent.startsWith('carrier'))"
        )
        page.get_by_label("Window", exact=True).select_option(index=5)
        page.get_by_label("Slices by", exact=True).select_option("origin")
        page.get_by_label("Show", exact=True).select_option("alarm")
        page.wait_for_function("!document.querySelector('table.decisions tr.promotion')")
        with page.expect_download() as saved:
            page.get_by_text("Download decisions as CSV").click()
        assert Path(saved.value.path()).read_text(encoding="utf-8-sig").startswith("when (UTC),what,version,by,why,run")
        look.picture("controls")
        assert look.errors == []


def test_the_page_can_be_gone_through_by_keyboard(server, browser, full_store):
    put(server, "full", full_store)
    with Look(browser, server) as look:
        page = look.page
        page.wait_for_selector(".widget-dropdown select")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.tagName"))
        assert {f"#{section.slug}" for section in sections.ALL} | {"SELECT"} <= reached


def test_the_executed_notebooks_are_one_click_away(server, browser, full_store):
    put(server, "full", full_store)
    with Look(browser, server) as look:
        look.page.get_by_text("The notebooks as they were executed").click()
        assert look.page.get_by_role("heading", name="The report of a run").is_visible()


def test_nothing_is_shown_to_who_does_not_know_the_token(server):
    for path in ("", "health", "reports/index.html", "voila/files/dashboard.ipynb"):
        status, text = server.answer(path, token="wrong")
        assert status in (401, 403, 404) or "Password or token" in text, (path, status)


@pytest.mark.parametrize(
    "path",
    ["../pipeline.py", "reports/../pipeline.py", "reports/..%2fpipeline.py", "reports/dashboard.ipynb",
     "dashboard.ipynb", "reports/x/run.json", "voila/files/predictions.db", "voila/tree", "api/contents",
     "api/kernelspecs", "lib/errors.py"],
)  # fmt: skip
def test_a_visitor_reads_no_other_file(server, path):
    status, text = server.answer(path)
    assert status in (403, 404, 405) and "Traceback" not in text


def test_neither_template_nor_theme_nor_sources_can_be_had_by_the_address(server, full_store):
    put(server, "full", full_store)
    _, text = server.answer("?template=reveal&theme=dark")
    assert 'data-jp-theme-name="JupyterLab Light"' in text and 'class="board live"' in text
    assert "page = dashboard" not in text and "from lib import" not in text
    assert server.answer(f"leave/{dashboard_health.kernel_of(text)}", method="POST")[0] == 204


def test_a_visitor_runs_no_code(server, browser, full_store, tmp_path):
    put(server, "full", full_store)
    with Look(browser, server) as look:
        kernel = dashboard_health.kernel_of(look.page.content())
        target = tmp_path / "written"
        code = f"open({str(target)!r}, 'w').close()"
        said = look.page.evaluate(
            """([kernel, code]) => new Promise(done => {
              const socket = new WebSocket(`ws://${location.host}/api/kernels/${kernel}/channels`);
              const header = {msg_id: 'a', msg_type: 'execute_request', session: 's', username: '', version: '5.3'};
              const content = {code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false};
              socket.onopen = () => socket.send(JSON.stringify({header, parent_header: {}, metadata: {}, content,
                channel: 'shell', buffers: []}));
              setTimeout(() => done(socket.readyState), 4000);
            })""",
            [kernel, code],
        )
        assert said in (0, 1, 2, 3) and not target.exists()


def test_above_the_limit_a_visitor_is_asked_to_come_again_and_places_come_back(server, browser, full_store):
    put(server, "full", full_store)
    looks = [Look(browser, server) for _ in range(2)]
    status, text = server.answer()
    assert status == 503 and "All places are taken" in text
    for look in looks:
        look.__exit__()
    deadline = time.monotonic() + 30
    while (found := server.answer()[0]) != 200 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert found == 200


def test_the_health_check_reads_the_page(server, full_store):
    put(server, "full", full_store)
    status, text = server.answer("health")
    assert status == 200 and json.loads(text) == {"healthy": True, "why": ""}


@pytest.mark.parametrize(
    ("status", "text", "healthy"),
    [
        (200, '<div data-cuaderno="ready" hidden></div>', True),
        (200, '<section data-cuaderno="failed"></section><div data-cuaderno="ready" hidden>', False),
        (200, "There was an error when executing cell [3].", False),
        (200, "<html>half a page", False),
        (500, '<div data-cuaderno="ready" hidden></div>', False),
    ],
)
def test_an_error_on_a_page_whose_status_is_200_is_no_health(status, text, healthy):
    assert dashboard_health.of(status, text).healthy is healthy


def test_a_port_in_use_and_an_open_host_without_a_token_are_refused_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="is in use. Choose another with --port"):
            dashboard_server.check("127.0.0.1", taken.getsockname()[1], "")
    with pytest.raises(InputError, match=dashboard_server.TOKEN):
        dashboard_server.check("192.0.2.1", 0, "")


def test_the_page_imports_nothing_heavy():
    code = "import sys; from lib import dashboard; print([m for m in HEAVY if m in sys.modules])"
    heavy = "('mlflow', 'sklearn', 'statsmodels', 'pandas', 'scipy', 'plotly', 'matplotlib')"
    done = subprocess.run(
        [sys.executable, "-c", code.replace("HEAVY", heavy)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_notebook_defines_nothing_and_holds_no_output():
    cells = json.loads((ROOT / "reports" / "dashboard.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] for cell in code)
    assert not re.search(r"^\s*(def|class) |mlflow", "\n".join(cell["source"] for cell in code), flags=re.MULTILINE)
