"""Bulk classification by the nodes of a Ray cluster."""
