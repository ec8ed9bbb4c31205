# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libreport.a
libreport_a_SOURCES = \
    report/csv.c report/csv.h \
    report/damo-record.c report/damo-record.h \
    report/damon.c report/damon.h \
    report/damon-table.c report/damon-table.h \
    report/format.c report/format.h \
    report/json.c report/json.h \
    report/migration.c report/migration.h \
    report/render.c report/render.h \
    report/render-csv.c report/render-html.c report/render-json.c report/render-text.c \
    report/result.c report/result.h \
    report/summary.c report/summary.h \
    report/table.c report/table.h \
    report/timeline.c
