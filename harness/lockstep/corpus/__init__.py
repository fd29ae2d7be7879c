"""The behaviour of cases: what they cover, the few that cover it all, what is near them."""
