"""TensorFlow Serving's REST API over the service."""
