"""What was inferred stands beside what was found while reading, with its evidence and the way to say otherwise."""

import numpy as np
import pandas as pd
import pytest

from lib import design, inferred, reading


def table(n_samples=200):
    generator = np.random.default_rng(0)
    columns = {
        "number": np.arange(n_samples),
        "customer_id": np.arange(n_samples) % 50,
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n_samples), unit="D"),
        "price": generator.normal(size=n_samples),
        "sold": generator.choice(["no", "yes"], n_samples),
    }
    return pd.DataFrame(columns)


def lines(rows, **asked):
    found = inferred.findings(design.contract("sales.csv", rows, target="sold", **asked), rows)
    assert list(found) == reading.FINDINGS and not found["n_cells"].any()
    return found.set_index("finding")


def test_a_group_that_nobody_named_is_shown_with_its_evidence_and_the_split_that_it_would_lead_to():
    line = lines(table()).loc["group?"]
    assert line["column"] == "customer_id"
    assert "50 values in 200 rows, 4.0 rows a value" in line["evidence"]
    assert line["action"].startswith("none; -p group_column=customer_id splits by it")


def test_a_group_that_is_taken_up_is_shown_with_the_split_that_followed():
    found = lines(table(), group_column="customer_id")
    assert found.loc["group", "action"].startswith("split by group: rows with one value are in one part")
    assert found.loc["time", "action"].startswith("no split by time: -p strategy=time makes it one")
    assert "group?" not in found.index


def test_a_time_is_shown_with_its_range_and_the_split_that_followed():
    line = lines(table()).loc["time"]
    assert (line["column"], line["evidence"][:28]) == ("day", "200 times from 2024-01-01 00")
    assert line["action"].startswith("split by time: the newest rows are the test")


def test_an_identifier_that_nobody_excluded_is_shown_with_the_reason():
    found = lines(table(), exclude=["price"])
    assert found[found["column"].isin(["number", "price"])]["column"].tolist() == ["number"]
    assert "-p keep=" in found.loc["excluded", "evidence"]


@pytest.mark.parametrize(
    ("sold", "asked", "found", "evidence"),
    [
        (["no", "yes"], {}, "target: two classes", "it is no, yes; yes is to be found"),
        (list("abcdefg"), {}, "target: 7 classes", "it is a, b, c, d, e and 2 others"),
        (range(40), {}, "target: a quantity", "40 different numbers from 0 to 39"),
        (range(40), {"task": "counts"}, "target: counts", "40 different numbers from 0 to 39"),
    ],
)
def test_the_task_is_shown_with_what_it_was_inferred_from(sold, asked, found, evidence):
    rows = table().assign(sold=[sold[k % len(sold)] for k in range(200)])
    line = lines(rows, **asked).loc[found]
    assert line["evidence"] == evidence and "judged by" in line["action"]


def test_without_time_and_group_the_split_by_chance_is_said_of_the_target():
    action = lines(table().drop(columns=["day", "customer_id"])).loc["target: two classes", "action"]
    assert "split stratified: rows are divided by chance, each class alike" in action


def test_a_column_that_looks_like_a_group_is_proposed_and_the_time_column_told():
    rows = table().assign(customer_id=[k % 50 for k in range(200)])
    found = inferred.checks(design.contract("sales.csv", rows, target="sold"), rows)
    assert [(check.name, check.passed) for check in found] == [
        ("time column", True),
        ("customer_id is no group", False),
    ]
    taken_up = design.contract("sales.csv", rows, target="sold", group_column="customer_id")
    found = inferred.checks(taken_up, rows)
    assert [(check.name, check.passed) for check in found] == [("time column", True), ("group column", True)]
    assert "50 groups in 200 rows; each is on one side" in found[-1].explanation


def test_the_proposal_of_a_group_gives_its_evidence_and_what_to_type():
    rows = table().assign(customer_id=[k % 50 for k in range(200)])
    proposal = inferred.checks(design.contract("sales.csv", rows, target="sold"), rows)[-1].explanation
    assert "50 values come back: 200 rows have one, 4.0 rows a value" in proposal
    assert "-p group_column=customer_id" in proposal


def counting(mean, **asked):
    draw = np.random.default_rng(0)
    rows = table().assign(sold=draw.poisson(draw.gamma(1, mean, 200)))
    agreed = design.contract("sales.csv", rows, target="sold", **asked)
    said = {check.name: check.explanation for check in inferred.checks(agreed, rows)}
    return said, inferred.findings(agreed, rows).set_index("finding")


def test_counts_that_were_chosen_are_said_with_the_evidence_and_how_to_have_a_quantity():
    said, found = counting(4)
    for text in (said["the target counts"], " ".join(found.loc["target: counts", ["evidence", "action"]])):
        assert "small whole numbers from 0 on, variance " in text and "-p task=regression" in text


def test_counts_that_were_asked_for_are_said_to_be_so():
    assert "asked for by -p task=counts" in counting(200, task="counts")[0]["the target counts"]


def test_a_quantity_that_could_count_is_said_with_what_to_type():
    said, found = counting(50)
    assert "target: a quantity" in found.index
    assert "-p task=counts" in said["the target seems to count"] and "the target counts" not in said
