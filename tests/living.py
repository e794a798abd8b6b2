"""A small project with a champion in use: real registry and databases, two short notebooks in the place of five."""

import json
import sys
from pathlib import Path

import miniature
import numpy as np
import pandas as pd

from lib import champion, database, predictions, project, runner, windows
from lib.project import Project

ROOT = Path(__file__).parent.parent
NAME = "t-y"
START = "2013-01-01"

DESIGN_CELLS = [
    "from lib import data as tables\nfrom lib import design, files, results, splitting",
    "reading = tables.read_table(data, target, gaps=gaps)",
    (
        "purpose = {'objective': objective, 'users': users, 'decision': decision, 'model_name': model_name}\n"
        "question = {'target': target, 'task': task, 'positive': positive, 'keep': keep, 'exclude': exclude}\n"
        "columns = {'time_column': time_column, 'group_column': group_column, 'missingness_leaks': missingness_leaks}\n"
        "bar = {'metric': metric, 'threshold': threshold, 'least_gain': least_gain, 'slices': slices}\n"
        "bar |= {'slice_loss': slice_loss, 'cost_false_positive': cost_false_positive}\n"
        "limits = {'cost_false_negative': cost_false_negative, 'latency_ms': latency_ms, 'memory_mb': memory_mb}\n"
        "limits |= {'model_mb': model_mb, 'retraining_budget': retraining_budget}\n"
        "rows = {'strategy': strategy, 'validation_size': validation_size, 'test_size': test_size}"
    ),
    "contract = design.contract(data, reading.table, **purpose, **question, **columns, **bar, **limits, **rows)",
    "goes_by = {name: contract[name] for name in ('time_column', 'group_column', 'target')}",
    "role = splitting.split(reading.table, **goes_by, **contract['split'])",
    (
        "files.write(run_dir, files.DESIGN, contract)\n"
        "files.write(run_dir, files.TABLE, reading.table)\n"
        "files.write(run_dir, files.SPLIT, role.to_frame())\n"
        "files.write(run_dir, files.READING, reading.spec)\n"
        "results.write(run_dir, '01_design', metrics={'n_samples': len(reading.table)})"
    ),
]
EVALUATION_CELLS = [
    'run_dir: str = "x"  # folder\nrandom_state: int = 0  # seed',
    "from lib import bootstrap, checks, comparison, files, results, scoring, trainer, training",
    "contract = files.read(run_dir, files.DESIGN)\ntable = files.read(run_dir, files.TABLE)",
    "role = files.read(run_dir, files.SPLIT)['role']\nlearn, test = table[role != 'test'], table[role == 'test']",
    "recipe = trainer.make_recipe(learn, contract)\nmodel = training.make_candidate('linear', contract, recipe)",
    "model = training.fit(model, learn, contract, recipe, 'linear')",
    (
        "truth = scoring.encode(contract, test[contract['target']])\n"
        "said = scoring.predict(contract, model, test[contract['features']])\n"
        "score = bootstrap.score_interval(contract['metric'], truth, said)"
    ),
    (
        "reigns = files.exists(run_dir, files.CHAMPION_MODEL)\n"
        "champion = files.read(run_dir, files.CHAMPION_MODEL) if reigns else None\n"
        "info = files.read(run_dir, files.CHAMPION_INFO) if reigns else {}\n"
        "rival, found = comparison.champion_prediction(contract, champion, info, test)\n"
        "lead = None if rival is None else comparison.gain(contract['metric'], truth, said, rival)\n"
        "found += comparison.duel_checks(lead, metric=contract['metric'], least_gain=contract['least_gain'])"
    ),
    (
        "told = {'chosen': 'linear', 'trained_until': learn[contract['time_column']].max(), 'test': vars(score)}\n"
        "told |= {'champion': {'gain': vars(lead)} if lead else None, 'slices': [], 'decision_threshold': None}\n"
        "told |= {'metric': contract['metric'], 'model_name': contract['model_name']}\n"
        "told |= {'importance': [{'column': name, 'loss': 0.1, 'spread': 0.01} for name in contract['features']]}\n"
        "told |= {'candidates': [{'candidate': 'linear', 'score': score.value, 'low': score.low, 'high': score.high}]}"
    ),
    (
        "files.write(run_dir, files.RECIPE, recipe)\nfiles.write(run_dir, files.TRAIN, learn)\n"
        "files.write(run_dir, files.TEST, test)\n"
        "files.write(run_dir, files.MODEL, model)\nfiles.write(run_dir, files.EVALUATION, told)\n"
        "results.write(run_dir, '05_evaluation', metrics={'score': score.value}, checks=found)"
    ),
    "checks.require(found)",
]


