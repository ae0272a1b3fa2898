"""Tables of text cells as Markdown, as a LaTeX tabular or as CSV."""

import csv
import io

NONE = "–"  # what a table shows where there is no value

LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
         "±": r"$\pm$", "²": r"$^2$", "–": "--", "µ": r"$\mu$", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
         "ρ": r"$\rho$", "×": r"$\times$", "→": r"$\rightarrow$", "<": r"\textless{}", ">": r"\textgreater{}",
         "|": r"\textbar{}"}


def markdown(headings, rows, groups=()):
    """A Markdown table: the rows, then the `groups` (means, say) in bold; columns aligned in the source too, the first
    to the left, the others to the right."""
    lines = [headings, *rows, *([f"**{row[0]}**", *row[1:]] for row in groups)]
    lines = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in lines]
    widths = [max(3, *(len(row[i]) for row in lines)) for i in range(len(headings))]

    def line(cells):
        padded = [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths))]
        return "| " + " | ".join(padded) + " |"

    rule = "| " + " | ".join("-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)) + " |"
    return "\n".join([line(lines[0]), rule] + [line(row) for row in lines[1:]]) + "\n"


def latex(headings, rows, groups=()):
    """A LaTeX tabular (package booktabs): the rows, a rule, the groups."""
    def line(cells):
        return "  " + " & ".join("".join(LATEX.get(c, c) for c in cell.replace("\n", " ")) for cell in cells) + r" \\"

    lines = [r"\begin{tabular}{l" + "r" * (len(headings) - 1) + "}", r"  \toprule", line(headings), r"  \midrule"]
    lines += [line(row) for row in rows]
    if groups:
        lines += [r"  \midrule"] + [line(row) for row in groups]
    return "\n".join(lines + [r"  \bottomrule", r"\end{tabular}"]) + "\n"


def comma_separated(headings, rows, groups=()):
    """CSV (RFC 4180, but for line ends of one character): the headings, the rows, the groups."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([headings, *rows, *groups])
    return text.getvalue()


FORMATS = {"markdown": markdown, "latex": latex, "csv": comma_separated}
