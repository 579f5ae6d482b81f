"""What must hold before a change lands, as steps; standard library only, as it runs before anything is installed."""
