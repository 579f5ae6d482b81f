"""The same verbs without a screen, for people and pipelines. Data to standard output, words to standard error; never imports Textual."""
