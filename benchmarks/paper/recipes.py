"""How each cell of the paper's tables is computed: one dictionary for each method and data set.

``RECIPES[dataset][method]`` has the keys

- ``estimator``: the name of a class of ``sklearn_ctran`` or ``sklearn_ctran.baselines``;
- ``params``: its parameters, and nothing else decides how it is trained;
- ``wraps``: for an estimator around another one, the recipe of that;
- ``decisions``, ``best_epoch``, ``not_visible``, ``known_groups``, ``test_crop``: what is scored,
  and how; see below, and :data:`DEFAULTS` for what they are elsewhere.

On the paper's data sets, "C-Tran" is trained as the paper says (section 3.5, ``recipes.COCO80`` of
the package). "C-Tran, published" is what the authors' code (https://github.com/QData/C-Tran) does
otherwise, each an option of its own, in :data:`PUBLISHED` or by data set in :data:`RECIPES`:

- ``net_params["reduction"] = "sum"``: the loss is the sum over the hidden labels of a batch, not
  their mean (``run_epoch.py``); on CUB it is the mean.
- ``best_epoch``: the epoch is kept that has the highest mAP on the "test" images themselves; on
  COCO-1000 on the "val" part; on CUB on the "train" images, unaugmented (``load_data.py``,
  ``logger.py``; there by the accuracy of the species, here by their mAP). This is what
  ``early_stopping="score"`` keeps, of all epochs (``patience`` None).
- ``max_epochs = 100`` (``config_args.py``).
- ``callbacks``: the learning rate is divided by 10 once the loss of these images has not fallen for
  five epochs (``main.py``).
- ``augment = "flip+scale"``: crops of 640, 576, 512, 384 or 320 pixels, resized to 576
  (``load_data.py``); the paper has crops of 576.
- ``init = "uniform"``: embeddings start from a uniform distribution. ``recipes.PAPER_MODEL`` has
  this too, because the paper names none.
- ``unknown_fraction``: the number of *known* labels is uniform from 0 to 0.75 L, which is the same
  as the paper's number of unknown ones, from 0.25 L to L. For VG-500 and NEWS-500 it is None: the
  published loaders show no label in training, even where label mask training is asked for.
- ``decisions = "published"``: a label is predicted from 0.5 on, not above it, and the three highest
  are those not below the third, however many that are (``utils/evaluate.py``).
- CUB-312 (``cub312_dataset.py``, ``load_data.py``): the loss is the mean binary cross-entropy over
  all 312 labels; features are dropped at a rate of 0.1; training images are cut at random places
  and sizes, with jitter of colours (:func:`cub_augment`; of the whole photo, which is resized to
  299 x 299 first here).
- CUB-312, labels in training: the species is never shown (``unknown_fraction = (1, 1)``), and of
  the 112 attributes 0 to 84 are (``net_params["extra_unknown_fraction"] = (0.25, 1)``), one by one
  (``mask_groups = 0``). So all are hidden in 1 % of the draws, by default in half of them.
- CUB-312, testing: photos are cut from the middle, 299 x 299 pixels, without resizing
  (``test_crop``); one draw of known groups serves all photos (``known_groups = "once"``); what an
  annotator could not see (certainty 1) is unknown, whatever group is known
  (``not_visible = "unknown"``).
- VOC 2007, which the paper has no table of: gradients are added over two batches
  (``net_params["accumulate"] = 2``, the ``--grad_ac_step 2`` of their README). A last batch that
  has no other is a step here, and none there. For every row, training images are those of the
  parts "train" and "val", and difficult objects count as absent (``voc2007_20.py``).

JPEGs are decoded in full here: decoding at reduced size changes a MobileNetV2's features of a large
photo by up to 10 %.

On ``corel5k``, ``digits`` and ``scene`` the same methods have this package's defaults, with a
frozen backbone on Corel5k, and there the settings that ``rival_settings.py`` has chosen inside the
training part ("texts": vectors of the labels' names). "C-Tran" is there without its memory of
training rows, which the paper has not, and which would make use of known labels without label mask
training; "C-Tran, memory" is the whole default.
"""

import sys
from copy import deepcopy
from pathlib import Path

import torch
from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import ReduceLROnPlateau

from sklearn_ctran import recipes

sys.path.append(str(Path(__file__).parents[1]))
from _methods import CHOSEN, NETWORKS

#: What the authors' code does beyond the paper; see above.
PUBLISHED = {
    "augment": "flip+scale",
    "max_epochs": 100,
    "net_params": recipes.PAPER_TRAINING["net_params"] | {"reduction": "sum", "patience": None},
    "early_stopping": "score",
    "callbacks": [
        ("plateau", LRScheduler(ReduceLROnPlateau, monitor="valid_loss", factor=0.1, patience=5))
    ],
}


#: The same of CUB alone.
PUBLISHED_CUB = {
    "net_params": recipes.PAPER_TRAINING["net_params"]
    | {"patience": None, "extra_unknown_fraction": (0.25, 1.0)},
    "unknown_fraction": (1.0, 1.0),
    "mask_groups": 0.0,
    "input_dropout": 0.1,
    "image_size": 299,
}

#: How everything else is scored: the decisions of the paper; the last epoch; attributes that cannot
#: be seen as they are; groups drawn for each row; test images that are cut as training images are.
DEFAULTS = {
    "decisions": "paper",
    "best_epoch": None,
    "not_visible": "keep",
    "known_groups": "each row",
    "test_crop": None,
}


