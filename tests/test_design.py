import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_poisson_deviance

from lib import design, designs, flights, folds, splitting
from lib.errors import InputError


def table(n_samples=200):
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "number": range(1, n_samples + 1),
            "day": pd.date_range("2024-01-01", periods=n_samples),
            "age": generator.integers(18, 80, n_samples),
            "price": generator.normal(100, 20, n_samples),
            "sold": generator.choice(["no", "yes"], n_samples),
        }
    )


def test_the_contract_has_every_key_that_later_stages_read():
    keys = {
        "source", "model_name", "objective", "users", "decision", "target", "task", "classes", "time_column",
        "group_column", "exclude", "features", "metric", "threshold", "least_gain", "cost_false_positive",
        "cost_false_negative", "slices", "slice_loss", "latency_ms", "memory_mb", "model_mb", "retraining_budget",
        "split", "missingness_leaks",
    }  # fmt: skip
    assert keys <= set(design.contract("sales.csv", table(), target="sold"))


def test_what_is_not_given_is_inferred_from_the_table():
    found = design.contract("sales.csv", table(), target="sold")
    assert (found["task"], found["classes"], found["metric"]) == ("binary", ["no", "yes"], "roc_auc")
    assert (found["time_column"], found["split"]["strategy"]) == ("day", "time")
    assert found["features"] == ["age", "price"]
    assert "kept with -p keep=" in found["exclude"]["number"]


def test_what_is_given_goes_before_what_is_inferred():
    given = {"target": "price", "time_column": "none", "keep": ["number"], "least_gain": 0.0, "strategy": "random"}
    found = design.contract("sales.csv", table(), **given)
    assert (found["task"], found["time_column"], found["least_gain"]) == ("regression", "", 0.0)
    assert "number" in found["features"]


def test_nothing_of_the_demo_reaches_another_table():
    words = str(design.contract("sales.csv", table(), target="sold"))
    for name in ("objective", "users", "decision", "model_name", "time_column"):
        assert flights.CONTRACT[name] not in words


def test_every_line_that_nobody_filled_in_is_an_open_question():
    found = design.contract("sales.csv", table(), target="sold", users="The shop", cost_false_negative=2.0)
    names = {check.name for check in design.open_questions(found)}
    assert "open question: objective" in names
    assert not names & {"open question: users", "open question: costs"}
    assert {check.severity for check in design.open_questions(found)} == {"warning"}


def test_the_demo_leaves_no_question_open():
    demo = table().rename(columns={"sold": "late", "day": "time_hour"}).assign(late=[0, 1] * 100, origin="JFK")
    demo = demo.assign(**dict.fromkeys(flights.CONTRACT["exclude"], 1.0))
    assert design.open_questions(design.contract("flights", demo)) == []


def test_a_password_does_not_stand_in_the_contract():
    found = design.contract("postgresql://me:secret@host/shop::sales", table(), target="sold")
    assert "secret" not in str(found)


def test_the_least_gain_of_an_error_is_in_units_of_the_target():
    found = design.contract("sales.csv", table(), target="price", metric="neg_mean_absolute_error")
    assert found["least_gain"] == pytest.approx(0.01 * table()["price"].std())


def test_columns_may_be_named_as_the_file_names_them():
    found = design.contract("sales.csv", table(), names={" Sold ": "sold"}, target=" Sold ", exclude=["age"])
    assert (found["target"], found["features"]) == ("sold", ["price"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"target": "pric"}, "'pric', named as target, is not in the table. Nearest are: price"),
        ({"target": ""}, "Name one of the table's columns with -p target=COLUMN: number, day"),
        ({"target": "sold", "slices": ["aeg"]}, "'aeg', named as slices, is not in the table. Nearest are: age"),
        ({"target": "sold", "task": "regression"}, "Task regression needs numbers; target 'sold' holds '"),
        ({"target": "price", "task": "binary"}, "Task binary needs two values; target 'price' has 200"),
        ({"target": "price", "task": "multiclass"}, "200 classes in 200 rows, fewer than 5 rows a class"),
        ({"target": "sold", "task": "clustering"}, "task is one of binary, multiclass, regression"),
        ({"target": "sold", "metric": "r2"}, "Metric 'r2' does not fit the task binary. Fitting are: roc_auc"),
        ({"target": "sold", "strategy": "luck"}, "strategy is one of time, group, stratified, random"),
        ({"target": "sold", "test_size": 0.9}, "shares above 0 that leave rows to train on; found 0.2 and 0.9"),
        ({"target": "sold", "threshold": "high"}, "threshold takes a number, not 'high'"),
        ({"target": "sold", "exclude": ["age", "price", "number"]}, "No column is left to predict from"),
        (
            {"target": "sold", "time_column": "day", "exclude": ["age", "price", "number"]},
            "With -p time_column=none, models learn from month, weekday and hour of day",
        ),
    ],
)
def test_a_contract_that_cannot_be_kept_is_refused_with_the_remedy(given, message):
    with pytest.raises(InputError) as refusal:
        design.contract("sales.csv", table(), **given)
    assert message in str(refusal.value)


