#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes validation.md: every published figure that an experiment of the tree reproduces, beside what is simulated now.
# Usage: validation.sh PROGRAM TOP-OF-SOURCES >validation.md   (`make validate` calls it; 3 to 5 minutes)
set -eu
program=$1 top=$2
LC_ALL=C
export LC_ALL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

experiments="v3-baseline v3-mtcopy v3-dcbm v3-share v2-mtcopy v2-dcbm v2-count v2-placement v1-share"
for name in $experiments; do
    "$program" migrate --config "$top/configs/experiments/migration-$name.yaml" --compare --format csv >"$work/csv"
    sed -e 1d -e "s/^/$name,/" "$work/csv" >>"$work/figures"
    # What it is and where the figures come from, as the text says it, on one line each.
    awk -v name="$name" '
        function emit(text) { gsub(/^ +| +$/, "", text); print name "\t" text }
        /^description: >-/ { keep = "d"; next }
        /^  source: >-/ { keep = "s"; next }
        keep == "d" && /^  / { description = description " " $0; next }
        keep == "s" && /^    / { source = source " " $0; next }
        { keep = "" }
        END { gsub(/ +/, " ", description); gsub(/ +/, " ", source); emit(description); emit(source) }' \
        "$top/configs/experiments/migration-$name.yaml" >>"$work/titles"
done
"$program" migrate --config "$top/configs/experiments/migration-auto.yaml" --format csv >"$work/auto"

cat <<'END'
<!-- SPDX-License-Identifier: MIT -->
# Validation

Written by `make validate`; do not edit. Published figures beside simulated ones. **Calibrated**: the figure, or one of the
same series, was used to set a parameter of the machine. **Predicted**: it was not. Errors are simulated / published - 1, for
shares the difference in points. Each table is printed by the command above it. How migrations are modelled: `migration.md`;
tiering: `rivals.md`, `damon-tiering.md`.

END

# ---- Summary
cat <<'END'
## Page migration: summary

| experiment | calibrated | mean error | predicted | mean error | with a tolerance | within it |
|---|---|---|---|---|---|---|
END
awk -F, '
    function flush_() {
        if (last == "") return
        unit = share ? " points" : " %"
        printf "| %s | %s | %s | %s | %s | %s | %s |\n", last, n["calibrated"] + 0,
            n["calibrated"] ? sprintf("%.1f%s", e["calibrated"] / n["calibrated"], unit) : "-", n["predicted"] + 0,
            n["predicted"] ? sprintf("%.1f%s", e["predicted"] / n["predicted"], unit) : "-", limited + 0,
            limited ? within + 0 : "-"
        split("", n); split("", e); limited = within = 0
    }
    $1 != last { flush_(); last = $1 }
    {
        size = $11 + 0
        if (size < 0) size = -size
        n[$12]++; e[$12] += size; share = $8 == "%"
        if ($14 != "") { limited++; within += $14 == "yes" }
    }
    END { flush_() }' "$work/figures"

# ---- Claims: what the figures say together
cat <<'END'

## Page migration: what the tables say together

