"""From a folder of photos to a bundle."""
