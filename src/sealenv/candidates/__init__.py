"""Commands: what a shell would run for a name, what it would pass over, and what that starts."""

from sealenv.candidates.belonging import Belongings, Environment
from sealenv.candidates.candidate import Candidate, Kind, State
from sealenv.candidates.cmdexe import windows_candidates
from sealenv.candidates.posix import posix_candidates
from sealenv.candidates.starting import Starts, starts

__all__ = [
    "Belongings",
    "Candidate",
    "Environment",
    "Kind",
    "Starts",
    "State",
    "posix_candidates",
    "starts",
    "windows_candidates",
]
