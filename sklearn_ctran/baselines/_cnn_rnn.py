"""CNNRNN: the labels of an image one after the other, frequent ones first."""

from dataclasses import dataclass
from numbers import Integral
from typing import Literal

from sklearn.utils._param_validation import StrOptions

from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._pooled_baseline import PooledBaseline
from sklearn_ctran.baselines._sequence_baseline import SequenceBaseline
from sklearn_ctran.modules.cnn_rnn import CNNRNNModel


@dataclass(eq=False, repr=False, kw_only=True)
class CNNRNN(SequenceBaseline, PooledBaseline):
    """CNN-RNN [1]_: label sets as sequences of labels, of which the image and those before tell.

    Labels and the image are vectors of one space. A long short-term memory reads the embeddings of
    the labels so far. Its output and the image, projected into the labels' space, give each label
    a score to be the next one, and one to the end (section 3.2). Training sequences have the labels
    in the order of their frequency.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    n_embedding : int, default=64
        Size of the embeddings.
    n_hidden : int, default=512
        Units of the long short-term memory.
    order : {"frequent", "rare"}, default="frequent"
        Which labels come first in a sequence.
    unknown_fraction : (float, float) or None, default=(0.25, 1.0)
        As of :class:`CTranClassifier`: in training, shown positives are the beginning of the
        sequence. None: the paper's training, of whole sequences.
    beam_width : int, default=8
        Beginnings of sequences of each length that :meth:`predict_proba` follows. It can be set
        after `fit`.
    pool : {"mean", "max", "gem"}, default="mean"
        How the feature map becomes one vector: mean, maximum or generalised mean (power 3) of
        its cells.
    dropout : float or "auto", default="auto"
        Share of the pooled features and of the memory's outputs dropped in training, in [0, 1).
        "auto": 0.5, but 0.1 of fewer than 64 channels.
    lr, backbone_lr
        As of :class:`CTranClassifier`.
    weight_decay : float, default=0.05
        Of AdamW.
    max_epochs : int or "auto", default="auto"
        Passes through the training images. "auto": about 2,000 steps, or 1,000 with a
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
    The loss is the negative log-probability of the sequence. Entries that nobody annotated are not
    in it, and are left out where the probabilities of the next label are compared. A sample's
    weight multiplies the loss of its sequence.

    In prediction, known positives are the beginning of the sequence, in the order of training, and
    known negatives cannot be in it. The probability of a label is the sum over sequences that have
    it. It is exact where `beam_width` is at least the number of beginnings of one length, else the
    beginnings that are followed stand for all. Extra labels are labels of the sequence too. Of the
    classes of a 1-D `y`, exactly one is in it.

    Deviations from the paper: the memory is the usual one, whose gates are sigmoids of its last
    output, and which squashes by tanh; in equation 1 gates read the state, and all functions are
    rectified linear units. Labels have biases, which begin at the log-frequencies. No label is
    named twice. Training shows some labels (`unknown_fraction`): without it, known labels mislead,
    since in the order of frequency hardly anything follows a rare label. AdamW replaces RMSprop.
    The image features are those of any backbone. ``predict(decoding="beam")`` is the paper's
    prediction; by default labels are predicted by their probabilities, as by all estimators here.

    No code of the authors was found. Section 3 of the paper was compared with this class. The sizes
    of the network and the width of its beam are in section 4, which could not be compared.

    References
    ----------
    .. [1] J. Wang, Y. Yang, J. Mao, Z. Huang, C. Huang, W. Xu: CNN-RNN: A Unified Framework for
       Multi-label Image Classification. CVPR 2016.

    Examples
    --------
    >>> from sklearn_ctran.baselines import CNNRNN
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = CNNRNN("small", image_size=None, augment=None, max_epochs=1)
    >>> model = model.fit(scenes.images, scenes.Y)
    >>> model.predict_proba(scenes.images[:3], known_labels={9: 1}).shape
    (3, 10)
    >>> model.predict(scenes.images[:3], decoding="beam").shape
    (3, 10)
    """

    _module_class = CNNRNNModel
    _parameter_constraints = {
        **SequenceBaseline._parameter_constraints,
        "pool": PooledBaseline._parameter_constraints["pool"],
        "n_embedding": [WholeNumber(Integral, 1, None, closed="left")],
        "n_hidden": [WholeNumber(Integral, 1, None, closed="left")],
        "order": [StrOptions({"frequent", "rare"})],
    }

    n_embedding: int = 64
    n_hidden: int = 512
    order: Literal["frequent", "rare"] = "frequent"

    @property
    def _n_steps(self):
        return 1000 if self._trains_backbone() else 2000

    def _module_params(self):
        own = {name: getattr(self, name) for name in ("n_embedding", "n_hidden", "order")}
        return super()._module_params() | own
