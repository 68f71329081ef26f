"""Drawn cats and dogs: pictures made from a seed alone."""
