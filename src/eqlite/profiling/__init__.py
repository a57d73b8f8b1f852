"""What each clause of each rule costs."""
