"""Networks of the package timm by name: their weights, and the images that they expect."""

import difflib
import math
import sys
from pathlib import Path
from typing import NamedTuple

import torch

from sklearn_ctran.modules.pretrained import existing_file, unavailable

#: What the names of these backbones begin with.
PREFIX = "timm/"

#: Files of weights on the hub; the first that there is.
_FILES = "model.safetensors", "pytorch_model.bin"

#: Seconds that the hub has to say that it is there.
_PATIENCE = 10


class TimmWeights(NamedTuple):
    """Pretrained weights, by the name of their network and their tag."""

    name: str


class OwnSize(NamedTuple):
    """The images that a network was evaluated on.

    They were resized so that their shorter side ("center"), or each side ("squash"), had `resize`
    pixels; crop x crop in the middle were cut out.
    """

    resize: int
    crop: int
    mode: str
    interpolation: str


def is_timm(backbone):
    """Whether a backbone is named as one of timm's."""
    return isinstance(backbone, str) and backbone.startswith(PREFIX)


def require_timm():
    """The package; ImportError, which says how to get it, if it is not installed."""
    try:
        import timm  # imported where it is used, because it is optional
    except ImportError as error:
        raise ImportError(
            "A backbone 'timm/...' needs timm, which is not installed: "
            "pip install 'sklearn-ctran[timm]'."
        ) from error
    return timm


def known_name(backbone):
    """The name that timm has for a backbone, without tag, and the tag or "".

    Raises ImportError without timm, ValueError for a network or a tag that it does not know.
    """
    timm, name = require_timm(), backbone.removeprefix(PREFIX)
    network, _, tag = name.partition(".")
    if not timm.is_model(network):
        close = difflib.get_close_matches(network, timm.list_models(), n=4, cutoff=0.5)
        hint = f" Did you mean {', '.join(repr(PREFIX + each) for each in close)}?" if close else ""
        raise ValueError(
            f"Unknown backbone {backbone!r}: timm {timm.__version__} has no such network.{hint}"
        )
    if tag and tag not in _tags(network):
        tags = ", ".join(map(repr, _tags(network))) or "none"
        raise ValueError(f"Unknown backbone {backbone!r}: the weights of {network!r} are {tags}.")
    return network, tag


def find_timm_weights(backbone, weights):
    """Where weights come from: a Path, TimmWeights or None; nothing is read.

    `weights` is None, "DEFAULT", a path, or a tag if the name of the backbone has none. Raises as
    :func:`known_name` and :func:`existing_file`; ValueError for a tag beside that in the name, and
    where timm has no weights.
    """
    network, tag = known_name(backbone)
    tags = _tags(network)
    if weights is None:
        return None
    if not isinstance(weights, str) or (weights != "DEFAULT" and weights not in tags):
        return existing_file(weights, f"backbone {backbone!r}", ["DEFAULT", *tags])
    if tag and weights not in ("DEFAULT", tag):
        raise ValueError(
            f"weights={weights!r}, but the name of the backbone, {backbone!r}, has other weights: "
            f"leave out one of them, as in backbone={PREFIX + network!r}."
        )
    if not tags:
        raise ValueError(
            f"timm has no weights of backbone {backbone!r}: set weights to the path of a file, or "
            "to None to train from scratch."
        )
    if weights == "DEFAULT":
        weights = tag or config_of(backbone).tag
    return TimmWeights(f"{network}.{weights}")


def config_of(backbone, source=None):
    """timm's settings of a network with some weights, as :func:`find_timm_weights` found them."""
    from timm.models import get_pretrained_cfg

    is_named = isinstance(source, TimmWeights)
    return get_pretrained_cfg(source.name if is_named else backbone.removeprefix(PREFIX))


def own_size(backbone, source=None):
    """The OwnSize of a network; `source` is as :func:`find_timm_weights` found it.

    Raises ValueError for images that are not square, or padded.
    """
    from timm.data import resolve_data_config

    config = resolve_data_config({}, pretrained_cfg=config_of(backbone, source).to_dict())
    (_, height, width), mode = config["input_size"], config["crop_mode"]
    if height != width or mode not in ("center", "squash"):
        raise ValueError(
            f"image_size='auto': {backbone!r} is for images of {height} x {width} pixels, made in "
            f"the way {mode!r}, which there is not here. Set image_size to a number of pixels."
        )
    return OwnSize(math.floor(height / config["crop_pct"]), height, mode, config["interpolation"])


def mean_and_std(backbone, source, n_inputs):
    """The means and the standard deviations of channels, as a network expects them.

    With more than three channels, a fourth has those of the first, and so on: timm makes its
    weights of those for the first, too.
    """
    config = config_of(backbone, source)
    return [
        tuple(values[i % len(values)] for i in range(n_inputs))
        for values in (config.mean, config.std)
    ]


def find_file(source, config):
    """The file of TimmWeights, which may be downloaded; `config` is that of :func:`config_of`.

    Raises RuntimeError if it cannot be had, soon if there is no network.
    """
    try:
        if config.hf_hub_id:
            return _from_hub(config.hf_hub_id, config.hf_hub_filename)
        return _from_url(config.url)
    except Exception as error:  # Of the hub's client, its HTTP library, torch, ...
        url = f"https://huggingface.co/{config.hf_hub_id}" if config.hf_hub_id else config.url
        raise unavailable(f"The weights {source.name!r} of timm", error, f"from {url}") from error


def adapted(state, model, config, n_inputs):
    """Weights as their file has them, under the names and in the shapes of one of timm's networks.

    Those of the first layer become weights for `n_inputs` channels in timm's own way.
    """
    from timm.models import adapt_input_conv

    # Where names or shapes were others once, timm's module of the network has this function.
    rename = getattr(sys.modules[type(model).__module__], "checkpoint_filter_fn", None)
    state = dict(state) if rename is None else rename(dict(state), model)
    first = config.first_conv or ()
    for name in (first,) if isinstance(first, str) else first:
        weight = state.get(f"{name}.weight")
        if weight is not None and weight.ndim == 4 and weight.shape[1] == 3 != n_inputs:
            state[f"{name}.weight"] = adapt_input_conv(n_inputs, weight)
    return state


def _tags(network):
    names = require_timm().list_pretrained(network)
    return [tag for name, _, tag in (each.partition(".") for each in names) if name == network]


def _from_hub(repository, file):
    from huggingface_hub import (
        get_hf_file_metadata,
        hf_hub_download,
        hf_hub_url,
        try_to_load_from_cache,
    )
    from huggingface_hub.utils import EntryNotFoundError

    repository, _, revision = repository.partition("@")
    revision, files = revision or None, [file] if file else _FILES
    for file in files:
        cached = try_to_load_from_cache(repository, file, revision=revision)
        if isinstance(cached, str):
            return Path(cached)
    for file in files:
        # The download would try five times for each file, for most of a minute.
        url = hf_hub_url(repository, file, revision=revision)
        try:
            get_hf_file_metadata(url, timeout=_PATIENCE)
        except EntryNotFoundError:
            continue
        return Path(hf_hub_download(repository, file, revision=revision))
    raise FileNotFoundError(f"it has no file {' or '.join(files)}")


def _from_url(url):
    path = Path(torch.hub.get_dir(), "checkpoints", url.rsplit("/", 1)[1])
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=False)
    return path
