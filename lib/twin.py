"""The static twin of the dashboard: the same views as of now, in a page that needs no server, no script, no network."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lib import drawing, files, markup, overview, sections
from lib.errors import CuadernoError
from lib.project import Project
from lib.views import Picture

INDEX = "index.html"


def write(project: Project) -> Path:
    """Write ``reports/index.html`` of the model worked on last, and a page beside it for each other model."""
    found = overview.read(project)
    others = {name: page_name(name) for name in found["models"] if name != found["model_name"]}
    for name, file in others.items():
        _write(project, file, overview.read(project, name), {found["model_name"]: INDEX})
    return _write(project, INDEX, found, others)


def refresh(project: Project) -> str:
    """Write the twin after a run or a cycle; return why it could not be written, if it could not.

    What has just been achieved counts, though its page may be on a disk that is full.
    """
    try:
        write(project)
    except (OSError, CuadernoError) as error:
        return f"{INDEX} could not be written: {error}"
    return ""


@contextlib.contextmanager
def renewed(project: Project) -> Iterator[None]:
    """Refresh the twin after what may change it, however that ends."""
    try:
        yield
    finally:
        refresh(project)


def page(found: Mapping[str, Any], others: Mapping[str, str]) -> str:
    """Return the page of what `overview.read` found, with links to the other models' pages."""
    return markup.template("reports_index.html.j2").render(
        title=f"{found['model_name'] or 'Cuaderno'}: {found['health']['word']}",
        css=markup.css(),
        top=markup.page_top(found, ""),
        others=others,
        kinds=sorted({each["kind"] for each in found["decisions"]}),
        views=[_view(section, found) for section in sections.ALL],
    )


def page_name(model_name: str) -> str:
    """Return the file of a model's page where the store has several."""
    return f"model-{markup.slug(model_name)}.html"


def _view(section: sections.Section, found: Mapping[str, Any]) -> dict[str, str]:
    body = markup.blocks(section.blocks(found), "", _picture)
    return {"slug": section.slug, "title": section.title, "about": section.about, "body": body}


def _picture(block: Picture) -> str:
    caption = f"<figcaption>{markup.commands(block.words)}</figcaption>"
    return f"<figure>{drawing.svg(block.figure, block.words)}{caption}</figure>"


def _write(project: Project, name: str, found: Mapping[str, Any], others: Mapping[str, str]) -> Path:
    text = page(found, others)
    files.replace(project.reports / name, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return project.reports / name
