"""What each class in a file of this format holds: names, kinds and sizes of its fields."""

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator

_FLOATS = "float32 float64"
_STATES, _SHARES = {"least": -1, "most": 1}, {"least": 0, "most": 1}
#: Sums of such numbers are finite.
_MODERATE = {"least": -1e20, "most": 1e20}
#: The least number above 0 in float32.
_TINY = 1e-45


def check_names(kind, what, given, wanted, optional=frozenset()):
    """Raise ValueError unless the names `given` are those `wanted`, and perhaps some `optional`."""
    unknown = sorted(given.keys() - wanted - optional)
    missing = sorted(wanted - given.keys())
    if unknown:
        raise ValueError(f"{kind} has unknown {what}: {', '.join(unknown[:3])}")
    if missing:
        raise ValueError(f"{kind} lacks {what}: {', '.join(missing[:3])}")


def check_field_names(kind, given):
    """Raise ValueError unless the names `given` are those of the fields of a class, by its name."""
    wanted = FIELDS.get(kind)
    if wanted is not None:
        check_names(kind, "fields", given, set(wanted), set(_OPTIONAL.get(kind, ())))


def check_fields(kind, held, sizes):
    """Raise ValueError unless an object of a class, by its name, can hold these fields.

    `sizes` has the sizes that are known by now, by name, and gets those of these fields.
    """
    check_field_names(kind, held)
    checks = _OPTIONAL.get(kind, {}) | (FIELDS.get(kind) or {})
    for name, check in checks.items():
        if name in held and not check(held[name], sizes):
            raise ValueError(f"the field {name} of {kind} has another kind, size or values")
    relation = _RELATIONS.get(kind)
    if relation is not None and not relation(held):
        raise ValueError(f"the fields of {kind} do not go together")


def sizes_of(task):
    """The sizes that a LabelTask fixes for all that an estimator holds beside it."""
    return {"labels": task.n_all_labels, "targets": task.n_labels}


def _numbers(kind, dtypes, *shape, finite=True, least=None, most=None):
    """A check of an array or a Tensor; a text in `shape` names a size, None is any.

    Its values are finite, and neither below `least` nor above `most`.
    """

    def check(value, sizes):
        if type(value) is not kind or value.ndim != len(shape):
            return False
        if str(value.dtype).removeprefix("torch.") not in dtypes.split():
            return False
        fits = all(
            size is None or n == (sizes.setdefault(size, n) if isinstance(size, str) else size)
            for n, size in zip(value.shape, shape, strict=True)
        )
        is_finite = (np if kind is np.ndarray else torch).isfinite
        return (
            fits
            and (not finite or bool(is_finite(value).all()))
            and (least is None or bool((value >= least).all()))
            and (most is None or bool((value <= most).all()))
        )

    return check


def _array(dtypes, *shape, **options):
    return _numbers(np.ndarray, dtypes, *shape, **options)


def _tensor(dtypes, *shape, **options):
    return _numbers(torch.Tensor, dtypes, *shape, **options)


def _names(size):
    """A check of names: a one-dimensional array of different values."""

    def check(value, sizes):
        is_array = type(value) is np.ndarray and value.ndim == 1
        return (
            is_array
            and len(value) == sizes.setdefault(size, len(value))
            and len(set(value.tolist())) == len(value)
        )

    return check


def _is(*kinds):
    """A check of the class, by its name."""
    return lambda value, sizes: type(value).__name__ in kinds


def _count(least, most=2**31):
    return lambda value, sizes: type(value) is int and least <= value <= most


def _or_none(check):
    return lambda value, sizes: value is None or check(value, sizes)


def _number(value, sizes):
    return isinstance(value, (float, np.floating)) and bool(np.isfinite(value))


def _is_estimator(value, sizes):
    return hasattr(value, "_saved_state") or isinstance(value, FrozenEstimator)


def _are_estimators(value, sizes):
    return type(value) is list and bool(value) and all(_is_estimator(x, sizes) for x in value)


def _are_maps(value, sizes):
    maps = _is("_Same", "_Sigmoid", "_Softmax", "_Isotonic")
    return type(value) is list and all(
        type(row) is list and len(row) in (1, sizes["targets"]) and all(maps(x, sizes) for x in row)
        for row in value
    )


