"""What records decides, in pure functions: state and what was heard or asked in, new state and facts out."""
