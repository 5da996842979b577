"""FeedbackProp: gradient steps on features, in prediction, until they agree with known labels."""

from collections.abc import Sequence
from itertools import product
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._images.tokens import EncodedImages
from sklearn_ctran._neural.inputs import check_logits
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._utils.devices import plain_torch
from sklearn_ctran._utils.sklearn_compat import fit_context
from sklearn_ctran._utils.typing import Estimator, ExtraLabels, Images, Labels, Metric, Self
from sklearn_ctran._utils.warnings import each_once
from sklearn_ctran.baselines._linear_head import LinearHead
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer
from sklearn_ctran.modules.label_states import UNKNOWN


class FeedbackProp(MetaEstimatorMixin, LabelPredictions, BaseEstimator):
    """Feedback-prop on a :class:`LinearHead`: inference under partial evidence [1]_.

    For each image, gradient steps on its intermediate features lower the loss of its known labels;
    the unknown labels are then predicted from these features. No weight changes. If nothing is
    known of an image, the prediction is that of the `LinearHead`.

    Parameters
    ----------
    estimator : LinearHead or FrozenEstimator, default=None
        A clone of it is fitted; None: ``LinearHead()``. ``FrozenEstimator(head)`` uses a fitted
        one without fitting it again.
    variant : {"LF", "RF"}, default="LF"
        Layer-wise feedback [1]_ (section 3.1) changes the features of one `layer`. Residual
        feedback (section 3.2) changes the features of both layers at once.
    layer : {"pooled", "tokens"}, default="pooled"
        For "LF": the pooled features, or the cells of the feature map before they are pooled.
        Both in units of the features' standard deviation in training.
    n_steps : int, default=10
        Gradient steps; 0 predicts as the `LinearHead` does.
    step_size : float, default=1.0
        Of the gradient of the loss, summed over an image's known labels; above 0. See
        :func:`tune_feedback_prop`.

    Attributes
    ----------
    estimator_ : LinearHead
        The fitted one.
    classes_, n_labels_, label_names_, extra_label_names_, n_features_in_, feature_names_in_
        As of :class:`LinearHead`.

    References
    ----------
    .. [1] T. Wang, K. Yamaguchi, V. Ordonez: Feedback-prop: Convolutional Neural Network Inference
       under Partial Evidence. CVPR 2018.

    Examples
    --------
    >>> from sklearn_ctran.baselines import FeedbackProp, LinearHead
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(100, random_state=0)
    >>> head = LinearHead("small", image_size=None, augment=None, max_epochs=1)
    >>> model = FeedbackProp(head).fit(scenes.images, scenes.Y)
    >>> model.predict_proba(scenes.images[:3], known_labels={9: 1}).shape
    (3, 10)
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "variant": [StrOptions({"LF", "RF"})],
        "layer": [StrOptions({"pooled", "tokens"})],
        "n_steps": [Interval(Integral, 0, None, closed="left")],
        "step_size": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        estimator: Estimator = None,
        *,
        variant: Literal["LF", "RF"] = "LF",
        layer: Literal["pooled", "tokens"] = "pooled",
        n_steps: int = 10,
        step_size: float = 1.0,
    ) -> None:
        self.estimator = estimator
        self.variant = variant
        self.layer = layer
        self.n_steps = n_steps
        self.step_size = step_size

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self: Self,
        X: Images,
        y: Labels,
        extra_labels: ExtraLabels = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit the `LinearHead`; nothing else is learned.

        Parameters
        ----------
        X, y, extra_labels, sample_weight
            As of :meth:`LinearHead.fit`. A FrozenEstimator ignores them.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError, TypeError, FileNotFoundError
            As :meth:`LinearHead.fit`, and for an `estimator` of another kind.
        """
        estimator = LinearHead() if self.estimator is None else clone(self.estimator)
        is_frozen = isinstance(estimator, FrozenEstimator)
        head = estimator.estimator if is_frozen else estimator
        if not isinstance(head, LinearHead):
            raise TypeError(
                f"estimator must be a LinearHead, or one in a FrozenEstimator, got {head!r}."
            )
        if is_frozen:
            check_is_fitted(head)
        else:
            head.fit(X, y, extra_labels=extra_labels, sample_weight=sample_weight)
        self.estimator_ = head
        self.task_ = head.task_
        return self

    @property
    def n_features_in_(self) -> int:
        """Number of features that the `LinearHead` was fitted on."""
        return self.estimator_.n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the features that the `LinearHead` was fitted on."""
        return self.estimator_.feature_names_in_

    def _read_X(self, X):
        if isinstance(X, EncodedImages):
            raise TypeError("FeedbackProp changes features of images: give it the images.")
        return self.estimator_._features(self.estimator_._read_X(X))

    def _logits(self, data, states):
        head = self.estimator_
        module, device = head.net_.module_.eval(), head.net_.device
        logits = []
        with plain_torch():
            for rows in np.array_split(np.arange(len(data)), -(-len(data) // head.batch_size)):
                batch = data.batch(rows).to(device), torch.from_numpy(states[rows]).to(device)
                logits.append(self._feed_back(module, *batch).float().cpu().numpy())
            logits = np.concatenate(logits)
            check_logits(logits, data, module)
        return logits

    def _feed_back(self, module, tokens, states):
        """Logits (B, L) of features (B, P, C), after all steps."""
        net = self.estimator_.net_
        unknown = torch.full_like(states, UNKNOWN)
        # The changes of the features, by layer.
        layers = ("tokens", "pooled") if self.variant == "RF" else (self.layer,)
        shapes = {"tokens": tokens.shape, "pooled": tokens[:, 0].shape}
        added = {layer: tokens.new_zeros(shapes[layer]) for layer in layers}
        for _ in range(self.n_steps):
            added = {layer: x.requires_grad_() for layer, x in added.items()}
            logits = self._forward(module, tokens, added, unknown).float()
            losses, _ = net.sample_losses(logits, states, unknown, states != UNKNOWN)
            gradients = torch.autograd.grad(losses.sum(), list(added.values()))
            added = {
                layer: x.detach() - self.step_size * gradient
                for (layer, x), gradient in zip(added.items(), gradients, strict=True)
            }
        with torch.no_grad():
            return self._forward(module, tokens, added, unknown)[0]

    def _forward(self, module, tokens, added, states):
        """The module's forward pass from features (B, P, C), with changes added at some layers."""
        if "tokens" in added:
            tokens = tokens + added["tokens"] * module.feature_scale
        pooled = (module.pool(tokens)[:, 0] - module.feature_mean) / module.feature_scale
        with self.estimator_.net_._autocast():
            return module.head(pooled + added.get("pooled", 0.0), states)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def tune_feedback_prop(
    head: LinearHead,
    X: Images,
    y: Labels,
    *,
    known_fractions: Sequence[float] = (0.25, 0.5, 0.75),
    variants: Sequence[str] = ("LF", "RF"),
    n_steps: Sequence[int] = (1, 3, 10),
    step_sizes: Sequence[float] = (0.01, 0.1, 1.0, 10.0),
    metric: Metric = mean_average_precision,
    random_state: int = 0,
) -> tuple[FeedbackProp, list[dict[str, Any]]]:
    """The :class:`FeedbackProp` with the best score on validation data.

    Parameters
    ----------
    head : LinearHead
        Fitted.
    X : array-like
        Validation images, which `head` was not fitted on.
    y : array-like of shape (n_samples, n_labels)
        Their labels; -1 or NaN where nobody annotated them.
    known_fractions : sequence of float
        Shares of the labels that are known, each in (0, 1). A candidate's score is the mean over
        them.
    variants, n_steps, step_sizes : sequences
        Candidates are all combinations.
    metric : callable, default=mean_average_precision
        As of :func:`sklearn_ctran.metrics.partial_label_scorer`.
    random_state : int, default=0
        Seeds the choice of known labels.

    Returns
    -------
    model : FeedbackProp
        Fitted, on `head`.
    results : list of dict
        Of each candidate `variant`, `n_steps`, `step_size` and `score`, best first.

    Raises
    ------
    ValueError
        If there is nothing to try, or `head` was fitted on a 1-D `y`; and as
        :func:`~sklearn_ctran.metrics.partial_label_scorer`.
    """
    if np.ndim(getattr(head, "classes_", 0)) == 1:
        raise ValueError(
            "The head was fitted on a y of one class a sample, of which nothing can be known in "
            "part: feedback needs several labels."
        )
    candidates: list[dict[str, Any]] = [
        {"variant": variant, "n_steps": steps, "step_size": size}
        for variant, steps, size in product(variants, n_steps, step_sizes)
    ]
    if not (len(known_fractions) and candidates):
        raise ValueError(
            "There is nothing to try: known_fractions, variants, n_steps and step_sizes must each "
            "have a value."
        )
    scorers = [
        partial_label_scorer(metric, known_fraction=share, random_state=random_state)
        for share in known_fractions
    ]
    results = []
    with each_once():
        for params in candidates:
            model = FeedbackProp(FrozenEstimator(head), **params).fit(X, y)
            score = float(np.mean([scorer(model, X, y) for scorer in scorers]))
            results.append({**params, "score": score})
    results.sort(key=lambda result: -result["score"])
    best = {name: value for name, value in results[0].items() if name != "score"}
    return FeedbackProp(FrozenEstimator(head), **best).fit(X, y), results