| claim | published | simulated | wanted | holds |
|---|---|---|---|---|
END
awk -F, '
    FNR == 1 { file++ }
    # P: published, S: simulated, by experiment, copier, workers, spread, folio, and again without the spread.
    file == 1 {
        sub(/^</, "", $9)
        for (i = 0; i < 2; i++) {
            key = $1 " " $2 " " $3 " " (i ? $4 " " : "") $6
            if ($1 == "v2-count" || $8 == "%") key = key " " $7
            P[key] = +$9; S[key] = +$10
        }
        total[$1]++; within[$1] += $14 == "yes"; limited[$1] += $14 != ""
        if ($6 == 2097152 && $1 ~ /^v[23]-(mtcopy|dcbm)$/) { column++; column_within += $14 == "yes"; order[column] = key; }
        next
    }
    file == 2 && FNR > 1 {
        # auto
        key = $8 " " $9 " " $6; any = $8 " " $9
        if ($5 == "auto") { autos[key] = $14; load[key] = $8; every[key] = any }
        else if ($5 == "cpu") cpu[any] = $14
        else if ($14 > best[key]) best[key] = $14
    }
    function claim(text, published, simulated, wanted, holds) {
        printf "| %s | %s | %s | %s | %s |\n", text, published, simulated, wanted, holds ? "yes" : "**no**"
    }
    function ratio(text, a, b, low, high,    p, s, wanted) {
        p = P[a] / P[b]; s = S[a] / S[b]
        wanted = high == "" ? low " or more" : low == "" ? high " or less" : low " to " high
        claim(text, sprintf("%.2f", p), sprintf("%.2f", s), wanted, (low == "" || s >= low) && (high == "" || s <= high))
    }
    END {
        k4 = 4096; m2 = 2097152
        claim("stock kernel (V3), each of 8 sizes", "", within["v3-baseline"] " of 8", "within 10 %", within["v3-baseline"] == 8)
        claim("2 MiB folios (V2, V3), cores and channels", "", column_within " of " column, "within 15 %", column_within == column)
        for (i = 1; i <= column; i++)
            for (j = i + 1; j <= column; j++) {
                split(order[i], first, " "); split(order[j], second, " ")
                apart = P[order[i]] / P[order[j]]
                if (first[1] != second[1] || (apart < 1.02 && apart > 1 / 1.02)) continue
                pairs++
                kept += (P[order[i]] < P[order[j]]) == (S[order[i]] < S[order[j]])
            }
        claim("2 MiB folios: order of two cells of a table, if more than 2 % apart", pairs, kept " kept", "all", kept == pairs)
        ratio("8 cores of one CCD against one core (V2)", "v2-placement mtcpu 8 fill " m2, "v2-placement mtcpu 1 fill " m2, "", 1.1)
        ratio("8 cores on all CCDs against one CCD (V2)", "v2-placement mtcpu 8 clusters " m2, "v2-placement mtcpu 8 fill " m2, 3, "")
        claim("number of folios (V2), each of 16", "", within["v2-count"] " of 16", "within 10 %, below 256 folios 20 %", within["v2-count"] == 16)
        ratio("512 folios against one, one core (V2)", "v2-count mtcpu 1 " m2 " 512", "v2-count mtcpu 1 " m2 " 1", 1.3, 1.45)
        ratio("512 folios against one, one channel (V2)", "v2-count dma 1 " m2 " 512", "v2-count dma 1 " m2 " 1", 1.3, 1.45)
        ratio("8192 folios against 512, one core (V2)", "v2-count mtcpu 1 " m2 " 8192", "v2-count mtcpu 1 " m2 " 512", 0.97, 1.03)
        ratio("one channel at 4 KiB, V3 against V2", "v3-dcbm dma 1 " k4, "v2-dcbm dma 1 " k4, 4, 8)
        split("4096 16384 65536 131072 262144 524288 1048576", small, " ")
        for (v = 2; v <= 3; v++) {
            p = s = 0
            for (i = 1; i <= 7; i++) {
                p += P["v" v "-dcbm dma 1 " small[i]] < P["v" v "-mtcopy mtcpu 1 " small[i]]
                s += S["v" v "-dcbm dma 1 " small[i]] < S["v" v "-mtcopy mtcpu 1 " small[i]]
            }
            claim("sizes below 2 MiB at which one channel loses to one core (V" v ")", p " of 7", s " of 7", "all", s == 7)
            ratio("one channel against one core at 2 MiB (V" v ")", "v" v "-dcbm dma 1 " m2, "v" v "-mtcopy mtcpu 1 " m2, 1, "")
        }
        ratio("4 channels against the stock kernel at 4 KiB (V3)", "v3-dcbm dma 4 " k4, "v3-baseline cpu 0 " k4, 1, "")
        p = s = 1000
        for (i = 2; i <= 7; i++) {
            a = P["v3-dcbm dma 4 " small[i]] / P["v3-baseline cpu 0 " small[i]]; if (a < p) p = a
            a = S["v3-dcbm dma 4 " small[i]] / S["v3-baseline cpu 0 " small[i]]; if (a < s) s = a
        }
        claim("the same from 16 KiB up, at least (V3)", sprintf("%.2f", p), sprintf("%.2f", s), "1.15 or more", s >= 1.15)
        split("1 65536 262144", counts, " ")
        for (i = 1; i <= 3; i++) {
            d = S["v1-share cpu 0 4096 " counts[i]] - P["v1-share cpu 0 4096 " counts[i]]
            near += d <= 5 && d >= -5
        }
        claim("share of copying in migrate_pages(), 1, 65536 and 262144 pages (V1)", "", near " of 3", "within 5 points", near == 3)
        for (i = 1; i <= 2; i++) {
            key = "v3-share cpu 0 " (i == 1 ? k4 : m2) " 512"
            d = S[key] - P[key]
            claim("share of copying in move_pages(), 512 folios of " (i == 1 ? "4 KiB" : "2 MiB") " (V3)", P[key] " %", S[key] " %", "within 5 points", d <= 5 && d >= -5)
        }
        for (key in autos) {
            top = best[key] > cpu[every[key]] ? best[key] : cpu[every[key]]
            share = autos[key] / top; l = +load[key]
            if (worst[l] == "" || share < worst[l]) worst[l] = share
        }
        claim("auto against the best fixed copier, at worst, idle", "", sprintf("%.3f", worst[0]), "0.95 or more", worst[0] >= 0.95)
        claim("the same at a load of 50 %", "", sprintf("%.3f", worst[0.5]), "0.95 or more", worst[0.5] >= 0.95)
    }' "$work/figures" "$work/auto"

# ---- Every figure
for name in $experiments; do
    printf '\n## Page migration: %s\n\n' "$name"
    awk -F '\t' -v name="$name" '$1 == name && n++ == 0 { print $2 "." } $1 == name && n == 2 { print "Source: " $2 "." }' "$work/titles"
    printf '\n    numasim migrate --config configs/experiments/migration-%s.yaml --compare\n\n' "$name"
    awk -F, -v name="$name" '
        function size(bytes) { return bytes >= 1048576 ? bytes / 1048576 " MiB" : bytes / 1024 " KiB" }
        $1 != name { next }
        !n++ {
            printf "| copier | workers | spread | folio | folios | published, %s | simulated | error | role | within |\n", $8
            print "|---|---|---|---|---|---|---|---|---|---|"
        }
        {
            tolerance = $13 == "" ? "" : $14 " (" 100 * $13 " %)"
            printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", $2, $3 ? $3 : "", $2 == "mtcpu" ? $4 : "",
                size($6), $7, $9, $10, $11, $12, tolerance
        }' "$work/figures"
done

# ---- Tiering
sh "$top/docs/validation-tiering.sh" "$program" "$top"
