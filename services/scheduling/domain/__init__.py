"""What scheduling decides, in pure functions: state and command in, new state and facts out. No I/O, no clock."""
