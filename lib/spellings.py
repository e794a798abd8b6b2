"""Categories that are written in several ways: which differ in case or blanks alone, and which of them are one."""

import re

import pandas as pd

from lib import coercion

MOST = 1000
"""Categories beyond which a column is no list of them."""
OFTEN_AGAIN = 0.5
"""Categories for each filled cell, above which the texts are names or sentences rather than categories."""
LONG = 4
"""Letters from which on a text is a word, in whose capitals no meaning is looked for."""
_LETTERS = {"y", "n", "j", "m", "f", "t"}
"""Single letters that mean the same in either case: yes and no, male and female, true and false."""


def of(counts: pd.Series) -> tuple[dict[str, str], list[tuple]]:
    """Return the category that each spelling stands for, by its folded text, and notes of what was merged.

    Spellings are merged where only case and blanks tell them apart. Of short ones and of codes with digits each has to
    be all small, all capitals or capitalised, as people type: ``mW`` beside ``MW`` stays another category, and so do
    single letters but those of `_LETTERS`.

    Parameters
    ----------
    counts : Series of int
        How often each text of a column occurs, without blanks around it and without gaps; the most frequent first.

    Returns
    -------
    dict of str to str
        The most frequent spelling of each category of the column, so that a later one is read alike; empty if no two
        were merged.
    list of tuple
        The fields of `kinds.Note`.
    """
    if not 2 <= len(counts) <= MOST:
        return {}, []
    table = pd.DataFrame({"text": counts.index, "n": counts.to_numpy()})
    table["folded"] = table["text"].map(coercion.folded)
    n_categories = table["folded"].nunique()
    if n_categories == len(table) or n_categories > OFTEN_AGAIN * table["n"].sum():
        return {}, []
    several = table[table["folded"].duplicated(keep=False)]
    safe = several.groupby("folded")["text"].agg(_is_one)
    if not safe.any():
        return {}, []
    merged = several[several["folded"].map(safe)]
    apart = set(safe.index[~safe])
    first = table[~table["folded"].isin(apart)].drop_duplicates("folded")
    return dict(zip(first["folded"], first["text"], strict=True)), [_note(merged)]


def _is_one(texts: pd.Series) -> bool:
    text = coercion.folded(texts.iloc[0])
    letters = re.sub(r"[\W\d_]+", "", text)
    differ_in_case = texts.str.split().str.join(" ").nunique() > 1
    if not differ_in_case or (len(letters) >= LONG and not re.search(r"\d", text)):
        return True
    if len(letters) == 1:
        return text in _LETTERS
    return all(one.islower() or one.isupper() or _is_capitalised(one) for one in texts)


def _is_capitalised(text: str) -> bool:
    return all(word[1:].lower() == word[1:] for word in re.split(r"[\W\d_]+", text))


def _note(merged: pd.DataFrame) -> tuple:
    shown = [
        " and ".join(f"{text!r} ({n:,})" for text, n in zip(group["text"].head(4), group["n"], strict=False))
        for _, group in merged.groupby("folded", sort=False)
    ]
    more = f"; and {len(shown) - 3} more" if len(shown) > 3 else ""
    n_cells = int(merged["n"].sum() - merged.groupby("folded")["n"].max().sum())
    return "spellings", "; ".join(shown[:3]) + more, "each read as the most frequent, in later tables too", n_cells
