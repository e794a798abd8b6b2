import json

import numpy as np
import pandas as pd
import pytest

from lib import files


def refuse(word):
    raise AssertionError(f"{word} is no JSON")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (float("nan"), None),
        (np.float32("inf"), None),
        (np.array([1.0, np.nan]), [1.0, None]),
        ({"a": [{"b": -np.inf}], 3: (1, 2)}, {"a": [{"b": None}], "3": [1, 2]}),
        (pd.NaT, None),
        (pd.Timestamp("2013-01-01 10:00"), "2013-01-01T10:00:00"),
        ([np.bool_(True), np.int64(2), 0.1, "é", None], [True, 2, 0.1, "é", None]),
    ],
)
def test_json_is_such_as_any_reader_takes_and_a_number_that_is_none_becomes_null(tmp_path, value, read):
    files.write(tmp_path, files.DESIGN, {"value": value})
    text = files.path(tmp_path, files.DESIGN).read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse) == {"value": read}


def test_what_json_cannot_hold_leaves_the_file_as_it_was(tmp_path):
    files.write(tmp_path, files.DESIGN, {"value": 1})
    with pytest.raises(TypeError, match="object cannot be written to JSON"):
        files.write(tmp_path, files.DESIGN, {"value": object()})
    assert files.read(tmp_path, files.DESIGN) == {"value": 1}
    assert len(list(files.path(tmp_path, files.DESIGN).parent.iterdir())) == 1
