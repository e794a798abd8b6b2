"""What is timed: five small notebooks, and each way of executing them as a command of its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
NAMES = [f"0{number}_small" for number in range(1, 6)]
CELLS = [
    'x: int = 1  # a number\nrun_dir: str = "."  # folder of the run\'s files',
    "import mlflow\nimport pandas as pd\nfrom sklearn.linear_model import LogisticRegression",
    'frame = pd.DataFrame({"a": range(1000)})\nframe["b"] = frame.a % 3 == 0',
    'model = LogisticRegression().fit(frame[["a"]], frame.b)',
    "frame.describe()",
]
TRACKED = 'with mlflow.start_run(): mlflow.log_params({"x": x}); mlflow.log_metrics({"score": 0.5, "rows": 1000})'


@dataclass(frozen=True)
class Way:
    """One way of executing the notebooks.

    Parameters
    ----------
    name : str
        As the table shows it.
    command : list of str
    cwd : Path
    fresh : tuple of Path
        What is removed before each time, so that it starts cold.
    why_not : str
        Why it cannot be timed here; empty if it can.
    """

    name: str
    command: list[str]
    cwd: Path
    fresh: tuple[Path, ...] = field(default=())
    why_not: str = ""


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of each command: MLflow writes into this folder, and phones nobody."""
    return {
        **os.environ,
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PLOOMBER_STATS_ENABLED": "false",
    }


def ways(folder: Path, *, tracked: bool, ploomber: Path | None, why_no_ploomber: str = "") -> list[Way]:
    """Make the notebooks in a folder, and return the ways to execute them, the script first."""
    cells = [*CELLS, TRACKED] if tracked else CELLS
    python = sys.executable
    return [
        Way("the same code as one script", [python, str(_script(folder, cells))], folder),
        Way("papermill, a fresh kernel each", [python, str(_papermill(folder / "papermill", cells))], folder),
        *_ploomber_ways(folder / "ploomber", cells, ploomber, why_no_ploomber),
        *(_cuaderno_ways(folder / "cuaderno") if tracked else [_kernels_alone(folder / "kernels")]),
    ]


def install_ploomber(folder: Path) -> tuple[Path | None, str]:
    """Install Ploomber into an environment of its own; return its Python, or None and why not."""
    uv = shutil.which("uv")
    if not uv:
        return None, "uv is not there to install it"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ["pip", "install", "-q", "--python", str(python), "ploomber", "ipykernel", "mlflow", "scikit-learn"]
    for arguments in (["venv", "-q", "--python", sys.executable, str(folder)], [*install, "setuptools<81"]):
        found = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False, cwd=folder.parent)
        if found.returncode:
            return None, f"cannot be installed on Python {sys.version_info.major}.{sys.version_info.minor}"
    return python, ""


def _notebook(path: Path, cells: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": [_cell(*c) for c in enumerate(cells)], "metadata": _KERNEL, **_FORMAT}))


def _cell(number: int, source: str) -> dict:
    tags = {"tags": ["parameters"]} if number == 0 else {}
    shown = {"outputs": [], "execution_count": None}
    return {"cell_type": "code", "id": f"c{number}", "metadata": tags, "source": source, **shown}


_FORMAT = {"nbformat": 4, "nbformat_minor": 5}
_KERNEL = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


def _script(folder: Path, cells: list[str]) -> Path:
    path = folder / "script.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("\n".join(cells) for _ in NAMES))
    return path


def _papermill(folder: Path, cells: list[str]) -> Path:
    for name in NAMES:
        _notebook(folder / f"{name}.ipynb", cells)
    path = folder / "run.py"
    path.write_text(
        dedent(f"""
        import papermill
        for name in {NAMES!r}:
            source = {str(folder)!r} + "/" + name + ".ipynb"
            papermill.execute_notebook(source, source + ".out", {{"x": 2}}, progress_bar=False)
        """)
    )
    return path


def _ploomber_ways(folder: Path, cells: list[str], python: Path | None, why_not: str) -> list[Way]:
    before = "None"
    tasks = []
    for name in NAMES:
        _notebook(folder / f"{name}.ipynb", [f"upstream = {before}\nproduct = None\n{cells[0]}", *cells[1:]])
        before = repr([name])
        tasks.append({"source": f"{name}.ipynb", "product": {"nb": f"products/{name}.ipynb"}})
    (folder / "pipeline.yaml").write_text(json.dumps({"tasks": tasks}))
    command = [str(python.with_name("ploomber")) if python else "", "build"]
    products = (folder / "products",)
    return [
        Way("Ploomber", command, folder, products, why_not),
        Way("Ploomber, all up to date", command, folder, (), why_not),
    ]


def _kernels_alone(folder: Path) -> Way:
    """Return our engine and kernels without tracking, cache and report, as papermill has none."""
    for name in NAMES:
        _notebook(folder / f"{name}.ipynb", CELLS)
    path = folder / "run.py"
    path.write_text(
        dedent(f"""
        from pathlib import Path
        from lib.kernels import KernelSource
        folder = Path({str(folder)!r})
        notebooks = [folder / (name + ".ipynb") for name in {NAMES!r}]
        with KernelSource(notebooks) as kernels:
            kernels.prepare(folder)
            from lib import engine
            for notebook in notebooks:
                told = {{"cwd": folder, "listener": lambda event: None, "execution": notebook.stem, "time_limit": 600}}
                outcome = engine.execute(notebook, notebook.with_suffix(".out"), {{"x": 2}}, kernels=kernels, **told)
                assert outcome.status == "done", outcome
        """)
    )
    return Way("Cuaderno: engine and kernels", [sys.executable, str(path)], folder)


def _cuaderno_ways(folder: Path) -> list[Way]:
    for name in NAMES:
        _notebook(folder / "notebooks" / f"{name}.ipynb", CELLS)
    shutil.copy(ROOT / "pipeline.py", folder)
    shutil.copytree(ROOT / "lib", folder / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "pipeline.py"]
    fresh = (folder / "store" / "cache", folder / "store" / "runs", folder / "reports")
    return [
        Way("Cuaderno: pipeline.py run", [*command, "run"], folder, fresh),
        Way("Cuaderno: nothing to do", [*command, "run"], folder),
        Way("Cuaderno: --help", [*command, "--help"], folder),
    ]
