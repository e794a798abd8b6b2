import json
import subprocess
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from releases import FEATURES, make_model, raw_table
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer

from lib import files, packaging, portable, release


@pytest.fixture(scope="module")
def contract(finished_run):
    design, evaluation = files.read(finished_run, files.DESIGN), files.read(finished_run, files.EVALUATION)
    return release.contract(finished_run, design, evaluation)


@pytest.fixture(scope="module")
def model(finished_run, contract):
    return portable.Model(files.read(finished_run, files.MODEL), contract)


def predict(model, **changed):
    return model.predict(raw_table(20).assign(**changed))


def test_a_raw_table_gets_a_prediction_and_a_probability_for_each_class(model):
    found = model.predict(raw_table(20))
    assert list(found) == ["prediction", "probability_no", "probability_yes"]
    assert set(found["prediction"]) <= {"no", "yes"}
    np.testing.assert_allclose(found.filter(like="probability").sum(axis=1), 1)


def test_the_answer_keeps_the_rows_labels(model):
    assert model.predict(raw_table(5).set_axis(list("abcde"))).index.tolist() == list("abcde")


def test_a_table_without_rows_gets_an_answer_without_rows(model):
    raw = raw_table(5)
    found = model.predict(raw.iloc[:0])
    assert found.empty and found.index.equals(raw.index[:0])
    assert list(found) == list(model.predict(raw))


EQUAL = {
    "whole numbers as floats": lambda raw: {"distance": raw["distance"].astype("float64")},
    "whole numbers as text": lambda raw: {"distance": raw["distance"].astype("str")},
    "32 bits": lambda raw: {"distance": raw["distance"].astype("int32")},
    "floats with gaps": lambda raw: {"seats": raw["seats"].astype("Float64").astype("float64")},
    "objects with gaps": lambda raw: {"seats": raw["seats"].astype(object)},
    "zero and one": lambda raw: {"jet": raw["jet"].astype(int)},
    "nullable bool": lambda raw: {"jet": raw["jet"].astype("boolean")},
    "text": lambda raw: {"carrier": raw["carrier"].astype("str")},
    "objects": lambda raw: {"carrier": raw["carrier"].astype(object)},
    "UTC": lambda raw: {"departure": raw["departure"].dt.tz_convert("UTC")},
    "no zone": lambda raw: {"departure": raw["departure"].dt.tz_convert("UTC").dt.tz_localize(None)},
    "ISO 8601": lambda raw: {"departure": raw["departure"].map(lambda time: time.isoformat())},
    "one column more": lambda raw: {"colour": "blue"},
}


@pytest.mark.parametrize("how", EQUAL)
def test_the_same_values_written_otherwise_get_the_same_prediction(model, how):
    pd.testing.assert_frame_equal(predict(model, **EQUAL[how](raw_table(20))), model.predict(raw_table(20)))


def test_an_unknown_category_and_a_gap_are_predicted(model):
    assert predict(model, carrier="ZZ", seats=None).notna().all(axis=None)


def test_a_missing_optional_column_counts_as_gaps(model):
    without = model.predict(raw_table(20).drop(columns="seats"))
    pd.testing.assert_frame_equal(without, predict(model, seats=None))


def test_missing_required_columns_are_named(model):
    with pytest.raises(portable.Unusable, match="Columns missing from the table: distance, carrier"):
        model.predict(raw_table(20).drop(columns=["distance", "carrier"]))


@pytest.mark.parametrize(("column", "value"), [("distance", "far"), ("departure", "soon"), ("departure", 12)])
def test_a_column_in_which_nothing_can_be_read_is_named(model, column, value):
    with pytest.raises(portable.Unusable, match=f"'{column}' takes (number|time)s, and none of its 20 values is one"):
        predict(model, **{column: value})


def test_a_list_of_records_is_a_table(model):
    records = json.loads(raw_table(3).to_json(orient="records", date_format="iso"))
    pd.testing.assert_frame_equal(model.predict(records), model.predict(raw_table(3)))


@pytest.mark.parametrize(("threshold", "expected"), [(0.0, {"yes"}), (1.1, {"no"})])
def test_the_decision_threshold_decides(model, threshold, expected):
    strict = portable.Model(model.estimator, {**model.contract, "decision_threshold": threshold})
    assert set(strict.predict(raw_table(20))["prediction"]) == expected


