"""Expression on arrays: from signals to what answers to a treatment, and which targets the untreated cells express."""
