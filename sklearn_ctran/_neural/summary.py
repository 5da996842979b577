"""What a fitted network consists of, and what it costs."""

import math
from dataclasses import dataclass
from html import escape

from tqdm import tqdm

from sklearn_ctran._cache.sizes import format_size
from sklearn_ctran._neural.measure import measure_costs, passes_each_step
from sklearn_ctran._utils import tables
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.typing import DataFrame

#: Bytes of AdamW for a weight that trains: its gradient and two moments, each as large as it.
_TRAINING_COPIES = 3


@dataclass(frozen=True, eq=False)
class ModelSummary:
    """What a fitted network consists of, and what it costs; ``print`` shows it.

    Attributes
    ----------
    name : str
        The estimator's class.
    backbone : str
        What makes features of images, in words.
    n_image_tokens, n_labels : int
        Image tokens, or pooled features, that the network reads of an image; labels, extra labels
        included.
    n_channels : int
        Numbers that an image token has before the network; 0 if it does not look at images.
    trained, frozen : dict of str to int
        Part of the network -> number of its parameters that training changes, or leaves alone.
    backbone_flops, network_flops : int
        Floating-point operations of an image without known labels, in the backbone and in the rest;
        a multiplication and an addition count as two (:mod:`torch.utils.flop_counter`).
    batch_size : int
    batch_bytes : int
        What a training step keeps of a batch for its backward pass. The peak is higher.
    model_bytes : int
        Weights and, of those that are trained, gradients and moments of the optimiser.
    memory_rows : int
        Training rows that the model remembers; 0 without a memory.
    step_seconds : float
        Median of some training steps on this machine, now. Images are not read in this time; they
        pass through the backbone in it if they do so in each step of a fit.
    epoch_seconds : float
        Of as many steps as the last epoch of the fit had; NaN if there was none.
    device, precision : str
        What the network trains on, and in.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import LinearHead
    >>> X, Y = make_multilabel_classification(100, n_classes=3, random_state=0)
    >>> summary = LinearHead(backbone=None, max_epochs=1, random_state=0).fit(X, Y).summary()
    >>> summary.n_trained, summary.network_flops  # 20 features to 3 labels
    (63, 120)
    """

    name: str
    backbone: str
    n_image_tokens: int
    n_labels: int
    n_channels: int
    trained: dict
    frozen: dict
    backbone_flops: int
    network_flops: int
    batch_size: int
    batch_bytes: int
    model_bytes: int
    memory_rows: int
    step_seconds: float
    epoch_seconds: float
    device: str
    precision: str

    @property
    def n_trained(self) -> int:
        """Number of parameters that training changes."""
        return sum(self.trained.values())

    @property
    def n_frozen(self) -> int:
        """Number of parameters that training leaves alone."""
        return sum(self.frozen.values())

    def to_frame(self) -> DataFrame:
        """The parameters of each part as a data frame.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each part of the network, which is the index; columns ``trained`` and
            ``frozen``, int64.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {"trained": list(self.trained.values()), "frozen": list(self.frozen.values())}
        return to_frame(columns, index=list(self.trained))

    def _facts(self):
        """Pairs of a name and a text."""
        tokens = f"{self.n_image_tokens} of the image ({self.n_channels} channels)"
        if not self.n_channels:
            tokens = "none of the image"
        epoch = "" if math.isnan(self.epoch_seconds) else f"; an epoch {self.epoch_seconds:.3g} s"
        memory = f"{self.memory_rows:,} rows" if self.memory_rows else "none"
        flops = (tqdm.format_sizeof(n) for n in (self.backbone_flops, self.network_flops))
        return [
            ("backbone", self.backbone),
            ("tokens", f"{tokens}, {self.n_labels} of labels"),
            ("parameters", f"{self.n_trained:,} trained, {self.n_frozen:,} frozen"),
            ("FLOPs an image", "backbone {}, rest {}".format(*flops)),
            (
                "bytes in training",
                f"model {format_size(self.model_bytes)}, batch of {self.batch_size} "
                f"{format_size(self.batch_bytes)}",
            ),
            ("time", f"a step {self.step_seconds:.2g} s{epoch} ({self.device}, {self.precision})"),
            ("memory", memory),
        ]

    def _rows(self):
        names = zip(self.trained, self.trained.values(), self.frozen.values(), strict=True)
        rows = [(name, f"{trained:,}", f"{frozen:,}") for name, trained, frozen in names]
        return [("part", "trained", "frozen"), *rows]

    def __repr__(self):
        facts = "\n".join(f"{name + ':':<19}{text}" for name, text in self._facts())
        return f"{self.name}\n{facts}\n\n{tables.plain(self._rows())}"

    def _repr_html_(self):
        facts = "".join(
            f"<tr><th style='text-align: left'>{escape(name)}</th>"
            f"<td style='text-align: left'>{escape(text)}</td></tr>"
            for name, text in self._facts()
        )
        head, *rows = (
            "".join(f"<{cell}>{escape(text)}</{cell}>" for text in row)
            for cell, row in zip(["th"] + ["td"] * len(self.trained), self._rows(), strict=True)
        )
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return (
            f"<table><caption>{escape(self.name)}</caption>{facts}</table>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def summarize(estimator, n_steps):
    """The ModelSummary of a fitted neural estimator, with the time of `n_steps` training steps."""
    net, task = estimator.net_, estimator.task_
    module = net.module_
    costs = measure_costs(estimator, n_steps)
    trained, frozen = _parameters(module)
    weights = [(x.numel() * x.element_size(), x.requires_grad) for x in module.parameters()]
    n_epoch_steps = estimator.history_[-1]["train_batch_count"] if estimator.history_ else math.nan
    memory = estimator.memory_
    return ModelSummary(
        name=type(estimator).__name__,
        backbone=_backbone_in_words(estimator, module),
        n_image_tokens=_n_image_tokens(module),
        n_labels=task.n_all_labels,
        n_channels=len(module.feature_mean) if module.use_image else 0,
        trained=trained,
        frozen=frozen,
        backbone_flops=costs.backbone_flops,
        network_flops=costs.network_flops,
        batch_size=estimator.batch_size,
        batch_bytes=costs.batch_bytes,
        model_bytes=sum(size * (1 + _TRAINING_COPIES * trains) for size, trains in weights),
        memory_rows=0 if memory is None else len(memory),
        step_seconds=costs.step_seconds,
        epoch_seconds=n_epoch_steps * costs.step_seconds,
        device=str(net.device),
        precision=net.precision,
    )


def _parameters(module):
    """Numbers of trained and frozen parameters of the parts that have any, as two dicts."""
    trained, frozen = {}, {}
    for name, weight in module.named_parameters():
        part = name.partition(".")[0]
        trained.setdefault(part, 0)
        frozen.setdefault(part, 0)
        (trained if weight.requires_grad else frozen)[part] += weight.numel()
    return trained, frozen


def _n_image_tokens(module):
    if not module.use_image:
        return 0
    n_features = math.prod(module.grid)
    shape = 1, n_features, len(module.feature_mean)
    return module.pool(module.feature_mean.new_zeros(shape), module.grid).shape[1]


def _backbone_in_words(estimator, module):
    if module.backbone is None:
        kind = estimator._input.kind
        return f"none: X has {kind}" if module.use_image else "none: images are not looked at"
    name = estimator._structure["backbone"]
    name = name if isinstance(name, str) else type(name).__name__
    height, width = estimator._input.size
    how = "frozen" if module.backbone.frozen else "trained"
    if not module.backbone.frozen and not all(
        each.requires_grad for each in module.backbone.parameters()
    ):
        how = "trained in part"
    if passes_each_step(estimator, module) and module.backbone.frozen:
        how += ", images augmented"
    return f"{name}, {how}, images of {height} x {width} pixels"
