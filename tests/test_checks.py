import pytest

from lib import checks
from lib.errors import GateRefused


def make(passed, severity):
    return checks.Check("gain", 0.1, 0.2, passed, severity, "Too little.")


def test_require_refuses_a_stop_check_that_did_not_pass():
    with pytest.raises(GateRefused, match="gain: found 0.1, allowed 0.2. Too little."):
        checks.require([make(True, "stop"), make(False, "stop")])


@pytest.mark.parametrize("check", [make(True, "stop"), make(False, "warning"), make(False, "info")])
def test_require_lets_everything_else_pass(check):
    checks.require([check])


def test_an_unknown_severity_is_an_error():
    with pytest.raises(ValueError, match="severity is one of"):
        make(True, "fatal")


def test_records_come_back_as_the_same_checks():
    found = [make(True, "stop"), make(False, "info")]
    assert checks.from_records(checks.to_records(found)) == found


def test_the_table_shows_an_explanation_whole():
    explanation = "The gain is smaller than what somebody called useful before anybody looked at the data."
    found = checks.table([checks.Check("gain", 0.1, 0.2, False, "stop", explanation)])
    assert explanation in found._repr_html_()
