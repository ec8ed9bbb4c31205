# SPDX-License-Identifier: MIT
# Cases are folders; see run.test.
TESTS += tests/golden/run.test
EXTRA_DIST += \
    tests/golden/run.test \
    tests/golden/chase/why tests/golden/chase/command tests/golden/chase/config.yaml tests/golden/chase/expected.json \
    tests/golden/curve/why tests/golden/curve/command tests/golden/curve/config.yaml tests/golden/curve/expected.json \
    tests/golden/damon/why tests/golden/damon/command tests/golden/damon/config.yaml tests/golden/damon/tiering.damo \
    tests/golden/damon/expected.json tests/golden/damon/expected.csv tests/golden/damon/expected.txt \
    tests/golden/faults/why tests/golden/faults/command tests/golden/faults/config.yaml tests/golden/faults/expected.json \
    tests/golden/holistic/why tests/golden/holistic/command tests/golden/holistic/config.yaml \
    tests/golden/holistic/expected.json tests/golden/holistic/expected.txt \
    tests/golden/llama/why tests/golden/llama/command tests/golden/llama/expected.json tests/golden/llama/expected.txt \
    tests/golden/moves/why tests/golden/moves/command tests/golden/moves/config.yaml tests/golden/moves/moves.script \
    tests/golden/moves/expected.json \
    tests/golden/phases/why tests/golden/phases/command tests/golden/phases/config.yaml tests/golden/phases/expected.json \
    tests/golden/placement/why tests/golden/placement/command tests/golden/placement/config.yaml \
    tests/golden/placement/expected.json \
    tests/golden/reclaim/why tests/golden/reclaim/command tests/golden/reclaim/config.yaml tests/golden/reclaim/expected.json \
    tests/golden/rivals/why tests/golden/rivals/command tests/golden/rivals/config.yaml tests/golden/rivals/expected.json \
    tests/golden/switch/why tests/golden/switch/command tests/golden/switch/config.yaml tests/golden/switch/expected.json \
    tests/golden/tiering/why tests/golden/tiering/command tests/golden/tiering/expected.json

# Rewrite the expected reports in the sources.
update-golden: numasim
	$(AM_TESTS_ENVIRONMENT) NUMASIM_UPDATE_GOLDEN=1 $(SHELL) $(srcdir)/tests/golden/run.test
.PHONY: update-golden
