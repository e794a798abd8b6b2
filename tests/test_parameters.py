import pytest

from lib import parameters
from lib.errors import InputError
from lib.parameters import Parameter


def parameter(kind, default, told="what it is"):
    return Parameter("p", kind, default, told)


@pytest.mark.parametrize(
    ("kind", "default", "told", "value", "message"),
    [
        ("int", 3, "folds [2..20]", "1", "int of at least 2 and at most 20, not '1'"),
        ("int", 3, "folds [2..]", "1", "int of at least 2, not '1'"),
        ("float", 0.2, "share [..0.5]", "0.9", "float of at most 0.5, not '0.9'"),
        ("float", -1.0, "cost; -1: as usual [0..]", "-0.5", "float of at least 0"),
        ("str", "", "which {time, group}", "tmie", "one of time, group, not 'tmie'"),
        ("float", 0.2, "share", "nan", "takes float, not 'nan'"),
        ("float", 0.2, "share", "inf", "takes float, not 'inf'"),
        ("int", 2, "number", "2.5", "takes int, not '2.5'"),
        ("list", [], "columns", "[a, b", "takes list"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_what_is(kind, default, told, value, message):
    with pytest.raises(InputError, match="Parameter p takes") as error:
        parameters.convert(parameter(kind, default, told), value)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("kind", "default", "told", "value", "expected"),
    [
        ("int", 3, "folds [2..20]", "20", 20),
        ("float", -1.0, "cost; -1: as usual [0..]", "-1", -1.0),
        ("str", "", "which {time, group}", "", ""),
        ("str", "", "which {time, group}", "group", "group"),
        ("list", [], "columns", "a, b", ["a", "b"]),
        ("list", [], "columns", "[a, 'b, c']", ["a", "b, c"]),
        ("list", [], "columns", ["a"], ["a"]),
        ("bool", True, "whether", "no", False),
    ],
)
def test_a_value_that_is_allowed_becomes_its_type(kind, default, told, value, expected):
    assert parameters.convert(parameter(kind, default, told), value) == expected


def test_the_default_that_is_named_is_that_of_the_command_line():
    with pytest.raises(InputError, match="Its default is 0"):
        parameters.convert(parameters.Parameter("sample", "int", 12000, "rows; 0 for all [0..]"), "abc")
