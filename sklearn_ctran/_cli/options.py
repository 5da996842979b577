"""Options and arguments that several commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sklearn_ctran._cli.parsing import parse_image_size, parse_optional

Photos = Annotated[list[Path], typer.Argument(help="Images, and folders of them.")]
Places = Annotated[
    list[Path],
    typer.Argument(
        metavar="IMAGES...|TABLE",
        help="Images, and folders of them; or one table that lists them.",
    ),
]
Model = Annotated[Path, typer.Argument(help="The file of a model.")]
Cache = Annotated[
    Path | None,
    typer.Option("--cache", help="A folder that keeps the images' tokens for later commands."),
]


@dataclass(frozen=True)
class Backbone:
    """What makes tokens of images, and how. Equal options find one another's tokens in a cache."""

    backbone: Annotated[
        str,
        typer.Option(help="A network of torchvision's, timm/NAME, or 'small' for little pictures."),
    ] = "resnet50"
    weights: Annotated[
        str, typer.Option(help="Of the backbone: a name, a file, or 'none' for random ones.")
    ] = "DEFAULT"
    image_size: Annotated[
        str,
        typer.Option(
            help="224: resized to 224 x 224 pixels. 256,224: of which the middle is cut out. "
            "auto: as the backbone was evaluated on. none: as they are, all of one size."
        ),
    ] = "224"
    n_views: Annotated[
        int, typer.Option(min=1, max=2, help="2: the mirror image counts too, in twice the time.")
    ] = 1
    precision: Annotated[str, typer.Option(help="'auto', 'float32' or 'bfloat16'.")] = "auto"
    encoder_engine: Annotated[
        str, typer.Option(help="'torch', 'auto', 'openvino' or 'onnxruntime'.")
    ] = "torch"
    seed: Annotated[int, typer.Option(min=0, help="Of all random numbers.")] = 0

    def parameters(self):
        """The parameters of estimators that these options mean."""
        return {
            "backbone": self.backbone,
            "weights": parse_optional(self.weights),
            "image_size": parse_image_size(self.image_size),
            "n_views": self.n_views,
            "precision": self.precision,
            "encoder_engine": self.encoder_engine,
            "random_state": self.seed,
        }


@dataclass(frozen=True)
class Running:
    """How fast it runs, and what becomes of images that cannot be read."""

    device: Annotated[str, typer.Option(help="'auto' (a GPU, if there is one), 'cpu', 'cuda'.")] = (
        "auto"
    )
    batch_size: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 64
    jobs: Annotated[int, typer.Option(help="Threads that decode images; -1: one per core.")] = -1
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave images out that cannot be read.")
    ] = False

    def parameters(self):
        """The parameters of estimators that these options mean."""
        return {
            "device": self.device,
            "batch_size": self.batch_size,
            "n_jobs": self.jobs,
            "on_error": "warn" if self.skip_unreadable else "raise",
        }


@dataclass(frozen=True)
class Asking:
    """What is known of images that a model is asked about, and where their tokens are."""

    known: Annotated[
        str | None, typer.Option(help='Labels that are known of all images: "truck=0,coat=1".')
    ] = None
    extra: Annotated[str | None, typer.Option(help='The same, of extra labels: "city=Rome".')] = (
        None
    )
    known_from_table: Annotated[
        bool, typer.Option("--known-from-table", help="The labels of the table are known.")
    ] = False
    cache: Cache = None
    weights: Annotated[
        str | None, typer.Option(help="Of the backbone, for a model that was saved without.")
    ] = None


@dataclass(frozen=True)
class Part:
    """Which images are those to look at: a part that a column, or a format, names."""

    split_column: Annotated[
        str | None, typer.Option(help="A column that says of which part an image is.")
    ] = None
    test_part: Annotated[str, typer.Option(help="The part that scores are made of.")] = "test"


@dataclass(frozen=True)
class Learning:
    """How a model learns."""

    cache: Cache = None
    max_epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Passes through the images.  [default: by their number]"),
    ] = None
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other parameter of CTranClassifier: lr=0.001."),
    ] = None
