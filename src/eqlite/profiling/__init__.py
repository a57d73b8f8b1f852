"""The cost of each clause of each rule."""
