"""RNNAttention: one region of the image after the other, with scores of the labels for each."""

from dataclasses import dataclass
from numbers import Integral, Real

from sklearn.utils._param_validation import Interval

from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.modules.rnn_attention import RNNAttentionModel


class _PlacesNet(LabelMaskNet):
    """A net whose module adds a loss of places behind its logits in training."""

    def sample_losses(self, logits, true_states, shown, hidden):
        n_labels = true_states.shape[1]
        places = logits[0, :, n_labels:].sum(dim=1)
        losses = super().sample_losses(logits[..., :n_labels], true_states, shown, hidden)
        return losses + places


@dataclass(eq=False, repr=False, kw_only=True)
class RNNAttention(NeuralBaseline):
    """Recurrently discovered attentional regions [1]_: an LSTM that says where to look next.

    A spatial transformer cuts a region out of the feature map. A long short-term memory reads it,
    and gives the labels' scores of this region, and place and size of the next. It begins with the
    whole image, which gives no scores. The score of a label is its largest over the regions
    (section 3.2). Known labels make no difference to the others, because the sequence is one of
    regions, not of labels. Extra labels are learned like labels.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`. Tokens without a backbone are a square map if their number
        is a square, else a single row.
    n_regions : int, default=5
        Regions that are looked at after the whole image.
    n_hidden : int, default=512
        Units of the long short-term memory, and of the layers around it.
    region_size : int, default=7
        The feature map is read at region_size x region_size points of a region.
    location_weight : float, default=0.1
        Weight of the loss of places beside that of labels, at least 0 (gamma in section 3.4): it
        draws regions to different parts of the image, and to at most half of its width and height.
    dropout : float or "auto", default="auto"
        Share of a region's features and of the memory's outputs dropped in training, in [0, 1).
        "auto": 0.5, but 0.1 of fewer than 64 channels.
    loss, pos_weight, lr, backbone_lr
        As of :class:`CTranClassifier`.
    weight_decay : float, default=0.05
        Of AdamW.
    max_epochs : int or "auto", default="auto"
        Passes through the training images. "auto": about 1,000 steps, but 5 to 60 epochs.
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
    The loss of places has the paper's three parts: half of the squared distances of centres from
    anchors, with the weight 0.01; what scales have above 0.5, squared, with the weight 1; and what
    they lack to 0.1, with the weight 0.1. The first region has no anchor. Those of the others are
    on a circle around the middle; four are in the middles of the quarters of the image.

    Deviations from the paper: the loss of labels is binary cross-entropy, where the paper takes the
    squared distance between a softmax and the labels' shares, which has no value for images without
    labels and gives no probability per label. What the memory reads of a region is the mean of its
    points, not all of them. A region that leaves the image sees the value at its border. Regions
    begin in the middle, at half of the width and height of the image. Images go through the network
    once, where the paper averages over crops.

    No code of the authors was found. Equations and constants were compared with other people's code
    (James-Yip/AttentionImageClass on GitHub): they agree, but there `n_hidden` is 4,096, regions
    begin as the whole image, and only one of two versions of the loss leaves the first region free.
    Of the paper itself, only abstract and introduction could be compared.

    References
    ----------
    .. [1] Z. Wang, T. Chen, G. Li, R. Xu, L. Lin: Multi-label Image Recognition by Recurrently
       Discovering Attentional Regions. ICCV 2017.

    Examples
    --------
    >>> from sklearn_ctran.baselines import RNNAttention
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = RNNAttention("small", image_size=None, augment=None, n_hidden=32, max_epochs=1)
    >>> model.fit(scenes.images, scenes.Y).predict_proba(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class = RNNAttentionModel
    _net_class = _PlacesNet
    _parameter_constraints = {
        **NeuralBaseline._parameter_constraints,
        "n_regions": [WholeNumber(Integral, 1, None, closed="left")],
        "n_hidden": [WholeNumber(Integral, 1, None, closed="left")],
        "region_size": [WholeNumber(Integral, 1, None, closed="left")],
        "location_weight": [Interval(Real, 0, None, closed="left")],
    }

    n_regions: int = 5
    n_hidden: int = 512
    region_size: int = 7
    location_weight: float = 0.1
    weight_decay: float = 0.05

    def _module_params(self):
        names = ("n_regions", "n_hidden", "region_size", "location_weight")
        return {name: getattr(self, name) for name in names}
