import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from executing import execute, outputs, printed, write_notebook

from lib import kernels
from lib.forking import available

pytestmark = pytest.mark.skipif(not available(), reason="kernels are forked on Linux alone")

IMPORTS = """
import duckdb, joblib, matplotlib.pyplot, numpy, pandas, pyarrow.parquet
import scipy.linalg, sklearn.ensemble, statsmodels.api
"""

AFTER_THE_FORK = {
    "BLAS": "import numpy as np; a = np.ones((800, 800)); print((a @ a)[0, 0])",
    "LAPACK": "import scipy.linalg as l, numpy as np; print(round(l.svdvals(np.eye(300)).sum()))",
    "OpenMP": """
from sklearn.ensemble import HistGradientBoostingClassifier as Boosting
import numpy as np
X = np.arange(40000.0).reshape(-1, 2)
print(Boosting(max_iter=5).fit(X, X[:, 0] > 20000).score(X, X[:, 0] > 20000))""",
    "processes": """
from joblib import Parallel, delayed
print(Parallel(n_jobs=2)(delayed(abs)(x) for x in (-1, -2)))""",
    "threads": """
from sklearn.ensemble import RandomForestClassifier
print(RandomForestClassifier(5, n_jobs=2, random_state=0).fit([[0], [1]] * 50, [0, 1] * 50).predict([[1]]))""",
    "pyarrow": """
import pandas as pd
pd.DataFrame({"a": range(100000), "b": ["x"] * 100000}).to_parquet("t.parquet")
print(pd.read_parquet("t.parquet").a.sum())""",
    "duckdb": "import duckdb; print(duckdb.sql('select sum(range) from range(1000000)').fetchall())",
    "SQLite": "import sqlite3; print(sqlite3.connect('t.db').execute('select 6 * 7').fetchone())",
}
if find_spec("polars"):
    AFTER_THE_FORK["polars"] = "import polars as pl; print(pl.DataFrame({'a': range(9)}).lazy().sum().collect())"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Kernels forked from one that has imported what we use."""
    folder = tmp_path_factory.mktemp("imports")
    with kernels.KernelSource([write_notebook(folder / "imports.ipynb", IMPORTS)], forking=True) as source:
        yield source
        assert source.forks, "the server could not fork"


@pytest.mark.parametrize("library", AFTER_THE_FORK)
def test_a_library_imported_before_the_fork_works_after_it(source, tmp_path, library):
    outcome = execute(source, tmp_path, AFTER_THE_FORK[library], time_limit=60)
    assert (outcome.status, outcome.message) == ("done", "")
    assert printed(tmp_path).strip()


def test_the_imports_are_there_before_the_first_cell_and_none_is_of_this_project(source, tmp_path):
    execute(source, tmp_path, "import sys; print('sklearn.ensemble' in sys.modules, 'lib' in sys.modules)")
    assert printed(tmp_path) == "True False\n"


def test_blas_has_the_threads_that_it_would_have_in_a_fresh_kernel(source, tmp_path):
    code = "from threadpoolctl import threadpool_info; print({i['num_threads'] for i in threadpool_info()})"
    execute(source, tmp_path, f"import numpy, scipy.linalg, sklearn.ensemble; {code}")
    assert printed(tmp_path).strip() == str({len(os.sched_getaffinity(0))})


def test_a_figure_is_shown_as_in_a_fresh_kernel(source, tmp_path):
    execute(source, tmp_path, "import matplotlib.pyplot as plt; figure, axes = plt.subplots(); axes.plot([1, 2]);")
    assert [list(output["data"]) for output in outputs(tmp_path)] == [["image/png", "text/plain"]]


def test_each_kernel_has_a_random_state_of_its_own(source, tmp_path):
    found = set()
    for _ in range(2):
        execute(source, tmp_path, "import random, numpy as np; print(random.random(), np.random.rand())")
        found.update(printed(tmp_path).split())
    assert len(found) == 4


def test_each_kernel_has_its_parents_environment_and_nothing_of_the_servers(tmp_path):
    environment = {**os.environ, "CUADERNO_TEST": "grün", "OMP_NUM_THREADS": "1"}
    environment.pop("OPENBLAS_NUM_THREADS", None)
    with kernels.KernelSource(environment=environment) as source:
        execute(source, tmp_path, "import os; print([os.environ.get(name) for name in names])".replace("names", str(
            ["CUADERNO_TEST", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "JE_ARROW_MALLOC_CONF"]
        )))  # fmt: skip
    assert printed(tmp_path).strip() == "['grün', '1', None, None]"


def test_the_children_of_a_kernel_end_with_it(source, tmp_path):
    code = "import subprocess; child = subprocess.Popen(['sleep', '600'], start_new_session=True); print(child.pid)"
    execute(source, tmp_path, code)
    assert ends(int(printed(tmp_path)))


def test_a_server_with_a_thread_alive_does_not_fork_and_kernels_are_started_afresh(tmp_path, caplog, monkeypatch):
    (tmp_path / "threaded.py").write_text(
        "import threading, time; threading.Thread(target=time.sleep, args=[99]).start()"
    )
    notebook = write_notebook(tmp_path / "imports.ipynb", "import threaded")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with kernels.KernelSource([notebook], environment=environment, forking=True) as source:
        outcome = execute(source, tmp_path, "import threading; print(len(threading.enumerate()) > 0)")
    assert outcome.status == "done"
    assert "1 threads are alive after the imports" in caplog.text


def test_kernels_started_afresh_have_imported_ahead_and_leave_no_name_behind(tmp_path):
    notebook = write_notebook(tmp_path / "imports.ipynb", "import decimal, no_such_module, yaml")
    with kernels.KernelSource([notebook], forking=False) as source:
        execute(source, tmp_path, "import sys; print('yaml' in sys.modules, 'yaml' in dir(), 'import_module' in dir())")
    assert printed(tmp_path) == "True False False\n"


def test_twenty_executions_at_once_do_not_collide(source, tmp_path):
    folders = [tmp_path / str(number) for number in range(20)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda folder: execute(source, folder, f"print({folder.name})").status, folders))
    assert found == ["done"] * 20
    assert [printed(folder).strip() for folder in folders] == [folder.name for folder in folders]


RUNNER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from executing import execute
from lib import kernels
with kernels.KernelSource(forking={forking}) as source:
    execute(source, Path.cwd(), "import os, time; open('pid', 'w').write(str(os.getpid()))", "time.sleep(600)")
"""


