"""Where the documentation of a class is."""


class DocumentationLink:
    """Make the HTML representation of an estimator link to its page in the API reference.

    A mixin that must stand before :class:`sklearn.base.BaseEstimator`, which would link to
    scikit-learn's own pages. Classes defined outside this package get no link.
    """

    _doc_link_module = "sklearn_ctran"
    _doc_link_template = (
        "https://sklearn-ctran.readthedocs.io/en/stable/generated/"
        "{estimator_module}.{estimator_name}.html"
    )
