"""What a registered model needs to load and predict anywhere: this file travels with it, and `coercion` beside it.

A model is a folder with `model.skops` and `contract.json`. Raw columns, as in the source table, are read as the
training table was before the pipeline sees them; its answer is a table with the prediction and, for classes, the
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

from lib import coercion

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
    r"|numpy\.(asarray|clip|nan_to_num)$"
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


def coerce(raw: pd.DataFrame, contract: dict) -> pd.DataFrame:
    """Return the model's columns, in its order: numbers as float64, times in UTC without a zone, the rest as text.

    Parameters
    ----------
    raw : DataFrame of shape (n_samples, any)
        As in the source table; more columns than needed do no harm, optional ones that are missing become gaps.
    contract : dict
        `reading`, as `coercion.apply` takes it, and `required`, the names that have to be there.

    Raises
    ------
    Unusable
        If a required column is missing, or nothing in a column can be read.
    """
    read = aligned(raw, contract)
    for entry in contract["reading"]["columns"]:
        name = _name_in(raw, entry)
        if name is not None and entry["kind"] != "text":
            _refuse_lost(raw[name], read[entry["name"]], entry, contract["reading"]["gap_words"])
    return read


def aligned(raw: pd.DataFrame, contract: dict) -> pd.DataFrame:
    """Return what `coerce` does, and take for gaps whatever cannot be read.

    Raises
    ------
    Unusable
        If a required column is missing.
    """
    entries = contract["reading"]["columns"]
    _require(raw, [entry for entry in entries if entry["name"] in contract["required"]])
    read = coercion.apply(contract["reading"], raw)
    missing = {e["name"]: _GAPS[e["kind"]](raw.index) for e in entries if e["name"] not in read}
    return (read.assign(**missing) if missing else read)[[entry["name"] for entry in entries]]


_GAPS = {
    "number": lambda index: pd.Series(np.nan, index=index),
    "time": lambda index: pd.Series(pd.NaT, index=index, dtype="datetime64[us]"),
    "text": lambda index: pd.Series(np.nan, index=index, dtype="str"),
}


def _name_in(raw: pd.DataFrame, entry: dict) -> str | None:
    """Return under which of its names, tidy or raw, a table has a column."""
    return next((name for name in (entry["name"], entry["raw"]) if name in raw), None)


def _require(raw: pd.DataFrame, entries: list[dict]) -> None:
    missing = [entry["raw"] for entry in entries if _name_in(raw, entry) is None]
    if missing:
        raise Unusable(
            f"Columns missing from the table: {', '.join(missing)}. The model was fitted on them without a gap. "
            f"The table has: {', '.join(map(str, raw))}."
        )


def _refuse_lost(values: pd.Series, read: pd.Series, entry: dict, gap_words: list[str]) -> None:
    """Raise if a column had something in it that was not a known gap, and nothing of it could be read."""
    if read.notna().any() or not values.notna().any():
        return
    words = [*entry.get("gap_words", gap_words), *entry.get("words", [])]
    present = values[values.notna().to_numpy() & ~coercion.is_word(coercion.as_text(values).str.strip(), words)]
    if len(present) and pd.to_numeric(present.astype(object), errors="coerce").isin(entry.get("codes", [])).all():
        return
    if len(present):
        kind = "time" if "part" in entry else entry["kind"]
        raise Unusable(
            f"Column {entry['raw']!r} takes {kind}s, and none of its {len(present)} values is one, "
            f"such as {present.iloc[0]!r}. Correct them, or leave them empty."
        )


class Model:
    """A registered model: raw columns in, prediction and probabilities out.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator
    contract : dict
        `task`, `classes` (the positive one last), `decision_threshold` (None for the most probable class), and what
        `coerce` takes.
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
        return self.answer(coerce(table, self.contract))

    def answer(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Return what `predict` does, for columns that have been brought to what the estimator takes."""
        return pd.DataFrame(self.columns(X), index=getattr(X, "index", None))

    def columns(self, X: pd.DataFrame | np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns of `answer` without a frame, which for one row takes longer than what is in it."""
        if self.contract["task"] == "regression":
            # scikit-learn refuses a table without rows
            return {PREDICTION: self.estimator.predict(X) if len(X) else np.empty(0)}
        labels = self.estimator.classes_
        order = _order(labels, self.contract["classes"])
        probabilities = self.estimator.predict_proba(X)[:, order] if len(X) else np.empty((0, len(order)))
        chosen = {PREDICTION: labels[order][self._chosen(probabilities)]}
        return chosen | {PROBABILITY.format(label=labels[i]): probabilities[:, n] for n, i in enumerate(order)}

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
