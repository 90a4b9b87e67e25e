"""From the samples of a source to rendered batches: order, threads, buffers, substitutes."""
