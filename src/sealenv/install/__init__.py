"""The steps of create between link and seal, one file each."""
