import pandas as pd
import pytest
from releases import MODEL_NAME, raw_table

from lib import batches, labelling, predictions
from lib.errors import InputError


def table(n_rows=20):
    return raw_table(n_rows).astype({"jet": "int64"}).assign(flight=[f"IB{i}" for i in range(n_rows)])


@pytest.fixture
def saved(tmp_path):
    def save(rows, name="labels.csv"):
        rows.to_csv(tmp_path / name, index=False)
        return str(tmp_path / name)

    return save


@pytest.fixture
def scored(operating, saved):
    batches.score(operating, saved(table().drop(columns="late"), "july.csv"))
    return operating


def known(store):
    return predictions.window(store, MODEL_NAME)["label"]


def told(found):
    return (found.n_new, found.n_corrected, found.n_unchanged, found.n_waiting)


def test_rows_are_known_by_their_content_with_or_without_the_truth(scored, saved):
    assert told(labelling.label(scored, saved(table()))) == (20, 0, 0, 0)
    assert known(scored).tolist() == table()["late"].tolist()


def test_labels_may_come_before_their_rows(operating, saved):
    assert told(labelling.label(operating, saved(table()))) == (20, 0, 0, 20)
    batches.score(operating, saved(table(), "july.csv"))
    assert known(operating).tolist() == table()["late"].tolist()


def test_the_same_labels_again_change_nothing(scored, saved):
    path = saved(table())
    labelling.label(scored, path)
    assert told(labelling.label(scored, path)) == (0, 0, 20, 0)


def test_rows_that_are_alike_get_their_labels_in_order(operating, saved):
    alike = pd.concat([table(1)] * 3).assign(late=["yes", "no", "yes"])
    batches.score(operating, saved(alike, "alike.csv"))
    labelling.label(operating, saved(alike))
    assert known(operating).tolist() == ["yes", "no", "yes"]


def test_rows_can_be_named_by_a_column(operating, saved):
    batches.score(operating, saved(table(), "july.csv"), key="flight")
    truth = pd.DataFrame({"flight": ["IB3", "IB9", "IB99", None], "outcome": ["YES", "no", "yes", "no"]})
    found = labelling.label(operating, saved(truth), key="flight", column="outcome")
    assert told(found) == (3, 0, 0, 1) and found.n_without == 1
    assert known(operating)[["IB3", "IB9"]].tolist() == ["yes", "no"]


def test_rows_without_a_label_yet_are_left_out(scored, saved):
    found = labelling.label(scored, saved(table().assign(late=[None] * 15 + ["yes"] * 5)))
    assert told(found) == (5, 0, 0, 0) and found.n_without == 15


def test_a_label_that_the_model_does_not_know_is_left_out_and_said(scored, saved):
    found = labelling.label(scored, saved(table().assign(late=["maybe"] * 2 + ["yes"] * 18)))
    assert found.n_unknown == 2 and found.unknown == ("maybe",) and found.n_new == 18


def test_a_column_of_other_labels_is_refused(scored, saved):
    with pytest.raises(InputError, match="found 'UA', 'DL', 'AA'|expected 'no', 'yes'"):
        labelling.label(scored, saved(table()), column="carrier")


def test_a_missing_column_is_named_with_the_nearest(scored, saved):
    with pytest.raises(InputError, match="no column 'lat' of labels. Did you mean late"):
        labelling.label(scored, saved(table()), column="lat")


def test_labels_without_the_columns_of_the_rows_need_a_key(scored, saved):
    with pytest.raises(InputError, match="with --key"):
        labelling.label(scored, saved(table()[["flight", "late"]]))


def test_labels_of_no_rows_are_refused(scored, saved):
    with pytest.raises(InputError, match="has no rows"):
        labelling.label(scored, saved(raw_table(5).head(0)))
