"""The stages of a run, one file for each part of the study; `pipeline` knows their order."""
