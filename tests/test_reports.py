import base64
import json
import re
import shutil

import nbformat.v4 as nb
import pandas as pd
import pytest
from matplotlib.figure import Figure

from lib import files, notebook_html, reports, results
from lib.checks import Check

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "figure.png"
    figure = Figure()
    figure.subplots().plot([1, 3, 2])
    figure.savefig(path)
    return base64.b64encode(path.read_bytes()).decode()


def shown(**data):
    return nb.new_code_cell("show()", execution_count=1, outputs=[nb.new_output("display_data", data)])


def stored(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nb.new_notebook(cells=list(cells))), encoding="utf-8")
    return path


def prose(text):
    return nb.new_markdown_cell(text)


@pytest.fixture
def run(tmp_path, picture):
    """A run of two stages whose second one refused."""
    run_dir, report_dir = tmp_path / "run", tmp_path / "reports" / "2026-01-02"
    refusal = Check("score on test rows", 0.51, 0.6, False, "stop", "Hardly better than guessing.")
    files.write(run_dir, files.DESIGN, {"model_name": "delays", "metric": "roc_auc", "objective": "Say who is late."})
    results.write(run_dir, "01_design", checks=[Check("a model is worth it", 0.1, 0.01, True, "stop", "It gains.")])
    results.write(run_dir, "05_evaluation", metrics={"test_roc_auc": 0.5123456}, checks=[refusal])
    stored(report_dir / "01_design.ipynb", prose("# Design\n\nFirst."), prose("## Gaps\n\nLook here. Then there."))
    chart = shown(**{"image/png": picture, "text/plain": "<Figure>"})
    failed = nb.new_code_cell(
        "checks.require(found)", outputs=[nb.new_output("error", ename="GateRefused", evalue="no")]
    )
    stored(report_dir / "05_evaluation.ipynb", prose("# Scores\n\nHigher is better. Or not."), chart, failed)
    return report_dir, run_dir


def build(run, **changed):
    given = {"run_id": "2026-01-02", "status": "refused", "names": ["01_design", "05_evaluation"], "message": "No."}
    return reports.build(*run, **given | changed).read_text(encoding="utf-8")


def test_the_page_needs_nothing_from_elsewhere(run):
    page = build(run)
    outside = [
        link for link in re.findall(r"""(?:src|href)=["']([^"']+)""", page) if not link.startswith(("data:", "#"))
    ]
    assert outside == ["../index.html"]
    assert "default-src 'none'" in page and "<script" not in page


def test_what_was_refused_stands_before_what_passed_and_before_the_notebooks(run):
    page = build(run)
    places = [page.index(text) for text in ("score on test rows", "a model is worth it", "<article")]
    assert places == sorted(places)


def test_a_picture_is_described_by_its_section_and_the_sentence_before_it(run):
    assert 'alt="Scores: Higher is better."' in build(run)


def test_every_picture_has_words(tmp_path, picture):
    body = notebook_html.body(stored(tmp_path / "x.ipynb", shown(**{"image/png": picture})), prefix="x")
    assert f'alt="{notebook_html.UNDESCRIBED}"' in body


def test_the_contents_lead_to_every_notebook_and_its_sections(run):
    page = build(run)
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert {"01_design", "05_evaluation", "01_design-Gaps"} <= links
    assert links <= set(re.findall(r'id="([^"]+)"', page))


def test_no_id_occurs_twice_where_two_notebooks_have_the_same_headings(run):
    stored(run[0] / "04_training/linear.ipynb", prose("# Training\n\n## Fit"))
    stored(run[0] / "04_training/forest.ipynb", prose("# Training\n\n## Fit"))
    ids = re.findall(r'\bid="([^"]+)"', build(run, names=["04_training/linear", "04_training/forest"]))
    assert len(ids) == len(set(ids))


def test_an_error_is_shown_as_a_sentence_with_its_traceback_folded(run):
    assert "<strong>GateRefused</strong> no" in build(run)


def test_a_notebook_that_was_never_executed_is_said_to_be_missing(run):
    assert "This notebook was not executed." in build(run, names=["01_design", "02_eda"])


def test_ten_notebooks_with_huge_outputs_stay_under_five_megabytes_and_say_what_is_missing(run):
    names = [f"04_training/{number}" for number in range(10)]
    for name in names:
        stored(run[0] / f"{name}.ipynb", shown(**{"image/png": "A" * 3_000_000}), shown(**{"text/plain": "kept"}))
    page = build(run, names=names)
    assert len(page) < 5_000_000
    assert page.count("This output of 3.0 MB is too large") == page.count("<pre>kept</pre>") == 10


def test_a_page_is_made_again_only_if_its_notebook_changed(run):
    source = run[0] / "01_design.ipynb"
    first = reports.page(source, "01_design").stat().st_mtime_ns
    assert reports.page(source, "01_design").stat().st_mtime_ns == first
    stored(source, prose("# Another"))
    assert "Another" in reports.page(source, "01_design").read_text(encoding="utf-8")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [500, 1200])
def test_a_wide_table_scrolls_by_itself_and_its_headings_stand_above_their_cells(run, width):
    from playwright.sync_api import sync_playwright

    wide = pd.DataFrame({f"quite a long name {k}": ["some words in a cell"] for k in range(20)})._repr_html_()
    stored(run[0] / "01_design.ipynb", shown(**{"text/html": wide, "text/plain": "wide"}))
    build(run)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        page = browser.new_context(offline=True, viewport={"width": width, "height": 600}).new_page()
        page.goto((run[0] / reports.PAGE).as_uri())
        page_width = page.evaluate("document.documentElement.scrollWidth")
        sides = page.eval_on_selector_all(
            ".dataframe thead th", "all => all.map(each => getComputedStyle(each).textAlign)"
        )
        browser.close()
    assert page_width == width
    assert set(sides) == {"left"}


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_without_a_network_shows_the_page_and_its_pictures(run, scheme):
    from playwright.sync_api import sync_playwright

    build(run)
    asked, said = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        page = browser.new_context(offline=True, color_scheme=scheme).new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto((run[0] / reports.PAGE).as_uri())
        widths = page.eval_on_selector_all("img", "images => images.map(image => image.naturalWidth)")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_label("Show all code").check()
        code_is_visible = page.locator("details.code .highlight").first.is_visible()
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == said == []
    assert widths == [640] and code_is_visible
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]
