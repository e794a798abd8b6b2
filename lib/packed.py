"""Packed files: known by what they begin with, since names lie, and unpacked onto the disk where they are large.

A reader goes over a file more than once (for its encoding, its first rows, its cells), which packed bytes do not allow.
"""

import bz2
import gzip
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lib.errors import InputError

BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile)
"""What a damaged file raises while it is unpacked."""
_UNPACKERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_IN_MEMORY = 1 << 26
_BLOCK = 1 << 22


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading at any place, unpacked if it is packed (.gz, .bz2, .xz, or a .zip with one file).

    Raises
    ------
    InputError
        If a zipped file holds more than one file, none, or one that is encrypted.
    """
    with _unpacked(path) as (stream, is_packed):
        if not is_packed:
            yield stream
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as whole:
            shutil.copyfileobj(stream, whole, _BLOCK)
            whole.seek(0)
            yield whole


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[BinaryIO, bool]]:
    """Open a file, and say whether it is unpacked as it is read, which is from its beginning to its end."""
    with path.open("rb") as stream:
        start = stream.read(6)
        stream.seek(0)
        if start.startswith(_ZIP):
            with zipfile.ZipFile(stream) as archive, archive.open(_only_member(archive, path)) as inner:
                yield inner, True
            return
        unpack = next((opener for magic, opener in _UNPACKERS.items() if start.startswith(magic)), None)
        if unpack is None:
            yield stream, False
            return
        with unpack(stream) as inner:
            yield inner, True


def _only_member(archive: zipfile.ZipFile, path: Path) -> str:
    files = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(files) != 1:
        raise InputError(
            f"{path} holds {len(files)} files ({', '.join(files[:5])}); a zipped table has one. "
            f"Unpack it, and name the file, or a folder of files with the same columns."
        )
    if archive.getinfo(files[0]).flag_bits & 1:
        raise InputError(f"{path} is encrypted. Unpack it first.")
    return files[0]
