"""OrderFreeRNN: the labels of an image one after the other, in whatever order is easiest."""

from dataclasses import dataclass
from numbers import Integral

from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._sequence_baseline import SequenceBaseline
from sklearn_ctran.modules.order_free_rnn import OrderFreeRNNModel


@dataclass(eq=False, repr=False, kw_only=True)
class OrderFreeRNN(SequenceBaseline):
    """Order-free RNN with visual attention [1]_: label sequences without an order to learn.

    Features of the image are mapped to vectors, and to preliminary probabilities of all labels,
    which a long short-term memory reads first. Before each label it attends to the vectors, and
    then reads the label before. In training, the next label is the one that the model finds most
    probable among those that are left (section 3.3), which makes the loss of the step smallest.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    n_hidden : int, default=256
        Units of the long short-term memory, and size of the vectors that it attends to.
    regions : int or None, default=3
        As of :class:`CTranClassifier`: the vectors are those of a grid of regions x regions, and of
        the whole image. None: of each cell of the feature map.
    unknown_fraction : (float, float) or None, default=(0.25, 1.0)
        As of :class:`CTranClassifier`: in training, shown positives are the beginning of the
        sequence. None: the paper's training, of whole sequences.
    beam_width : int, default=8
        Beginnings of sequences of each length that :meth:`predict_proba` follows. It can be set
        after `fit`.
    dropout : float or "auto", default="auto"
        Share of the features and of the memory's outputs dropped in training, in [0, 1).
        "auto": 0.5, but 0.1 of fewer than 64 channels.
    lr, backbone_lr
        As of :class:`CTranClassifier`.
    weight_decay : float, default=0.05
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
    The loss of a sample is the negative log-probability of its sequence, plus the binary
    cross-entropy of the preliminary probabilities, which are used for nothing else than to begin.
    Entries that nobody annotated are in neither, and are left out where the probabilities of the
    next label are compared. A sample's weight multiplies its loss.

    In prediction, known positives are the beginning of the sequence, the most probable one first,
    and known negatives cannot be in it. The probability of a label is the sum over sequences that
    have it, in any order. It is exact where `beam_width` is at least the number of beginnings of
    one length, else the beginnings that are followed stand for all. Extra labels are labels of the
    sequence too. Of the classes of a 1-D `y`, exactly one is in it.

    Deviations from the paper: the features are those of one layer of any backbone, in regions of
    two sizes, where the paper takes maps of several layers. The end is an outcome beside the
    labels, under one softmax. Training shows some labels (`unknown_fraction`). Both parts of the
    loss are learned together from the beginning. ``predict(decoding="beam")`` is beam search as in
    the paper; by default labels are predicted by their probabilities, as by all estimators here.

    No code of the authors was found, and of the paper only abstract and introduction could be
    compared with this class. The form of attention, the losses, `n_hidden`, and how a sequence ends
    in the paper were not.

    References
    ----------
    .. [1] S.-F. Chen, Y.-C. Chen, C.-K. Yeh, Y.-C. F. Wang: Order-Free RNN with Visual Attention
       for Multi-Label Classification. AAAI 2018.

    Examples
    --------
    >>> from sklearn_ctran.baselines import OrderFreeRNN
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = OrderFreeRNN("small", image_size=None, augment=None, n_hidden=32, max_epochs=1)
    >>> model = model.fit(scenes.images, scenes.Y)
    >>> model.predict_proba(scenes.images[:3], known_labels={9: 1}).shape
    (3, 10)
    """

    _module_class = OrderFreeRNNModel
    _parameter_constraints = {
        **SequenceBaseline._parameter_constraints,
        "n_hidden": [WholeNumber(Integral, 1, None, closed="left")],
        "regions": [WholeNumber(Integral, 1, None, closed="left"), None],
    }

    n_hidden: int = 256
    regions: int | None = 3

    @property
    def _n_steps(self):
        # On held-out training photos of Corel5k, 1,000 steps over-fit.
        return 1000 if self._trains_backbone() else 600

    def _module_params(self):
        own = {"n_hidden": self.n_hidden, "regions": self.regions}
        return super()._module_params() | own
