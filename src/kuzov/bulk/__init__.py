"""Many photos: bulk classification on one machine."""
