"""COCO's official files and names, for the sets that are made of its photos."""

from sklearn_ctran.datasets._published.download import Download
from sklearn_ctran.datasets._published.official import OfficialFile

#: The name of the folder of COCO in the folder of all sets.
FOLDER = "coco"

#: Where COCO's annotations are. The organisers publish no checksum; this one is that of
#: tensorflow/datasets (url_checksums/coco.txt).
_URL = "http://images.cocodataset.org/annotations/annotations_trainval2014.zip"
_CHECKSUM = "sha256:031296bbc80c45a1d1f76bf9a90ead27e94e99ec629208449507a4917a3bf009"

#: The parts of 2014, which are also the folders of its photos.
YEAR = {"train": "train2014", "val": "val2014"}


def annotation_file(kind, part):
    """The OfficialFile of "instances" or "captions" of a part, "train" or "val"."""
    name = f"annotations/{kind}_{YEAR[part]}.json"
    return OfficialFile(
        name,
        "in annotations_trainval2014.zip of https://cocodataset.org/#download (CC BY 4.0)",
        Download(_URL, _CHECKSUM, members=(name,)),
    )


#: The 80 categories, in the order of their numbers.
CATEGORIES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange",
    "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant",
    "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
    "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
