"""A Ray cluster: joining one, bulk classification and serving on one."""
