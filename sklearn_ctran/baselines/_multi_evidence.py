"""MultiEvidence: the image as a whole, and the regions where labels seem to be."""

from dataclasses import dataclass
from numbers import Integral, Real

from sklearn.utils._param_validation import Interval

from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.modules.multi_evidence import MultiEvidenceModel


@dataclass(eq=False, repr=False, kw_only=True)
class MultiEvidence(NeuralBaseline):
    """Evidence of the image and of regions that its labels propose, after Ge et al. [1]_.

    The first pass is a linear unit per label on the mean of the feature map, as in
    :class:`LinearHead`. Cell by cell, it is the label's activation map. The most probable labels
    propose a region each, around the peak of their map. The second pass scores all labels in each
    region, and keeps the largest score of each label. The prediction is the mean of the logits of
    both. Known labels make no difference to the others. Extra labels are learned like labels.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`. Tokens without a backbone are a square map if their number
        is a square, else a single row.
    n_regions : int, default=10
        Labels that propose a region, at most all of them.
    n_hidden : int, default=512
        Hidden units of the second pass.
    threshold : float, default=0.5
        How far of the way from the least to the largest value of its map a cell must be, in [0, 1],
        to belong to a region. A region is the box around such cells that are connected with the
        peak.
    dropout : float or "auto", default="auto"
        Share of the mean features, of image and regions, and of the hidden units dropped in
        training, in [0, 1). "auto": 0.5, but 0.1 of fewer than 64 channels.
    loss, pos_weight, lr, backbone_lr
        As of :class:`CTranClassifier`.
    weight_decay : float, default=0.3
        Of AdamW.
    max_epochs : int or "auto", default="auto"
        Passes through the training images. "auto": about 600 steps, or 1,000 with a
        backbone that trains, but 5 to 60 epochs.
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
    Both passes learn at the same time, each by a loss of its own, from labels of whole images.

    The paper is about detection and segmentation first, and this is what is left of it for
    classification: regions from activation maps, a classifier of regions, the largest score over
    them, and the fusion with the image's scores. Left out are proposals from the pixels of images,
    filtering and clustering of regions by metric learning, pixel labels, the networks that are
    trained for detection and segmentation, and predictions at several scales. They need images
    again after the first pass; here each image is read once, so that the second pass is over the
    cells of the same feature map, and does not see a region enlarged. The box around one peak
    stands for the paper's instances of a label.

    Of the paper, only abstract, introduction and summaries could be compared with this class, and
    no equation. `n_regions`, `n_hidden`, `threshold`, the hidden layer and equal shares of image
    and regions in the mean were chosen here. No code of the authors was found.

    References
    ----------
    .. [1] W. Ge, S. Yang, Y. Yu: Multi-Evidence Filtering and Fusion for Multi-Label
       Classification, Object Detection and Semantic Segmentation Based on Weakly Supervised
       Learning. CVPR 2018.

    Examples
    --------
    >>> from sklearn_ctran.baselines import MultiEvidence
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = MultiEvidence("small", image_size=None, augment=None, max_epochs=1)
    >>> model.fit(scenes.images, scenes.Y).predict_proba(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class = MultiEvidenceModel
    _parameter_constraints = {
        **NeuralBaseline._parameter_constraints,
        "n_regions": [WholeNumber(Integral, 1, None, closed="left")],
        "n_hidden": [WholeNumber(Integral, 1, None, closed="left")],
        "threshold": [Interval(Real, 0, 1, closed="both")],
    }

    n_regions: int = 10
    n_hidden: int = 512
    threshold: float = 0.5

    @property
    def _n_steps(self):
        return 1000 if self._trains_backbone() else 600

    def _module_params(self):
        return {name: getattr(self, name) for name in ("n_regions", "n_hidden", "threshold")}
