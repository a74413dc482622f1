case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-amd64) subdir=linux-64 ;;
    Linux-aarch64 | Linux-arm64) subdir=linux-aarch64 ;;
    Linux-ppc64le) subdir=linux-ppc64le ;;
    Darwin-x86_64) subdir=osx-64 ;;
    Darwin-arm64) subdir=osx-arm64 ;;
    *) fail 6 "there is no micromamba for $(uname -s) $(uname -m)" '' 'use another machine' ;;
esac

is_digest() { [ ${#1} -eq 64 ] && case $1 in *[!0-9a-f]*) return 1 ;; esac; }
