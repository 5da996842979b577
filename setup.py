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
FAST = ["simplejpeg>=1.7,<2"]  # decodes small JPEGs in less than half the time

setup(
    version=read_version(),
    packages=find_packages(include=["sklearn_ctran*"]),
    package_data={"sklearn_ctran": ["py.typed"]},
    install_requires=[
        "numpy>=1.26,<3",
        "scipy>=1.11,<2",
        "scikit-learn>=1.7,<2",
        "joblib>=1.3,<2",
        "torch>=2.4,<3",
        "torchvision>=0.19,<1",
        "skorch>=1.1,<2",
        "safetensors>=0.4,<1",
        "pillow>=10.1,<14",
        "filelock>=3.13,<5",
        "tabulate>=0.9,<1",
        "tqdm>=4.60,<5",
    ],
    extras_require={
        "plot": PLOT,
        "pandas": PANDAS,
        "fast": FAST,
        "accelerate": ACCELERATE,
        "cluster": [*CLUSTER, *PARQUET],
        "parquet": PARQUET,
        "openvino": OPENVINO,
        "onnxruntime": ONNXRUNTIME,
        "test": [
            "pytest>=8,<10",
            "pytest-cov>=5,<8",
            "hypothesis>=6.100,<7",
            "torchmetrics>=1.4,<2",
            *PLOT,
            *PANDAS,
            *FAST,
            *ACCELERATE,
            *CLUSTER,
            *PARQUET,
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
        "docs": ["sphinx>=7.2,<10", "numpydoc>=1.7,<2", *PLOT],
        "dist": ["build>=1.2,<2", "twine>=6,<8"],
    },
)
