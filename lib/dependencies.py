"""What a notebook reads and writes, found in its code without running it.

A notebook says ``files.read(run_dir, files.TABLE)``; that call, as it stands, is the only declaration of an input.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lib import parameters, syntax
from lib.errors import InputError

RESULTS = "results.json"
_ONE_ARGUMENT = {"trained": "CANDIDATE_MODEL"}


@dataclass(frozen=True)
class Code:
    """The code cells of a notebook, without its parameters cell, and the files that they name.

    Parameters
    ----------
    cells : tuple of ast.Module
        Cells that hold any code, in order.
    reads, optional, writes : frozenset of str
        Names of files below the run's folder, with ``{candidate}`` where there is one for each candidate. `optional`
        are those of `reads` that the notebook can do without: it asks whether they exist.
    """

    cells: tuple[ast.Module, ...]
    reads: frozenset[str]
    optional: frozenset[str]
    writes: frozenset[str]

    @property
    def tree(self) -> ast.Module:
        """All cells as one piece of code."""
        return ast.Module([statement for cell in self.cells for statement in cell.body], [])

    def hashes(self) -> list[str]:
        """Return the hash of each cell."""
        return [syntax.hash_code(cell.body) for cell in self.cells]


def constants(module: Path) -> dict[str, str]:
    """Return the texts that a module binds at top level, such as the file names of `lib/files.py`."""
    statements = ast.parse(module.read_text(encoding="utf-8")).body
    return {
        statement.targets[0].id: statement.value.value
        for statement in statements
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    }


def of_notebook(notebook: Path, names: Mapping[str, str]) -> Code:
    """Return the code of a notebook and the files it names.

    Parameters
    ----------
    notebook : Path
    names : mapping of str to str
        The constants of `lib/files.py`.

    Raises
    ------
    InputError
        If a cell does not parse, or a file is not named as ``files.NAME``.
    """
    cells = tuple(cell for cell in _cells(notebook) if cell.body)
    uses: dict[str, set[str]] = {"read": set(), "exists": set(), "write": set()}
    for call in (node for cell in cells for node in ast.walk(cell) if isinstance(node, ast.Call)):
        for kind, name in _file_use(call, names, notebook):
            uses[kind].add(name)
    return Code(cells, frozenset(uses["read"] | uses["exists"]), frozenset(uses["exists"]), frozenset(uses["write"]))


def _cells(notebook: Path) -> Iterator[ast.Module]:
    code = (cell for cell in parameters.cells(notebook) if cell["cell_type"] == "code")
    for number, cell in enumerate(code, 1):
        if "parameters" not in cell["metadata"].get("tags", []):
            yield _parse("".join(cell["source"]), notebook, number)


def _parse(source: str, notebook: Path, number: int) -> ast.Module:
    lines = [_quoted(line) if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n")]
    try:
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        return compile("\n".join(lines), str(notebook), "exec", flags)
    except SyntaxError as error:
        if source.lstrip().startswith("%%"):
            return ast.parse(repr(source))
        raise InputError(
            f"{notebook}, code cell {number}, line {error.lineno}: {error.msg}. Open the notebook and correct the cell."
        ) from None


def _quoted(line: str) -> str:
    """Return a line of IPython's own language as a text, so that the rest of the cell parses as Python."""
    return line[: len(line) - len(line.lstrip())] + repr(line.strip())


def _file_use(call: ast.Call, names: Mapping[str, str], notebook: Path) -> Iterator[tuple[str, str]]:
    chain = syntax.chain(call.func)
    if chain[:1] == ["files"] and chain[1:] in (["read"], ["exists"], ["write"]):
        yield chain[1], _named(call, names, notebook)
    elif chain[:1] == ["files"] and chain[1:] and chain[1] in _ONE_ARGUMENT:
        yield "read", names[_ONE_ARGUMENT[chain[1]]]
    elif chain in (["results", "read"], ["results", "write"]):
        yield chain[1], f"{_text(call.args[1], notebook)}/{RESULTS}"


def _named(call: ast.Call, names: Mapping[str, str], notebook: Path) -> str:
    chain = syntax.chain(call.args[1]) if len(call.args) > 1 else []
    if chain[:1] != ["files"] or chain[-1] not in names:
        raise InputError(
            f"{notebook}: `{ast.unparse(call)}` names no file of lib/files.py. Write it as "
            f"`files.{call.func.attr}(run_dir, files.NAME)`, with one of {', '.join(sorted(names))}."
        )
    return names[chain[-1]]


def _text(node: ast.expr, notebook: Path) -> str:
    """Return a literal text; ``f"04_training/{candidate}"`` keeps its braces."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else f"{{{ast.unparse(v.value)}}}" for v in node.values)
    raise InputError(f"{notebook}: the stage in `results` has to be a text, not `{ast.unparse(node)}`.")
