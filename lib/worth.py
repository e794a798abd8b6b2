"""Is machine learning worth it? A constant, the best rule on one column, and a simple model, on the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lib import bootstrap, scoring
from lib.checks import Check

MOST_INTERVALS = 8
"""A rule with more cases than this is not one that people follow."""

PRIOR_ROWS = 20
"""A category's average counts as if it came with so many average rows more, so that a rare one is not believed."""


@dataclass(frozen=True)
class Rule:
    """A prediction from one column: its cases in words, what each predicts, and how it scores on validation rows."""

    column: str
    score: float
    cases: pd.DataFrame
    prediction: np.ndarray

    def __str__(self) -> str:
        shown = self.cases.head(MOST_INTERVALS)
        cases = "; ".join(f"{case}: {answer}" for case, answer in zip(shown["when"], shown["predict"], strict=True))
        return f"{self.column} {cases}" + ("; …" if len(self.cases) > len(shown) else "")


def constant_prediction(design: Mapping[str, Any], y_train: np.ndarray, n_samples: int) -> np.ndarray:
    """Return the prediction that knows only how the target is distributed among the training rows.

    Parameters
    ----------
    design : mapping
        The contract: `task` and `classes`.
    y_train : array of shape (n_training_samples,)
        As `scoring.encode` returns it.
    n_samples : int
        Rows to predict.
    """
    return np.repeat(_answers(design, y_train)[None], n_samples, axis=0)


def best_rule(design: Mapping[str, Any], X_train, y_train, X_validation, y_validation) -> Rule:
    """Return the best prediction from one column alone.

    Every column gets its rule from the training rows, a shallow tree for numbers and shrunken averages for
    categories, and the one that scores best on the validation rows wins; choosing there favours the rule a little,
    which makes the bar for a model a little higher.

    Parameters
    ----------
    design : mapping
        The contract: `task`, `classes` and `metric`.
    X_train, X_validation : DataFrame of shape (n_samples, n_features)
    y_train, y_validation : array of shape (n_samples,)
        As `scoring.encode` returns it.
    """
    rules = (_rule(design, X_train[name], y_train, X_validation[name], y_validation) for name in X_train)
    return max(rules, key=lambda rule: rule.score)


def simple_prediction(design: Mapping[str, Any], X_train, y_train, X_validation) -> np.ndarray:
    """Return what a gradient boosting with default settings predicts for the validation rows."""
    train, validation = plain(X_train), plain(X_validation)
    text = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan)
    columns = make_column_transformer((encoder, text), remainder="passthrough")
    boosting = HistGradientBoostingRegressor if design["task"] == "regression" else HistGradientBoostingClassifier
    # early stopping would hold back rows of a class that has one row only
    model = make_pipeline(columns, boosting(random_state=0, early_stopping=False)).fit(train, y_train)
    return scoring.predict({**design, "classes": list(range(len(design["classes"])))}, model, validation)


def plain(X: pd.DataFrame) -> pd.DataFrame:
    """Return the columns as floating numbers or text, times as seconds since 1970."""
    return X.apply(_plain_column)


