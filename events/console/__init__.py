"""How the console says things: names, moments, states, people and data, in words for operators."""
