"""Runtimes that compute a bundle."""
