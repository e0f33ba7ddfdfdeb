# Spot the fault: servers that are broken in one place each, and mended ones.
EXERCISES := $(patsubst tests/book/exercises/%/test.bash,%,\
               $(wildcard tests/book/exercises/*/test.bash))
ifneq ($(SYSTEM),Linux)
EXERCISES := $(filter-out 04-%,$(EXERCISES))
endif
EXERCISE_PROGRAMS := $(EXERCISES:%=build/tests/exercises/%/broken) \
                     $(EXERCISES:%=build/tests/exercises/%/mended)

.PHONY: exercise exercises
tools: $(EXERCISE_PROGRAMS)

exercise: build/tests/client $(if $(SERVER),,$(patsubst \
            %,build/tests/exercises/%/broken,$(filter $(NAME),$(EXERCISES))))
	@tests/book/exercises/run '$(NAME)' $(SERVER)

exercises: build/tests/client $(EXERCISE_PROGRAMS)
	@tests/book/exercises/all $(EXERCISES)

build/tests/exercises/%: build/tests/book/exercises/%.o
	$(link)

# They include nothing of ours, but on Linux kqueue is ours.
build/tests/book/exercises/05-%.o: EXTRA_CPPFLAGS = $(KQUEUE_CPPFLAGS)
build/tests/exercises/05-%: EXTRA_LIBS = $(KQUEUE_LIBS)
$(filter build/tests/exercises/05-%,$(EXERCISE_PROGRAMS)): \
  $(KQUEUE_OBJECTS) build/common/array.o

-include $(wildcard build/tests/book/exercises/*/*.d)
