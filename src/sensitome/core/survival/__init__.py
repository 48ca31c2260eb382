"""Time to an event: curves, tests and regression, for one feature or for thousands at once, with R's digits."""
