"""Decoded images, kept in memory or on disk after their first use."""
