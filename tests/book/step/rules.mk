# make record: what the page shows that steps through runs, and the pictures of
# them; SCENE='01 04' only these.

.PHONY: record

record: all build/tests/client
	@tests/book/step/record $(SCENE)
	@COMMIT=1 tests/book/pictures/pictures
