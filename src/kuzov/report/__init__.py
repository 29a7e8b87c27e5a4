"""What a training run did, for people: three pictures and a page in English and Russian."""
