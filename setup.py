"""Packaging of sklearn-ctran. Tool settings live in pyproject.toml."""

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
FAST = ["simplejpeg>=1.7,<2"]  # decodes small JPEGs in less than half the time

setup(
    name="sklearn-ctran",
    version=read_version(),
    description="C-Tran multi-label image classification as a scikit-learn estimator",
    long_description=(ROOT / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    author="The sklearn-ctran developers",
    license="BSD-3-Clause",
    license_files=["LICENSE"],
    packages=find_packages(include=["sklearn_ctran*"]),
    python_requires=">=3.10",
    install_requires=[
        "numpy>=1.26,<3",
        "scipy>=1.11,<2",
        "scikit-learn>=1.6,<2",
        "joblib>=1.3,<2",
        "torch>=2.4,<3",
        "torchvision>=0.19,<1",
        "skorch>=1.1,<2",
        "safetensors>=0.4,<1",
        "pillow>=10.1,<14",
        "filelock>=3.13,<5",
    ],
    extras_require={
        "plot": PLOT,
        "pandas": PANDAS,
        "fast": FAST,
        "test": [
            "pytest>=8,<10",
            "hypothesis>=6.100,<7",
            "torchmetrics>=1.4,<2",
            "ruff>=0.6,<1",
            *PLOT,
            *PANDAS,
            *FAST,
        ],
        "docs": ["sphinx>=7.2,<10", "numpydoc>=1.7,<2", *PLOT],
    },
)
