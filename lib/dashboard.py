"""The dashboard's page: the views with controls, for the notebook that Voila shows.

It is made again of what the database says at the moment when a visitor comes, also where the kernel was started ahead.
"""

import os
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from IPython.display import HTML

from lib import markup, overview, project, sections, views, views_record
from lib.project import Project
from lib.views import Block, Picture

REPORTS = "reports/"
"""Where the server shows the runs' pages, seen from its first page."""

READY = '<div data-cuaderno="ready" hidden></div>'
"""What stands at the end of a page that was made whole; the health check looks for it."""

PERIODS = {"all": 0, "last 7 days": 7, "last 30 days": 30, "last 90 days": 90, "last year": 365}
PLOTLY = "application/vnd.plotly.v1+json"


class Page:
    """What a visitor sees, and what his choices change.

    Parameters
    ----------
    found : mapping
        As `overview.read` returns it.
    read_window : callable
        Returns everything that was found in the window that begins at a moment.
    """

    def __init__(self, found: Mapping[str, Any], read_window: Callable[[str], Mapping[str, Any]]):
        self.found, self._read_window = found, read_window

    def top(self) -> HTML:
        """Return the first screen and the navigation, which need no script."""
        links = "".join(f'<a href="#{section.slug}">{section.title}</a>' for section in sections.ALL)
        return HTML(
            f'<div id="now">{markup.page_top(self.found, REPORTS)}</div>'
            f'<nav class="sections" aria-label="Views">{links}</nav>'
        )

    def heading(self, slug: str) -> HTML:
        """Return the heading of a view, and how to read it."""
        section = next(each for each in sections.ALL if each.slug == slug)
        return HTML(f'<h2 class="view" id="{slug}">{section.title}</h2><p class="soft">{section.about}</p>')

    def performance(self) -> widgets.VBox:
        """Return the score over time, with the period and the version to choose."""
        anything = self.found["windows"] or self.found["daily"]
        period = _choice("Period", PERIODS if anything else {"all": 0})
        versions = sorted({window["model_version"] for window in self.found["windows"]}, reverse=True)
        version = _choice("Version", {"all": 0, **{f"version {number}": number for number in versions}})
        return _steered(
            {"last_days": period, "version": version},
            lambda **chosen: views.performance(self.found, **chosen),
        )

    def drift(self) -> widgets.VBox:
        """Return the inputs ranked, with the window and the input to choose."""
        starts = {w["start"][:10]: w["start"] for w in reversed(self.found["windows"])}
        window = _choice("Window", starts or {"none": ""})
        feature = _choice("Input", {name: name for name in views.features(self.found["latest"])} or {"none": ""})
        return _steered(
            {"window": window, "feature": feature},
            lambda window, feature: views.drift(self._window(window), feature),
        )

    def quality(self) -> widgets.VBox:
        """Return what is wrong with the newest window's data."""
        return widgets.VBox(_shown(views.quality(self.found["latest"])))

    def slices(self) -> widgets.VBox:
        """Return the score of each slice, with the column to choose."""
        columns = dict.fromkeys(row["column"] for row in views.slice_rows(self.found, self.found["latest"]))
        column = _choice("Slices by", {"all": "", **{name: name for name in columns}})
        return _steered({"column": column}, lambda column: views.slices(self.found, self.found["latest"], column))

    def view(self, slug: str) -> widgets.VBox:
        """Return a view that has nothing to choose."""
        section = next(each for each in sections.ALL if each.slug == slug)
        return widgets.VBox(_shown(section.blocks(self.found)))

    def decisions(self) -> widgets.VBox:
        """Return the decision log, with the kind to choose."""
        kinds = sorted({each["kind"] for each in self.found["decisions"]})
        kind = _choice("Show", {"all": "", **{name: name for name in kinds}})
        return _steered({"kind": kind}, lambda kind: views_record.decisions(self.found, kind))

    def end(self) -> HTML:
        """Return the mark of a page that was made whole."""
        return HTML(READY)

    def _window(self, start: str) -> Mapping[str, Any]:
        windows = self.found["windows"]
        if not windows or start == windows[-1]["start"]:
            return self.found["latest"]
        return self._read_window(start)


def visited(model: str = "") -> Page:
    """Return the page as of now; where the kernel was started ahead, now is when a visitor comes."""
    place = _place()
    if os.environ.get("VOILA_PREHEAT") == "True":
        from voila.utils import wait_for_request

        wait_for_request()
    found = overview.read(place, model or _asked_for())
    return Page(found, lambda start: overview.window(place, found["model_name"], start))


def _place() -> Project:
    """Return the project of this copy of the code, with the folders that the verb was given."""
    given = {name: os.environ.get(f"CUADERNO_{name.upper()}") for name in ("store", "reports")}
    return project.at(Path(__file__).parent.parent, **{name: Path(path) for name, path in given.items() if path})


def _asked_for() -> str:
    """Return the model that the address names: ``?model=NAME``."""
    from urllib.parse import parse_qs

    return parse_qs(os.environ.get("QUERY_STRING", "")).get("model", [""])[0]


def _choice(label: str, options: Mapping[str, Any]) -> widgets.Dropdown:
    chosen = widgets.Dropdown(options=list(options.items()), description=label, layout={"width": "max-content"})
    chosen.tooltip = label
    return chosen


def _steered(controls: Mapping[str, widgets.Dropdown], blocks: Callable[..., list[Block]]) -> widgets.VBox:
    """Return controls above what they choose, which is made again at each change."""
    body = widgets.VBox()

    def show(_change=None) -> None:
        body.children = _shown(blocks(**{name: control.value for name, control in controls.items()}))

    for control in controls.values():
        control.observe(show, names="value")
    show()
    useful = [control for control in controls.values() if len(control.options) > 1]
    return widgets.VBox([widgets.HBox(useful, layout={"flex_flow": "row wrap"}), body])


def _shown(blocks: list[Block]) -> list[widgets.Widget]:
    """Return the blocks as widgets: words and tables as HTML, figures as plotly draws them."""
    return [_figure(block) if isinstance(block, Picture) else _html([block]) for block in blocks]


def _html(blocks: list[Block]) -> widgets.HTML:
    return widgets.HTML(markup.blocks(blocks, REPORTS, lambda picture: ""))


def _figure(block: Picture) -> widgets.VBox:
    """Return a figure under its title, which is text of the page, so that it wraps on a phone and is read aloud."""
    layout = block.figure["layout"]
    bare = {**layout, "title": {"text": ""}, "margin": {**layout["margin"], "t": 40}}
    # What plotly draws is taken from the output as it is; no import of plotly is needed to write it down.
    data = {PLOTLY: {**block.figure, "layout": bare}, "text/plain": block.words}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    title = widgets.HTML(f'<p class="figure-title">{escape(layout["title"]["text"])}</p>')
    return widgets.VBox([title, widgets.Output(outputs=(output,))])
