"""Where pixels come from: matrices, windows and fields, and the boxes that follow them."""
