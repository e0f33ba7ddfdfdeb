# The models of tests/fuzz and the fuzzers, below build/tests/fuzz.

FUZZ    := build/tests/fuzz
STEPS   ?= 1000000
SECONDS ?= 20
MODELS  := connection_model deadlines_model listener_model slots_model \
           clock_model channel_stress

.PHONY: models fuzz

models: $(MODELS:%=$(FUZZ)/%)
	@for model in $^; do \
	  $$model --steps $(STEPS) $(SEED:%=--seed %) || exit; \
	done

# The real code, unchanged, in the models' system.
FAKED = $(SAY) '  compile  $<, faked'
FAKED_COMPILE = $(DO)$(COMPILE) -include tests/fuzz/fake_system.h -c $< -o $@

$(FUZZ)/faked-%.o: common/%.c build/flags
	@mkdir -p $(@D)
	$(FAKED)
	$(FAKED_COMPILE)

$(FUZZ)/faked-%.o: 06-timeouts/%.c build/flags
	@mkdir -p $(@D)
	$(FAKED)
	$(FAKED_COMPILE)

$(FUZZ)/deadlines_model.o: EXTRA_CPPFLAGS = -I06-timeouts
$(FUZZ)/channel_stress.o:  EXTRA_CPPFLAGS = -I02-threads

# What each of them is made of, besides itself and model.c.
PARTS_connection_model = $(addprefix $(FUZZ)/,fake_socket.o fake_memory.o \
                           faked-connection.o faked-net.o faked-slots.o) \
                         build/common/address.o
PARTS_deadlines_model  = $(addprefix $(FUZZ)/,fake_memory.o \
                           faked-deadlines.o faked-slots.o)
PARTS_listener_model   = $(FUZZ)/faked-listener.o build/common/address.o
PARTS_slots_model      = $(addprefix $(FUZZ)/,fake_memory.o faked-slots.o)
PARTS_clock_model      = $(FUZZ)/faked-clock.o
PARTS_channel_stress   = build/02-threads/channel.o

define model_rule
$(FUZZ)/$1: $(FUZZ)/$1.o $(FUZZ)/model.o $$(PARTS_$1)
	$$(SAY) '  link     $$@'
	$$(DO)$$(LINK)
endef
$(foreach model,$(MODELS),$(eval $(call model_rule,$(model))))
