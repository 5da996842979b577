"""KGGR: SSGRL, with classifiers that pass messages too, and labels of few examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._neural.stages import StagedNet, check_stages
from sklearn_ctran._utils.names import as_names, did_you_mean, listed
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._ssgrl import SSGRL
from sklearn_ctran.modules.kggr import KGGRModel

#: Share of the epochs that the first stage has, where labels of few examples are learned last.
_FIRST_STAGE = 2 / 3


@dataclass(eq=False, repr=False, kw_only=True)
class KGGR(SSGRL):
    """Messages along a label graph between the labels' features, and between their classifiers.

    Knowledge-guided graph routing [1]_: features as in :class:`SSGRL`; a second gated graph network
    passes messages between the labels' classifiers, so that a label of few examples learns from
    those it occurs with. Known labels make no difference to the others.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    label_embeddings, graph, d_model, n_attention, n_output, n_steps, gates
        As of :class:`SSGRL`.
    n_classifier_steps : int, default=3
        Steps of messages between classifiers.
    few_shot_labels : sequence of label names or None, default=None
        Labels of few examples, which are learned in a second stage [1]_: in the first two thirds of
        the epochs all parts learn the other labels; then features stay as they are, and the
        classifiers, with their messages, learn all labels. None: there is one stage.
    dropout : float or "auto", default="auto"
        Share of the features' channels dropped in training, in [0, 1).
        "auto": 0.5, but 0.1 of fewer than 64 channels.
    loss, pos_weight, lr, backbone_lr
        As of :class:`CTranClassifier`.
    weight_decay : float, default=0.3
        Of AdamW.
    max_epochs : int or "auto", default="auto"
        Passes through the training images. "auto": about 1,000 steps, but 5 to 60 epochs.
    early_stopping : bool or "score", default=False
        As of :class:`CTranClassifier`; with `few_shot_labels` in the second stage only, because
        the losses of the stages cannot be compared.
    lr_schedule, batch_size, validation_fraction, device, precision, encoder_engine, n_views, \
            n_jobs, on_error, cache, checkpoint, distributed, callbacks, net_params, warm_start, \
            random_state, verbose
        As of :class:`CTranClassifier`.

    Attributes
    ----------
    net_, classes_, n_labels_, label_names_, extra_label_names_, n_features_in_, \
            feature_names_in_, history_, skipped_
        As of :class:`CTranClassifier`.

    Notes
    -----
    The authors published no code of it that was found; this class follows the paper, with SSGRL's
    code for the parts that they share. What the second graph network returns is read together with
    what it began from, by a linear map, as in the first; that map begins at zero, so that training
    starts from the labels' log-odds. All deviations of :class:`SSGRL` are here too. The penalty on
    classifiers in the second stage is AdamW's weight decay; it is there in the first stage too.

    Other people's code (zizizihua/WS-MLR on GitHub) was compared with this class. The second
    network is the same there: three steps from the classifiers along the same graph, and the linear
    map. But features are multiplied by what classifiers were before their messages too, and there
    is one stage. Of the paper, only abstract and introduction could be compared: the stages, and
    their shares of the epochs, were not.

    References
    ----------
    .. [1] T. Chen, L. Lin, R. Chen, X. Hui, H. Wu: Knowledge-Guided Multi-Label Few-Shot Learning
       for General Image Recognition. TPAMI 2020.

    Examples
    --------
    >>> from sklearn_ctran.baselines import KGGR
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = KGGR("small", image_size=None, augment=None, max_epochs=3, few_shot_labels=[8, 9])
    >>> model.fit(scenes.images, scenes.Y).predict(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class = KGGRModel
    _parameter_constraints = {
        **SSGRL._parameter_constraints,
        "n_classifier_steps": [WholeNumber(Integral, 0, None, closed="left")],
        "few_shot_labels": ["array-like", None],
    }

    n_classifier_steps: int = 3
    few_shot_labels: Sequence[Any] | None = None

    @property
    def _net_class(self):
        return LabelMaskNet if self.few_shot_labels is None else _FewShotNet

    def _check_params(self):
        super()._check_params()
        if self.few_shot_labels is not None:
            check_stages(self, "few_shot_labels")

    def _read_X_to_fit(self, X, is_resumed):
        self._few_shot_positions()  # What is wrong here is found before any image is read.
        return super()._read_X_to_fit(X, is_resumed)

    def _few_shot_positions(self):
        """Where the labels of few examples are among all labels."""
        if self.few_shot_labels is None:
            return ()
        if self.task_.exclusive:
            raise ValueError("few_shot_labels needs a table of labels, and y has one class a row.")
        names = self.task_.all_names.tolist()
        wanted = as_names(self.few_shot_labels).tolist()
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise ValueError(
                f"few_shot_labels names {listed(unknown)}, which is no label."
                f"{did_you_mean(unknown[0], names)}"
            )
        positions = tuple(int(i) for i in np.flatnonzero([name in wanted for name in names]))
        if len(positions) == len(names):
            raise ValueError("few_shot_labels names all labels: the first stage has none to learn.")
        return positions

    def _module_params(self):
        return super()._module_params() | {
            "n_classifier_steps": self.n_classifier_steps,
            "few_shot": self._few_shot_positions(),
        }


class _FewShotNet(StagedNet):
    """The loss is that of the labels which the module's stage learns."""

    stage_shares = (_FIRST_STAGE, 1 - _FIRST_STAGE)

    def _draw_masks(self, true_states, generator):
        shown, hidden = super()._draw_masks(true_states, generator)
        return shown, hidden & self.module_.learned_labels()
