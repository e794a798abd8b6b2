"""Small questions to Python's syntax trees: what a statement binds, imports and mentions, and what its code is."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

_PURE_DECORATORS = frozenset(
    ["dataclass", "cache", "lru_cache", "cached_property", "contextmanager", "total_ordering", "wraps", "overload"]
)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

Origin = tuple[str, str | None]
"""A module, and the attribute of it that a name was imported from; None where the name is the module."""


def hash_code(statements: list[ast.stmt]) -> str:
    """Return a hash of code that comments, blank lines, layout and docstrings do not change."""
    digest = hashlib.sha256()
    for statement in statements:
        _remove_docstrings(statement)
        digest.update(ast.dump(statement).encode())
    return digest.hexdigest()[:20]


def _remove_docstrings(tree: ast.stmt) -> None:
    """Take the docstrings out, in place: nothing but `help` reads them."""
    for node in ast.walk(tree):
        if isinstance(node, _DEFINITIONS):
            node.body = [statement for statement in node.body if not is_docstring(statement)] or [ast.Pass()]


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a node and those below it, leaving out what only a type checker executes."""
    yield node
    for child in _children(node):
        yield from walk(child)


def chains(node: ast.AST) -> Iterator[list[str]]:
    """Yield the dotted names that a node mentions, each as far as it can be followed: ``["cleaning", "recipe"]``."""
    found = chain(node)
    if found:
        yield found
        return
    for child in _children(node):
        yield from chains(child)


def chain(node: ast.AST) -> list[str]:
    """Return the parts of a dotted name, or nothing if the node is none."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id, *names] if isinstance(node, ast.Name) else []


def imports(node: ast.AST, module: str) -> Iterator[tuple[str, Origin]]:
    """Yield each name that is imported in or below a node, with what it stands for; `module` is where the node is."""
    for found in walk(node):
        if isinstance(found, ast.Import):
            yield from (_imported(alias) for alias in found.names)
        elif isinstance(found, ast.ImportFrom):
            origin = _origin(found, module)
            yield from ((a.asname or a.name, (origin, None if a.name == "*" else a.name)) for a in found.names)


def is_import(statement: ast.stmt) -> bool:
    """Return whether a statement imports."""
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def is_definition(statement: ast.stmt) -> bool:
    """Return whether a statement defines a function or a class."""
    return isinstance(statement, _DEFINITIONS)


def is_docstring(statement: ast.stmt) -> bool:
    """Return whether a statement is a constant by itself, which does nothing."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_for_type_checkers(node: ast.AST) -> bool:
    """Return whether a node is ``if TYPE_CHECKING:``."""
    return isinstance(node, ast.If) and chain(node.test)[-1:] == ["TYPE_CHECKING"]


def names_bound(statement: ast.stmt) -> list[str]:
    """Return the names that a statement binds or, as in ``table["x"] = 1``, changes."""
    if is_definition(statement):
        return [statement.name]
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    return [
        node.id for target in targets if target is not None for node in ast.walk(target) if isinstance(node, ast.Name)
    ]


def keys_of(path: Path, name: str) -> list[str]:
    """Return the keys of a dictionary that a module binds to a name; none if there is no such module or name."""
    if not path.is_file():
        return []
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    found = [s.value for s in statements if isinstance(s, (ast.Assign, ast.AnnAssign)) and name in names_bound(s)]
    return [key.value for each in found if isinstance(each, ast.Dict) for key in each.keys]


def only_binds(statement: ast.stmt) -> bool:
    """Return whether a statement does nothing at import but bind its names; an unknown decorator might register it."""
    decorators = getattr(statement, "decorator_list", [])
    known = all(_PURE_DECORATORS & set(chain(d.func if isinstance(d, ast.Call) else d)) for d in decorators)
    return known and not isinstance(statement, (ast.For, ast.AsyncFor, ast.Delete))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    return iter(node.orelse) if is_for_type_checkers(node) else ast.iter_child_nodes(node)


def _imported(alias: ast.alias) -> tuple[str, Origin]:
    top = alias.name.split(".")[0]
    return (alias.asname, (alias.name, None)) if alias.asname else (top, (top, None))


def _origin(node: ast.ImportFrom, module: str) -> str:
    parents = module.split(".")[: -node.level] if node.level else []
    return ".".join([*parents, *([node.module] if node.module else [])])