def table(
    n: int = 300, *, start: str = START, sign: int = 1, noise: float = 0.7, shuffled: bool = False, seed: int = 0
) -> pd.DataFrame:
    """Return rows, an hour apart, whose target follows one column, or its opposite, or nothing at all."""
    draw = np.random.default_rng(seed)
    at = pd.date_range(start, periods=n, freq="h")
    x = draw.normal(size=n)
    y = (sign * x + noise * draw.normal(size=n) > 0).astype("int64")
    return pd.DataFrame({"at": at, "x": x, "z": draw.normal(size=n), "y": draw.permutation(y) if shuffled else y})


def make(root: Path, mlflow_store: Path, *, budget: int = 2) -> Project:
    """Write the project, run it once, and return it with a champion."""
    parameters = miniature_parameters(ROOT / "notebooks" / "01_design.ipynb")
    miniature.write_notebook(root / "notebooks" / "01_design.ipynb", [parameters, *DESIGN_CELLS])
    miniature.write_notebook(root / "notebooks" / "05_evaluation.ipynb", EVALUATION_CELLS)
    (root / "lib").symlink_to(ROOT / "lib", target_is_directory=True)
    table().to_parquet(root / "notebooks" / "t.parquet", index=False)
    made = project.at(root, mlflow_store, root / "reports")
    given = {"data": str(root / "notebooks" / "t.parquet"), "target": "y", "time_column": "at"}
    given |= {"retraining_budget": str(budget), "threshold": "0.6", "model_name": NAME}
    runner.run(made, runner.Request(given), lambda event: None)
    assert champion.current(made.store, NAME).version == 1
    return made


def miniature_parameters(notebook: Path) -> str:
    """Return the parameters cell of a real notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", []))


def live(made: Project, *, month: int, n: int = 600, **given) -> None:
    """Let a month of rows, as `table` makes them, be predicted, labelled and monitored, with an alarm that stands."""
    start = f"2013-{month:02d}-01"
    rows = table(n, start=start, seed=month, **given)
    keys = pd.Index([f"{month}-{i}" for i in range(n)], name="row_key")
    scored = pd.DataFrame({"event_time": rows["at"].to_numpy(), "prediction": "1", "probability": 0.5}, index=keys)
    scored["prediction"] = scored["prediction"].astype("str")
    origin = predictions.Origin(f"month {month}", champion.current(made.store, NAME).version)
    inputs = rows[["x", "z"]].set_axis(keys)
    predictions.write(made.store, NAME, scored, origin, inputs)
    predictions.label(made.store, NAME, pd.Series(rows["y"].astype(str).to_numpy(), index=keys))
    alarm(made, month=month, n=n)


def alarm(made: Project, *, month: int, n: int = 600, name: str = "performance") -> None:
    """Let an alarm stand in the window of a month."""
    start = f"2013-{month:02d}-01"
    standing = {"name": name, "severity": "stop", "what": f"The score fell in month {month}.", "since": start}
    shares = {"edges": [0.0, 0.5, 1.0], "shares": [0.5, 0.5]}
    drifted = {"column": "x", "kind": "number", "measure": "psi", "effect": 0.3, "p_value": 0.0, "drifted": True}
    drifted |= {"in_words": "x has moved", "reference": shares, "current": shares}
    score = {"metric": "roc_auc", "value": 0.5, "low": 0.4, "high": 0.6, "n": n}
    payload = {"alarms": [standing], "drift": [drifted], "slices": [], "start": start, "end": start, "n": n}
    payload |= {"performance": score, "estimated": None, "prediction": None, "quality": [], "service": None}
    payload |= {"healthy": False, "in_words": "The score fell."}
    end = f"2013-{month + 1:02d}-01T00:00:00"
    windows.write(database.connect(made.store), [windows.Window(NAME, 1, f"{start}T00:00:00", end, n, payload)])


def turn(root: str, store: str, die_at: str) -> None:
    """Make a turn in this process, and kill it where a step begins, or where the run has done a stage."""
    from lib import cycle

    made = project.at(Path(root), Path(store), Path(root) / "reports")

    def die(step: str) -> None:
        if step == die_at:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGKILL)

    found = cycle.turn(
        made, cycle.Asked(), lambda: die("watching"), lambda event: die(f"{event.kind} {event.execution}"), die
    )
    print(found.status, found.version)


if __name__ == "__main__":
    turn(*sys.argv[1:])
