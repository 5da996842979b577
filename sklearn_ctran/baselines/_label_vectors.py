"""What baselines that read vectors of labels share: the parameter, read before any image."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch

from sklearn_ctran._labels.embeddings import read_label_embeddings
from sklearn_ctran._utils.devices import plain_torch
from sklearn_ctran._utils.typing import LabelEmbeddings
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.modules.fingerprint import describe

#: The parameter of every one.
VECTOR_PARAMETERS = {"label_embeddings": ["array-like", dict, None]}


@dataclass(eq=False, repr=False, kw_only=True)
class LabelVectorBaseline(NeuralBaseline):
    """Base of networks whose module has the labels' vectors as ``vectors`` (LabelVectors)."""

    label_embeddings: LabelEmbeddings = None

    #: Size of the vectors that are given; None: there are none.
    _n_dimensions = cast("int | None", None)
    _MADE_FROM = ("task_", "_input", "_plan", "_n_dimensions")

    def _read_X_to_fit(self, X, is_resumed):
        if not is_resumed:  # What is wrong here is found before any image is read.
            self._check_vectors()
        return super()._read_X_to_fit(X, is_resumed)

    def _check_vectors(self):
        vectors = self._given_vectors()
        self._n_dimensions = None if vectors is None else vectors.shape[1]

    def _given_vectors(self):
        if self.label_embeddings is None:
            return None
        return read_label_embeddings(self.label_embeddings, self.task_.all_names)

    def _structure_params(self):
        digest = describe(self._given_vectors())
        return super()._structure_params() | {"digest of label_embeddings": digest}

    def _inform(self, module, true_states, weights):
        vectors = self._given_vectors()
        if vectors is not None:
            module.vectors.give(torch.from_numpy(self._prepared_vectors(vectors)))

    def _prepared_vectors(self, vectors):
        """The labels' vectors as the module reads them."""
        return vectors

    def _new_logits(self, data, *arrays):
        """Logits (n_samples, n_new) of labels that were not in fit, by the module."""
        net = self.net_
        arrays = tuple(torch.from_numpy(each).to(net.device) for each in arrays)
        with plain_torch(), torch.no_grad(), net._autocast():
            logits = [
                net.module_.new_logits(features, *arrays).float().cpu().numpy()
                for features in self._feature_batches(data)
            ]
        return np.concatenate(logits)
