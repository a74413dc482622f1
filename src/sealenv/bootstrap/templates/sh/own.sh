# own COMMAND...: without settings of other environments, with a home folder that is deleted afterwards. In the
# user's own, micromamba would read settings and note the environment (~/.conda/environments.txt).
own() (
    for variable in $(env | LC_ALL=C sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
        case $variable in
            CONDA* | _CONDA* | _CE_* | MAMBA* | PYTHON* | PIP_* | PIXI_* | UV_* | VIRTUAL_ENV* | BASH_ENV | XDG_*) unset "$variable" ;;
        esac
    done
    PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=$work/home TMPDIR=$work CONDA_PKGS_DIRS=${cache_of_run:-$pkgs}
    export PATH HOME TMPDIR CONDA_PKGS_DIRS
    "$@"
)
