"""How the site is built: `sphinx-build -W -n -c docs . build/docs`, from the repository's root.

The sources are the repository's own Markdown pages, where they lie, so a link between two of them
works on the site as it does on the repository's web host. That is why they are plain Markdown:
what the site needs beyond it stands here, not in them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx

import grow

project = "grow"
author = "The grow maintainers"
version = release = grow.__version__

extensions = ["myst_parser"]
root_doc = "README"
include_patterns = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "dataset/README.md",
    "docs/*.md",
]
exclude_patterns = [".*", "benchmarks", "build", "dist", "grow", "runs", "stages", "tests"]

myst_heading_anchors = 3  # the anchors that the repository's web host makes too

html_theme = "furo"
html_title = "grow"
html_static_path = ["static"]
html_css_files = ["grow.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

PAGES = {
    "Begin": {"docs/tutorial": "From a folder to a prediction"},
    "How to": {
        "dataset/README": "Your own pictures",
        "docs/sources": "Arrays, tables, data sets by name",
        "docs/data-check": "Check images",
        "docs/several-growths": "Grow several times",
        "docs/interruptions": "Stop, resume and change a run",
        "docs/comparing": "Find out whether growing helped",
        "docs/using-the-model": "Use and export the model",
    },
    "Reference": {
        "docs/stage-file": "The stage file",
        "docs/commands": "Commands",
        "docs/formats": "Files and formats",
    },
    "How it works": {
        "docs/how-it-works": "From stage file to model",
        "docs/growth": "The mathematics of growth",
        "docs/speed": "How fast it is",
        "CONTRIBUTING": "Contributing, with the source layout",
        "docs/releasing": "Releasing",
        "CHANGELOG": "Changes",
    },
}
"""The sidebar: parts, their pages, and what each is called there."""


def _toctrees() -> str:
    """The sidebar in the words of Sphinx."""
    parts = []
    for part, pages in PAGES.items():
        lines = "\n".join(f"{title} </{page}>" for page, title in pages.items())
        parts.append(f"\n```{{toctree}}\n:hidden:\n:caption: {part}\n\n{lines}\n```\n")
    return "".join(parts)


def _add_sidebar(_app: Sphinx, name: str, source: list[str]) -> None:
    if name == root_doc:
        source[0] += _toctrees()


def _add_front_page(app: Sphinx, failure: Exception | None) -> None:
    """The front page under the name that servers look for; its links are relative, and hold."""
    if failure is None and app.builder.name == "html":
        shutil.copyfile(Path(app.outdir) / f"{root_doc}.html", Path(app.outdir) / "index.html")


def setup(app: Sphinx) -> None:
    """Joins the two steps above to the build."""
    app.connect("source-read", _add_sidebar)
    app.connect("build-finished", _add_front_page)
