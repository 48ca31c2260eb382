"""Screens with known truth: settings, library, truth, signal, files and scoring."""
