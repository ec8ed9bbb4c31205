# SPDX-License-Identifier: MIT
# Throughput of page migration over folio size or number. Set before: terminal_name, output_name, title_text, x_label,
# series (one name a column of $data from the third on, "|" between them), series_count, and $data itself:
# x, its label, one rate in GB/s a series; "-" is missing.
set encoding utf8
if (terminal_name eq "svg") {
    set terminal svg size 960,600 dynamic enhanced font "Helvetica,14" background rgb "white"
} else {
    set terminal pngcairo size 1200,750 enhanced font "Sans,13" background rgb "white"
}
set output output_name
set datafile missing "-"
set title title_text noenhanced
set xlabel x_label
set ylabel "migrated, GB/s"
set logscale x 2
set yrange [0:*]
set offsets graph 0.02, graph 0.02, graph 0.05, 0
set grid xtics ytics lc rgb "#dddddd" lw 1
set border 3 lc rgb "#555555"
set xtics nomirror
set ytics nomirror
set key left top reverse Left noenhanced spacing 1.1 samplen 3
if (series_count > 12) { set key outside right top vertical }
name(i) = word_of(series, i)
word_of(text, i) = i == 1 ? head_of(text) : word_of(rest_of(text), i - 1)
head_of(text) = strstrt(text, "|") == 0 ? text : text[1:strstrt(text, "|") - 1]
rest_of(text) = text[strstrt(text, "|") + 1:*]
# Colour-blind safe (Okabe and Ito); the copier's family shows in the colour, its workers in the point.
array blue[4] = ["#9ecae1", "#4a9bd1", "#0072b2", "#003f6b"]
array red[4] = ["#f5b58a", "#e8833f", "#d55e00", "#8a3c00"]
array green[4] = ["#8fd9c0", "#35b890", "#009e73", "#005c43"]
family(i) = name(i)[1:5] eq "mtcpu" ? 1 : name(i)[1:3] eq "dma" ? 2 : name(i)[1:4] eq "auto" ? 3 : 0
first_of(f) = f == 0 ? first0 : f == 1 ? first1 : f == 2 ? first2 : first3
count_of(f) = f == 0 ? count0 : f == 1 ? count1 : f == 2 ? count2 : count3
count0 = count1 = count2 = count3 = 0
array place[series_count]
do for [i = 1:series_count] {
    f = family(i)
    if (f == 0) { place[i] = count0; count0 = count0 + 1 }
    if (f == 1) { place[i] = count1; count1 = count1 + 1 }
    if (f == 2) { place[i] = count2; count2 = count2 + 1 }
    if (f == 3) { place[i] = count3; count3 = count3 + 1 }
}
shade(i) = 1 + (count_of(family(i)) < 2 ? 2 : int(3.0 * place[i] / (count_of(family(i)) - 1) + 0.5))
colour(i) = family(i) == 1 ? blue[shade(i)] : family(i) == 2 ? red[shade(i)] : family(i) == 3 ? green[shade(i)] : "#333333"
dash(i) = family(i) == 0 ? 2 : 1
array marks[8] = [7, 5, 9, 11, 13, 6, 4, 8]
mark(i) = marks[1 + place[i] % 8]
plot for [i = 1:series_count] $data using 1:(column(i + 2)):xtic(2) with linespoints \
    lc rgb colour(i) pt mark(i) ps 1.1 lw 2 dt dash(i) title name(i)
