"""The method that saves an estimator, and the function that loads it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._persistence.card import ModelCard, card_to_store
from sklearn_ctran._persistence.container import (
    as_path,
    read_container,
    versions_here,
    write_container,
)
from sklearn_ctran._persistence.decoding import Decoder
from sklearn_ctran._persistence.encoding import Encoder
from sklearn_ctran._utils.typing import FilePath

#: scikit-learn's messages repeat values, however long they are.
_MOST_REASON = 500

#: Attributes of estimators that are of no use in another process: scikit-learn's callbacks, and
#: whether progress is shown.
_OF_THIS_PROCESS = {"_skl_callbacks", "_shows_progress"}


@dataclass(frozen=True)
class Storage:
    """How networks are stored.

    Attributes
    ----------
    dtype : "float16" or None
        Of matrices of weights; None: as they are.
    backbone : bool
        Whether the weights of backbones are stored too.
    applied : set of str
        Names of the attributes above that there was something for.
    """

    dtype: str | None = None
    backbone: bool = True
    applied: set[str] = field(default_factory=set)

    def check_applied(self):
        """Raise ValueError if nothing could be stored as was wanted."""
        for name, is_wanted, lacks in (
            ("dtype", self.dtype is not None, "has no network"),
            ("backbone", not self.backbone, "has no network with a backbone"),
        ):
            if is_wanted and name not in self.applied:
                raise ValueError(
                    f"{name}={getattr(self, name)!r}, but the estimator {lacks}: leave it out."
                )


class Savable:
    """A mixin of estimators that can be saved.

    What a file holds of a class is in ``_persistence/fields.py``.
    """

    get_params: Callable[..., dict[str, Any]]

    def save(
        self,
        path: FilePath,
        *,
        dtype: Literal["float16"] | None = None,
        backbone: bool = True,
        card: ModelCard | None = None,
    ) -> None:
        """Save the fitted estimator as one file, which :func:`sklearn_ctran.load` reads.

        The file has tensors (safetensors) and JSON. Neither writing nor reading it runs any code
        that is in a file, so that it may come from anybody. It holds all that predictions need:
        labels, rules, preprocessing, weights, memory; and the parameters. A file that is there
        already is replaced at the very end.

        Parameters
        ----------
        path : str or path-like
            The file, of any name; ``.safetensors`` at its end lets other tools recognise it.
        dtype : "float16" or None, default=None
            "float16" stores the matrices of a network's weights, those of its backbone too, with
            half the digits: half their size, and probabilities that differ by some 0.001, the
            most doubtful by more (the guide to saved models has figures). None: everything as it
            is, and equal predictions.
        backbone : bool, default=True
            False leaves out the weights of a frozen backbone, which `load` then takes from where
            `weights` says, and refuses if they are others.
        card : ModelCard or None, default=None
            What people should know of the model. :func:`sklearn_ctran.load_card` reads it without
            the model.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If something in it cannot be stored without pickle: a module, function, callback or
            estimator that is not this package's. The message says what. Also if `card` is no
            ModelCard.
        ValueError
            If `dtype` or `backbone` cannot be applied to it, or the card is too large.
        OSError
            If the file cannot be written. One that was there is still there.
        """
        check_is_fitted(self)
        stored = None if card is None else card_to_store(card, self, versions_here())
        if dtype not in (None, "float16"):
            raise ValueError(f"dtype must be 'float16' or None, got {dtype!r}.")
        storage = Storage(dtype, bool(backbone))
        encoder = Encoder(storage)
        model = encoder.encode(self, "")
        storage.check_applied()
        write_container(as_path(path), model, encoder.tensors, stored)

    def _saved_state(self, storage):
        """Fitted attributes by name, of kinds that a file can hold; a subclass may replace some."""
        params = self.get_params(deep=False)
        left_out = {*params, *_OF_THIS_PROCESS}
        return {name: value for name, value in vars(self).items() if name not in left_out}

    def _set_saved_state(self, state):
        """Undo :meth:`_saved_state`."""
        vars(self).update(state)


def load(path: FilePath, *, device: str | None = None, weights: FilePath | None = None) -> Any:
    """Load an estimator from a file that its ``save`` wrote.

    The file may come from anybody: no code in it is run, and no class is made that is not an
    estimator of this package or part of one. But its parameters may name paths of this machine
    (`cache`, `weights`), which fits and predictions then use.

    Parameters
    ----------
    path : str or path-like
        The file.
    device : str or None, default=None
        Replaces the parameter `device`, if the file says "cuda" and there is no GPU here. None, or
        "auto" in the file: a GPU if there is one.
    weights : str, path-like or None, default=None
        Replaces the parameter `weights`, for a file without those of its backbone
        (``save(backbone=False)``): their name, or their file.

    Returns
    -------
    estimator : object
        Fitted, with the parameters and predictions of the one that was saved.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such file, of a newer version, damaged or altered; the message names it.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran import load
    >>> X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> model.save("model.safetensors")
    >>> load("model.safetensors").predict(X[:2])
    array([[0, 1, 0],
           [0, 1, 0]])
    """
    file = as_path(path)
    if not file.exists():
        raise FileNotFoundError(f"There is no file {str(file)!r}.")
    given = {"device": device, "weights": weights}
    overrides = {name: value for name, value in given.items() if value is not None}
    try:
        model, tensors = read_container(file)
        if not isinstance(model, dict) or model.get("type") != "estimator" or not model["state"]:
            raise ValueError("it holds no fitted estimator")
        decoder = Decoder(tensors, overrides)
        estimator = decoder.decode(model)
        decoder.check_all_used()
    # What is not what was expected can fail anywhere, in any way.
    except Exception as error:
        reason = (str(error) or type(error).__name__)[:_MOST_REASON].rstrip(".")
        raise ValueError(f"{str(file)!r} cannot be loaded: {reason}.") from error
    return estimator
