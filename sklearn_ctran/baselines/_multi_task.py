"""MultiTask: one hidden layer for targets and extra labels together."""

from sklearn_ctran.baselines._standard_mlp import StandardMLP


class MultiTask(StandardMLP):
    """A multi-layer perceptron that learns targets and extra labels from shared hidden units.

    The "Multi-task" of the paper's Table 4 [2]_, after Koh et al. [1]_: extra labels help to learn,
    but to know them makes no difference to the targets.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    n_hidden : int or None, default=512
        Hidden units. None: there is no hidden layer, as in the papers, where the network before the
        linear layer is the backbone itself.
    pool : {"mean", "max", "gem"}, default="mean"
        How the feature map becomes one vector: mean, maximum or generalised mean (power 3) of
        its cells.
    dropout : float or "auto", default="auto"
        Share of the pooled features and of the hidden units dropped in training, in [0, 1).
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

    References
    ----------
    .. [1] P. W. Koh, T. Nguyen, Y. S. Tang, S. Mussmann, E. Pierson, B. Kim, P. Liang: Concept
       Bottleneck Models. ICML 2020.
    .. [2] J. Lanchantin, T. Wang, V. Ordonez, Y. Qi: General Multi-label Image Classification with
       Transformers. CVPR 2021. Table 4.

    Examples
    --------
    >>> from sklearn_ctran.baselines import MultiTask
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = MultiTask("small", image_size=None, augment=None, max_epochs=1)
    >>> model = model.fit(scenes.images, scenes.Y[:, :5], extra_labels=scenes.Y[:, 5:])
    >>> model.predict_extra_proba(scenes.images[:3]).shape
    (3, 5)
    """

    def _module_params(self):
        return {"n_hidden": self.n_hidden, "n_learned": self.task_.n_all_labels}

    def _states_to_learn(self, true_states):
        return true_states
