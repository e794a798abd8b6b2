"""Where everything lies: the repository's folders, and the store's."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Project:
    """A repository, with the folders of its state and of its reports.

    Parameters
    ----------
    root : Path
        The folder of `pipeline.py`.
    store : Path
        All state: cache, runs, MLflow's database and artifacts.
    reports : Path
        One folder a run.
    """

    root: Path
    store: Path
    reports: Path

    @property
    def notebooks(self) -> Path:
        """The stages."""
        return self.root / "notebooks"

    @property
    def library(self) -> Path:
        """The package that the notebooks compute with."""
        return self.root / "lib"

    @property
    def cache(self) -> Path:
        """Finished stages, by key."""
        return self.store / "cache"

    @property
    def runs(self) -> Path:
        """The files of each run."""
        return self.store / "runs"

    @property
    def locks(self) -> Path:
        """One file for each thing that only one process may do at a time."""
        return self.store / "locks"

    @property
    def turns(self) -> Path:
        """The retrainings of `cycle`: what was begun, and the tables that they learn from."""
        return self.store / "cycle"


def at(root: Path, store: Path | None = None, reports: Path | None = None) -> Project:
    """Return the project at a folder; its store and reports lie in it unless others are given."""
    return Project(root, (store or root / "store").resolve(), (reports or root / "reports").resolve())
