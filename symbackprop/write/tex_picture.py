"""Pictures as TikZ."""

from symbackprop.write.blocks import Figure

STYLES = r"""[>=stealth, x=1cm, y=1cm,
  neuron/.style={circle, draw, minimum size=9mm, inner sep=1pt, fill=black!4},
  quantity/.style={draw, rounded corners=1.5pt, minimum height=6.5mm, minimum width=8mm, inner sep=3pt, fill=black!4},
  input/.style={inner sep=2.5pt},
  loss/.style={draw, thick, rounded corners=1.5pt, minimum height=6.5mm, minimum width=8mm, inner sep=3pt,
    fill=black!10},
  weight/.style={font=\scriptsize, fill=white, inner sep=1pt}]"""


def picture(figure: Figure, caption: str) -> str:
    """The nodes at their places, the arrows between them, the caption below."""
    names = {node.id: f"n{number}" for number, node in enumerate(figure.nodes)}
    lines = [rf"\begin{{tikzpicture}}{STYLES}"]
    for node in figure.nodes:
        beside = rf", label={{[font=\scriptsize]below:${node.beside}$}}" if node.beside else ""
        lines.append(rf"\node[{node.kind}{beside}] ({names[node.id]}) at ({node.x:g},{node.y:g}) {{${node.label}$}};")
    for edge in figure.edges:
        bend = f"[bend left={edge.bend}]" if edge.bend > 0 else f"[bend right={-edge.bend}]" if edge.bend else ""
        label = rf" node[weight, pos={edge.place:g}] {{${edge.label}$}}" if edge.label else ""
        lines.append(rf"\draw[->] ({names[edge.start]}) to{bend}{label} ({names[edge.end]});")
    lines.append(r"\end{tikzpicture}")
    body = "\n".join(lines)
    return f"\\begin{{center}}\n{body}\\\\[0.4em]\n{{\\small {caption}}}\n\\end{{center}}"
