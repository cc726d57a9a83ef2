"""Usage to comparison: demand, plans, break-even, probability."""
