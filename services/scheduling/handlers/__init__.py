"""
One plain function per command: load and lock, decide in the domain, save, append the facts last.

The edge opens the transaction. `version` is the one that the caller read, `yours` what they may see, with the notes
for the access log.
"""