def cub_augment(batch):
    """Jitter of colours, crops of random place, size and shape, and flips, image by image."""
    from torchvision.transforms import v2

    change = v2.Compose(
        [
            v2.ColorJitter(brightness=32 / 255, saturation=(0.5, 1.5)),
            v2.RandomResizedCrop(batch.shape[-2:], antialias=True),
            v2.RandomHorizontalFlip(),
        ]
    )
    return torch.stack([change(image) for image in batch])


#: What the rivals share with C-Tran on the paper's data sets: images and training.
_SHARED = (
    "backbone", "weights", "train_backbone", "image_size", "augment", "loss", "lr", "backbone_lr",
    "weight_decay", "lr_schedule", "batch_size", "max_epochs", "precision", "net_params",
)  # fmt: skip

#: Row of a table -> class and its own parameters.
RIVALS = {
    "CNN-RNN": ("CNNRNN", {}),
    "RNN-Attention": ("RNNAttention", {}),
    "Order-Free RNN": ("OrderFreeRNN", {}),
    "ML-ZSL": ("MLZSL", {}),
    "SRN": ("SRN", {}),
    "ResNet101": ("LinearHead", {}),
    "Multi-Evidence": ("MultiEvidence", {}),
    "ML-GCN": ("MLGCN", {}),
    "SSGRL": ("SSGRL", {}),
    "KGGR": ("KGGR", {}),
    "Standard": ("StandardMLP", {"n_hidden": None}),
    "Multi-task": ("MultiTask", {"n_hidden": None}),
    "ConceptBottleneck": ("ConceptBottleneck", {"passes": "logits"}),
}

#: Rows that are C-Tran, and how they differ from it.
CTRANS = {
    "C-Tran": {},
    "C-Tran, no image": {"use_image": False},
    "C-Tran, no LMT": {"unknown_fraction": None},
    "C-Tran, 2 layers": {"n_layers": 2},
    "C-Tran, 3 layers": {"n_layers": 3},
    "C-Tran, 4 layers": {"n_layers": 4},
}


def _of_paper(base, published=None, scored=None):
    """The recipes of a data set of the paper.

    Of the authors' code, `published` has parameters of this set, and `scored` how it is scored.
    """
    shared = {name: base[name] for name in _SHARED}
    made = {row: _recipe(kind, shared | own) for row, (kind, own) in RIVALS.items()}
    for row, own in CTRANS.items():
        # The network's width is that of the features; without an image it needs to be said.
        width = {"d_model": 2048} if row == "C-Tran, no image" else {}
        made[row] = _recipe("CTranClassifier", base | own | width)
    params = base | deepcopy(PUBLISHED | (published or {}))
    scored = {"decisions": "published", "best_epoch": "test"} | (scored or {})
    made["C-Tran, published"] = _recipe("CTranClassifier", params, **scored)
    made["Feedbackprop"] = _recipe("FeedbackProp", {}, wraps=made["ResNet101"])
    return made


def _of_everyone(images, **chosen):
    """The recipes of a data set that everyone can run; `chosen` has parameters by class."""
    made = {
        row: _recipe(kind, images | own | chosen.get(kind, {}))
        for row, (kind, own) in RIVALS.items()
    }
    for row, own in CTRANS.items():
        made[row] = _recipe("CTranClassifier", images | {"memory": None} | own)
    made["C-Tran, memory"] = _recipe("CTranClassifier", images)
    made["Feedbackprop"] = _recipe("FeedbackProp", {}, wraps=made["ResNet101"])
    return made


def _recipe(estimator, params, wraps=None, **scored):
    return DEFAULTS | {"estimator": estimator, "params": params, "wraps": wraps} | scored


#: By class. The rows of Table 4 are the paper's, without a hidden layer.
_CHOSEN_ON_PHOTOS = {NETWORKS[name].__name__: own for name, own in CHOSEN.items() if name != "MLP"}
#: "weights" of the backbone on Corel5k: a file in the folder of the data, if it is there.
COREL5K_WEIGHTS = "weights/mobilenet_v2-imagenet.pth"

RECIPES = {
    "coco80": _of_paper(recipes.COCO80),
    "coco1000": _of_paper(recipes.COCO1000, scored={"best_epoch": "val"}),
    "vg500": _of_paper(recipes.VG500, {"unknown_fraction": None}),
    "news500": _of_paper(recipes.NEWS500, {"unknown_fraction": None}),
    "cub312": _of_paper(
        recipes.CUB312,
        PUBLISHED_CUB | {"augment": cub_augment},
        {
            "best_epoch": "train",
            "not_visible": "unknown",
            "known_groups": "once",
            "test_crop": 299,
        },
    ),
    "voc2007": _of_paper(
        recipes.COCO80, {"net_params": PUBLISHED["net_params"] | {"accumulate": 2}}
    ),
    "corel5k": _of_everyone(
        {"backbone": "mobilenet_v2", "weights": COREL5K_WEIGHTS}, **_CHOSEN_ON_PHOTOS
    ),
    "digits": _of_everyone(
        {"backbone": "small", "weights": None, "image_size": None, "augment": None}
        | {"max_epochs": 12}  # as in `make demo`
    ),
    "scene": _of_everyone({"backbone": None}),
}

#: What ``--subset`` changes, so that a rehearsal takes seconds: the data and code are the same.
REHEARSAL = {
    "backbone": "resnet18",
    "weights": None,
    "image_size": (72, 64),
    "max_epochs": 1,
    "d_model": 32,
    "batch_size": 16,
}

#: Estimators that need more epochs than one: a fit of SRN has four stages.
LEAST_EPOCHS = {"SRN": 4}
