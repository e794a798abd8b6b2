"""What a registered model needs to load and predict anywhere: this file travels with it and imports nothing of ours.

A model is a folder with `model.skops` and `contract.json`. Raw columns, as in the source table, are brought to the
types the pipeline was fitted on before it sees them; its answer is a table with the prediction and, for classes, the
probability of each.
"""

import hashlib
import importlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import skops.io

MODEL = "model.skops"
CONTRACT = "contract.json"
PREDICTION = "prediction"
PROBABILITY = "probability_{label}"

_CLASSES = re.compile(
    r"numpy\.(dtype|ndarray|bool_?|u?int\d+|float\d+|str_|datetime64|dtypes\.\w+|random\._?\w+\.\w+|random\.\w+)$"
    r"|scipy\.(sparse|interpolate|stats)\."
    r"|sklearn\.(?!datasets\b|externals\b|conftest\b|utils\._testing\b|.*\btests\b)"
    r"|skrub\.(?!datasets\b|conftest\b|_data_ops\b|_reporting\b|.*\btests\b)"
    r"|pandas\.(core\.dtypes\.|_libs\.tslibs\.)"
)
# Functions that fitted transformers hold: scores, conversions and predicates, none of which reaches a file or a shell.
_FUNCTIONS = re.compile(
    r"sklearn\.feature_selection\._(univariate_selection|mutual_info)\.(chi2|f_\w+|mutual_info_\w+)$"
    r"|sklearn\.utils\.validation\.check_array$"
    r"|numpy\.(asarray|nan_to_num)$"
    r"|scipy\._lib\.array_api_compat\.numpy\._aliases\.asarray$"
    r"|skrub\._dataframe\._common\.is_\w+$"
    r"|skrub\._table_vectorizer\._created_by_predicate$"
    r"|skrub\.selectors\._selectors\._\w+$"
    r"|functools\.partial$"
)
_PACKAGES = ("numpy", "scipy", "sklearn", "skrub", "pandas")


class Untrusted(ValueError):
    """A model file holds something that is not on the allow-list, or is not the file it was."""


class Unusable(ValueError):
    """A table does not have what the model needs."""


def read(source: Path):
    """Read an estimator from a skops file, if everything in it is on the allow-list.

    Raises
    ------
    Untrusted
        Naming what is not.
    """
    return skops.io.load(source, trusted=trusted(skops.io.get_untrusted_types(file=source), str(source)))


def trusted(names: list[str], holder: str) -> list[str]:
    """Return the names of types, all of them allowed.

    Allowed are classes that numpy, scipy, scikit-learn, skrub or pandas define themselves, in the parts of them that
    models are made of, and a few named functions. A prefix alone would let in everything that these packages import,
    such as ``numpy.testing`` or a ``Popen``.

    Raises
    ------
    Untrusted
        If a name is not allowed.
    """
    foreign = sorted(name for name in names if not _is_allowed(name))
    if foreign:
        raise Untrusted(
            f"{holder} holds what is not on the allow-list: {', '.join(foreign)}. It was not loaded. Models are made "
            "of classes of numpy, scipy, scikit-learn, skrub and pandas."
        )
    return names


def _is_allowed(name: str) -> bool:
    if _FUNCTIONS.match(name):
        return True
    return bool(_CLASSES.match(name)) and _is_class_of_its_own_package(name)


