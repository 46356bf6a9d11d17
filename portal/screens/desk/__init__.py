"""What staff see above the admin: the few tasks of a day, on a tablet, names masked."""
