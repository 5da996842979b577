"""Comparison of methods under one protocol."""
