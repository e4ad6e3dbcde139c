# Draws what a terminal printed as SVG: colors, bold, erased lines. Of a command's long output it draws both ends.

BEGIN { RS = "\n"; LINE = 19; TOP = 52; KEPT = 3 }

{ read($0) }

END {
    take_output()
    height = TOP + count * LINE + 8
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 %d\" role=\"img\" aria-labelledby=\"title\">\n", height
    print "<title id=\"title\">The quick start of Granary in a terminal</title>"
    print "<style>text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #d0d7de; white-space: pre }"
    print ".b { font-weight: 600; fill: #ffffff } .dim { fill: #8b949e } .red { fill: #ff7b72 } .green { fill: #7ee787 }"
    print ".yellow { fill: #e3b341 } .cyan { fill: #79c0ff }</style>"
    printf "<rect width=\"860\" height=\"%d\" rx=\"10\" fill=\"#161b22\"/>\n", height
    print "<circle cx=\"24\" cy=\"22\" r=\"6\" fill=\"#ff5f57\"/><circle cx=\"44\" cy=\"22\" r=\"6\" fill=\"#febc2e\"/>" \
        "<circle cx=\"64\" cy=\"22\" r=\"6\" fill=\"#28c840\"/>"
    for (n = 1; n <= count; n++)
        if (drawn[n] != "") printf "<text x=\"24\" y=\"%d\" xml:space=\"preserve\">%s</text>\n", TOP + (n - 1) * LINE, drawn[n]
    print "</svg>"
}

# A line of what was recorded. ESC [ 2 K erases the line, ESC [ 1 A goes back to the one before.
function read(text,    sequence, shown, class) {
    gsub(/\r/, "", text)
    shown = ""
    class = ""
    while (match(text, /\033\[[0-9;]*[A-Za-z]/)) {
        shown = shown styled(substr(text, 1, RSTART - 1), class)
        sequence = substr(text, RSTART + 2, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        if (sequence == "2K") shown = ""
        else if (sequence == "1A") { if (outputs > 0) shown = output[outputs--] }
        else if (sequence ~ /m$/) class = class_of(sequence)
    }
    shown = shown styled(text, class)
    if (shown ~ /^<tspan class="cyan">\$ /) {
        take_output()
        drawn[++count] = shown
    } else output[++outputs] = shown
}

function class_of(sequence) {
    if (sequence ~ /31m$/) return "red"
    if (sequence ~ /32m$/) return "green"
    if (sequence ~ /33m$/) return "yellow"
    if (sequence ~ /36m$/) return "cyan"
    if (sequence ~ /(^|;)1m$/) return "b"
    if (sequence ~ /(^|;)2m$/) return "dim"
    return ""
}

function styled(text, class) {
    if (text == "") return ""
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    gsub(/>/, "\\&gt;", text)
    return class == "" ? text : "<tspan class=\"" class "\">" text "</tspan>"
}

# Draws the lines that a command has printed, the first and the last ones if there are many.
function take_output(    n) {
    for (n = 1; n <= outputs; n++) {
        if (outputs > 2 * KEPT + 1 && n == KEPT + 1) {
            drawn[++count] = "<tspan class=\"dim\">… " outputs - 2 * KEPT " more lines</tspan>"
            n = outputs - KEPT + 1
        }
        drawn[++count] = output[n]
    }
    outputs = 0
}
