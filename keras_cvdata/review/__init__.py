"""What a trained model makes of the images of a collection, with their names and labels."""
