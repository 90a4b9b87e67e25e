"""Copies among images: perceptual hashes, and the search for pairs of them. Arrays in and out."""
