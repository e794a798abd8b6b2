"""Nothing learns from the test rows: whatever stands in them, what the stages learn stays the same."""

import shutil

import by_hand
import pandas as pd
import pytest

from lib import files

LEARNT = (files.PROFILE, files.RECIPE, files.TRAIN, files.VALIDATION)


def spoiled(table, rows):
    """Return the table with other numbers, other words and the opposite target in some of its rows."""
    table = table.copy()
    for name in table.columns:
        if pd.api.types.is_bool_dtype(table[name]):
            table.loc[rows, name] = ~table.loc[rows, name]
        elif pd.api.types.is_numeric_dtype(table[name]):
            table.loc[rows, name] = table.loc[rows, name] * -7 + 1
        elif pd.api.types.is_string_dtype(table[name]):
            table.loc[rows, name] = "unheard of"
    return table


def learn(run_dir):
    for stage in ("02_eda", "03_cleaning"):
        notebook = by_hand.NOTEBOOKS / f"{stage}.ipynb"
        by_hand.execute(notebook, run_dir / "executed" / notebook.name, {"run_dir": str(run_dir)})
    return run_dir


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs on a part of the rows, which differ in their test rows alone."""
    honest, poisoned = tmp_path_factory.mktemp("honest"), tmp_path_factory.mktemp("poisoned")
    first = by_hand.NOTEBOOKS / "01_design.ipynb"
    by_hand.execute(first, honest / "executed" / first.name, {"run_dir": str(honest)})
    shutil.copytree(honest, poisoned, dirs_exist_ok=True)
    table, role = (files.read(honest, name).iloc[::6].reset_index(drop=True) for name in (files.TABLE, files.SPLIT))
    for run_dir, rows in ((honest, table), (poisoned, spoiled(table, (role["role"] == "test").to_numpy()))):
        files.write(run_dir, files.TABLE, rows)
        files.write(run_dir, files.SPLIT, role)
    return learn(honest), learn(poisoned)


@pytest.mark.parametrize("name", LEARNT)
def test_what_is_learnt_does_not_depend_on_the_test_rows(runs, name):
    honest, poisoned = (files.read(run_dir, name) for run_dir in runs)
    if isinstance(honest, pd.DataFrame):
        pd.testing.assert_frame_equal(honest, poisoned)
    else:
        assert honest == poisoned


def test_the_test_rows_of_the_two_runs_do_differ(runs):
    honest, poisoned = (files.read(run_dir, files.TEST) for run_dir in runs)
    assert len(honest) == len(poisoned) > 0
    assert not honest.equals(poisoned)
