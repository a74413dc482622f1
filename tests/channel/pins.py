"""Which wheels the local channel has."""

__all__ = ["BASE", "BENCH", "BENCH_ENVIRONMENT"]

# Pinned, so that benchmarks on two days and two machines measure the same files.
BASE = (
    "attrs==26.1.0",
    "certifi==2026.10.18",
    "charset-normalizer==3.5.2",
    "click==8.5.1",
    "exceptiongroup==1.3.0",
    "filelock==3.16.1",
    "idna==3.20",
    "iniconfig==2.3.1",
    "markdown-it-py==4.3.0",
    "mdurl==0.1.2",
    "more-itertools==10.5.0",
    "packaging==26.3",
    "pip==26.3",
    "platformdirs==4.3.6",
    "pluggy==1.7.0",
    "pygments==2.21.0",
    "pytest==9.2.0",
    "python-dateutil==2.9.0.post0",
    "requests==2.34.2",
    "rich==15.0.0",
    "setuptools==84.2.1",
    "six==1.17.0",
    "sortedcontainers==2.4.0",
    "tabulate==0.10.0",
    "tomli==2.2.1",
    "tqdm==4.70.1",
    "typing-extensions==4.16.0",
    "urllib3==2.8.0",
    "wheel==0.48.0",
    "zipp==4.1.2",
)
BENCH = (
    "asgiref==3.8.1",
    "babel==2.18.0",
    "boto3==1.44.5",
    "botocore==1.44.5",
    "django==5.2.1",
    "jmespath==1.1.0",
    "mpmath==1.3.0",
    "networkx==3.4.2",
    "plotly==7.1.0",
    "narwhals==2.28.0",
    "s3transfer==0.19.3",
    "sqlparse==0.6.1",
    "sympy==1.14.0",
    "tzdata==2026.6",
)
BENCH_ENVIRONMENT = (
    "python",
    "pip",
    "conda",
    "mamba",
    *(pin.partition("==")[0] for pin in BENCH),
    *("requests", "rich", "pytest", "setuptools"),
)
"""What a benchmark environment asks for; the rest comes as dependencies."""
