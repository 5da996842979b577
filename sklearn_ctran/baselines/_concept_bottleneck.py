"""ConceptBottleneck: from the image to concepts, and from concepts to targets."""

from dataclasses import dataclass
from numbers import Real
from typing import Literal

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._neural.stages import StagedNet, check_stages
from sklearn_ctran.baselines._pooled_baseline import PooledBaseline
from sklearn_ctran.modules.heads import BottleneckModel

#: Of its logits in training, where a known concept is absent and present (paper, section 4.3).
KNOWN_QUANTILES = (0.05, 0.95)


@dataclass(eq=False, repr=False, kw_only=True)
class ConceptBottleneck(PooledBaseline):
    """A linear model of concepts on image features, and a linear model of targets on concepts.

    The "ConceptBottleneck" of the paper's Table 4 [2]_, after Koh et al. [1]_. The extra labels
    are the concepts: targets see the image through them alone. In prediction, a known concept
    takes the place of its probability (their test-time intervention). Fitted without extra labels,
    the labels of `y` are the concepts, so that known labels make a difference to the others.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    mode : {"independent", "sequential", "joint"}, default="joint"
        What targets learn from [1]_ (section 3): true concepts; predicted concepts, which learn
        from their own loss only; or predicted concepts that learn from the targets' loss too.
    passes : {"probabilities", "logits"}, default="probabilities"
        What targets read of a predicted concept. "logits": as in [1]_, where a known concept is set
        to the 5th percentile of its logits in training if it is absent, to the 95th if present.
        "probabilities": scaled to -1 and 1, and a known concept is one of these. Independent models
        learn from concepts that are present or absent, and always read probabilities.
    two_stages : bool, default=False
        Whether concepts are trained first, for half of the epochs, and then targets, from concepts
        that stay as they are, as in [1]_; for "independent" and "sequential". Early stopping is
        for the second stage. False: all parts at the same time.
    concept_weight : float, default=1.0
        Weight of the concepts' loss beside the targets', above 0, for ``mode="joint"``. [1]_ has
        0.01 for birds, where there are 112 concepts.
    pool : {"mean", "max", "gem"}, default="mean"
        How the feature map becomes one vector: mean, maximum or generalised mean (power 3) of
        its cells.
    dropout : float or "auto", default="auto"
        Share of the pooled features dropped in training, in [0, 1).
        "auto": 0.5, but 0.1 of fewer than 64 channels.
    loss, pos_weight, lr, backbone_lr
        As of :class:`CTranClassifier`.
    weight_decay : float, default=0.3
        Of AdamW.
    max_epochs : int or "auto", default="auto"
        Passes through the training images. "auto": about 4,000 steps, or 1,000 with a
        backbone that trains, but 5 to 500 epochs.
    lr_schedule, batch_size, early_stopping, validation_fraction, device, precision, \
            encoder_engine, n_views, n_jobs, on_error, cache, checkpoint, distributed, callbacks, \
            net_params, warm_start, random_state, verbose
        As of :class:`CTranClassifier`.

    Attributes
    ----------
    net_, classes_, n_labels_, label_names_, extra_label_names_, n_features_in_, \
            feature_names_in_, history_, skipped_
        As of :class:`CTranClassifier`.

    Notes
    -----
    The authors' code (yewsiang/ConceptBottleneck) was read. It takes the percentiles of the images
    that it predicts; this class follows the paper, which has those of training. Concepts and
    targets are linear, on features of a backbone that may be frozen.

    Targets see the image through the concepts alone, so that what the true concepts do not tell of
    them is lost when all are known. Predicted concepts tell more than true ones, because a
    probability or logit is a number. Where concepts do not determine targets, knowing concepts
    therefore makes predictions worse, in every mode.

    References
    ----------
    .. [1] P. W. Koh, T. Nguyen, Y. S. Tang, S. Mussmann, E. Pierson, B. Kim, P. Liang: Concept
       Bottleneck Models. ICML 2020.
    .. [2] J. Lanchantin, T. Wang, V. Ordonez, Y. Qi: General Multi-label Image Classification with
       Transformers. CVPR 2021. Table 4.

    Examples
    --------
    >>> from sklearn_ctran.baselines import ConceptBottleneck
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> targets, concepts = scenes.Y[:, :5], scenes.Y[:, 5:]
    >>> model = ConceptBottleneck("small", image_size=None, augment=None, max_epochs=1)
    >>> model = model.fit(scenes.images, targets, extra_labels=concepts)
    >>> model.predict_proba(scenes.images[:3], extra_labels={"extra4": 1}).shape
    (3, 5)
    """

    _module_class = BottleneckModel
    _parameter_constraints = {
        **PooledBaseline._parameter_constraints,
        "mode": [StrOptions({"independent", "sequential", "joint"})],
        "passes": [StrOptions({"probabilities", "logits"})],
        "two_stages": ["boolean"],
        "concept_weight": [Interval(Real, 0, None, closed="neither")],
    }

    mode: Literal["independent", "sequential", "joint"] = "joint"
    passes: Literal["probabilities", "logits"] = "probabilities"
    two_stages: bool = False
    concept_weight: float = 1.0

    @property
    def _net_class(self):
        is_independent = self.mode == "independent"
        if self.two_stages:
            return _IndependentStagedNet if is_independent else StagedNet
        return _IndependentNet if is_independent else LabelMaskNet

    def _check_params(self):
        super()._check_params()
        if self.two_stages:
            if self.mode == "joint":
                raise ValueError(
                    "two_stages=True trains concepts before targets, and mode='joint' both "
                    "together: choose one."
                )
            check_stages(self, "two_stages=True")

    def _module_params(self):
        return {
            "n_targets": self.task_.n_labels,
            "mode": self.mode,
            "passes": "probabilities" if self.mode == "independent" else self.passes,
            "concept_weight": self.concept_weight,
        }

    def _train(self, data, true_states, sample_weight, *rest):
        super()._train(data, true_states, sample_weight, *rest)
        module = self.net_.module_
        if module.passes == "logits":
            with torch.no_grad(), self.net_._autocast():
                logits = [module.concept_logits(x).double() for x in self._feature_batches(data)]
            logits = torch.cat(logits).cpu().numpy()
            known = weighted_quantiles(logits, sample_weight, KNOWN_QUANTILES)
            module.known_logits.copy_(torch.from_numpy(known))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.uses_known_labels = True
        return tags


class _IndependentNet(LabelMaskNet):
    """In training, the targets' part of the module reads the true concepts.

    The loss of early stopping is that of predictions from the image alone.
    """

    def _module_states(self, shown, true_states):
        return true_states if self.module_.training else shown


class _IndependentStagedNet(_IndependentNet, StagedNet):
    """Both."""


def weighted_quantiles(values, weights, shares):
    """Quantiles (n_shares, n_columns) of the columns of `values`, whose rows have weights.

    Each is the least value that has, with all below it, at least its share of the weight.
    """
    order = np.argsort(values, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0)
    wanted = np.asarray(shares)[:, None, None] * reached[-1]
    rows = np.minimum((reached < wanted).sum(axis=1), len(values) - 1)
    return np.take_along_axis(np.take_along_axis(values, order, axis=0), rows, axis=0)
