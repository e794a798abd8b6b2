"""What has to be executed again after each kind of change, and the reason given; nothing more, nothing less."""

import importlib
import json
import os
import sys
import time

import miniature
import pytest
from miniature import ALL, edit, write

from lib import cache, keys, runner
from lib.errors import InputError

TRAINING = ["03_train/a", "03_train/bb"]
AFTER_DESIGN = dict.fromkeys(ALL[1:], "depends")
AFTER_CLEAN = dict.fromkeys(ALL[2:], "depends")


@pytest.fixture
def mini(tmp_path, monkeypatch):
    """A miniature project of which every stage is up to date."""
    # Python tells bytecode from its source by size and second: a module edited right after its import would be taken
    # for the old one.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = miniature.make(tmp_path)
    monkeypatch.chdir(made.notebooks)
    miniature.bring(made)
    return made


def notebook(name):
    return lambda old, new: lambda mini: edit(mini.notebooks / f"{name}.ipynb", old, new)


def library(name):
    return lambda old, new: lambda mini: edit(mini.library / f"{name}.py", old, new)


def given(**values):
    return lambda mini: values


def prose(mini):
    text = (mini.notebooks / "02_clean.ipynb").read_text(encoding="utf-8")
    write(mini.notebooks / "02_clean.ipynb", text.replace("Look at this.", "Look at that."))


