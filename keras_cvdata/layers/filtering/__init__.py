"""Layers that spoil images: blur, noise, compression and occlusion."""
