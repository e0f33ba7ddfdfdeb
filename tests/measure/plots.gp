# plots.gp: four plots, each with one thing to say. data and out are directories.

ink = "#24292f"
grid = "#d0d7de"

# They differ in lightness and in shape too: for print, and for all eyes. Each
# can be told from white and from black.
set linetype 1 lc rgb "#d1495b" lw 2.5 pt 5 ps 0.9
set linetype 2 lc rgb "#b7791f" lw 2.5 pt 9 ps 1.1
set linetype 3 lc rgb "#2b7fc3" lw 2.5 pt 7 ps 0.9
set linetype 4 lc rgb "#1a9a76" lw 2.5 pt 13 ps 1.2 dt (6, 3)

set border 3 lc rgb ink lw 1
set tics nomirror out scale 0.6 textcolor rgb ink
set grid ytics xtics lc rgb grid lw 0.8 lt 1 dt 1
set tmargin 3.5
set xlabel textcolor rgb ink
set ylabel textcolor rgb ink
set key outside right center Left reverse samplen 4 spacing 1.4 \
    textcolor rgb ink
names = "'02 a thread per client' '03 poll' '04 epoll' '06 deadlines'"
files = "02 03 04 06"
file(plot, i) = sprintf("%s/%s.%s", data, plot, word(files, i))

do for [terminal_name in "svg png"] {
    if (terminal_name eq "svg") {
        set terminal svg size 820,460 font "Helvetica,Arial,sans-serif,13"
    } else {
        set terminal pngcairo size 1640,920 font "sans,13" fontscale 1.7 \
            linewidth 1.8 pointscale 1.8 background "white"
    }

    set logscale x
    set xtics ("1" 1, "10" 10, "100" 100, "1,000" 1000, "10,000" 10000)
    set xlabel "clients, all busy: 64 B, one message under way each"
    set xrange [0.9:11000]

    set output sprintf("%s/throughput.%s", out, terminal_name)
    set label 1 "A thread per client pays a switch for every message" at graph 0, 1.09 left font ",16" textcolor rgb ink
    set ylabel "throughput, thousand messages per second"
    set yrange [0:*]
    plot for [i = 1:4] file("throughput", i) with linespoints lt i \
        title word(names, i)

    set output sprintf("%s/latency.%s", out, terminal_name)
    set label 1 "When all are busy, a client waits for as long as there are others" at graph 0, 1.09 left font ",16" textcolor rgb ink
    set ylabel "99 of 100 answers come within, ms"
    set logscale y
    set yrange [*:*]
    set format y "%g"
    plot for [i = 1:4] file("latency", i) with linespoints lt i \
        title word(names, i)

    set output sprintf("%s/memory.%s", out, terminal_name)
    set label 1 "An idle client needs a few dozen bytes, or a stack" at graph 0, 1.09 left font ",16" textcolor rgb ink
    set xlabel "idle clients"
    set xrange [90:11000]
    set ylabel "user memory of the server, MiB"
    plot for [i = 1:4] file("memory", i) with linespoints lt i \
        title word(names, i)

    set output sprintf("%s/idle.%s", out, terminal_name)
    set label 1 "poll pays for all idle clients, epoll for none of them" at graph 0, 1.09 left font ",16" textcolor rgb ink
    set xlabel "idle clients beside 50 busy ones"
    set ylabel "CPU time per message, us"
    unset logscale
    set xrange [-100:10300]
    set xtics ("0" 0, "2,000" 2000, "4,000" 4000, "6,000" 6000, \
        "8,000" 8000, "10,000" 10000)
    set yrange [0:*]
    plot for [i = 1:4] file("idle", i) with linespoints lt i \
        title word(names, i)
}
set output
