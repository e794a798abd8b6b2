"""Pages for people that need no network and no other file: paragraphs, tables and pictures, part after part."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib import files, markup

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Parameters
    ----------
    heading : str
    text : sequence of str
        Paragraphs.
    columns : sequence of str
        Names of a table's columns; no table without them.
    rows : sequence of sequence
        The table's cells.
    picture : str
        A PNG in base64, as `png` returned it; none if empty.
    alt : str
        What the picture shows, for those who do not see it.
    """

    heading: str
    text: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = field(default=())
    picture: str = ""
    alt: str = ""


def write(target: Path, title: str, lead: Iterable[str], sections: Iterable[Section]) -> Path:
    """Write a page, whole or not at all, and return where it is."""
    css = (HERE / "reports.css").read_text(encoding="utf-8")
    told = {"title": title, "lead": list(lead), "sections": list(sections)}
    text = markup.template("page.html.j2").render(css=css, **told)
    files.replace(target, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return target


def png(figure) -> bytes:
    """Return a figure as a PNG."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def embedded(picture: bytes) -> str:
    """Return a PNG as a page holds it."""
    return base64.b64encode(picture).decode("ascii")


def table(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[list[Any]]:
    """Return the cells of some columns of records."""
    return [[record.get(name) for name in columns] for record in records]
