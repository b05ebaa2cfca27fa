"""What the system can carry, measured beside the plainest program that gives the same guarantees."""
