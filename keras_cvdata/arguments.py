"""Checks of arguments, for every room of the package."""