def stored_output(mini):
    path = mini.notebooks / "02_clean.ipynb"
    found = json.loads(path.read_text(encoding="utf-8"))
    found["cells"][3] |= {"execution_count": 7, "outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}]}
    write(path, json.dumps(found))


def another_row(mini):
    write(mini.notebooks / "table.csv", "word\nthe\nfoggy\nbottom\nof\nit\nwonderfully\n")


def other_order(mini):
    write(mini.notebooks / "table.csv", "word\nfoggy\nthe\nbottom\nof\nit\n")


def touched(mini):
    os.utime(mini.notebooks / "table.csv", (1e9, 1e9))


def renamed(mini):
    (mini.notebooks / "02_clean.ipynb").rename(mini.notebooks / "02_tidy.ipynb")


def another_module(mini):
    write(mini.library / "unrelated.py", "import words\n")


def transitive_module(mini):
    # 02_clean asks for cleaning, which asks for words, which now asks for a module of its own.
    edit(mini.library / "words.py", 'BLANKS = " \\n"', "from lib import marks\n\nBLANKS = marks.BLANKS")
    write(mini.library / "marks.py", 'BLANKS = " \\n"\n')


def champion(mini):
    _champion(mini, {"base_key": "b", "key": "k"})


def own_champion(mini):
    told = cache.last(mini.cache, "04_compare", "04_compare")
    _champion(mini, {"base_key": told["base_key"], "key": told["key"]})


def _champion(mini, keys):
    write(mini.store / "champion" / "cuaderno" / "champion.json", json.dumps({"sha256": "s", **keys}))


def damaged(mini):
    key = cache.last(mini.cache, "02_clean", "02_clean")["key"]
    write(mini.cache / "02_clean" / key / "files" / "02_clean" / "rows.json", "[1]")


def lost(mini):
    key = cache.last(mini.cache, "03_train", "03_train/bb")["key"]
    (mini.cache / "03_train" / key / "manifest.json").unlink()


MUTATIONS = {
    "nothing": (lambda mini: None, {}, []),
    "a value in a code cell": (
        notebook("01_design")('{\\"rows\\": rows, ', '{\\"rows\\": rows[:4], '),
        {"01_design": ("run", "code cell 3 changed"), **AFTER_DESIGN},
        ["01_design", "02_clean", *TRAINING, "04_compare"],
    ),
    "a comment in a code cell": (
        notebook("02_clean")("rows = cleaning.clean(", "# the longest\\n\\nrows = cleaning.clean("),
        {},
        [],
    ),
    "prose": (prose, {}, []),
    "a stored output": (stored_output, {}, []),
    "a parameter": (
        given(seed="7"),
        dict.fromkeys(TRAINING, ("run", "parameter seed: 0 became 7")) | {"04_compare": "depends"},
        TRAINING,
    ),
    "a default": (
        notebook("03_train")("seed: int = 0", "seed: int = 7"),
        dict.fromkeys(TRAINING, ("run", "parameter seed: 0 became 7")) | {"04_compare": "depends"},
        TRAINING,
    ),
    "the help of a parameter": (notebook("03_train")("# of all that draws", "# for chance"), {}, []),
    "a default that was given": (lambda mini: {"seed": "0"}, {}, []),
    "a row of the data": (
        another_row,
        {"01_design": ("run", "the source table changed"), **AFTER_DESIGN},
        ["01_design", "02_clean"],
    ),
    "the order of the rows": (
        other_order,
        {"01_design": ("run", "the source table changed"), **AFTER_DESIGN},
        ["01_design", "02_clean"],
    ),
    "a data file that was touched": (touched, {}, []),
    "a function of lib that a stage uses": (
        library("cleaning")("return rows[:1]", "return rows[:2]"),
        dict.fromkeys(TRAINING, ("run", "lib/cleaning.py: function select_by_vif changed")) | {"04_compare": "depends"},
        [*TRAINING, "04_compare"],
    ),
    "a constant of lib that a stage uses": (
        library("cleaning")("LIMIT = 3", "LIMIT = 4"),
        {"02_clean": ("run", "lib/cleaning.py: constant LIMIT changed"), **AFTER_CLEAN},
        None,
    ),
    "a function of lib that no stage uses": (library("cleaning")("rows[0]", "rows[1]"), {}, []),
    "a comment in lib": (library("cleaning")("# the longest first", "# long ones first"), {}, []),
    "a docstring in lib": (library("cleaning")("def clean(rows):", 'def clean(rows):\n    """Clean."""'), {}, []),
    "code that runs at import": (
        library("training")("def fit(", "print('here')\n\ndef fit("),
        dict.fromkeys(TRAINING, ("run", "lib/training.py: code run at import is now used")) | {"04_compare": "depends"},
        TRAINING,
    ),
    "a function that another module uses": (
        library("words")("return text.strip(BLANKS)", "return text.strip(BLANKS).lower()"),
        {"01_design": ("run", "lib/words.py: function strip changed"), **AFTER_DESIGN},
        ["01_design"],
    ),
    "an import of an import": (
        transitive_module,
        {"01_design": ("run", "lib/words.py: constant BLANKS changed"), **AFTER_DESIGN},
        ["01_design"],
    ),
    "a module that nothing imports": (another_module, {}, []),
    "how lib writes": (
        library("files")("part.write_text(json.dumps(value))", "part.write_text(json.dumps(value, indent=1))"),
        dict.fromkeys(ALL, ("run", "lib/files.py: function write changed")),
        ALL,
    ),
    "how lib checks": (
        library("checks")("if not good:", "if good is False:"),
        {"01_design": ("run", "lib/checks.py: function require changed"), **AFTER_DESIGN},
        ["01_design"],
    ),
    "a notebook's name": (
        renamed,
        {"02_tidy": ("run", "it was never run"), **AFTER_CLEAN},
        ["02_tidy"],
    ),
    "a candidate more": (
        given(candidates="a,bb,ccc"),
        {
            "03_train/ccc": ("run", "it was never run"),
            "04_compare": ("run", "parameter candidates: ['a', 'bb'] became ['a', 'bb', 'ccc']"),
        },
        ["03_train/ccc", "04_compare"],
    ),
    "a candidate fewer": (
        given(candidates="a"),
        {
            "04_compare": (
                "run",
                "parameter candidates: ['a', 'bb'] became ['a']; input 03_train/bb/model.json is no longer read",
            )
        },
        ["04_compare"],
    ),
    "another champion": (champion, {"04_compare": ("run", "input champion/model.skops is new")}, None),
    "its own result as champion": (own_champion, {}, []),
    "a file in the cache": (
        damaged,
        {"02_clean": ("run", "02_clean/rows.json in the cache is not what was written"), **AFTER_CLEAN},
        ["02_clean"],
    ),
    "an entry of the cache": (
        lost,
        {"03_train/bb": ("run", "its outputs are no longer in the cache"), "04_compare": "depends"},
        ["03_train/bb"],
    ),
}
TABLE = MUTATIONS


@pytest.mark.parametrize("name", TABLE)
def test_after_a_change_exactly_what_it_touches_is_stale_and_says_why(mini, name):
    change, expected, _ = TABLE[name]
    found = miniature.assess(mini, change(mini))
    wanted = {name: told if isinstance(told, tuple) else (told, found[name][1]) for name, told in expected.items()}
    assert found == wanted


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row[2] is not None])
def test_a_rerun_goes_no_further_than_the_results_that_differ(mini, name):
    change, _, executed = TABLE[name]
    values = change(mini)
    assert miniature.bring(mini, values) == executed
    assert miniature.assess(mini, values) == {}


