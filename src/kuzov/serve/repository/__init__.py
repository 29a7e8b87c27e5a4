"""Which models there are: their versions on disk, loaded, labelled, told of."""
