"""Where objects live, and how they are listed and watched from a resourceVersion on."""
