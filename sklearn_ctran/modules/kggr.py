"""KGGR: SSGRL's features of labels, and classifiers that pass messages along the same graph."""

import torch
from torch import nn

from sklearn_ctran.modules.label_graph import GatedGraph
from sklearn_ctran.modules.ssgrl import SSGRLModel


class KGGRModel(SSGRLModel):
    """Gated propagation of the labels' features, and another one of their classifiers.

    `n_classifier_steps` are the steps of the second. `few_shot` has the positions of labels that
    are learned in the second stage only. All else is as in :class:`SSGRLModel`.
    """

    def __init__(self, n_labels, n_channels, *, n_classifier_steps, few_shot=(), n_steps, **sizes):
        super().__init__(n_labels, n_channels, n_steps=n_steps, **sizes)
        width = self.classifiers.shape[1]
        # Equal classifiers would send equal messages.
        nn.init.normal_(self.classifiers, std=width**-0.5)
        self.relate = GatedGraph(width, n_classifier_steps)
        self.settle = nn.Linear(2 * width, width)
        for parameter in self.settle.parameters():
            nn.init.zeros_(parameter)
        self.few_shot = tuple(few_shot)
        self.stage = None

    def label_classifiers(self):
        """The weights of each label's classifier (L, n_output), after all messages."""
        related = self.relate(self.classifiers, self.graph)
        return self.settle(torch.cat([related, self.classifiers], dim=1))

    def learned_labels(self):
        """Which labels the present stage of training learns, (L,), bool."""
        learned = torch.ones(self.n_labels, dtype=torch.bool, device=self.bias.device)
        if self.stage == 1:
            learned[list(self.few_shot)] = False
        return learned

    def set_stage(self, stage):
        """Begin a stage, 1 or 2; None: all parts train. In the second, features stay."""
        self.stage = stage
        trains = stage != 2
        for part in (self.reduce, self.vectors, self.decouple, self.propagate, self.combine):
            part.requires_grad_(trains)
        if self.backbone is not None:
            self.backbone.hold(not trains)
