"""Requests computed together."""