def scores(design: Mapping[str, Any], y, predictions: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return the score of each prediction on the same rows with its interval, in the order given."""
    rows = {name: vars(bootstrap.score_interval(design["metric"], y, p)) for name, p in predictions.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def worth_checks(design: Mapping[str, Any], y, simple, constant, rule: Rule) -> list[Check]:
    """Return whether the simple model beats the constant and the rule by more than chance and by the least gain."""
    instead = f"Use the rule: {rule}."
    if scoring.score(design["metric"], y, rule.prediction) <= scoring.score(design["metric"], y, constant):
        instead = "No column helps either: predict the same for every row, or look for columns that tell more."
    return [
        _gain_check("beats the constant", design, y, simple, constant, instead),
        _gain_check("beats the best one-column rule", design, y, simple, rule.prediction, instead),
    ]


def _gain_check(name: str, design: Mapping[str, Any], y, simple, reference, instead: str) -> Check:
    gain = bootstrap.paired_difference(design["metric"], y, simple, reference)
    enough = gain.low > 0 and gain.value >= design["least_gain"]
    verdict = "" if enough else f" That is not enough to be worth a model. {instead}"
    return Check(
        name,
        round(gain.value, 4),
        round(design["least_gain"], 4),
        bool(enough),
        "stop",
        f"On the validation rows a simple model gains {gain.value:.3g} {design['metric']} "
        f"(95 % interval {gain.low:.3g} to {gain.high:.3g}).{verdict}",
    )


def _rule(design, train: pd.Series, y_train, validation: pd.Series, y_validation) -> Rule:
    train, validation = _plain_column(train), _plain_column(validation)
    make = _tree_rule if pd.api.types.is_numeric_dtype(train) else _category_rule
    cases, prediction = make(design, train, y_train, validation)
    return Rule(train.name, scoring.score(design["metric"], y_validation, prediction), cases, prediction)


def _tree_rule(design, train: pd.Series, y_train, validation: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the intervals that a shallow tree cuts the numbers into, and its predictions."""
    kind = DecisionTreeRegressor if design["task"] == "regression" else DecisionTreeClassifier
    tree = kind(max_leaf_nodes=MOST_INTERVALS, min_samples_leaf=max(5, len(train) // 100), random_state=0)
    tree.fit(train.to_frame(), y_train)
    leaves = pd.Series(tree.apply(train.to_frame()))
    answers = {leaf: _answers(design, y_train[rows]) for leaf, rows in leaves.groupby(leaves).indices.items()}
    prediction = np.array([answers[leaf] for leaf in tree.apply(validation.to_frame())])
    ranges = train.reset_index(drop=True).groupby(leaves).agg(["min", "max"]).sort_values("min")
    cases = [(_interval(*ranges.loc[leaf]), _in_words(design, answers[leaf])) for leaf in ranges.index]
    return pd.DataFrame(cases, columns=["when", "predict"]), prediction


def _category_rule(design, train: pd.Series, y_train, validation: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """Return each category's average, drawn towards that of all rows, and the predictions from it."""
    codes, categories = pd.factorize(train, use_na_sentinel=False)
    every = _answers(design, y_train)
    indicators = _indicators(design, y_train)
    sums = np.stack([np.bincount(codes, column, len(categories)) for column in indicators.T], axis=1)
    sizes = np.bincount(codes, minlength=len(categories))[:, None]
    means = (sums + PRIOR_ROWS * np.atleast_1d(every)) / (sizes + PRIOR_ROWS)
    found = pd.Index(categories).get_indexer(validation)
    prediction = np.where((found < 0)[:, None], np.atleast_1d(every), means[found])
    prediction = prediction if design["task"] == "multiclass" else prediction[:, 0]
    order = np.argsort(-sizes[:, 0], kind="stable")
    answers = means if design["task"] == "multiclass" else means[:, 0]
    cases = [(f"is {categories[k]}", _in_words(design, answers[k])) for k in order]
    return pd.DataFrame(cases, columns=["when", "predict"]), prediction


def _answers(design, y: np.ndarray) -> np.ndarray:
    """Return the best constant for some rows: the mean, or the share of each class."""
    means = _indicators(design, y).mean(axis=0)
    return means if design["task"] == "multiclass" else means[0]


def _indicators(design, y: np.ndarray) -> np.ndarray:
    if design["task"] == "multiclass":
        return np.eye(len(design["classes"]))[np.asarray(y, dtype="int64")]
    return np.asarray(y, dtype="float64")[:, None]


def _plain_column(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        seconds = column.astype("datetime64[s]").astype("int64").astype("float64")
        return seconds.where(column.notna())
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64")
    return column.astype("str")


def _interval(low: float, high: float) -> str:
    if np.isnan(low):
        return "missing"
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _in_words(design, answer) -> str:
    if design["task"] != "multiclass":
        return f"{answer:.3g}"
    return f"{design['classes'][int(np.argmax(answer))]} ({answer.max():.0%})"
