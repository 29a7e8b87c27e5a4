"""The server's core as a deployment of Ray Serve. Ray itself is imported only by what needs it running."""
