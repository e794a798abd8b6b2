"""What a notebook's code reaches in `lib`: each top-level definition, followed by name from module to module.

A stage is stale when a function that it uses has changed, and not when another function of the same module has. The
walk takes more rather than less where it is unsure: a module that is passed around as a value, asked for names at run
time, or star-imported counts as a whole, and statements that run at import count wherever the module is imported.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lib import hashing, syntax
from lib.errors import InputError

IMPORT_TIME = "(import)"
WHOLE = "(whole)"
_DYNAMIC = {"eval", "exec", "globals", "__import__", "import_module", "reload", "modules"}
_KINDS = {ast.FunctionDef: "function", ast.AsyncFunctionDef: "function", ast.ClassDef: "class"}
_IDLE = (syntax.is_import, syntax.is_docstring, syntax.is_for_type_checkers)

Target = tuple[str, str]
"""A module of `lib`, and a name in it, `IMPORT_TIME` or `WHOLE`."""


@dataclass(frozen=True)
class Reach:
    """What some code depends on: definitions of `lib` with the hash of each, and the names of other packages."""

    definitions: dict[str, str]
    packages: set[str]


@dataclass
class Module:
    """One module of `lib`, taken apart into what each of its names is bound by."""

    name: str
    path: Path
    tree: ast.Module
    bound: dict[str, list[ast.stmt]] = field(default_factory=dict)
    at_import: list[ast.stmt] = field(default_factory=list)

    def __post_init__(self):
        for statement in self.tree.body:
            names = syntax.names_bound(statement)
            if names and syntax.only_binds(statement):
                for name in names:
                    self.bound.setdefault(name, []).append(statement)
            elif not any(idle(statement) for idle in _IDLE):
                self.at_import.append(statement)

    @cached_property
    def imports(self) -> dict[str, syntax.Origin]:
        """Return what each imported name stands for, from the imports outside functions and classes."""
        outside = (statement for statement in self.tree.body if not syntax.is_definition(statement))
        return {name: origin for statement in outside for name, origin in syntax.imports(statement, self.name)}

    def statements(self, name: str) -> list[ast.stmt]:
        """Return the statements that a name, `IMPORT_TIME` or `WHOLE` stands for."""
        special = {IMPORT_TIME: self.at_import, WHOLE: self.tree.body}
        return special[name] if name in special else self.bound[name]

    def used_statements(self, name: str) -> list[ast.stmt]:
        """Return `statements` and, at import, the imports themselves: they execute other modules."""
        return [*self.statements(name), *(s for s in self.tree.body if name == IMPORT_TIME and syntax.is_import(s))]

    def label(self, name: str) -> str:
        """Return what a name is called in a sentence: ``"lib/cleaning.py: function select_by_vif"``."""
        where = "/".join(self.path.parts[-2:])
        special = {IMPORT_TIME: "code run at import", WHOLE: "module"}
        if name in special:
            return f"{where}: {special[name]}"
        return f"{where}: {_KINDS.get(type(self.bound[name][0]), 'constant')} {name}"


class Library:
    """The modules of a package, parsed once, and asked what some code reaches in them.

    Parameters
    ----------
    folder : Path
        The package's folder; its name is the package's.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.package = folder.name
        self._modules: dict[str, Module | None] = {}
        self._uses: dict[Target, tuple[set[Target], set[str]]] = {}
        self._hashes: dict[Target, str] = {}

    def stamp(self) -> list:
        """Return what changes when a module is written, added or removed."""
        return [[str(path), *hashing.stamp(path)] for path in sorted(self.folder.rglob("*.py"))]

    def reach(self, tree: ast.Module) -> Reach:
        """Return what the code of a notebook reaches, however indirectly.

        Raises
        ------
        InputError
            If a module that it reaches does not parse.
        """
        pending, packages = self._used_by(tree.body, None)
        seen: set[Target] = set()
        while pending:
            target = pending.pop()
            if target not in seen:
                seen.add(target)
                targets, names = self._uses_of(target)
                pending |= targets
                packages = packages | names
        return Reach({self._label(t): self._hash(t) for t in seen if self._has_code(t)}, packages)

    def module(self, name: str) -> Module | None:
        """Return a module of the package, or None if there is no such module."""
        if name not in self._modules:
            self._modules[name] = self._parse(name)
        return self._modules[name]

    def _parse(self, name: str) -> Module | None:
        parts = name.split(".")
        path = self.folder.parent.joinpath(*parts).with_suffix(".py")
        path = self.folder.parent.joinpath(*parts, "__init__.py") if not path.is_file() else path
        if parts[0] != self.package or not path.is_file():
            return None
        try:
            return Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
        except SyntaxError as error:
            raise InputError(f"{path}, line {error.lineno}: {error.msg}. Correct it first.") from None

    def _label(self, target: Target) -> str:
        return self._modules[target[0]].label(target[1])

    def _has_code(self, target: Target) -> bool:
        return bool(self._modules[target[0]].statements(target[1]))

    def _hash(self, target: Target) -> str:
        if target not in self._hashes:
            self._hashes[target] = syntax.hash_code(self._modules[target[0]].statements(target[1]))
        return self._hashes[target]

    def _uses_of(self, target: Target) -> tuple[set[Target], set[str]]:
        if target not in self._uses:
            module = self.module(target[0])
            targets, packages = self._used_by(module.used_statements(target[1]), module)
            hooks = {(module.name, name) for name in module.bound if name == "__getattr__"}
            self._uses[target] = targets | hooks | {(module.name, IMPORT_TIME)}, packages
        return self._uses[target]

    def _used_by(self, statements: Iterable[ast.stmt], module: Module | None) -> tuple[set[Target], set[str]]:
        """Return the targets in `lib` and the foreign packages that some statements use by themselves."""
        here = module.name if module else ""
        imported = [pair for statement in statements for pair in syntax.imports(statement, here)]
        scope = {**(module.imports if module else {}), **dict(imported)}
        targets = {target for pair in imported for target in self._executed_by(*pair)}
        for chain in (found for statement in statements for found in syntax.chains(statement)):
            targets |= self._resolve(chain, scope, module)
        return targets, {origin.split(".")[0] for _, (origin, _) in imported} - {self.package, "__future__"}

    def _executed_by(self, name: str, origin: syntax.Origin) -> Iterator[Target]:
        """Yield the modules that an import executes: what is imported, and the packages above it."""
        parts = [*origin[0].split("."), *([origin[1]] if origin[1] else [])]
        for depth in range(1, len(parts) + 1):
            module = ".".join(parts[:depth])
            if parts[0] == self.package and self.module(module):
                yield module, WHOLE if name == "*" and module == origin[0] else IMPORT_TIME

    def _resolve(self, chain: list[str], scope: Mapping[str, syntax.Origin], module: Module | None) -> set[Target]:
        """Return what a dotted name such as ``cleaning.recipe`` stands for in `lib`."""
        if module and chain[0] in module.bound:
            return {(module.name, chain[0])}
        if module and _DYNAMIC & set(chain):
            return {(module.name, WHOLE)}
        if chain[0] not in scope:
            return set()
        return self._member(scope[chain[0]], chain[1:])

    def _member(self, origin: syntax.Origin, names: list[str]) -> set[Target]:
        """Return what `names` stand for below an origin: a definition, or the whole module if none is named."""
        place, names = origin[0], [*([origin[1]] if origin[1] else []), *names]
        while names and self.module(f"{place}.{names[0]}"):
            place, names = f"{place}.{names[0]}", names[1:]
        module = self.module(place)
        if module is None:
            return set()
        if names and names[0] in module.bound:
            return {(place, names[0])}
        if names and names[0] in module.imports:
            return self._member(module.imports[names[0]], names[1:]) | {(place, IMPORT_TIME)}
        return {(place, WHOLE)}
