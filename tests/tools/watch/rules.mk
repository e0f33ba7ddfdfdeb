# make watch: see tests/tools/watch/watch.c.

.PHONY: watch
tools: build/tests/watch/watch

build/tests/watch/watch: $(call objects,tests/tools/watch) $(SHARED)
	$(link)

watch: all build/tests/watch/watch
	@set -- $(STAGE)-*/server; \
	[ -x "$$1" ] || { \
	  echo "which stage, 01 to 06, of those built here? make watch STAGE=04"; \
	  exit 2; }; \
	exec build/tests/watch/watch "$$1" $(OPTIONS)
