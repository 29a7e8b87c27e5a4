"""Photos to learn from: folders, splits, names, augmentation, the demo's sets."""
