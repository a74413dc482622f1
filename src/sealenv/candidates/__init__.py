"""Commands: what a shell would run for a name, whose it is, and what it starts in the end."""

from sealenv.candidates.belonging import Belongings
from sealenv.candidates.candidate import Candidate, Environment, Kind, Resolution, Starts, State
from sealenv.candidates.shells import PATHEXT, posix_candidates, windows_candidates
from sealenv.candidates.starting import starts

__all__ = [
    "PATHEXT",
    "Belongings",
    "Candidate",
    "Environment",
    "Kind",
    "Resolution",
    "Starts",
    "State",
    "posix_candidates",
    "starts",
    "windows_candidates",
]
