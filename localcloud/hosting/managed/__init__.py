"""What stands behind the managed AI services: open models in processes of their own, and the services' quotas."""
