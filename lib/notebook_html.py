"""One executed notebook as a piece of HTML: prose and results open, code folded, every picture described."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

BUDGET = 450_000
"""Bytes of outputs that one notebook may bring into a report, so that ten of them stay under 5 MB."""

CELLS = "reports_cells.html.j2"
ERROR_BANNER = "papermill-error-cell-tag"
UNDESCRIBED = "A picture without words before it"


def body(notebook: str | Path, *, prefix: str) -> str:
    """Return the notebook's cells as HTML that can stand in any page.

    Parameters
    ----------
    notebook : str or Path
        The executed notebook.
    prefix : str
        Stands before every id, so that several notebooks fit into one page.
    """
    import nbformat

    node = nbformat.read(notebook, as_version=4)
    kept = [cell for cell in node.cells if ERROR_BANNER not in cell.metadata.get("tags", [])]
    node.cells = within_budget(described(kept), BUDGET)
    html, _ = _exporter().from_notebook_node(node)
    return _fit_in(html, prefix)


def contents(html: str) -> list[dict[str, str]]:
    """Return the sections of a notebook's HTML, as `body` made it: id and heading, in order."""
    found = re.findall(r'<h3 id="([^"]+)">(.*?)</h3>', html, flags=re.DOTALL)
    return [{"id": name, "heading": re.sub(r"<[^>]+>", "", text).strip()} for name, text in found]


def described(cells: Iterable) -> list:
    """Return the cells, each knowing the words for its pictures: its section, and the sentence that leads to it."""
    heading, sentence, found = "", "", []
    for cell in cells:
        if cell.cell_type == "markdown":
            heading, sentence = _words(cell.source, heading)
        alt = cell.metadata.get("alt") or ": ".join(part for part in (heading, sentence) if part) or UNDESCRIBED
        found.append({**cell, "metadata": {**cell.metadata, "alt": alt}})
    return _nodes(found)


def within_budget(cells: Iterable, budget: int) -> list:
    """Return the cells with their largest outputs left out, and said to be, until the rest fits into the budget."""
    cells = _nodes(cells)
    outputs = [(cell, place) for cell in cells for place in range(len(cell.get("outputs", [])))]
    outputs.sort(key=lambda found: len(str(found[0].outputs[found[1]])))
    total = 0
    for cell, place in outputs:
        total += len(str(cell.outputs[place]))
        if total > budget:
            cell.outputs[place] = _left_out(cell.outputs[place])
    return cells


def _left_out(output):
    size = len(str(output)) / 1e6
    text = f"This output of {size:.1f} MB is too large for the report; it stands in the executed notebook."
    return _nodes([{"output_type": "stream", "name": "stdout", "text": text}])[0]


def _nodes(values: Iterable) -> list:
    """Return copies that nbformat and nbconvert can work with."""
    from nbformat import from_dict

    return [from_dict(dict(value)) for value in values]


def _words(markdown: str, heading: str) -> tuple[str, str]:
    """Return the heading in force after a prose cell and the first sentence of its last paragraph."""
    lines = [line.strip() for line in markdown.splitlines()]
    heading = next((line.lstrip("# ") for line in reversed(lines) if line.startswith("#")), heading)
    paragraphs = [text for text in re.split(r"\n\s*\n", markdown) if text.strip() and not text.startswith("#")]
    text = re.sub(r"[*_`]|\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraphs[-1].split())) if paragraphs else ""
    return heading, re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


@cache
def _exporter():
    from jinja2 import FileSystemLoader
    from nbconvert.exporters import HTMLExporter

    loader = FileSystemLoader(Path(__file__).parent)
    return HTMLExporter(template_name="base", template_file=CELLS, extra_loaders=[loader])


def _fit_in(html: str, prefix: str) -> str:
    """Prefix every id and every link to one, and lower headings by one level, as the page has a title of its own."""
    html = re.sub(r'<a class="anchor-link".*?</a>', "", html)
    html = re.sub(r"""(<h\d[^>]*\s)id="([^"]+)\"""", rf'\1id="{prefix}-\2"', html)
    html = html.replace('href="#', f'href="#{prefix}-')
    return re.sub(r"<(/?)h([1-5])\b", lambda found: f"<{found[1]}h{int(found[2]) + 1}", html)
