"""What changes the world: promotions, roll-backs, restarts, scaling, registering; and the journal that remembers them."""
