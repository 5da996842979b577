"""SRN: attention maps of all labels, which regularise one another."""

from dataclasses import dataclass
from numbers import Integral, Real

from sklearn.utils._param_validation import Interval

from sklearn_ctran._neural.stages import StagedNet, check_stages
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.modules.srn import SRNModel

N_STAGES = 4


@dataclass(eq=False, repr=False, kw_only=True)
class SRN(NeuralBaseline):
    """A linear net, and a net of the labels' attention maps, which see one another.

    The spatial regularisation network of Zhu et al. [1]_. The main net is a linear unit per label
    on the mean of the feature map. Convolutions give each label an attention map, whose cells sum
    to 1, and a confidence in each cell. Attention times the probability of the confidence is the
    label's weighted map. Further convolutions read the weighted maps of all labels: two of 1 x 1
    for which labels go together, then kernels of the size of the map for where. The prediction is
    the weighted mean of their logits and the main net's. Known labels make no difference to the
    others. Extra labels are learned like labels.

    A fit has four stages: the main net (and the backbone, if it trains); attention and confidence;
    what reads the maps; everything. The first three have losses of their own, and what was trained
    before stays as it is. The last adds the losses of prediction and attention.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`. Tokens without a backbone are a square map if their number
        is a square, else a single row. All images have maps of one size.
    n_hidden : int, default=128
        Channels between convolutions; 512 in [1]_.
    n_kernels : int, default=4
        Kernels of the size of the map that read each channel.
    image_share : float, default=0.5
        The main net's share of the logits, in [0, 1]: the paper's alpha.
    dropout : float or "auto", default="auto"
        Share of the features, and of hidden units, dropped in training, in [0, 1).
        "auto": 0.5, but 0.1 of fewer than 64 channels.
    loss, pos_weight, backbone_lr
        As of :class:`CTranClassifier`.
    lr : float, default=1e-3
        Peak learning rate of each stage.
    weight_decay : float, default=0.3
        Of AdamW.
    max_epochs : int or "auto", default="auto"
        Passes through the training images, at least 4: half of them in the first stage, then 17,
        13 and 20 %. "auto": about 2,000 steps, or 1,000 with a backbone that trains, but 5 to 60
        epochs.
    lr_schedule : "one_cycle" or None, default="one_cycle"
        As of :class:`CTranClassifier`, but a cycle in each stage.
    early_stopping : bool or "score", default=False
        As of :class:`CTranClassifier`, in the last stage only.
    warm_start : bool, default=False
        Whether `fit` goes through the stages again with the weights of the last fit.
    batch_size, validation_fraction, device, precision, encoder_engine, n_views, n_jobs, on_error, \
            cache, checkpoint, callbacks, net_params, random_state, verbose
        As of :class:`CTranClassifier`.
    distributed : None
        One process trains: others cannot follow the stages.

    Attributes
    ----------
    net_, classes_, n_labels_, label_names_, extra_label_names_, n_features_in_, \
            feature_names_in_, history_, skipped_
        As of :class:`CTranClassifier`.

    Notes
    -----
    This class follows the paper. The authors' repository (zhufengx/SRN_multilabel) was read; the
    definition of the network is a download, which was not. Its issues, and other people's code
    (terminalh2t3/SRN_torch), say where that definition differs from the paper, and so from this
    class: two residual blocks come before attention, and confidence has two layers (issue 15); and
    the last stage has three losses, of main net, attention and what reads the maps (issue 13). Of
    the paper itself, abstract and introduction were compared again.

    Other than in the paper, all parts read the same feature map, where the paper's attention reads
    a larger one of an earlier block; the main net is linear, without a block of its own. Features
    are standardised, with dropout (of whole channels where single cells count), so that a frozen
    backbone is enough; there is no batch normalisation between convolutions. Confidence starts from
    the main net, of which it is the same function as long as attention is equal everywhere.
    Weighted maps are multiplied by the number of cells; biases start at the labels' log-odds; and
    AdamW replaces SGD. A table of features is a map of one cell.

    References
    ----------
    .. [1] F. Zhu, H. Li, W. Ouyang, N. Yu, X. Wang: Learning Spatial Regularization with
       Image-level Supervisions for Multi-label Image Classification. CVPR 2017.

    Examples
    --------
    >>> from sklearn_ctran.baselines import SRN
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = SRN("small", image_size=None, augment=None, n_hidden=16, max_epochs=4)
    >>> model.fit(scenes.images, scenes.Y).predict_proba(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class = SRNModel
    _parameter_constraints = {
        **NeuralBaseline._parameter_constraints,
        "n_hidden": [WholeNumber(Integral, 1, None, closed="left")],
        "n_kernels": [WholeNumber(Integral, 1, None, closed="left")],
        "image_share": [Interval(Real, 0, 1, closed="both")],
    }

    n_hidden: int = 128
    n_kernels: int = 4
    image_share: float = 0.5
    lr: float = 1e-3

    @property
    def _n_steps(self):
        return 1000 if self._trains_backbone() else 2000

    @property
    def _net_class(self):
        return _FourStageNet

    def _check_params(self):
        super()._check_params()
        check_stages(self, "SRN", N_STAGES)

    def _module_params(self):
        return {name: getattr(self, name) for name in ("n_hidden", "n_kernels", "image_share")}


class _FourStageNet(StagedNet):
    """The main net, whose steps cost little, is trained for half of the epochs.

    On held-out training photos of Corel5k, a last stage of half of the epochs gained nothing.
    """

    stage_shares = (0.5, 0.17, 0.13, 0.2)
    cycles_by_stage = True
