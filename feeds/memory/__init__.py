"""The portable memory: the memory of a catalogue as JSON Lines, and the merge of several."""
