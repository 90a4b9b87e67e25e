"""What MkDocs asks while it builds the site: pages that are made, and links between them."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and the reference to the navigation."""
    made = reference.pages()
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    for item in config.nav or []:
        if "Reference" in item:
            item["Reference"] = reference.navigation()
    return files
