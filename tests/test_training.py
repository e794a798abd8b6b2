"""Candidates: every one fits every task, lives in a file without our code, and survives what production brings."""

import numpy as np
import pandas as pd
import pytest

from lib import cleaning, folds, missingness, packaging, scoring, search, training
from lib.errors import InputError

TASKS = ("binary", "multiclass", "regression")
FEATURES = ["size", "age", "kind", "place", "note", "moment"]


def dirty_table(task, n_samples=240, seed=0):
    rng = np.random.default_rng(seed)
    size, age = rng.normal(size=n_samples), rng.integers(0, 90, n_samples).astype("float64")
    signal = size + (age > 45) + rng.normal(scale=0.5, size=n_samples)
    target = {
        "binary": np.where(signal > 0.5, "yes", "no"),
        "multiclass": np.select([signal < 0, signal < 1], ["low", "mid"], "high"),
        "regression": 10 * signal,
    }[task]
    table = pd.DataFrame(
        {
            "size": np.where(rng.random(n_samples) < 0.1, np.nan, size),
            "age": np.where(rng.random(n_samples) < 0.02, np.inf, age),
            "kind": rng.choice(["a", "b", "c", None], n_samples),
            "place": [f"p{i}" for i in rng.integers(0, 60, n_samples)],
            "note": [f"note {i} of {rng.integers(1000)}" for i in range(n_samples)],
            "moment": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9000, n_samples), unit="h"),
            "target": target,
        }
    )
    return table.astype({"kind": "str"})


def contract(task, **changes):
    classes = {"binary": ["no", "yes"], "multiclass": ["high", "low", "mid"], "regression": []}[task]
    metric = scoring.DEFAULT_METRIC[task]
    names = {"target": "target", "features": FEATURES, "rule": {"column": "size"}}
    return {
        "task": task,
        "classes": classes,
        "metric": metric,
        "time_column": "",
        "group_column": "",
        **names,
        **changes,
    }


def recipe_of(table, strategy="median", add_indicator=True, hidden_gaps=()):
    kinds = cleaning.column_kinds(table[FEATURES])
    missing = {"strategy": strategy, "add_indicator": add_indicator, "deleted_columns": [], "reason": ""}
    options = {"dropped": {}, "linear_numeric": kinds["numeric"], "hidden_gaps": list(hidden_gaps), "max_vif": 5.0}
    return cleaning.recipe(kinds, missing=missing, **options)


def fitted(name, task, **options):
    table, design = dirty_table(task), contract(task)
    recipe = recipe_of(table, **options)
    return training.fit(training.make_candidate(name, design, recipe), table, design, recipe, name), table, design


def answers(model, design, X):
    return scoring.predict(design, model, X[FEATURES])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", training.CANDIDATES)
def test_every_candidate_answers_every_task_on_rows_it_has_never_seen_the_like_of(name, task):
    model, table, design = fitted(name, task)
    strange = table.head(8).copy()
    strange["kind"] = "unheard of"
    strange["place"] = "nowhere"
    strange.loc[strange.index[:4], ["size", "age"]] = np.nan
    strange.loc[strange.index[4:], "size"] = -np.inf
    strange.loc[strange.index[2:], "moment"] = pd.NaT
    empty = table.head(3).assign(kind=None, place=None, note=None, size=np.nan, age=np.nan)
    n_answers = () if task != "multiclass" else (3,)
    for X in (table.head(5), strange, strange.head(1), empty):
        found = answers(model, design, X)
        assert found.shape == (len(X), *n_answers)
        assert np.isfinite(found).all()


@pytest.mark.parametrize("name", training.CANDIDATES)
def test_a_file_of_a_candidate_holds_only_types_that_are_allowed_and_gives_the_same_answers(name, tmp_path):
    model, table, design = fitted(name, "binary", strategy="iterative")
    written = tmp_path / "model.skops"
    packaging.dump(model, written)
    loaded = packaging.load(written)
    np.testing.assert_array_equal(answers(loaded, design, table), answers(model, design, table))


@pytest.mark.parametrize("name", ["linear", "forest", "boosting"])
def test_candidates_learn_what_there_is_to_learn(name):
    model, _, design = fitted(name, "regression")
    fresh = dirty_table("regression", seed=1)
    score = scoring.score("r2", scoring.encode(design, fresh["target"]), answers(model, design, fresh))
    assert score > 0.5


@pytest.mark.parametrize("name", ["linear", "forest", "boosting"])
@pytest.mark.parametrize("column", ["size", "kind"])
def test_gaps_that_give_the_target_away_cannot_be_told_from_the_most_frequent_value(name, column):
    table, design = dirty_table("binary"), contract("binary")
    recipe = recipe_of(table, hidden_gaps=["size", "kind"])
    model = training.fit(training.make_candidate(name, design, recipe), table, design, recipe, name)
    usual = table[column].replace([np.inf, -np.inf], np.nan).mode()[0]
    filled, gap = (table.head(20).assign(**{column: value}) for value in (usual, np.nan))
    np.testing.assert_array_equal(answers(model, design, filled), answers(model, design, gap))


