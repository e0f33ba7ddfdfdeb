# make book: the tutorial as one page, as EPUB and as PDF.

.PHONY: book test-book

book:
	@tests/edition/book

test-book: book
	@tests/edition/test
