import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import admission, answers, portable
from lib.cells import Reader, Refused

CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-5000, 9000), st.floats(-5000, 9000), st.text(max_size=6),
    st.sampled_from(["12", " 7 ", "1,200", "", "NA", "2013-02-01", "2013-02-01T10:20:30", "2013-02-01 10:20", "x"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def contract(registered_store):
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("CUADERNO_DATABASE_URL", raising=False)
        return answers.in_use(registered_store).contract


@settings(max_examples=200, deadline=None)
@given(cells=st.fixed_dictionaries(dict.fromkeys(("distance", "seats", "jet", "carrier", "departure"), CELLS)))
def test_cells_are_read_as_a_frame_of_the_same_row_is(contract, cells):
    reader = Reader(contract)
    try:
        found = reader.frame(reader.read([cells]))
    except Refused:
        return
    pd.testing.assert_frame_equal(found, portable.coerce(pd.DataFrame([cells]), contract), check_exact=True)


@settings(max_examples=25, deadline=None)
@given(cells=st.fixed_dictionaries(dict.fromkeys(("distance", "seats", "jet", "carrier", "departure"), CELLS)))
def test_what_a_batch_would_set_aside_is_refused(contract, cells):
    aside = len(admission.split(contract, pd.DataFrame([cells])).set_aside)
    reader = Reader(contract)
    if aside:
        with pytest.raises(Refused):
            reader.read([cells])
