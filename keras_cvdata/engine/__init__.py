"""How layers are carried out, arrays in and arrays out: a plan a batch, two executors for it."""
