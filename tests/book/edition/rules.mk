# make book: the tutorial as one page, as EPUB and as PDF.

.PHONY: book test-book

book:
	@tests/book/edition/book

test-book: book
	@tests/book/edition/test
