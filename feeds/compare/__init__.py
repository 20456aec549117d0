"""How feeds change for their subscribers, and which changes harm them."""
