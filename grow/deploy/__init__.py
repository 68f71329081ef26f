"""A trained model in use: predictions, exports, its card, sheets of pictures."""
