import importlib
import re
import sys
from importlib import metadata

import pytest
from releases import make_model, raw_table
from sklearn.linear_model import LinearRegression

from lib import coercion, packaging, portable


def test_requirements_are_pinned_to_what_is_installed(tmp_path):
    packaging.dump(LinearRegression(), tmp_path / "model.skops")
    found = packaging.requirements(tmp_path / "model.skops")
    assert f"scikit-learn=={metadata.version('scikit-learn')}" in found
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", line) for line in found)


@pytest.mark.parametrize(("model", "expected"), [(make_model(), True), (LinearRegression(), False)])
def test_skrub_is_required_where_the_model_has_it(tmp_path, model, expected):
    packaging.dump(model, tmp_path / "model.skops")
    found = packaging.requirements(tmp_path / "model.skops")
    assert any(line.startswith("skrub==") for line in found) == expected


def test_the_source_that_travels_needs_nothing_of_this_repository(tmp_path, monkeypatch):
    code = packaging.code(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    travelled = importlib.import_module(f"{code.name}.portable")
    assert travelled.coercion.__name__ == f"{code.name}.coercion"
    assert "lib" not in {line.split()[1] for path in code.glob("*.py") for line in imports(path)}
    for name in [name for name in sys.modules if name.startswith(code.name)]:
        monkeypatch.delitem(sys.modules, name)


def imports(path):
    return re.findall(r"^\s*(?:from|import) .*", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_name_of_the_source_tells_its_content(tmp_path, monkeypatch):
    first = packaging.code(tmp_path / "first").name
    assert packaging.code(tmp_path / "again").name == first
    (tmp_path / "other.py").write_text("from lib import coercion")
    monkeypatch.setattr(packaging, "SOURCE", (tmp_path / "other.py",))
    assert packaging.code(tmp_path / "second").name != first


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda folder: (folder / "a").write_text("changed"), ["a was changed"]),
        (lambda folder: (folder / "a").unlink(), ["a is missing"]),
        (lambda folder: (folder / "c").write_text("new"), ["c was not there"]),
        (lambda folder: None, []),
    ],
)
def test_differences_are_told_in_words(tmp_path, change, expected):
    for name in "ab":
        (tmp_path / name).write_text(name)
    recorded = packaging.digests(tmp_path)
    change(tmp_path)
    assert packaging.differences(tmp_path, recorded) == expected


def test_a_reading_by_types_takes_what_the_training_rows_were():
    found = packaging.plain_reading(raw_table(5))
    kinds = {entry["name"]: entry["kind"] for entry in found["columns"]}
    assert {name for name, kind in kinds.items() if kind == "number"} == {"distance", "seats", "jet"}
    assert {name for name, kind in kinds.items() if kind == "text"} == {"carrier", "late"}
    assert coercion.apply(found, raw_table(5)).dtypes.astype(str)["departure"] == "datetime64[us]"


def test_a_reading_is_narrowed_to_the_features_in_their_order():
    reading = packaging.narrowed(packaging.plain_reading(raw_table(5)), ["jet", "distance"])
    assert [entry["name"] for entry in reading["columns"]] == ["jet", "distance"]


def test_the_probability_columns_are_named_by_their_class():
    assert portable.PROBABILITY.format(label=1) == "probability_1"
