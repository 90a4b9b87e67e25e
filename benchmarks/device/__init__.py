"""The parts of `benchmarks/accelerator.py`: generators of rows, each with its table."""
