"""Who calls, with what token, and whether they may."""
