"""Notebooks made on the spot, and what is printed in them; for tests."""

import json
from pathlib import Path

import nbformat

from lib import engine


def ignore(event) -> None:
    """Listen to nothing."""


def write_notebook(path: Path, *sources: str) -> Path:
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    document.cells[0].metadata.tags = ["parameters"]
    nbformat.write(document, path)
    return path


def execute(source, folder: Path, *cells: str, time_limit=300, listener=ignore, memory_limit_mb=None, **values):
    """Execute a notebook of these cells in this folder."""
    return engine.execute(
        write_notebook(folder / "notebook.ipynb", "x: int = 1", *cells),
        folder / "executed.ipynb",
        values,
        cwd=folder,
        listener=listener,
        execution="01_design",
        time_limit=time_limit,
        kernels=source,
        memory_limit_mb=memory_limit_mb,
    )


def outputs(folder: Path) -> list[dict]:
    cells = json.loads((folder / "executed.ipynb").read_text())["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]


def printed(folder: Path) -> str:
    return "".join("".join(output.get("text", output.get("traceback", ""))) for output in outputs(folder))
