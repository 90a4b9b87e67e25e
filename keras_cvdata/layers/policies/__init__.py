"""Layers made of layers: in a row, one of several, in any order."""
