"""Sphinx settings. Nothing is loaded from elsewhere, neither by the build nor by its pages."""

import matplotlib
from sphinx_gallery.sorting import ExplicitOrder

import sklearn_ctran

matplotlib.use("agg")

project = "sklearn-ctran"
author = "The sklearn-ctran developers"
copyright = f"2026, {author}"
release = sklearn_ctran.__version__
version = ".".join(release.split(".")[:2])

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples"]
templates_path = ["_templates"]

autosummary_generate = True
# The template of class pages documents the methods themselves; numpydoc would list them again.
# It leaves out the metadata routing methods, whose texts refer to scikit-learn's own pages.
numpydoc_show_class_members = False
# Docstrings give the types, with shapes.
autodoc_typehints = "none"

# The order of the page; `plot_` is left out.
EXAMPLES = [
    "first_model",
    "known_labels",
    "compare",
    "attention",
    "what_if",
    "label_effects",
    "label_map",
    "memory",
    "missing_labels",
    "extra_labels",
    "rules",
    "label_sets",
    "thresholds",
    "calibration",
    "average_precision",
    "training_curve",
    "label_errors",
    "annotate_less",
    "cooccurrence",
    "stratified_folds",
    "grid_search",
    "token_cache",
    "save_and_load",
]

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "within_subsection_order": ExplicitOrder([*(f"plot_{name}.py" for name in EXAMPLES), "*"]),
    "ignore_pattern": r"corel5k\.py",  # what five of them share
    # The build is the test of the examples.
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_", "__repr__"),
    # Pages of names say which examples use them.
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklearn_ctran",),
    "inspect_global_variables": False,
    "download_all_examples": False,
    # Its page would load scripts from elsewhere.
    "write_computation_times": False,
    "show_signature": False,
    "remove_config_comments": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn-ctran"
html_theme_options = {
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
}
html_show_sourcelink = False