def test_boosting_sees_gaps_that_nothing_speaks_against():
    table, design = dirty_table("binary"), contract("binary")
    table.loc[table["target"] == "yes", "size"] = np.nan
    recipe = recipe_of(table)
    model = training.fit(training.make_candidate("boosting", design, recipe), table, design, recipe, "boosting")
    assert scoring.score("roc_auc", scoring.encode(design, table["target"]), answers(model, design, table)) > 0.95


def test_deleted_rows_are_not_learnt_from_but_are_still_predicted():
    table = dirty_table("binary")
    recipe = recipe_of(table, strategy="delete_rows", add_indicator=False)
    rows = training.fitting_rows("linear", table, recipe)
    assert 0 < len(rows) < len(table)
    assert rows[["size", "kind"]].notna().all(axis=None)
    assert len(training.fitting_rows("boosting", table, recipe)) == len(table)
    model, _, design = fitted("linear", "binary", strategy="delete_rows", add_indicator=False)
    assert np.isfinite(answers(model, design, table)).all()


def test_an_unknown_candidate_is_named_with_those_that_exist():
    with pytest.raises(InputError, match="Known are: constant, rule, linear, forest, boosting"):
        training.make_candidate("magic", contract("binary"), recipe_of(dirty_table("binary")))


def test_boosting_rounds_come_from_rows_held_out_and_differ_from_the_most_allowed():
    model, _, _ = fitted("boosting", "regression")
    assert 10 <= model.named_steps["estimator"].n_iter_ < 600
    assert model.named_steps["estimator"].early_stopping is False


@pytest.mark.parametrize(("n_columns", "n_parts"), [(1, 8), (1000, 5)])
def test_rounds_of_a_boosting_on_many_columns_come_from_fewer_parts(monkeypatch, n_columns, n_parts):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(200, n_columns))).add_prefix("x")
    table["target"] = np.where(table["x0"] > 0, "yes", "no")
    design = contract("binary", features=list(table.columns[:-1]))
    recipe = {**recipe_of(dirty_table("binary")), "numeric": design["features"]}
    recipe |= {"categorical": [], "high_cardinality": [], "text": [], "datetime": []}
    fits, fit = [], training.stopping.fit_until_best
    monkeypatch.setattr(training.stopping, "fit_until_best", lambda *given: fits.append(fit(*given)) or fits[-1])
    training.fit(training.make_candidate("boosting", design, recipe), table, design, recipe, "boosting")
    assert len(fits) == n_parts


def test_a_name_of_a_column_may_have_two_underscores():
    table = dirty_table("binary").rename(columns={name: f"{name}__y" for name in FEATURES})
    design = contract("binary", features=[f"{name}__y" for name in FEATURES])
    recipe = cleaning.recipe(
        cleaning.column_kinds(table[design["features"]]),
        dropped={},
        missing={"strategy": "median", "add_indicator": True, "deleted_columns": []},
        linear_numeric=["size__y"],
        hidden_gaps=[],
        max_vif=5.0,
    )
    model = training.fit(training.make_candidate("linear", design, recipe), table, design, recipe, "linear")
    assert {"note__y", "moment__y"} <= set(training.used_columns(model))


def test_a_rule_on_a_column_that_cleaning_dropped_as_dependent_still_works():
    table, design = dirty_table("binary"), contract("binary")
    recipe = recipe_of(table)
    recipe["numeric"] = ["age"]
    model = training.fit(training.make_candidate("rule", design, recipe), table, design, recipe, "rule")
    assert training.used_columns(model) == ["size"]


def searched(name="boosting", task="binary", **options):
    table, design = dirty_table(task), contract(task)
    recipe, split = recipe_of(table), folds.make(table, design)
    pipeline = training.make_candidate(name, design, recipe)
    prepared = search.prepare(pipeline, table, design, recipe, name, split)
    return search.search(
        pipeline.named_steps["estimator"], training.space(name, design, table), prepared, design, **options
    )


def test_the_first_trial_of_a_search_is_the_defaults_of_scikit_learn():
    defaults = {"learning_rate": 0.1, "max_leaf_nodes": 31, "min_samples_leaf": 20, "l2_regularization": 0.0}
    assert defaults.items() <= searched(n_trials=1).trials["params"].iloc[0].items()


def test_a_search_finds_the_same_again_when_trials_bind():
    first, second = searched(n_trials=5), searched(n_trials=5)
    pd.testing.assert_frame_equal(first.table(), second.table())
    assert len(first.trials) == 5


def test_a_search_begins_no_trial_after_its_seconds_but_always_has_one():
    assert len(searched(n_trials=100, max_seconds=0.0).trials) == 1


def test_the_best_trial_is_what_a_search_returns():
    found = searched("forest", n_trials=4)
    assert found.params == found.trials.loc[found.trials["score"].idxmax(), "params"]
    assert np.mean(found.scores) == found.trials["score"].max()


