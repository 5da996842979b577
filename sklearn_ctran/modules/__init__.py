"""The networks. They import torch, never scikit-learn."""
