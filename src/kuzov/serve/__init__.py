"""The server: a protocol-free core, and the protocols on top."""
