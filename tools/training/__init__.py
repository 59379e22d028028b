"""Data that models are trained on, and what makes more of it."""
