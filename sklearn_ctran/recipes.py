"""The paper's settings, one dictionary per experiment, and linear probes of large models.

``CTranClassifier(**recipes.COCO80)`` is the published experiment: the paper's exact model (section
3, equations 1 to 5), trained as section 3.5 says. Change a setting by name:

>>> from sklearn_ctran import CTranClassifier, recipes
>>> model = CTranClassifier(**recipes.COCO80 | {"max_epochs": 10, "verbose": 1})
>>> model.lr, model.image_size
(1e-05, (640, 576))

Known differences from the authors' published code, which the paper does not mention
(``benchmarks/paper/recipes.py`` of the repository has a recipe with all of them, and more):

- Its loss is the sum over hidden labels, ours the mean; ``net_params={"reduction": "sum"}`` is
  theirs. With Adam this makes hardly any difference.
- It lowers the learning rate on a plateau of the validation loss; skorch's ``LRScheduler`` in
  ``callbacks=`` does the same.
- It keeps the epoch of the highest validation mAP, as ``early_stopping="score"`` does. Its
  validation images are the test images of COCO: ``fit(..., held_out=...)`` says which ours are.
- It also starts the bias of the attention's output at random, ours starts at 0. Embeddings and the
  read-out start as there (``init="uniform"``).

The paper's "no image" needs a width: ``COCO80 | {"use_image": False, "d_model": 2048}``. The paper
does not give the number of epochs; 50 limits the time.

``LinearHead(**recipes.DINOV2_PROBE)`` is a linear unit per label on what a large model, which stays
as it is, sees in an image. It needs ``pip install "sklearn-ctran[timm]"``, and downloads its
weights once. For vectors that are computed already, ``LinearHead(None)`` is the same probe.

>>> from sklearn_ctran.baselines import LinearHead
>>> LinearHead(**recipes.DINOV2_PROBE).backbone
'timm/vit_base_patch14_dinov2.lvd142m'
"""

from copy import deepcopy
from typing import Any

from torch.optim import Adam

#: The paper's model, without anything that :class:`sklearn_ctran.CTranClassifier` adds by default.
PAPER_MODEL: dict[str, Any] = {
    "d_model": None,
    "n_layers": 3,
    "n_heads": 4,
    "dropout": 0.1,
    "position": None,
    "init": "uniform",
    "regions": None,
    "standardize": False,
    "input_dropout": 0.0,
    "channel_dropout": False,
    "attention_bias": False,
    "shortcut": False,
    "memory": None,
}


#: Section 3.5: Adam at 1e-5 for batches of 16, label mask training on 25 to 100 % of the labels.
PAPER_TRAINING: dict[str, Any] = {
    "unknown_fraction": (0.25, 1.0),
    "loss": "bce",
    "lr": 1e-5,
    "backbone_lr": 1e-5,
    "weight_decay": 0.0,
    "lr_schedule": None,
    "batch_size": 16,
    "max_epochs": 50,
    "precision": "float32",
    "net_params": {"optimizer": Adam, "optimizer__betas": (0.9, 0.999)},
}


_RESNET101: dict[str, Any] = {
    "backbone": "resnet101",
    # The paper used the first of torchvision's ImageNet weights.
    "weights": "IMAGENET1K_V1",
    "train_backbone": True,
    "image_size": (640, 576),
    "augment": "flip+crop",
}


#: COCO, 80 objects (tables 1, 3 and 5).
COCO80 = _RESNET101 | PAPER_MODEL | PAPER_TRAINING


#: Visual Genome, 500 objects (tables 2, 3 and 5).
VG500 = deepcopy(COCO80)


#: BBC News, 500 nouns (tables 3 and 5).
NEWS500 = deepcopy(COCO80)


#: COCO, 1,000 words of captions (tables 3 and 5).
COCO1000 = deepcopy(COCO80)


#: Birds, 200 species with 112 attributes as extra labels (table 4): Inception v3, as Koh et al.
CUB312 = deepcopy(COCO80) | {"backbone": "inception_v3", "image_size": (342, 299)}


_PROBE: dict[str, Any] = {"train_backbone": False, "image_size": 224, "augment": None}


#: Linear probe of CLIP's image tower, ViT-B/16 (Radford et al., ICML 2021).
CLIP_PROBE = _PROBE | {"backbone": "timm/vit_base_patch16_clip_224.openai"}


#: Linear probe of DINOv2, ViT-B/14 (Oquab et al., TMLR 2024).
DINOV2_PROBE = _PROBE | {"backbone": "timm/vit_base_patch14_dinov2.lvd142m"}


#: Linear probe of SigLIP's image tower, ViT-B/16 (Zhai et al., ICCV 2023).
SIGLIP_PROBE = _PROBE | {"backbone": "timm/vit_base_patch16_siglip_224.webli"}
