# make pictures: timelines from real runs. COMMIT=1 puts them beside the stages.

.PHONY: pictures

pictures: all
	@COMMIT='$(COMMIT)' tests/book/pictures/pictures
