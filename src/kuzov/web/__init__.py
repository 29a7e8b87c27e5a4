"""The page that `kuzov serve` shows: photos in, car models out."""
