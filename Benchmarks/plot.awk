# Draws what Benchmarks/growth has measured as an SVG: seconds on the left, peak memory on the right, both axes logarithmic.
# Input: x, label, what, seconds, bytes, KiB and more, with tabs between. Variables: title, axis. The colours can be read on white and on black.
BEGIN {
    FS = "\t"
    split("backup dump restore pg_restore", tools, " ")
    split("granary backup|pg_dump|granary restore|pg_restore", names, "|")
    split("#e8710a #e8710a #2f81f7 #2f81f7", colours, " ")
    split("none|5 4|none|5 4", dashes, "|")
    top = 78; height = 250; width = 330
}

{
    if (!($1 in labels)) { labels[$1] = grouped($2); xs[++count] = $1 }
    value["seconds", $3, $1] = $4
    value["memory", $3, $1] = $6 / 1024
}

END {
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 390\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#808890\">"
    printf "<title>%s</title>\n", title
    text(430, 20, title, "middle", " font-size=\"15\" font-weight=\"600\"")
    legend()
    panel("seconds", "seconds", 70)
    panel("memory", "peak memory, MB", 500)
    print "</svg>"
}

function legend(   i, x) {
    for (i = 1; i <= 4; i++) {
        x = 130 + (i - 1) * 160
        line(x, 42, x + 30, 42, colours[i], 2.5, dashes[i])
        text(x + 38, 46, names[i], "start", "")
    }
}

function panel(what, name, left,   i, j, x, y, tool, path) {
    find_range(what)
    text(left, top - 10, name, "start", " font-weight=\"600\"")
    for (i = 1; i <= tick_count; i++) {
        y = vertical(ticks[i])
        line(left, y, left + width, y, "#808890", 0.5, ticks[i] ~ /^0*[.]?0*1/ ? "none" : "1 3")
        text(left - 8, y + 4, ticks[i], "end", "")
    }
    for (j = 1; j <= count; j++) {
        x = horizontal(xs[j], left)
        line(x, top + height, x, top + height + 5, "#808890", 1, "none")
        text(x, top + height + 20, labels[xs[j]], "middle", "")
    }
    text(left + width / 2, top + height + 42, axis, "middle", "")
    for (i = 1; i <= 4; i++) {
        tool = tools[i]
        path = ""
        for (j = 1; j <= count; j++)
            path = path sprintf("%s%.1f,%.1f", j > 1 ? " " : "", horizontal(xs[j], left), vertical(value[what, tool, xs[j]]))
        printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2.5\" stroke-dasharray=\"%s\" stroke-linejoin=\"round\"/>\n", path, colours[i], dashes[i]
        for (j = 1; j <= count; j++)
            printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", horizontal(xs[j], left), vertical(value[what, tool, xs[j]]), colours[i]
    }
}

# Ticks at 1, 2 and 5 of each decade, from the one below all values to the one above; at 1 alone where there are many.
function find_range(what,   i, j, v, low, high, step, decade, all) {
    for (i = 1; i <= 4; i++)
        for (j = 1; j <= count; j++) {
            v = value[what, tools[i], xs[j]]
            if (low == "" || v < low) low = v
            if (high == "" || v > high) high = v
        }
    all = high / low <= 200
    tick_count = 0
    for (decade = 0.001; decade < 1e9; decade *= 10)
        for (step = 1; step <= (all ? 5 : 1); step = step == 1 ? 2 : step + 3) {
            if (step * decade <= low * 1.0001) tick_count = 0
            ticks[++tick_count] = sprintf("%.6g", step * decade)
            if (step * decade >= high * 0.9999) {
                bottom = log(ticks[1])
                span = log(ticks[tick_count]) - bottom
                return
            }
        }
}

function vertical(v) { return top + height - height * (log(v) - bottom) / span }
function horizontal(x, left) { return left + 20 + (width - 40) * (count > 1 ? (log(x) - log(xs[1])) / (log(xs[count]) - log(xs[1])) : 0.5) }
function line(x1, y1, x2, y2, colour, thickness, dash) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%s\" stroke-dasharray=\"%s\"/>\n", x1, y1, x2, y2, colour, thickness, dash
}
function text(x, y, words, anchor, more) { printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x, y, anchor, more, words }
function grouped(number) {
    if (number !~ /^[0-9]+000$/) return number
    return number ~ /^[0-9]+000000$/ ? substr(number, 1, length(number) - 6) " M" : substr(number, 1, length(number) - 3) ",000"
}
