"""The rules of this project as functions that name every place where one is broken; nothing found, nothing returned.

They look at the source alone and import none of it, so a rule holds for code that no test runs, too.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

MUTATORS = {"append", "clear", "extend", "insert", "popitem", "remove", "reverse", "setdefault", "sort", "update"}
INPUT_OUTPUT = {"open", "print", "input", "savefig", "mkdir", "unlink", "write_text", "write_bytes", "read_text"}
TABLE_FILES = re.compile(
    r"(read|to)_(csv|parquet|excel|feather|hdf|json|pickle|sql\w*)|loadtxt|savetxt|savez?|dump|load"
)
ATTICS = {"utils", "util", "helpers", "common", "misc", "config", "base", "core", "tools"}
# Written in pieces, so that this file passes the check that it makes.
OPEN_ENDS = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]))
PATHS = [r"/ho" + r"me/\w", r"/ro" + r"ot/", r"/Us" + r"ers/\w", r"C:\\Us" + r"ers", r"/tm" + r"p/\w", r"/wo" + r"rk/"]
HOSTS = ["pythonho" + "sted", r"//py" + r"pi\.", "extra-index" + "-url"]
FOREIGN = re.compile("|".join(PATHS + HOSTS))
NOT_LEARNT = ("test", "held_out", "holdout")


def imported(tree: ast.AST) -> set[str]:
    """Return the modules of `lib` that a source imports, late imports included, those for type checkers not."""
    skipped = {id(node) for block in _type_checking(tree) for node in ast.walk(block)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "lib":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lib."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("lib.")}
    return found


def packages(tree: ast.AST) -> set[str]:
    """Return the top-level packages that a source imports anywhere."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def circles(imports: Mapping[str, Iterable[str]]) -> list[str]:
    """Name the modules of a circle, if there is one."""
    try:
        tuple(TopologicalSorter(imports).static_order())
    except CycleError as error:
        return [" -> ".join(error.args[1])]
    return []


def effects(tree: ast.AST) -> list[str]:
    """Name printing, plotting, tracking and the reading and writing of files."""
    found = [f"imports {name}" for name in packages(tree) & {"matplotlib", "mlflow", "plotly", "rich"}]
    for name, line in _calls(tree):
        if name in INPUT_OUTPUT or TABLE_FILES.fullmatch(name):
            found.append(f"line {line} calls {name}")
    return found


def mutations(tree: ast.AST) -> list[str]:
    """Name the places where a function changes what was given to it."""
    found = []
    for function in _functions(tree):
        given = _arguments(function) - _rebound(function)
        for node in _own_nodes(function):
            name = _changed(node)
            if name in given:
                found.append(f"line {node.lineno}: {function.name} changes its argument {name}")
    return found


def environment_reads(tree: ast.AST) -> list[str]:
    """Name the places that look at environment variables."""
    return [
        f"line {node.lineno} reads {node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
    ]


def verdicts_raised(tree: ast.AST) -> list[str]:
    """Name the places that raise for a verdict themselves."""
    return [
        f"line {node.lineno} raises GateRefused"
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and node.exc is not None and "GateRefused" in ast.unparse(node.exc)
    ]


def long_functions(tree: ast.AST, limit: int) -> list[str]:
    """Name the functions whose body, without the docstring, has more lines than the limit."""
    return [
        f"{function.name} has {length} lines" for function in _functions(tree) if (length := _length(function)) > limit
    ]


def definitions(code: str) -> list[str]:
    """Name the functions and classes that a notebook cell defines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [f"defines {node.name}" for node in ast.walk(ast.parse(code)) if isinstance(node, kinds)]


def foreign_files(code: str, known: set[str]) -> list[str]:
    """Name what a notebook cell reads or writes by other ways than `files.read(run_dir, files.NAME)`."""
    tree = ast.parse(code)
    found = [
        f"calls {name}" for name, _ in _calls(tree) if name in INPUT_OUTPUT - {"print"} or TABLE_FILES.fullmatch(name)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("files.read", "files.write", "files.exists"):
            first, second = [*map(ast.unparse, node.args), "", ""][:2]
            if first != "run_dir" or not (second.startswith("files.") and second[6:] in known):
                found.append(
                    f"{ast.unparse(node.func)} takes run_dir and a name of lib/files.py, not {first}, {second}"
                )
    return found


def fits_on_test_rows(code: str) -> list[str]:
    """Name the calls of a cell that fit something and are given test rows."""
    return [
        f"{ast.unparse(node.func)} is given {name}"
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2].startswith("fit")
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]
        for name in sorted({part.id for part in ast.walk(argument) if isinstance(part, ast.Name)})
        if name in NOT_LEARNT
    ]


def _type_checking(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.body


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Walk a function without the functions in it, which have arguments of their own."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _own_nodes(child)


def _calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2], node.lineno


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    arguments = function.args
    return {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]} - {"self", "cls"}


def _rebound(function: ast.AST) -> set[str]:
    """Return the names that the function binds anew: from then on they mean a value of its own."""
    stored = (node for node in _own_nodes(function) if isinstance(node, ast.Name))
    return {node.id for node in stored if isinstance(node.ctx, ast.Store)}


def _changed(node: ast.AST) -> str | None:
    """Return the name whose value a statement or call changes in place."""
    if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, (ast.Store, ast.Del)):
        return _root(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        in_place = any(keyword.arg == "inplace" and ast.unparse(keyword.value) == "True" for keyword in node.keywords)
        if in_place or node.func.attr in MUTATORS:
            return _root(node.func)
    return None


def _root(node: ast.AST) -> str | None:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0
