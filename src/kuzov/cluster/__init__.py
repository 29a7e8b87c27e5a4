"""Many photos: bulk classification on one machine, and on Ray."""
