"""What a model meets in use, and what it makes of it."""
