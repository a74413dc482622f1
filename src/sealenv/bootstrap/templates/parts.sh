@@ messages
url=${MICROMAMBA_URL:-https://github.com/mamba-org/micromamba-releases/releases}

say() { printf '[INFO] %s\n' "$*"; }
warn() { printf '[WARN] %s\n' "$*" >&2; }
# fail CODE "what happened" ["next step"]
fail() {
    printf '[ERROR] %s\n' "$2" >&2
    [ -z "${3-}" ] || printf '        next: %s\n' "$3" >&2
    exit "$1"
}
usage() { fail 2 "$1" '--help shows the arguments and variables'; }
[ -f "$0" ] || fail 2 'this script has to be a file: save it first, then run it'
here=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd)

@@ gate
dirty=
# gate NAME VALUE "values that mean nothing"
gate() {
    case " ${3-}  " in *" $2 "*) return 0 ;; esac
    dirty=yes
    printf '  %s=%s\n' "$1" "$2" >&2
}
__SEALENV_GATE__
IFS=:
for folder in $PATH; do
    other=${folder%/}
    other=${other%/bin}
    if [ -d "$other/conda-meta" ] || [ -f "$other/pyvenv.cfg" ]; then
        dirty=yes
        printf '  PATH: %s belongs to another environment\n' "$folder" >&2
    fi
done
unset IFS
[ -z "$dirty" ] || fail 3 'this shell is not clean: see above' 'open a new terminal, or clear each variable with: unset NAME'

@@ place
prefix=${ENV_PREFIX:-${PY_ENVS:-$PWD}/$name}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
prefix=${prefix%/}
# Scripts of packages contain this path: without links and dots in its parent, if that exists.
parent=$(CDPATH='' cd -P -- "${prefix%/*}/" 2>/dev/null && pwd) || parent=${prefix%/*}
prefix=${parent%/}/${prefix##*/}
cache=${CACHE:-${XDG_CACHE_HOME:-${HOME:-$PWD}/.cache}/sealenv-bootstrap}
pkgs=${CONDA_PKGS_DIRS:-$cache/pkgs}
pkgs=${pkgs%%[,:]*} # conda reads a list; the first is the one that it writes to.
# Package managers write these characters unquoted into scripts.
for place in "$prefix" "$cache" "$pkgs"; do
    case $place in
        *[\"\'\`\$\\\;:]* | *[[:cntrl:]]*) usage "a path with one of \" ' \` \$ \\ ; : $place" ;;
        [!/]* | */../* | */.. | */.) usage "not an absolute path, or one with ..: $place" ;;
    esac
done
meta=$prefix/conda-meta
marker=$meta/sealenv.pending

# The target is a new folder, an empty one, or one that an earlier run of this script left unfinished. Anything
# else stays as it is. A run that was killed at once leaves an empty marker.
is_ours() { [ -f "$marker" ] && grep -q '^sealenv-bootstrap ' "$marker"; }
is_empty() {
    found=$(find "$prefix" ! -path "$prefix" ! -path "$meta" ! -path "$marker") && [ -z "$found" ] && [ ! -s "$marker" ]
}
check_target() {
    [ ! -L "$prefix" ] && [ ! -L "$meta" ] || fail 7 "this is a link, or its conda-meta is one: $prefix"
    [ ! -e "$prefix" ] || is_ours || { [ -d "$prefix" ] && is_empty; } ||
        fail 7 "this exists already, or another program left it unfinished: $prefix" 'choose another name, or remove it first'
}

@@ cache
case $(uname -s)-$(uname -m) in
__SEALENV_MACHINES__
    *) fail 6 "__SEALENV_NONE__ for $(uname -s) $(uname -m)" ;;
esac
exe=$cache/micromamba/micromamba-$version-$subdir
address=${url%/}/download/$version/micromamba-$subdir

@@ download
work=
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' HUP INT TERM
work=$(mktemp -d) && mkdir -- "$work/home" || fail 9 'cannot create a temporary folder' 'set TMPDIR'

