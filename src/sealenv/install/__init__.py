"""The steps of create, from the lock to the seal."""
