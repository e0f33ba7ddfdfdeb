# make book: the tutorial as one page, as EPUB and as PDF, and the page to step
# through the recorded runs.

.PHONY: book test-book test-step

book test-book test-step:
	@tests/book/edition/book $@
