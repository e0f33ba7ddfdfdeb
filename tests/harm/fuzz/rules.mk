# The models and the fuzz targets; see tests/harm/fuzz/README.md.

FUZZ    := build/tests/fuzz
FUZZ_C  := build/tests/harm/fuzz
STEPS   ?= 1000000
SECONDS ?= 20
CLANG   ?= clang
MODELS  := connection_model deadlines_model listener_model server_model \
           channel_stress
TARGETS := address options log

.PHONY: models fuzz standalone

tools: $(MODELS:%=$(FUZZ)/%) $(TARGETS:%=$(FUZZ)/fuzz_%)

models: $(MODELS:%=$(FUZZ)/%)
	@for model in $^; do \
	  $$model --steps $(STEPS) $(SEED:%=--seed %) || exit; \
	done

standalone: $(TARGETS:%=$(FUZZ)/fuzz_%)
	@for target in $(TARGETS); do \
	  $(FUZZ)/fuzz_$$target --steps $(STEPS) $(SEED:%=--seed %) \
	    tests/harm/fuzz/corpus/$$target/* || exit; \
	done

fuzz:
	@CLANG='$(CLANG)' tests/harm/fuzz/fuzz '$(SECONDS)' $(TARGETS)

# The real code, unchanged, with a fake in the place of the system.
FAKE = tests/harm/fuzz/fake_system.h
$(FUZZ_C)/faked-options.o: FAKE = tests/harm/fuzz/fake_exit.h

$(FUZZ_C)/faked-%.o: common/%.c build/flags
	@mkdir -p $(@D)
	$(SAY) '  compile  $<, faked'
	$(DO)$(COMPILE) -include $(FAKE) -c $< -o $@

$(FUZZ_C)/faked-%.o: 06-timeouts/%.c build/flags
	@mkdir -p $(@D)
	$(SAY) '  compile  $<, faked'
	$(DO)$(COMPILE) -include $(FAKE) -c $< -o $@

# Its main() is one function more, and what opens sockets is the model's.
$(FUZZ_C)/faked-server.o: EXTRA_CPPFLAGS = -Dmain=server_main -Wno-return-type \
                        -Wno-missing-prototypes \
                        -Dlisteners_open=model_listeners_open

$(FUZZ_C)/deadlines_model.o: EXTRA_CPPFLAGS = -I06-timeouts
$(FUZZ_C)/channel_stress.o:  EXTRA_CPPFLAGS = -I02-threads

# What each is made of, besides itself and model.c.
faked = $(1:%=$(FUZZ_C)/faked-%.o)
PARTS_connection_model = $(FUZZ_C)/fake_socket.o $(FUZZ_C)/fake_memory.o \
                         $(call faked,connection net array) \
                         build/common/address.o
PARTS_deadlines_model  = $(FUZZ_C)/fake_memory.o $(call faked,deadlines array)
PARTS_listener_model   = $(call faked,listener) build/common/address.o
PARTS_server_model     = $(FUZZ_C)/fake_socket.o $(FUZZ_C)/fake_memory.o \
                         $(call faked,server connection deadlines listener \
                           array) build/common/address.o
PARTS_channel_stress   = build/02-threads/channel.o
PARTS_fuzz_address     = build/common/address.o
PARTS_fuzz_options     = $(call faked,options) build/common/address.o \
                         build/common/log.o build/common/clock.o
PARTS_fuzz_log         = $(call faked,log) build/common/address.o

define fuzz_rule
$(FUZZ)/$1: $(FUZZ_C)/$1.o $(FUZZ_C)/model.o $$(PARTS_$1)
	$$(link)
endef
$(foreach one,$(MODELS) $(TARGETS:%=fuzz_%),$(eval $(call fuzz_rule,$(one))))
$(TARGETS:%=$(FUZZ)/fuzz_%): $(FUZZ_C)/standalone.o
