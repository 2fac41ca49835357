"""What must know a person over days: facts that cross to it, and the state it keeps of each."""
