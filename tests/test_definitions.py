"""What a notebook's code reaches in a package."""

import ast
from textwrap import dedent

import pytest
from miniature import write

from lib.definitions import Library
from lib.errors import InputError

PACKAGE = {
    "__init__": "",
    "a": """
        import numpy as np
        from lib import b
        from lib.b import twice as double

        FACTOR = 2
        TABLE = {}
        TABLE["x"] = FACTOR

        def once(x):
            return x

        def both(x):
            return once(x) + b.twice(x)

        def late(x):
            from lib import c
            return c.thrice(x)

        def named(x):
            return globals()["once"](x)

        def passed():
            return list(map(str, [b]))

        def renamed(x):
            return double(x)

        def table():
            return TABLE

        class Thing:
            def method(self):
                return once(1)
    """,
    "b": """
        def twice(x):
            return 2 * x

        def other(x):
            return x
    """,
    "c": """
        import math
        print("imported")

        def thrice(x):
            return 3 * x
    """,
}


@pytest.fixture
def reach(tmp_path):
    for name, source in PACKAGE.items():
        write(tmp_path / "lib" / f"{name}.py", dedent(source))
    library = Library(tmp_path / "lib")
    return lambda code: {name.partition(": ")[2] for name in library.reach(ast.parse(code)).definitions}


@pytest.mark.parametrize(
    ("code", "reached"),
    [
        ("from lib import a\na.once(1)", {"function once"}),
        ("import lib.a\nlib.a.once(1)", {"function once"}),
        ("from lib.a import once as first\nfirst(1)", {"function once"}),
        ("from lib import a\na.both(1)", {"function both", "function once", "function twice"}),
        ("from lib import a\na.renamed(1)", {"function renamed", "function twice"}),
        ("from lib import a\na.late(1)", {"function late", "function thrice", "code run at import"}),
        ("from lib import a\na.table()", {"function table", "constant TABLE", "constant FACTOR"}),
        ("from lib import a\na.Thing()", {"class Thing", "function once"}),
        ("from lib import a", set()),
        ("from lib import c", {"code run at import"}),
    ],
)
def test_code_reaches_what_it_names_however_indirectly(reach, code, reached):
    assert reach(code) == reached


@pytest.mark.parametrize(
    "code", ["from lib import a\nf(a)", "from lib.a import *\nonce(1)", "import lib.a as m\nvars(m)"]
)
def test_a_module_that_is_passed_around_counts_as_a_whole(reach, code):
    assert "module" in reach(code)


def test_names_asked_for_at_run_time_count_as_the_whole_module(reach):
    assert "module" in reach("from lib import a\na.named(1)")


def test_a_module_that_a_function_passes_around_counts_as_a_whole(reach):
    assert {"function passed", "module"} <= reach("from lib import a\na.passed()")


def test_foreign_packages_are_named(tmp_path, reach):
    library = Library(tmp_path / "lib")
    assert library.reach(ast.parse("import scipy.stats\nfrom lib import a\na.late(1)")).packages == {
        "scipy",
        "numpy",
        "math",
    }


def test_a_module_that_does_not_parse_is_wrong_use(tmp_path, reach):
    write(tmp_path / "lib" / "b.py", "def twice(x:\n")
    with pytest.raises(InputError, match=r"b\.py, line 1"):
        reach("from lib import b\nb.twice(1)")
