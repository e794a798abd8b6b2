"""Views as HTML: blocks of words, pictures and tables, and the first screen. Everything that is shown is escaped."""

import base64
import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from lib import first_screen
from lib.views import Block, Link, Markdown, Picture, Table, Words

HERE = Path(__file__).parent
MOST_ROWS = 60
"""Rows of a table that a page shows; the file that it offers has all."""


def page_top(found: Mapping[str, Any], reports: str) -> str:
    """Return the first screen: is the model healthy, predictions today, the score, the last decision.

    Parameters
    ----------
    found : mapping
        As `overview.read` returns it.
    reports : str
        What stands before the address of a run's page.
    """
    return _macros().first_screen(found, first_screen.cards(found), reports)


def blocks(found: Iterable[Block], reports: str, picture: Callable[[Picture], str]) -> str:
    """Return the blocks of a view one below the other; `picture` draws the figures."""
    return "\n".join(_block(block, reports, picture) for block in found)


def _block(block: Block, reports: str, picture: Callable[[Picture], str]) -> str:
    if isinstance(block, Picture):
        return picture(block)
    if isinstance(block, Table):
        return table(block, reports)
    return _macros().card(markdown(block.text)) if isinstance(block, Markdown) else words(block)


def words(block: Words) -> str:
    """Return a paragraph; what stands between backticks is a command."""
    kind = f' class="{block.kind}"' if block.kind else ""
    return f"<p{kind}>{commands(block.text)}</p>"


def commands(text: str) -> str:
    """Return a sentence, escaped, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text or ""))


def table(block: Table, reports: str) -> str:
    """Return a table with a link to download all of it as CSV."""
    content = base64.b64encode(as_csv(block).encode("utf-8-sig")).decode()
    return _macros().table(block, block.rows[:MOST_ROWS], reports, f"data:text/csv;base64,{content}")


def as_csv(block: Table) -> str:
    """Return a table as comma-separated values, which no spreadsheet takes for formulas."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(block.columns)
    writer.writerows([[_cell(value) for value in row] for row in block.rows])
    return target.getvalue()


def markdown(text: str) -> str:
    """Return a text in Markdown as HTML; HTML in it is shown, not obeyed."""
    import mistune

    # The page has a heading of its own above; the card's begin two levels below.
    lower = re.sub(r"^(#{1,4}) ", r"##\1 ", text, flags=re.MULTILINE)
    return mistune.create_markdown(escape=True, plugins=["table"])(lower)


def short(value: Any) -> str:
    """Return a value as a person reads it: a number with four digits that count, nothing as a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


@cache
def css() -> str:
    """Return the style of the dashboard and of its twin."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("reports.css", "dashboard.css"))


@cache
def live_css() -> str:
    """Return what the dashboard's page needs beside `css`, for controls and figures."""
    return (HERE / "dashboard_live.css").read_text(encoding="utf-8")


@cache
def template(name: str):
    """Return a template of `lib`."""
    return environment().get_template(name)


def environment():
    """Return what finds the templates of `lib`: everything that they show is escaped, and nothing may be missing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(short=short, commands=_marked, is_link=lambda value: isinstance(value, Link))
    return made


def _macros():
    return template("dashboard.html.j2").module


def _marked(text: str):
    from markupsafe import Markup

    return Markup(commands(text))  # noqa: S704  commands escapes what it is given


def _cell(value: Any) -> Any:
    if isinstance(value, Link):
        return value.text
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value


def slug(words_given: Sequence[str] | str) -> str:
    """Return words as they stand in an id or the name of a file."""
    return re.sub(r"[^a-z0-9]+", "-", str(words_given).lower()).strip("-")
