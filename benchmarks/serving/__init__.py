"""Speed of the server, against what it could be and against others."""
