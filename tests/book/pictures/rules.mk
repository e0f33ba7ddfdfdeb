# make pictures: timelines from real runs, and structure drawings in the same
# hand. COMMIT=1 puts them beside the stages.

.PHONY: pictures
tools: build/tests/pictures/clients

build/tests/pictures/clients: build/tests/pictures/clients.o
	$(SAY) '  link     $@'
	$(DO)$(LINK)

pictures: all build/tests/pictures/clients
	@COMMIT='$(COMMIT)' tests/pictures/pictures
