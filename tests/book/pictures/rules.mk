# make pictures: timelines of new recordings; COMMIT=1 draws the book's.

.PHONY: pictures

pictures: all build/tests/client
	@COMMIT='$(COMMIT)' tests/book/pictures/pictures
