"""A node whose rules are not lockstep's, behind the protocol: what a team's own node is like."""