def test_predictions_of_several_classes_are_written_under_their_labels():
    found = training.prediction_table(contract("multiclass"), np.eye(3), pd.RangeIndex(3))
    assert found.columns.tolist() == ["high", "low", "mid"]


@pytest.mark.parametrize(("strategy", "add_indicator"), missingness.WAYS)
def test_every_way_of_treating_gaps_can_be_fitted(strategy, add_indicator):
    table, design = dirty_table("binary"), contract("binary")
    recipe = recipe_of(table, strategy, add_indicator)
    recipe["missing"]["deleted_columns"] = ["size", "kind"] if strategy == "delete_columns" else []
    model = training.fit(training.make_candidate("linear", design, recipe), table, design, recipe, "linear")
    gaps = table.assign(size=np.nan, kind=None)
    assert np.isfinite(answers(model, design, gaps)).all()


def test_counts_are_fitted_by_poissons_regression_and_its_weaker_penalty_is_tried():
    table = dirty_table("regression")
    table["target"] = np.random.default_rng(0).poisson(3, len(table))
    design = {**contract("regression"), "counts": True}
    model = training.make_candidate("linear", design, recipe_of(table))
    assert type(model.named_steps["estimator"]).__name__ == "PoissonRegressor"
    assert {"alpha": 1e-3} in training.space("linear", design, table).starts
    assert "loss" in training.space("boosting", design, table).starts[0]
    fitted = training.fit(model, table, design, recipe_of(table), "linear")
    assert (fitted.predict(table[design["features"]]) > 0).all()


@pytest.mark.parametrize("name", training.CANDIDATES)
def test_columns_that_begin_after_the_rows_of_an_early_fold_are_no_obstacle(name):
    table = dirty_table("binary")
    begun = table.index >= 160
    for feature in FEATURES[1:]:
        table[feature] = table[feature].where(begun)
    design, recipe = contract("binary"), recipe_of(table)
    model = training.make_candidate(name, design, recipe)
    early, late = np.arange(120), np.arange(120, 160)
    prepared = search.prepare(model, table, design, recipe, name, [(early, late)])
    found = search.search(model.named_steps["estimator"], None, prepared, design)
    assert np.isfinite(found.scores).all()
    fitted_early = training.fit(model, table.iloc[early], design, recipe, name)
    assert np.isfinite(answers(fitted_early, design, table.tail(80))).all()


@pytest.mark.parametrize("column", ["moment", "note"])
def test_a_rule_on_a_column_that_begins_later_says_the_same_of_every_row(column):
    table = dirty_table("binary")
    table[column] = table[column].where(table.index >= 160)
    design, recipe = contract("binary", rule={"column": column}), recipe_of(table)
    model = training.make_candidate("rule", design, recipe)
    fitted = training.fit(model, table.head(120), design, recipe, "rule")
    assert np.ptp(answers(fitted, design, table)) == 0


def test_a_rule_on_a_text_of_one_value_and_gaps_goes_by_the_gaps():
    table = dirty_table("binary")
    table["kind"] = pd.Series(np.where(table["target"] == "yes", "x", None), dtype="str")
    columns = [{"name": "kind", "kind": "text"}]
    design = contract("binary", rule={"column": "kind"}, reading={"columns": columns})
    recipe = {**recipe_of(table), "categorical": []}
    fitted = training.fit(training.make_candidate("rule", design, recipe), table, design, recipe, "rule")
    assert ((answers(fitted, design, table) > 0.5) == (table["target"] == "yes")).all()


@pytest.mark.parametrize("name", training.CANDIDATES)
def test_numbers_beyond_what_32_bits_hold_are_no_obstacle(name):
    table = dirty_table("binary").assign(size=lambda t: np.exp(300 * t["size"].clip(None, 2.3)))
    design, recipe = contract("binary"), recipe_of(table)
    model = training.fit(training.make_candidate(name, design, recipe), table, design, recipe, name)
    assert np.isfinite(answers(model, design, table)).all()


def test_a_time_whose_gaps_have_it_deleted_has_no_indicator():
    table = dirty_table("binary")
    table["moment"] = table["moment"].mask(table.index % 2 == 0)
    recipe = recipe_of(table, strategy="delete_columns")
    recipe["missing"]["deleted_columns"] = ["moment", "size"]
    design = contract("binary")
    model = training.fit(training.make_candidate("linear", design, recipe), table, design, recipe, "linear")
    assert "moment" not in training.used_columns(model) and "size" in training.used_columns(model)


def test_a_row_far_from_all_others_has_a_finite_count():
    table = dirty_table("regression").assign(target=lambda t: np.arange(len(t)) % 5)
    design, recipe = contract("regression", counts=True), recipe_of(table)
    model = training.fit(training.make_candidate("linear", design, recipe), table, design, recipe, "linear")
    far = table.head(1).assign(size=1e9 * np.sign(model[-1].coef_[model[:-1].get_feature_names_out() == "size"][0]))
    assert np.isfinite(answers(model, design, far)).all()
