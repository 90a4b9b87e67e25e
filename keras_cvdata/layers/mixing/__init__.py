"""Layers that mix the samples of a batch, images and labels together."""
