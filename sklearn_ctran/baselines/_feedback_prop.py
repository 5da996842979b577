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
from sklearn_ctran._utils.names import did_you_mean, listed
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.sklearn_compat import WholeNumber, fit_context
from sklearn_ctran._utils.typing import Estimator, ExtraLabels, Images, Labels, Metric, Self
from sklearn_ctran._utils.warnings import each_once
from sklearn_ctran.baselines._linear_head import LinearHead
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer
from sklearn_ctran.modules.feedback import POOLED, TOKENS, Route, feed_back
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
        feedback (section 3.2) changes the features of several layers at once.
    layer : str or sequence of str, default="pooled"
        What changes. "pooled": the pooled features, or with ``LinearHead(pool="logits")`` the cells
        that the head reads; "tokens": the cells of the feature map before they are pooled; both in
        units of the features' standard deviation in training. The name of a module inside of the
        backbone (as ``"layer3"`` of a ResNet, ``"features.13"`` of MobileNetV2): its output, a
        middle feature map. A sequence, in the order of the network: "LF" changes one after the
        other, "RF" all at once. "RF" with "pooled" or "tokens" changes these two.
    n_steps : int, default=10
        Gradient steps; 0 predicts as the `LinearHead` does. For "LF", of each layer.
    step_size : float, default=1.0
        Of the gradient of the loss, summed over an image's known labels; above 0. See
        :func:`tune_feedback_prop`. For "adam", its learning rate; the authors' is 0.003.
    optimizer : {"sgd", "adam"}, default="sgd"
        What makes the steps. The authors' is Adam.
    weight_decay : float, default=0.0
        L2 penalty of the optimizer, 0 or above, on the features that change ("LF") or on what is
        added to them ("RF"). The authors' is 1e-4.

    Attributes
    ----------
    estimator_ : LinearHead
        The fitted one.
    classes_, n_labels_, label_names_, extra_label_names_, n_features_in_, feature_names_in_
        As of :class:`LinearHead`.

    Notes
    -----
    The authors' code (uvavision/feedbackprop) was read. Its network is
    ``LinearHead(pool="logits")``, its loss a mean over known labels and images, which changes the
    steps of Adam only as far as there is weight decay. Classes weigh in feedback as they do in the
    head's training, by its `pos_weight`. After the last step, logits are computed once more with
    all changes. Here no image's steps depend on the others of its batch, and images of which
    nothing is known stay as they are, weight decay or not.

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
        "layer": [str, "array-like"],
        "n_steps": [WholeNumber(Integral, 0, None, closed="left")],
        "step_size": [Interval(Real, 0, None, closed="neither")],
        "optimizer": [StrOptions({"sgd", "adam"})],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Estimator = None,
        *,
        variant: Literal["LF", "RF"] = "LF",
        layer: str | Sequence[str] = "pooled",
        n_steps: int = 10,
        step_size: float = 1.0,
        optimizer: Literal["sgd", "adam"] = "sgd",
        weight_decay: float = 0.0,
    ) -> None:
        self.estimator = estimator
        self.variant = variant
        self.layer = layer
        self.n_steps = n_steps
        self.step_size = step_size
        self.optimizer = optimizer
        self.weight_decay = weight_decay

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
        self._check_layers(head)
        self.estimator_ = head
        self.task_ = head.task_
        return self

    def _layers(self):
        """The names of the layers that change, in a list."""
        if isinstance(self.layer, str):
            is_both = self.variant == "RF" and self.layer in (TOKENS, POOLED)
            return [TOKENS, POOLED] if is_both else [self.layer]
        return [str(name) for name in self.layer]

    def _inner_layers(self):
        """Those of the layers that are inside of the backbone."""
        return [name for name in self._layers() if name not in (TOKENS, POOLED)]

    def _check_layers(self, head):
        """Raise ValueError unless a fitted `head` has these layers."""
        if not self._layers():
            raise ValueError("layer names no layer: there is nothing to change.")
        backbone, inner = head.net_.module_.backbone, self._inner_layers()
        if not inner:
            return
        if backbone is None:
            raise ValueError(
                f"layer names {listed(inner)}, but there is no backbone: choose 'pooled' or "
                "'tokens'."
            )
        if head.n_views != 1:
            raise ValueError("Layers inside of the backbone can change with n_views=1 only.")
        names = [name for name, _ in backbone.trunk.named_modules() if name]
        for name in inner:
            if name not in names:
                outer = [each for each in names if "." not in each]
                raise ValueError(
                    f"layer names {name!r}, which is no module of the backbone."
                    f"{did_you_mean(name, names)} Its outermost are {listed(outer)}."
                )

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
        head = self.estimator_
        data = head._read_X(X)
        return head._input.batches(data) if self._inner_layers() else head._features(data)

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

    def _feed_back(self, module, source, states):
        """Logits (B, L) of images or features, after all steps."""
        net = self.estimator_.net_
        unknown = torch.full_like(states, UNKNOWN)

        def loss(logits):
            return net.sample_losses(logits.float(), states, unknown, states != UNKNOWN)

        with net._autocast():
            logits = feed_back(
                Route(module),
                source,
                states,
                loss,
                layers=self._layers(),
                together=self.variant == "RF",
                n_steps=self.n_steps,
                step_size=self.step_size,
                optimizer=self.optimizer,
                weight_decay=self.weight_decay,
            )
        return logits[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


#: What is chosen.
_TUNED = ("variant", "layer", "optimizer", "n_steps", "step_size")


def tune_feedback_prop(
    head: LinearHead,
    X: Images,
    y: Labels,
    *,
    known_fractions: Sequence[float] = (0.25, 0.5, 0.75),
    variants: Sequence[str] = ("LF", "RF"),
    layers: Sequence[str | Sequence[str]] = ("pooled",),
    optimizers: Sequence[str] = ("sgd",),
    n_steps: Sequence[int] = (1, 3, 10),
    step_sizes: Sequence[float] = (0.01, 0.1, 1.0, 10.0),
    metric: Metric = mean_average_precision,
    random_state: int = 0,
    verbose: int | None = None,
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
    variants, layers, optimizers, n_steps, step_sizes : sequences
        Candidates are all combinations. Each of `layers` is what `layer` takes.
    metric : callable, default=mean_average_precision
        As of :func:`sklearn_ctran.metrics.partial_label_scorer`.
    random_state : int, default=0
        Seeds the choice of known labels.
    verbose : int or None, default=None
        1: progress on standard error, a bar or lines of a log; 0: none. None: only on a terminal or
        in a notebook.

    Returns
    -------
    model : FeedbackProp
        Fitted, on `head`.
    results : list of dict
        Of each candidate `variant`, `layer`, `optimizer`, `n_steps`, `step_size` and `score`, best
        first.

    Raises
    ------
    ValueError
        If there is nothing to try, or `head` was fitted on a 1-D `y`; and as
        :func:`~sklearn_ctran.metrics.partial_label_scorer`.

    Examples
    --------
    >>> from sklearn_ctran.baselines import LinearHead, tune_feedback_prop
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(200, random_state=0)
    >>> head = LinearHead("small", image_size=None, augment=None, max_epochs=1)
    >>> head = head.fit(scenes.images[:100], scenes.Y[:100])
    >>> model, results = tune_feedback_prop(
    ...     head, scenes.images[100:], scenes.Y[100:], n_steps=[1], step_sizes=[0.1, 1.0]
    ... )
    >>> len(results)
    4
    """
    if np.ndim(getattr(head, "classes_", 0)) == 1:
        raise ValueError(
            "The head was fitted on a y of one class a sample, of which nothing can be known in "
            "part: feedback needs several labels."
        )
    candidates: list[dict[str, Any]] = [
        dict(zip(_TUNED, values, strict=True))
        for values in product(variants, layers, optimizers, n_steps, step_sizes)
    ]
    if not (len(known_fractions) and candidates):
        raise ValueError(
            "There is nothing to try: known_fractions, variants, layers, optimizers, n_steps and "
            "step_sizes must each have a value."
        )
    scorers = [
        partial_label_scorer(metric, known_fraction=share, random_state=random_state)
        for share in known_fractions
    ]
    results = []
    progress = Progress("tune_feedback_prop", len(candidates), " candidates", verbose=verbose)
    with each_once(), progress:
        for params in candidates:
            model = FeedbackProp(FrozenEstimator(head), **params).fit(X, y)
            score = float(np.mean([scorer(model, X, y) for scorer in scorers]))
            results.append({**params, "score": score})
            progress.update(best=max(result["score"] for result in results))
    results.sort(key=lambda result: -result["score"])
    best = {name: value for name, value in results[0].items() if name != "score"}
    return FeedbackProp(FrozenEstimator(head), **best).fit(X, y), results
