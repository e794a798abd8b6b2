"""What the README tells a newcomer to do, done: in a folder with an uneasy name, with a candidate and a stage more."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lib import database

ROOT = Path(__file__).parent.parent


@pytest.fixture
def clone(tmp_path):
    """Return a copy of what is in the repository, in a folder with spaces and letters beyond ASCII in its path."""
    made = tmp_path / "caja de ñandú" / "cuaderno"
    known = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, known.split("\0")):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, made / name)
    return made


def command(clone, *arguments):
    named = ("CUADERNO_STORE", "CUADERNO_REPORTS", database.ADDRESS)
    environment = {name: value for name, value in os.environ.items() if name not in named}
    line = [sys.executable, "pipeline.py", *arguments]
    done = subprocess.run(  # what it says is shown where it fails
        line, check=False, cwd=clone, env=environment, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_command_alone_names_the_first_command_in_any_folder(clone):
    assert "pipeline.py run" in command(clone)


def test_a_candidate_is_a_builder_and_a_name(clone):
    change(
        clone / "lib" / "training.py",
        "CANDIDATES: dict[str, Candidate] = {",
        "def make_again(design, recipe, random_state):\n    return make_linear(design, recipe, random_state)\n\n\n"
        'CANDIDATES: dict[str, Candidate] = {\n    "again": Candidate(make_again),',
    )
    change(clone / "notebooks" / "05_evaluation.ipynb", r"list = [\"constant\", ", r"list = [\"constant\", \"again\", ")
    planned = [each["name"] for each in json.loads(command(clone, "run", "--dry-run", "--json"))]
    assert "04_training/again" in planned and planned[-1] == "05_evaluation"


def test_a_stage_is_a_notebook_that_reads_and_writes_files(clone):
    change(clone / "lib" / "files.py", 'EVALUATION = "', 'LETTER = "letter.json"\nEVALUATION = "')
    cells = [
        ('run_dir: str = "../store/runs/by-hand"  # folder of the run', ["parameters"]),
        ("from lib import files, results", []),
        ("evaluation = files.read(run_dir, files.EVALUATION)", []),
        ('files.write(run_dir, files.LETTER, {"chosen": evaluation["chosen"]})', []),
        ('results.write(run_dir, "07_letter")', []),
    ]
    notebook = json.loads((clone / "notebooks" / "05_evaluation.ipynb").read_text(encoding="utf-8"))
    notebook["cells"] = [
        {"cell_type": "code", "id": f"cell-{n}", "metadata": {"tags": tags}, "source": source, "outputs": [],
         "execution_count": None}
        for n, (source, tags) in enumerate(cells)
    ]  # fmt: skip
    (clone / "notebooks" / "07_letter.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    planned = [each["name"] for each in json.loads(command(clone, "run", "--dry-run", "--json"))]
    assert planned[-2:] == ["05_evaluation", "07_letter"]
