"""`canteen eval`: how good recognition is, with simulators that share no constant."""
