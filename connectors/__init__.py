"""Sources of usage and cost, one module each; found by entry point, never imported by the product."""
