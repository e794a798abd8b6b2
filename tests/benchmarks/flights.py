"""A whole run on the flights table, and the code of its notebooks in one process."""

import sys
from pathlib import Path

from workspace import ROOT, Way

_REFERENCE = """
import builtins, os, sys
from pathlib import Path
os.environ["MPLBACKEND"] = "Agg"
os.chdir({notebooks!r})
builtins.display = lambda *values, **options: None
from lib import parameters
from lib.errors import GateRefused
run_dir = {run_dir!r}
paths = sorted(Path(".").glob("0[1-5]*.ipynb"))
known = {{path.stem: parameters.of_notebook(path) for path in paths}}
values = parameters.resolve(known, {{"sample": {sample}}})
def execute(path, **more):
    names = {{}}
    for cell in parameters.cells(path):
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
            if "parameters" in cell["metadata"].get("tags", []):
                names.update(values[path.stem], run_dir=run_dir, **more)
try:
    for path in paths:
        if path.stem == "04_training":
            for candidate in values["05_evaluation"]["candidates"]:
                execute(path, candidate=candidate)
        else:
            execute(path)
except GateRefused:
    sys.exit(3)
"""


def ways(folder: Path, sample: int) -> list[Way]:
    """Return the notebooks' code in one process, and the run."""
    script = folder / "reference.py"
    run_dir = folder / "run"
    script.write_text(_REFERENCE.format(notebooks=str(ROOT / "notebooks"), run_dir=str(run_dir), sample=sample))
    store, reports = folder / "store", folder / "reports"
    command = [sys.executable, "pipeline.py", "run", "--store", str(store), "--reports", str(reports)]
    fresh = (store / "cache", store / "runs", reports)
    return [
        Way("the notebooks' code in one process", [sys.executable, str(script)], ROOT, (run_dir,)),
        Way("Cuaderno: pipeline.py run", [*command, "-p", f"sample={sample}"], ROOT, fresh),
        Way("Cuaderno: nothing to do", [*command, "-p", f"sample={sample}"], ROOT),
    ]
