"""What a fitted model is known by: the numbers in it, wherever it was loaded."""

import hashlib
import io
import pickle
import types

import numpy as np
import torch
from skorch import NeuralNet


def digest_of_model(estimator):
    """Digest of all arrays and tensors of an estimator, equal in every process.

    Models that were fitted differ in them. What else an estimator holds may change with its use.
    """
    text = " ".join([type(estimator).__name__, *sorted(_digests_in(estimator))])
    return hashlib.sha256(text.encode()).hexdigest()


def _digests_in(value):
    pickler = _Numbers(io.BytesIO())
    pickler.dump(value)
    return pickler.digests


class _Numbers(pickle.Pickler):
    """Notes a digest of each array and tensor in place of pickling it."""

    def __init__(self, file):
        super().__init__(file)
        self.digests = set()

    def persistent_id(self, value):
        """Something for arrays and tensors of numbers, and for code; None for all else."""
        if isinstance(value, (type, types.FunctionType, types.ModuleType)):
            return True
        if isinstance(value, NeuralNet):  # Its own pickle hides the weights in a text of bytes.
            self.digests |= _digests_in(value.module_)
            return True
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
        elif type(value) is not np.ndarray or value.dtype == object:
            return None
        content = np.ascontiguousarray(value)
        digest = hashlib.sha256(f"{value.dtype} {value.shape}".encode())
        digest.update(content.view(np.uint8) if content.size else b"")
        self.digests.add(digest.hexdigest())
        return True
