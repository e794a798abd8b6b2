"""Entries of the cache: whole or not there, and never used once they were changed."""

import os

import pytest
from miniature import write

from lib import cache
from lib.keys import Key

KEY = Key({"inputs": {}, "cells": ["a"]})


@pytest.fixture
def saved(tmp_path):
    """A run's folder, and the cache with an entry made of it."""
    run_dir = tmp_path / "runs" / "first"
    write(run_dir / "02_clean" / "rows.json", "[1, 2, 3]")
    write(run_dir / "02_clean" / ".half", "part of a write")
    write(tmp_path / "executed.ipynb", f'{{"source": "run_dir = \\"{run_dir.as_posix()}\\""}}')
    told = {"execution": "02_clean", "outcome": "done", "run_id": "first"}
    place = cache.Place(tmp_path / "cache", "02_clean", KEY)
    return run_dir, cache.save(place, run_dir, ["02_clean"], tmp_path / "executed.ipynb", told)


def find(entry, **options):
    return cache.find(entry.folder.parent.parent, "02_clean", KEY.text, **options)


def test_an_entry_holds_what_was_written_and_not_what_was_being_written(saved):
    assert list(saved[1].contents) == ["02_clean/rows.json"]
    assert find(saved[1], thorough=True) == saved[1]
    assert [path.name for path in saved[0].iterdir()] == ["02_clean"]


def test_an_entry_comes_back_as_the_same_files_in_another_run(saved, tmp_path):
    other = tmp_path / "runs" / "second"
    cache.materialise(saved[1], other, tmp_path / "again.ipynb")
    assert (other / "02_clean" / "rows.json").read_text() == "[1, 2, 3]"


@pytest.mark.skipif(os.name != "posix", reason="writes a path as POSIX does")
def test_a_notebook_that_comes_back_names_the_new_folder(saved, tmp_path):
    other = tmp_path / "runs" / "second"
    cache.materialise(saved[1], other, tmp_path / "again.ipynb")
    assert f'run_dir = \\"{other}\\"' in (tmp_path / "again.ipynb").read_text()


def test_where_links_cannot_be_made_files_are_copied(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links here")))
    cache.materialise(saved[1], tmp_path / "other", tmp_path / "again.ipynb")
    write(tmp_path / "other" / "02_clean" / "rows.json", "[]")
    assert find(saved[1], thorough=True)


def test_a_file_replaced_in_a_run_does_not_touch_the_entry(saved):
    path = saved[0] / "02_clean" / "rows.json"
    write(path.with_name("new"), "[]")
    path.with_name("new").replace(path)
    assert find(saved[1], thorough=True)


@pytest.mark.parametrize("text", ["[1, 2, 4]", "", "[1, 2, 3, 4]"])
def test_a_file_written_over_is_noticed(saved, text):
    write(saved[0] / "02_clean" / "rows.json", text)
    assert "rows.json in the cache is not what was written" in saved[1].damage()
    assert find(saved[1]) is None


def test_a_change_that_keeps_size_and_time_is_noticed_by_a_thorough_look(saved):
    path = saved[1].folder / "files" / "02_clean" / "rows.json"
    before = path.stat()
    write(path, "[1, 2, 9]")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert find(saved[1]) and find(saved[1], thorough=True) is None


def test_a_file_that_was_touched_is_still_the_same(saved):
    os.utime(saved[1].folder / "files" / "02_clean" / "rows.json", (1e9, 1e9))
    assert find(saved[1])


def test_a_file_that_is_gone_is_noticed(saved):
    (saved[1].folder / "files" / "02_clean" / "rows.json").unlink()
    assert find(saved[1]) is None


def test_an_entry_without_a_manifest_that_can_be_read_is_none(saved):
    write(saved[1].folder / "manifest.json", '{"files": ')
    assert find(saved[1]) is None


def test_a_damaged_entry_is_replaced_by_a_new_one(saved, tmp_path):
    run_dir, entry = saved
    (entry.folder / "files" / "02_clean" / "rows.json").unlink()
    place = cache.Place(tmp_path / "cache", "02_clean", KEY)
    cache.save(place, run_dir, ["02_clean"], tmp_path / "executed.ipynb", {"outcome": "done"})
    assert find(entry, thorough=True)
