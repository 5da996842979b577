"""Base of the networks that predict label sets as sequences of labels."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._images.tokens import ImageBatches
from sklearn_ctran._labels.masks import check_unknown_fraction
from sklearn_ctran._neural.batches import LabelledImages
from sklearn_ctran._neural.inputs import prediction_batch_size
from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.devices import plain_torch
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran._utils.turns import turn
from sklearn_ctran._utils.typing import Images, KnownLabels
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline


class SequenceNet(LabelMaskNet):
    """A net whose module computes the losses of whole sequences."""

    def _module_states(self, shown, true_states):
        return torch.cat([shown, true_states], dim=1)

    def sample_losses(self, losses, true_states, shown, hidden):
        """Losses (B,) of sequences, which the module made (1, B, 1)."""
        return losses[0, :, 0]

    def n_hidden(self, hidden):
        """The number of hidden labels: a sequence has all of them, tied or not."""
        return hidden.sum()

    def decode(self, dataset, beam_width):
        """Label sets (n_samples, n_labels), int64, of a LabelledImages, by beam search."""
        self._set_training(False)
        found = []
        with torch.no_grad(), self._autocast():
            for inputs, _ in self.get_iterator(dataset):
                batch = self._to_device(inputs["X"], inputs["states"])
                found.append(self.module_.best_sets(*batch, beam_width).cpu())
        return torch.cat(found).numpy().astype(np.int64)


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceBaseline(NeuralBaseline):
    """Base of networks whose module is one of LabelSequences."""

    _net_class = SequenceNet
    _parameter_constraints = {
        **{
            name: constraint
            for name, constraint in NeuralBaseline._parameter_constraints.items()
            if name not in ("loss", "pos_weight")
        },
        "beam_width": [WholeNumber(Integral, 1, None, closed="left")],
        "unknown_fraction": [tuple, list, None],
    }

    # The loss is that of a sequence, of which no entry can be weighed.
    loss: ClassVar[str] = "bce"  # type: ignore[misc, assignment]
    pos_weight: ClassVar[Any] = None  # type: ignore[misc]
    weight_decay: float = 0.05
    beam_width: int = 8
    unknown_fraction: tuple[float, float] | None = (0.25, 1.0)

    def _check_params(self):
        super()._check_params()
        check_unknown_fraction(self.unknown_fraction)

    def _module_params(self):
        return {"n_classes": self.task_.n_classes, "beam_width": self.beam_width}

    def _structure_params(self):
        # Another beam needs no other network.
        return {k: v for k, v in super()._structure_params().items() if k != "beam_width"}

    def _logits(self, data, states):
        self.net_.module_.beam_width = self.beam_width
        return super()._logits(data, states)

    def predict(
        self,
        X: Images,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        decoding: Literal["independent", "greedy", "beam"] = "independent",
        beam_width: int = 4,
    ) -> np.ndarray:
        """The labels, or the class, of each image.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`.
        decoding : {"independent", "greedy", "beam"}, default="independent"
            "independent": each label by its own probability, which gets most labels right. "beam":
            the labels of the most probable sequence that beam search finds, as in the paper.
            "greedy": beam search with one sequence. For a 1-D `y` all three are the same.
        beam_width : int, default=4
            Sequences that "beam" keeps. The parameter of the estimator is for probabilities.

        Returns
        -------
        y : ndarray of shape (n_samples, n_labels), int64, or (n_samples,)
            Known labels stay as they are. For a 1-D `y`, the most probable class.

        Raises
        ------
        ValueError
            As :meth:`predict_proba`, and for another `decoding` or `beam_width`.
        """
        check_is_fitted(self)
        if decoding not in ("greedy", "beam") or self.task_.exclusive:
            return super().predict(X, known_labels, extra_labels, decoding, beam_width)
        check_count("beam_width", beam_width)
        width = 1 if decoding == "greedy" else beam_width

        def decode(data, states):
            if data is None:  # No image can be read.
                return np.zeros((len(states), self.n_labels_), dtype=np.int64)
            with plain_torch(), turn(self.net_.device):
                sets = self.net_.decode(self._batches(data, states), width)
            return sets[:, : self.n_labels_]

        return self._answer_rows(X, known_labels, extra_labels, decode)

    def _batches(self, data, states):
        source, batch_size = self._prediction_source(data), self.batch_size
        if not isinstance(source, ImageBatches):
            batch_size = prediction_batch_size(source, self.net_.module_, self.net_.device)
        return LabelledImages(source, torch.from_numpy(states), batch_size=batch_size)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.uses_known_labels = True
        return tags
