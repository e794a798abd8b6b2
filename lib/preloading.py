"""Which installed modules a notebook imports, directly or through the modules of this project."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from lib import parameters

_PACKAGE = Path(__file__).resolve().parent


def modules(notebook: Path) -> list[str]:
    """Return what a notebook imports from installed packages, in the order of need.

    ``from scipy import stats`` gives both ``scipy`` and ``scipy.stats``: which of the two is a module
    only the import itself can tell. Modules of this project are followed and left out, as is the standard library.

    Parameters
    ----------
    notebook : Path

    Returns
    -------
    list of str
    """
    found: dict[str, None] = {}
    followed: set[str] = set()
    for cell in parameters.cells(notebook):
        if cell["cell_type"] == "code":
            _follow("".join(cell["source"]), found, followed)
    return list(found)


def _follow(source: str, found: dict[str, None], followed: set[str]) -> None:
    for name in _imported(source):
        top, _, rest = name.partition(".")
        if top == _PACKAGE.name:
            module = _PACKAGE / f"{rest.partition('.')[0]}.py"
            if module.exists() and module.name not in followed:
                followed.add(module.name)
                _follow(module.read_text(encoding="utf-8"), found, followed)
        elif top not in sys.stdlib_module_names:
            found[name] = None


def _imported(source: str) -> Iterator[str]:
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return  # a cell with a magic
    # Imports inside of functions are late on purpose.
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