def test_classes_come_in_the_order_of_the_contract(model):
    turned = portable.Model(model.estimator, {**model.contract, "classes": ["yes", "no"]})
    found = turned.predict(raw_table(20))
    assert list(found) == ["prediction", "probability_yes", "probability_no"]
    pd.testing.assert_frame_equal(found, model.predict(raw_table(20))[list(found)])


def test_a_regression_has_a_value_alone(contract):
    raw = raw_table(50)
    X = portable.coerce(raw, contract)[["distance"]]
    reading = packaging.plain_reading(X)
    fitted = Ridge().fit(X, raw["distance"])
    model = portable.Model(fitted, {"task": "regression", "reading": reading, "required": []})
    assert list(model.predict(raw)) == ["prediction"]


DANGEROUS = [
    "os.system",
    "posix.system",
    "builtins.eval",
    "subprocess.Popen",
    "numpy.testing.rundocs",
    "numpy.testing._private.utils.runstring",
    "numpy.load",
    "numpy.fromregex",
    "numpy.f2py.f2py2e.main",
    "numpy.ctypeslib.load_library",
    "scipy._lib._testutils.FPUModeChangeWarning",
    "sklearn.datasets._base.load_files",
    "sklearn.datasets._openml.urlopen",
    "sklearn.utils._testing.check_output",
    "sklearn.externals.joblib.load",
    "sklearn.utils._joblib.joblib",
    "sklearn.base.os",
    "sklearn.utils.validation.warnings",
    "skrub._data_ops._data_ops.eval_mode",
    "skrub.datasets.fetch_toxicity",
    "pandas.read_pickle",
    "pandas.eval",
    "pandas.io.common.urlopen",
    "pandas.core.computation.eval.eval",
    "lib.portable.load",
    "__main__.Model",
    "sklearnish.Estimator",
]


@pytest.mark.parametrize("name", DANGEROUS)
def test_what_can_do_harm_or_is_foreign_is_not_on_the_allow_list(name):
    with pytest.raises(portable.Untrusted, match=name):
        portable.trusted(["numpy.dtype", name], "model.skops")


def smuggle(target, replaced, module, name):
    """Write a model file in which one function was replaced by another."""
    honest = skops.io.dumps(FunctionTransformer(np.nan_to_num))
    (target.parent / "honest").write_bytes(honest)
    with zipfile.ZipFile(target.parent / "honest") as old, zipfile.ZipFile(target, "w") as new:
        for item in old.namelist():
            text = old.read(item)
            if item == "schema.json":
                schema = json.loads(text)
                node = schema["content"]["content"]["func"]
                assert node["__class__"] == replaced
                node.update({"__module__": module, "__class__": name})
                text = json.dumps(schema).encode()
            new.writestr(item, text)


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("builtins", "eval"), ("numpy.testing._private.utils", "runstring"), ("pandas", "read_pickle")],
)
def test_a_file_with_a_smuggled_function_is_refused(tmp_path, module, name):
    smuggle(tmp_path / "model.skops", "nan_to_num", module, name)
    with pytest.raises(portable.Untrusted, match=f"{module}.{name}"):
        portable.read(tmp_path / "model.skops")


def test_a_class_that_a_trusted_package_only_imports_is_refused(monkeypatch):
    monkeypatch.setattr("sklearn.base.Popen", subprocess.Popen, raising=False)
    with pytest.raises(portable.Untrusted, match="sklearn.base.Popen"):
        portable.trusted(["sklearn.base.Popen"], "model.skops")


def test_a_pipeline_comes_back_from_its_file(tmp_path, model):
    packaging.dump(model.estimator, tmp_path / "model.skops")
    read = portable.Model(portable.read(tmp_path / "model.skops"), model.contract)
    pd.testing.assert_frame_equal(read.predict(raw_table(20)), model.predict(raw_table(20)))


def test_a_packed_model_whose_file_was_changed_is_refused(tmp_path, contract):
    packaging.dump(DummyClassifier().fit([[0]], [1]), tmp_path / "one.skops")
    packaging.pack(tmp_path / "packed", tmp_path / "one.skops", contract, {})
    packaging.dump(make_model(), tmp_path / "packed" / portable.MODEL)
    with pytest.raises(portable.Untrusted, match="is not the file that was registered"):
        portable.load(tmp_path / "packed")


def test_only_columns_that_never_had_a_gap_are_required(contract):
    assert contract["required"] == [name for name in FEATURES if name != "seats"]
