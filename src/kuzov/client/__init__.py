"""Ask a server."""
