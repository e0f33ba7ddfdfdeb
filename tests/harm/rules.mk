# Does kqueue do what its manual page says: the system's, or the one in common/?
CONFORMANCE := build/tests/kqueue_conformance

tools: $(CONFORMANCE)

build/tests/harm/kqueue_conformance.o: EXTRA_CPPFLAGS = $(KQUEUE_CPPFLAGS)
$(CONFORMANCE): EXTRA_LIBS = $(KQUEUE_LIBS)
$(CONFORMANCE): build/tests/harm/kqueue_conformance.o build/common/array.o \
                $(KQUEUE_OBJECTS)
	$(link)

# A server that is wrong on purpose.
tools: build/tests/liar
build/tests/liar: build/tests/harm/liar.o
	$(link)
