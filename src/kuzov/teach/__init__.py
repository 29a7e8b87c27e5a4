"""Teaching a running server: photos added in the page, a model trained of them, and its versions."""
