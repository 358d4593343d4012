"""Teams of a volunteer and a dog: where they may go, and until when."""
