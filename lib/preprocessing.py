"""From the table's raw columns to the numbers that an estimator takes, as unfitted steps of the model's own pipeline.

Every step is a class of scikit-learn or skrub, so that the registered model loads without this repository.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (makes IterativeImputer importable)
from sklearn.impute import IterativeImputer, MissingIndicator, SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder
from skrub import DatetimeEncoder, StringEncoder

KINDS = ("numeric", "categorical", "high_cardinality", "text", "datetime")
MISSING = "missing"
LARGEST = 1e38
"""Beyond 3.4e38 a float of 32 bits is infinite."""
READ_AS = {"number": "numeric", "time": "datetime", "text": "high_cardinality"}
"""Where a column belongs of which only is known what reading took it for."""


def linear_columns(recipe: Mapping[str, Any], *, quantity: bool = False, random_state: int = 0) -> ColumnTransformer:
    """Return the columns of a linear model: without collinear ones, gaps filled, categories one-hot, all scaled."""
    return _columns(
        _as_recipe_says({**recipe, "numeric": recipe["linear_numeric"]}),
        number=make_pipeline(*_numbers(), _bounded(), _imputer(recipe, random_state), StandardScaler()),
        hidden_number=make_pipeline(*_numbers(), _bounded(), _most_frequent(), StandardScaler()),
        category=make_one_hot(),
        high_cardinality=make_pipeline(*make_target_encoder(random_state, quantity=quantity), StandardScaler()),
        text=make_pipeline(make_text_encoder(random_state), StandardScaler()),
        time=make_pipeline(
            make_calendar(), SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
        ),
    )


def forest_columns(recipe: Mapping[str, Any], *, quantity: bool = False, random_state: int = 0) -> ColumnTransformer:
    """Return the columns of a random forest: gaps filled, categories as codes, many categories by their target."""
    return _columns(
        _as_recipe_says(recipe),
        number=make_pipeline(*_numbers(), _bounded(), _imputer(recipe, random_state)),
        hidden_number=make_pipeline(*_numbers(), _bounded(), _most_frequent()),
        category=make_codes(),
        high_cardinality=make_target_encoder(random_state, quantity=quantity),
        text=make_text_encoder(random_state),
        time=make_pipeline(make_calendar(), SimpleImputer(strategy="median", keep_empty_features=True)),
    )


def boosting_columns(recipe: Mapping[str, Any], *, quantity: bool = False, random_state: int = 0) -> ColumnTransformer:
    """Return the columns of a boosting that takes gaps as they are: only those that give the target away are filled.

    Categories are one-hot rather than the estimator's own kind, which cannot be written without a foreign type, and
    which did no better on the tables tried.
    """
    return _columns(
        recipe,
        number=make_pipeline(*_numbers()),
        hidden_number=make_pipeline(*_numbers(), _most_frequent()),
        category=make_one_hot(),
        high_cardinality=make_target_encoder(random_state, quantity=quantity),
        text=make_text_encoder(random_state),
        time=make_calendar(),
    )


def learnable(values: np.ndarray) -> np.ndarray:
    """Return columns to fit on, those without any value as zeros: nothing is learnt from them, and nothing fails.

    A column that begins late has none in the rows that an early fold learns from, and scikit-learn 1.9 bins no such
    column. A tree never splits on a column of zeros, so what stands there in a row to predict changes nothing.
    """
    empty = np.isnan(values).all(axis=0)
    return np.where(empty, 0.0, values) if empty.any() else values


def fit_transform(columns: ColumnTransformer, X: pd.DataFrame, y: np.ndarray | pd.Series) -> np.ndarray:
    """Fit the columns on some rows and return what an estimator learns from, as `learnable` has it.

    A text or time without a value in these rows, as one that begins late has in an early fold, is a column of zeros: a
    text has no vocabulary then, and an estimator wants one column at least.
    """
    columns.set_params(transformers=[_silenced(step) if _is_silent(step, X) else step for step in columns.transformers])
    return learnable(columns.fit_transform(X, y))


def no_columns() -> ColumnTransformer:
    """Return nothing, for a model that looks at no column."""
    return ColumnTransformer([("nothing", "drop", [])])


def one_column(
    recipe: Mapping[str, Any], name: str, *, read_as: str = "number", quantity: bool = False, random_state: int = 0
) -> ColumnTransformer:
    """Return one column alone: categories by their target, whatever else as its kind asks for.

    A column that cleaning dropped is in none of the recipe's lists, yet may be the best rule: a number that is an exact
    combination of others, or one value whose gaps tell of the target. It goes by what it was read as.
    """
    alone = {kind: [column for column in recipe[kind] if column == name] for kind in KINDS}
    alone["high_cardinality"] += alone.pop("categorical")
    is_dropped = not any(alone.values())
    alone[READ_AS[read_as]] += [name] if is_dropped else []
    plain = {"strategy": "median", "add_indicator": is_dropped}
    alone = {**recipe, "categorical": [], **alone, "missing": plain}
    return forest_columns(alone, quantity=quantity, random_state=random_state)


def make_one_hot() -> Pipeline:
    """Return one column a category; unknown ones count as infrequent, and a gap is a category of its own."""
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.005, sparse_output=False)
    return make_pipeline(_named_gaps(), encoder)


def make_codes() -> Pipeline:
    """Return one column of codes, by alphabet; an unknown category is -1."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.float64)
    return make_pipeline(_named_gaps(), encoder)


