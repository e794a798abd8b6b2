"""A tiny project of four notebooks and a small `lib`, to plan and run in seconds."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from lib import cache, parameters, project, runner
from lib.project import Project
from lib.staleness import REUSE, RUN, State

LIB = {
    "__init__": f"""
        # What a kernel needs of the real package beside the modules here.
        __path__.append({str(Path(project.__file__).parent)!r})
    """,
    "errors": """
        class CuadernoError(Exception): pass
        class GateRefused(CuadernoError): pass
        class InputError(CuadernoError): pass
    """,
    "files": """
        import json
        from pathlib import Path

        DESIGN = "01_design/design.json"
        ROWS = "02_clean/rows.json"
        CANDIDATE_MODEL = "03_train/{candidate}/model.json"
        CHAMPION_MODEL = "champion/model.skops"
        REPORT = "04_compare/report.json"

        def read(run_dir, name, **fields):
            return json.loads((Path(run_dir) / name.format(**fields)).read_text())

        def exists(run_dir, name, **fields):
            return (Path(run_dir) / name.format(**fields)).exists()

        def write(run_dir, name, value, **fields):
            target = Path(run_dir) / name.format(**fields)
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name("." + target.name)
            part.write_text(json.dumps(value))
            part.replace(target)
    """,
    "results": """
        from lib import files

        def write(run_dir, stage, *, metrics=None, checks=()):
            value = {"stage": stage, "metrics": metrics or {}, "checks": list(checks), "tables": {}, "figures": [],
                     "notes": {}}
            files.write(run_dir, f"{stage}/results.json", value)
    """,
    "checks": """
        from lib.errors import GateRefused

        def require(good):
            if not good:
                raise GateRefused("the gate refused: found 0, allowed 1.")
    """,
    "table": """
        from lib import words

        def read(path):
            with open(path) as stream:
                return [words.strip(line) for line in stream][1:]
    """,
    "words": """
        BLANKS = " \\n"

        def strip(text):
            return text.strip(BLANKS)

        def upper(text):
            return text.upper()
    """,
    "cleaning": """
        from lib import words

        LIMIT = 3

        def clean(rows):
            # the longest first
            return sorted(set(rows), key=len)[:LIMIT]

        def select_by_vif(rows):
            return rows[:1]

        def unused(rows):
            return words.upper(rows[0])
    """,
    "training": """
        def fit(name, rows, seed):
            return {"name": name, "score": len(rows) + len(name) + 0 * seed}
    """,
}

NOTEBOOKS = {
    "01_design": [
        'data: str = "table.csv"  # the table\nleast: int = 1  # rows\nrun_dir: str = "x"  # folder',
        "from lib import checks, files, results, table",
        "rows = table.read(data)",
        (
            'files.write(run_dir, files.DESIGN, {"rows": rows, "model_name": "cuaderno"})\n'
            'results.write(run_dir, "01_design")'
        ),
        "checks.require(len(rows) >= least)",
    ],
    "02_clean": [
        'run_dir: str = "x"  # folder\nupper: bool = False  # case',
        "from lib import cleaning, files, results",
        'rows = cleaning.clean(files.read(run_dir, files.DESIGN)["rows"])',
        'files.write(run_dir, files.ROWS, rows)\nresults.write(run_dir, "02_clean")',
    ],
    "03_train": [
        'run_dir: str = "x"  # folder\ncandidate: str = "a"  # which\nseed: int = 0  # of all that draws',
        "from lib import cleaning, files, results, training",
        "rows = cleaning.select_by_vif(files.read(run_dir, files.ROWS))",
        "model = training.fit(candidate, rows, seed)",
        (
            "files.write(run_dir, files.CANDIDATE_MODEL, model, candidate=candidate)\n"
            'results.write(run_dir, f"03_train/{candidate}")'
        ),
    ],
    "04_compare": [
        'run_dir: str = "x"  # folder\ncandidates: list = ["a", "bb"]  # to compare',
        "import json\nfrom lib import files, results",
        "rows = files.read(run_dir, files.ROWS)",
        "models = [files.read(run_dir, files.CANDIDATE_MODEL, candidate=name) for name in candidates]",
        (
            'champion = {"score": 0}\nif files.exists(run_dir, files.CHAMPION_MODEL):\n'
            "    champion = files.read(run_dir, files.CHAMPION_MODEL)"
        ),
        (
            'best = max(models, key=lambda model: model["score"])\n'
            'files.write(run_dir, files.REPORT, {"best": best})\nresults.write(run_dir, "04_compare")'
        ),
    ],
}
ALL = ["01_design", "02_clean", "03_train/a", "03_train/bb", "04_compare"]


def make(root: Path) -> Project:
    """Write the miniature project and return it, with a store and reports of its own."""
    for name, source in LIB.items():
        write(root / "lib" / f"{name}.py", dedent(source).lstrip())
    for name, sources in NOTEBOOKS.items():
        write_notebook(root / "notebooks" / f"{name}.ipynb", sources)
    write(root / "notebooks" / "table.csv", "word\nthe\nfoggy\nbottom\nof\nit\n")
    return project.at(root, root / "store", root / "reports")


def write(path: Path, text: str) -> None:
    """Write a text, and the folder that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_notebook(path: Path, sources: list[str]) -> None:
    """Write a notebook whose first cell is its parameters, with a line of prose before each cell."""
    cells = []
    for number, source in enumerate(sources):
        tags = {"tags": ["parameters"]} if number == 0 else {}
        cells.append({"cell_type": "markdown", "id": f"p{number}", "metadata": {}, "source": "Look at this."})
        cells.append(
            {
                "cell_type": "code",
                "id": f"c{number}",
                "execution_count": None,
                "metadata": tags,
                "outputs": [],
                "source": source,
            }
        )
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    write(path, json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that a file has once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path} has {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def assess(mini: Project, given: Mapping[str, Any] | None = None) -> dict[str, tuple[str, str]]:
    """Return, for each execution that is not up to date, what would be done and why."""
    _, states = runner.assess(mini, runner.Request(given or {}))
    return {s.execution.name: (s.action, "; ".join(s.reasons)) for s in states if s.action != REUSE}


def bring(mini: Project, given: Mapping[str, Any] | None = None) -> list[str]:
    """Bring a miniature up to date without kernels, in this process, and return the names of what was executed."""
    judge, states = runner.assess(mini, runner.Request(given or {}))
    judge, executed = judge.afresh(), []
    for execution in (state.execution for state in states):
        state = judge.judge(execution, thorough=True)
        entry = state.entry or _execute(mini, state)
        executed += [execution.name] if state.action == RUN else []
        cache.remember(mini.cache, execution.stage, execution.name, entry)
        judge.learn(State(execution, REUSE, entry=entry))
    judge.save()
    return executed


def _execute(mini: Project, state: State) -> cache.Entry:
    execution, run_dir = state.execution, mini.runs / "in-process"
    report = mini.reports / "in-process" / f"{execution.name}.ipynb"
    write(report, execution.notebook.read_text(encoding="utf-8"))
    names = {**execution.values, parameters.RUN_DIR: str(run_dir)}
    with _library(mini.root):
        for cell in execution.code.cells:
            exec(compile(cell, execution.name, "exec"), names)  # noqa: S102  the cells are those above
    told = {"run_id": "in-process", "execution": execution.name, "outcome": "done", "message": "", "seconds": 0.1}
    place = cache.Place(mini.cache, execution.stage, state.key)
    return cache.save(place, run_dir, execution.folders, report, told)


@contextmanager
def _library(root: Path) -> Iterator[None]:
    """Let `lib` be the miniature's for the time of a block."""
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if name == "lib" or name.startswith("lib.")}
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))
        for name in [name for name in sys.modules if name == "lib" or name.startswith("lib.")]:
            del sys.modules[name]
        sys.modules.update(ours)


def command(root: Path, *arguments: str) -> list[str]:
    """Return the command line that runs `pipeline.py` on a miniature."""
    return [sys.executable, __file__, str(root), *arguments]


def main(root: str, *arguments: str) -> None:
    """Run the real command line on a miniature, whose `lib` is that of the kernels only."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    import pipeline

    os.environ["PYTHONPATH"] = root
    os.chdir(Path(root) / "notebooks")
    pipeline.ROOT = Path(root)
    sys.argv = ["pipeline.py", *arguments]
    pipeline.entry()


if __name__ == "__main__":
    main(*sys.argv[1:])
