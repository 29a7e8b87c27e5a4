"""The cars in a photo: where they are, and the part of the photo that the network is shown."""
