"""LinearProbe: logistic regression on what a large model sees in an image."""

import hashlib
from numbers import Integral, Real
from typing import Literal

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import normalize
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

import sklearn_ctran.recipes as recipes
from sklearn_ctran._images.image_tokens import ImageTokens
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran._utils.typing import RandomState
from sklearn_ctran.baselines._base import Baseline
from sklearn_ctran.baselines._masked_linear import MaskedLinear
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Large models that have a name of their own.
PRESETS = {
    "clip": recipes.CLIP_PROBE,
    "dinov2": recipes.DINOV2_PROBE,
    "siglip": recipes.SIGLIP_PROBE,
}

#: C is looked for between 10 to the power of these halves, from the one in the middle.
_LEAST, _START, _MOST = -12, -4, 12

#: Steps of the search, in the same units: factors of 100, of 10 and of the root of 10.
_STEPS = (4, 2, 1)

#: Probabilities of held-out labels count as this at least.
_UNLIKELY = 1e-12


class LinearProbe(Baseline):
    """Logistic regression per label on the embeddings of a large model, with the best penalty.

    How well a linear classifier does on what a model sees, without changing the model, as the
    authors of CLIP [1]_ and DINOv2 [2]_ measure it. `X` has images, whose embeddings are the means
    of the model's tokens; without a `model`, it is a table of embeddings. They are standardised.
    All labels have the same L2 penalty: that of the largest likelihood in cross-validation. Known
    labels make no difference to the others. A 1-D `y` has one multinomial regression.

    Parameters
    ----------
    model : {"clip", "dinov2", "siglip"}, other str, ImageTokens or None, default=None
        What turns images into embeddings. The first three are the image towers of
        `sklearn_ctran.recipes`, of timm; another name is a `backbone` of :class:`ImageTokens`. An
        ``ImageTokens(..., pool="mean")`` has settings of its own; any other transformer to a table
        may take its place. None: `X` has the embeddings.
    normalize : bool, default=False
        Whether embeddings are scaled to length 1 before they are standardised.
    C : float or "auto", default="auto"
        Inverse strength of the penalty, above 0, as of
        :class:`sklearn.linear_model.LogisticRegression`. "auto": the best of those that are tried
        between 1e-6 and 1e6, a factor of the root of 10 apart, from coarse to fine as for [1]_:
        about eight values, each fitted once for each fold.
    n_folds : int, default=3
        Folds of the cross-validation, 2 or more. Samples with equal embeddings and labels are in
        one fold.
    tol, max_iter
        As of :class:`MaskedLinear`.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds.

    Attributes
    ----------
    C_ : float
        The C of the classifiers.
    losses_ : dict of float to float
        Each C that was tried -> mean negative log-likelihood of a held-out label. Empty if C was
        given, or if there are fewer than two different samples.
    embedder_ : ImageTokens, another transformer or None
        The fitted `model`.
    regression_ : MaskedLinear
        The fitted classifiers, on embeddings.
    n_iter_ : int
        Iterations of its solver.
    classes_, n_labels_, label_names_, extra_label_names_, feature_names_in_
        As of :class:`MLkNN`.
    n_features_in_ : int
        Length of the embeddings.

    See Also
    --------
    LinearHead : A linear unit per label, trained by gradient steps, with dropout, and with the
        backbone if it is to change.
    TextSimilarity : Labels from texts, without a classifier.

    Notes
    -----
    In [1]_ the probe reads the vector that the whole image has in CLIP, and a validation set
    chooses the penalty by its accuracy; in [2]_ it reads class and patch tokens. Here it is the
    mean of the tokens of the patches, which all models have. Vectors that were made in another way
    are given as a table, ``model=None``.

    References
    ----------
    .. [1] A. Radford et al.: Learning Transferable Visual Models From Natural Language Supervision.
       ICML 2021. Section 3.2 and appendix A.3.
    .. [2] M. Oquab et al.: DINOv2: Learning Robust Visual Features without Supervision. TMLR 2024.
       Section 7.1.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import LinearProbe
    >>> embeddings, Y = make_multilabel_classification(random_state=0)
    >>> model = LinearProbe(random_state=0).fit(embeddings, Y)
    >>> model.predict_proba(embeddings).shape
    (100, 5)
    >>> model.C_ in model.losses_
    True
    """

    n_features_in_: int

    _parameter_constraints = {
        "model": [str, HasMethods(["fit", "transform"]), None],
        "normalize": ["boolean"],
        "C": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "n_folds": [WholeNumber(Integral, 2, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [WholeNumber(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        model: str | ImageTokens | None = None,
        *,
        normalize: bool = False,
        C: float | Literal["auto"] = "auto",
        n_folds: int = 3,
        tol: float = 1e-3,
        max_iter: int = 1000,
        random_state: RandomState = None,
    ) -> None:
        self.model = model
        self.normalize = normalize
        self.C = C
        self.n_folds = n_folds
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def _read_X(self, X, reset=False):
        if reset:
            self.embedder_ = self._new_embedder()
            if self.embedder_ is not None:
                self.embedder_.fit(X)
        if self.embedder_ is not None:
            X = np.asarray(self.embedder_.transform(X))
        X = super()._read_X(X, reset)
        return normalize(X) if self.normalize else X

    def _new_embedder(self):
        if isinstance(self.model, str):
            settings = PRESETS.get(self.model, {"backbone": self.model, "image_size": 224})
            names = ("backbone", "image_size")
            return ImageTokens(**{name: settings[name] for name in names}, pool="mean")
        return None if self.model is None else clone(self.model)

    def _fit_labels(self, X, states, sample_weight):
        weight = np.ones(len(X)) if sample_weight is None else sample_weight
        self.losses_ = {}
        if self.C == "auto":
            folds = self._folds(X, states)
            if len(folds) > 1:
                self.losses_ = searched(lambda C: self._loss(C, X, states, weight, folds))
            self.C_ = min(self.losses_, key=self.losses_.get, default=10 ** (_START / 2))
        else:
            self.C_ = float(self.C)
        self.regression_ = self._regression(self.C_, X, states, weight)

    def _folds(self, X, states):
        """Rows of each fold that has any. Where a sample is depends on nothing but the sample."""
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        salt = seed.to_bytes(8, "little")
        digests = [
            hashlib.blake2b(x.tobytes() + y.tobytes(), digest_size=8, salt=salt).digest()
            for x, y in zip(X.astype(np.float64), states, strict=True)
        ]
        numbers = np.array([int.from_bytes(each, "little") % self.n_folds for each in digests])
        return [np.flatnonzero(numbers == number) for number in np.unique(numbers)]

    def _loss(self, C, X, states, weight, folds):
        """Mean negative log-likelihood of the annotated labels of all folds."""
        total = n = 0.0
        for held in folds:
            rest = np.setdiff1d(np.arange(len(X)), held)
            fitted = self._regression(C, X[rest], states[rest], weight[rest])
            truth = states[held]
            proba = fitted._label_probabilities(X[held], np.full_like(truth, UNKNOWN))
            proba = np.where(truth == POSITIVE, proba, 1 - proba).clip(min=_UNLIKELY)
            # A label that the other folds never had has no answer to judge.
            counts = weight[held, None] * ((truth != UNKNOWN) & (fitted._one_state == UNKNOWN))
            total -= (counts * np.log(proba)).sum()
            n += counts.sum()
        return float(total / n) if n else 0.0

    def _regression(self, C, X, states, weight):
        settings = {"tol": self.tol, "max_iter": self.max_iter}
        regression = MaskedLinear(C=C, unknown_fraction=None, **settings)
        regression.task_, regression.n_features_in_ = self.task_, X.shape[1]
        regression._fit_labels(X, states, weight)
        return regression

    def _label_probabilities(self, X, states):
        return self.regression_._label_probabilities(X, states)

    @property
    def n_iter_(self) -> int:
        """Iterations of the solver for the classifiers."""
        return self.regression_.n_iter_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.uses_known_labels = False
        return tags


def searched(loss):
    """The values of C that a search has tried, and their losses: from coarse to fine, downhill."""
    losses, best = {}, _START

    def of(half):
        C = 10 ** (half / 2)
        if C not in losses:
            losses[C] = loss(C)
        return losses[C]

    for step in _STEPS:
        while True:
            near = [half for half in (best - step, best + step) if _LEAST <= half <= _MOST]
            nearest = min([best, *near], key=of)
            if nearest == best:
                break
            best = nearest
    return losses
