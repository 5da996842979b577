import pickle

import pytest
from sklearn.base import BaseEstimator
from torch import nn

from sklearn_ctran import TokenCache
from sklearn_ctran._cache.session import current_session
from sklearn_ctran._images.parameters import IMAGE_PARAMETERS, ReadsImages
from sklearn_ctran._images.preprocessing import Preprocessing


class Reads(ReadsImages, BaseEstimator):
    def __init__(self, backbone="small", cache="memory", precision="auto"):
        self.backbone = backbone
        self.cache = cache
        self.precision = precision
        self.encoder_engine = "torch"
        self.n_views = 1
        self.image_size, self.batch_size, self.n_jobs, self.verbose = 12, 7, 2, 0


@pytest.mark.parametrize(
    ("backbone", "label"),
    [("small", "small, image_size=12"), (nn.Conv2d(3, 2, 1), "Conv2d, image_size=12")],
)
def test_the_reader_has_the_parameters(backbone, label, tmp_path):
    preprocessing = Preprocessing(12)
    reader = Reads(backbone, cache=tmp_path, precision="float32")._image_reader(preprocessing)
    assert reader.preprocessing is preprocessing
    assert reader.label == label
    assert reader.cache == TokenCache(tmp_path)
    assert (reader.batch_size, reader.n_jobs, reader.verbose) == (7, 2, 0)
    assert (reader.precision, reader.engine) == ("float32", "torch")


def test_pickles_carry_the_session_of_a_cache_in_memory_only(tmp_path):
    state = Reads().__getstate__()
    assert state["_session"] == current_session()
    assert "_session" not in Reads(cache=tmp_path).__getstate__()
    again = pickle.loads(pickle.dumps(Reads()))
    assert again.cache == "memory"
    assert not hasattr(again, "_session")


def test_every_parameter_of_the_reader_is_validated():
    assert {"backbone", "image_size", "batch_size", "precision", "n_jobs", "cache", "verbose"} <= (
        IMAGE_PARAMETERS.keys()
    )
