"""How the system is started and looked after: the command line, the trial, topics, images, alarms."""
