"""The process that carries an operation out: started apart from the console, holding the lock, listening to signals."""
