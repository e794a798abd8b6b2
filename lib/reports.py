"""What people look at after a run: its notebooks as one page that needs no network."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lib import files, markup, notebook_html, results
from lib.checks import Check

PAGE = "report.html"
SUMMARY = "summary.json"
HERE = Path(__file__).parent
VERDICTS = {"info": "remark", "warning": "warning", "stop": "refused"}


def build(
    report_dir: str | Path,
    run_dir: str | Path,
    *,
    run_id: str,
    status: str,
    names: Iterable[str],
    message: str = "",
    seconds: float | None = None,
) -> Path:
    """Write the run's page and its summary; a refused or failed run gets the same.

    Parameters
    ----------
    report_dir : str or Path
        The run's folder of executed notebooks, ``<execution>.ipynb``; one that is missing is said to be missing.
    run_dir : str or Path
        The run's files, where each stage's results lie.
    run_id : str
        The run's name, as people see it.
    status : {"done", "refused", "failed", "interrupted"}
        How the run ended.
    names : iterable of str
        The executions in order: ``"01_design"``, ``"04_training/linear"``.
    message : str
        The outcome in a sentence: what was registered, or why the run stopped.
    seconds : float, optional
        How long the run took.

    Returns
    -------
    Path
        The page.
    """
    report_dir, names = Path(report_dir), list(names)
    found = {name: _results(run_dir, name) for name in names}
    summary = _summary(run_dir, found) | {"run_id": run_id, "status": status, "message": message, "seconds": seconds}
    page = _template("reports_run.html.j2").render(
        css=_css(),
        summary=summary,
        checks=_rows(found),
        metrics={name: value["metrics"] for name, value in found.items() if value["metrics"]},
        notebooks=[_section(report_dir, name) for name in names],
    )
    _write(report_dir / PAGE, page)
    files.write(report_dir, SUMMARY, summary)
    return report_dir / PAGE


def page(notebook: str | Path, name: str) -> Path:
    """Write the HTML page of one executed notebook beside it, unless the page there is of the same content.

    Parameters
    ----------
    notebook : str or Path
        The executed notebook.
    name : str
        The execution; also the prefix of every id in the page, so that pages can be put together.

    Returns
    -------
    Path
        The page, ``<notebook>.html``.
    """
    source = Path(notebook)
    target, key = source.with_suffix(".html"), _key(source, name)
    if not (target.exists() and key in target.read_text(encoding="utf-8")[:400]):
        body = notebook_html.body(source, prefix=slug(name))
        _write(target, _template("reports_notebook.html.j2").render(css=_css(), key=key, name=name, body=body))
    return target


def slug(name: str) -> str:
    """Return the name of an execution as it stands in an id or a link."""
    return name.replace("/", "-")


def _section(report_dir: Path, name: str) -> dict[str, str]:
    source = report_dir / f"{name}.ipynb"
    if not source.exists():
        return {"name": name, "slug": slug(name), "body": "", "contents": []}
    html = page(source, name).read_text(encoding="utf-8")
    body = html.partition("<main>")[2].rpartition("</main>")[0]
    return {"name": name, "slug": slug(name), "body": body, "contents": notebook_html.contents(body)}


def _results(run_dir: str | Path, name: str) -> Mapping[str, Any]:
    if not files.exists(run_dir, f"{name}/{results.FILE}"):
        return {"metrics": {}, "checks": []}
    return results.read(run_dir, name)


def _summary(run_dir: str | Path, found: Mapping[str, Mapping]) -> dict[str, Any]:
    contract = files.read(run_dir, files.DESIGN) if files.exists(run_dir, files.DESIGN) else {}
    evaluation = files.read(run_dir, files.EVALUATION) if files.exists(run_dir, files.EVALUATION) else {}
    metric = contract.get("metric", "")
    return {
        **{key: contract.get(key, "") for key in ("model_name", "objective", "source", "target", "task")},
        "metric": metric,
        "score": found.get("05_evaluation", {"metrics": {}})["metrics"].get(f"test_{metric}"),
        "chosen": evaluation.get("chosen", ""),
        "refusals": [check.name for value in found.values() for check in value["checks"] if check.refuses],
    }


def _rows(found: Mapping[str, Mapping]) -> list[dict[str, Any]]:
    """Return one row a check: those that refuse first, then warnings, remarks, and what passed."""
    rows = [_row(name, check) for name, value in found.items() for check in value["checks"]]
    order = ["refused", "warning", "remark", "passed"]
    return sorted(rows, key=lambda row: order.index(row["verdict"]))


def _row(name: str, check: Check) -> dict[str, Any]:
    verdict = "passed" if check.passed else VERDICTS[check.severity]
    return {"stage": name, "slug": slug(name), "verdict": verdict, **vars(check)}


def _key(source: Path, name: str) -> str:
    parts = [source.read_bytes(), name.encode(), *(path.read_bytes() for path in sorted(HERE.glob("reports*")))]
    return hashlib.sha256(b"\0".join([*parts, Path(notebook_html.__file__).read_bytes()])).hexdigest()


@cache
def _css() -> str:
    return (HERE / "reports.css").read_text(encoding="utf-8")


def _template(name: str):
    environment = markup.environment()
    environment.filters["slug"] = slug
    return environment.get_template(name)


def _write(target: Path, text: str) -> None:
    files.replace(target, lambda temporary: temporary.write_text(text, encoding="utf-8"))
