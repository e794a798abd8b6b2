"""The `parameters` cell of a notebook is its schema: read it, check what was given against it, convert it.

The comment of a line may end with what is allowed: a range of numbers, as ``[2..20]`` or ``[0..]``, or a list of
words, as ``{time, group, random}``. The default is always allowed.
"""

import ast
import contextlib
import difflib
import json
import math
import re
import shlex
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from lib.errors import InputError

RUN_DIR = "run_dir"
HEADLESS = {"sample": 0}
"""What the command line sets where the user does not: all rows, where a notebook by hand works on a sample."""

_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


_RANGE = re.compile(r"\s*\[([-\d.]*?)\.\.([-\d.]*?)\]$")
_WORDS = re.compile(r"\s*\{([^{}]*)\}$")


@dataclass(frozen=True)
class Parameter:
    """One line of a `parameters` cell: ``name: type = default  # help``."""

    name: str
    type: str
    default: Any
    help: str

    @property
    def range(self) -> tuple[float, float]:
        """The least and the largest number allowed."""
        found = _RANGE.search(self.help)
        low, high = found.groups() if found else ("", "")
        return float(low or -math.inf), float(high or math.inf)

    @property
    def words(self) -> list[str]:
        """The words allowed; none if any is."""
        found = _WORDS.search(self.help)
        return _list(found[1]) if found else []

    def allows(self, value: Any) -> bool:
        """Return whether a value of the right type is in the range, or one of the words."""
        if value == self.default:
            return True
        low, high = self.range
        return (not self.words or value in self.words) and (self.type not in ("int", "float") or low <= value <= high)


def of_notebook(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters of a notebook by name, without `run_dir`, which the runner sets.

    Raises
    ------
    InputError
        If the notebook cannot be parsed, or a line of the cell is not ``name: type = literal  # help``.
    """
    for cell in cells(notebook):
        if "parameters" in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            found = {p.name: p for p in _parse(source, notebook)}
            found.pop(RUN_DIR, None)
            return found
    return {}


def cells(notebook: Path) -> list[dict]:
    """Return the cells of a notebook file as they are stored."""
    try:
        return json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{notebook} is not a notebook that can be read: {error}. Open it in Jupyter.") from None


def convert(parameter: Parameter, value: Any) -> Any:
    """Return `value`, often text from the command line, as the parameter's type.

    Raises
    ------
    InputError
        If it cannot be that type, or is not allowed.
    """
    with contextlib.suppress(ValueError, TypeError, KeyError):
        converted = _CONVERTERS[parameter.type](value)
        if parameter.allows(converted):
            return converted
    default = HEADLESS.get(parameter.name, parameter.default)
    raise InputError(
        f"Parameter {parameter.name} takes {_allowed(parameter)}, not {value!r}. Its default is {default!r}."
    )


def given(pairs: Iterable[str], file: Path | None = None) -> dict[str, Any]:
    """Return what a user gave, as a mapping of names to values.

    Parameters
    ----------
    pairs : iterable of str
        ``name=value``; these go before what the file says.
    file : Path, optional
        A YAML file of names and values.

    Raises
    ------
    InputError
        If the file cannot be read, or a pair is none.
    """
    return {**(_of_file(file) if file else {}), **dict(_pair(text) for text in pairs)}


def as_options(given: Mapping[str, Any]) -> str:
    """Return what a user gave as it is typed: `given` reads the same of it."""
    words = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    return shlex.join([word for name, value in words.items() for word in ("-p", f"{name}={value}")])


def resolve(known: Mapping[str, Mapping[str, Parameter]], given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the value of every parameter of every stage.

    Parameters
    ----------
    known : mapping of stage to mapping of name to Parameter
    given : mapping of name to value
        What the user gave; text is converted to the declared type.

    Raises
    ------
    InputError
        If a name is unknown to all stages, or a value is not of its type.
    """
    names = {name for parameters in known.values() for name in parameters}
    for name in given:
        if name not in names:
            raise InputError(_unknown(name, names))
    chosen = {**HEADLESS, **given}
    return {
        stage: {name: convert(p, chosen[name]) if name in chosen else p.default for name, p in parameters.items()}
        for stage, parameters in known.items()
    }


def _allowed(parameter: Parameter) -> str:
    if parameter.words:
        return f"one of {', '.join(parameter.words)}"
    low, high = (bound if math.isfinite(bound) else None for bound in parameter.range)
    least = "" if low is None else f" of at least {low:g}"
    most = "" if high is None else f" of at most {high:g}"
    return f"{parameter.type}{least}{' and' if least and most else ''}{most.removeprefix(' of') if least else most}"


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise InputError(f"-p takes name=value, not {text!r}.")
    return name.strip(), value


def _of_file(file: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}. Give a YAML file with -f.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not YAML: {str(error).splitlines()[0]}. Write one `name: value` a line.") from None
    if not isinstance(found, dict):
        raise InputError(f"{file} holds no parameters. Write one `name: value` a line.")
    return {str(name): value for name, value in found.items()}


def _unknown(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"No notebook has a parameter {name}.{hint} Known are: {', '.join(sorted(names))}."


def _parse(source: str, notebook: Path) -> list[Parameter]:
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise InputError(f"{notebook}, parameters cell, line {error.lineno}: {error.msg}. Correct the cell.") from None
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return [_parameter(statement, comments, notebook) for statement in body]


def _parameter(statement: ast.stmt, comments: Mapping[int, str], notebook: Path) -> Parameter:
    try:
        name, kind = statement.target.id, statement.annotation.id
        return Parameter(name, kind, ast.literal_eval(statement.value), comments.get(statement.end_lineno, ""))
    except (AttributeError, ValueError):
        raise InputError(
            f"{notebook}, parameters cell: expected `name: type = literal  # help`, found `{ast.unparse(statement)}`."
        ) from None


def _bool(value: Any) -> bool:
    return value if isinstance(value, bool) else _TRUTHS[str(value).strip().lower()]


def _int(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _float(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise ValueError(value)
    return float(value)


def _str(value: Any) -> str:
    if isinstance(value, (list, dict)):
        raise TypeError(value)
    return str(value)


def _list(value: Any) -> list:
    if isinstance(value, str) and value.strip().startswith("["):
        value = _of_yaml(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value)


def _of_yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ValueError(text) from None


_CONVERTERS = {"bool": _bool, "int": _int, "float": _float, "str": _str, "list": _list}
