"""How characters and words sound: rhyme books, readings, stress, meter."""
