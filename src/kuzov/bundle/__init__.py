"""The model folder: what TensorFlow Serving loads, and what kuzov adds."""
