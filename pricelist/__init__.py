"""AWS's prices, below all that needs them: the lessons' estimates, the local AWS's Pricing service, the refresh."""
