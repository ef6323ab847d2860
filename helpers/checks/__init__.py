"""The labs' checks: what is right, which mistake gets which hint, and apart from it how that is shown."""
