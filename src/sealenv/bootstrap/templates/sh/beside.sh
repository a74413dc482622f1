if [ -n "$beside" ]; then
    exe=$here/micromamba/micromamba-$subdir
    check "$exe" "$sha256" "$exe"
fi
