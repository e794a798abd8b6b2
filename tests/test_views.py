"""The views as blocks of words, pictures and tables: what each of them says, with much and with little to show."""

import boards
import pytest

from lib import figures, overview, sections, views, views_design
from lib.dashboard import Page


@pytest.mark.parametrize("section", sections.ALL, ids=lambda section: section.slug)
def test_a_view_with_nothing_to_show_says_so_and_claims_nothing(empty, section):
    (said,) = section.blocks(overview.read(empty))
    assert said.kind == "note" and ("yet" in said.text or "names no slices" in said.text)


@pytest.mark.parametrize("slug", ["performance", "drift", "quality", "decisions"])
def test_a_view_of_a_database_that_is_away_does_not_claim_that_nothing_happened(full, slug):
    boards.lose(full)
    section = next(each for each in sections.ALL if each.slug == slug)
    notes = [block.text for block in section.blocks(overview.read(full)) if getattr(block, "kind", "") == "note"]
    assert notes == [views.AWAY]


def test_the_controls_of_an_empty_page_are_left_out(empty):
    page = Page(overview.read(empty), lambda start: {})
    for view in (page.performance(), page.drift(), page.slices(), page.decisions()):
        controls, _ = view.children
        assert controls.children == ()


@pytest.mark.parametrize("section", sections.ALL, ids=lambda section: section.slug)
def test_a_view_with_a_past_shows_a_table_or_a_picture(full, section):
    shown = section.blocks(overview.read(full))
    assert any(isinstance(block, (views.Table, views.Picture)) for block in shown)
    assert not any(getattr(block, "kind", "") == "note" for block in shown)


def test_the_inflation_of_variance_stands_before_and_after_for_what_went_and_what_stays(full):
    blocks = views_design.cleaning(overview.read(full))
    (table,) = (block for block in blocks if isinstance(block, views.Table) and block.name == "inflation")
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(rows) == ["hour", "dewp", "sched_dep_time", "temp", "humid"]
    assert (rows["hour"]["VIF before"], rows["hour"]["VIF after"]) == (609.3, None)
    assert (rows["temp"]["VIF before"], rows["temp"]["VIF after"]) == (52.4, 1.31)


def test_a_figure_names_the_metric_in_words():
    drawn = figures.intervals([{"name": "a", "value": 0.7, "low": 0.6, "high": 0.8}], "Slices", "roc_auc")
    assert drawn["layout"]["xaxis"]["title"]["text"] == "roc auc"
