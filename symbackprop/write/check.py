"""Whether the names of a derivation file can be printed, told before anything is proved."""

from symbackprop.model.derivation_file import DerivationFile
from symbackprop.model.repeat.pieces import some_layers
from symbackprop.model.repeat.places import HERE, Place
from symbackprop.write.report import Report
from symbackprop.write.sections.context import context
from symbackprop.write.sections.depth import DepthContext


def check_names(file: DerivationFile) -> None:
    """Raises: FileError for an entry of [latex] that is no symbol, names nothing or could be taken for another."""
    report = Report(file=file)
    if file.any_depth is None:
        context(report)
        return
    of = DepthContext(report, file.any_depth)
    of.part(*some_layers(of.repeat, Place("start", 1), 1))
    of.part(*some_layers(of.repeat, HERE, 2))
