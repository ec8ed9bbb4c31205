# SPDX-License-Identifier: MIT
dist_man_MANS += \
    docs/numasim.1 \
    docs/numasim-capture.3 \
    docs/numasim-config.5 \
    docs/numasim-damo.1 \
    docs/numasim-damon.7 \
    docs/numasim-explain.1 \
    docs/numasim-migrate.1 \
    docs/numasim-plugin.7 \
    docs/numasim-policies.1 \
    docs/numasim-results.5 \
    docs/numasim-topo.1 \
    docs/numasim-trace.1 \
    docs/numasim-trace.5
schemadir = $(pkgdatadir)/schema
dist_schema_DATA = docs/report.schema.json configs/config.schema.json
EXTRA_DIST += \
    docs/damon.md \
    docs/damon-tiering.md \
    docs/damos.md \
    docs/determinism.md \
    docs/from-damo-to-numasim.md \
    docs/from-program-to-report.md \
    docs/generate.md \
    docs/glossary.md \
    docs/kernel-judge.md \
    docs/machine.md \
    docs/migration.md \
    docs/numa-balancing.md \
    docs/policies.md \
    docs/rate-format.md \
    docs/reclaim.md \
    docs/replay.md \
    docs/rivals.md \
    docs/tpp.md \
    docs/trace-format.md
EXTRA_DIST += docs/validation.md docs/validation.sh docs/validation-tiering.sh

# Every published figure that the tree reproduces, simulated anew.
validate: numasim
	$(SHELL) $(srcdir)/docs/validation.sh ./numasim $(srcdir) >$(srcdir)/docs/validation.md.tmp
	mv -f $(srcdir)/docs/validation.md.tmp $(srcdir)/docs/validation.md
.PHONY: validate
