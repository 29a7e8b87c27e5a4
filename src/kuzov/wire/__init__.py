"""TensorFlow's and TensorFlow Serving's messages, without either of them."""
