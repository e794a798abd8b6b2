"""What every committed notebook keeps to, besides showing what it showed when nbval executes it again."""

import ast
import json
import re
import shutil
import statistics
from pathlib import Path

import by_hand
import conventions
import pytest

from lib import files, parameters

NOTEBOOKS = {path.stem: path for path in by_hand.stages()}
STORED = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in NOTEBOOKS.items()}
CELLS = [(name, number, cell) for name, stored in STORED.items() for number, cell in enumerate(stored["cells"], 1)]
NAMES = {name for name in vars(files) if name.isupper()}
every_notebook = pytest.mark.parametrize("name", NOTEBOOKS)


def code_cells(name):
    return [cell for cell in STORED[name]["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def outputs(name):
    return [output for cell in code_cells(name) for output in cell["outputs"]]


def places(check, of=lambda name, cell: True):
    """Return what a check of code finds, with the notebook and the cell."""
    return [
        f"{name}, cell {number}: {found}"
        for name, number, cell in CELLS
        if cell["cell_type"] == "code" and of(name, cell)
        for found in check(source(cell))
    ]


@every_notebook
def test_every_cell_was_executed_in_order_without_an_error(name):
    assert [cell["execution_count"] for cell in code_cells(name)] == list(range(1, len(code_cells(name)) + 1))
    assert [
        output for output in outputs(name) if output["output_type"] == "error" or output.get("name") == "stderr"
    ] == []


@every_notebook
def test_it_shows_something_and_stays_small_enough_for_the_repository_page(name):
    assert outputs(name)
    assert NOTEBOOKS[name].stat().st_size < 300_000


@every_notebook
def test_every_figure_it_draws_is_stored_as_a_picture(name):
    drawing = [cell for cell in code_cells(name) if re.search(r"\bplots\w*\.", source(cell))]
    assert all(any("image/png" in output.get("data", {}) for output in cell["outputs"]) for cell in drawing)


@every_notebook
def test_no_output_shows_an_address_or_a_path(name):
    assert re.findall(r"0x[0-9a-f]{6,}|PosixPath|WindowsPath", json.dumps(outputs(name))) == []


@every_notebook
def test_its_parameters_say_what_they_are_for_and_it_has_the_folder_of_the_run(name):
    tagged = [cell for cell in code_cells(name) if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    assert source(tagged[0]).startswith('run_dir: str = "../store/runs/by-hand"  # ')
    for parameter in parameters.of_notebook(NOTEBOOKS[name]).values():
        assert parameter.type in ("str", "int", "float", "bool", "list")
        assert parameter.help


@every_notebook
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_papermill_sees_the_same_parameters_for_a_line_with_a_second_equals_sign_is_hidden_from_it(name):
    import papermill

    ours = {parameters.RUN_DIR, *parameters.of_notebook(NOTEBOOKS[name])}
    assert set(papermill.inspect_notebook(NOTEBOOKS[name])) == ours


def test_notebooks_hold_nothing_that_changes_from_one_execution_to_the_next(tmp_path):
    copies = [Path(shutil.copy(path, tmp_path)) for path in NOTEBOOKS.values()]
    by_hand.strip(copies)
    assert [copy.name for copy in copies if copy.read_bytes() != NOTEBOOKS[copy.stem].read_bytes()] == [], (
        by_hand.__doc__
    )


def test_one_name_has_one_default():
    defaults = {}
    for path in NOTEBOOKS.values():
        for parameter in parameters.of_notebook(path).values():
            defaults.setdefault(parameter.name, set()).add(repr(parameter.default))
    assert {name: found for name, found in defaults.items() if len(found) > 1} == {}


def test_notebooks_define_nothing():
    assert places(conventions.definitions) == []


def test_notebooks_import_no_mlflow():
    assert places(lambda code: conventions.packages(ast.parse(code)) & {"mlflow"}) == []


def test_notebooks_meet_only_through_the_files_that_are_named_once():
    assert places(lambda code: conventions.foreign_files(code, NAMES)) == []


def test_nothing_is_fitted_on_test_rows():
    assert places(conventions.fits_on_test_rows) == []


def test_only_the_evaluation_and_what_comes_after_it_reads_the_test_rows():
    def reads(code):
        return re.findall(r"files\.read\(run_dir, files\.TEST\b", code)

    assert places(reads, of=lambda name, cell: name < by_hand.EVALUATION) == []


@every_notebook
def test_a_stage_records_its_checks_before_its_last_cell_requires_them(name):
    code = [source(cell) for cell in code_cells(name)]
    recorded = next(place for place, text in enumerate(code) if "results.write(" in text)
    if "checks=" in code[recorded]:
        assert re.fullmatch(r"(checks|verdicts)\.require\(.+\)", code[-1].strip())
        assert recorded < len(code) - 1
    assert not any(".require(" in text for text in code[:-1])


def test_cells_are_small():
    lengths = [
        len(source(cell).splitlines()) for name, _, cell in CELLS if cell["cell_type"] == "code" and not tagged(cell)
    ]
    assert max(lengths) <= 15
    assert statistics.median(lengths) <= 5


def test_prose_is_made_of_sentences():
    words = [len(source(cell).split()) for _, _, cell in CELLS if cell["cell_type"] == "markdown"]
    assert statistics.median(words) >= 20
    assert not [source(cell) for _, _, cell in CELLS if cell["cell_type"] == "markdown" and "." not in source(cell)]


def tagged(cell):
    return "parameters" in cell["metadata"].get("tags", [])


BROKEN = {
    "a table read past the run's folder": (lambda code: conventions.foreign_files(code, NAMES), "pd.read_csv('x.csv')"),
    "another folder": (lambda code: conventions.foreign_files(code, NAMES), "files.read('elsewhere', files.DESIGN)"),
    "a name written twice": (lambda code: conventions.foreign_files(code, NAMES), "files.read(run_dir, '01_design/x')"),
    "an unknown name": (lambda code: conventions.foreign_files(code, NAMES), "files.write(run_dir, files.NOWHERE, 1)"),
    "a fit on test rows": (conventions.fits_on_test_rows, "model.fit(test[columns], y)"),
    "a fit on test rows by keyword": (conventions.fits_on_test_rows, "scaler.fit_transform(X=test)"),
    "a function": (conventions.definitions, "def f():\n    pass"),
}


@pytest.mark.parametrize(("check", "code"), BROKEN.values(), ids=BROKEN)
def test_each_rule_for_cells_finds_the_example_that_breaks_it(check, code):
    assert check(code) != []


@pytest.mark.parametrize("flag", ["--nbval", "--nbval-lax"])
def test_a_notebook_that_shows_something_else_fails_and_one_that_raises_fails_also_where_outputs_may_differ(
    pytester, flag
):
    shown = STORED["02_eda"] | {"cells": [cell("1 + 1", "3"), cell("raise ValueError", None)]}
    pytester.makefile(".ipynb", shown=json.dumps(shown))
    result = pytester.runpytest_subprocess(flag, "--nbval-current-env", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=2 if flag == "--nbval" else 1, passed=0 if flag == "--nbval" else 1)


def cell(code, text):
    shown = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": [text]}}
    return {
        "cell_type": "code",
        "id": f"cell-{len(code)}",
        "metadata": {},
        "execution_count": 1,
        "source": [code],
        "outputs": [shown] if text else [],
    }
