"""Cloud bills: which deliveries count, how their rows are read in bulk, and what a usage type, SKU or meter says."""
