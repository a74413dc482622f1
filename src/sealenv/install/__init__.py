"""The steps of create and repair: what writes packages into a prefix."""
