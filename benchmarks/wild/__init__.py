"""How good kuzov is on photos as people take them: a yardstick a file."""
