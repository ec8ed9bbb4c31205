# SPDX-License-Identifier: MIT
configsdir = $(pkgdatadir)/configs
machinesdir = $(configsdir)/machines
experimentsdir = $(configsdir)/experiments
dist_experiments_DATA = \
    configs/experiments/dynamic-interleave.yaml \
    configs/experiments/hmsdk-redis.yaml configs/experiments/hmsdk-redis.spec.yaml \
    configs/experiments/hmsdk-redis-loaded.spec.yaml \
    configs/experiments/holistic.yaml configs/experiments/hot-sets.spec.yaml \
    configs/experiments/migration-auto.yaml \
    configs/experiments/migration-v1-share.yaml \
    configs/experiments/migration-v2-count.yaml \
    configs/experiments/migration-v2-dcbm.yaml \
    configs/experiments/migration-v2-mtcopy.yaml \
    configs/experiments/migration-v2-placement.yaml \
    configs/experiments/migration-v3-baseline.yaml \
    configs/experiments/migration-v3-dcbm.yaml \
    configs/experiments/migration-v3-mtcopy.yaml \
    configs/experiments/migration-v3-share.yaml \
    configs/experiments/rebalance-llama.script \
    configs/experiments/rebalance-llama.yaml \
    configs/experiments/tpp-damon-settle.yaml configs/experiments/tpp-damon-settle.spec.yaml \
    configs/experiments/tpp-damon-taobench.yaml configs/experiments/tpp-damon-taobench.spec.yaml
dist_configs_DATA = configs/topo.yaml
dist_machines_DATA = \
    configs/machines/cascade-lake-5218-2s.yaml \
    configs/machines/dgx1-v100.yaml \
    configs/machines/epyc-cxl-72-26.yaml \
    configs/machines/gh200.yaml \
    configs/machines/p3-8xlarge.yaml \
    configs/machines/sapphire-rapids-8460y.yaml \
    configs/machines/seed-2x4.yaml \
    configs/machines/skylake-8160-2s.yaml \
    configs/machines/two-socket-2cxl.yaml \
    configs/machines/zen2-7742.yaml \
    configs/machines/zen3-ptdma.yaml \
    configs/machines/zen3-ptdma-v1.yaml \
    configs/machines/zen3-ptdma-v2.yaml \
    configs/machines/zen3.yaml