# download ADDRESS FILE. A redirection leads to https only; what arrives is checked by its sha256.
download() {
    if command -v curl >/dev/null; then
        curl --fail --silent --show-error --location --proto-redir =https --retry 3 --connect-timeout 30 --output "$2" "$1"
    else
        command -v wget >/dev/null || fail 9 'neither curl nor wget is installed' 'install one of them'
        wget -q -O "$2" "$1"
    fi || fail 5 "download failed: $1" 'check the network and the address, then run the same command again'
}
sha256_of() {
    { sha256sum <"$1" || shasum -a 256 <"$1" || openssl dgst -sha256 -r <"$1"; } 2>/dev/null | cut -d ' ' -f 1
}
# check FILE SHA256 "what it is"
check() {
    found=$(sha256_of "$1")
    [ "$found" = "$2" ] && [ ${#2} -eq 64 ] ||
        fail 5 "checksum mismatch: $3 has sha256 ${found:-(unknown)}, expected $2" \
            'it was not used; sha256sum, shasum or openssl is needed to compare'
}

@@ micromamba
# micromamba from the cache, or downloaded. It is used only if it has this sha256.
if [ ! -f "$exe" ] || [ "$(sha256_of "$exe")" != "$sha256" ]; then
    say "Downloading     $address"
    download "$address" "$work/micromamba"
    check "$work/micromamba" "$sha256" "$address"
    mkdir -p -- "${exe%/*}" && chmod 755 "$work/micromamba" && mv -f -- "$work/micromamba" "$exe" ||
        fail 9 "cannot write $exe" 'set CACHE to a folder that you may write'
fi

@@ beside
if [ -n "$beside" ]; then
    exe=$here/micromamba/micromamba-$subdir
    check "$exe" "$sha256" "$exe"
fi

@@ mark
mkdir -p -- "$pkgs" && [ -w "$pkgs" ] || fail 9 "cannot write the package cache $pkgs" 'set CONDA_PKGS_DIRS'
check_target # Again: the download can take minutes.
mkdir -p -- "$meta" && true >>"$marker" || fail 9 "cannot write $marker" 'choose a folder that you may write'

# The kernel releases the lock (flock) when we and our children end. Where there is no flock, the marker names our
# process.
exec 9<>"$marker"
busy() { fail 7 "another process works on this environment: $prefix" 'wait until it has ended'; }
read -r program program_version owner <"$marker" || owner=
if command -v flock >/dev/null; then
    flock -n 9 || busy
elif [ -n "$owner" ] && kill -0 "$owner" 2>/dev/null; then
    busy
fi
is_ours || [ ! -s "$marker" ] || busy
printf 'sealenv-bootstrap %s %s\n' "$script_version" $$ >"$marker" || fail 9 "cannot write $marker"
trap 'rm -rf -- "$work"; warn "The environment is unfinished: run the same command again, or remove its folder."' EXIT

# Delete what an earlier run left, except the marker and your own folders.
find "$prefix" -mindepth 1 -maxdepth 1 ! -name conda-meta ! -name __home__ ! -name __shortcut__ ! -name __AppData__ \
    -exec rm -rf -- {} + &&
    find "$meta" -mindepth 1 -maxdepth 1 ! -name sealenv.pending -exec rm -rf -- {} + ||
    fail 9 "cannot delete everything in $prefix" 'correct its permissions, then run the same command again'

@@ own
# own COMMAND...: without settings of other environments, with a home folder that is deleted afterwards. In the
# user's own, micromamba would read settings and note the environment (~/.conda/environments.txt).
own() (
    others='CONDA|_CONDA|_CE_|MAMBA|PYTHON|PIP_|PIXI_|UV_|VIRTUAL_ENV|BASH_ENV|XDG_'
    unset $(env | LC_ALL=C sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' | grep -E "^($others)")
    PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=$work/home TMPDIR=$work CONDA_PKGS_DIRS=$__SEALENV_CACHE_OF_RUN__
    export PATH HOME TMPDIR CONDA_PKGS_DIRS
    "$@"
)

@@ carried
# The packages are beside this script. In a package cache for this run, micromamba finds each archive under its
# name, and downloads nothing.
scratch=$prefix/.sealenv-scratch
cache_of_run=$scratch/pkgs
mkdir -p -- "$cache_of_run"
: >"$cache_of_run/urls.txt"
while read -r file digest address; do
    case $file in *.conda) source=$here/packages/$digest.conda ;; *) source=$here/packages/$digest.tar.bz2 ;; esac
    cp -- "$source" "$cache_of_run/$file" || fail 5 "cannot copy $source" 'unpack the whole bundle again'
    check "$cache_of_run/$file" "$digest" "$source"
done <"$work/packages"
# The folder of this script may forbid to run programs.
cp -- "$exe" "$scratch/micromamba" && chmod 755 "$scratch/micromamba" || fail 9 "cannot write $scratch"
exe=$scratch/micromamba

@@ clean
rm -rf -- "$scratch"

@@ pkgs
# conda and mamba of the environment use the package cache by this link.
[ -e "$prefix/pkgs" ] || ln -s "$pkgs" "$prefix/pkgs" ||
    warn "cannot make $prefix/pkgs a link to $pkgs: this environment has a package cache of its own"

@@ done
printf 'sealenv-bootstrap %s\nmicromamba %s sha256 %s\n' "$script_version" "$version" "$sha256" >"$meta/sealenv.bootstrap" &&
    rm -f -- "$marker" || fail 9 "cannot write $meta"
trap 'rm -rf -- "$work"' EXIT

@@ wheels
# === Wheels: checked before anything is made ===========================================================

# FILE SHA256 URL NAME VERSION
wheels() {
    case $subdir in
__SEALENV_WHEELS__
        *) ;;
    esac
}
mkdir -- "$work/wheelhouse"
wheels | while read -r file digest address project number; do
    if [ -f "$here/wheels/$digest.whl" ]; then
        cp -- "$here/wheels/$digest.whl" "$work/wheelhouse/$file" || fail 5 "cannot copy $file"
    else
        download "$address" "$work/wheelhouse/$file"
    fi
    check "$work/wheelhouse/$file" "$digest" "$file"
    printf '%s==%s --hash=sha256:%s\n' "$project" "$number" "$digest" >>"$work/requirements.txt"
done

@@ pip
if [ -s "$work/requirements.txt" ]; then
    own env PIP_CONFIG_FILE=/dev/null "$prefix/bin/python" -I -m pip --isolated --disable-pip-version-check --no-input \
        install --quiet --no-cache-dir --no-index --find-links "$work/wheelhouse" --no-deps --require-hashes --no-warn-script-location \
        --requirement "$work/requirements.txt" || fail 6 'pip could not install the wheels: see above'
fi
