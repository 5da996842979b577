"""Data sets: generators, published ones, tables of tags, files of other tools, label codes."""

from sklearn_ctran.datasets._codes import read_codes
from sklearn_ctran.datasets._digit_scenes import make_digit_scenes
from sklearn_ctran.datasets._formats.coco import load_coco, save_coco
from sklearn_ctran.datasets._formats.fiftyone import load_fiftyone, save_fiftyone
from sklearn_ctran.datasets._formats.load_image_folder import load_image_folder
from sklearn_ctran.datasets._formats.save_image_folder import save_image_folder
from sklearn_ctran.datasets._formats.save_predictions import save_predictions
from sklearn_ctran.datasets._formats.yolo import load_yolo
from sklearn_ctran.datasets._joints import KnownJoint
from sklearn_ctran.datasets._known_joint import make_known_joint
from sklearn_ctran.datasets._label_studio.load import load_label_studio
from sklearn_ctran.datasets._label_studio.save import save_label_studio
from sklearn_ctran.datasets._published.coco80 import load_coco80
from sklearn_ctran.datasets._published.coco1000 import load_coco1000
from sklearn_ctran.datasets._published.corel5k import load_corel5k
from sklearn_ctran.datasets._published.cub import load_cub
from sklearn_ctran.datasets._published.mulan import load_mulan
from sklearn_ctran.datasets._published.news500 import load_news500
from sklearn_ctran.datasets._published.nus_wide import load_nus_wide
from sklearn_ctran.datasets._published.open_images import load_open_images
from sklearn_ctran.datasets._published.vg500 import load_vg500
from sklearn_ctran.datasets._published.voc import load_voc
from sklearn_ctran.datasets._shards import load_shards
from sklearn_ctran.datasets._tags.load import load_tags

__all__ = [
    "KnownJoint",
    "load_coco",
    "load_coco1000",
    "load_coco80",
    "load_corel5k",
    "load_cub",
    "load_fiftyone",
    "load_image_folder",
    "load_label_studio",
    "load_mulan",
    "load_news500",
    "load_nus_wide",
    "load_open_images",
    "load_shards",
    "load_tags",
    "load_vg500",
    "load_voc",
    "load_yolo",
    "make_digit_scenes",
    "make_known_joint",
    "read_codes",
    "save_coco",
    "save_fiftyone",
    "save_image_folder",
    "save_label_studio",
    "save_predictions",
]
