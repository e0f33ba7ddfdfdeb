# make book: the tutorial as one page, as EPUB and as PDF.

.PHONY: book test-book

book test-book:
	@tests/book/edition/book $@