def _size(value, sizes):
    is_pair = type(value) is tuple and len(value) == 2
    return is_pair and all(_count(1, 2**16)(side, sizes) for side in value)


def _are_positions(value, n):
    is_tuple = type(value) is tuple and len(set(value)) == len(value)
    return is_tuple and all(type(each) is int and 0 <= each < n for each in value)


def _task_fits(held):
    n, rules = len(held["names"]), held["rules"]
    shape = (n,) if held["exclusive"] else (n, 2)
    return (
        n > 0
        and held["classes"].shape == shape
        and len(rules.names) == n + len(held["extra_names"])
        and rules.classes == (n if held["exclusive"] else 0)
    )


def _rules_fit(held):
    n = len(held["names"])
    groups, exclusive, implications = (
        held[name] for name in ("groups", "exclusive", "implications")
    )
    return (
        all(_are_positions(members, n) for members in groups.values())
        and all(
            type(one) is bool and len(members) > 1 and _are_positions(members, n)
            for members, one in exclusive
        )
        and all(len(pair) == 2 and _are_positions(pair, n) for pair in implications)
        and held["classes"] <= n
        and _n_implied(implications) is not None
    )


def _n_implied(implications, most=5_000_000):
    """How many pairs follow from implications; None above `most`, which memory could not hold."""
    parents, n_implied = {}, 0
    for child, parent in implications:
        parents.setdefault(child, []).append(parent)
    for child in parents:
        found, stack = set(), list(parents[child])
        while stack and n_implied + len(found) <= most:
            label = stack.pop()
            if label not in found:
                found.add(label)
                stack.extend(parents.get(label, ()))
        n_implied += len(found)
    return n_implied if n_implied <= most else None


def _memory_fits(held):
    likeness, regression, retrieval = (held[x] for x in ("likeness", "regression", "retrieval"))
    n_rows, n_directions = held["vectors"].shape
    centres = regression.centres
    n_centres = n_rows if centres is None else len(centres)
    return (
        n_rows > 0
        and len(regression.coefficients) == n_centres <= n_rows
        and (centres is None or bool(((centres >= 0) & (centres < n_rows)).all()))
        and (likeness.directions is not None or len(likeness.mean) == n_directions)
        and len(retrieval.states) == n_rows
    )


def _added_fit(held):
    added, text, memory = (held.get(name) for name in ("_added", "label_text_", "memory_"))
    if added is None:
        return True
    n_directions = 0 if memory is None else memory.vectors.shape[1]
    return text is not None and added.slopes.shape[1] == n_directions


def _neighbors_fit(held):
    n_most = held["likelihood_"].shape[2] - 1
    numbers = held["n_neighbors_"]
    return bool(((numbers >= 0) & (numbers <= n_most)).all()) and len(held["_X"]) > 0


def _estimators_fit(held):
    first = held["_estimators"][0]
    only = first if len(held["_estimators"]) == 1 else None
    maps = held.get("calibrators_", held["_estimators"])
    return held["estimator_"] is only and len(maps) == len(held["_estimators"])


_TASK = {"task_": _is("LabelTask")}
_NETWORK = _TASK | {
    "memory_": _or_none(_is("LabelMemory")),
    "_input": _is("NetworkInput"),
    "_plan": _is("Plan"),
    "_structure": _is("dict"),
    "net_": _is("dict"),
    "chosen_": _is("dict"),
    "history_": _is("list"),
}
#: Of a network that is made for vectors of labels; None: their size is the class's own.
_LABEL_GRAPH = _NETWORK | {"_n_dimensions": _or_none(_count(1, 2**20))}
_TABLE = {"n_features_in_": _count(1), "feature_names_in_": _names("features")}
_META = _TASK | {"_estimators": _are_estimators, "estimator_": _or_none(_is_estimator)}
_LABEL_NUMBERS = _array("float64", "labels")

