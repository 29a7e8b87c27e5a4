"""What an operator needs to run a bundle elsewhere, rendered into a folder."""
