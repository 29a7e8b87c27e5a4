"""Backbone, head, calibration, and the graph that joins them."""
