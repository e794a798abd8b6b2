"""The notebooks as a person runs them, one after the other on their defaults: for nbval, and to renew their outputs.

After a change that alters what a notebook shows, run ``uv run python -m tests.by_hand`` and commit the notebooks.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from lib import parameters

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"
FOLDER = ROOT / "store" / "runs" / "by-hand"
ASIDE = FOLDER.with_name("by-hand-before-tests")
TRAINING, EVALUATION = "04_training", "05_evaluation"
TIME_LIMIT = 600


def stages() -> list[Path]:
    """Return the notebooks in order."""
    return sorted(NOTEBOOKS.glob("0*.ipynb"))


@contextmanager
def fresh_folder() -> Iterator[None]:
    """Let the block start without a file of earlier work by hand, which comes back afterwards."""
    if FOLDER.exists() and not ASIDE.exists():  # one that is there already was left by tests that were killed
        FOLDER.rename(ASIDE)
    _remove(FOLDER)
    try:
        yield
    finally:
        if ASIDE.exists():
            _remove(FOLDER)
            ASIDE.rename(FOLDER)


def execute(notebook: Path, output: Path, values: Mapping[str, Any]) -> None:
    """Execute a notebook as `pipeline.py run` does, in its own folder; raise if it did not reach its end."""
    from lib import engine
    from lib.kernels import KernelSource

    with KernelSource(forking=False) as kernels:  # each as fresh as a person's and nbval's
        outcome = engine.execute(
            notebook,
            output,
            values,
            cwd=NOTEBOOKS,
            listener=lambda _: None,
            execution=notebook.stem,
            time_limit=TIME_LIMIT,
            kernels=kernels,
        )
    if outcome.status != "done":
        raise RuntimeError(f"{notebook.name} with {dict(values)} ended as {outcome.status}: {outcome.message}")


def train_others(outputs: Path) -> None:
    """Train the candidates that 05_evaluation compares and that one execution of 04_training leaves out."""
    training, evaluation = (NOTEBOOKS / f"{name}.ipynb" for name in (TRAINING, EVALUATION))
    trained = parameters.of_notebook(training)["candidate"].default
    for name in parameters.of_notebook(evaluation)["candidates"].default:
        if name != trained:
            # on a busy machine a budget of seconds would cut the search short, and 05_evaluation show other numbers
            execute(training, outputs / f"{name}.ipynb", {"candidate": name, "search_seconds": float(TIME_LIMIT)})


def strip(notebooks: Iterable[Path]) -> None:
    """Remove from the notebooks, in place, what changes from one execution to the next."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    entry = next(hook["entry"] for hook in hooks if hook["id"] == "nbstripout")
    options = shlex.split(entry)[3:]
    notebooks = list(notebooks)
    subprocess.run([sys.executable, "-m", "nbstripout", *options, *map(str, notebooks)], check=True)
    for notebook in notebooks:
        _drop_empty_tags(notebook)


def _drop_empty_tags(notebook: Path) -> None:
    """Take away the empty list that papermill gives to each cell, and that no other tool writes."""
    stored = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in stored["cells"]:
        if not cell["metadata"].get("tags", True):
            del cell["metadata"]["tags"]
    text = json.dumps(stored, indent=1, ensure_ascii=False) + "\n"
    notebook.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    """Execute all notebooks on their defaults and store them with what they show now."""
    outputs = ROOT / "store" / "runs" / "by-hand-outputs"
    outputs.mkdir(parents=True, exist_ok=True)
    with fresh_folder():
        for notebook in stages():
            if notebook.stem == EVALUATION:
                train_others(outputs)
            print(notebook.name, flush=True)
            execute(notebook, notebook, {})
    _remove(outputs)
    strip(stages())


def _remove(folder: Path) -> None:
    import shutil

    if folder.exists():
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