def test_a_rarer_class_of_two_rows_is_refused():
    with pytest.raises(InputError, match="The rarer class of 'sold', 'yes', has 2 rows"):
        design.contract("sales.csv", table().assign(sold=["yes"] * 2 + ["no"] * 198), target="sold")


def test_the_contract_is_readable_as_a_table():
    found = design.contract("sales.csv", table(), target="sold")
    assert design.readable(found).loc["split", "agreed"].startswith("strategy time, validation size 0.2")
    assert design.excluded(found).index.tolist() == ["number"]


@pytest.mark.parametrize(
    ("asked", "strategy"),
    [
        ({}, "group"),
        ({"time_column": "day"}, "time"),
        ({"time_column": "day", "strategy": "group"}, "group"),
        ({"strategy": "random"}, "random"),
    ],
)
def test_a_group_that_is_asked_for_goes_before_a_time_that_is_only_inferred(asked, strategy):
    rows = table().assign(customer_id=[k % 50 for k in range(200)])
    agreed = design.contract("sales.csv", rows, target="sold", group_column="customer_id", **asked)
    assert (agreed["time_column"], agreed["split"]["strategy"]) == ("day", strategy)


def test_a_group_that_is_taken_up_is_on_one_side_of_the_split_and_of_every_fold():
    rows = table().assign(customer_id=[k % 50 for k in range(200)])
    agreed = design.contract("sales.csv", rows, target="sold", group_column="customer_id")
    goes_by = {name: agreed[name] for name in ("time_column", "group_column", "target")}
    role = splitting.split(rows, **goes_by, **agreed["split"])
    assert role.groupby(rows["customer_id"]).nunique().eq(1).all() and role.nunique() == 3
    train = rows[role == "train"]
    for learn, judge in folds.make(train, agreed):
        assert not set(train["customer_id"].iloc[learn]) & set(train["customer_id"].iloc[judge])


def sold(mean, n_samples=200):
    return table().assign(sold=np.random.default_rng(0).poisson(mean, n_samples))


def test_a_target_that_counts_beyond_doubt_is_judged_as_counts_unless_it_is_said_to_be_a_quantity():
    chosen = design.contract("sales.csv", sold(4), target="sold")
    assert (chosen["task"], chosen["counts"], chosen["metric"]) == ("regression", True, "neg_mean_poisson_deviance")
    overridden = design.contract("sales.csv", sold(4), target="sold", task="regression")
    assert (overridden["task"], overridden["metric"], "counts" in overridden) == ("regression", "r2", False)


def test_counts_keep_the_metric_that_was_asked_for():
    chosen = design.contract("sales.csv", sold(4), target="sold", metric="r2")
    assert (chosen["counts"], chosen["metric"]) == (True, "r2")


def test_a_useful_gain_of_counts_is_a_hundredth_of_what_their_mean_comes_to():
    y = sold(4)["sold"]
    found = design.contract("sales.csv", sold(4), target="sold")["least_gain"]
    assert found == pytest.approx(0.01 * mean_poisson_deviance(y, np.full(len(y), y.mean())), rel=1e-3)


@pytest.mark.parametrize(
    ("metric", "spread"),
    [("r2", lambda y: 1), ("neg_root_mean_squared_error", np.std), ("neg_mean_squared_error", np.var)],
)
def test_a_useful_gain_and_a_tolerable_loss_of_a_slice_are_in_units_of_the_metric(metric, spread):
    found = design.contract("sales.csv", table(), target="price", metric=metric)
    wanted = spread(table()["price"])
    assert (found["least_gain"], found["slice_loss"]) == pytest.approx((0.01 * wanted, 0.05 * wanted), rel=0.01)


@pytest.mark.parametrize(("asked", "task"), [({}, "counts"), ({"task": "regression"}, "regression")])
def test_a_retraining_keeps_to_the_task_that_was_agreed(tmp_path, asked, task):
    agreed = design.contract("sales.csv", sold(4), target="sold", **asked)
    assert designs.Design(tmp_path, agreed, {}).parameters(tmp_path / "new.parquet", test_size=0.2)["task"] == task


@pytest.mark.parametrize(("target", "found"), [("price", r"holds -?\d+\.\d+\."), ("sold", "'"), ("day", "'2024")])
def test_a_target_of_other_than_whole_numbers_cannot_be_counts(target, found):
    with pytest.raises(InputError, match=f"whole numbers from 0 on.*{found}.*-p target="):
        design.contract("sales.csv", table(), target=target, task="counts")


def test_a_target_too_large_to_be_squared_is_refused_with_what_to_do():
    rows = table().assign(price=np.linspace(1, 9, len(table())) * 1e200)
    with pytest.raises(InputError, match="too large to be squared. Give it in another unit"):
        design.contract("sales.csv", rows, target="price")


def test_a_table_whose_only_telling_column_is_its_group_is_refused_in_words():
    rows = pd.DataFrame({"who": np.arange(60) % 20, "blank": [None] * 60, "y": np.arange(60) % 2})
    with pytest.raises(InputError, match=r"one value or nothing \(blank\).*-p keep="):
        design.contract("visits.csv", rows, target="y", group_column="who")
