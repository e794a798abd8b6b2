"""Fixtures that several test modules share, and what makes nbval check the notebooks in order."""

import os

import pytest
from boards import empty, full, full_store  # noqa: F401  a fixture is found by its name
from by_hand import EVALUATION, execute, fresh_folder, stages, train_others
from postgresql import postgresql, postgresql_server  # noqa: F401  the same
from releases import (  # noqa: F401  the same
    finished_run,
    mlflow_database,
    operating,
    refused_run,
    registered_store,
    run_dir,
    store,
)

SKIP_NOTHING = bool(os.environ.get("CUADERNO_SKIP_NOTHING"))
RENEW = "If a notebook shall show something else now, renew its outputs: uv run python -m tests.by_hand"


class OtherCandidates(pytest.Item):
    """Trains the candidates that 05_evaluation compares with the one that 04_training trains on its defaults."""

    def __init__(self, *, before, **kwargs):
        super().__init__(**kwargs)
        self.before = before

    def runtest(self):
        outputs = self.config.rootpath / ".pytest_cache"
        for notebook in self.before:
            execute(notebook, outputs / notebook.name, {})
        train_others(outputs)

    def reportinfo(self):
        return self.path, None, f"{self.path.name}: {self.name}"


def pytest_collection_modifyitems(items):
    """Put the notebooks in order, and the training of the other candidates before 05_evaluation."""
    items.sort(key=lambda item: item.path.suffix == ".ipynb")
    first = next((place for place, item in enumerate(items) if item.path.stem == EVALUATION), None)
    if first is not None:
        chosen = {item.path for item in items}
        before = [path for path in stages() if path.stem < EVALUATION and path not in chosen]
        name = "the other candidates are trained"
        items.insert(first, OtherCandidates.from_parent(items[first].parent, name=name, before=before))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session):
    """Keep what a person has made by hand out of the notebooks' tests, and the tests out of that."""
    if session.config.option.collectonly or not any(item.path.suffix == ".ipynb" for item in session.items):
        return (yield)
    with fresh_folder():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Count a skipped test as failed where nothing may be skipped, whatever its reason."""
    report = yield
    if SKIP_NOTHING and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"{item.nodeid} was skipped here: {report.longrepr[-1]}"
    return report


def pytest_terminal_summary(terminalreporter):
    """Say how to renew the notebooks' outputs where they are not what they were."""
    failed = terminalreporter.stats.get("failed", [])
    if any(".ipynb" in report.nodeid for report in failed):
        terminalreporter.write_line(RENEW)
