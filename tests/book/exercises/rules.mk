# Spot the bug: servers with one bug each, and a patch that fixes it.
EXERCISES := $(patsubst tests/book/exercises/%/test.bash,%,\
               $(wildcard tests/book/exercises/*/test.bash))
ifneq ($(SYSTEM),Linux)
EXERCISES := $(filter-out 04-%,$(EXERCISES))
endif
EXERCISES_BROKEN := $(EXERCISES:%=build/tests/exercises/%/broken)
EXERCISES_FIXED  := $(EXERCISES:%=build/tests/exercises/%/fixed)

.PHONY: exercise exercises exercises-fixed
tools: $(EXERCISES_BROKEN)

exercise: build/tests/client $(if $(SERVER),,$(patsubst \
            %,build/tests/exercises/%/broken,$(filter $(NAME),$(EXERCISES))))
	@tests/book/exercises/run '$(NAME)' '$(if $(FIX),fix,$(SERVER))'

exercises: build/tests/client $(EXERCISES_BROKEN) exercises-fixed
	@tests/book/exercises/all $(EXERCISES)

exercises-fixed: $(EXERCISES_FIXED)

build/tests/exercises/%/broken: build/tests/book/exercises/%/broken.o
	$(link)

build/tests/exercises/%/fixed: build/tests/exercises/%/fixed.o
	$(link)

build/tests/exercises/%/fixed.o: build/tests/exercises/%/fixed.c build/flags
	$(SAY) '  compile  $<'
	$(DO)$(COMPILE) -c $< -o $@

build/tests/exercises/%/fixed.c: tests/book/exercises/%/broken.c \
                                 tests/book/exercises/%/fix.patch
	@command -v patch >/dev/null || \
	  { echo "patch is missing: make deps-all installs it" >&2; exit 1; }
	@mkdir -p $(@D)
	$(SAY) '  patch    $@'
	$(DO)patch -s -o $@ $^

# They include nothing of ours, but on Linux kqueue is ours.
build/tests/book/exercises/05-%.o build/tests/exercises/05-%.o: \
  EXTRA_CPPFLAGS = $(KQUEUE_CPPFLAGS)
build/tests/exercises/05-%: EXTRA_LIBS = $(KQUEUE_LIBS)
$(filter build/tests/exercises/05-%,$(EXERCISES_BROKEN) $(EXERCISES_FIXED)): \
  $(KQUEUE_OBJECTS) build/common/array.o

-include $(wildcard build/tests/book/exercises/*/*.d \
                    build/tests/exercises/*/*.d)
