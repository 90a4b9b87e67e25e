"""How layers are carried out: a plan made once a batch, and two executors that follow it."""
