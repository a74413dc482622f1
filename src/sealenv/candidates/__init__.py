"""Commands: what a shell would run for a name, what it would pass over, and what that starts."""

from sealenv.candidates.belonging import Belongings, Environment
from sealenv.candidates.candidate import Candidate, Kind, State
from sealenv.candidates.cmdexe import windows_candidates
from sealenv.candidates.posix import posix_candidates
from sealenv.candidates.remarks import notes_on, warnings_on
from sealenv.candidates.resolution import Resolution, Row
from sealenv.candidates.starting import Starts, starts

__all__ = [
    "Belongings",
    "Candidate",
    "Environment",
    "Kind",
    "Resolution",
    "Row",
    "Starts",
    "State",
    "notes_on",
    "posix_candidates",
    "starts",
    "warnings_on",
    "windows_candidates",
]
