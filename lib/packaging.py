"""Models as skops files, and the folder in which a model stands alone: nothing is pickled or unpickled."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Collection, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import skops.io

from lib import coercion, portable
from lib.errors import InputError

SOURCE = (Path(portable.__file__), Path(coercion.__file__))
DATA = "data/model"
"""Where MLflow keeps the packed folder within a registered model."""
INFO = "info.json"
REFERENCE = "reference.json"
"""What monitoring compares new rows with, where the run made it."""
ALWAYS_REQUIRED = ("mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops")
OPTIONALLY_REQUIRED = ("skrub",)
_LEFT_BEHIND = {"__pycache__", "registered_model_meta"}


def dump(estimator: Any, target: Path) -> None:
    """Write an estimator to a skops file."""
    skops.io.dump(estimator, target)


def load(source: Path) -> Any:
    """Read an estimator from a skops file.

    Raises
    ------
    InputError
        If the file holds something that is not on the allow-list.
    """
    try:
        return portable.read(source)
    except portable.Untrusted as error:
        raise InputError(str(error)) from None


def plain_reading(X: pd.DataFrame) -> dict[str, Any]:
    """Return how raw columns are read where no reading was learnt: by the types of the training rows."""
    columns = [{"name": str(name), "raw": str(name), "kind": _kind(X[name])} for name in X]
    return {"gap_words": [], "columns": columns}


def _kind(values: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(values):
        return "time"
    return "number" if pd.api.types.is_numeric_dtype(values) else "text"


def narrowed(reading: Mapping[str, Any], features: list[str]) -> dict[str, Any]:
    """Return a reading with the features alone, in their order."""
    entries = {entry["name"]: entry for entry in reading["columns"]}
    return {**reading, "columns": [entries[name] for name in features]}


def required(X: pd.DataFrame, unused: Collection[str] = ()) -> list[str]:
    """Return the columns that a model cannot do without: it uses them, and never met a gap in them."""
    return [name for name in X if name not in unused and not X[name].hasnans]


def pack(
    folder: Path, model: Path, contract: Mapping[str, Any], info: Mapping[str, Any], reference: Path | None = None
) -> None:
    """Fill a folder with all that a model needs to stand alone.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    model : Path
        The skops file.
    contract : mapping
        As `portable.Model` takes it.
    info : mapping
        What is to be known of the version wherever it goes.
    reference : Path, optional
        What its rows and predictions are to be compared with in use.

    Raises
    ------
    InputError
        If the model holds something that is not on the allow-list.
    """
    load(model)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, folder / portable.MODEL)
    digest = portable.sha256(model)
    _write(folder / portable.CONTRACT, {**contract, "sha256": digest})
    _write(folder / INFO, {**info, "sha256": digest})
    if reference and reference.exists():
        shutil.copyfile(reference, folder / REFERENCE)


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder, by its path in it."""
    return {path.relative_to(folder).as_posix(): portable.sha256(path) for path in _files(folder)}


def _files(folder: Path) -> list[Path]:
    """Return what belongs to a model; Python and MLflow leave caches and notes beside it when they load it."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not set(path.parts) & _LEFT_BEHIND)


def differences(folder: Path, recorded: Mapping[str, str]) -> list[str]:
    """Return in words how a folder's files differ from what was recorded of them; empty if they do not."""
    found = digests(folder)
    return [
        f"{name} {'is missing' if name not in found else 'was not there' if name not in recorded else 'was changed'}"
        for name in sorted(found.keys() | recorded.keys())
        if found.get(name) != recorded.get(name)
    ]


def requirements(model: Path) -> list[str]:
    """Return the packages that a skops file needs to be loaded, at the versions that are installed."""
    with zipfile.ZipFile(model) as archive:
        schema = archive.read("schema.json").decode("utf-8")
    optional = [name for name in OPTIONALLY_REQUIRED if f'"__module__": "{name}' in schema]
    needed = [*ALWAYS_REQUIRED, *optional]
    return [f"{name}=={metadata.version(name)}" for name in sorted(needed)]


def code(folder: Path) -> Path:
    """Copy the source that travels with a model into a package whose name tells its content, and return where it is.

    Two versions of a model that carry different source can then be loaded into one process.
    """
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in SOURCE)).hexdigest()
    target = folder / f"cuaderno_model_{digest[:12]}"
    target.mkdir(parents=True)
    (target / "__init__.py").write_text('"""The source of a registered model."""\n', encoding="utf-8")
    for path in SOURCE:
        text = path.read_text(encoding="utf-8").replace("from lib import", f"from {target.name} import")
        (target / path.name).write_text(text, encoding="utf-8")
    return target
