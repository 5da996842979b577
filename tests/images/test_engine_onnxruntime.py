"""What only onnxruntime does; what all engines do is in test_engines.py."""

import pytest
import torch

from sklearn_ctran._images.engines import make_engine, some_images
from sklearn_ctran.modules.backbone import make_backbone


@pytest.fixture(autouse=True)
def _installed():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")


def test_it_computes_in_float32():
    backbone, images = make_backbone("resnet18", None).freeze(), some_images((64, 64), 5)
    features = [
        make_engine("onnxruntime", backbone, "cpu", precision, (64, 64))(images)
        for precision in ("float32", "bfloat16")
    ]
    assert torch.equal(*features)


def test_images_in_another_order_of_memory():
    backbone, images = make_backbone("resnet18", None).freeze(), some_images((64, 64), 5)
    engine = make_engine("onnxruntime", backbone, "cpu", "float32", (64, 64))
    channels_last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(engine(channels_last), engine(images))
