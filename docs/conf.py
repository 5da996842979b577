"""Sphinx settings."""

import sklearn_ctran

project = "sklearn-ctran"
author = "The sklearn-ctran developers"
copyright = f"2026, {author}"
release = sklearn_ctran.__version__
version = ".".join(release.split(".")[:2])

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

autosummary_generate = True
# The template of class pages documents the methods themselves; numpydoc would list them again.
# It leaves out the metadata routing methods, whose texts refer to scikit-learn's own pages.
numpydoc_show_class_members = False
# Docstrings give the types, with shapes.
autodoc_typehints = "none"

html_theme = "alabaster"
html_theme_options = {
    "description": "C-Tran multi-label image classification for scikit-learn",
    "fixed_sidebar": True,
}