def _is_class_of_its_own_package(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return False
    return isinstance(found, type) and found.__module__.split(".")[0] in _PACKAGES


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def coerce(table: pd.DataFrame, columns: list[dict]) -> pd.DataFrame:
    """Return the model's columns, in its order and with the types it was fitted on.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, any)
        As in the source table; more columns than needed do no harm.
    columns : list of dict
        Each with `name`, `kind` (number, time, text, boolean or category), `required`, and `categories` for the last.

    Raises
    ------
    Unusable
        If a required column is missing, or a column cannot be brought to its type.
    """
    missing = [column["name"] for column in columns if column["required"] and column["name"] not in table]
    if missing:
        raise Unusable(
            f"Columns missing from the table: {', '.join(missing)}. The model was fitted on them without a gap. "
            f"The table has: {', '.join(map(str, table))}."
        )
    return pd.DataFrame({column["name"]: _coerced(table, column) for column in columns}, index=table.index)


def _coerced(table: pd.DataFrame, column: dict) -> pd.Series:
    name, kind = column["name"], column["kind"]
    values = table[name] if name in table else pd.Series(None, index=table.index, dtype=object)
    if kind == "category":
        return _category(values, column["categories"])
    return {"number": _number, "time": _time, "text": _text, "boolean": _boolean}[kind](values.rename(name))


def _number(values: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values):
        raise Unusable(f"Column {values.name!r} takes numbers, and holds times.")
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    numbers = pd.to_numeric(values, errors="coerce")
    _refuse_lost(values, numbers, "numbers")
    return pd.Series(numbers.to_numpy(dtype="float64", na_value=np.nan), index=values.index)


def _time(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values) and values.notna().any():
        raise Unusable(f"Column {values.name!r} takes times, and holds numbers. Give them as ISO 8601.")
    if not pd.api.types.is_datetime64_any_dtype(values):
        values = values.astype(object)
        times = pd.to_datetime(values, errors="coerce", utc=True, format="mixed")
    else:
        times = pd.to_datetime(values, utc=True)
    _refuse_lost(values, times, "times")
    return times.dt.tz_localize(None)


def _text(values: pd.Series) -> pd.Series:
    return _words(values).astype("str")


def _boolean(values: pd.Series) -> pd.Series:
    known = {"True": True, "False": False, "1": True, "0": False, "true": True, "false": False}
    truths = _words(values).map(known).astype(object)
    _refuse_lost(values, truths, "true or false")
    return truths.where(truths.notna(), None)


def _category(values: pd.Series, categories: list) -> pd.Series:
    known = {_word(category): category for category in categories}
    return _words(values).map(known).astype(pd.CategoricalDtype(categories))


def _words(values: pd.Series) -> pd.Series:
    """Return values as text, gaps as None: a number that is whole is written without a point."""
    return pd.Series([None if pd.isna(value) else _word(value) for value in values], index=values.index, dtype=object)


def _word(value) -> str:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _refuse_lost(values: pd.Series, converted: pd.Series, expected: str) -> None:
    lost = values[converted.isna() & values.notna()]
    if len(lost):
        raise Unusable(
            f"Column {values.name!r} takes {expected}; {len(lost)} of {len(values)} rows are not, "
            f"such as {lost.iloc[0]!r}. Correct them, or leave them empty."
        )


class Model:
    """A registered model: raw columns in, prediction and probabilities out.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator
    contract : dict
        `task`, `classes` (the positive one last), `decision_threshold` (None for the most probable class), `columns`.
    """

    def __init__(self, estimator, contract: dict):
        self.estimator = estimator
        self.contract = contract

    def predict(self, model_input, params=None) -> pd.DataFrame:
        """Return a table with `prediction` and, for classes, `probability_<class>`, indexed as the input.

        Parameters
        ----------
        model_input : DataFrame, or what DataFrame takes
        params : ignored
            MLflow passes it.
        """
        table = model_input if isinstance(model_input, pd.DataFrame) else pd.DataFrame(model_input)
        X = coerce(table, self.contract["columns"])
        if self.contract["task"] == "regression":
            return pd.DataFrame({PREDICTION: self.estimator.predict(X)}, index=X.index)
        return self._classes(X)

    def _classes(self, X: pd.DataFrame) -> pd.DataFrame:
        labels = self.estimator.classes_
        order = _order(labels, self.contract["classes"])
        probabilities = self.estimator.predict_proba(X)[:, order]
        columns = {PROBABILITY.format(label=labels[i]): probabilities[:, n] for n, i in enumerate(order)}
        return pd.DataFrame({PREDICTION: labels[order][self._chosen(probabilities)], **columns}, index=X.index)

    def _chosen(self, probabilities: np.ndarray) -> np.ndarray:
        threshold = self.contract.get("decision_threshold")
        if threshold is not None and probabilities.shape[1] == 2:
            return (probabilities[:, 1] >= threshold).astype(int)
        return probabilities.argmax(axis=1)


def _order(labels: np.ndarray, classes: list) -> list[int]:
    """Return where each class of the contract stands among the estimator's labels."""
    known = labels.tolist()
    named = [known.index(label) for label in classes if label in known]
    return named if len(named) == len(known) else list(range(len(known)))


def load(folder: Path) -> Model:
    """Load a model from its folder, if its file is the one that was packed.

    Raises
    ------
    Untrusted
        If it is not, or holds what is not on the allow-list.
    """
    contract = json.loads((Path(folder) / CONTRACT).read_text(encoding="utf-8"))
    source = Path(folder) / MODEL
    if sha256(source) != contract["sha256"]:
        raise Untrusted(f"{source} is not the file that was registered: its SHA-256 differs. It was not loaded.")
    return Model(read(source), contract)


def _load_pyfunc(data_path: str) -> Model:
    """Load a model for MLflow, which calls this by name."""
    return load(Path(data_path))
