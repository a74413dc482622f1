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
