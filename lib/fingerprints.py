"""Hashes of what a source holds: equal content gives an equal hash."""

import hashlib
from pathlib import Path

from lib import fetched, sources
from lib.errors import InputError


def of_source(text: str) -> str:
    """Return the hash of a source's content, for keys: equal content gives an equal hash, wherever it lies.

    Files are hashed by their bytes; a query by the file of its result, for which it is run; the demo by its files.
    """
    source = sources.parse(text)
    if source.kind == "sql":
        return _digest(fetched.path(source)).hex()
    digest = hashlib.sha256(source.part.encode())
    for path in sources.files_behind(source):
        digest.update(_digest(path))
    return digest.hexdigest()


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from None