@pytest.mark.parametrize("variable", ["TZ", "OMP_NUM_THREADS", "MLFLOW_RUN_ID", "PYTHONHASHSEED"])
def test_an_environment_variable_makes_nothing_stale(mini, monkeypatch, variable):
    monkeypatch.setenv(variable, "3")
    assert miniature.assess(mini) == {}


def test_the_working_directory_makes_nothing_stale(mini, monkeypatch):
    values = {"data": str(mini.notebooks / "table.csv")}
    miniature.bring(mini, values)
    monkeypatch.chdir("/")
    assert miniature.assess(mini, values) == {}


def test_the_clock_makes_nothing_stale(mini, monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1e6)
    monkeypatch.setattr(time, "time_ns", lambda: int((now + 1e6) * 1e9))
    assert miniature.assess(mini) == {}


def test_the_version_of_a_package_makes_those_stale_that_import_it_however_indirectly(mini, monkeypatch, tmp_path):
    edit(mini.library / "training.py", "def fit(", "import tinynumbers\n\ndef fit(")
    _install(tmp_path / "site", "tinynumbers", "1.0", requires="tinybase")
    _install(tmp_path / "site", "tinybase", "1.0")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    miniature.bring(mini)
    (tmp_path / "site" / "tinybase-1.0.dist-info").rename(tmp_path / "site" / "tinybase-1.1.dist-info")
    edit(tmp_path / "site" / "tinybase-1.1.dist-info" / "METADATA", "Version: 1.0", "Version: 1.1")
    importlib.invalidate_caches()
    reason = "package tinybase: 1.0 became 1.1"
    assert {n: why for n, (action, why) in miniature.assess(mini).items() if action == "run"} == dict.fromkeys(
        TRAINING, reason
    )


def _install(site, name, version, requires=""):
    write(site / f"{name}.py", "")
    required = f"Requires-Dist: {requires}\n" if requires else ""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}"
    write(site / f"{name}-{version}.dist-info" / "METADATA", metadata)


def test_a_cell_that_changed_back_is_up_to_date_again(mini):
    edit(mini.notebooks / "01_design.ipynb", 'rows\\": rows, ', 'rows\\": rows[:2], ')
    miniature.bring(mini)
    edit(mini.notebooks / "01_design.ipynb", 'rows\\": rows[:2], ', 'rows\\": rows, ')
    assert miniature.bring(mini) == []


def test_force_executes_what_is_named_though_it_is_up_to_date(mini):
    _, states = runner.assess(mini, runner.Request(wanted=("02",), force=True))
    assert [(s.execution.name, s.action) for s in states] == [("01_design", "reuse"), ("02_clean", "run")]


def test_a_missing_table_is_wrong_use(mini):
    (mini.notebooks / "table.csv").unlink()
    with pytest.raises(InputError, match=r"There is no table table.csv"):
        miniature.assess(mini)


def test_changes_are_told_part_by_part():
    old = {"cells": ["a", "b"], "packages": {"pandas": "3.0"}, "inputs": {"x": "1"}, "parameters": {}, "code": {}}
    new = {"cells": ["a", "c", "d"], "packages": {"pandas": "3.1"}, "inputs": {"x": None}, "parameters": {}, "code": {}}
    assert keys.changes(old, new) == [
        "code cell 2, 3 changed",
        "package pandas: 3.0 became 3.1",
        "input x is not there any more",
    ]
