"""What only OpenVINO does; what all engines do is in test_engines.py."""

import pytest
import torch

from sklearn_ctran._images.engines import make_engine, some_images
from sklearn_ctran.modules.backbone import make_backbone


@pytest.fixture
def openvino():
    return pytest.importorskip("openvino")


def test_bfloat16_is_as_exact_as_torchs(openvino):
    torch.manual_seed(0)
    backbone, images = make_backbone("resnet18", None).freeze(), some_images((64, 64), 5)
    exact, rounded, own = (
        make_engine(engine, backbone, "cpu", precision, (64, 64))(images)
        for engine, precision in (
            ("torch", "float32"),
            ("torch", "bfloat16"),
            ("openvino", "bfloat16"),
        )
    )
    assert not torch.equal(own, exact)  # On a processor without bfloat16 too.
    assert (own - exact).abs().mean() < 1.5 * (rounded - exact).abs().mean()
