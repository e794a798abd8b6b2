"""The whole first half of the cycle by the command line, on a small table of somebody's own."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import tracking

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = {"01_design", "02_eda", "03_cleaning", "constant", "rule", "boosting", "05_evaluation"}
QUICK = ("-p", "search_trials=1", "-p", "candidates=[constant, rule, boosting]")


def table(n_samples=1500):
    """Return rows whose target needs more than one column to be told."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_samples, 4))
    group = rng.choice(list("abc"), n_samples)
    sold = x[:, 0] + x[:, 1] * x[:, 2] + (group == "a") + rng.normal(scale=0.7, size=n_samples) > 0.3
    frame = pd.DataFrame(x, columns=["price", "age", "size", "noise"]).assign(group=group)
    frame["price"] = frame["price"].mask(rng.random(n_samples) < 0.1)
    return frame.assign(sold=np.where(sold, "yes", "no"))


def verb(folder, *arguments, status=0):
    where = ["--store", folder / "store"]
    where += ["--reports", folder / "reports"] if arguments[0] in ("run", "status") else []
    done = subprocess.run(
        [sys.executable, "pipeline.py", *arguments, *where],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """Return a folder with a table and what one command has made of it, and what the command said."""
    folder = tmp_path_factory.mktemp("mine")
    table().to_csv(folder / "mine.csv", index=False)
    asked = ("run", "-p", f"data={folder / 'mine.csv'}", "-p", "target=sold", *QUICK)
    return folder, asked, verb(folder, *asked)


def test_one_command_takes_a_table_to_a_champion(mine):
    folder, _, said = mine
    assert "version 1 is champion" in said.stdout and "on the test rows" in said.stdout
    assert "passed   beats the rule by more than chance" in said.stdout
    assert list((folder / "store" / "champion").glob("*/champion.json"))


def test_mlflow_has_each_executed_notebook_with_its_page(mine):
    for suffix in (".ipynb", ".html"):
        assert {path.stem for path in (mine[0] / "store" / "artifacts").rglob(f"*{suffix}")} == NOTEBOOKS


def test_all_that_the_champion_is_made_of_is_found_from_its_version(mine):
    client = tracking.connect(mine[0] / "store").client
    (model,) = client.search_registered_models()
    version = client.get_model_version(model.name, model.aliases["champion"])
    made = client.get_run(version.run_id)
    children = client.search_runs([made.info.experiment_id], f"tags.`mlflow.parentRunId` = '{version.run_id}'")
    files = {file.path for run in [made, *children] for file in client.list_artifacts(run.info.run_id)}
    assert {f"{name}.ipynb" for name in NOTEBOOKS} | {"packages.json", "parameters.json", "design.json"} <= files
    hashes = {f"sha256.{name}" for name in ("data", "split", "preprocessor", "design", "model")}
    assert hashes | {"git.commit", "cuaderno.checks", "cuaderno.key"} <= version.tags.keys()


def test_the_page_of_the_run_says_what_became_of_it(mine):
    (page,) = (mine[0] / "reports").glob("*/report.html")
    assert "Version 1 is champion." in page.read_text(encoding="utf-8")


def test_the_same_command_again_executes_nothing(mine):
    folder, asked, _ = mine
    told = json.loads(verb(folder, *asked, "--json").stdout)
    assert not told["new"] and {each["action"] for each in told["executions"]} == {"reused"}


def test_nothing_of_the_demo_is_in_the_contract_of_another_table(mine):
    (path,) = (mine[0] / "store" / "runs").glob("*/01_design/design.json")
    design = path.read_text(encoding="utf-8").lower()
    assert not re.findall(r"flights?|\blate\b|airlines?|carrier|origin\b", design)


def test_history_and_status_tell_of_the_champion(mine):
    folder, asked, _ = mine
    (told,) = json.loads(verb(folder, "history", "--json").stdout)
    assert told["kind"] == "promotion" and told["to_version"] == 1
    assert "version 1 of" in verb(folder, "status", *asked[1:]).stdout


def test_status_alone_is_about_the_newest_run_and_names_its_parameters(mine):
    folder = mine[0]
    told, text = json.loads(verb(folder, "status", "--json").stdout), verb(folder, "status").stdout
    assert {each["action"] for each in told["executions"]} == {"reuse"} and told["parameters"]["target"] == "sold"
    assert text.startswith("Asked for with -p data=") and "target=sold" in text.splitlines()[0]


def test_a_rollback_without_a_champion_before_is_wrong_use(mine):
    assert "error:" in verb(mine[0], "rollback", "--reason", "A try.", status=2).stderr


@pytest.mark.parametrize(
    "asked",
    [
        ("score", "--data", "flights:2013-07"),
        ("labels", "--data", "flights:2013-07"),
        ("serve",),
        ("monitor",),
        ("rollback", "--reason", "to see"),
        ("cycle",),
        ("cycle", "--dry-run"),
    ],
    ids=" ".join,
)
def test_a_verb_that_needs_a_model_leaves_nothing_where_there_is_none(tmp_path, asked):
    said = verb(tmp_path, *asked, status=2)
    assert "There is nothing in" in said.stderr and "pipeline.py run" in said.stderr
    assert "Traceback" not in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_history_without_a_store_is_empty_and_stays_so(tmp_path):
    assert json.loads(verb(tmp_path, "history", "--json").stdout) == []
    assert list(tmp_path.iterdir()) == []


def test_a_program_is_told_of_a_failure_in_the_form_that_it_asked_for(tmp_path):
    said = verb(tmp_path, "score", "--data", "flights:2013-07", "--json", status=2)
    told = json.loads(said.stdout)
    assert told["exit_status"] == 2 and told["error"] in said.stderr


def test_a_version_that_was_kept_out_is_named_beside_the_champion(mine):
    folder, asked, _ = mine
    verb(folder, *asked, "-p", "refit=false", status=3)
    lines = [line.split() for line in verb(folder, "status").stdout.splitlines()]
    champion, challenger = (next(line for line in lines if line[:1] == [alias]) for alias in ("champion", "challenger"))
    assert champion[1:4] == ["version", "1", "of"] and challenger[1:4] == ["version", "2", "of"]
    assert champion[4] == challenger[4]
