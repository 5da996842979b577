"""What COCO's official files are called."""

from sklearn_ctran.datasets._published.coco_files import CATEGORIES, annotation_file


def test_names_of_files():
    file = annotation_file("captions", "val")
    assert file.name == "annotations/captions_val2014.json"
    assert file.download.members == (file.name,)
    assert file.download.name == "annotations_trainval2014.zip"


def test_categories():
    from torchvision.models import get_model_weights

    known = get_model_weights("fasterrcnn_resnet50_fpn").DEFAULT.meta["categories"]
    assert list(CATEGORIES) == [name for name in known if name not in ("__background__", "N/A")]