_NEIGHBORS = _TASK | {
    "n_features_in_": _count(1),
    "_X": _array(_FLOATS + " int64 int32", "rows", "features"),
    "_states": _array("int8", "rows", "labels", **_STATES),
    "_weight": _array("float64", "rows", least=0),
    "n_neighbors_": _array("int64", "labels"),
    "prior_": _LABEL_NUMBERS,
    "_prior_logit": _LABEL_NUMBERS,
    "likelihood_": _array("float64", 2, "labels", "counts", **_SHARES),
}

#: Checks of the fields that an object of each class must have; None: its constructor checks them.
FIELDS = {
    "CTranClassifier": _NETWORK,
    "CNNRNN": _NETWORK,
    "CSRA": _NETWORK,
    "ConceptBottleneck": _NETWORK,
    "KGGR": _LABEL_GRAPH,
    "LinearHead": _NETWORK,
    "MLDecoder": _LABEL_GRAPH,
    "MLGCN": _LABEL_GRAPH,
    "MLZSL": _LABEL_GRAPH,
    "MultiEvidence": _NETWORK,
    "MultiTask": _NETWORK,
    "SSGRL": _LABEL_GRAPH,
    "OrderFreeRNN": _NETWORK,
    "Query2Label": _NETWORK,
    "RNNAttention": _NETWORK,
    "SRN": _NETWORK,
    "StandardMLP": _NETWORK,
    "ImageTokens": {
        "_preprocessing": _is("Preprocessing"),
        "_backbone": _is("dict"),
        "_structure": lambda value, sizes: value.keys() == {"backbone", "weights"},
        "n_channels_": _count(1),
        "skipped_": _is("dict"),
    },
    "FeedbackProp": _TASK | {"estimator_": _is("LinearHead")},
    "MaskedLinear": _TASK
    | {
        "n_features_in_": _count(1),
        "coef_": _array("float64", "labels", "features"),
        "label_coef_": _array("float64", "labels", 2, "labels"),
        "intercept_": _LABEL_NUMBERS,
        "_one_state": _array("int8", "labels", **_STATES),
        "n_iter_": _count(0),
    },
    "MLkNN": _NEIGHBORS,
    "TokenNeighbours": _NEIGHBORS
    | {
        "_mean": _array("float64", "features"),
        "_scale": _array("float64", "features", least=_TINY),
    },
    "TextSimilarity": _TASK
    | {
        "n_features_in_": _count(1),
        "label_vectors_": _array("float64", "labels", "features"),
        "temperature_": _number,
        "bias_": _LABEL_NUMBERS,
        "common_bias_": _number,
    },
    "LinearProbe": _TASK
    | {
        "n_features_in_": _count(1),
        "C_": _number,
        "losses_": _is("dict"),
        "embedder_": _or_none(_is("ImageTokens")),
        "regression_": _is("MaskedLinear"),
    },
    "MemoryClassifier": _TASK | {"n_features_in_": _count(1), "memory_": _is("LabelMemory")},
    "TunedThresholds": _META | {"thresholds_": _array("float64", "targets", finite=False)},
    "MultilabelCalibrator": _META | {"calibrators_": _are_maps},
    "LabelTask": {
        "names": _names("target names"),
        "classes": _is("ndarray"),
        "exclusive": _is("bool"),
        "extra_names": _names("extra names"),
        "rules": _is("LabelRules"),
    },
    "LabelRules": {
        "names": _names("all names"),
        "groups": _is("dict"),
        "exclusive": _is("list"),
        "implications": _is("list"),
        "classes": _count(0),
    },
    "NetworkInput": {
        "kind": lambda value, sizes: value in ("images", "tokens", "features"),
        "preprocessing": _or_none(_is("Preprocessing")),
        "size": _or_none(_size),
    },
    "Plan": {"n_layers": _or_none(_count(1, 10_000)), "max_epochs": _count(1)},
    "Preprocessing": {
        "image_size": lambda value, sizes: True,
        "augment": _or_none(_is("str")),
    },
    "LabelMemory": {
        "rows": _array("int64", "remembered"),
        "likeness": _is("Likeness"),
        "vectors": _tensor("float16", "remembered", "directions", least=-1.01, most=1.01),
        "regression": _is("KernelRegression"),
        "relations": _is("LabelRelations"),
        "retrieval": _is("Retrieval"),
        "log_pos_weight": _array(_FLOATS, "labels"),
    },
    "Likeness": {
        "mean": _array(_FLOATS, "summary"),
        "scale": _array(_FLOATS, "summary", least=_TINY),
        "directions": _or_none(_array("float32", "summary", "directions")),
    },
    "KernelRegression": {
        "centres": _or_none(_array("int64", "centres")),
        "coefficients": _tensor(_FLOATS, "coefficients", "labels", **_MODERATE),
    },
    "LabelRelations": {
        "prior": _tensor(_FLOATS, "labels", least=1e-7, most=1 - 1e-7),
        "covariance": _or_none(_tensor(_FLOATS, "labels", "labels", **_MODERATE)),
        "own": _or_none(_tensor(_FLOATS, "labels", least=0, most=1e20)),
    },
    "Retrieval": {
        "states": _tensor("int8", "remembered", "labels", **_STATES),
        "log_weights": _tensor(_FLOATS, "remembered", least=-1000, most=_TINY),
        "prior": _tensor(_FLOATS, "labels", least=1e-7, most=1 - 1e-7),
        "n_classes": _count(0),
        "values": _tensor("float32", 8, least=-10, most=10),
    },
    "LabelText": {
        "mean": _array("float32", "text", **_MODERATE),
        "vectors": _array("float32", "targets", "text", least=-1.01, most=1.01),
        "log_odds": _array("float32", "targets", **_MODERATE),
        "log_pos_weight": _array("float32", "targets", **_MODERATE),
        "room": _array("float32", None, least=-100, most=100),
    },
    "AddedLabels": {
        "names": _names("added"),
        "embeddings": _array("float32", "added", "text", **_MODERATE),
        "slopes": _array("float32", "added", None, **_MODERATE),
        "offsets": _array("float32", "added", **_MODERATE),
        "text_share": _array("float32", "added", **_SHARES),
    },
    "_Same": {},
    "_Sigmoid": {"slope": _number, "intercept": _number},
    "_Softmax": {"slope": _number},
    "_Isotonic": {"proba": _array(_FLOATS, None), "calibrated": _array(_FLOATS, None)},
    "TokenCache": None,
    "FineTuning": None,
    "MultilabelStratifiedKFold": None,
    "MultilabelStratifiedShuffleSplit": None,
    "MultilabelStratifiedGroupKFold": None,
}