def make_target_encoder(random_state: int, *, quantity: bool = False) -> Pipeline:
    """Return the target's mean a category, shrunk, and cross-fitted so that no row sees its own target.

    Whether the target is a quantity has to be said: left to itself the encoder takes whole numbers for classes, and
    makes a column of each price.
    """
    target_type = "continuous" if quantity else "auto"
    folds = KFold(5, shuffle=True, random_state=random_state)
    return make_pipeline(_named_gaps(), TargetEncoder(target_type=target_type, cv=folds))


def make_text_encoder(random_state: int) -> StringEncoder:
    """Return a few components of the pieces that a text is made of."""
    return StringEncoder(n_components=10, random_state=random_state)


def make_calendar() -> DatetimeEncoder:
    """Return month, day, weekday and hour of a moment, which come again, and the year."""
    return DatetimeEncoder(resolution="hour", add_weekday=True, add_total_seconds=False)


def _columns(
    recipe: Mapping[str, Any], *, number, hidden_number, category, high_cardinality, text, time
) -> ColumnTransformer:
    hidden = set(recipe.get("hidden_gaps", []))
    steps = [
        *_by_gaps("category", category, recipe["categorical"], hidden),
        ("number", number, [name for name in recipe["numeric"] if name not in hidden]),
        ("hidden_number", hidden_number, [name for name in recipe["numeric"] if name in hidden]),
        *_by_gaps("high_cardinality", high_cardinality, recipe["high_cardinality"], hidden),
        # numbered, because scikit-learn refuses a step with two underscores in its name, which a column may have
        *((f"text {number}", text, name) for number, name in enumerate(recipe["text"])),
        *((f"time {number}", time, name) for number, name in enumerate(recipe["datetime"])),
        ("gap", MissingIndicator(features="all", error_on_new=False), recipe.get("indicated", [])),
    ]
    return ColumnTransformer([step for step in steps if step[2]], verbose_feature_names_out=False)


def _by_gaps(name: str, encoder: Pipeline, columns: list[str], hidden: set[str]) -> list[tuple]:
    """Return the step twice: for columns whose gaps may be seen, and for those whose gaps are filled first."""
    filled = make_pipeline(_most_frequent(), *(step for _, step in encoder.steps))
    return [
        (name, encoder, [column for column in columns if column not in hidden]),
        (f"hidden_{name}", filled, [column for column in columns if column in hidden]),
    ]


def _as_recipe_says(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe with its way of treating gaps applied to the lists of columns."""
    missing = recipe["missing"]
    deleted = missing.get("deleted_columns", []) if missing["strategy"] == "delete_columns" else []
    kept = {kind: [name for name in recipe[kind] if name not in deleted] for kind in KINDS}
    if missing["add_indicator"]:
        # gaps in a time have no indicator where the column stays either
        return {**recipe, **kept, "indicated": [name for name in deleted if name not in recipe["datetime"]]}
    # without indicators a gap must not be a category of its own either
    return {**recipe, **kept, "hidden_gaps": [*recipe.get("hidden_gaps", []), *_with_categories(kept)]}


def _with_categories(kept: Mapping[str, list[str]]) -> list[str]:
    return [*kept["categorical"], *kept["high_cardinality"]]


def _numbers() -> list[FunctionTransformer]:
    """Return the steps that turn whole numbers, truths and None into floats, and infinite values into gaps."""
    finite = {"nan": np.nan, "posinf": np.nan, "neginf": np.nan}
    return [
        FunctionTransformer(np.asarray, kw_args={"dtype": "float64"}, feature_names_out="one-to-one"),
        FunctionTransformer(np.nan_to_num, kw_args=finite, feature_names_out="one-to-one"),
    ]


def _bounded() -> FunctionTransformer:
    """Return the step that keeps numbers to what trees of 32 bits can hold, and a scaler can square."""
    return FunctionTransformer(np.clip, kw_args={"a_min": -LARGEST, "a_max": LARGEST}, feature_names_out="one-to-one")


def _imputer(recipe: Mapping[str, Any], random_state: int) -> BaseEstimator:
    missing = recipe["missing"]
    if missing["strategy"] == "iterative":
        return IterativeImputer(
            max_iter=5,
            tol=1e-2,
            add_indicator=missing["add_indicator"],
            keep_empty_features=True,
            random_state=random_state,
        )
    # rows and columns that are deleted leave no gaps to learn from, but a row to predict may have one
    strategy = "most_frequent" if missing["strategy"] == "most_frequent" else "median"
    return SimpleImputer(strategy=strategy, add_indicator=missing["add_indicator"], keep_empty_features=True)


def _most_frequent() -> SimpleImputer:
    return SimpleImputer(strategy="most_frequent", keep_empty_features=True)


def _is_silent(step: tuple, X: pd.DataFrame) -> bool:
    return isinstance(step[2], str) and bool(X[step[2]].isna().all())


def _silenced(step: tuple) -> tuple:
    zeros = FunctionTransformer(np.zeros_like, kw_args={"dtype": "float64"}, feature_names_out="one-to-one")
    return step[0], zeros, [step[2]]


def _named_gaps() -> SimpleImputer:
    return SimpleImputer(strategy="constant", fill_value=MISSING, keep_empty_features=True)
