from executing import write_notebook

from lib import preloading


def modules(tmp_path, *cells):
    return preloading.modules(write_notebook(tmp_path / "notebook.ipynb", *cells))


def test_imports_of_installed_packages_are_found_in_the_order_of_need(tmp_path):
    assert modules(tmp_path, "import pandas as pd", "from scipy import stats\nimport numpy, os") == [
        "pandas",
        "scipy",
        "scipy.stats",
        "numpy",
    ]


def test_modules_of_the_project_are_followed_and_left_out(tmp_path):
    found = modules(tmp_path, "from lib import check_table")
    assert "pandas" in found
    assert not [name for name in found if name.startswith("lib")]


def test_late_imports_and_cells_with_magics_are_left_alone(tmp_path):
    assert modules(tmp_path, "def late():\n    import numpy", "%matplotlib inline\nimport duckdb", "import yaml") == [
        "yaml"
    ]