_OPTIONAL = dict.fromkeys(
    (name for name, fields in FIELDS.items() if fields in (_NETWORK, _LABEL_GRAPH)),
    _TABLE | {"skipped_": _is("dict")},
) | {
    "CTranClassifier": _TABLE
    | {
        "skipped_": _is("dict"),
        "label_text_": _or_none(_is("LabelText")),
        "_added": _or_none(_is("AddedLabels")),
    },
    "ImageTokens": {"_sklearn_output_config": _is("dict")},
    "NetworkInput": {"n_views": lambda value, sizes: type(value) is int and value in (1, 2)},
    "LinearProbe": _TABLE,
    "MaskedLinear": _TABLE,
    "MLkNN": _TABLE,
    "TextSimilarity": _TABLE,
    "TokenNeighbours": _TABLE,
    "MemoryClassifier": _TABLE | {"estimator_": _is_estimator},
}

_RELATIONS = {
    "CTranClassifier": _added_fit,
    "LabelText": lambda held: len(held["room"]) > 0,
    "LabelTask": _task_fits,
    "LabelRules": _rules_fit,
    "LabelMemory": _memory_fits,
    "MLkNN": _neighbors_fit,
    "TokenNeighbours": _neighbors_fit,
    "_Isotonic": lambda held: len(held["proba"]) == len(held["calibrated"]) > 0,
    "TunedThresholds": _estimators_fit,
    "MultilabelCalibrator": _estimators_fit,
    "MaskedLinear": lambda held: held["coef_"].shape[1] == held["n_features_in_"],
    "LinearProbe": lambda held: held["regression_"].n_features_in_ == held["n_features_in_"],
    "MemoryClassifier": lambda held: len(held["memory_"].likeness.mean) == held["n_features_in_"],
    "Retrieval": lambda held: held["n_classes"] <= held["states"].shape[1],
}