@pytest.fixture
def runner(request, tmp_path):
    """A process that executes a notebook that never ends, and its kernel's number."""
    script = RUNNER.format(tests=str(Path(__file__).parent), forking=request.param)
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        yield process, kernel_of(tmp_path)
        process.kill()


def kernel_of(folder: Path) -> int:
    deadline = time.monotonic() + 120
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        assert time.monotonic() < deadline, "the notebook has not started"
        time.sleep(0.05)
    return int((folder / "pid").read_text())


def ends(pid: int, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("runner", [True, False], ids=["forked", "fresh"], indirect=True)
def test_no_kernel_and_no_server_outlive_a_runner_that_was_killed(runner):
    process, kernel = runner
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    assert all(ends(one.pid) for one in [psutil.Process(kernel), *family] if one.is_running())


@pytest.mark.parametrize(
    ("runner", "number"),
    [(True, signal.SIGTERM), (False, signal.SIGINT)],
    ids=["SIGTERM", "SIGINT"],
    indirect=["runner"],
)
def test_an_interrupted_runner_ends_its_kernel_and_writes_what_there_is(runner, tmp_path, number):
    process, kernel = runner
    process.send_signal(number)
    assert process.wait(60) != 0
    assert ends(kernel)
    errors = [output["ename"] for output in outputs(tmp_path) if output["output_type"] == "error"]
    assert errors == ["Terminated" if number == signal.SIGTERM else "KeyboardInterrupt"]


def test_a_killed_server_takes_its_kernels_along(tmp_path):
    with kernels.KernelSource(forking=True) as source, ThreadPoolExecutor(1) as pool:
        work = pool.submit(
            execute,
            source,
            tmp_path,
            "import os; open('pid', 'w').write(str(os.getpid()))",
            "import time; time.sleep(600)",
        )
        psutil.Process(psutil.Process(kernel_of(tmp_path)).ppid()).kill()
        assert work.result(60).status == "died"


def test_stop_ends_what_is_executed_in_another_thread(source_of_its_own, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(
            execute,
            source_of_its_own,
            tmp_path,
            "import os; open('pid', 'w').write(str(os.getpid()))",
            "import time; time.sleep(600)",
        )
        kernel = kernel_of(tmp_path)
        source_of_its_own.stop()
        assert work.result(60).status == "interrupted"
    assert ends(kernel)


@pytest.fixture
def source_of_its_own():
    with kernels.KernelSource() as source:
        yield source
