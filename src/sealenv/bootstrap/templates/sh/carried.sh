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
