# make record: what the page shows that steps through runs; SCENE='01 04' only
# these.

.PHONY: record

record: all build/tests/client
	@tests/book/step/record $(SCENE)
