"""Version, dependencies and packages. Other metadata and tool settings are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def read_version():
    """Read the version from the package's source, without importing torch and the rest."""
    source = (ROOT / "sklearn_ctran" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "([^"]+)"', source, re.MULTILINE).group(1)


PLOT = ["matplotlib>=3.8,<4"]
PANDAS = ["pandas>=2.0,<4"]
OPENVINO = ["openvino>=2024.4"]  # passes images through backbones faster on processors
# The same; onnx and this torch export the backbones.
ONNXRUNTIME = ["onnxruntime>=1.18,<2", "onnx>=1.16,<2", "torch>=2.5"]
ACCELERATE = ["accelerate>=1.0,<2"]  # several processes and GPUs
CLUSTER = ["dask>=2024.2", "distributed>=2024.2"]  # searches and passes on many machines
PARQUET = ["pyarrow>=15,<27"]  # files of predictions
TABLES = ["narwhals>=1.20,<3", "pyyaml>=6,<7", *PANDAS]  # tables of tags, of any package of frames
CLI = ["typer>=0.12.5,<1", *TABLES, *PLOT]  # the command line
SERVE = [*CLI, "starlette>=0.40,<2", "uvicorn>=0.30,<1", "httpx>=0.27,<1"]  # for Label Studio
TIMM = ["timm>=1.0.9,<2"]  # backbones
# Files of published data sets; an older urllib3 takes a download that breaks off for a whole one.
DOWNLOAD = ["pooch>=1.8,<2", "urllib3>=2,<3"]
CAPTIONS = ["nltk>=3.8,<4"]  # words of the captions of COCO
FAST = ["simplejpeg>=1.7,<2"]  # decodes small JPEGs in less than half the time

setup(
    version=read_version(),
    packages=find_packages(include=["sklearn_ctran*"]),
    package_data={
        "sklearn_ctran": ["py.typed"],
        "sklearn_ctran.inspection._report": ["page.html", "page.css", "page.js"],
    },
    install_requires=[
        "numpy>=1.26,<3",
        "scipy>=1.11,<2",
        "scikit-learn>=1.7,<2",
        "joblib>=1.3,<2",
        "torch>=2.4,<3",
        "torchvision>=0.19,<1",
        "skorch>=1.1,<2",
        "safetensors>=0.4.4,<1",  # older ones cannot read a file without tensors
        "pillow>=10.1,<14",
        "filelock>=3.13,<5",
        "tabulate>=0.9,<1",
        "tqdm>=4.60,<5",
    ],
    extras_require={
        "plot": PLOT,
        "pandas": PANDAS,
        "fast": FAST,
        "download": DOWNLOAD,
        "captions": CAPTIONS,
        "accelerate": ACCELERATE,
        "cluster": [*CLUSTER, *PARQUET],
        "parquet": PARQUET,
        "tables": TABLES,
        "cli": CLI,
        "serve": SERVE,
        "timm": TIMM,
        "openvino": OPENVINO,
        "onnxruntime": ONNXRUNTIME,
        "test": [
            "pytest>=8,<10",
            "pytest-cov>=5,<8",
            "pytest-xdist>=3.5,<4",  # make test in half the time
            "hypothesis>=6.100,<7",
            "torchmetrics>=1.4,<2",
            *PLOT,
            *PANDAS,
            *FAST,
            *DOWNLOAD,
            *ACCELERATE,
            *CLUSTER,
            *PARQUET,
            *SERVE,
            *TIMM,
            *ONNXRUNTIME,
            "polars>=1,<3",
        ],
        "lint": [
            "ruff>=0.17,<0.18",  # another minor version may format differently
            "mypy>=2.0,<3",
            "import-linter>=2.1,<3",
            "codespell[toml]>=2.3,<3",
            "pre-commit>=4.4,<5",
            "pre-commit-hooks>=5,<7",
        ],
        "docs": [
            "sphinx>=7.2,<10",
            "numpydoc>=1.7,<2",
            "pydata-sphinx-theme>=0.16,<1",
            "sphinx-gallery>=0.18,<1",
            *PLOT,
            *PANDAS,
        ],
        "dist": ["build>=1.2,<2", "twine>=6,<8"],
    },
)
