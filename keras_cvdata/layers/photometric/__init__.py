"""Layers that change brightness and colour and leave every pixel in its place."""
