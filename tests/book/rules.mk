# The tutorial's sessions, replayed: see tests/book/replay.c.

tools: build/tests/book/replay

build/tests/book/replay: $(patsubst %,build/tests/book/%.o,replay markdown \
                           match needs play system terminal)
