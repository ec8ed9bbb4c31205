# SPDX-License-Identifier: MIT
# Unit tests mirror the folders: tests/FOLDER/local.mk lists one program a folder.
include tests/sim/local.mk
include tests/traces/local.mk
include tests/traces/capture/local.mk
include tests/traces/import/core.mk
include tests/traces/import/local.mk
include tests/traces/qemu/local.mk
include tests/traces/runtime/local.mk
include tests/traces/import/binary.mk
include tests/models/local.mk
include tests/mm/local.mk
include tests/mm/damon/local.mk
include tests/policies/local.mk
include tests/report/local.mk
include tests/experiment/local.mk
include tests/kernel/local.mk
include tests/judge/local.mk
include tests/golden/local.mk
include tests/cli/local.mk
include tests/fuzz/local.mk
include tests/long/local.mk
