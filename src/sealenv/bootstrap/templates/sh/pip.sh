if [ -s "$work/requirements.txt" ]; then
    own env PIP_CONFIG_FILE=/dev/null "$prefix/bin/python" -I -m pip --isolated --disable-pip-version-check --no-input \
        install --quiet --no-cache-dir --no-index --find-links "$work/wheelhouse" --no-deps --require-hashes --no-warn-script-location \
        --requirement "$work/requirements.txt" || fail 6 'pip could not install the wheels: see above'
fi
